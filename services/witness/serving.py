"""The witness over HTTP: one route."""

import asyncio
import time
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.tlog.cosignature import MAX_REQUEST_BYTES
from services.witness.witness import Witness

PATH: Final = "/add-checkpoint"
BODY_SECONDS: Final = 20.0


def application(witness: Witness) -> Starlette:
    """Make the application that answers for a witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > MAX_REQUEST_BYTES:
                        return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except TimeoutError:
            return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)
        answer = await run_in_threadpool(witness.add_checkpoint, bytes(body), int(time.time()))
        return Response(answer.body, answer.status, {"content-type": answer.media_type})

    return Starlette(routes=[Route(PATH, add_checkpoint, methods=["POST"])])
