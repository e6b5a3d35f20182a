"""The drill: back up, let somebody be erased, restore, and see that nobody comes back (R-SEC-01).

It runs on servers of its own in a folder of its own: the same processes and commands as
everywhere, invented people at example.org, and no mail leaves the machine.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import httpx2

from contracts.messages import ErasureCertified, SliceErased, parse, split_lines
from contracts.topics import ERASURE_SERVICE, TOPICS
from services import registry
from services.backup.public_log import Copy
from services.backup.restoring import restore
from services.backup.taking import back_up, databases_of
from services.erasure.audit.broker import BrokerSource
from services.operate import remove_state
from services.up import answers_ok, as_environment, our_children, settings_of_its_own, system
from shared.keys import load_trust
from shared.search.places import in_databases, in_topics
from shared.settings import Settings
from shared.stack.display import Display
from shared.stack.supervisor import Supervisor
from shared.visitor.leaving import leave
from shared.visitor.person import Person

PATIENCE_S: Final = 120.0
POLL_S: Final = 0.1
OURS: Final = ("web", "verifiers", "ledger", "workers")
GONE: Final = "drill.gone@example.org"
KEPT: Final = "drill.kept@example.org"


@dataclass
class Drilled:
    """What the drill found: each sentence with whether it holds."""

    checks: dict[str, bool] = field(default_factory=dict)
    second: list[str] = field(default_factory=list)  # who signed another word for the same thing

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return all(self.checks.values())


@dataclass(frozen=True)
class Drill:
    """A running system of its own."""

    settings: Settings
    supervisor: Supervisor
    say: Callable[[str], None]

    async def run(self, folder: Path) -> Drilled:
        """Go through all of it; the backup goes to `folder`. Raises TimeoutError, NoForm."""
        drilled = Drilled()
        url = self.settings.public_url
        async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as browser:
            people = [Person(browser, address) for address in (GONE, KEPT)]
            for one in people:
                await subscribe(one)
            self.say("Two people subscribed; backing up")
            await back_up(self.settings, folder)
            await leave(people[0])
            await self.nothing_waits()
            before, copy = await self.signed(), await self.published()
            mails = [len(await one.mails()) for one in people]
            self.say("One of them was erased since; restoring the backup")
            await self.restore(folder, drilled)
            self.say("Caught up; looking")
            same = mails == [len(await one.mails()) for one in people]
            drilled.checks["nobody got a mail"] = same
        await self.look(before, drilled)
        await self.look_at_log(copy, drilled)
        return drilled

    async def restore(self, folder: Path, drilled: Drilled) -> None:
        """Put everything back to the backup, and let it catch up."""
        url = f"{self.settings.public_url}/readyz"
        for name in OURS:
            self.supervisor.stop_child(name)
        await restore(self.settings, folder)
        drilled.checks["the backup brought the erased person back"] = await self.names(GONE)
        await self.start_web()
        unready = not await asyncio.to_thread(answers_ok, url)
        drilled.checks["nothing is ready before it has caught up"] = unready
        self.start_rest()

        async def caught_up() -> bool:
            return await asyncio.to_thread(answers_ok, url)

        await come(caught_up, "every service has caught up")
        await self.nothing_waits()

    async def look(self, before: Mapping[str, int], drilled: Drilled) -> None:
        """See that nobody is back, and that nothing was said in another way than before."""
        after = await self.signed()
        drilled.second = sorted(key for key, count in after.items() if before.get(key) != count)
        once = len(before) > len(registry.participants()) and set(before.values()) == {1}
        drilled.checks |= {
            "the erased person is in no table and no topic": not await self.names(GONE),
            "who was not erased is still here": await self.names(KEPT),
            "no second certificate and no second receipt was signed": once and not drilled.second,
            "the auditor's replay finds nothing": await self.replayed(),
        }

    async def published(self) -> Copy:
        """Copy the published log once everything that was said is in it."""
        found: Copy | None = None

        async def whole() -> bool:
            nonlocal found
            found = await asyncio.to_thread(Copy.of, self.settings.state / "log")
            connection = await asyncpg.connect(self._url(ERASURE_SERVICE))
            try:
                waits = await connection.fetchval(
                    "select exists (select from log_leaf where log_index is null)"
                )
                size = await connection.fetchval("select max(size) from log_checkpoint")
            finally:
                await connection.close()
            return found is not None and not waits and found.head.size == size

        await come(whole, "the whole log is published")
        if found is None:
            raise TimeoutError
        return found

    async def look_at_log(self, copy: Copy, drilled: Drilled) -> None:
        """See that the restored database goes on with the log that was published."""
        address, keys = f"{self.settings.public_url}/log", load_trust(self.settings)

        async def there() -> bool:
            return await asyncio.to_thread(copy.goes_on, address, keys)

        with contextlib.suppress(TimeoutError):
            await come(there, "the log has caught up")
        same = await asyncio.to_thread(copy.is_served, address)
        drilled.checks |= {
            "the public log goes on from the head of before": await there(),
            "what was published of the log is served with the same bytes": same,
        }

    async def start_web(self) -> None:
        """Start the web alone: nobody vouches for the databases yet."""
        for child in our_children(self.settings, as_environment(self.settings)):
            if child.name == "web":
                self.supervisor.start(replace(child, ready=lambda: True), wait=False)
        alive = f"{self.settings.public_url}/healthz"

        async def answers() -> bool:
            return await asyncio.to_thread(answers_ok, alive)

        await come(answers, "the web answers")

    def start_rest(self) -> None:
        """Start workers and verifiers."""
        for child in our_children(self.settings, as_environment(self.settings)):
            if child.name != "web":
                self.supervisor.start(child, wait=False)

    async def nothing_waits(self) -> None:
        """Wait until no saga is open, no alias is left, and everything told is sent."""
        asked = {one.name: ["select from outbox"] for one in registry.with_database()}
        for one in registry.with_database():
            if one.participant:
                asked[f"{one.name}_verifier"] = ["select from outbox", "select from looking"]
            if one.origin:
                asked[one.name].append("select from alias")
        asked[ERASURE_SERVICE].append("select from open_saga")

        async def nothing() -> bool:
            for name, questions in asked.items():
                if await self._any(name, questions):
                    return False
            return True

        await come(nothing, "every saga is closed")

    async def _any(self, service: str, questions: list[str]) -> bool:
        connection = await asyncpg.connect(self._url(service))
        try:
            return any([await connection.fetch(sql + " limit 1") for sql in questions])
        finally:
            await connection.close()

    def _url(self, service: str) -> str:
        admin = urlsplit(self.settings.admin_url())
        return admin._replace(path=f"/{self.settings.database(service)}").geturl()

    async def names(self, address: str) -> bool:
        """Say whether a table, a planner's statistic or a message names somebody."""
        server = self.settings.admin_url().rpartition("/")[0]
        databases = [self.settings.database(name) for name in databases_of(())]
        topics = [self.settings.topic(name) for name in TOPICS]
        return bool(
            await in_databases(server, databases, [address])
            or await in_topics(self.settings.kafka, topics, [address])
        )

    async def signed(self) -> dict[str, int]:
        """Count the different certificates of each request, and receipts of each slice, ever."""
        told: dict[str, set[bytes]] = {}
        for value in await self._values():
            for line in split_lines(value):
                one = parse(line).message
                if isinstance(one, ErasureCertified):
                    told.setdefault(f"{one.request_id}", set()).add(one.certificate_sha256.encode())
                elif isinstance(one, SliceErased) and one.request_id:
                    key = f"{one.request_id}/{parse(line).source}"
                    told.setdefault(key, set()).add(bytes(line))
        return {key: len(lines) for key, lines in told.items()}

    async def _values(self) -> list[bytes]:
        async with BrokerSource(self.settings) as source:
            return [
                entry.value
                for partition in range(len(source.spans))
                async for entry in source.read(partition)
            ]

    async def replayed(self) -> bool:
        """Let the auditor's replay look at everything."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", "audit", "replay", "--json"),
            env={**os.environ, **as_environment(self.settings)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait() == 0


def rehearse(state: Path, display: Display) -> Drilled:
    """Run the drill in a state folder of its own, made anew and removed when it went through.

    Raises StackError where a server or a process does not start, TimeoutError, NoForm.
    """
    from services.cli import run  # noqa: PLC0415 (the commands that prepare are the CLI's own)

    remove_state(state)
    kept = dict(os.environ)
    settings = settings_of_its_own(state)
    try:
        with system(settings, run, display) as supervisor, TemporaryDirectory() as folder:
            drill = Drill(settings, supervisor, display.say)
            drilled = asyncio.run(drill.run(Path(folder)))
    finally:
        os.environ.clear()
        os.environ.update(kept)
    remove_state(state)
    return drilled


async def subscribe(person: Person) -> None:
    """Subscribe to the newsletter and confirm it from the mailbox."""
    await person.fill("/en/newsletter/subscribe", {"email": person.address})
    await person.fill(await person.link("/newsletter/confirm/"))


async def come(check: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is so. Raises TimeoutError naming it."""
    until = time.monotonic() + PATIENCE_S
    while not await check():
        if time.monotonic() > until:
            message = f"this did not come true in {PATIENCE_S:.0f} s: {what}"
            raise TimeoutError(message)
        await asyncio.sleep(POLL_S)
