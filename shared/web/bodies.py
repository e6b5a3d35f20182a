"""Bodies of requests: how long, how big, how encoded; read whole before any route runs."""

import asyncio

from starlette.types import Message, Receive, Scope

from shared.web.problems import (
    AmbiguousLength,
    BodyTooLarge,
    BodyTooSlow,
    Compressed,
    NotUnderstood,
)

MAX_FORM_BYTES = 64 * 1024
MAX_JSON_BYTES = 256 * 1024


def check_headers(scope: Scope) -> None:
    """Refuse what may be read in two ways (RFC 9112 section 6.3) or is compressed.

    Raises AmbiguousLength, NotUnderstood or Compressed.
    """
    names = [name for name, _ in scope["headers"]]
    if names.count(b"content-length") > 1 or (
        b"content-length" in names and b"transfer-encoding" in names
    ):
        raise AmbiguousLength
    if names.count(b"content-type") > 1 or "\0" in scope["path"]:
        raise NotUnderstood
    if header(scope, b"content-encoding") not in {b"", b"identity"}:
        raise Compressed


async def read_body(scope: Scope, receive: Receive, seconds: float) -> bytes:
    """Read a whole body within its size and time; both hold however it is sent.

    Raises BodyTooLarge, BodyTooSlow, or NotUnderstood if the client went away.
    """
    limit = MAX_JSON_BYTES if b"json" in header(scope, b"content-type") else MAX_FORM_BYTES
    length = header(scope, b"content-length")
    if not length and not header(scope, b"transfer-encoding"):
        return b""
    if length.isdigit() and int(length) > limit:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, limit)
    except TimeoutError:
        raise BodyTooSlow from None


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to whoever reads it next."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def header(scope: Scope, name: bytes) -> bytes:
    """Return a header's value in lower case; empty if it is not there."""
    return next((value.strip().lower() for one, value in scope["headers"] if one == name), b"")


async def _collect(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotUnderstood
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
