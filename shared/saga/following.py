"""An origin follows its requests: who answered, who was verified, what is certified and over."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from uuid import UUID

from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    Message,
    RegisterPublished,
    SagaExtended,
    SliceErased,
    SliceReerased,
    SliceScanned,
    SliceVerified,
)
from shared.consumer.lines import AnyLine, Reaction
from shared.database import Transaction
from shared.mail import leased_requests
from shared.parameters import duration

# Whether a request may be over: certified, no mail about it is under way, and somebody has scanned
# for it. The first one by the index is asked for: `exists` would read all requests where many were
# under way a moment ago. A scan is looked for one by one: few wait for one, many had theirs.
OVER = """
    select (select true
              from request r
             where certified_at is not null
               and mails_settled_at is not null
               and destroyed_at is null
               and (select true from scanned s where s.request_id = r.request_id limit 1)
             order by certified_at
             limit 1) is not null
    """
END_BATCH = 500  # requests whose aliases end in one transaction


class StillThere(Exception):  # noqa: N818
    """The read-back found an alias that was just deleted: nothing is said, everything undone."""


def origin_reactions() -> dict[type[Message], Reaction]:
    """Give what an origin hears about its own requests, beside being a participant."""
    return {
        RegisterPublished: registered,
        SagaExtended: extended,
        SliceErased: answered,
        SliceReerased: answered,
        SliceVerified: verified,
        SliceScanned: scanned,
        ErasureCertified: certified,
        AliasesDestroyed: destroyed,
    }


async def registered(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Remember who must answer, by version."""
    await tx.executemany(
        """
        insert into register (version, participants)
        values ($1, $2)
            on conflict do nothing
        """,
        [(line.message.version, list(line.message.participants)) for line in lines],
    )


async def extended(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Wait for later participants too."""
    await tx.executemany(
        """
        update request
           set extended = (select array_agg(distinct name) from unnest(extended || $2) name)
         where request_id = $1
        """,
        [(line.message.request_id, list(line.message.participants)) for line in lines],
    )


async def answered(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Note each slice's latest receipt: what its verifier says must be about exactly that one."""
    latest = {
        (line.message.request_id, line.event.source): line
        for line in sorted(lines, key=lambda line: int(line.message.attempt))
        if line.message.request_id is not None
    }
    keys = sorted(latest)
    await tx.execute(
        "select note_answers($1, $2, $3, $4, $5, $6)",
        [request for request, _ in keys],
        [service for _, service in keys],
        [latest[key].message.attempt for key in keys],
        [sha256(latest[key].bytes).digest() for key in keys],
        [latest[key].message.outcome.value for key in keys],
        [latest[key].message.erased_at for key in keys],
    )


async def verified(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Note what a verifier found, if it looked at the latest receipt."""
    told = [line.message for line in lines if line.message.request_id is not None]
    await tx.execute(
        """
        update slice_answer a
           set remaining = told.remaining, verified_at = told.verified_at
          from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bigint[], $5::timestamptz[])
               as told (request_id, service, receipt_sha256, remaining, verified_at)
         where a.request_id = told.request_id
           and a.service = told.service
           and a.receipt_sha256 = told.receipt_sha256
        """,
        [each.request_id for each in told],
        [each.service for each in told],
        [bytes.fromhex(each.receipt_sha256) for each in told],
        [each.remaining for each in told],
        [each.verified_at for each in told],
    )


async def scanned(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Note that a verifier had looked through every column, for requests that are known here."""
    told = {
        (request, line.message.service): line.message.scanned_at
        for line in lines
        for request in line.message.request_ids
    }
    await tx.execute(
        """
        insert into scanned as s (request_id, service, scanned_at)
        select told.*
          from unnest($1::uuid[], $2::text[], $3::timestamptz[])
               as told (request_id, service, scanned_at)
          join request using (request_id)
            on conflict (request_id, service) do update
           set scanned_at = greatest(s.scanned_at, excluded.scanned_at)
        """,
        [request for request, _ in told],
        [service for _, service in told],
        list(told.values()),
    )


async def certified(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Note that a certificate exists."""
    await tx.execute(
        """
        update request r
           set certified_at = told.at, certificate_sha256 = told.digest
          from unnest($1::uuid[], $2::timestamptz[], $3::bytea[])
               as told (request_id, at, digest)
         where r.request_id = told.request_id
           and r.certified_at is null
        """,
        [line.message.request_id for line in lines],
        [line.message.certified_at for line in lines],
        [bytes.fromhex(line.message.certificate_sha256) for line in lines],
    )


async def destroyed(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Hear oneself: a restored backup brings aliases back, and they end again."""
    mine = {line.message.request_id for line in lines if line.event.source == tx.service}
    if mine:
        await _delete(tx, mine)


async def settle_mails(tx: Transaction, requests: Collection[UUID]) -> None:
    """Note that no mail of these requests is under way any more: sent, or given up."""
    await tx.execute(
        """
        update request
           set mails_settled_at = coalesce(mails_settled_at, $2)
         where request_id = any($1::uuid[])
        """,
        list(requests),
        tx.now,
    )


async def end_aliases(tx: Transaction) -> int:
    """End the aliases of up to 500 requests that are over, in one step with a read-back.

    A scan counts if it came after the receipt and after what its verifier had still found.

    Over means: certified, every frozen participant answered, verified and scanned, and the
    certificate's mail was accepted or given up. Tells aliases-destroyed; returns how many ended.
    Raises StillThere if anything is left after deleting: then nothing happened.
    """
    over = await _over(tx)
    over -= await leased_requests(tx, over)
    if not over:
        return 0
    counts = await _delete(tx, over)
    tx.tell(
        *(
            AliasesDestroyed(request_id=request, count=counts.get(request, 0), remaining=0)
            for request in sorted(over)
        )
    )
    return len(over)


async def _over(tx: Transaction) -> set[UUID]:
    """Lock up to 500 requests that nobody owes anything to; mails under way are not looked at."""
    rows = await tx.fetch(
        """
        select r.request_id
          from request r
         where r.certified_at is not null
           and r.mails_settled_at is not null
           and r.destroyed_at is null
           and not exists (select from mail m where m.request_id = r.request_id)
           and not exists (select from unnest(r.participants || r.extended) as owed (service)
                             left join slice_answer a on a.request_id = r.request_id
                                               and a.service = owed.service
                             left join scanned s on s.request_id = r.request_id
                                                and s.service = owed.service
                            where (a.verified_at is not null
                                   and s.scanned_at >= a.answered_at - $2::interval
                                   and (a.remaining = 0 or s.scanned_at > a.verified_at))
                                  is not true)
         order by r.certified_at
         limit $1
           for update skip locked
        """,
        END_BATCH,
        duration("CLOCK_SKEW"),
    )
    return {row["request_id"] for row in rows}


async def _delete(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, int]:
    """Delete aliases and nonces, look again, and mark the requests; counts aliases by request."""
    ids = list(requests)
    rows = await tx.fetch("select request, count from delete_aliases($1)", ids)
    await tx.execute("delete from nonce where request_id = any($1::uuid[])", ids)
    left = await tx.fetchval(
        """
        select (select count(*) from alias where request_id = any($1::uuid[]))
             + (select count(*) from nonce where request_id = any($1::uuid[]))
             + (select count(*) from mail where request_id = any($1::uuid[]))
        """,
        ids,
    )
    if left:
        raise StillThere
    await tx.execute(
        """
        update request
           set destroyed_at = $2
         where request_id = any($1::uuid[])
           and destroyed_at is null
        """,
        ids,
        tx.now,
    )
    return {row["request"]: row["count"] for row in rows}
