"""Leaves, tiles and heads of the log, as the ledger's database keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.tlog.entries import of_transaction, tile_of_bundle
from contracts.tlog.tiles import Tile
from contracts.topics import ERASURE
from services.erasure.store.certificates import Certificate
from shared.consumer.lines import Delivery
from shared.database import Transaction
from shared.database.locks import PUBLISHING

SECOND_WRITER: Final = "second-writer"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest head, and how much of the log is named on the topic; counts of leaves.

    `note` is the signed checkpoint, empty before the first. `certified` is one more than the index
    of the last certificate in it, `told` of the last one that `erasure-certified` named. `refused`
    says why nothing may be signed any more.
    """

    size: int = 0
    note: bytes = b""
    certified: int = 0
    told: int = 0
    refused: str | None = None


async def queue(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Let every transaction with a record on `erasure.v1` wait for its place, once for ever."""
    first: dict[tuple[str, bytes], Delivery] = {}
    for delivery in deliveries:
        if delivery.topic == ERASURE.name:
            proof = delivery.proof
            first.setdefault((proof.key_id, proof.signature), delivery)
    leaves = {
        of_transaction(one.record_id, one.proof, one.signer)[1:]: one
        for one in first.values()
        if one.signer is not None
    }
    if not leaves:
        return
    digests = sorted(leaves)  # two partitions may meet one transaction: always in one order
    await tx.execute(
        """
        insert into log_leaf (digest, partition, "offset")
        select * from unnest($1::bytea[], $2::integer[], $3::bigint[])
            on conflict (digest) do nothing
        """,
        digests,
        [leaves[digest].partition for digest in digests],
        [leaves[digest].offset for digest in digests],
    )


async def head(tx: Transaction) -> Head:
    """Take the newest head."""
    row = await tx.fetchrow(
        """
        select coalesce(size, 0) as size, coalesce(note, '') as note,
               coalesce(certified, 0) as certified, told, refused
          from log_told
          left join lateral (select * from log_checkpoint order by size desc limit 1) _ on true
        """
    )
    return Head() if row is None else Head(**row)


async def waiting(tx: Transaction, limit: int) -> list[bytes]:
    """List digests of transactions that wait for their place, in the order of the topic."""
    rows = await tx.fetch(
        """
        select digest
          from log_leaf
         where log_index is null
         order by partition, "offset"
         limit $1
        """,
        limit,
    )
    return [row["digest"] for row in rows]


async def waits(tx: Transaction, count: int) -> bool:
    """Say whether more than `count` transactions wait: they go first, certificates after them."""
    found: bool = await tx.fetchval(
        "select exists (select 1 from log_leaf where log_index is null offset $1)", count
    )
    return found


async def place(tx: Transaction, digests: Mapping[bytes, int]) -> None:
    """Note which places transactions have in the log."""
    if not digests:
        return
    await tx.execute(
        """
        update log_leaf l
           set log_index = placed.log_index
          from unnest($1::bytea[], $2::bigint[]) as placed (digest, log_index)
         where l.digest = placed.digest
        """,
        list(digests),
        list(digests.values()),
    )


async def places_of(tx: Transaction, digests: Iterable[bytes]) -> dict[bytes, int]:
    """Say which index transactions have in the log; those that wait for one are left out."""
    sql = "select digest, log_index from log_leaf where digest = any($1) and log_index is not null"
    return dict(tuple(row) for row in await tx.fetch(sql, list(set(digests))))


async def contents(tx: Transaction, wanted: Iterable[Tile]) -> dict[Tile, bytes]:
    """Take tiles as they are kept: at level 0 the bundle of entries. Missing ones are left out."""
    tiles = list(wanted)
    rows = await tx.fetch(
        """
        select level, number, content
          from log_tile
          join unnest($1::smallint[], $2::bigint[]) as wanted (level, number)
         using (level, number)
        """,
        [tile.level for tile in tiles],
        [tile.number for tile in tiles],
    )
    return {Tile(row["level"], row["number"]): row["content"] for row in rows}


def hashed(kept: Mapping[Tile, bytes]) -> dict[Tile, bytes]:
    """Make of tiles as they are kept those that are served."""
    return {
        tile: content if tile.level else tile_of_bundle(content) for tile, content in kept.items()
    }


async def put(tx: Transaction, kept: Mapping[Tile, bytes]) -> None:
    """Store tiles that are new or have grown."""
    await tx.execute(
        """
        insert into log_tile (level, number, content)
        select * from unnest($1::smallint[], $2::bigint[], $3::bytea[])
            on conflict (level, number) do update
           set content = excluded.content
        """,
        [tile.level for tile in kept],
        [tile.number for tile in kept],
        list(kept.values()),
    )


async def add_checkpoint(tx: Transaction, head: Head) -> None:
    """Store a head. Raises UniqueViolation for a second one of the same size."""
    await tx.execute(
        "insert into log_checkpoint (size, note, certified) values ($1, $2, $3)",
        head.size,
        head.note,
        head.certified,
    )


async def hear(tx: Transaction, heard: Sequence[Certificate]) -> bool:
    """Learn from `erasure-certified` how far the log is named; to be called before they are stored.

    False if another certificate has that place or that request here: then somebody else writes a
    log with our key, and from now on nothing is signed.
    """
    logged = [one for one in heard if one.log_index is not None]
    if not logged:
        return True
    same: bool = await tx.fetchval(
        """
        with heard as (
            select * from unnest($1::uuid[], $2::bytea[], $3::bigint[])
                       as _ (request_id, sha256, at)
        ), learned as (
            update log_told set told = greatest(told, (select max(at) + 1 from heard))
             where told <= (select max(at) from heard)
        )
        select coalesce(bool_and(
                   case when c.request_id is null
                        then heard.at >= (select coalesce(max(size), 0) from log_checkpoint)
                        else c.sha256 = heard.sha256 and c.log_index is not distinct from heard.at
                   end), true)
          from heard
          left join certificate c using (request_id)
        """,
        [one.request_id for one in logged],
        [one.sha256 for one in logged],
        [one.log_index for one in logged],
    )
    if not same:
        await refuse(tx, SECOND_WRITER)
    return same


async def refuse(tx: Transaction, reason: str | None) -> None:
    """Note why nothing is signed any more; None: it is again."""
    await tx.execute("update log_told set refused = $1", reason)


async def named(tx: Transaction, start: int) -> dict[int, bytes]:
    """Take the digests of certificates that stand at `start` or after it, by index."""
    rows = await tx.fetch("select log_index, sha256 from certificate where log_index >= $1", start)
    return {row["log_index"]: row["sha256"] for row in rows}


async def waits_in_several_partitions(tx: Transaction) -> bool:
    """Say whether what waits was said in more than one partition: then no order is known."""
    count: int = await tx.fetchval(
        "select count(distinct partition) from log_leaf where log_index is null"
    )
    return count > 1


async def checkpoints_over(tx: Transaction, indices: Sequence[int]) -> dict[int, bytes]:
    """Take, for each index, the first head that has it: the one its transaction signed."""
    rows = await tx.fetch(
        """
        select wanted, note
          from unnest($1::bigint[]) as wanted
         cross join lateral (
               select note from log_checkpoint where size > wanted order by size limit 1) _
        """,
        list(indices),
    )
    return {row["wanted"]: row["note"] for row in rows}


async def lock_publishing(tx: Transaction, folder: Path) -> None:
    """Become the one who publishes into a folder until this transaction ends; waits for others."""
    await tx.execute("select pg_advisory_xact_lock($1, hashtext($2))", PUBLISHING, _name(folder))


def _name(folder: Path) -> str:
    return str(folder.absolute())


async def public_note(tx: Transaction) -> bytes | None:
    """Take the newest head that anybody may see: all its certificates are named on the topic.

    So whoever restores a backup finds on the topic everything that a published head is over.
    """
    note: bytes | None = await tx.fetchval(
        """
        select note
          from log_checkpoint
         where certified <= (select told from log_told)
         order by size desc
         limit 1
        """
    )
    return note
