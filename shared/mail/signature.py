"""DKIM (RFC 6376): the sending domain signs, so that one-click unsubscribing is honoured."""

from base64 import b64encode
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.settings import write_secret

SELECTOR = "expunge"
KEY_BITS = 2048
# RFC 8058 section 3.1: both List-Unsubscribe headers must be covered.
_COVERED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
    b"content-language", b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip


def make_dkim_key(path: Path) -> None:
    """Make an RSA key (PEM, readable by its owner) at `path` unless there is one already."""
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    write_secret(path, pem.decode("ascii"))


def dns_record(pem: bytes) -> str:
    """Give the TXT record to publish at `expunge._domainkey.<domain>` (RFC 6376 section 3.6.1)."""
    public = load_pem_private_key(pem, None).public_key()
    raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(raw).decode('ascii')}"


def signed(message: bytes, pem: bytes, domain: str) -> bytes:
    """Put a DKIM-Signature in front of a message with CRLF line ends."""
    present = message.partition(b"\r\n\r\n")[0].lower()
    covered = [name for name in _COVERED if b"\n" + name + b":" in b"\n" + present]
    line: bytes = dkim.sign(
        message,
        SELECTOR.encode("ascii"),
        domain.encode("ascii"),
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=covered,
    )
    return line + message
