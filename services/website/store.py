"""Every statement about accesses, totals and visitors."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.website.rules.addresses import cut
from services.website.rules.visits import ITEMS, Access, count_up
from services.website.settings import ANALYTICS
from shared.database import Transaction
from shared.saga.claims import Claim
from shared.slice import lock_text

_NETWORK: Final = tuple("network" if item == "address" else item for item in ITEMS)


async def make_days(tx: Transaction, keep: timedelta) -> None:
    """Make the days of the technical log, two of them ahead."""
    await tx.execute("select make_access_days($1)", keep)


async def drop_days(tx: Transaction, keep: timedelta) -> dict[date, int]:
    """Drop the days of the technical log that are over; how many lines each had (R-LOG-07)."""
    rows = await tx.fetch("select gone_on, lines from drop_access_days($1)", keep)
    return {row["gone_on"]: row["lines"] for row in rows}


def first_kept(now: datetime, keep: timedelta) -> datetime:
    """Give the moment before which no line is stored: its day would be dropped at once."""
    day = (now - keep).astimezone(UTC).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def last_kept(now: datetime) -> datetime:
    """Give the moment from which on a line is not believed: its clock is wrong."""
    day = now.astimezone(UTC).date() + timedelta(days=2)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


async def add_accesses(tx: Transaction, accesses: Iterable[Access], keep: timedelta) -> int:
    """Write technical lines by COPY, without those that are over their time; say how many."""
    least, most = first_kept(tx.now, keep), last_kept(tx.now)
    rows = [one[: len(ITEMS)] for one in accesses if least <= one.at < most]
    await tx.copy("access", ITEMS, rows)
    return len(rows)


async def add_totals(tx: Transaction, accesses: Iterable[Access]) -> None:
    """Add accesses to the sums of their days: the one purpose that has no visitor."""
    counts = count_up(accesses)
    keys = sorted(counts)  # in one order everywhere, or two writers would lock each other out
    await tx.execute(
        """
        insert into total as t (day, kind, value, count)
        select * from unnest($1::date[], $2::text[], $3::text[], $4::bigint[])
            on conflict (day, kind, value) do update set count = t.count + excluded.count
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [counts[key] for key in keys],
    )


async def add_visits(tx: Transaction, visits: Sequence[tuple[UUID, Access]]) -> int:
    """Write what visitors did who still agree to be known; the network is cut here."""
    if not visits:
        return 0
    columns: list[list[object]] = [[subject for subject, _ in visits]]
    for item in ITEMS:
        values = [getattr(access, item) for _, access in visits]
        columns.append([cut(value) or "" for value in values] if item == "address" else values)
    return await tx.execute(
        f"""
        insert into visit (subject_id, {", ".join(_NETWORK)})
        select v.*
          from unnest($1::uuid[], $2::timestamptz[], $3::integer[], $4::text[], $5::text[],
                      $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                      $12::boolean[], $13::boolean[]) as v (subject_id)
          join granted g using (subject_id)
          join subject s using (subject_id)
         where g.purpose = '{ANALYTICS}'
           and g.ended_at is null
           and s.restricted_at is null
        """,
        *columns,
    )


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of another server: its name, and which file it is (device and inode)."""

    name: str
    file: str


async def position_of(tx: Transaction, log: LogFile) -> int:
    """Give how far a file was read; 0 for a file of this name that is another one now.

    Until the transaction ends nobody else reads it on.
    """
    await lock_text(tx, log.name)
    position = await tx.fetchval(
        "select position from source where name = $1 and file = $2", log.name, log.file
    )
    return int(position or 0)


async def move_position(tx: Transaction, log: LogFile, position: int) -> None:
    """Remember how far a file was read, together with what was read of it."""
    await tx.execute(
        """
        insert into source (name, file, position, read_at)
        values ($1, $2, $3, $4)
            on conflict (name) do update set file = $2, position = $3, read_at = $4
        """,
        log.name, log.file, position, tx.now,
    )  # fmt: skip


async def find_subjects(
    tx: Transaction, claims: Sequence[Claim], until: datetime
) -> Mapping[UUID, set[UUID]]:
    """Find what requests name: no address stands here, so only ids lead to somebody.

    In: resolved requests, latest `covered_until` (UTC). An id is a visitor's, or an account's: then
    it means the visitors that are linked to it, or were until it went on this very request.
    Out: request id -> subjects.
    """
    asked = [(claim.request_id, one) for claim in claims for one in claim.subjects]
    rows = await tx.fetch(
        """
        select asked.request_id, subject.subject_id
          from unnest($1::uuid[], $2::uuid[]) as asked (request_id, id)
         cross join lateral (
               select asked.id as subject_id
                union
               select subject_id from visitor_link where account_id = asked.id
                union
               select subject_id from visitor_link l where l.request_id = asked.request_id) as found
          join subject using (subject_id)
         where subject.address_since <= $3
        """,
        [request for request, _ in asked],
        [subject for _, subject in asked],
        until,
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["request_id"], set()).add(row["subject_id"])
    return found


async def lines_of(
    tx: Transaction, since: datetime, before: datetime, addresses: Collection[str]
) -> list[Access]:
    """Give technical lines of a span of time (UTC), of these addresses; of all without any."""
    rows = await tx.fetch(
        f"""
        select {", ".join(ITEMS)}
          from access
         where at >= $1 and at < $2
           and (cardinality($3::text[]) = 0 or address = any($3))
         order by at
        """,
        since,
        before,
        list(addresses),
    )
    return [Access(**row) for row in rows]


async def seen_by(tx: Transaction, visitor: UUID) -> dict[str, int]:
    """Count a visitor's pages by the service that they belong to."""
    rows = await tx.fetch(
        """
        select split_part(url, '/', 3) as service, count(*) as pages
          from visit
         where subject_id = $1 and page
         group by 1
        """,
        visitor,
    )
    return {row["service"]: row["pages"] for row in rows}


@dataclass(frozen=True, slots=True)
class Told:
    """What one recipient answered; `reason` stands beside `impossible`."""

    recipient: str
    state: str
    reason: str


async def cases_of(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Give the ids under which the end of what was passed on about subjects is told."""
    rows = await tx.fetch(
        "select disclosure_id from disclosure where subject_id = any($1::uuid[]) order by 1",
        list(subjects),
    )
    return [row["disclosure_id"] for row in rows]


async def answers(tx: Transaction, cases: Collection[UUID]) -> list[Told]:
    """Give what recipients answered so far; `open` also while the worker has not come to it."""
    rows = await tx.fetch(
        """
        select recipient, state, coalesce(reason, '') as reason
          from telling
         where telling_id = any($1::uuid[])
         union all
        select recipient, 'open', ''
          from disclosure
         where disclosure_id = any($1::uuid[])
         order by recipient
        """,
        list(cases),
    )
    return [Told(**row) for row in rows]


async def link(tx: Transaction, visitor: UUID, account_id: UUID, purpose: str) -> bool:
    """Link a visitor to an account; False if it is another account's, or is ending.

    The foreign key is the fence: a visitor that was erased or objected can never be linked again,
    since its id is gone and a browser's next key leads to another one (R-LOG-06).
    """
    await tx.execute(
        """
        insert into visitor_link (subject_id, account_id, purpose, linked_at)
        select g.subject_id, $2, $3, $4
          from granted g
         where g.subject_id = $1
           and g.ended_at is null
            on conflict (subject_id) do nothing
        """,
        visitor, account_id, purpose, tx.now,
    )  # fmt: skip
    found: bool = await tx.fetchval(
        "select exists (select from visitor_link where subject_id = $1 and account_id = $2)",
        visitor,
        account_id,
    )
    return found


async def unlink(tx: Transaction, accounts: Mapping[UUID, UUID | None]) -> dict[str, int]:
    """Delete what visitors did who are linked to these accounts, and blank the links.

    In: account -> the request it went on, None if nobody asked. Out: rows by table, empty if nobody
    was linked.
    """
    row = await tx.fetchrow(
        """
        with gone as (
            update visitor_link l
               set account_id = null, request_id = asked.request_id
              from unnest($1::uuid[], $2::uuid[]) as asked (account_id, request_id)
             where l.account_id = asked.account_id
            returning l.subject_id
        ), seen as (
            delete from visit where subject_id in (select subject_id from gone) returning 1
        )
        select (select count(*) from gone) as visitor_link, (select count(*) from seen) as visit
        """,
        list(accounts),
        list(accounts.values()),
    )
    return {name: count for name, count in dict(row or {}).items() if count}


async def forget_requests(tx: Transaction, requests: Collection[UUID]) -> None:
    """Forget on which requests accounts went."""
    await tx.execute(
        "update visitor_link set request_id = null where request_id = any($1::uuid[])",
        list(requests),
    )
