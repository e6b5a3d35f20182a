"""What becomes of keys: one takes another's place, one ends, one was stolen.

Each change is written into `trust.json` first and published after it, so a command that broke off
is run again and goes on where it was. All of them need the root key.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from contracts.fields import RevokedFrom
from contracts.proof import Signer
from contracts.topics import TOPICS
from contracts.trust import TrustedKey
from contracts.vocabulary import Role
from shared.crash import crash
from shared.keys.files import (
    KeysWrong,
    key_name,
    load_trust,
    make_key,
    signer_for,
    trusted,
    write_trust,
)
from shared.outbox.spans import spans
from shared.settings import MissingSecret, Settings

NEXT = ".next"  # ends the name of a key that waits to take another's place


def announce(settings: Settings, service: str, role: Role, now: datetime) -> Signer:
    """Make the key that comes next and trust it; gives it. Nobody signs with it yet.

    Raises KeysWrong for a signer that has no key, MissingSecret without the root key.
    """
    keys = load_trust(settings).keys
    if not any((key.service, key.role) == (service, role) for key in keys):
        message = "nobody of that name and role has a key: `expunge keys list` shows who has"
        raise KeysWrong(message)
    name = key_name(service, role)
    make_key(settings, name + NEXT)
    crash("keys:after-make")
    signer = Signer(service, role, bytes.fromhex(settings.secret(f"keys/{name}{NEXT}")))
    if signer.key_id not in {key.key_id for key in keys}:
        write_trust(settings, [*keys, trusted(signer, now)])
    return signer


def take_over(settings: Settings, service: str, role: Role) -> None:
    """Let the next key take its place, once it is published: processes read it as they start."""
    path = settings.secrets / "keys" / key_name(service, role)
    path.with_name(path.name + NEXT).replace(path)
    crash("keys:after-take-over")


def retire(settings: Settings, key_id: str, now: datetime) -> TrustedKey:
    """End a key by time: no line that is dated later is its word. A retired key stays as it is.

    Raises KeysWrong for an unknown key and for one that its service still signs with.
    """
    key = _find(settings, key_id)
    if key_id in in_use(settings):
        message = f"{key.service} signs with this key: `expunge keys rotate {key.service}` first"
        raise KeysWrong(message)
    return _changed(settings, key, {} if key.not_after else {"not_after": now})


def revoke(settings: Settings, key_id: str, places: Iterable[RevokedFrom]) -> TrustedKey:
    """End a key by place: from these places on nobody believes it, whatever time it writes.

    Revoked again, the earlier of two places counts. Raises KeysWrong for an unknown key.
    """
    key = _find(settings, key_id)
    offsets = {(place.topic, place.partition): place.offset for place in places}
    for place in key.revoked_from or ():
        name = (place.topic, place.partition)
        offsets[name] = min(place.offset, offsets.get(name, place.offset))
    revoked = tuple(
        RevokedFrom(topic=topic, partition=partition, offset=offset)
        for (topic, partition), offset in sorted(offsets.items())
    )
    return _changed(settings, key, {"revoked_from": revoked})


def in_use(settings: Settings) -> set[str]:
    """Give the ids of the keys whose private half is on this machine and in its place."""
    found = set()
    for key in load_trust(settings).keys:
        try:
            found.add(signer_for(settings, key.service, key.role).key_id)
        except (MissingSecret, KeysWrong):
            continue
    return found


def state_of(key: TrustedKey, used: Iterable[str]) -> str:
    """Say in a word how it stands with a key: revoked, retired, active, or trusted elsewhere."""
    if key.revoked_from is not None:
        return "revoked"
    if key.not_after is not None:
        return "retired"
    return "active" if key.key_id in used else "trusted"


async def ends(settings: Settings) -> Sequence[RevokedFrom]:
    """Give the present end of every partition of every topic. Raises KafkaError, OSError."""
    return [
        RevokedFrom(topic=name, partition=number, offset=span.end)
        for (name, number), span in (await spans(settings, sorted(TOPICS))).items()
    ]


def _find(settings: Settings, key_id: str) -> TrustedKey:
    for key in load_trust(settings).keys:
        if key.key_id == key_id:
            return key
    message = "no such key: `expunge keys list` shows their ids"
    raise KeysWrong(message)


def _changed(settings: Settings, key: TrustedKey, change: dict[str, object]) -> TrustedKey:
    changed = key.model_copy(update=change)
    if changed != key:
        others = [other for other in load_trust(settings).keys if other.key_id != key.key_id]
        write_trust(settings, [*others, changed])
    return changed
