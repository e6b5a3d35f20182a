"""One effect: statements and messages that commit together."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg

from contracts.messages import Message
from contracts.proof import Signer
from contracts.topics import MAX_TRANSACTION_LINES
from shared.database.sealing import Sealed, TooMuchTold, seal_messages, write_outbox
from shared.settings import Settings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]


class NoSigner(RuntimeError):  # noqa: N818
    """This connection signs nothing: give `Database.connect` a signer."""


class Transaction:
    """Everything between begin and commit, on one connection.

    `now` is the time the effect carries, in UTC. `context` is what the reader's `before` found;
    `catching_up` says that the consumer has not yet reached the end it saw at start.
    """

    def __init__(
        self,
        connection: "Connection",
        *,
        settings: Settings,
        service: str,
        signer: Signer | None,
        now: datetime,
    ) -> None:
        self.now = now
        self.service = service
        self.context: Any = None
        self.catching_up = False
        self.sealed: list[Sealed] = []
        self.callbacks: list[Callable[[], None]] = []
        self.mails = False
        self.deadlines = False
        self.outbox_used = False
        self._connection = connection
        self._settings = settings
        self._signer = signer
        self._told: list[Message] = []
        self._written: dict[str, list[tuple[object, ...]]] = {}

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Run a statement and return its rows."""
        await self._write_out()
        return await self._connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        """Run a statement and return its first row."""
        await self._write_out()
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:
        """Run a statement and return the first value of its first row."""
        await self._write_out()
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> int:
        """Run a statement and return how many rows it touched."""
        await self._write_out()
        status = await self._connection.execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row, in one round trip."""
        await self._write_out()
        await self._connection.executemany(sql, rows)

    async def copy(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Write many rows by COPY: the fastest way in."""
        await self._write_out()
        await self._connection.copy_records_to_table(
            table, records=rows, columns=list(columns), schema_name="public"
        )

    def write(self, sql: str, *args: object) -> None:
        """Run a statement whose answer nobody needs, before the next other one or the commit.

        Rows of the same statement go in one round trip, statements in the order of their first.
        """
        self._written.setdefault(sql, []).append(args)

    async def _write_out(self) -> None:
        written, self._written = self._written, {}
        for sql, rows in written.items():
            if len(rows) == 1:
                await self._connection.execute(sql, *rows[0])
            else:
                await self._connection.executemany(sql, rows)

    def partitions_of(self, topic: str) -> int:
        """Give how many partitions a topic has here, by its bare name."""
        return self._settings.partitions_of(topic)

    @property
    def host(self) -> str:
        """Our own public host, from configuration: part of a consent's evidence (R-POL-03)."""
        return urlsplit(self._settings.public_url).netloc

    async def by_person(self) -> None:
        """Say that the person acts for themselves: a restriction does not stop that (Art. 18)."""
        await self._connection.execute("set local expunge.by_person = 'yes'")

    def tell(self, *messages: Message) -> None:
        """Say something to everybody: it is signed and sent if this transaction commits.

        Raises NoSigner, and TooMuchTold above MAX_TRANSACTION_LINES messages of one type.
        """
        if self._signer is None:
            raise NoSigner
        self._told.extend(messages)
        if len(self._told) > MAX_TRANSACTION_LINES:
            raise_if_too_many(self._told)

    async def flush(self) -> list[Sealed]:
        """Seal what was told since the last flush and write the outbox.

        Returns what this flush sealed, in the order it was told; `sealed` has all of it. Called
        at commit; earlier where the bytes of a receipt belong into the same transaction.
        """
        await self._write_out()
        if not self._told or self._signer is None:
            return []
        raise_if_too_many(self._told)
        fresh = seal_messages(
            self._told,
            signer=self._signer,
            now=self.now,
            partitions_of=self._settings.partitions_of,
        )
        self._told = []
        await write_outbox(self._connection, fresh)
        self.sealed.extend(fresh)
        return fresh

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo everything inside if it raises: rows, messages, callbacks; then raise on."""
        await self._write_out()
        told, sealed, callbacks = list(self._told), list(self.sealed), list(self.callbacks)
        try:
            async with self._connection.transaction():
                yield
                await self._write_out()
                await self._connection.execute("set constraints all immediate")
        except BaseException:
            self._written = {}
            self._told, self.sealed, self.callbacks = told, sealed, callbacks
            raise

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call a plain function once the commit is certain."""
        self.callbacks.append(callback)

    def wrote_outbox(self) -> None:
        """Wake the relay after the commit: rows were put into the outbox as they are."""
        self.outbox_used = True

    def wrote_deadline(self) -> None:
        """Wake the clock task after the commit."""
        self.deadlines = True

    def wrote_mail(self) -> None:
        """Wake the mailer after the commit."""
        self.mails = True


def raise_if_too_many(told: Sequence[Message]) -> None:
    """Raise TooMuchTold if one type has more lines than a transaction takes."""
    counts: dict[type[Message], int] = {}
    for message in told:
        kind = type(message)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] > max(MAX_TRANSACTION_LINES, kind.topic.max_batch):
            raise TooMuchTold
