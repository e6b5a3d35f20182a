"""A change of an account, told to those who hold copies (GDPR Art. 16, 19; R-ACC-10).

The topic says which fields, under a random id. Whose data it was, this service says to those who
may know, when they ask with the id (claim check): the addresses, never a value. A service that
finds somebody at such an address then tells that person; nobody else's copy is changed (R-EV-01).
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.messages import DataRectified
from contracts.vocabulary import PersonField
from services.registration.settings import SERVICE
from services.registration.store import changes
from shared.consumer.lines import AnyLine
from shared.crash import crash
from shared.database import Transaction
from shared.errors import NotAllowed
from shared.logs import log
from shared.saga.claim_client import changes_path
from shared.saga.claim_route import audit, read_ids
from shared.saga.credentials import Callers
from shared.saga.decisions import Answer
from shared.web import require_caught_up, transaction, web_of

ASKING: Final = frozenset({"events"})  # hold copies that were filled in from an account
ANSWERED_FOR: Final = timedelta(days=30)  # of the change: later, nobody is told any more

router = APIRouter()


async def publish(tx: Transaction, subject_id: UUID, names: Collection[PersonField]) -> None:
    """Note a change that this transaction makes, and tell the others of it."""
    change_id = await changes.note(tx, subject_id, names)
    tx.on_commit(lambda: crash("web:after-commit"))
    tx.tell(DataRectified(rectification_id=change_id, fields=tuple(names), rectified_at=tx.now))


@router.post(changes_path(SERVICE))
async def whose(request: Request) -> Response:
    """Answer for each change: the addresses of its account, `gone`, or `later`."""
    caller = Callers(web_of(request).settings).caller_of(request)
    if caller not in ASKING:
        raise NotAllowed
    ids = read_ids(await request.body())
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        known = await changes.concerned(tx, ids, tx.now - ANSWERED_FOR)
        decided = {one: _decide(known.get(one)) for one in ids}
        await audit(tx, caller, decided)
    answers = {str(one): _body(answer, known.get(one)) for one, answer in decided.items()}
    return Response(orjson.dumps(answers), media_type="application/json")


def _decide(found: changes.Concerned | None) -> Answer:
    """Say what a caller learns: of somebody whose data is restricted nothing for now (Art. 18)."""
    if found is None:
        return Answer.GONE
    return Answer.LATER if found.restricted else Answer.ALIASES


def _body(answer: Answer, found: changes.Concerned | None) -> dict[str, Any]:
    if answer is not Answer.ALIASES or found is None:
        return {answer.value: True}
    return {"aliases": [{"kind": "address", "address": one} for one in found.addresses]}


async def freeze_outdated(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """React to one's own data-rectified: a restored backup holds the values from before.

    No message has the new ones, so nothing is done with the account until somebody has seen to it.
    In ordinary running its id is used up when the line is read, and this does nothing.
    """
    mine = [line.message for line in lines if line.event.source == tx.service]
    if mine and (count := await changes.freeze(tx, {m.rectification_id: m.fields for m in mine})):
        log.warning("outdated-frozen", service=tx.service, count=count)
