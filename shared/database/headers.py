"""A record's Kafka headers as one value of a row.

Each header: length of the name (2 bytes), name (UTF-8), length of the value (4 bytes), value;
lengths big-endian.
"""

import struct
from collections.abc import Sequence

_NAME = struct.Struct(">H")
_VALUE = struct.Struct(">I")

Headers = Sequence[tuple[str, bytes]]


def pack_headers(headers: Headers) -> bytes:
    """Lay headers out as bytes, in their order."""
    parts = []
    for name, value in headers:
        spelled = name.encode()
        parts += [_NAME.pack(len(spelled)), spelled, _VALUE.pack(len(value)), value]
    return b"".join(parts)


def unpack_headers(packed: bytes) -> list[tuple[str, bytes]]:
    """Read headers back. Raises ValueError if the bytes are not what pack_headers makes."""
    found, at = [], 0
    try:
        while at < len(packed):
            (length,) = _NAME.unpack_from(packed, at)
            at += _NAME.size
            name = packed[at : at + length].decode()
            at += length
            (length,) = _VALUE.unpack_from(packed, at)
            at += _VALUE.size
            value = packed[at : at + length]
            at += length
            found.append((name, value))
    except struct.error:
        raise ValueError from None
    if at != len(packed):
        raise ValueError
    return found
