"""Mailed links: 256 random bits, stored as SHA-256, one purpose each, used once, with an end."""

import hashlib
import re
import secrets
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.database import Transaction
from shared.errors import UnknownToken

TOKEN_BYTES = 32
SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def reference(letters: str, token: str) -> str:
    """Give a number to quote, `NL-1A2B-3C4D`: from a page's secret, not leading back to it.

    Raises UnknownToken for what cannot be a token of ours.
    """
    number = hashlib.sha256(b"reference" + digest(token)).hexdigest()[:8].upper()
    return f"{letters}-{number[:4]}-{number[4:]}"


class TokenState(StrEnum):
    """What a page may say about a link before anything is done with it."""

    LIVE = "live"
    USED = "used"
    UNKNOWN = "unknown"


async def new_token(tx: Transaction, subject_id: UUID, purpose: str, expires_at: datetime) -> str:
    """Make a token for one subject and purpose and store its digest; the older ones stay good.

    Returns 43 url-safe characters: the only copy, for the mail.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.write(
        """
        insert into token (token_sha256, subject_id, purpose, expires_at)
        values ($1, $2, $3, $4)
        """,
        digest(token),
        subject_id,
        purpose,
        expires_at,
    )
    return token


async def use_token(tx: Transaction, token: str, purpose: str) -> UUID:
    """Use a token and every other one of its subject and purpose; return the subject.

    One statement, in digest order, so that of two clicks at once one wins. Raises UnknownToken if
    it was never ours, has another purpose, was used or is too old.
    """
    rows = await tx.fetch(
        """
        with mine as (
            select subject_id
              from token
             where token_sha256 = $1
               and purpose = $2
               and used_at is null
               and expires_at > $3
        ), locked as (
            select token_sha256
              from token
             where subject_id = (select subject_id from mine)
               and purpose = $2
               and used_at is null
             order by token_sha256
               for update
        )
        update token
           set used_at = $3
          from locked
         where token.token_sha256 = locked.token_sha256
        returning token.token_sha256, token.subject_id
        """,
        digest(token),
        purpose,
        tx.now,
    )
    for row in rows:
        if row["token_sha256"] == digest(token):
            subject_id: UUID = row["subject_id"]
            return subject_id
    raise UnknownToken


async def find_token(tx: Transaction, token: str, purpose: str) -> tuple[TokenState, UUID | None]:
    """Look a token up without using it: what a GET may do. A token too old counts as unknown."""
    row = await tx.fetchrow(
        """
        select subject_id, used_at
          from token
         where token_sha256 = $1
           and purpose = $2
           and expires_at > $3
        """,
        digest(token),
        purpose,
        tx.now,
    )
    if row is None:
        return TokenState.UNKNOWN, None
    state = TokenState.LIVE if row["used_at"] is None else TokenState.USED
    return state, row["subject_id"]


async def forget_expired(tx: Transaction) -> int:
    """Delete tokens whose time is over: each issue makes one more; return how many there were."""
    return await tx.execute("delete from token where expires_at <= $1", tx.now)


def digest(token: str) -> bytes:
    """Give what is stored of a token. Raises UnknownToken for what cannot be one of ours."""
    if SHAPE.fullmatch(token) is None:
        raise UnknownToken
    return hashlib.sha256(token.encode("ascii")).digest()
