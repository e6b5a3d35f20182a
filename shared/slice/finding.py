"""Which subjects a request means: those at exactly its addresses, and those it names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.database import Transaction
from shared.saga.claims import Claim, Find

ADDRESSED: Final = """
    select asked.request_id, subject.subject_id
      from unnest($1::uuid[], $2::text[]) as asked (request_id, address)
     cross join lateral ({looks} offset 0) as found
      join subject using (subject_id)
     where subject.address_since <= $5
     union all
    select asked.request_id, subject.subject_id
      from unnest($3::uuid[], $4::uuid[]) as asked (request_id, subject_id)
      join subject using (subject_id)
     where subject.address_since <= $5
    """


def find_by(*columns: str) -> Find:
    """Make a slice's search from the columns that hold addresses: `find_by("subscriber.email")`.

    Each needs an index. The columns have no statistics, since these would be samples of addresses:
    the lateral look-up keeps the planner on the indexes all the same.
    """
    looks = " union all ".join(
        f'select subject_id from "{table}" where "{column}" = asked.address'
        for table, _, column in (name.partition(".") for name in columns)
    )
    sql = ADDRESSED.format(looks=looks)

    async def find(
        tx: Transaction, claims: Sequence[Claim], until: datetime
    ) -> Mapping[UUID, set[UUID]]:
        by_address = [(claim.request_id, one) for claim in claims for one in claim.addresses]
        by_subject = [(claim.request_id, one) for claim in claims for one in claim.subjects]
        rows = await tx.fetch(
            sql,
            [request for request, _ in by_address],
            [address for _, address in by_address],
            [request for request, _ in by_subject],
            [subject for _, subject in by_subject],
            until,
        )
        found: dict[UUID, set[UUID]] = {}
        for row in rows:
            found.setdefault(row["request_id"], set()).add(row["subject_id"])
        return found

    return find
