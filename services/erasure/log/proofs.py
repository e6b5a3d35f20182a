"""Proofs that certificates are in the log, made when somebody wants them."""

from collections.abc import Mapping
from uuid import UUID

from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.tiles import inclusion, subtree, tiles_for
from services.erasure.log import store
from services.erasure.log.cosignatures import notes_over
from shared.database import Transaction


async def log_proofs(tx: Transaction, indices: Mapping[UUID, int | None]) -> Mapping[UUID, str]:
    """Prove certificates, by request, in the text of c2sp.org/tlog-proof.

    Each against a head that witnesses cosigned, once there is one that has it. What was certified
    before there was a log, or is not in the log of a restored database yet, is left out.
    """
    logged = {key: index for key, index in indices.items() if index is not None}
    if not logged:
        return {}
    notes = await notes_over(tx, list(set(logged.values())))
    ways = {index: inclusion(index, Checkpoint.read(note).size) for index, note in notes.items()}
    wanted = tiles_for(one for way in ways.values() for one in way)
    tiles = store.hashed(await store.contents(tx, wanted))
    texts = {
        index: LogProof(index, [subtree(tiles, *one) for one in way], notes[index]).text()
        for index, way in ways.items()
    }
    return {key: texts[index] for key, index in logged.items() if index in texts}
