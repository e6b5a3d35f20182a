"""Random ids that sort by time, for rows and messages (RFC 9562 section 5.7)."""

import os
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1


def uuid7() -> UUID:
    """Make a UUIDv7: 48 bits of Unix time in ms, then 74 random bits.

    Not for subjects: their ids are UUIDv4, since a time would tell when somebody began.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=(milliseconds << 80) | _VERSION | (random & _RANDOM_A) | _VARIANT | (random & _RANDOM_B)
    )
