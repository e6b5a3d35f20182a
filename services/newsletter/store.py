"""Every statement about sign-ups and subscribers."""

from collections.abc import Collection
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

from services.newsletter.rules import Consent, Pending, Subscriber
from services.newsletter.settings import CONFIRM, PURPOSE
from shared.database import Transaction
from shared.slice import Consent as Stored
from shared.slice import find_by, store_consent

_PENDING = ", ".join(field.name for field in fields(Pending))
_SUBSCRIBER = ", ".join(field.name for field in fields(Subscriber))


async def add_pending(tx: Transaction, pending: Pending) -> None:
    """Store a sign-up; its subject exists already."""
    tx.write(
        """
        insert into pending (subject_id, email, first_name, last_name, language, wording,
                             wording_version, wording_sha256, button, form, submitted_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        pending.subject_id, pending.email, pending.first_name, pending.last_name,
        pending.language, pending.wording, pending.wording_version, pending.wording_sha256,
        pending.button, pending.form, pending.submitted_at,
    )  # fmt: skip


async def find_pending(tx: Transaction, subject_id: UUID) -> Pending | None:
    """Give the sign-up of a subject, or None if it is over or confirmed."""
    row = await tx.fetchrow(
        f"select {_PENDING} from pending where subject_id = $1 and ended_at is null", subject_id
    )
    return None if row is None else Pending(**row)


async def take_pending(tx: Transaction, subject_id: UUID) -> Pending | None:
    """Remove and return the sign-up of a subject, so that it is confirmed once."""
    row = await tx.fetchrow(
        f"""
        delete from pending
         where subject_id = $1 and ended_at is null
        returning {_PENDING}
        """,
        subject_id,
    )
    return None if row is None else Pending(**row)


async def subscribed_at(tx: Transaction, email: str) -> UUID | None:
    """Give the subject that is subscribed at exactly this address, or None."""
    found: UUID | None = await tx.fetchval(
        "select subject_id from subscriber where email = $1 and ended_at is null", email
    )
    return found


async def add_subscriber(tx: Transaction, subscriber: Subscriber, consent: Consent) -> None:
    """Store a subscriber and the consent that stands on it."""
    await tx.execute(
        """
        insert into subscriber (subject_id, email, first_name, last_name, language, button,
                                submitted_at, confirmed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        subscriber.subject_id, subscriber.email, subscriber.first_name, subscriber.last_name,
        subscriber.language, subscriber.button, subscriber.submitted_at, subscriber.confirmed_at,
    )  # fmt: skip
    store_consent(tx, Stored(purpose=PURPOSE, **asdict(consent)))


async def find_subscriber(tx: Transaction, subject_id: UUID) -> Subscriber | None:
    """Give a subscriber, or None if nobody is subscribed under this id."""
    row = await tx.fetchrow(
        f"select {_SUBSCRIBER} from subscriber where subject_id = $1 and ended_at is null",
        subject_id,
    )
    return None if row is None else Subscriber(**row)


async def end(tx: Transaction, subject_id: UUID) -> bool:
    """Stop a subscription or sign-up at once; the worker deletes it. False: there is none."""
    subscribers = await tx.execute(
        "update subscriber set ended_at = $2 where subject_id = $1 and ended_at is null",
        subject_id, tx.now,
    )  # fmt: skip
    sign_ups = await tx.execute(
        "update pending set ended_at = $2 where subject_id = $1 and ended_at is null",
        subject_id, tx.now,
    )  # fmt: skip
    return bool(subscribers + sign_ups)


async def change_preferences(
    tx: Transaction, subject_id: UUID, first_name: str | None, last_name: str | None, language: str
) -> None:
    """Replace a subscriber's names and language; what was there before is gone."""
    await tx.execute(
        """
        update subscriber
           set first_name = $2, last_name = $3, language = $4
         where subject_id = $1 and ended_at is null
        """,
        subject_id, first_name, last_name, language,
    )  # fmt: skip


async def consent_of(tx: Transaction, subject_id: UUID) -> Consent | None:
    """Give the consent that a subscription stands on, or None."""
    row = await tx.fetchrow(
        "select * from consent where subject_id = $1 and purpose = $2", subject_id, PURPOSE
    )
    return None if row is None else _consent(row)


async def find_consent(tx: Transaction, consent_id: UUID) -> Consent | None:
    """Give a consent by its id, which only the person was told, or None if it has ended."""
    row = await tx.fetchrow("select * from consent where consent_id = $1", consent_id)
    return None if row is None else _consent(row)


def _consent(row: Any) -> Consent:
    return Consent(
        consent_id=row["consent_id"],
        subject_id=row["subject_id"],
        wording=row["wording"],
        wording_version=int(row["wording_version"]),
        wording_sha256=row["wording_sha256"].hex(),
        language=row["language"],
        form=row["form"],
        granted_at=row["granted_at"],
    )


async def confirmation_waits(tx: Transaction, subject_id: UUID) -> bool:
    """Say whether a confirmation mail of a sign-up is still in the queue."""
    found: bool = await tx.fetchval(
        "select exists (select from mail where subject_id = $1 and kind = $2)", subject_id, CONFIRM
    )
    return found


async def addresses_of(tx: Transaction, subjects: Collection[UUID]) -> list[str]:
    """Give the addresses of subjects, confirmed or not."""
    rows = await tx.fetch(
        """
        select email from subscriber where subject_id = any($1::uuid[])
         union
        select email from pending where subject_id = any($1::uuid[])
        """,
        list(subjects),
    )
    return [row["email"] for row in rows]


find_subjects: Final = find_by("subscriber.email", "pending.email")
