"""Writes the smallest MaxMind DB file that says something about a few IPv4 networks.

Format: https://maxmind.github.io/MaxMind-DB/ (version 2.0), records of 24 bits.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
TEXT, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11


def write_mmdb(path: Path, networks: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a file; values are maps of text."""
    nodes: list[list[int | None]] = [[None, None]]
    data = b""
    leaves: list[tuple[int, int, int]] = []
    for name, value in networks.items():
        network, node = IPv4Network(name), 0
        bits = [int(network.network_address) >> (31 - at) & 1 for at in range(network.prefixlen)]
        for bit in bits[:-1]:
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = int(nodes[node][bit] or 0)
        leaves.append((node, bits[-1], len(data)))
        data += _encode(value)
    for node, bit, offset in leaves:
        nodes[node][bit] = len(nodes) + 16 + offset
    tree = b"".join(
        (len(nodes) if side is None else side).to_bytes(3, "big") for node in nodes for side in node
    )
    path.write_bytes(tree + bytes(16) + data + MARKER + _encode(_metadata(len(nodes))))


def _metadata(count: int) -> dict[str, Any]:
    return {
        "node_count": (UINT32, count),
        "record_size": (UINT16, 24),
        "ip_version": (UINT16, 4),
        "database_type": "Test",
        "languages": [],
        "binary_format_major_version": (UINT16, 2),
        "binary_format_minor_version": (UINT16, 0),
        "build_epoch": (UINT64, 1),
        "description": {},
    }


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        return _control(TEXT, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        parts = b"".join(_encode(key) + _encode(one) for key, one in value.items())
        return _control(MAP, len(value)) + parts
    if isinstance(value, list):
        return _control(ARRAY, len(value)) + b"".join(map(_encode, value))
    kind, number = value
    raw: bytes = number.to_bytes(8, "big").lstrip(b"\0")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    assert size < 285
    low, more = (size, b"") if size < 29 else (29, bytes([size - 29]))
    if kind > 7:
        return bytes([low, kind - 7]) + more
    return bytes([kind << 5 | low]) + more
