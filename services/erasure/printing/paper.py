"""From the bytes of an envelope to the bytes of a PDF: no clock, no database, no network.

The PDF is a copy. It claims PDF/UA-1 (ISO 14289-1), unless an operator's words need a letter that
the fonts inside do not have: then it is tagged all the same and claims nothing.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from pydantic import ValidationError

from contracts.certificate import PAYLOAD_TYPE, Predicate, Statement
from contracts.envelope import unpack
from contracts.errors import BadCertificate
from services.erasure.printing.saying import say
from services.erasure.since import texts
from shared.web.language import Language

LAYOUT: Final = Path(__file__).with_name("certificate.typ")
STANDARD: Final = "ua-1"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def print_certificate(
    envelope: bytes,
    language: Language,
    public_url: str,
    since: Sequence[dict[str, Any]] = (),
) -> bytes:
    """Lay a certificate out for paper; the same envelope gives the same bytes.

    `public_url` is where the QR leads, `https://privacy.example.org`; `since` is what a report
    says was said since the certificate. No signature is checked.
    Raises BadCertificate if the envelope holds no statement.
    """
    payload, _, _ = unpack(envelope, PAYLOAD_TYPE)
    try:
        said = Statement.model_validate_json(payload, strict=True, by_name=False).predicate
    except ValidationError:
        raise BadCertificate from None
    digest = sha256(envelope).hexdigest()
    link = public_url.rstrip("/") + issued_path(language, said.completed_at, digest)
    data = say(said, digest, link, language, texts(), since)
    files = {
        "main.typ": LAYOUT.read_bytes(),
        "data.json": orjson.dumps(data),
        "qr.svg": _code(link),
    }
    return _laid_out(files, said)


def issued_path(language: Language, completed_at: datetime, digest: str) -> str:
    """Give the path of the page that says whether this was issued: a time and a digest, no id.

    The time, in microseconds since 1970, spares an index over digests: certificates lie in the
    order of their times.
    """
    since = (completed_at - EPOCH) // _MICROSECOND
    return f"/{language}/erasure/issued/{since}/{digest}"


def _laid_out(files: dict[str, bytes], said: Predicate) -> bytes:
    # Some 80 MB that only printing needs.
    import typst  # noqa: PLC0415

    given: Any = files  # its stub knows single files only

    def compiled(*standards: Literal["ua-1"]) -> bytes:
        return typst.compile(
            given,
            format="pdf",
            ignore_system_fonts=True,
            timestamp=int(said.completed_at.timestamp()),
            pdf_standards=[*standards],
        )

    try:
        return compiled(STANDARD)
    except typst.TypstError:
        return compiled()


def _code(link: str) -> bytes:
    """Draw a link as a QR code (ISO/IEC 18004), quiet zone included."""
    import segno  # noqa: PLC0415

    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(drawn, kind="svg", border=4, xmldecl=False)
    return drawn.getvalue()
