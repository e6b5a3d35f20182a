"""A slice of two tables, the real origin, a real verifier, on the real broker and databases."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.messages import Event, Message, parse, split_lines
from contracts.topics import CLOSED, ERASURE
from contracts.vocabulary import Ground, Identity, Role
from services.rights import store as rights_store
from services.rights.declaration import SERVICE as RIGHTS_SERVICE
from services.rights.inventory import INVENTORY as RIGHTS
from shared.consumer.lines import Reader
from shared.database import Database, Kernel, Transaction, barrier
from shared.database import apply as apply_database
from shared.database.migrations import apply_verifier
from shared.inventory import (
    Basis,
    Hold,
    Inventory,
    NotPersonal,
    Personal,
    Root,
    Table,
    WithSubject,
)
from shared.keys import apply_keys, load_ring, signer_for
from shared.keys.first import publish_first
from shared.outbox.topics import apply as apply_topics
from shared.saga.claims import Claim, Find
from shared.saga.closing import Slice
from shared.saga.origin import Opening, open_requests
from shared.saga.participant import Participant, slice_reactions
from shared.saga.verifier import verify_work
from shared.settings import Settings
from shared.web import internal_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from shared.worker import Work, Worker, _serve
from tests.kernel import eventually, running, sealed

HERE = Path(__file__).parent
SHOP = "shop"
KEPT = Hold("sale", Ground.LEGAL_OBLIGATION, "ao-147-3", {"customer": ("email",)})
INVENTORY = Inventory(
    SHOP,
    (
        Table(
            name="customer",
            purpose="sell",
            basis=Basis.CONTRACT,
            keep=WithSubject(),
            columns={"subject_id": Root(), "email": Personal("address of the customer")},
        ),
        Table(
            name="note",
            purpose="remember what was said",
            basis=Basis.CONTRACT,
            keep=WithSubject(),
            columns={
                "note_id": NotPersonal("a random id"),
                "subject_id": Root(),
                "body": Personal("what was said"),
            },
        ),
    ),
    holds=(KEPT,),
)


async def find_customers(
    tx: Transaction, claims: Sequence[Claim], _until: datetime
) -> Mapping[UUID, set[UUID]]:
    pairs = [(claim.request_id, address) for claim in claims for address in claim.addresses]
    rows = await tx.fetch(
        """
        select asked.request_id, subject_id
          from unnest($1::uuid[], $2::text[]) as asked (request_id, email)
          join customer using (email)
        """,
        [request for request, _ in pairs],
        [address for _, address in pairs],
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["request_id"], set()).add(row["subject_id"])
    return found


def shop_work(settings: Settings, find: Find = find_customers) -> Work:
    made: list[Participant] = []

    async def reader(worker: Worker) -> Reader:
        participant = Participant(worker.effects, INVENTORY, find, worker.ready)
        made.append(participant)
        topics, reactions = (ERASURE.name, CLOSED.name), slice_reactions(INVENTORY, find)
        return Reader(SHOP, topics, reactions, before=participant.before)

    async def retry(_: Worker) -> None:
        await made[-1].retry()

    return Work(SHOP, signer_for(settings, SHOP, Role.SERVICE), reader, tasks=(retry,))


@dataclass
class Town:
    """Everything around the shop; `says` counts nothing and hides nothing."""

    settings: Settings
    producer: AIOKafkaProducer
    shop: Database
    rights: Database
    numbers: list[int] = field(default_factory=list)

    async def open_shop(self) -> None:
        """Open the shop's database again, after it was replaced."""
        signer = signer_for(self.settings, SHOP, Role.SERVICE)
        self.shop = await Database.connect(self.settings, SHOP, "eraser", signer=signer, size=4)

    def somebody(self) -> str:
        self.numbers.append(1)
        return f"person{len(self.numbers)}.{uuid4().hex[:6]}@example.org"

    async def customer(self, email: str, *, notes: int = 1) -> UUID:
        """Begin a relationship in the shop; returns the subject."""
        subject = uuid4()
        async with self.shop.begin() as tx:
            await tx.execute("insert into subject (subject_id) values ($1)", subject)
            await tx.execute("insert into customer values ($1, $2)", subject, email)
            for _ in range(notes):
                await tx.execute("insert into note values ($1, $2, 'hello')", uuid4(), subject)
        return subject

    async def subjects(self) -> set[UUID]:
        async with self.shop.begin() as tx:
            return {row[0] for row in await tx.fetch("select subject_id from subject")}

    async def request(self, *emails: str) -> list[UUID]:
        """Open one request for each address, as the origin does it once it knows the register."""
        await eventually(self._register)
        checked_at = datetime.now(UTC)
        passed_at = await barrier(self.rights)
        openings = [
            Opening("en", checked_at, checked_at, Identity.MAILED_LINK, addresses=(email,))
            for email in emails
        ]
        part = Slice(RIGHTS, rights_store.find_subjects)
        async with self.rights.begin() as tx:
            return await open_requests(tx, openings, part=part, passed_at=passed_at)

    async def _register(self) -> bool:
        async with self.rights.begin() as tx:
            known: bool = await tx.fetchval("select exists (select from register)")
            return known

    async def say(self, service: str, *messages: Message, role: Role = Role.SERVICE) -> None:
        """Say something on the broker with a service's real key."""
        for record, proof in sealed(messages, signer_for(self.settings, service, role)):
            await self.producer.send_and_wait(
                self.settings.topic(record.topic),
                value=record.value,
                partition=record.partition,
                headers=proof.headers(),
            )

    async def records(self, topic: str = ERASURE.name) -> list[tuple[bytes, Any]]:
        """Every record on a topic: value and headers."""
        place = TopicPartition(self.settings.topic(topic), 0)
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, group_id=None)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            found = []
            while await consumer.position(place) < end:
                batches = await consumer.getmany(place, timeout_ms=200)
                found += [(r.value, r.headers) for r in batches.get(place, [])]
            return found
        finally:
            await consumer.stop()

    async def events(self, topic: str = ERASURE.name) -> list[Event]:
        values = [value for value, _ in await self.records(topic)]
        return [parse(line) for value in values for line in split_lines(value)]

    async def heard(self, request: UUID, kind: type[Message], service: str = SHOP) -> list[Any]:
        """Messages of one type that a service said about a request, in order."""
        return [
            event.message
            for event in await self.events()
            if isinstance(event.message, kind)
            and event.subject == str(request)
            and event.source == service
        ]

    async def await_heard(
        self, request: UUID, kind: type[Message], service: str = SHOP, count: int = 1
    ) -> list[Any]:
        async def there() -> list[Any]:
            found = await self.heard(request, kind, service)
            return found if len(found) >= count else []

        found: list[Any] = await eventually(there)
        return found

    @contextlib.asynccontextmanager
    async def working(self, *works: Work) -> AsyncIterator[None]:
        """Run workers beside the block."""
        async with contextlib.AsyncExitStack() as stack:
            for work in works:
                await stack.enter_async_context(
                    running(_serve(self.settings, work, load_ring(self.settings), None))
                )
            yield

    def works(self) -> tuple[Work, Work]:
        """Make the two workers: rights and the shop."""
        return RIGHTS_SERVICE.work(self.settings), shop_work(self.settings)

    def verifiers(self) -> tuple[Work, Work]:
        return verify_work(self.settings, SHOP), verify_work(self.settings, "rights")

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Serve the origin's internal listener where the settings say it is."""
        bind = self.settings.internal_url.removeprefix("http://")
        async with listening(
            internal_app(self.settings, [RIGHTS_SERVICE.part()]), bind, WebSettings.load()
        ):
            yield


async def build(settings: Settings) -> None:
    """Keys, topics, databases, register."""
    apply_keys(settings, (SHOP, "rights", "erasure"), (SHOP, "rights"))
    await apply_topics(settings)
    await apply_database(settings, SHOP, HERE / "schema")
    await apply_verifier(settings, SHOP)
    migrations = RIGHTS_SERVICE.folder / "migrations"
    await apply_database(settings, "rights", migrations, kernel=Kernel.ORIGIN)
    await apply_verifier(settings, "rights")
    await publish_first(settings, (SHOP, "rights"))


@contextlib.asynccontextmanager
async def town(settings: Settings) -> AsyncIterator[Town]:
    await build(settings)
    async with contextlib.AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        opened = []
        for service in (SHOP, "rights"):
            signer = signer_for(settings, service, Role.SERVICE)
            database = await Database.connect(settings, service, "eraser", signer=signer, size=4)
            stack.push_async_callback(database.close)
            opened.append(database)
        shop, rights = opened
        built = Town(settings, producer, shop, rights)
        yield built
        await built.shop.close()
