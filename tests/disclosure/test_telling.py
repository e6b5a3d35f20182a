"""Who was told something is told of its end, until they answer; a real server stands in."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.messages import ProcessorAnswered, parse, split_lines
from contracts.vocabulary import Impossible, ProcessorState
from shared.database import Database, Transaction
from shared.disclosure import (
    HttpProcessor,
    Processors,
    TellingState,
    Told,
    disclosed_of,
    telling,
    told_of,
)
from shared.disclosure.recipients import Recipient, Recipients
from shared.disclosure.telling import Answer, end_disclosures, tell_due
from shared.inventory import erase
from shared.saga.said import own_said
from tests.contracts.samples import ANSWERED
from tests.database import slice as club
from tests.processes import ended, fork

RECIPIENTS: Recipients = {
    "quick": Recipient(name="Quick", country="DE", transfer="eu"),
    "never": Recipient(
        name="Never", country="DE", transfer="eu", impossible=Impossible.NO_DELETION_INTERFACE
    ),
}


@dataclass
class StandIn:
    """A recipient's server: `answers` are given in turn, the last one for ever."""

    answers: list[int]
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        self.asked.append(head[0].rsplit(" ", 1)[0])
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def stand_in(*answers: int) -> AsyncIterator[tuple[StandIn, Processors]]:
    """Run a recipient's server and give the way to it."""
    there = StandIn(list(answers))
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/people"
    processor = HttpProcessor(there.url, "a-credential")
    try:
        yield there, {"quick": processor}
    finally:
        await processor.close()
        server.close()


async def passed_on(tx: Transaction, subject: UUID, recipient: str = "quick") -> str:
    """Write down that something was passed on; say how the recipient knows the person."""
    their_id = f"visitor-{uuid4().hex}"
    await tx.execute(
        """
        insert into disclosure
        values ($1, $2, $3, 'event.material', '{name}', 'a', 'x', $4, now())
        """,
        uuid4(), subject, recipient, their_id,
    )  # fmt: skip
    return their_id


async def erased(
    database: Database, *recipients: str, request: UUID | None = None
) -> tuple[UUID, list[str]]:
    """Erase somebody on request of whom recipients know; give the request and their ids."""
    request = request or uuid4()
    async with database.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        theirs = [await passed_on(tx, ada, recipient) for recipient in recipients]
    async with database.begin() as tx:
        await erase(tx, club.INVENTORY, [ada], requests={ada: request})
    return request, theirs


async def due_now(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute("update telling set next_try_at = now() where state in ('open', 'told')")


async def listed(database: Database, request: UUID) -> list[Told]:
    async with database.begin() as tx:
        return await told_of(tx, request)


@pytest.mark.rule("R-3P-03")
async def test_erasing_tells_the_recipient_by_the_id_it_knows_and_forgets_it(
    eraser: Database,
) -> None:
    request, (their_id,) = await erased(eraser, "quick")
    async with stand_in(204) as (there, processors):
        await tell_due(eraser, processors, RECIPIENTS)

    (line,) = await listed(eraser, request)
    assert there.asked == [f"DELETE /people/{their_id}"]
    assert (line.recipient, line.state, line.reason) == ("quick", TellingState.CONFIRMED, None)
    assert line.answered_at is not None
    async with eraser.begin() as tx:
        assert not await tx.fetchval("select count(*) from telling where their_id is not null")


@pytest.mark.rule("R-3P-03")
@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ((202, 404), ["told", "verified"]),
        ((202, 200), ["told", "confirmed"]),
        ((500, 204), ["open", "confirmed"]),
        ((405,), ["impossible"]),
    ],
)
async def test_a_recipient_is_asked_until_it_answered_for_good(
    eraser: Database, answers: tuple[int, ...], states: list[str]
) -> None:
    request, (their_id,) = await erased(eraser, "quick")
    seen = []
    async with stand_in(*answers) as (there, processors):
        for _ in answers:
            await due_now(eraser)
            await tell_due(eraser, processors, RECIPIENTS)
            seen += [line.state.value for line in await listed(eraser, request)]
        await due_now(eraser)
        assert await tell_due(eraser, processors, RECIPIENTS) == 0

    assert seen == states
    assert there.asked == [f"DELETE /people/{their_id}"] * len(answers)


@pytest.mark.rule("R-3P-03")
async def test_a_recipient_that_is_away_is_told_later_and_holds_up_nobody(
    eraser: Database,
) -> None:
    request, _ = await erased(eraser, "quick", "never")
    nobody = HttpProcessor("http://127.0.0.1:9/people")
    await tell_due(eraser, {"quick": nobody}, RECIPIENTS)
    await nobody.close()

    lines = {line.recipient: line for line in await listed(eraser, request)}
    assert lines["never"].state is TellingState.IMPOSSIBLE
    assert lines["never"].reason == "no-deletion-interface"
    assert (lines["quick"].state, lines["quick"].told_at) == (TellingState.OPEN, None)
    async with stand_in(200) as (_, processors):
        assert await tell_due(eraser, processors, RECIPIENTS) == 0  # not yet: it backs off
        await due_now(eraser)
        await tell_due(eraser, processors, RECIPIENTS)
    assert {line.state.value for line in await listed(eraser, request)} == {
        "confirmed",
        "impossible",
    }


@pytest.mark.rule("R-3P-03")
async def test_ending_one_purpose_tells_its_recipients_and_nobody_elses(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        bob = await club.join(tx, "bob@example.org")
        await passed_on(tx, ada)
        await passed_on(tx, bob)

        others = await end_disclosures(tx, {ada: None}, "event.survey")
        ended = await end_disclosures(tx, {ada: None}, "event.material")
        left = await tx.fetchval("select count(*) from disclosure where subject_id = $1", bob)
        told = await tx.fetchval("select count(*) from telling where state = 'open'")

    assert (others, ended, left, told) == ([], [(ada, "quick")], 1, 1)


async def answered(database: Database, request: UUID) -> list[ProcessorAnswered]:
    """Give what the outbox says that recipients answered, oldest first."""
    async with database.begin() as tx:
        rows = await tx.fetch("select value from outbox order by id")
    said = [parse(line).message for row in rows for line in split_lines(row["value"])]
    return [one for one in said if isinstance(one, ProcessorAnswered) and one.request_id == request]


@pytest.mark.rule("R-3P-03")
async def test_the_last_answer_is_told_once_with_the_worst_that_was_said(eraser: Database) -> None:
    request, _ = await erased(eraser, "quick", "quick", "never")
    seen = []
    async with stand_in(404, 202, 200) as (_, processors):
        for _ in range(3):
            await due_now(eraser)
            await tell_due(eraser, processors, RECIPIENTS)
            seen.append(sorted(one.recipient for one in await answered(eraser, request)))

    told = {one.recipient: one for one in await answered(eraser, request)}
    assert seen == [["never"], ["never", "quick"], ["never", "quick"]]
    assert (told["never"].state, told["never"].reason) == (
        ProcessorState.IMPOSSIBLE,
        Impossible.NO_DELETION_INTERFACE,
    )
    assert told["quick"].state is ProcessorState.CONFIRMED


@pytest.mark.rule("R-3P-03")
async def test_what_was_answered_while_two_workers_told_is_said_once(eraser: Database) -> None:
    request, _ = await erased(eraser, "quick", "quick")
    async with eraser.begin() as tx:  # two batches of one row each
        await tx.execute(
            """
            update telling set next_try_at = now() + interval '1 day'
             where telling_id = (select max(telling_id::text)::uuid from telling
                                  where request_id = $1)
            """,
            request,
        )
    async with stand_in(204) as (_, processors):
        first = await telling.claimed_and_asked(eraser, processors, RECIPIENTS)
        await due_now(eraser)
        second = await telling.claimed_and_asked(eraser, processors, RECIPIENTS)
        await asyncio.gather(
            telling.note_answers(eraser, first), telling.note_answers(eraser, second)
        )

    assert [one.state for one in await answered(eraser, request)] == [ProcessorState.CONFIRMED]


@pytest.mark.kill
@pytest.mark.parametrize("point", ["telling:before-commit", "telling:after-commit"])
async def test_a_killed_worker_says_an_answer_exactly_once(
    eraser: Database, environment: dict[str, str], point: str
) -> None:
    request, _ = await erased(eraser, "quick")
    armed = {**environment, "EXPUNGE_CRASH_AT": point}
    codes = []
    async with stand_in(204) as (there, _):
        for changes in (armed, environment):
            await due_now(eraser)
            words = [eraser.service, there.url]
            codes.append(await ended(fork(words, changes, module="tests.telling_process")))

    assert codes == [-signal.SIGKILL, 0]
    assert len(await answered(eraser, request)) == 1
    assert len(there.asked) == (2 if point == "telling:before-commit" else 1)


@pytest.mark.rule("R-3P-03")
async def test_a_slice_that_erased_again_after_its_word_says_it_no_second_time(
    eraser: Database,
) -> None:
    request, _ = await erased(eraser, "quick")
    async with stand_in(204) as (there, processors):
        await tell_due(eraser, processors, RECIPIENTS)
        await erased(eraser, "quick", request=request)
        await tell_due(eraser, processors, RECIPIENTS)

    assert len(there.asked) == 2, "the recipient is told again"
    assert len(await answered(eraser, request)) == 1


@pytest.mark.rule("R-3P-03")
async def test_a_restored_slice_that_heard_its_own_word_says_it_no_second_time(
    eraser: Database,
) -> None:
    request, _ = await erased(eraser, "quick")
    told = ANSWERED.model_copy(update={"request_id": request, "recipient": "quick"})
    for source in ("website", eraser.service):
        line: Any = SimpleNamespace(message=told, event=SimpleNamespace(source=source))
        async with eraser.begin() as tx:
            await own_said(tx, [line, line])
            known = await tx.fetchval("select count(*) from said where request_id = $1", request)
        assert known == (source == eraser.service)
    async with stand_in(204) as (there, processors):
        await tell_due(eraser, processors, RECIPIENTS)

    assert (len(there.asked), await answered(eraser, request)) == (1, [])


@pytest.mark.parametrize(
    ("state", "reason"), [("open", None), ("impossible", None), ("confirmed", Impossible.ART_11)]
)
def test_an_answer_says_something(state: str, reason: Impossible | None) -> None:
    with pytest.raises(ValueError, match="state"):
        Answer(TellingState(state), reason)


@pytest.mark.rule("R-3P-03")
async def test_what_was_passed_on_about_somebody_can_be_listed_until_it_ends(
    eraser: Database,
) -> None:
    async with eraser.begin() as tx:
        ada, ben = [await club.join(tx, f"{one}@example.org") for one in ("ada", "ben")]
        for recipient in ("quick", "slow"):
            await passed_on(tx, ada, recipient)
        before = {one.recipient: one.categories for one in await disclosed_of(tx, ada)}
        await erase(tx, club.INVENTORY, [ada], requests={})
        after = await disclosed_of(tx, ada)
        nothing = await disclosed_of(tx, ben)

    assert before == {"quick": ("name",), "slow": ("name",)}
    assert after == nothing == []
