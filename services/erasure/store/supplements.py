"""What slices said after their receipts: insert only, the first word about a thing counts."""

from collections.abc import Sequence
from hashlib import sha256

from contracts.messages import HoldEnded, ProcessorAnswered
from services.erasure.facts import about
from shared.consumer.lines import Line
from shared.database import Transaction


async def add(tx: Transaction, lines: Sequence[Line[ProcessorAnswered] | Line[HoldEnded]]) -> None:
    """Store supplements; whether a receipt owed them is judged when somebody wants a bundle."""
    await tx.execute(
        """
        insert into saga_supplement (request_id, service, about, line_sha256, record_id, line)
        select request_id, service, about, line_sha256, record_id, line
          from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::integer[])
               with ordinality
               as said (request_id, service, about, line_sha256, record_id, line, place)
         order by place
            on conflict (request_id, service, about) do nothing
        """,
        [line.message.request_id for line in lines],
        [line.event.source for line in lines],
        [about(line.message) for line in lines],
        [sha256(line.bytes).digest() for line in lines],
        [line.record_id for line in lines],
        [line.line for line in lines],
    )
