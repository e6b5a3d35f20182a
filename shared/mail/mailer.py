"""The mailer: claims queued mails, finds out where they go now, and hands them over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from jinja2 import Environment

from shared.consumer.ready import Ready
from shared.crash import crash
from shared.database import Database, Transaction
from shared.logs import log
from shared.mail import queue, quota
from shared.mail.message import Delivery, Sender, as_bytes, compose, render
from shared.mail.queue import Mail
from shared.mail.signature import signed
from shared.mail.transport import Answer, Transport

MAX_LEASE = timedelta(seconds=30)
MAX_UNDER_WAY = 4  # mails sent at the same time by one mailer
POLL_S = 0.1  # other processes queue mails too, and cannot wake this one
SENDING_SHARE = 0.8  # of the lease: what is not answered by then counts as unknown
MAX_BACK_OFF = timedelta(minutes=10)
MAX_PAUSE_S = 30.0  # while the mail server does not answer
SWEEP_S = 600.0
DKIM_KEY = "dkim.pem"

Resolver = Callable[[Transaction, Mail], Awaitable[Delivery | None]]
After = Callable[[Transaction, Mail], Awaitable[None]]


class Gate(Protocol):
    """Opens when the service has caught up with the topics."""

    async def wait(self) -> None:
        """Return when mails may go."""


async def _nothing(_tx: Transaction, _mail: Mail) -> None:
    """Do nothing after a mail."""


@dataclass(frozen=True)
class Post:
    """What a service's mails are made of.

    `resolve(tx, mail)`: the delivery, or None if there is nobody to write to any more; its own
    writes (a token) commit with the claim. `once`: kinds of which a second copy would be worse
    than none (issues): not sent again when it is unknown whether they arrived. `limited`: kinds
    under the quota. `sent`, `given_up`: run in the transaction that takes the row away.
    """

    environment: Environment
    resolve: Resolver
    sender: Sender
    once: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    sent: After = _nothing
    given_up: After = _nothing


@dataclass(frozen=True)
class _Claimed:
    mail: Mail
    delivery: Delivery | None = None  # None: nothing to send, the row is dealt with


class _Later(Exception):  # noqa: N818  # no error: the row waits
    """The quota lets this mail go later."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class Mailer:
    """Sends the mails of one service; several may run, each row is leased to one of them."""

    def __init__(
        self, database: Database, post: Post, *, ready: Gate, lease: timedelta = MAX_LEASE
    ) -> None:
        """Take a database as role `app`, what mails are made of, and the gate to wait for.

        Raises ValueError for a lease above 30 s: erasing waits that long at worst.
        """
        if not timedelta(0) < lease <= MAX_LEASE:
            message = f"a mail is leased for at most {MAX_LEASE.total_seconds():.0f} s"
            raise ValueError(message)
        self._database, self._post, self._ready, self._lease = database, post, ready, lease
        self._transport = Transport.to(database.settings)
        self._dkim = _read(database.settings.secrets / DKIM_KEY)
        self._slots = asyncio.Semaphore(MAX_UNDER_WAY)
        self._under_way: set[asyncio.Task[None]] = set()
        if isinstance(ready, Ready):
            ready.on_restored.append(self.freeze)
        self._silent = 0  # tries in a row to which the mail server did not answer

    async def freeze(self) -> None:
        """Hold back what a restored database has queued: it may have gone before the restore.

        Issues are given up, everything else waits for an operator until its time is over.
        """
        async with self._database.begin() as tx:
            for mail in await queue.take_kinds(tx, self._post.once):
                await self._post.given_up(tx, mail)
            count = await queue.freeze(tx)
        log.warning("mails-frozen", service=self._database.service, count=count)

    async def run(self) -> None:
        """Send until cancelled; what is under way then is finished first, within its lease."""
        try:
            await asyncio.gather(self._send_all(), self._sweep())
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=self._lease.total_seconds())
            await self._transport.rest()

    async def _send_all(self) -> None:
        while True:
            await self._ready.wait()
            self._database.mail_written.clear()
            try:
                if await queue.waits(self._database):
                    while await self._start_one():
                        await self._ready.wait()
            except Exception as error:  # noqa: BLE001  # the database may be away: mails wait
                log.warning("mails-wait", service=self._database.service, error=error)
                await asyncio.sleep(1)
            await self._rest()

    async def _rest(self) -> None:
        if self._silent:
            await asyncio.sleep(min(POLL_S * 2**self._silent, MAX_PAUSE_S))
            return
        try:
            await asyncio.wait_for(self._database.mail_written.wait(), POLL_S)
        except TimeoutError:
            if not self._under_way:
                await self._transport.rest()

    async def _start_one(self) -> bool:
        """Claim one mail and begin to send it. False: nothing due, or nobody takes mails now."""
        await self._slots.acquire()
        started = False
        try:
            if self._silent and self._under_way:
                return False
            claimed = await self._claim()
            if claimed is None:
                return False
            if claimed.delivery is not None:
                task = asyncio.create_task(self._send(claimed.mail, claimed.delivery))
                self._under_way.add(task)
                task.add_done_callback(self._done)
                started = True
            return not self._silent
        finally:
            if not started:
                self._slots.release()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._slots.release()
        if not task.cancelled() and (error := task.exception()):
            # Its lease runs out and somebody tries again.
            log.warning("mail-not-sent", service=self._database.service, error=error)

    async def _claim(self) -> _Claimed | None:
        async with self._database.begin() as tx:
            mail = await queue.claim(tx, self._lease)
            if mail is None:
                return None
            if mail.give_up_at <= tx.now or (mail.maybe_sent and mail.kind in self._post.once):
                await self._post.given_up(tx, mail)
                await queue.remove(tx, mail.mail_id)
                return _Claimed(mail)
            try:
                async with tx.savepoint():
                    delivery = await self._resolve(tx, mail)
            except _Later as later:
                await queue.postpone(tx, mail.mail_id, later.until)
                return _Claimed(mail)
            except Exception as error:  # noqa: BLE001  # one bad row must not stop the others
                log.warning("mail-unresolved", service=tx.service, kind=mail.kind, error=error)
                await queue.count_try(tx, mail.mail_id)
                await queue.postpone(tx, mail.mail_id, tx.now + back_off(mail.tries))
                return _Claimed(mail)
            if delivery is None:
                await queue.remove(tx, mail.mail_id)
            else:
                await queue.count_try(tx, mail.mail_id)
            return _Claimed(mail, delivery)

    async def _resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        delivery = await self._post.resolve(tx, mail)
        if delivery is not None and mail.kind in self._post.limited and not mail.tries:
            until = await quota.wait_until(tx, mail.kind, delivery.address)
            if until is not None:
                raise _Later(until)
        return delivery

    async def _send(self, mail: Mail, delivery: Delivery) -> None:
        content = self._content(mail, delivery)
        answer = Answer.UNKNOWN
        try:
            async with asyncio.timeout(self._seconds_left(mail)):
                answer = await self._transport.send(
                    self._post.sender.address, delivery.address, content
                )
        except TimeoutError:
            pass
        if answer is Answer.ACCEPTED:
            crash("mailer:after-250")
        self._silent = self._silent + 1 if answer is Answer.DOWN else 0
        async with self._database.begin() as tx:
            await self._note(tx, mail, answer)

    async def _note(self, tx: Transaction, mail: Mail, answer: Answer) -> None:
        once = mail.kind in self._post.once
        mine = await queue.still_leased(tx, mail)
        if answer is Answer.ACCEPTED or (answer is Answer.UNKNOWN and once):
            # For an issue, unknown counts as sent: at most once. It is true whose row it is now.
            await self._post.sent(tx, mail)
        elif mine and answer is Answer.REFUSED:
            await self._post.given_up(tx, mail)
        if not mine:
            return  # another sender has it: it is under way, and erasing waits for that lease
        if answer is Answer.DOWN:
            await queue.postpone(tx, mail.mail_id, tx.now)
        elif answer is Answer.LATER or (answer is Answer.UNKNOWN and not once):
            await queue.postpone(tx, mail.mail_id, tx.now + back_off(mail.tries))
        else:
            await queue.remove(tx, mail.mail_id)

    def _content(self, mail: Mail, delivery: Delivery) -> bytes:
        language = delivery.language or mail.language
        subject, markdown = render(
            self._post.environment,
            f"{delivery.template or mail.template}.{language}.md",
            {**mail.parameters, **delivery.values},
        )
        message = compose(
            sender=self._post.sender,
            delivery=delivery,
            message_id=str(mail.mail_id),
            subject=subject,
            markdown=markdown,
            language=language,
            sent_at=self._database.clock.now(),
        )
        content = as_bytes(message)
        return signed(content, self._dkim, self._post.sender.domain) if self._dkim else content

    def _seconds_left(self, mail: Mail) -> float:
        # A process that was stopped for a while finds its lease over and sends nothing.
        left = mail.leased_until - self._database.clock.now()
        return max(0.0, left.total_seconds() * SENDING_SHARE)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self._ready.wait()
            try:
                async with self._database.begin() as tx:
                    await quota.sweep(tx)
            except Exception as error:  # noqa: BLE001  # the database may be away: next time
                log.warning("quota-not-swept", service=self._database.service, error=error)


def back_off(tries: int) -> timedelta:
    """How long to wait after a try that may be repeated: from 1 s, doubling, at most 10 min."""
    return min(timedelta(seconds=2 ** min(tries, 16)), MAX_BACK_OFF)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
