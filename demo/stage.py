"""What all chapters share: the running system, browsers, commands, and the search for names."""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import orjson

from contracts.topics import TOPICS
from demo.checks import Checks
from demo.people import ADA, BEN, CLEO, EMIL, Cast, Member
from demo.person import Person
from shared.search.files import in_files
from shared.search.places import Found, in_databases, in_topics
from shared.settings import Settings

COMMAND_TIMEOUT_S = 120.0
HTTP_TIMEOUT_S = 15.0
PATIENCE_S = 60.0
POLL_S = 0.05
WORD = re.compile(r"[a-z][a-z-]*")


@dataclass
class Stage:
    """Everything the chapters share."""

    settings: Settings
    databases: Sequence[str]
    environment: dict[str, str]
    checks: Checks

    @asynccontextmanager
    async def cast(self) -> AsyncIterator[Cast]:
        """Give everybody a browser of their own."""
        async with AsyncExitStack() as open_:
            browsers = [await open_.enter_async_context(self.browser()) for _ in range(5)]
            ada, ben, cleo, emil, nobody = browsers
            yield Cast(
                Member(ada, ADA),
                Member(ben, BEN),
                Member(cleo, CLEO),
                Member(emil, EMIL),
                Person(nobody, ""),
            )

    def browser(self) -> httpx2.AsyncClient:
        """Give a browser without any cookie."""
        return httpx2.AsyncClient(
            base_url=self.settings.public_url, timeout=HTTP_TIMEOUT_S, trust_env=False
        )

    def led(self, what: str, answer: httpx2.Response, part: str) -> None:
        """Say that a form led to the page whose path has `part`."""
        seen = f"HTTP {answer.status_code}, /{'/'.join(answer.url.path.split('/')[1:4])}"
        self.checks.holds(what, true=answer.is_success and part in answer.url.path, seen=seen)

    async def command(self, what: str, *arguments: str, typed: str = "") -> str:
        """Run one of our commands as its user would; gives what it printed."""
        words = [one for one in arguments[:2] if WORD.fullmatch(one)]
        called = " ".join(("expunge", *words))
        return await self.process(
            what, sys.executable, "-m", "services.cli", *arguments, typed=typed, called=called
        )

    async def ask(self, what: str, *arguments: str, typed: str = "") -> dict[str, Any]:
        """Run one of our commands for its JSON."""
        told = await self.command(what, *arguments, "--json", typed=typed)
        answer: dict[str, Any] = orjson.loads(told)
        return answer

    async def process(self, what: str, *arguments: str, typed: str = "", called: str = "") -> str:
        """Run a process to its end. Raises DoesNotHold unless it exits with 0."""
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            out, err = await process.communicate(typed.encode())
        failed = f"exit code {process.returncode} {err.decode()[-400:]}"
        seen = failed if process.returncode else called or "exit code 0"
        self.checks.holds(what, true=process.returncode == 0, seen=seen)
        return out.decode()

    async def rows(self, service: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask a database as its administrator, who sees everything."""
        server = self.settings.admin_url().rpartition("/")[0]
        connection = await asyncpg.connect(f"{server}/{self.settings.database(service)}")
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def come(self, what: str, check: Callable[[], Awaitable[object]], *, seen: str) -> None:
        """Wait until something is so, and say it. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE_S
        while not await check():
            if time.monotonic() > end:
                message = f"this did not come true in {PATIENCE_S:.0f} s: {what}"
                raise TimeoutError(message)
            await asyncio.sleep(POLL_S)
        self.checks.holds(what, true=True, seen=seen)

    async def none_left(self, what: str, service: str, table: str, *, seen: str) -> None:
        """Wait until a table is empty, and say it."""

        async def empty() -> bool:
            return not await self.rows(service, f"select from {table}")

        await self.come(what, empty, seen=seen)

    async def everywhere(self, markers: Sequence[str]) -> list[Found]:
        """Search databases, planner statistics, topics and logs."""
        server = self.settings.admin_url().rpartition("/")[0]
        names = [self.settings.database(name) for name in self.databases]
        topics = [self.settings.topic(name) for name in TOPICS]
        return [
            *await in_databases(server, names, markers),
            *await in_topics(self.settings.kafka, topics, markers),
            *in_files(self.settings.state / "logs", markers),
        ]


def places(found: Sequence[Found]) -> str:
    """Say where somebody is named."""
    return ", ".join(f"{one.place.replace(':public.', ': ')} ({one.count})" for one in found)
