"""Which lines of which records a certificate rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from contracts.proof import Proof, Record
from shared.database import Transaction

Records = Mapping[bytes, tuple[Record, Proof, int]]


class Sort(StrEnum):
    """What a line is to a certificate."""

    REQUEST = "request"
    EXTENSION = "extension"
    RECEIPT = "receipt"
    READ_BACK = "read-back"
    SUPPLEMENT = "supplement"


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One line, by its record and index; `name` is whose, and of a supplement also about what."""

    request_id: UUID
    sort: Sort
    name: str
    record_id: bytes
    line: int


_LINES = """
    with named as (
        select * from unnest($2::uuid[], $3::bytea[]) as named (request_id, receipt_sha256)
    )
    select request_id, 'request' as sort, '' as name, record_id, line
      from saga
     where request_id = any($1)
     union all
    select request_id, 'extension', to_char(register_version, 'FM0999999999999999'),
           record_id, line
      from saga_extension
     where request_id = any($1)
     union all
    select r.request_id, 'receipt', r.service, r.record_id, r.line
      from saga_receipt r
      join named n on n.request_id = r.request_id and n.receipt_sha256 = r.line_sha256
     union all
    select b.request_id, 'read-back', b.service, b.record_id, b.line
      from saga_read_back b
      join named n using (request_id, receipt_sha256)
     where b.remaining = 0
     union all
    select request_id, 'supplement', service || ' ' || about, record_id, line
      from saga_supplement
     where request_id = any($1)
     union all
    select request_id, 'supplement', '', record_id, line
      from saga_end
     where request_id = any($1)
       and remaining = 0
       and record_id is not null
     order by 1, 2, 3
    """


async def find(tx: Transaction, receipts: Mapping[UUID, Sequence[bytes]]) -> list[EvidenceLine]:
    """Find the lines of requests: of receipts and read-backs those that the digests name.

    Receipts and read-backs come in the order of the services' names.
    """
    pairs = [(request_id, digest) for request_id, named in receipts.items() for digest in named]
    rows = await tx.fetch(
        _LINES,
        list(receipts),
        [request_id for request_id, _ in pairs],
        [digest for _, digest in pairs],
    )
    return [EvidenceLine(row["request_id"], Sort(row["sort"]), *tuple(row)[2:]) for row in rows]
