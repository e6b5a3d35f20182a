"""Statements about requests that began here: their pages, mails, deadlines."""

import hashlib
import secrets
from collections.abc import Collection
from uuid import UUID

from contracts.vocabulary import Outcome
from shared.database import Transaction
from shared.saga.status import Answer, Request
from shared.web.tokens import TOKEN_BYTES, digest


async def new_status_link(tx: Transaction, request_id: UUID) -> str:
    """Make a secret that opens the request's status page; only its digest is stored."""
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    await tx.execute(
        "insert into status_link (status_sha256, request_id) values ($1, $2)",
        hashlib.sha256(secret.encode("ascii")).digest(),
        request_id,
    )
    return secret


async def request_of_link(tx: Transaction, secret: str) -> UUID | None:
    """Give the request that a status link opens. Raises UnknownToken for what is none of ours."""
    request_id: UUID | None = await tx.fetchval(
        "select request_id from status_link where status_sha256 = $1", digest(secret)
    )
    return request_id


async def find_request(tx: Transaction, request_id: UUID) -> Request | None:
    """Give a request with the answers that have come."""
    row = await tx.fetchrow("select * from request where request_id = $1", request_id)
    if row is None:
        return None
    answers = await tx.fetch("select * from slice_answer where request_id = $1", request_id)
    return Request(
        language=row["language"],
        participants=tuple(sorted({*row["participants"], *row["extended"]})),
        received_at=row["received_at"],
        checked_at=row["cutoff"],
        due_at=row["due_at"],
        certified_at=row["certified_at"],
        destroyed_at=row["destroyed_at"],
        overdue_at=row["overdue_at"],
        answers={
            answer["service"]: Answer(
                Outcome(answer["outcome"]),
                answer["answered_at"],
                answer["remaining"],
                answer["verified_at"],
            )
            for answer in answers
        },
    )


async def address_of(tx: Transaction, request_id: UUID) -> str | None:
    """Give the address of a request that is not over: where its mails go."""
    address: str | None = await tx.fetchval(
        """
        select address
          from alias
         where request_id = $1
           and kind = 'address'
         order by alias_id
         limit 1
        """,
        request_id,
    )
    return address


async def statement_of(tx: Transaction, request_id: UUID) -> bytes | None:
    """Give the request's signed statement, as JSON."""
    statement: bytes | None = await tx.fetchval(
        "select statement from request where request_id = $1", request_id
    )
    return statement


async def nonce_of(tx: Transaction, request_id: UUID) -> bytes | None:
    """Give the nonce of a request that is not over."""
    nonce: bytes | None = await tx.fetchval(
        "select nonce from nonce where request_id = $1", request_id
    )
    return nonce


async def owed_certificates(
    tx: Transaction, requests: Collection[UUID], kind: str
) -> dict[UUID, str]:
    """Give language by request for those certified here whose certificate no mail carries yet."""
    rows = await tx.fetch(
        """
        select r.request_id, r.language
          from request r
         where r.request_id = any($1::uuid[])
           and r.certified_at is not null
           and r.mails_settled_at is null
           and exists (select from alias a where a.request_id = r.request_id)
           and not exists (select from mail m where m.request_id = r.request_id and m.kind = $2)
        """,
        list(requests),
        kind,
    )
    return {row["request_id"]: row["language"] for row in rows}


async def mark_overdue(tx: Transaction, requests: Collection[UUID]) -> int:
    """Mark those of the requests that are due and not certified; returns how many."""
    return await tx.execute(
        """
        update request
           set overdue_at = $2
         where request_id = any($1::uuid[])
           and certified_at is null
           and overdue_at is null
        """,
        list(requests),
        tx.now,
    )


async def forget_requests(tx: Transaction, requests: Collection[UUID]) -> None:
    """Delete requests that have been closed for long enough."""
    await tx.execute(
        """
        with over as (
            delete from request
             where request_id = any($1::uuid[])
               and destroyed_at is not null
            returning request_id
        )
        delete from scanned where request_id in (select request_id from over)
        """,
        list(requests),
    )


async def registered(tx: Transaction) -> frozenset[str]:
    """Name the services that must answer, by the latest register that this origin has read."""
    found: list[str] | None = await tx.fetchval(
        "select participants from register order by version desc limit 1"
    )
    return frozenset(found or ())
