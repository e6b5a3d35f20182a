"""How seats end: each has its ending as a deadline, set anew whenever a fact changes (R-EV-09)."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from contracts.vocabulary import Method, Reason
from services.events.inventory import INVENTORY
from services.events.limits import limits
from services.events.rules.ending import Trigger, ending
from services.events.rules.gathering import Gathering
from services.events.rules.seat import Seat
from services.events.settings import END, LINK_LIFE, MATERIAL, SEAT_HOLD, SEAT_LINK, SURVEY
from services.events.store import gatherings, seats, surveys
from shared.consumer.lines import AnyLine
from shared.database import Transaction
from shared.deadlines import Due, clear_deadline, set_deadline
from shared.mail import forget
from shared.saga.closing import close_batch
from shared.slice import Beside, Fallen, withdraw
from shared.web import new_token

SOON = timedelta(seconds=2)  # a mail under way is leased for some seconds


async def settle(tx: Transaction, seat: Seat, gathering: Gathering) -> None:
    """Set when a seat's data goes, by what is known now."""
    end = ending(seat.facts, gathering.course, limits())
    await set_deadline(tx, seat.subject_id, END, end.at)


async def seat_link(tx: Transaction, subject_id: UUID) -> str:
    """Make the secret of a link to a seat: it works as long as there is something to take back."""
    sql = "select due_at from deadline where subject_id = $1 and kind = $2"
    end = await tx.fetchval(sql, subject_id, END) or tx.now
    return await new_token(tx, subject_id, SEAT_LINK, max(end, tx.now) + LINK_LIFE)


async def settle_again(tx: Transaction, subject_id: UUID) -> None:
    """Set a seat's ending by what the database says, after a fact has changed."""
    for seat in await seats.lock_all(tx, [subject_id]):
        gathering = await gatherings.find(tx, seat.gathering_id)
        if gathering is not None:
            await settle(tx, seat, gathering)


async def end_due(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete seats whose ending has come, one receipt for each reason; ask the facts again first.

    A seat whose facts moved its ending gets the later deadline; one whose mail is under way is
    looked at again in a moment.
    """
    chosen = [one.subject_id for one in due if one.subject_id is not None]
    found, reasons = await seats.lock_all(tx, chosen), dict[Reason, list[UUID]]()
    held = await gatherings.find_all(tx, {seat.gathering_id for seat in found})
    for seat in found:
        end = ending(seat.facts, held[seat.gathering_id].course, limits())
        if end.at <= tx.now:
            reasons.setdefault(end.reason, []).append(seat.subject_id)
        else:
            await set_deadline(tx, seat.subject_id, END, end.at)
    for reason, subjects in reasons.items():
        ended = await close_batch(tx, INVENTORY, subjects, reason)
        for left in sorted(set(subjects) - ended):
            await set_deadline(tx, left, END, tx.now + SOON)


async def ended_now(tx: Transaction) -> list[Fallen]:
    """Say which seats are due to go and, by their facts, what ended each."""
    rows = await tx.fetch(
        """
        select subject_id, due_at, is_restricted(subject_id) as restricted
          from deadline
         where kind = $1
           and due_at <= $2
        """,
        END,
        tx.now,
    )
    due = {row["subject_id"]: row for row in rows}
    found = await seats.find_all(tx, due)
    held = await gatherings.find_all(tx, {seat.gathering_id for seat in found})
    fallen = []
    for seat in found:
        row, end = (
            due[seat.subject_id],
            ending(seat.facts, held[seat.gathering_id].course, limits()),
        )
        fallen.append(Fallen(end.trigger.value, row["due_at"], row["restricted"]))
    return fallen


async def release_due(tx: Transaction, due: Sequence[Due]) -> None:
    """Free the seats that nobody confirmed in time; the entries themselves wait on (R-EV-11)."""
    await seats.release(tx, [one.subject_id for one in due if one.subject_id is not None])


async def cancel(tx: Transaction, subject_id: UUID) -> bool:
    """Take a registration back, confirmed or not, by its person (R-EV-10).

    From this commit on the seat is free and nothing is sent; the worker deletes within seconds.
    A restriction does not stop it (Art. 7(3), 18). False: nothing was there any more.
    """
    await tx.by_person()
    seat = await seats.lock(tx, subject_id)
    if seat is None or not await seats.cancel(tx, subject_id):
        return False
    await clear_deadline(tx, subject_id, SEAT_HOLD)
    await set_deadline(tx, subject_id, END, tx.now)
    await forget(tx, [seat.person.email])  # who comes back is a stranger
    return True


async def no_survey(tx: Transaction, subject_id: UUID, method: Method) -> bool:
    """Take the survey back alone: no question any more, answers deleted uncounted (R-EV-04)."""
    await seats.lock(tx, subject_id)
    withdrawn = await withdraw(tx, subject_id, SURVEY, method)
    if withdrawn:
        await surveys.forget_answers(tx, subject_id)
        await settle_again(tx, subject_id)
    return withdrawn


async def no_material(tx: Transaction, subject_id: UUID, method: Method) -> bool:
    """Take the reading material back alone: what was not handed over never is (R-EV-04)."""
    await seats.lock(tx, subject_id)
    withdrawn = await withdraw(tx, subject_id, MATERIAL, method)
    if withdrawn:
        await surveys.forget_owed(tx, subject_id)
        await settle_again(tx, subject_id)
    return withdrawn


# One deadline stands for every way in which a seat ends.
BESIDE = Beside(frozenset(Trigger), ended_now)


async def withdrawn_again(tx: Transaction, _lines: Sequence[AnyLine]) -> None:
    """Forget what stood on declarations that a restored backup had brought back.

    Runs after their consents are gone again. In ordinary running the taking back has done it.
    """
    if tx.catching_up:
        for subject_id in await surveys.forget_undeclared(tx):
            await settle_again(tx, subject_id)
