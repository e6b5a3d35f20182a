"""Passwords: argon2id (RFC 9106) in threads, a few at a time, the same work for everybody."""

import asyncio
import secrets
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Unavailable

AT_ONCE: Final = 2  # each takes a core and 64 MiB
MAX_WAITING: Final = 40  # more are told to come back


def make_hasher() -> PasswordHasher:
    """Give the hasher of RFC 9106 section 4, second recommended option: 64 MiB, 3 passes."""
    return PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


_HASHER = make_hasher()


class Passwords:
    """Hashes and checks passwords of one web process."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Give the argon2id hash of a password, with its parameters and salt."""
        return await self._run(password, "")

    async def check(self, stored: str | None, password: str) -> bool:
        """Say whether a password is the right one.

        Without a stored hash the same work is done and the answer is no: the time tells nobody
        whether an address has an account. Raises Unavailable if too many are waiting.
        """
        answer = await self._run(password, stored or _nobodys())
        return bool(answer) and stored is not None

    async def _run(self, password: str, stored: str) -> str:
        if self._waiting >= MAX_WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(_work, password, stored)
        finally:
            self._waiting -= 1


def _work(password: str, stored: str) -> str:
    """Hash, or check and give the hash again if it fits."""
    if not stored:
        return _HASHER.hash(password)
    try:
        _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return ""
    return stored


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """Give a hash that no password has: of random bytes that are thrown away."""
    return _HASHER.hash(secrets.token_urlsafe(32))
