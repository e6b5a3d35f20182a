"""A seat is the slice's own copy (R-EV-01): who changed their account since is told so (R-ACC-10).

The topic says that somebody changed some fields of an account. Its holder says, to a claim check,
at which addresses; whoever has a seat at one of them gets a mail and a line on the seat's page. The
seat itself is changed by nobody but its person.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contracts.messages import DataRectified
from services.events.rules.ending import SeatState
from services.events.settings import CHANGED, MAIL_GIVE_UP, SERVICE
from services.events.store import copies, seats
from services.events.store.copies import Change
from services.events.writing import write_to
from shared.consumer.lines import Line
from shared.crash import crash
from shared.database import Database, Transaction, is_transient
from shared.logs import log
from shared.saga.claim_client import ClaimClient, changes_path
from shared.saga.decisions import MAX_CLAIMS, Answer
from shared.worker import Worker

LOOK_AGAIN: Final = timedelta(seconds=5)


async def hear(tx: Transaction, lines: Sequence[Line[DataRectified]]) -> None:
    """Remember what was changed elsewhere; whose it was is asked outside this transaction."""
    await copies.add(
        tx,
        [
            Change(
                line.message.rectification_id,
                line.event.source,
                tuple(line.message.fields),
                line.message.rectified_at,
            )
            for line in lines
        ],
    )


async def tell_copied(worker: Worker) -> None:
    """Ask whose data was changed and tell those who have a seat, until cancelled."""
    client = ClaimClient(worker.settings, SERVICE, changes_path)
    try:
        while True:
            await worker.ready.wait()
            try:
                found = await ask(worker.effects, client)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("changes-wait", service=worker.service, error=error)
                found = 0
            if found < MAX_CLAIMS:
                await asyncio.sleep(LOOK_AGAIN.total_seconds())
    finally:
        await client.close()


async def ask(database: Database, client: ClaimClient) -> int:
    """Ask about what is due, and act on the answers in one transaction; give how many were asked.

    Role `eraser`. Whatever dies in between asks again and finds what it noted.
    """
    async with database.begin() as tx:
        changes = await copies.due(tx, MAX_CLAIMS)
    if not changes:
        return 0
    told = await client.ask({one.change_id: one.origin for one in changes})
    answers = [(one, told[one.change_id]) for one in changes]
    async with database.begin() as tx:
        for change, answer in answers:
            await _tell(tx, change, answer.addresses)
        later = [change for change, answer in answers if answer.answer is Answer.LATER]
        await copies.ask_later(tx, later)
        await copies.forget(tx, [one for one in changes if one not in later])
        crash("copies:before-commit")
    return len(changes)


async def _tell(tx: Transaction, change: Change, addresses: Sequence[str]) -> None:
    for subject_id in await copies.mark(tx, change, addresses) if addresses else ():
        seat = await seats.find(tx, subject_id)
        if seat is not None and seat.state is not SeatState.PENDING:
            await write_to(tx, seat, CHANGED, tx.now + MAIL_GIVE_UP)
