"""Proofs that something is in the log, made when somebody wants them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.tiles import inclusion, subtree, tiles_for
from contracts.trust import Trust
from contracts.vocabulary import Role
from services.erasure.log import store
from services.erasure.log.cosignatures import notes_over, shown_note
from shared.database import Transaction

K = TypeVar("K", UUID, bytes)  # a certificate's request, a record of a transaction


async def log_proofs(
    tx: Transaction, indices: Mapping[K, int | None], trust: bytes
) -> Mapping[K, str]:
    """Prove leaves, by whatever they are named after, in the text of c2sp.org/tlog-proof.

    Each against a head that witnesses cosigned, once there is one that has it; where `trust` (the
    bytes of `trust.json`) says that this head's key was revoked, against the newest public one.
    What was certified before there was a log, or is not in the log of a restored database yet, is
    left out.
    """
    logged = {key: index for key, index in indices.items() if index is not None}
    if not logged:
        return {}
    notes = await _believed(tx, await notes_over(tx, list(set(logged.values()))), trust)
    ways = {index: inclusion(index, Checkpoint.read(note).size) for index, note in notes.items()}
    wanted = tiles_for(one for way in ways.values() for one in way)
    tiles = store.hashed(await store.contents(tx, wanted))
    texts = {
        index: LogProof(index, [subtree(tiles, *one) for one in way], notes[index]).text()
        for index, way in ways.items()
    }
    return {key: texts[index] for key, index in logged.items() if index in texts}


async def _believed(tx: Transaction, notes: dict[int, bytes], trust: bytes) -> dict[int, bytes]:
    """Put the newest public head in place of those by a key that was revoked, once it is not."""
    keys = _keys_that_count(trust)
    newest = await shown_note(tx) if keys else None
    if newest is None or not _signed(newest, keys):
        return notes
    size = Checkpoint.read(newest).size
    return {
        index: newest if index < size and not _signed(note, keys) else note
        for index, note in notes.items()
    }


def _signed(note: bytes, keys: Sequence[bytes]) -> bool:
    try:
        Checkpoint.open(note, *keys)
    except BadLog:
        return False
    return True


@lru_cache(maxsize=4)
def _keys_that_count(trust: bytes) -> tuple[bytes, ...]:
    """Give the log's keys that were not revoked, if any was; empty where there is no difference."""
    of_log = [key for key in Trust.from_json(trust).keys if key.role is Role.LOG]
    counting = [key for key in of_log if key.revoked_from is None]
    return tuple(bytes.fromhex(one.public_key) for one in counting if len(counting) < len(of_log))
