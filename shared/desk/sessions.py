"""Sessions of staff: hashed, idle and absolute end, gone with the account."""

import secrets
from datetime import timedelta
from typing import Final

from shared.database import Transaction
from shared.desk.accounts import Staff
from shared.web.guard import session_digest

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=10)
SEEN_EVERY: Final = timedelta(minutes=1)


async def begin_session(tx: Transaction, staff: Staff) -> str:
    """Begin a session; returns its secret for the cookie. Those that are over go."""
    await tx.execute(
        "delete from staff_session where ends_at <= $1 or seen_at <= $2", tx.now, tx.now - IDLE
    )
    secret = secrets.token_urlsafe(32)
    await tx.execute(
        "insert into staff_session values ($1, $2, $3, $4)",
        session_digest(secret), staff.staff_id, tx.now, tx.now + LONGEST,
    )  # fmt: skip
    return secret


async def find_session(tx: Transaction, secret: str) -> Staff | None:
    """Give who a cookie stands for now, and note that they were here."""
    row = await tx.fetchrow(
        """
        select s.staff_id, s.name, t.seen_at
          from staff_session t
          join staff s using (staff_id)
         where t.session_sha256 = $1
           and t.ends_at > $2
           and t.seen_at > $3
        """,
        session_digest(secret), tx.now, tx.now - IDLE,
    )  # fmt: skip
    if row is None:
        return None
    if row["seen_at"] <= tx.now - SEEN_EVERY:
        await tx.execute(
            "update staff_session set seen_at = $2 where session_sha256 = $1",
            session_digest(secret),
            tx.now,
        )
    return Staff(row["staff_id"], row["name"])


async def end_session(tx: Transaction, secret: str) -> None:
    """Sign out, on the server."""
    await tx.execute("delete from staff_session where session_sha256 = $1", session_digest(secret))
