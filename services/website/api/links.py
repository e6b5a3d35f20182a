"""The seam to sign-in: the account's service says which browser signed in (R-LOG-06)."""

from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from services.website import grants, store
from services.website.rules.choices import NOTHING, SAID, Signals, Visitor
from services.website.settings import ANALYTICS, SERVICE
from shared.errors import NotAllowed
from shared.saga.credentials import Callers
from shared.web import read_json, transaction, web_of
from shared.web.visitors import PATH

router = APIRouter()
LINKING = frozenset({"registration"})


class Link(BaseModel):
    """What a caller says: the cookie `choices` as its route got it, and the account's random id."""

    model_config = ConfigDict(extra="forbid")

    choices: str
    account_id: UUID


@router.post(PATH)
async def link(request: Request) -> Response:
    """Link a visitor to an account if the visitor agreed to that; say whether there is a link."""
    if Callers(web_of(request).settings).caller_of(request) not in LINKING:
        raise NotAllowed
    asked = await read_json(request, Link)
    match = SAID.fullmatch(asked.choices)
    key = match[2] if match and match[2] != NOTHING else None
    linked = False
    if key is not None:
        async with transaction(request, SERVICE) as tx:
            live = await grants.live(tx, key, web_of(request).pages.wordings[SERVICE])
            visitor = Visitor(Signals(asked=True, key=key), live)
            if visitor.may(ANALYTICS):
                subject = live[ANALYTICS].subject_id
                linked = await store.link(tx, subject, asked.account_id, ANALYTICS)
    return Response(orjson.dumps({"linked": linked}), media_type="application/json")
