"""Statements about sign-ins: two cookies' digests, looked up anew at every request."""

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

from services.registration.rules import SignIn
from shared.database import Transaction

_SIGN_IN = "sign_in_id, subject_id, this_session, begun_at, account_seen_at, seen_at"


async def add(
    tx: Transaction, subject_id: UUID, account: bytes, documents: bytes, *, this_session: bool
) -> SignIn:
    """Store a sign-in under the digests of its two cookies."""
    row = await tx.fetchrow(
        f"""
        insert into sign_in (sign_in_id, subject_id, account_sha256, documents_sha256,
                             this_session, begun_at, account_seen_at, seen_at)
        values ($1, $2, $3, $4, $5, $6, $6, $6)
        returning {_SIGN_IN}
        """,
        uuid4(), subject_id, account, documents, this_session, tx.now,
    )  # fmt: skip
    return _sign_in(row)


async def by_account_cookie(tx: Transaction, digest: bytes) -> SignIn | None:
    """Give the sign-in of an account page's cookie."""
    row = await tx.fetchrow(f"select {_SIGN_IN} from sign_in where account_sha256 = $1", digest)
    return None if row is None else _sign_in(row)


async def by_documents_cookie(tx: Transaction, digest: bytes) -> SignIn | None:
    """Give the sign-in of an ONLINEPLUS cookie."""
    row = await tx.fetchrow(f"select {_SIGN_IN} from sign_in where documents_sha256 = $1", digest)
    return None if row is None else _sign_in(row)


async def of_subject(tx: Transaction, subject_id: UUID) -> list[SignIn]:
    """Give all sign-ins of an account, newest first."""
    rows = await tx.fetch(
        f"select {_SIGN_IN} from sign_in where subject_id = $1 order by begun_at desc", subject_id
    )
    return [_sign_in(row) for row in rows]


async def seen(tx: Transaction, sign_in_id: UUID, *, account: bool) -> None:
    """Write down that a cookie was used just now."""
    column = "account_seen_at" if account else "seen_at"
    await tx.execute(f"update sign_in set {column} = $2 where sign_in_id = $1", sign_in_id, tx.now)


async def end_one(tx: Transaction, subject_id: UUID, sign_in_id: UUID) -> bool:
    """End one sign-in of an account. False: it has none such."""
    return bool(
        await tx.execute(
            "delete from sign_in where sign_in_id = $1 and subject_id = $2", sign_in_id, subject_id
        )
    )


async def end_cookies(tx: Transaction, digests: Collection[bytes]) -> None:
    """End the sign-ins that these cookies belong to, either kind."""
    await tx.execute(
        """
        delete from sign_in
         where account_sha256 = any($1::bytea[])
            or documents_sha256 = any($1::bytea[])
        """,
        list(digests),
    )


async def end_all(tx: Transaction, subject_id: UUID) -> None:
    """End every sign-in of an account, in all browsers."""
    await tx.execute("delete from sign_in where subject_id = $1", subject_id)


async def of_subjects(tx: Transaction, subjects: Collection[UUID]) -> list[SignIn]:
    """Give all sign-ins of some accounts."""
    rows = await tx.fetch(
        f"select {_SIGN_IN} from sign_in where subject_id = any($1::uuid[])", list(subjects)
    )
    return [_sign_in(row) for row in rows]


async def forget(tx: Transaction, sign_ins: Collection[UUID]) -> None:
    """Delete sign-ins whose time is over."""
    await tx.execute("delete from sign_in where sign_in_id = any($1::uuid[])", list(sign_ins))


async def forget_account_pages(tx: Transaction, sign_ins: Collection[UUID]) -> None:
    """Delete the digests of account pages' cookies whose time is over; documents stay open."""
    await tx.execute(
        """
        update sign_in
           set account_sha256 = null
         where sign_in_id = any($1::uuid[]) and account_sha256 is not null
        """,
        list(sign_ins),
    )


def _sign_in(row: Any) -> SignIn:
    return SignIn(**{name: row[name] for name in _SIGN_IN.split(", ")})
