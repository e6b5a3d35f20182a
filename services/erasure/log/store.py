"""Leaves, tiles and heads of the log, as the ledger's database keeps them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.tlog.entries import of_transaction, tile_of_bundle
from contracts.tlog.tiles import Tile
from contracts.topics import ERASURE
from shared.consumer.lines import Delivery
from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Head:
    """The newest head, and how much of the log is named on the topic; counts of leaves.

    `note` is the signed checkpoint, empty before the first. `certified` is one more than the index
    of the last certificate in it, `told` of the last one that `erasure-certified` named.
    """

    size: int = 0
    note: bytes = b""
    certified: int = 0
    told: int = 0


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
               coalesce(certified, 0) as certified, told
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


async def place(tx: Transaction, digests: Mapping[bytes, int]) -> None:
    """Note which places transactions have in the log."""
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


async def hear(tx: Transaction, indices: Iterable[int | None]) -> None:
    """Learn from `erasure-certified` how far the log is named on the topic."""
    heard = max((index for index in indices if index is not None), default=-1) + 1
    if heard:
        await tx.execute("update log_told set told = $1 where told < $1", heard)


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
