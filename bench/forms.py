"""W1, forms: posts of the newsletter's form, each answered after its commit."""

import asyncio
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

import httpx2

from bench.gate import holds
from bench.place import Admin
from bench.processes import Processes
from bench.rounds import Case, GateFailed, Result, Round, Turn
from services.newsletter.declaration import SERVICE
from services.newsletter.forms import SUBSCRIBE
from shared.settings import Settings
from shared.web.form_ids import FormIds
from shared.web.language import Language
from shared.web.wordings import read_wordings

POSTS = 3_000
CONNECTIONS = 64
BARE_BIND = "127.0.0.1:58099"
LIMIT = "bare ASGI that inserts the same rows of many posts at once"
TABLES = ("subject", "pending", "deadline", "mail", "token", "answer")
READY_S = 30.0
CASE = Case(
    name="W1",
    what="newsletter form: validation, origin check, rate limit, wording, form id, queued mail",
    unit="forms/s",
    limit=LIMIT,
    floor=0.3,
    goal=0.65,
    setting={
        "posts": POSTS,
        "client connections": CONNECTIONS,
        "rows of a post": len(TABLES),
        "processes": "1 of ours, 1 of the limit, 1 client",
        "database connections": "8 of ours, 2 of the limit",
    },
)


async def forms(settings: Settings, rounds: int, advance: Callable[[], None]) -> list[Result]:
    """Take turns; a round counts only if every post wrote each of its rows once."""
    result = Result(CASE)
    processes = Processes(settings)
    try:
        processes.start("forms", ("serve", SERVICE.name))
        processes.start_module("bare", "bench.bare", settings.database_url(SERVICE.name, "app"))
        await _ready(settings)
        for number in range(-1, rounds):  # the first one warms both up
            limit = await _turn(settings, BARE_BIND) if number % 2 else None
            ours = await _turn(settings, settings.bind)
            limit = limit or await _turn(settings, BARE_BIND)
            if number >= 0:
                result.rounds.append(Round(ours, limit))
                advance()
    except GateFailed as error:
        result.wrong = str(error)
    finally:
        processes.stop()
    return [result]


async def _ready(settings: Settings) -> None:
    async with asyncio.timeout(READY_S), httpx2.AsyncClient(trust_env=False) as client:
        for bind in (settings.bind, BARE_BIND):
            while True:
                try:
                    await client.get(f"http://{bind}/healthz")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)


def requests_for(settings: Settings, bind: str, count: int) -> list[bytes]:
    """Write whole requests as a browser on a page of ours sends them, each of another person."""
    form_ids = FormIds(settings.make_secret("web/forms").encode())
    wording = read_wordings(SERVICE.folder).current("newsletter", Language.EN).sha256
    path = SUBSCRIBE.action.replace("{lang}", "en")
    found = []
    for _ in range(count):
        body = urlencode(
            {
                "email": f"{secrets.token_hex(8)}@example.org",
                "first_name": "Ada",
                "last_name": "Quillfeather",
                "form_id": form_ids.make(SUBSCRIBE.key),
                "consent": wording,
                "homepage": "",
            }
        ).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {bind}\r\nOrigin: {settings.public_url}\r\n"
            "Sec-Fetch-Site: same-origin\r\nAccept: text/html\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


async def _turn(settings: Settings, bind: str) -> Turn:
    """Send all posts over kept connections; from the first byte to the last answer."""
    posts = requests_for(settings, bind, POSTS)
    async with Admin(settings, SERVICE.name) as connection:
        await connection.execute(f"truncate {', '.join(TABLES)} cascade")
    waiting = list(reversed(posts))
    began = time.perf_counter()
    await asyncio.gather(*(_connection(bind, waiting) for _ in range(CONNECTIONS)))
    seconds = time.perf_counter() - began
    await _stored(settings)
    return Turn(POSTS, seconds)


async def _connection(bind: str, waiting: list[bytes]) -> None:
    host, port = bind.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        while waiting:
            writer.write(waiting.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            holds("a post is answered 303", true=head.startswith(b"HTTP/1.1 303"), seen=head[:40])
    finally:
        writer.close()


async def _stored(settings: Settings) -> None:
    async with Admin(settings, SERVICE.name) as connection:
        for table in TABLES:
            count = await connection.fetchval(f"select count(*) from {table}")
            holds(f"rows of {table} are {POSTS}", true=count == POSTS, seen=count)
