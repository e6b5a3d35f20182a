"""The log over HTTP, as c2sp.org/tlog-tiles has it: what anybody may see, from committed rows."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import BadLog
from contracts.merkle import HASH_BYTES
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import STORED_BYTES, tile_of_bundle
from contracts.tlog.tiles import Tile, read_path, width_of
from contracts.topics import ERASURE_SERVICE
from services.erasure.log import store
from services.erasure.log.cosignatures import shown_note
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import transaction

PREFIX: Final = "/log"
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
FOR_SECONDS: Final = {"cache-control": "public, max-age=5"}

router = APIRouter()


@router.get(f"{PREFIX}/checkpoint")
async def checkpoint(request: Request) -> Response:
    """Hand out the newest public head, with its cosignatures. Raises NotFound before the first."""
    async with transaction(request, ERASURE_SERVICE) as tx:
        note = await shown_note(tx)
    if note is None:
        raise NotFound
    return Response(note, media_type="text/plain; charset=utf-8", headers=FOR_SECONDS)


@router.get(f"{PREFIX}/tile/{{path:path}}")
async def tile(request: Request, path: str) -> Response:
    """Hand out a tile or a bundle of entries, whole or as wide as asked. Raises NotFound."""
    try:
        wanted, width = read_path(path)
    except BadLog:
        raise NotFound from None
    async with transaction(request, ERASURE_SERVICE) as tx:
        content = await served(tx, wanted, width)
    if content is None:
        raise NotFound
    return Response(content, media_type="application/octet-stream", headers=FOR_EVER)


async def served(tx: Transaction, wanted: Tile | int, width: int) -> bytes | None:
    """Take a tile or bundle as it is served; None where the public head has nothing so wide."""
    note = await store.public_note(tx)
    one = Tile(0, wanted) if isinstance(wanted, int) else wanted
    if note is None or width > width_of(one.level, Checkpoint.read(note).size, one.number):
        return None
    content = (await store.contents(tx, [one])).get(one)
    if content is None:
        return None
    if one.level:
        return content[: width * HASH_BYTES]
    bundle = content[: width * STORED_BYTES]
    return bundle if isinstance(wanted, int) else tile_of_bundle(bundle)
