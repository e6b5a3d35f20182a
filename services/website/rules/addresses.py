"""Network addresses: read them in the spellings that logs use, and cut them (R-LOG-02, R-GA-01)."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

KEPT_BITS_V4: Final = 24  # the last 8 bits go
KEPT_BITS_V6: Final = 48  # the last 80 bits go
_PLAIN_V4: Final = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_WITH_PORT: Final = re.compile(r"\[(?P<v6>[^\]]+)\](?::[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def read_address(text: str) -> str | None:
    """Give one address in its shortest spelling, without port, brackets or zone; None if none.

    A v4 address that is written as v6 is a v4 address.
    """
    text = text.strip()
    match = _WITH_PORT.fullmatch(text)
    bare = (match["v6"] or match["v4"]) if match else text
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def cut(text: str) -> str | None:
    """Cut an address so that it no longer says which household: v4 to 24 bits, v6 to 48.

    Takes every spelling that `read_address` reads; None for what is no address.
    """
    whole = read_address(text)
    if whole is None:
        return None
    address = ip_address(whole)
    if isinstance(address, IPv4Address):
        return str(IPv4Address(_keep(int(address), 32, KEPT_BITS_V4)))
    return str(IPv6Address(_keep(int(address), 128, KEPT_BITS_V6)))


def _keep(number: int, bits: int, kept: int) -> int:
    return number >> (bits - kept) << (bits - kept)


def written_by_our_proxy(peer: str, forwarded: Sequence[str], proxies: int) -> str | None:
    """Choose the one hop of `X-Forwarded-For` that our own outermost proxy wrote.

    `forwarded` is the chain as received, `proxies` how many of ours append to it; without a proxy
    only the peer of the connection counts, since anybody can send a header. None if the chain is
    shorter than it must be.
    """
    if not proxies:
        return read_address(peer)
    if len(forwarded) < proxies:
        return None
    return read_address(forwarded[-proxies])
