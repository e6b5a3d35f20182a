"""Tokens in the forms of signed-in people: no other site can know them (OWASP ASVS 3.5)."""

import hashlib
import hmac
import secrets

from shared.web.problems import CrossSite

MASK_BYTES = 16


def csrf_token(key: bytes, session: bytes) -> str:
    """Make the token of one page: bound to the session's digest, different in every page.

    `key` is the installation's, `session` what is stored of the session's id. The mask keeps a
    compressed page from giving the token away (BREACH).
    """
    mask = secrets.token_bytes(MASK_BYTES)
    return (mask + _sign(key, session, mask)).hex()


def check_csrf(key: bytes, session: bytes, token: str) -> None:
    """Accept a token made for this session. Raises CrossSite for anything else."""
    try:
        content = bytes.fromhex(token)
    except ValueError:
        raise CrossSite from None
    mask, mac = content[:MASK_BYTES], content[MASK_BYTES:]
    if not hmac.compare_digest(mac, _sign(key, session, mask)):
        raise CrossSite


def _sign(key: bytes, session: bytes, mask: bytes) -> bytes:
    return hmac.digest(key, b"csrf\0" + mask + session, hashlib.sha256)
