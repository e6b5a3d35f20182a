"""The claim check's other side: an origin tells a participant what requests are about.

Never logged; every call is audited in the transaction that reads. A caller asks with its own
credential, for its own slice, and only until its verified receipt was seen here; a verifier until
its scan was.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.identifiers import uuid7
from shared.consumer.ready import ready_until
from shared.database import Transaction
from shared.errors import Refused, TooMany
from shared.saga.claim_client import path_of
from shared.saga.credentials import Callers
from shared.saga.decisions import EVERYTHING, MAX_CLAIMS, Answer, Standing, answer_claim
from shared.web import transaction, web_of

VERIFIER_SUFFIX = "_verifier"
MAX_CALLS_A_MINUTE = 6_000  # of one caller: a mass erasure makes a few a second


class BadClaim(Refused):
    """Ask with {"requests": [...]}: at most 500 request ids."""

    status = 422
    problem = "bad-claim"


def claim_router(origin: str) -> APIRouter:
    """Make the internal route of the service `origin`."""
    router = APIRouter()
    pace = Pace()

    @router.post(path_of(origin))
    async def aliases(request: Request) -> Response:
        """Answer for each id: its aliases, `gone`, or `later`."""
        caller = Callers(web_of(request).settings).caller_of(request)
        pace.count(caller)
        ids = read_ids(await request.body())
        async with transaction(request, origin) as tx:
            answers = await resolve(tx, caller, ids)
        return Response(orjson.dumps(answers), media_type="application/json")

    return router


class Pace:
    """Counts each caller's calls by the minute. Raises TooMany above the limit."""

    def __init__(self, limit: int = MAX_CALLS_A_MINUTE) -> None:
        self._limit = limit
        self._minute = 0
        self._calls: defaultdict[str, int] = defaultdict(int)

    def count(self, caller: str) -> None:
        """Count one call."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._calls = minute, defaultdict(int)
        self._calls[caller] += 1
        if self._calls[caller] > self._limit:
            raise TooMany


async def resolve(
    tx: Transaction, caller: str, requests: Sequence[UUID]
) -> dict[str, dict[str, Any]]:
    """Decide and audit what a caller learns about each request."""
    service = caller.removesuffix(VERIFIER_SUFFIX)
    ready = await ready_until(tx) > tx.now
    rows = await tx.fetch(
        """
        select r.request_id, r.scope, a.attempt, a.receipt_sha256, a.remaining,
               a.verified_at, s.scanned_at,
               l.kind, l.address, l.alias_subject,
               $2 = any(r.participants || r.extended)
                   or exists (select from register g where $2 = any(g.participants)) as registered
          from request r
          left join slice_answer a on a.request_id = r.request_id and a.service = $2
          left join scanned s on s.request_id = r.request_id and s.service = $2
          left join alias l on l.request_id = r.request_id
                           and (l.kind = 'address' or l.service = $2)
         where r.request_id = any($1::uuid[])
           and exists (select from alias where alias.request_id = r.request_id)
        """,
        list(requests),
        service,
    )
    known: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        known[row["request_id"]].append(row)
    decided = {
        request: _decide(caller, service, known.get(request, []), ready=ready)
        for request in requests
    }
    await audit(tx, caller, decided)
    return {
        str(request): _body(answer, known.get(request, [])) for request, answer in decided.items()
    }


def _decide(caller: str, service: str, rows: Sequence[Any], *, ready: bool) -> Answer:
    if not rows:
        return answer_claim(service, (), None, has_aliases=False, ready=ready)
    first = rows[0]
    standing = None
    if first["receipt_sha256"] is not None:
        standing = Standing(
            first["receipt_sha256"], first["attempt"], settled(first, scans=caller != service)
        )
    scope = EVERYTHING if first["scope"] is None else first["scope"]
    # `everything` is every participant, not every caller. One that the origin has not yet read of
    # in the register asks again.
    ready = ready and first["registered"]
    return answer_claim(service, scope, standing, has_aliases=True, ready=ready)


def settled(row: Mapping[str, Any], *, scans: bool) -> bool:
    """Say whether a caller has nothing more to do with the slice's latest receipt.

    Who `scans` (a verifier) has looked through every column too. A scan that came later than what
    a verifier had still found says that it is gone.
    """
    scanned, verified = row["scanned_at"], row["verified_at"]
    if verified is None or (scans and scanned is None):
        return False
    return row["remaining"] == 0 or (scanned is not None and scanned > verified)


def _body(answer: Answer, rows: Sequence[Any]) -> dict[str, Any]:
    if answer is not Answer.ALIASES:
        return {answer.value: True}
    return {
        "aliases": [
            {"kind": row["kind"], "address": row["address"]}
            if row["kind"] == "address"
            else {"kind": row["kind"], "subject": str(row["alias_subject"])}
            for row in rows
            if row["kind"] is not None
        ]
    }


async def audit(tx: Transaction, caller: str, decided: Mapping[UUID, Answer]) -> None:
    """Write down who asked about which ids, and what they learned, in the transaction that read."""
    told: defaultdict[Answer, list[UUID]] = defaultdict(list)
    for request, answer in decided.items():
        told[answer].append(request)
    await tx.executemany(
        """
        insert into claim_audit (claim_id, caller, answer, request_ids, asked_at)
        values ($1, $2, $3, $4, $5)
        """,
        [(uuid7(), caller, answer.value, ids, tx.now) for answer, ids in told.items()],
    )


def read_ids(body: bytes) -> list[UUID]:
    """Read the ids. Raises BadClaim."""
    try:
        content = orjson.loads(body)
        ids = [UUID(each) for each in content["requests"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadClaim from None
    if len(content) != 1 or not 0 < len(ids) <= MAX_CLAIMS:
        raise BadClaim
    return list(dict.fromkeys(ids))
