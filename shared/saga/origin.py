"""The origin's side of the saga: it resolves requests, follows them and forgets them last."""

import asyncio
from typing import Final

from shared.consumer.ready import Ready
from shared.crash import crash
from shared.database import Database, is_transient
from shared.logs import log
from shared.saga.claim_route import claim_router
from shared.saga.following import OVER, end_aliases, origin_reactions, settle_mails
from shared.saga.opening import Opening, Scope, open_request, open_requests

__all__ = [
    "Opening",
    "Scope",
    "claim_router",
    "end_aliases",
    "keep_ending",
    "open_request",
    "open_requests",
    "origin_reactions",
    "settle_mails",
]

POLL_S: Final = 0.2


async def keep_ending(database: Database, ready: Ready) -> None:
    """End aliases of requests that are over, whenever `ready` is open, until cancelled."""
    while True:
        await ready.wait()
        try:
            ended = 0
            if await database.look(OVER):
                async with database.begin() as tx:
                    ended = await end_aliases(tx)
                    if ended:
                        crash("origin:before-alias-end")
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("aliases-wait", error=error)
            ended = 0
        if not ended:
            await asyncio.sleep(POLL_S)
