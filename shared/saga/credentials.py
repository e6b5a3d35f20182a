"""Who calls: one credential for each caller, compared by digest.

`credentials/<caller>` in the secrets folder holds a caller's secret. A service that only checks
callers may have `credentials/<caller>.sha256` in place of it: the digest, in hex.
"""

from hashlib import sha256

from starlette.requests import Request

from shared.errors import NotAllowed
from shared.settings import Settings

FOLDER = "credentials"
DIGEST_SUFFIX = ".sha256"


def own_credential(settings: Settings, caller: str) -> str:
    """Return a caller's own secret, made at first use where this machine may make secrets."""
    return settings.make_secret(f"{FOLDER}/{caller}")


def bearer(credential: str) -> dict[str, str]:
    """Give the header that carries a credential."""
    return {"authorization": f"Bearer {credential}"}


class Callers:
    """Knows callers by their credentials; reads the folder again when it meets a new one."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.secrets / FOLDER
        self._names: dict[str, str] = {}

    def caller_of(self, request: Request) -> str:
        """Return who sent a request: `newsletter` or `newsletter_verifier`. Raises NotAllowed."""
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            raise NotAllowed
        digest = sha256(secret.encode()).hexdigest()
        if digest not in self._names:
            self._read()
        try:
            return self._names[digest]
        except KeyError:
            raise NotAllowed from None

    def _read(self) -> None:
        found = {}
        for path in sorted(self._folder.glob("[a-z]*")):
            content = path.read_text().strip()
            if path.name.endswith(DIGEST_SUFFIX):
                found[content] = path.name.removesuffix(DIGEST_SUFFIX)
            else:
                found[sha256(content.encode()).hexdigest()] = path.name
        self._names = found
