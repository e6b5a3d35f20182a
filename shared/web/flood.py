"""Limits against floods, per network and for the whole process.

Kept in memory and nowhere else: the counters are about networks (personal data of the kind that
should not be stored at all), a restart may forget them, and several web processes only multiply
the limit by their number. Limits that must hold everywhere, such as mails per address, are counted
in the database by the mail room.
"""

import hashlib
import hmac
import ipaddress
import secrets
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from shared.errors import TooMany

DAY_SECONDS = 24 * 3600
IPV6_PREFIX = 56  # what a household is given (RIPE-690)


class Limits:
    """Counts posts per minute. Networks are known by an HMAC under a key that lives a day."""

    def __init__(self, per_network: int, together: int, without_work: int) -> None:
        """Take the limits in posts per minute; `without_work` is per network too."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._per_network = RateLimitItemPerMinute(per_network)
        self._together = RateLimitItemPerMinute(together)
        self._without_work = RateLimitItemPerMinute(without_work)
        self._key, self._key_day = secrets.token_bytes(32), 0

    async def count_post(self, client: str) -> None:
        """Count one post from a client's address. Raises TooMany over either limit."""
        if not await self._limiter.hit(self._per_network, self._name(client)):
            raise TooMany
        if not await self._limiter.hit(self._together, "together"):
            raise TooMany

    async def count_without_work(self, client: str) -> None:
        """Count one post without a proof of work. Raises TooMany over the limit."""
        if not await self._limiter.hit(self._without_work, f"idle/{self._name(client)}"):
            raise TooMany

    def _name(self, client: str) -> str:
        today = int(time.time() // DAY_SECONDS)
        if today != self._key_day:
            self._key, self._key_day = secrets.token_bytes(32), today
        return hmac.digest(self._key, network_of(client).encode(), hashlib.sha256).hex()


def network_of(client: str) -> str:
    """Give the network whose posts count together: an IPv4 address, an IPv6 /56."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "unknown"
    if address.version == 4:  # noqa: PLR2004
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
