"""W1's limit: the same rows written by bare ASGI and batched inserts, nothing else around them.

`python -m bench.bare DATABASE_URL`. It parses the form, makes the ids, and writes what many posts
wait for in one transaction, a statement a table; two writers, an answer after the commit.
"""

import asyncio
import hashlib
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import asyncpg
import uvicorn

from bench.forms import BARE_BIND
from contracts.identifiers import uuid7
from shared.worker import collect_rarely

WRITERS: Final = 2
AT_ONCE: Final = 200
_DAY: Final = timedelta(days=1)
_STATEMENTS: Final = (
    "insert into subject (subject_id) select unnest($1::uuid[])",
    """
    insert into pending (subject_id, email, first_name, last_name, language, wording,
                         wording_version, wording_sha256, button, form, submitted_at)
    select subject_id, email, first_name, last_name, 'en', 'newsletter', 1, sha, 'Send',
           'subscribe', $6
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
           as u (subject_id, email, first_name, last_name, sha)
    """,
    """
    insert into deadline (deadline_id, subject_id, kind, due_at, payload)
    select deadline_id, subject_id, 'unconfirmed', $3, '{}'
      from unnest($1::uuid[], $2::uuid[]) as u (deadline_id, subject_id)
    """,
    """
    insert into mail (mail_id, subject_id, kind, template, language, message_id, parameters,
                      next_try_at, tries, give_up_at)
    select mail_id, subject_id, 'confirm', 'confirm', 'en', mail_id::text, '{}',
           clock_timestamp(), 0, $3
      from unnest($1::uuid[], $2::uuid[]) as u (mail_id, subject_id)
    """,
    """
    insert into token (token_sha256, subject_id, purpose, expires_at)
    select token_sha256, subject_id, 'resend', $3
      from unnest($1::bytea[], $2::uuid[]) as u (token_sha256, subject_id)
    """,
    """
    insert into answer (form_sha256, entries_hmac, location, expires_at)
    select form_sha256, entries_hmac, location, $4
      from unnest($1::bytea[], $2::bytea[], $3::bytea[])
           as u (form_sha256, entries_hmac, location)
    """,
)
Post = tuple[dict[bytes, list[bytes]], asyncio.Future[str]]


class Bare:
    """The application, and its writers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._posts: list[Post] = []
        self._some = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one post with where to go, or anything else with nothing."""
        if scope["type"] != "http":
            await self._lifespan(receive, send)
            return
        location = ""
        if scope["method"] == "POST":
            body = (await receive())["body"]
            done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._posts.append((parse_qs(body), done))
            self._some.set()
            location = await done
        headers = [(b"location", location.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        writers = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for writer in writers:
            writer.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _write(self) -> None:
        connection = await asyncpg.connect(
            self._url, server_settings={"plan_cache_mode": "force_custom_plan"}
        )
        while True:
            await self._some.wait()
            some, self._posts = self._posts[:AT_ONCE], self._posts[AT_ONCE:]
            if not self._posts:
                self._some.clear()
            if some:
                await _store(connection, some)


async def _store(connection: Any, posts: list[Post]) -> None:
    now = datetime.now(UTC)
    subjects: list[UUID] = [uuid4() for _ in posts]
    tokens = [secrets.token_urlsafe(32) for _ in posts]
    fields = [entries for entries, _ in posts]

    def column(name: bytes) -> list[str]:
        return [entries[name][0].decode() for entries in fields]

    digests = [hashlib.sha256(token.encode()).digest() for token in tokens]
    ids = [hashlib.sha256(entries[b"form_id"][0]).digest() for entries in fields]
    rows = (
        (subjects,),
        (subjects, *map(column, (b"email", b"first_name", b"last_name", b"consent")), now),
        ([uuid7() for _ in posts], subjects, now + _DAY),
        ([uuid7() for _ in posts], subjects, now + _DAY),
        (digests, subjects, now + _DAY),
        (ids, digests, [token.encode() for token in tokens], now + _DAY),
    )
    async with connection.transaction():
        for statement, values in zip(_STATEMENTS, rows, strict=True):
            await connection.execute(statement, *values)
    for (_, done), token in zip(posts, tokens, strict=True):
        done.set_result(f"/en/newsletter/sent/{token}")


if __name__ == "__main__":
    host, _, port = BARE_BIND.rpartition(":")
    collect_rarely()  # as ours does
    uvicorn.run(
        Bare(sys.argv[1]), host=host, port=int(port), access_log=False, log_level="critical"
    )
