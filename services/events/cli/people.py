"""Commands about who comes: attendance, the dispatch list, the hold of an invoice."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer

from services.events import organising
from services.events.cli.gatherings import Id, do
from services.events.inventory import INVOICE_HOLD
from services.events.letters import check_names, write_list
from services.events.rules.invoice import kept_until, read_amount, read_number
from services.events.store import invoices, seats, surveys
from shared.clock import berlin_day
from shared.commands import AsJson, end_of_hold, print_answer, refuse, run
from shared.database import Transaction
from shared.errors import NotFound, Refused
from shared.inventory import place_hold
from shared.web.wordings import read_wordings

FOLDER = Path(__file__).parents[1]
Seat = Annotated[UUID, typer.Argument(help="The seat's id; `expunge events attendance` shows it.")]


def attendance_command(
    gathering: Id,
    *,
    there: Annotated[list[UUID] | None, typer.Option(help="A seat whose person was there.")] = None,
    absent: Annotated[list[UUID] | None, typer.Option(help="A seat whose person was not.")] = None,
    as_json: AsJson = False,
) -> None:
    """Note who was there, and list the seats of a gathering; not those that are restricted."""
    noted = {**dict.fromkeys(there or (), True), **dict.fromkeys(absent or (), False)}
    if len(noted) < len(set(there or ())) + len(set(absent or ())):
        refuse("A seat stands behind --there and behind --absent: nothing was noted.")

    async def work(tx: Transaction) -> dict[str, Any]:
        for seat, attended in noted.items():
            await organising.note_attendance(tx, gathering, seat, attended=attended)
        found = await organising.attending(tx, gathering)
        if as_json:
            return {"seats": [_told(one) for one in found]}
        return {
            str(one.subject_id): f"{one.person.first_name} {one.person.last_name}: {one.attendance}"
            for one in found
        }

    do(work, as_json=as_json, of_people=True)


def _told(seat: Any) -> dict[str, Any]:
    return {
        "id": seat.subject_id,
        "first_name": seat.person.first_name,
        "last_name": seat.person.last_name,
        "attendance": seat.attendance,
    }


def dispatch_command(
    reading: Annotated[str, typer.Argument(help="Which reading; none: show what waits.")] = "",
    *,
    out: Annotated[
        Path | None, typer.Option(help="File to write, for the post provider; must not exist.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the list of letters of one reading: name and address only, each one disclosed."""
    if not reading and out is None:

        async def waiting(tx: Transaction) -> dict[str, Any]:
            found = await surveys.to_post(tx)
            return {"waiting": found} if as_json else found

        do(waiting, as_json=as_json)
        return
    try:
        file = check_names(reading, out)
        count = run(write_list(reading, file, read_wordings(FOLDER)))
    except Refused as refused:
        refuse(type(refused).sentence())
    print_answer({"reading": reading, "letters": count, "file": str(file)}, as_json=as_json)


def hold_command(
    seat: Seat,
    *,
    invoice: Annotated[str, typer.Option(help="The invoice's number, such as R-2027-0001.")],
    amount: Annotated[str, typer.Option(help="In euros, such as 590.00.")],
    until: Annotated[
        datetime | None,
        typer.Option(help="Last day to keep it; else the law's.", formats=["%Y-%m-%d"]),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep an invoice beyond its seat: what it says is held when the seat is deleted (§ 147 AO).

    Once more for the same seat: the last invoice counts, and of two last days the later one.
    """
    end = end_of_hold(until.date()) if until else None

    async def work(tx: Transaction) -> dict[str, Any]:
        cents, number = read_amount(amount), read_number(invoice)
        if await seats.lock(tx, seat) is None:
            raise NotFound
        issued_on: date = berlin_day(tx.now)
        await invoices.add(tx, seat, number, issued_on, cents)
        kept = await place_hold(tx, seat, INVOICE_HOLD, end or kept_until(issued_on))
        return {"seat": seat, "ground": INVOICE_HOLD.ground, "until": kept}

    try:
        do(work, as_json=as_json)
    except asyncpg.UniqueViolationError:
        refuse("This number belongs to another seat's invoice.")
    except asyncpg.InsufficientPrivilegeError:
        refuse(organising.Withheld.sentence())
