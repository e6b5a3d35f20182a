"""The pool of the role that may delete, in a web process: an origin acts at once."""

from typing import Final

from starlette.requests import Request

from contracts.vocabulary import Role
from shared.database import Database
from shared.keys import signer_for
from shared.outbox.wake import WakeElsewhere
from shared.web import web_of

POOL: Final = 4


async def eraser_of(request: Request, service: str) -> Database:
    """Return a service's database as role `eraser`, connecting at first use."""
    web, name = web_of(request), f"{service}/eraser"
    found = web.databases.get(name)
    if found is None:
        async with web.connecting:
            found = web.databases.get(name)
            if found is None:
                signer = signer_for(web.settings, service, Role.SERVICE)
                found = await Database.connect(
                    web.settings, service, "eraser", signer=signer, size=POOL
                )
                # The relay is in the worker: it hears of a commit here by a datagram.
                found.outbox_written = WakeElsewhere(web.settings, service)
                web.databases[name] = found
    return found
