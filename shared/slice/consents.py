"""Consents of a slice: one row for each declaration that stands, told without the person.

Taking one back leaves the relationship and every other declaration alone, unless the relationship
stands on it (`Service.stands_on`): then it ends, by `end_now`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.vocabulary import Language, Method
from shared.consumer.lines import AnyLine, Reaction
from shared.database import Transaction
from shared.deadlines import set_deadline
from shared.mail import Attachment
from shared.web.configuration import WebSettings
from shared.web.consent_receipt import FILE_NAME, Given, receipt_file
from shared.web.wordings import Wording, Wordings

WITHDRAWN_BEFORE: Final = "withdrawn-before"  # a kind of deadline: see `withdrawn_before`


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to; by whom, only the slice knows. `wording_sha256` is hex."""

    consent_id: UUID
    subject_id: UUID
    purpose: str
    wording: str
    wording_version: int
    wording_sha256: str
    language: str
    form: str
    granted_at: datetime


async def grant(
    tx: Transaction, subject_id: UUID, purpose: str, wording: Wording, *, form: str, method: Method
) -> Consent:
    """Store a declaration that was just given, or just confirmed, and tell it (Art. 7(1)).

    `wording` is what the form showed: `values.granted[name]`, or `Wordings.by_sha256` of a stored
    digest where the grant came by a later click.
    """
    consent = Consent(
        consent_id=uuid4(),
        subject_id=subject_id,
        purpose=purpose,
        wording=wording.id,
        wording_version=wording.version,
        wording_sha256=wording.sha256,
        language=wording.language,
        form=form,
        granted_at=tx.now,
    )
    store_consent(tx, consent)
    tx.tell(_granted(consent, method))
    return consent


def store_consent(tx: Transaction, consent: Consent) -> None:
    """Write what was agreed to, with the host of ours that asked (R-POL-03)."""
    tx.write(
        """
        insert into consent (consent_id, subject_id, purpose, wording, wording_version,
                             wording_sha256, language, form, granted_at, host)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        consent.consent_id, consent.subject_id, consent.purpose, consent.wording,
        str(consent.wording_version), bytes.fromhex(consent.wording_sha256), consent.language,
        consent.form, consent.granted_at, tx.host,
    )  # fmt: skip


def _granted(consent: Consent, method: Method) -> ConsentGranted:
    return ConsentGranted(
        consent_id=consent.consent_id,
        purpose=consent.purpose,
        wording=consent.wording,
        wording_version=consent.wording_version,
        wording_sha256=consent.wording_sha256,
        language=Language(consent.language),
        form=consent.form,
        method=method,
        granted_at=consent.granted_at,
    )


async def consents_of(tx: Transaction, subject_id: UUID) -> dict[str, Consent]:
    """Give what stands for a subject now, by purpose: asked at send time, not at queue time."""
    rows = await tx.fetch(
        "select * from consent where subject_id = $1 order by granted_at", subject_id
    )
    return {row["purpose"]: _consent(row) for row in rows}


async def find_consent(tx: Transaction, consent_id: UUID) -> Consent | None:
    """Give a consent by its id, which only the person was told, or None if it has ended."""
    row = await tx.fetchrow("select * from consent where consent_id = $1", consent_id)
    return None if row is None else _consent(row)


async def withdraw(tx: Transaction, subject_id: UUID, purpose: str, method: Method) -> bool:
    """Take one declaration back and tell it; the relationship and the others stay.

    A restriction does not stop it (Art. 7(3), 18). False: it was not given, or is gone already.
    """
    await tx.by_person()
    rows = await tx.fetch(
        "delete from consent where subject_id = $1 and purpose = $2 returning consent_id",
        subject_id,
        purpose,
    )
    tx.tell(
        *(
            ConsentWithdrawn(
                consent_id=row["consent_id"], purpose=purpose, method=method, withdrawn_at=tx.now
            )
            for row in rows
        )
    )
    return bool(rows)


async def renew(
    tx: Transaction, subject_id: UUID, purpose: str, wording: Wording, *, form: str, method: Method
) -> Consent:
    """Put a new yes to the words in force in the place of an older one (R-POL-01).

    The older consent ends as replaced, for good: a new yes has a new id. It is granted also where
    the older one had gone in between.
    """
    await withdraw(tx, subject_id, purpose, Method.REPLACED)
    return await grant(tx, subject_id, purpose, wording, form=form, method=method)


def still_counting(consents: Mapping[str, Consent], wordings: Wordings) -> dict[str, Consent]:
    """Give the consents that may be acted on now, by purpose: asked at each use (R-POL-01)."""
    return {
        purpose: consent
        for purpose, consent in consents.items()
        if wordings.counts(consent.wording, consent.wording_version)
    }


def outdated(consents: Mapping[str, Consent], wordings: Wordings) -> dict[str, Consent]:
    """Give the consents that do not count any more until the person renews them, by purpose."""
    count = still_counting(consents, wordings)
    return {purpose: consent for purpose, consent in consents.items() if purpose not in count}


def withdrawn_before(stands_on: Collection[str]) -> Reaction:
    """React to one's own consent-withdrawn: a restored backup forgot it.

    The consent goes at once; where the relationship stood on it, `WITHDRAWN_BEFORE` falls due, as
    after the person's click. Not sooner: what was closed already is closed again by its own
    message first, and answered for the request that closed it. In ordinary running the consent is
    gone when its withdrawal is read, and this does nothing.
    """

    async def react(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        consents = [line.message.consent_id for line in lines if line.event.source == tx.service]
        if not consents:
            return
        # Who closes locks the subject first, so this does too.
        found = await tx.fetch(
            """
            select subject_id
              from subject
             where subject_id in (select subject_id from consent where consent_id = any($1::uuid[]))
             order by subject_id
               for update
            """,
            consents,
        )
        if not found:
            return
        rows = await tx.fetch(
            """
            delete from consent where consent_id = any($1::uuid[]) returning subject_id, purpose
            """,
            consents,
        )
        for subject_id in {row["subject_id"] for row in rows if row["purpose"] in stands_on}:
            await set_deadline(tx, subject_id, WITHDRAWN_BEFORE, tx.now)

    return react


def consent_receipt(
    consent: Consent, method: Method, more: Mapping[str, object] | None = None
) -> Attachment:
    """Give a consent as a file, with the fields of ISO/IEC TS 27560; without name or address.

    `more` is what the specification has no field for, such as the words on the button.
    """
    given = Given(
        consent_id=consent.consent_id,
        purpose=consent.purpose,
        wording=consent.wording,
        wording_version=consent.wording_version,
        wording_sha256=consent.wording_sha256,
        language=consent.language,
        form=consent.form,
        method=method.value,
        granted_at=consent.granted_at,
    )
    controller = WebSettings.load().read_controller()
    return Attachment(FILE_NAME, "application/json", receipt_file(given, controller, more))


def _consent(row: Any) -> Consent:
    return Consent(
        consent_id=row["consent_id"],
        subject_id=row["subject_id"],
        purpose=row["purpose"],
        wording=row["wording"],
        wording_version=int(row["wording_version"]),
        wording_sha256=row["wording_sha256"].hex(),
        language=row["language"],
        form=row["form"],
        granted_at=row["granted_at"],
    )
