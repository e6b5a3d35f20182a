"""How many mails one mailbox gets: one of a kind in ten minutes, three of a kind a day.

How often somebody tried something in its name, such as a password, is counted beside that.
Counted in `ephemeral` under an HMAC of the mailbox with a key of the day, which ends with it:
the rows name nobody, and nobody can be searched for in yesterday's.
"""

import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from shared.database import Transaction
from shared.mail.address import mailbox

INTERVAL = timedelta(minutes=10)
MAX_A_DAY = 3
TRY_WINDOW = timedelta(minutes=15)
KEY_BYTES = 32
_DAY = timedelta(days=1)


async def wait_until(tx: Transaction, kind: str, address: str) -> datetime | None:
    """Count one mail of a kind to a mailbox, or say when it may go (UTC).

    Out: None if it may go now; it is counted then.
    """
    name, key = f"mail/{kind}", await _key(tx, address)
    rows = await tx.fetch(
        """
        select bucket
          from ephemeral
         where kind = $1 and key = $2 and bucket > $3
         order by bucket
        """,
        name, key, tx.now - _DAY,
    )  # fmt: skip
    sent = [row["bucket"] for row in rows]
    if len(sent) >= MAX_A_DAY:
        allowed: datetime = sent[-MAX_A_DAY] + _DAY
        return allowed
    if sent and sent[-1] + INTERVAL > tx.now:
        soon: datetime = sent[-1] + INTERVAL
        return soon
    await tx.execute(
        """
        insert into ephemeral (kind, key, bucket, count, expires_at)
        values ($1, $2, $3, 1, $4)
        on conflict do nothing
        """,
        name, key, tx.now, tx.now + _DAY,
    )  # fmt: skip
    return None


async def count_try(tx: Transaction, kind: str, address: str) -> int:
    """Count one try of something about a mailbox; gives how many there were in TRY_WINDOW."""
    seconds = TRY_WINDOW.total_seconds()
    bucket = datetime.fromtimestamp(tx.now.timestamp() // seconds * seconds, UTC)
    count: int = await tx.fetchval(
        """
        insert into ephemeral as e (kind, key, bucket, count, expires_at)
        values ($1, $2, $3, 1, $4)
            on conflict (kind, key, bucket) do update set count = e.count + 1
        returning count
        """,
        f"try/{kind}", await _key(tx, address), bucket, bucket + TRY_WINDOW,
    )  # fmt: skip
    return count


async def forget_tries(tx: Transaction, kind: str, address: str) -> None:
    """Begin counting anew: the right person was there."""
    await tx.execute(
        "delete from ephemeral where kind = $1 and key = $2",
        f"try/{kind}", await _key(tx, address),
    )  # fmt: skip


async def forget(tx: Transaction, addresses: Iterable[str]) -> None:
    """Clear what was counted for mailboxes: their relationship has ended, they are strangers."""
    secret = await tx.fetchval("select key from daily_key where day = $1", tx.now.date())
    if secret is None:
        return  # nothing was counted under today's key, and older ones are destroyed
    keys = [_hmac(secret, address) for address in addresses]
    await tx.execute("delete from ephemeral where key = any($1::bytea[])", keys)


async def sweep(tx: Transaction) -> None:
    """Delete counters and keys whose day is over; without its key a counter means nothing."""
    await tx.execute("delete from ephemeral where expires_at <= $1", tx.now)
    await tx.execute("delete from daily_key where day < $1", tx.now.date())


async def _key(tx: Transaction, address: str) -> bytes:
    today = tx.now.date()
    await tx.execute(
        "insert into daily_key (day, key) values ($1, $2) on conflict do nothing",
        today, secrets.token_bytes(KEY_BYTES),
    )  # fmt: skip
    secret = await tx.fetchval("select key from daily_key where day = $1", today)
    return _hmac(secret, address)


def _hmac(secret: bytes, address: str) -> bytes:
    return hmac.digest(secret, mailbox(address).encode("utf-8"), "sha256")
