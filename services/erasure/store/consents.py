"""Evidence of consent by consent id. Both halves are final, in whichever order they come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.identifiers import spell_id
from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.topics import BETWEEN_TOMBSTONES, CONSENT
from shared.consumer.lines import Line
from shared.database import Transaction, arrays
from shared.outbox.tombstones import bury
from shared.web.consent_receipt import Given


async def add_granted(tx: Transaction, lines: Sequence[Line[ConsentGranted]]) -> None:
    """Store what was agreed to: the first grant of an id stays, a withdrawal is kept beside it."""
    said = list({line.message.consent_id: line for line in reversed(lines)}.values())
    messages = [line.message for line in said]
    await tx.execute(
        """
        insert into consent_evidence as known
               (consent_id, purpose, wording, wording_version, wording_sha256,
                language, form, method, granted_at, granted_record)
        select * from unnest($1::text::uuid[], $2::text::text[], $3::text::text[],
                             $4::text::bigint[], $5::text::bytea[], $6::text::text[],
                             $7::text::text[], $8::text::text[], $9::timestamptz[],
                             $10::text::bytea[])
            on conflict (consent_id) do update
           set wording         = excluded.wording,
               wording_version = excluded.wording_version,
               wording_sha256  = excluded.wording_sha256,
               language        = excluded.language,
               form            = excluded.form,
               method          = excluded.method,
               granted_at      = excluded.granted_at,
               granted_record  = excluded.granted_record
         where known.granted_at is null
        """,
        arrays.ids([message.consent_id for message in messages]),
        arrays.words([message.purpose for message in messages]),
        arrays.words([message.wording for message in messages]),
        arrays.numbers([message.wording_version for message in messages]),
        arrays.octets([bytes.fromhex(message.wording_sha256) for message in messages]),
        arrays.words([message.language for message in messages]),
        arrays.words([message.form for message in messages]),
        arrays.words([message.method for message in messages]),
        [message.granted_at for message in messages],
        arrays.octets([line.record_id for line in said]),
    )


async def add_withdrawn(tx: Transaction, lines: Sequence[Line[ConsentWithdrawn]]) -> None:
    """Store that a consent ended, for good: the first withdrawal of an id stays."""
    said = list({line.message.consent_id: line for line in reversed(lines)}.values())
    messages = [line.message for line in said]
    await tx.execute(
        """
        insert into consent_evidence as known
               (consent_id, purpose, withdrawn_method, withdrawn_at, withdrawn_record)
        select * from unnest($1::text::uuid[], $2::text::text[], $3::text::text[],
                             $4::timestamptz[], $5::text::bytea[])
            on conflict (consent_id) do update
           set withdrawn_method = excluded.withdrawn_method,
               withdrawn_at     = excluded.withdrawn_at,
               withdrawn_record = excluded.withdrawn_record
         where known.withdrawn_at is null
        """,
        arrays.ids([message.consent_id for message in messages]),
        arrays.words([message.purpose for message in messages]),
        arrays.words([message.method for message in messages]),
        [message.withdrawn_at for message in messages],
        arrays.octets([line.record_id for line in said]),
    )


async def find_evidence(tx: Transaction, consent_id: UUID) -> Given | None:
    """Give what is known of one consent, or None if nothing was heard of it."""
    row = await tx.fetchrow(
        """
        select consent_id, purpose, wording, wording_version, wording_sha256, language, form,
               method, granted_at, withdrawn_method, withdrawn_at
          from consent_evidence
         where consent_id = $1
        """,
        consent_id,
    )
    if row is None:
        return None
    digest = row["wording_sha256"]
    return Given(**{**row, "wording_sha256": digest and digest.hex()})


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the evidence of consents that ended before a time; say how many (R-NL-09).

    The topic forgets with us: the grant now, the withdrawal when the grant is surely gone, so that
    no reader ever sees a grant alone that had ended.
    """
    rows = await tx.fetch(
        """
        with gone as (
            delete from consent_evidence
             where consent_id in (select consent_id
                                    from consent_evidence
                                   where withdrawn_at < $1
                                   order by withdrawn_at
                                   limit $2)
            returning consent_id
        )
        insert into consent_tombstone (consent_id, due_at)
        select consent_id, $3 from gone
            on conflict (consent_id) do update set due_at = excluded.due_at
        returning consent_id
        """,
        before,
        limit,
        tx.now + BETWEEN_TOMBSTONES,
    )
    await _bury(tx, rows, ConsentGranted)
    return len(rows)


async def forget_withdrawals(tx: Transaction, limit: int) -> int:
    """Let the topic forget withdrawals whose grants are gone from it; say how many."""
    rows = await tx.fetch(
        """
        delete from consent_tombstone
         where consent_id in (select consent_id
                                from consent_tombstone
                               where due_at <= $1
                               order by due_at
                               limit $2)
        returning consent_id
        """,
        tx.now,
        limit,
    )
    await _bury(tx, rows, ConsentWithdrawn)
    return len(rows)


async def _bury(
    tx: Transaction, rows: Sequence[Any], kind: type[ConsentGranted | ConsentWithdrawn]
) -> None:
    ids = [spell_id(row["consent_id"]) for row in rows]
    await bury(tx, CONSENT, ids, kind.key_end)
