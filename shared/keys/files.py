"""Private keys as files, and the signed list of public keys.

`<secrets>/keys/root`, `keys/newsletter`, `keys/newsletter_verifier`, `keys/erasure_log`: 32 bytes
of an Ed25519 private key in hex, mode 0600. The root key signs `trust.json` and what the topic says
of keys, nothing else; it may be taken off the machine afterwards.
"""

import contextlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from nacl.signing import SigningKey

from contracts.errors import BadTrust
from contracts.proof import Signer
from contracts.topics import ERASURE_SERVICE, ROOT
from contracts.trust import KeyRing, Trust, TrustedKey
from contracts.vocabulary import Role
from shared.settings import Settings, write_secret


class KeysWrong(Exception):  # noqa: N818 - says what is wrong with what is there
    """Keys on disk do not fit together: the message names the file, no content."""


def key_name(service: str, role: Role) -> str:
    """Name of a signer's file under `keys/`, the same as its database: `newsletter_verifier`."""
    return service if role in (Role.SERVICE, Role.ROOT) else f"{service}_{role.value}"


def signer_for(settings: Settings, service: str, role: Role) -> Signer:
    """Load a private key. Raises MissingSecret before `expunge keys apply`, KeysWrong if bad."""
    name = key_name(service, role)
    try:
        private = bytes.fromhex(settings.secret(f"keys/{name}"))
        return Signer(service, role, private)
    except (ValueError, TypeError):
        message = f"keys/{name} in EXPUNGE_SECRETS is not an Ed25519 key of 32 bytes in hex"
        raise KeysWrong(message) from None


def root_signer(settings: Settings) -> Signer:
    """Load the root key. Raises MissingSecret where it was taken off the machine."""
    return signer_for(settings, ROOT, Role.ROOT)


def load_trust(settings: Settings) -> Trust:
    """Read the configured `trust.json`. Raises KeysWrong."""
    try:
        return Trust.from_json(settings.trust.read_bytes())
    except FileNotFoundError:
        message = f"no {settings.trust.name} yet: run `expunge keys apply`"
    except BadTrust:
        message = f"{settings.trust.name} is not signed by the root key it names"
    raise KeysWrong(message)


def load_ring(settings: Settings) -> KeyRing:
    """Keys to believe from the start. Raises KeysWrong."""
    return KeyRing(load_trust(settings))


def make_key(settings: Settings, name: str) -> bool:
    """Make a private key where there is none; say whether one was made."""
    try:
        write_secret(settings.secrets / "keys" / name, bytes(SigningKey.generate()).hex() + "\n")
    except FileExistsError:
        return False
    return True


def apply_keys(
    settings: Settings,
    services: Iterable[str],
    verifiers: Iterable[str],
    *,
    now: datetime | None = None,
) -> list[str]:
    """Make what is missing: a root key, one per service and verifier, the log's, `trust.json`.

    `verifiers` are names of services whose slice is read back. Gives the names of keys made;
    a second call makes nothing and leaves every byte as it is. A key counts from the beginning
    of the day it was made: days tell less than seconds, and a clock may be set back a little.
    Raises KeysWrong if `trust.json` is of another root key, MissingSecret if a new key
    cannot be added because the root key was taken off the machine.
    """
    wanted = [(name, Role.SERVICE) for name in sorted(set(services))]
    wanted += [(name, Role.VERIFIER) for name in sorted(set(verifiers))]
    if (ERASURE_SERVICE, Role.SERVICE) in wanted:
        wanted.append((ERASURE_SERVICE, Role.LOG))
    names = [key_name(service, role) for service, role in wanted]
    if not settings.trust.exists():  # else a new root would vouch for nothing that anybody trusts
        names.insert(0, ROOT)
    made = [name for name in names if make_key(settings, name)]
    signers = [signer_for(settings, service, role) for service, role in wanted]
    _write_trust(settings, signers, now or datetime.now(UTC))
    return made


def _write_trust(settings: Settings, signers: Iterable[Signer], now: datetime) -> None:
    """Add new keys to `trust.json`; what it names already stays, also when it is not used now."""
    trust = load_trust(settings) if settings.trust.exists() else None
    known = {key.key_id: key for key in trust.keys} if trust else {}
    new = {signer.key_id: trusted(signer, now) for signer in signers if signer.key_id not in known}
    if trust and not new:
        return
    write_trust(settings, (known | new).values())


def trusted(signer: Signer, now: datetime) -> TrustedKey:
    """Describe a key that counts from the beginning of this day (UTC)."""
    return TrustedKey(
        key_id=signer.key_id,
        service=signer.service,
        role=signer.role,
        public_key=signer.public.hex(),
        not_before=now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
    )


def write_trust(settings: Settings, keys: Iterable[TrustedKey]) -> None:
    """Sign a list of keys and put it in place of `trust.json`.

    Raises KeysWrong if what is there is of another root key, MissingSecret without the root key.
    """
    root = root_signer(settings)
    if settings.trust.exists() and load_trust(settings).root != root.public.hex():
        message = f"{settings.trust.name} is signed by another root key than keys/{ROOT}"
        raise KeysWrong(message)
    listed = sorted(keys, key=lambda key: (key.service, key.role, key.key_id))
    _replace(settings.trust, Trust(root=root.public.hex(), keys=tuple(listed)).to_json(root))


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place at once: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut leaves the new name without its content
        draft.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
