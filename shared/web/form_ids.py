"""Form ids: random, signed, dated. They make a double submit harmless and show haste and age."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

FORM_ID_SECONDS = 24 * 3600
NONCE_BYTES = 16
MAC_BYTES = 16
TIME_BYTES = 5  # hundredths of a second reach 2318-06


class BadFormId(Exception):  # noqa: N818
    """This form id was not made here."""


@dataclass(frozen=True)
class FormId:
    """A form id that we made. `age_seconds` counts from when the page was rendered."""

    text: str
    age_seconds: float

    @property
    def expired(self) -> bool:
        """Say whether the page was open longer than a form id lives."""
        return self.age_seconds > FORM_ID_SECONDS


class FormIds:
    """Makes and checks form ids of all forms with one key, shared by all web processes."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        """Take the secret key and a clock that gives seconds since 1970."""
        self._key = key
        self._clock = clock

    def make(self, form_key: str) -> str:
        """Return a new id for a form, url-safe, 50 characters."""
        hundredths = int(self._clock() * 100).to_bytes(TIME_BYTES, "big")
        head = secrets.token_bytes(NONCE_BYTES) + hundredths
        return base64.urlsafe_b64encode(head + self._mac(form_key, head)).decode().rstrip("=")

    def read(self, form_key: str, text: str) -> FormId:
        """Check an id that was posted. Raises BadFormId if it is not ours or another form's."""
        try:
            content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise BadFormId from None
        head, mac = content[: NONCE_BYTES + TIME_BYTES], content[NONCE_BYTES + TIME_BYTES :]
        if not hmac.compare_digest(mac, self._mac(form_key, head)):
            raise BadFormId
        made_at = int.from_bytes(head[NONCE_BYTES:], "big") / 100
        return FormId(text, self._clock() - made_at)

    def derive(self, label: bytes, text: str) -> bytes:
        """Give 32 bytes that follow from an id and the key, and from nothing else."""
        return hmac.digest(self._key, label + b"\0" + text.encode(), hashlib.sha256)

    def _mac(self, form_key: str, head: bytes) -> bytes:
        digest = hmac.digest(self._key, form_key.encode() + b"\0" + head, hashlib.sha256)
        return digest[:MAC_BYTES]
