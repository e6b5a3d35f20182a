"""Random ids that sort by time, for rows and messages (RFC 9562 section 5.7)."""

import os
import time
from functools import lru_cache
from typing import Any
from uuid import UUID, SafeUUID

import orjson

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1
# `UUID` finds out what it was given and checks it: more work than all the rest of making an id.
_new: Any = object.__new__
_set_int: Any = UUID.__dict__["int"].__set__
_set_is_safe: Any = UUID.__dict__["is_safe"].__set__
_UNKNOWN = SafeUUID.unknown


def _uuid_of(number: int) -> UUID:
    found: UUID = _new(UUID)
    _set_int(found, number)
    _set_is_safe(found, _UNKNOWN)
    return found


def uuid7() -> UUID:
    """Make a UUIDv7: 48 bits of Unix time in ms, then 74 random bits.

    Not for subjects: their ids are UUIDv4, since a time would tell when somebody began.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return _uuid_of(
        (milliseconds << 80) | _VERSION | (random & _RANDOM_A) | _VARIANT | (random & _RANDOM_B)
    )


@lru_cache(maxsize=1_024)  # what is told of a request is told soon after each other
def read_id(text: str) -> UUID:
    """Read an id spelled as we spell it: 32 small hex digits with hyphens, known to be that."""
    return _uuid_of(int(text.replace("-", ""), 16))


def spell_id(found: UUID) -> str:
    """Spell an id: what `str` does, in a third of its time. Also for a driver's own class."""
    return orjson.dumps(found, default=str)[1:-1].decode()
