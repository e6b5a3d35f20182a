"""Certificates that somebody holds: in the ledger's database, or as bundles in a folder."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from contracts.bundle import MAX_BUNDLE_BYTES, SUFFIX, Bundle
from contracts.errors import BadInput
from contracts.messages import parse
from contracts.topics import ERASURE_SERVICE
from services.erasure.audit.entries import Unreadable
from services.erasure.store import certificates
from shared.database import Database
from shared.settings import Settings

PAGE: Final = 2_000
NO_FOLDER: Final = "There is no folder of that name with bundles in it."
NOT_A_BUNDLE: Final = "A file in the folder of certificates is not a bundle."


class Given(NamedTuple):
    """A certificate that somebody holds: its request, its bytes (None: lost), their SHA-256."""

    request_id: UUID
    envelope: bytes | None
    digest: bytes


def from_folder(folder: Path) -> Iterator[Given]:
    """Go through the certificates of bundles. Raises Unreadable."""
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise Unreadable(NO_FOLDER)
    for path in paths:
        try:
            if path.stat().st_size > MAX_BUNDLE_BYTES:
                raise Unreadable(NOT_A_BUNDLE)
            bundle = Bundle.from_json(path.read_bytes())
            request_id = UUID(parse(bundle.request.line).subject)
        except (BadInput, OSError) as error:
            raise Unreadable(NOT_A_BUNDLE) from error
        yield Given(request_id, bundle.certificate, sha256(bundle.certificate).digest())


async def from_database(settings: Settings) -> AsyncIterator[Given]:
    """Go through the ledger's certificates, hashing the bytes that are there, page by page."""
    database = await Database.connect(settings, ERASURE_SERVICE, "app", size=1)
    try:
        last = UUID(int=0)
        while True:
            async with database.begin() as tx:
                page = await certificates.after(tx, last, PAGE)
            for certificate in page:
                envelope = certificate.envelope
                kept = sha256(envelope).digest() if envelope else certificate.sha256
                yield Given(certificate.request_id, envelope, kept)
            if len(page) < PAGE:
                return
            last = page[-1].request_id
    finally:
        await database.close()
