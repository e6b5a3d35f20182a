"""Every statement about what browsers' visitors agreed to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.vocabulary import Method
from services.website.rules.choices import OFFERED, Live, digest_of
from services.website.settings import CHOICE_LIFE, OVER, UNUSED, UNUSED_AFTER, WITHDRAWN
from shared.database import Transaction
from shared.deadlines import clear_deadline
from shared.slice import begin_subject, end_at, end_now, grant
from shared.web.wordings import Wording, Wordings

FORM = "choices"
MAX_NAMES = 30  # of one browser at one recipient: some browsers drop such cookies every week
KNOWN = "id."  # stands before what a recipient calls a browser; without it, it never told us


@dataclass(frozen=True, slots=True)
class Given:
    """One declaration as it was given: which words, and how."""

    wording: Wording
    method: Method


async def live(tx: Transaction, key: str, wordings: Wordings) -> dict[str, Live]:
    """Give what counts for the holder of a key, by purpose.

    Not what was taken back, is restricted, or was agreed to in words that changed since (R-POL-01).
    """
    rows = await tx.fetch(
        """
        select g.purpose, g.subject_id, g.seen, c.consent_id, c.wording, c.wording_version,
               array(select d.their_id from disclosure d
                      where d.subject_id = g.subject_id) as their_ids
          from granted g
          join consent c using (subject_id, purpose)
          join subject s using (subject_id)
         where g.key_sha256 = any($1::bytea[])
           and g.ended_at is null
           and s.restricted_at is null
        """,
        [digest_of(key, purpose) for purpose in OFFERED],
    )
    return {
        row["purpose"]: Live(
            row["subject_id"],
            row["consent_id"],
            int(row["wording_version"]),
            tuple(row["their_ids"]),
            row["seen"],
        )
        for row in rows
        if wordings.counts(row["wording"], int(row["wording_version"]))
    }


async def outdated(tx: Transaction, key: str, wordings: Wordings) -> list[str]:
    """Give the purposes that were agreed to in words that changed since (R-POL-01)."""
    rows = await tx.fetch(
        """
        select g.purpose, c.wording, c.wording_version
          from granted g
          join consent c using (subject_id, purpose)
         where g.key_sha256 = any($1::bytea[])
           and g.ended_at is null
        """,
        [digest_of(key, purpose) for purpose in OFFERED],
    )
    return [
        row["purpose"]
        for row in rows
        if not wordings.counts(row["wording"], int(row["wording_version"]))
    ]


async def stands(tx: Transaction, key: str) -> dict[str, UUID]:
    """Give everything that has not ended under a key, also what does not count now."""
    rows = await tx.fetch(
        """
        select purpose, subject_id
          from granted
         where key_sha256 = any($1::bytea[])
           and ended_at is null
        """,
        [digest_of(key, purpose) for purpose in OFFERED],
    )
    return {row["purpose"]: row["subject_id"] for row in rows}


async def begin(tx: Transaction, key: str, purpose: str, given: Given) -> Live:
    """Begin a relationship for one purpose of one browser, with its consent."""
    subject_id = await begin_subject(tx)
    await tx.execute(
        """
        insert into granted (subject_id, key_sha256, purpose, method, host)
        values ($1, $2, $3, $4, $5)
        """,
        subject_id, digest_of(key, purpose), purpose, given.method, tx.host,
    )  # fmt: skip
    consent = await grant(tx, subject_id, purpose, given.wording, form=FORM, method=given.method)
    await end_at(tx, subject_id, UNUSED, tx.now + UNUSED_AFTER)
    await end_at(tx, subject_id, OVER, tx.now + CHOICE_LIFE)
    return Live(subject_id, consent.consent_id, given.wording.version, seen=False)


async def turn_key(tx: Transaction, subjects: Mapping[str, UUID], key: str) -> None:
    """Give what stays a new key: what was known under the old one is never found again.

    Nothing else of it changes: another choice does not make its consent last longer.
    """
    await tx.by_person()
    await tx.executemany(
        "update granted set key_sha256 = $2 where subject_id = $1",
        [(subject, digest_of(key, purpose)) for purpose, subject in subjects.items()],
    )


async def end(tx: Transaction, subjects: Collection[UUID], method: Method) -> None:
    """End grants: from this commit on they count for nothing, and the worker deletes them.

    A restriction does not stop it (Art. 7(3), 18).
    """
    await tx.by_person()
    await tx.execute(
        "update granted set ended_at = $2 where subject_id = any($1::uuid[])",
        list(subjects),
        tx.now,
    )
    for subject in subjects:
        await end_now(tx, subject, WITHDRAWN, method)


async def note_seen(tx: Transaction, subjects: Collection[UUID]) -> None:
    """Note that a key came back: a browser holds it."""
    await tx.execute(
        "update granted set seen = true where subject_id = any($1::uuid[])", list(subjects)
    )
    for subject in subjects:
        await clear_deadline(tx, subject, UNUSED)


async def note_client(tx: Transaction, live: Live, client: str) -> None:
    """Keep what a recipient calls this browser, to have it deleted there only (R-TR-01).

    A browser whose cookie of theirs went gets another name there: each is deleted by itself.
    """
    named = KNOWN + client
    known = [one for one in live.their_ids if one.startswith(KNOWN)]
    if named in known or len(known) == MAX_NAMES:
        return
    if not known:
        await tx.execute(
            "update disclosure set their_id = $2 where subject_id = $1", live.subject_id, named
        )
        return
    await tx.execute(
        """
        insert into disclosure (disclosure_id, subject_id, recipient, purpose, categories, basis,
                                reference, their_id, disclosed_at)
        select gen_random_uuid(), subject_id, recipient, purpose, categories, basis, reference,
               $2, $3
          from disclosure
         where subject_id = $1
         limit 1
        """,
        live.subject_id, named, tx.now,
    )  # fmt: skip
