"""What anybody may fetch to check a certificate alone: the schemas, and the verifier's one file."""

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from contracts.bundle import VERIFIER, verifier_sha256
from contracts.schema_files import FOLDER
from shared.errors import NotFound

VERIFIER_PATH: Final = f"/verify/{VERIFIER.name}"
SCHEMA_TYPE: Final = "application/schema+json"  # JSON Schema 2020-12, section 14.1
AN_HOUR: Final = {"cache-control": "public, max-age=3600"}

router = APIRouter()


@cache
def schemas() -> Mapping[str, bytes]:
    """Read every schema file, by its path below `/schemas/`."""
    return {str(file.relative_to(FOLDER)): file.read_bytes() for file in FOLDER.rglob("*.json")}


@router.get("/schemas/{kind}/{version}/{name}")
async def schema(kind: str, version: str, name: str) -> Response:
    """Hand out one JSON Schema: a message's, or one of the certificate's. Raises NotFound."""
    found = schemas().get(f"{kind}/{version}/{name}")
    if found is None:
        raise NotFound
    return _answer(found, SCHEMA_TYPE)


@router.get(VERIFIER_PATH)
async def verifier() -> Response:
    """Hand out the verifier whose SHA-256 stands in every bundle made now, to read or to keep."""
    return _answer(VERIFIER.read_bytes(), "text/plain; charset=utf-8")


@router.get(f"{VERIFIER_PATH}.sha256")
async def verifier_checksum() -> Response:
    """Give its checksum as `sha256sum --check` reads it."""
    return PlainTextResponse(f"{verifier_sha256()}  {VERIFIER.name}\n", headers=AN_HOUR)


def _answer(content: bytes, media_type: str) -> Response:
    """Give a file with its digest (RFC 9530)."""
    digest = base64.b64encode(sha256(content).digest()).decode()
    headers = {**AN_HOUR, "repr-digest": f"sha-256=:{digest}:"}
    return Response(content, media_type=media_type, headers=headers)
