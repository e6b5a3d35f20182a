"""Accounts of staff in one service's database: a password (argon2id) and a second factor (TOTP).

Each account belongs to one service and sees its slice only. Too many wrong tries lock it for a
while; a code works once (RFC 6238 section 5.2).
"""

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from shared.database import Transaction

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20  # RFC 4226 section 4, R6
TRIES: Final = 5
LOCK: Final = timedelta(minutes=5)
HASHER: Final = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works with this slice."""

    staff_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class NewStaff:
    """What a new colleague is given once; only hash and secret are stored. `uri` is for the app."""

    name: str
    password: str
    uri: str


async def add_staff(tx: Transaction, name: str) -> NewStaff:
    """Make an account. Raises the database's UniqueViolationError or CheckViolationError."""
    password, secret = secrets.token_urlsafe(18), secrets.token_bytes(SECRET_BYTES)
    hashed = await asyncio.to_thread(HASHER.hash, password)
    await tx.execute(
        """
        insert into staff (staff_id, name, password, totp_secret, added_at)
        values ($1, $2, $3, $4, $5)
        """,
        uuid4(), name, hashed, secret, tx.now,
    )  # fmt: skip
    uri = _totp(secret).get_provisioning_uri(f"{name}@{tx.service}", "Expunge")
    return NewStaff(name, password, uri)


async def list_staff(tx: Transaction) -> list[str]:
    """Name everybody who has an account."""
    return [row["name"] for row in await tx.fetch("select name from staff order by name")]


async def remove_staff(tx: Transaction, name: str) -> bool:
    """Delete an account and its sessions; say whether there was one."""
    return bool(await tx.execute("delete from staff where name = $1", name))


async def check_password(stored: str | None, password: str) -> str | None:
    """Give the stored hash if it is the password's; None if not, as slowly, also without one.

    Outside any transaction: one that waits for a hash would be ended as idle.
    """
    fits = await asyncio.to_thread(_verify, stored, password)
    return stored if fits else None


async def stored_password(tx: Transaction, name: str) -> str | None:
    """Give the hash of somebody's password; None if nobody has that name."""
    stored: str | None = await tx.fetchval("select password from staff where name = $1", name)
    return stored


async def check_staff(tx: Transaction, name: str, fitting: str | None, code: str) -> Staff | None:
    """Check what `check_password` gave, and the code; None for whatever is wrong.

    The caller commits either way: tries are counted, and a code is used up.
    """
    row = await tx.fetchrow("select * from staff where name = $1 for update", name)
    if row is None or (row["locked_until"] is not None and row["locked_until"] > tx.now):
        return None
    step = _step_of(row["totp_secret"], code, int(tx.now.timestamp()))
    if row["password"] != fitting or step <= row["last_step"]:
        await _count_failure(tx, row)
        return None
    await tx.execute(
        """
        update staff
           set last_step = $2, failures = 0, locked_until = null
         where staff_id = $1
        """,
        row["staff_id"],
        step,
    )
    return Staff(row["staff_id"], row["name"])


async def _count_failure(tx: Transaction, row: Any) -> None:
    failures = row["failures"] + 1
    locked = failures >= TRIES
    await tx.execute(
        "update staff set failures = $2, locked_until = $3 where staff_id = $1",
        row["staff_id"],
        0 if locked else failures,
        tx.now + LOCK if locked else None,
    )


def _verify(stored: str | None, password: str) -> bool:
    try:
        return HASHER.verify(stored or _nobodys(), password)
    except VerifyMismatchError:
        return False


def _step_of(secret: bytes, code: str, now_s: int) -> int:
    """Say which step a code belongs to: now or one beside it (clocks differ); 0 for none."""
    totp, step = _totp(secret), now_s // STEP_S
    for near in (step, step - 1, step + 1):
        if hmac.compare_digest(totp.generate(near * STEP_S), code.encode()):
            return near
    return 0


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303 - what every authenticator app does


@cache
def _nobodys() -> str:
    """Give a hash that fits no password, so that an unknown name takes as long."""
    return HASHER.hash(secrets.token_hex())
