"""Telling recipients that it ended (GDPR Art. 19; R-3P-03), and what each of them answered.

A disclosure that ends becomes a row of `telling`, in the same transaction. A task of the worker
tells the recipient's processor until it answers for good; what it knew the person by goes then.
Where a person asked, the receipt names the recipient, and its last answer is told to everybody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from contracts.messages import ProcessorAnswered
from contracts.vocabulary import Impossible, ProcessorState
from shared.crash import crash
from shared.database import Database, Transaction, is_transient
from shared.disclosure.recipients import Recipients
from shared.logs import log
from shared.saga.said import say_once

BATCH: Final = 50
LEASE: Final = timedelta(minutes=2)  # longer than the calls of one batch may take
LOOK_AGAIN: Final = timedelta(seconds=30)
BACK_OFF: Final = timedelta(seconds=30)
MOST_BACK_OFF: Final = timedelta(hours=6)
ALARM_AFTER: Final = 8  # tries without any answer: about two hours


class TellingState(StrEnum):
    """How far a recipient is. Open: not reached yet. The last three are final."""

    OPEN = "open"
    TOLD = "told"
    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    IMPOSSIBLE = "impossible"


FINAL: Final = frozenset({TellingState.CONFIRMED, TellingState.VERIFIED, TellingState.IMPOSSIBLE})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a processor said. `reason` stands beside `impossible` and nowhere else."""

    state: TellingState
    reason: Impossible | None = None

    def __post_init__(self) -> None:
        """Refuse an answer that says nothing, or a reason for nothing. Raises ValueError."""
        if self.state is TellingState.OPEN or (self.state is TellingState.IMPOSSIBLE) != bool(
            self.reason
        ):
            message = "an answer has a state, and a reason exactly where it is impossible"
            raise ValueError(message)


class Processor(Protocol):
    """The deletion interface of one recipient."""

    async def delete(self, their_id: str) -> Answer:
        """Ask to delete whom the recipient knows by this id; asking again does no harm.

        Raises anything if nobody answered: it is tried again.
        """


Processors = Mapping[str, Processor]


@dataclass(frozen=True, slots=True)
class _Claimed:
    telling_id: UUID
    request_id: UUID | None
    recipient: str
    their_id: str
    tries: int


async def end_disclosures(
    tx: Transaction, requests: Mapping[UUID, UUID | None], purpose: str | None = None
) -> list[tuple[UUID, str]]:
    """End what was passed on about subjects (of one purpose, or all): their recipients are told.

    `requests` gives for each subject the request it happens on, None if nobody asked. Out: the
    subject and recipient of each disclosure that ended.
    """
    rows = await tx.fetch(
        """
        with gone as (
            delete from disclosure d
             using unnest($1::uuid[], $2::uuid[]) as asked (subject_id, request_id)
             where d.subject_id = asked.subject_id
               and ($3::text is null or d.purpose = $3)
            returning d.*, asked.request_id
        ), told as (
            insert into telling (telling_id, request_id, recipient, purpose, their_id, disclosed_at)
            select disclosure_id, request_id, recipient, purpose, their_id, disclosed_at from gone
        )
        select subject_id, recipient from gone
        """,
        list(requests),
        list(requests.values()),
        purpose,
    )
    return [(row["subject_id"], row["recipient"]) for row in rows]


async def keep_telling(database: Database, processors: Processors, recipients: Recipients) -> None:
    """Tell recipients for ever, what is due; a task of the worker (role `eraser`)."""
    while True:
        try:
            busy = await tell_due(database, processors, recipients)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("telling-backs-off", service=database.service, error=error)
            busy = False
        if not busy:
            await asyncio.sleep(LOOK_AGAIN.total_seconds())


async def tell_due(database: Database, processors: Processors, recipients: Recipients) -> int:
    """Tell one batch of what is due, side by side; say how many there were.

    Rows are leased, not locked, while others' systems are spoken to: a kill in between tells again.
    """
    answers = await claimed_and_asked(database, processors, recipients)
    if answers:
        await note_answers(database, answers)
    return len(answers)


async def claimed_and_asked(
    database: Database, processors: Processors, recipients: Recipients
) -> Mapping[_Claimed, Answer | None]:
    """Lease what is due and ask, side by side; None: no answer."""
    async with database.begin() as tx:
        claimed = await _claim(tx)
    asked = (_ask(one, processors, recipients, database.service) for one in claimed)
    return dict(zip(claimed, await asyncio.gather(*asked), strict=True))


async def note_answers(database: Database, answers: Mapping[_Claimed, Answer | None]) -> None:
    """Write answers, and tell those that were the last."""
    async with database.begin() as tx:
        await _lock(tx, list(answers))
        for one, answer in answers.items():
            await _note(tx, one, answer)
        await _say(tx, list(answers))
        crash("telling:before-commit")
    crash("telling:after-commit")


async def _claim(tx: Transaction) -> list[_Claimed]:
    rows = await tx.fetch(
        """
        update telling t
           set next_try_at = clock_timestamp() + $2, tries = tries + 1
          from (select telling_id
                  from telling
                 where state in ('open', 'told')
                   and next_try_at <= clock_timestamp()
                 order by next_try_at
                 limit $1
                   for update skip locked) as due
         where t.telling_id = due.telling_id
        returning t.telling_id, t.request_id, t.recipient, t.their_id, t.tries
        """,
        BATCH,
        LEASE,
    )
    return [_Claimed(**row) for row in rows]


async def _lock(tx: Transaction, claimed: Sequence[_Claimed]) -> None:
    """Lock all rows of the same requests and recipients: the one who ends the last must know."""
    await tx.execute(
        """
        select from telling
         where (request_id, recipient) in (select * from unnest($1::uuid[], $2::text[]))
         order by telling_id
           for update
        """,
        [one.request_id for one in claimed],
        [one.recipient for one in claimed],
    )


async def _say(tx: Transaction, claimed: Sequence[_Claimed]) -> None:
    """Tell the answers of recipients who owe none any more, the worst of theirs, once for ever."""
    rows = await tx.fetch(
        """
        select request_id, recipient, max(answered_at) as answered_at, min(reason) as reason,
               case when bool_or(state = 'impossible') then 'impossible'
                    when bool_or(state = 'confirmed') then 'confirmed'
                    else 'verified'
               end as state
          from telling
         where (request_id, recipient) in (select * from unnest($1::uuid[], $2::text[]))
         group by request_id, recipient
        having bool_and(state in ('confirmed', 'verified', 'impossible'))
        """,
        [one.request_id for one in claimed],
        [one.recipient for one in claimed],
    )
    await say_once(
        tx,
        [
            ProcessorAnswered(
                request_id=UUID(bytes=row["request_id"].bytes),
                recipient=row["recipient"],
                state=ProcessorState(row["state"]),
                reason=row["reason"] and Impossible(row["reason"]),
                answered_at=row["answered_at"],
            )
            for row in rows
        ],
    )


async def _ask(
    one: _Claimed, processors: Processors, recipients: Recipients, service: str
) -> Answer | None:
    known = recipients.get(one.recipient)
    if known is not None and known.impossible is not None:
        return Answer(TellingState.IMPOSSIBLE, known.impossible)
    processor = processors.get(one.recipient)
    if processor is None:
        log.critical("recipient-without-processor", service=service, name=one.recipient)
        return None
    try:
        return await processor.delete(one.their_id)
    except Exception as error:  # noqa: BLE001 - whatever another company's system does
        say = log.critical if one.tries >= ALARM_AFTER else log.warning
        say("recipient-not-told", service=service, name=one.recipient, error=error, tries=one.tries)
        return None


async def _note(tx: Transaction, one: _Claimed, answer: Answer | None) -> None:
    """Write an answer, or when to try again; how they knew the person goes with the last one."""
    wait = min(BACK_OFF * 2 ** min(one.tries - 1, 16), MOST_BACK_OFF)
    if answer is None:
        await tx.execute(
            "update telling set next_try_at = clock_timestamp() + $2 where telling_id = $1",
            one.telling_id,
            wait,
        )
        return
    final = answer.state in FINAL
    await tx.execute(
        """
        update telling
           set state       = $2,
               reason      = $3,
               told_at     = coalesce(told_at, $4),
               answered_at = case when $5 then $4 end,
               their_id    = case when $5 then null else their_id end,
               next_try_at = clock_timestamp() + $6
         where telling_id = $1
           and state in ('open', 'told')
        """,
        one.telling_id, answer.state, answer.reason, tx.now, final, wait,
    )  # fmt: skip
