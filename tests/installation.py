"""A whole installation on the stack of the run: our real processes, started, killed, restarted."""

import asyncio
import base64
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import orjson

from contracts.topics import TOPICS
from demo.person import Person
from services import registry
from shared.crash import FREEZE, POINTS
from shared.database.migrations import apply_schemas
from shared.keys import apply_keys
from shared.keys.first import publish_first
from shared.mail.mailer import DKIM_KEY
from shared.mail.signature import make_dkim_key
from shared.outbox.topics import apply as apply_topics
from shared.search.files import in_files
from shared.search.places import in_databases, in_topics
from shared.settings import Settings
from shared.stack import Stack
from shared.stack.ports import free_ports
from tests.conftest import as_environment
from tests.processes import Process, fork, fresh, run

Layout = Mapping[str, tuple[str, ...]]
BESIDE = tuple(one.name for one in registry.with_database() if one.name != "newsletter")
OTHERS = ("work", *BESIDE)  # a worker for all but the newsletter, which has its own
ALL_TOGETHER: Layout = {"web": ("serve",), "workers": ("work",), "verifiers": ("verify-slices",)}
PATIENCE_S = 60.0
POLL_S = 0.05
SESSION_MS = 2_000
LEASE_S = 2


async def eventually(check: Any, what: str) -> Any:
    """Await until `check` (a coroutine function) gives something true. Raises TimeoutError."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await check()):  # noqa: ASYNC110 - any condition, not an event
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        message = f"this did not come true in {PATIENCE_S:.0f} s: {what}"
        raise TimeoutError(message) from None
    return found


@dataclass
class Installation:
    """Settings, processes by name, and a browser at the public listener.

    Its processes are forks (tests/processes.py); with `anew` each is a fresh interpreter.
    """

    stack: Stack
    settings: Settings
    environment: dict[str, str]
    layout: Layout = field(default_factory=lambda: ALL_TOGETHER)
    processes: dict[str, Process] = field(default_factory=dict)
    anew: bool = False

    @classmethod
    async def make(
        cls, stack: Stack, settings: Settings, layout: Layout = ALL_TOGETHER
    ) -> "Installation":
        """Prepare databases, topics, keys and register, as an operator does; start nothing.

        `layout` gives each process its name and the command that it runs.
        """
        public, internal = free_ports(2)
        settings = settings.model_copy(
            update={
                "bind": f"127.0.0.1:{public}",
                "internal_bind": f"127.0.0.1:{internal}",
                "public_url": f"http://localhost:{public}",
                "internal_url": f"http://127.0.0.1:{internal}",
            }
        )
        await apply_schemas(settings, registry.schemas())
        await apply_topics(settings)
        services = [service.name for service in registry.with_database()]
        apply_keys(settings, services, registry.participants())
        make_dkim_key(settings.secrets / DKIM_KEY)
        await publish_first(settings, registry.participants())
        (settings.state / "logs").mkdir(parents=True, exist_ok=True)
        (settings.state / "inbox").symlink_to(stack.inbox.folder)
        return cls(stack, settings, _environment(settings), layout)

    def start(self, *names: str, **changes: str) -> None:
        """Start processes by name, all without a name; `changes` are variables that differ."""
        for name in names or self.layout:
            member = f"{self.settings.namespace}{name}"
            crash_at = f"@{self._crash_file(name)}"
            ours = {"EXPUNGE_MEMBER": member, "EXPUNGE_CRASH_AT": crash_at}
            environment = self.environment | ours | changes
            begin = fresh if self.anew else fork
            with (self.settings.state / "logs" / f"{name}.log").open("ab") as log:
                process = begin(self.layout[name], environment, stdout=log, stderr=log)
            self.processes[name] = process

    async def start_without_broker(self, *names: str) -> None:
        """Start workers that reach no broker, and wait until each has found that out."""
        (nowhere,) = free_ports(1)
        seen = {name: len(self.log(name)) for name in names}
        self.start(*names, EXPUNGE_KAFKA=f"127.0.0.1:{nowhere}")

        async def found_out() -> bool:
            return all(b'"broker-away"' in self.log(name)[size:] for name, size in seen.items())

        await eventually(found_out, "workers say that the broker is away")

    def arm(self, name: str, point: str) -> None:
        """Let a process that runs die the next time it reaches a crash point; empty: disarm."""
        assert not point or point in POINTS
        self._crash_file(name).write_text(point)

    def freeze(self, name: str, point: str) -> None:
        """Let a process stand still when it reaches a point, as on a machine that is paused."""
        assert point in POINTS
        self._crash_file(name).write_text(f"{FREEZE} {point}")

    async def frozen(self, name: str) -> None:
        """Wait until a process stands still at its point."""
        status = Path(f"/proc/{self.processes[name].pid}/stat")

        async def stands_still() -> bool:
            return status.read_text().rpartition(")")[2].split()[0] == "T"  # noqa: ASYNC240 - not a disk

        await eventually(stands_still, f"{name} stands still at its point")

    def thaw(self, name: str) -> None:
        """Let it go on from there."""
        self.arm(name, "")
        self.processes[name].send_signal(signal.SIGCONT)

    def _crash_file(self, name: str) -> Path:
        return self.settings.state / f"crash-{name}"

    async def ready(self) -> None:
        """Wait until every service has caught up and the web says so."""

        async def answers() -> bool:
            self._all_run()
            return await self.readiness() == {}

        await eventually(answers, "readyz answers 200")

    def _all_run(self) -> None:
        dead = {
            name: code for name, one in self.processes.items() if (code := one.poll()) is not None
        }
        assert not dead, f"{dead} ended: {self.log(next(iter(dead)))[-2_000:].decode()}"

    async def readiness(self) -> dict[str, str] | None:
        """Ask the internal readyz: service to reason, empty when ready, None if nobody answers."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                answer = await client.get(f"{self.settings.internal_url}/readyz")
            except httpx2.TransportError:
                return None
        reasons: dict[str, str] = answer.json()["reasons"]
        assert (answer.status_code == 200) is (reasons == {})
        return reasons

    async def killed(self, name: str) -> None:
        """Wait until a process has died of SIGKILL, by its own hand at the crash point."""
        process = self.processes[name]

        async def is_dead() -> bool:
            return process.poll() is not None

        await eventually(is_dead, f"{name} reaches its crash point")
        self.arm(name, "")
        assert process.returncode == -signal.SIGKILL

    def kill(self, *names: str) -> None:
        """Send SIGKILL now."""
        for name in names or tuple(self.processes):
            self.processes[name].kill()
            self.processes[name].wait()

    def log(self, name: str) -> bytes:
        """Give what a process has logged."""
        return (self.settings.state / "logs" / f"{name}.log").read_bytes()

    def stop(self, *names: str) -> None:
        """End processes as an operator does, all without a name."""
        ended = [self.processes[name] for name in names or self.processes]
        for process in ended:
            process.terminate()
        for process in ended:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def browser(self) -> httpx2.AsyncClient:
        """Give a browser at the public listener."""
        url = self.settings.public_url
        return httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def ask(self, service: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask a database as its administrator, who sees everything."""
        split = urlsplit(self.settings.admin_url())
        url = split._replace(path=f"/{self.settings.database(service)}").geturl()
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    async def none_left(self, service: str, sql: str, *arguments: object) -> None:
        """Wait until a question has no row for an answer any more."""

        async def nothing() -> bool:
            self._all_run()
            return not await self.ask(service, sql, *arguments)

        await eventually(nothing, f"no row is left: {sql}")

    async def named(self, *markers: str) -> list[str]:
        """Search databases, planner statistics, topics and logs; gives the places with a marker."""
        settings = self.settings
        names = [service.name for service in registry.with_database()]
        names += [f"{name}_verifier" for name in registry.participants()]
        server = settings.admin_url().rpartition("/")[0]
        topics = [settings.topic(name) for name in TOPICS]
        found = [
            *await in_databases(server, [settings.database(name) for name in names], markers),
            *await in_topics(settings.kafka, topics, markers),
            *in_files(settings.state / "logs", markers),
        ]
        return [one.place for one in found]

    async def closed(self) -> None:
        """Wait until every saga is over: no alias is left, which is the last step."""
        for service in registry.SERVICES:
            if service.origin:
                await self.none_left(service.name, "select from alias")

    async def command(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """Run one of our commands; gives exit code and what it printed on both streams."""
        said = await run(arguments, self.environment, typed=typed, together=True)
        return said.code, said.out


async def subscribe(person: Person, **names: str) -> None:
    """Sign up and confirm, as a person does."""
    path = f"/{person.language}/newsletter/subscribe"
    before = len(await person.mails())
    await person.fill(path, {"email": person.address, **names})
    answer = await person.fill(await person.link("/newsletter/confirm/", after=before))
    assert "/newsletter/confirmed/" in answer.url.path


async def confirm_erasure(person: Person) -> None:
    """Ask for erasure and press the mailed link's button."""
    before = len(await person.mails())
    await person.fill(f"/{person.language}/rights/erase", {"email": person.address})
    await press_erasure(person, await person.link("/rights/confirm/", after=before))


async def press_erasure(person: Person, link: str) -> None:
    """Press the button of the mailed link; the page it leads to may have to wait."""
    answer = await person.fill(link)
    assert [hop.status_code for hop in answer.history] == [303]


async def certificates(person: Person) -> list[dict[str, Any]]:
    """Mails with a certificate in the person's mailbox."""
    return [
        mail
        for mail in await person.mails()
        if any(str(a["filename"]).startswith("certificate") for a in mail["attachments"])
    ]


async def receive_certificate(person: Person) -> bytes:
    """Wait for the certificate's mail; gives the bundle's bytes."""
    mail = (await eventually(lambda: certificates(person), "the certificate's mail"))[-1]
    names = [str(attachment["filename"]) for attachment in mail["attachments"]]
    number = next(i for i, name in enumerate(names) if name.startswith("certificate"))
    return (await person.browser.get(f"/dev/inbox/{mail['id']}/{number}")).content


def certificate_of(bundle: bytes) -> dict[str, Any]:
    """Read the signed statement's predicate out of a bundle."""
    envelope = orjson.loads(base64.b64decode(orjson.loads(bundle)["certificate"]))
    said: dict[str, Any] = orjson.loads(base64.b64decode(envelope["payload"]))["predicate"]
    return said


def _environment(settings: Settings) -> dict[str, str]:
    quick = {
        "EXPUNGE_SESSION_MS": str(SESSION_MS),
        "EXPUNGE_MAIL_LEASE_SECONDS": str(LEASE_S),
        "EXPUNGE_POSTS_PER_NETWORK_AND_MINUTE": "6000",
    }
    return as_environment(settings) | quick
