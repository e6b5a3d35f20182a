"""The log's one writer: appends what waits and what was certified, and signs the new head.

It works in the certifier's transaction, under the certifier's lock: leaves, tiles, head,
certificates and `erasure-certified` are committed together or not at all. The order is that of the
topic: what waits comes first, then the certificates, whose index the topic names. So the whole log
follows from the topic, and a restored database makes the same one again.
"""

from collections.abc import Sequence
from typing import Final

from contracts.merkle import leaf_hash
from contracts.proof import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import STORED_BYTES, Kind, join_entries, of_certificate
from contracts.tlog.tiles import WIDTH, Tile, append, edge, subtree
from services.erasure.log import store
from services.erasure.log.store import Head
from shared.database import Transaction

APPEND_BATCH: Final = 2_000  # waiting transactions in one step
BUNDLE_BYTES: Final = WIDTH * STORED_BYTES


class Writer:
    """Writes the log of one origin with the log's own key."""

    def __init__(self, signer: Signer, origin: str) -> None:
        """`origin` names the log until its first head is signed; from then on the head does."""
        self._signer = signer
        self._origin = origin

    async def append(self, tx: Transaction, certificates: Sequence[bytes]) -> tuple[int, bool]:
        """Append what waits, then certificates by digest.

        Gives the first certificate's index, and whether more may wait.
        """
        head = await store.head(tx)
        waiting = await store.waiting(tx, APPEND_BATCH)
        first = head.size + len(waiting)
        if waiting:
            await store.place(
                tx, {digest: head.size + number for number, digest in enumerate(waiting)}
            )
        entries = [Kind.TRANSACTION.value + digest for digest in waiting]
        entries += map(of_certificate, certificates)
        if entries:
            await self._extend(tx, head, entries, first + len(certificates) if certificates else 0)
        return first, len(waiting) == APPEND_BATCH

    async def _extend(
        self, tx: Transaction, head: Head, entries: Sequence[bytes], certified: int
    ) -> None:
        """Add entries to the tree and sign its head."""
        kept = await store.contents(tx, edge(head.size))
        known = store.hashed(kept)
        grown = append(known, head.size, list(map(leaf_hash, entries)))
        size = head.size + len(entries)
        root = subtree({**known, **grown}, 0, size)
        await store.put(
            tx,
            {**{t: c for t, c in grown.items() if t.level}, **_bundles(kept, head.size, entries)},
        )
        origin = Checkpoint.read(head.note).origin if head.note else self._origin
        note = Checkpoint(origin, size, root).sign(self._signer)
        await store.add_checkpoint(tx, Head(size, note, certified or head.certified))


def origin_of(public_url: str) -> str:
    """Name the log after where it is served, without the scheme (tlog-tiles, Parameters)."""
    return public_url.partition("://")[2].rstrip("/") + "/log"


def _bundles(kept: dict[Tile, bytes], size: int, entries: Sequence[bytes]) -> dict[Tile, bytes]:
    """Fill the bundles of entries on from a log of `size`."""
    number = size // WIDTH
    joined = kept.get(Tile(0, number), b"") + join_entries(entries)
    return {
        Tile(0, number + at // BUNDLE_BYTES): joined[at : at + BUNDLE_BYTES]
        for at in range(0, len(joined), BUNDLE_BYTES)
    }
