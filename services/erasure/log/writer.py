"""The log's one writer: appends what waits and what was certified, and signs the new head.

It works in the certifier's transaction, under the certifier's lock: leaves, tiles, head,
certificates and `erasure-certified` are committed together or not at all. The order is that of the
topic: what waits comes first, then the certificates, whose index the topic names. So the whole log
follows from the topic, and a restored database makes the same one again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import BadLog
from contracts.merkle import leaf_hash
from contracts.proof import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import STORED_BYTES, Kind, join_entries, of_certificate
from contracts.tlog.tiles import WIDTH, Tile, append, edge, subtree, tiles_for
from services.erasure.log import store
from services.erasure.log.files import published
from services.erasure.log.recovery import Reason, Refused, lacking
from services.erasure.log.store import Head
from shared.database import Transaction
from shared.logs import log

APPEND_BATCH: Final = 2_000  # waiting transactions in one step
BUNDLE_BYTES: Final = WIDTH * STORED_BYTES


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the log is: its key, every key that was its own, its name until a head says it, files.

    `keys` are public keys, 32 bytes each; `folder` is where its files are published.
    """

    signer: Signer
    keys: Collection[bytes]
    origin: str
    folder: Path


class Writer:
    """Writes one log. It signs nothing that could be a second history."""

    def __init__(self, identity: Identity) -> None:
        self._is = identity
        self._checked = False
        self._size = 0
        self._refused: Reason | None = None

    async def may_sign(self, tx: Transaction) -> bool:
        """Bring a log that is behind up to what is known of it; False if that cannot be done.

        What was published is looked at once for each process, and whenever the log is behind what
        is named, or went back.
        """
        head = await store.head(tx)
        refused = Reason.TWO if head.refused == Reason.TWO else None
        if refused is None and not await self._is_whole(tx, head):
            refused = Reason.CHANGED
        known = self._checked and head.told <= head.size and head.size >= self._size
        if refused is None and not known:
            refused = await self._caught_up(tx, head)
        self._size = head.size
        if refused is not None and refused is not self._refused:
            log.critical("log-refuses-to-sign", kind=refused.value)
        if refused != head.refused:
            await store.refuse(tx, refused)
        self._checked, self._refused = refused is None, refused
        return refused is None

    async def _is_whole(self, tx: Transaction, head: Head) -> bool:
        """Say whether what the next head will be worked out from is what the last was signed over.

        So whoever may write to the database, and has no key, cannot have another history signed.
        """
        if not head.size:
            return True
        try:
            tiles = store.hashed(await store.contents(tx, edge(head.size)))
            signed = Checkpoint.open(head.note, *self._is.keys)
            return (signed.size, signed.root) == (head.size, subtree(tiles, 0, head.size))
        except BadLog:
            return False

    async def _caught_up(self, tx: Transaction, head: Head) -> Reason | None:
        try:
            async with tx.savepoint():
                await self._recover(tx, head)
        except Refused as refused:
            return refused.reason
        return None

    async def append(self, tx: Transaction, certificates: Sequence[bytes]) -> int:
        """Append what waits, then certificates by digest; gives the first certificate's index.

        Only while nothing more waits than `APPEND_BATCH` may there be certificates.
        """
        head = await store.head(tx)
        waiting = await store.waiting(tx, APPEND_BATCH)
        entries = [Kind.TRANSACTION.value + digest for digest in waiting]
        entries += map(of_certificate, certificates)
        if entries:
            await self._extend(tx, head, entries, self._is.origin)
        return head.size + len(waiting)

    async def _recover(self, tx: Transaction, head: Head) -> None:
        """Append what the log has already, elsewhere. Raises Refused."""
        try:
            seen = published(self._is.folder, self._is.keys)
        except BadLog:
            raise Refused(Reason.FORGED) from None
        entries = await lacking(tx, head, self._is.folder, seen)
        if entries:
            log.warning("log-recovered", count=len(entries))
            await self._extend(tx, head, entries, seen.origin if seen else self._is.origin)
        if seen is None or not seen.size:
            return
        whole = [(0, seen.size)]
        tiles = store.hashed(await store.contents(tx, tiles_for(whole)))
        try:
            same = subtree(tiles, *whole[0]) == seen.root
        except BadLog:
            same = False
        if not same:
            raise Refused(Reason.FORKED)

    async def _extend(
        self, tx: Transaction, head: Head, entries: Sequence[bytes], origin: str
    ) -> None:
        """Add entries to the tree and sign its head, the first one as `origin`."""
        kept = await store.contents(tx, edge(head.size))
        known = store.hashed(kept)
        grown = append(known, head.size, list(map(leaf_hash, entries)))
        size = head.size + len(entries)
        root = subtree({**known, **grown}, 0, size)
        above = {tile: content for tile, content in grown.items() if tile.level}
        await store.put(tx, {**above, **_bundles(kept, head.size, entries)})
        places = dict(zip(entries, range(head.size, size), strict=True))
        await store.place(tx, {e[1:]: at for e, at in places.items() if e[:1] == Kind.TRANSACTION})
        ends = [at + 1 for entry, at in places.items() if entry[:1] == Kind.CERTIFICATE]
        if head.note:
            origin = Checkpoint.read(head.note).origin
        note = Checkpoint(origin, size, root).sign(self._is.signer)
        certified = max(ends, default=head.certified)
        await store.add_checkpoint(tx, Head(size=size, note=note, certified=certified))


def origin_of(public_url: str) -> str:
    """Name the log after where it is served, without the scheme (tlog-tiles, Parameters)."""
    return public_url.partition("://")[2].rstrip("/") + "/log"


def _bundles(kept: Mapping[Tile, bytes], size: int, entries: Sequence[bytes]) -> dict[Tile, bytes]:
    """Fill the bundles of entries on from a log of `size`."""
    number = size // WIDTH
    joined = kept.get(Tile(0, number), b"") + join_entries(entries)
    return {
        Tile(0, number + at // BUNDLE_BYTES): joined[at : at + BUNDLE_BYTES]
        for at in range(0, len(joined), BUNDLE_BYTES)
    }
