"""The queue and its mailer against a real database and a real, sometimes unkind, mail server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.consumer.ready import Ready
from shared.database import Database, Transaction, apply
from shared.mail import Delivery, Mail, Mailer, Post, Sender, leased, mail_environment, post, quota
from shared.mail.queue import claim
from shared.mail.transport import Answer, Transport
from shared.settings import Settings
from tests.mail.server import LOSE, Server

LEASE = timedelta(seconds=2)
SENDER = Sender("Example Company", "mail@example.org")


@dataclass
class Office:
    """A service that only sends mails: subjects and their addresses stand in a dictionary."""

    database: Database
    environment_folder: Path
    addresses: dict[UUID, str] = field(default_factory=dict)
    ended: list[tuple[str, str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Be the mailer's gate."""
        await self.gate.wait()

    async def write(self, kind: str = "note", address: str = "ada@example.org") -> UUID:
        """Queue a mail to a new subject."""
        subject_id = uuid4()
        self.addresses[subject_id] = address
        async with self.database.begin() as tx:
            await tx.execute(
                "insert into subject (subject_id, begun_at, address_since) values ($1, $2, $2)",
                subject_id,
                tx.now,
            )
            await post(
                tx,
                kind=kind,
                template="note",
                language="en",
                subject_id=subject_id,
                give_up_at=tx.now + timedelta(hours=1),
            )
        return subject_id

    async def resolve(self, _tx: Transaction, mail: Mail) -> Delivery | None:
        """Look the address up, as a service does when a mail is about to go."""
        assert mail.subject_id is not None
        address = self.addresses.get(mail.subject_id)
        if address == "broken":
            raise LookupError
        return None if address is None else Delivery(address, {"name": "Ada"})

    def post(self) -> Post:
        """Say how this office's mails are made."""

        def noted(word: str) -> Callable[[Transaction, Mail], Awaitable[None]]:
            async def note(_tx: Transaction, mail: Mail) -> None:
                self.ended.append((word, mail.kind))

            return note

        return Post(
            environment=mail_environment(str(self.environment_folder)),
            resolve=self.resolve,
            sender=SENDER,
            once=frozenset({"once"}),
            limited=frozenset({"limited"}),
            sent=noted("sent"),
            given_up=noted("given-up"),
        )

    @asynccontextmanager
    async def sending(self, server: Server) -> AsyncIterator[None]:
        """Let a mailer work for that server."""
        settings = self.database.settings.model_copy(update={"smtp": f"127.0.0.1:{server.port}"})
        self.database.settings = settings
        task = asyncio.create_task(
            Mailer(self.database, self.post(), ready=self, lease=LEASE).run()
        )
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def count(self, where: str = "true") -> int:
        """Count queued mails."""
        async with self.database.begin() as tx:
            return int(await tx.fetchval(f"select count(*) from mail where {where}"))

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Await something that a mailer will have done."""
        async with asyncio.timeout(20):
            while not await done():  # noqa: ASYNC110  # a database sets no event
                await asyncio.sleep(0.02)

    async def until_empty(self) -> None:
        """Await an empty queue."""

        async def empty() -> bool:
            return not await self.count()

        await self.until(empty)

    async def hurry(self) -> None:
        """Let back-off and leases be over."""
        async with self.database.begin() as tx:
            await tx.execute("update mail set next_try_at = now()")
            await tx.execute("update mail set leased_until = now() where leased_until is not null")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Make a service that has nothing but the kernel's tables."""
    await apply(settings, "office", None)
    database = await Database.connect(settings, "office", "app", size=6)
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    """Open the office with an empty queue."""
    (tmp_path / "note.en.md").write_text("Subject: A note\nHello {{ name }}\n")
    async with database.begin() as tx:
        await tx.execute("delete from mail")
        await tx.execute("delete from ephemeral")
    office = Office(database, tmp_path)
    office.gate.set()
    yield office


async def test_a_mail_that_is_refused_for_now_comes_later_under_the_same_id(office: Office) -> None:
    async with Server(answers=["451 Later", "421 Later"]).running() as server:
        await office.write()
        async with office.sending(server):
            for tries in (1, 2):

                async def tried(tries: int = tries) -> bool:
                    return bool(await office.count(f"tries = {tries} and leased_until is null"))

                await office.until(tried)
                assert not server.received
                await office.hurry()
            await office.until_empty()

    assert [mail["Message-ID"] for mail in server.received]
    assert office.ended == [("sent", "note")]


async def test_a_mail_that_is_refused_for_good_is_given_up_and_said(office: Office) -> None:
    async with Server(answers=["550 No such person"]).running() as server:
        await office.write()
        async with office.sending(server):
            await office.until_empty()

    assert office.ended == [("given-up", "note")]
    assert not server.received


async def test_a_server_that_is_away_loses_nothing(office: Office) -> None:
    async with Server().running() as server:
        pass
    people = {f"p{number}@example.org" for number in range(12)}
    for person in people:
        await office.write(address=person)

    async with office.sending(server):

        async def tried() -> bool:
            return bool(await office.count("tries > 0"))

        await office.until(tried)
        waiting = await office.count()
        async with server.running():
            await office.until_empty()

    assert waiting == len(people)
    assert sorted(server.recipients) == sorted(people)


@pytest.mark.parametrize(("kind", "copies"), [("note", 2), ("once", 1)])
async def test_when_nobody_knows_whether_it_arrived_only_some_kinds_go_again(
    office: Office, kind: str, copies: int
) -> None:
    async with Server(answers=[LOSE]).running() as server:
        await office.write(kind)
        async with office.sending(server):

            async def tried() -> bool:
                return bool(server.received) and not await office.count("leased_until is not null")

            await office.until(tried)
            await office.hurry()
            await office.until_empty()

    assert len(server.received) == copies
    assert len({mail["Message-ID"] for mail in server.received}) == 1


async def test_a_mail_nobody_needs_any_more_is_given_up_unsent(office: Office) -> None:
    await office.write()
    async with office.database.begin() as tx:
        await tx.execute("update mail set give_up_at = now()")
    async with Server().running() as server, office.sending(server):
        await office.until_empty()

    assert office.ended == [("given-up", "note")]
    assert not server.received


async def test_nothing_goes_before_the_topics_are_read(office: Office) -> None:
    office.gate.clear()
    await office.write()
    async with Server().running() as server, office.sending(server):
        await asyncio.sleep(0.3)  # three looks at the queue, if it looked
        before = (await office.count("tries = 0 and leased_until is null"), len(server.received))
        office.gate.set()
        await office.until_empty()

    assert before == (1, 0)
    assert len(server.received) == 1


async def test_whoever_is_gone_and_whoever_is_broken_stops_nobody_else(office: Office) -> None:
    gone, broken = await office.write(), await office.write()
    await office.write(address="grace@example.org")
    del office.addresses[gone]
    office.addresses[broken] = "broken"

    async with Server().running() as server, office.sending(server):

        async def only_broken() -> bool:
            return await office.count() == 1 and bool(await office.count("tries > 0"))

        await office.until(only_broken)

    assert server.recipients == ["grace@example.org"]


async def test_one_of_a_kind_in_ten_minutes_the_next_is_delayed_and_not_dropped(
    office: Office,
) -> None:
    async with Server().running() as server, office.sending(server):
        for address in ("ada@example.org", "Ada+news@example.org", "grace@example.org"):
            await office.write("limited", address)

        async def one_left() -> bool:
            return await office.count("next_try_at <= now()") == 0

        await office.until(one_left)
        async with office.database.begin() as tx:
            wait = await tx.fetchval("select max(next_try_at) - now() from mail")
            keys = await tx.fetch("select key from ephemeral")
        sent_before = list(server.recipients)
        async with office.database.begin() as tx:
            await quota.forget(tx, ["ada@example.org"])
        await office.hurry()
        await office.until_empty()

    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)
    assert len(sent_before) == 2
    assert len(server.recipients) == 3
    assert all(len(row["key"]) == 32 and b"ada" not in row["key"] for row in keys)


async def test_a_mailbox_gets_three_of_a_kind_a_day(office: Office) -> None:
    allowed = []
    for _ in range(4):
        async with office.database.begin() as tx:
            allowed.append(await quota.wait_until(tx, "limited", "ada@example.org") is None)
            await tx.execute("update ephemeral set bucket = bucket - interval '11 minutes'")

    assert allowed == [True, True, True, False]


async def test_what_erasure_has_looked_at_is_not_claimed_any_more(office: Office) -> None:
    under_way, waiting = await office.write(), await office.write()
    async with office.database.begin() as tx:
        first = await claim(tx, LEASE)

    async with office.database.begin() as erasing:
        busy = await leased(erasing, [under_way, waiting])
        async with office.database.begin() as sending:
            second = await claim(sending, LEASE)

    assert first is not None
    assert first.subject_id == under_way
    assert busy == {under_way}
    assert second is None


async def test_what_a_restored_database_had_queued_is_held_back(office: Office) -> None:
    await office.write()
    await office.write("once")
    ready = Ready(office.database)
    Mailer(office.database, office.post(), ready=ready, lease=LEASE)

    for restored in ready.on_restored:
        await restored()

    assert office.ended == [("given-up", "once")]
    assert await office.count("next_try_at = give_up_at") == await office.count() == 1
    async with office.database.begin() as tx:
        assert await claim(tx, LEASE) is None


@pytest.mark.rule("R-SEC-02")
async def test_where_it_counts_no_mail_goes_without_tls(office: Office) -> None:
    del office
    async with Server().running() as server:
        demanding = Transport("127.0.0.1", server.port, tls=True, login=None)
        answer = await demanding.send(SENDER.address, "ada@example.org", b"Subject: x\r\n\r\nx\r\n")
        await demanding.rest()

    assert answer is Answer.DOWN
    assert not server.received


@pytest.mark.parametrize("seconds", [0, 31])
def test_a_lease_longer_than_erasure_waits_is_refused(database: Database, seconds: int) -> None:
    office = Office(database, Path())
    with pytest.raises(ValueError, match="at most 30 s"):
        Mailer(database, office.post(), ready=office, lease=timedelta(seconds=seconds))
