"""Commands about who comes: attendance, the dispatch list, the hold of an invoice."""

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer

from services.events import organising
from services.events.cli.gatherings import Id, do
from services.events.dispatch import as_csv, take_list
from services.events.inventory import INVOICE_HOLD
from services.events.rules.ending import SeatState
from services.events.rules.invoice import kept_until, read_amount, read_number
from services.events.settings import SERVICE
from services.events.store import invoices, seats, surveys
from shared.clock import berlin_day, end_of_day
from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.database import Transaction
from shared.disclosure import configured_recipients
from shared.errors import NotFound
from shared.inventory import place_hold
from shared.web.wordings import read_wordings

FOLDER = Path(__file__).parents[1]
PRIVATE = 0o600
Seat = Annotated[UUID, typer.Argument(help="The seat's id; `expunge events attendance` shows it.")]


def attendance_command(
    gathering: Id,
    *,
    there: Annotated[list[UUID] | None, typer.Option(help="A seat whose person was there.")] = None,
    absent: Annotated[list[UUID] | None, typer.Option(help="A seat whose person was not.")] = None,
    as_json: AsJson = False,
) -> None:
    """Note who was there, and list the seats of a gathering."""

    async def work(tx: Transaction) -> dict[str, Any]:
        for seat, attended in [(one, True) for one in there or ()] + [
            (one, False) for one in absent or ()
        ]:
            await organising.note_attendance(tx, seat, attended=attended)
        found = [
            one for one in await seats.of_gathering(tx, gathering) if one.state is SeatState.BOOKED
        ]
        if as_json:
            return {"seats": [_told(one) for one in found]}
        return {
            str(one.subject_id): f"{one.person.first_name} {one.person.last_name}: {one.attendance}"
            for one in found
        }

    do(work, as_json=as_json)


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
    if not reading:

        async def waiting(tx: Transaction) -> dict[str, Any]:
            found = await surveys.to_post(tx)
            return {"waiting": found} if as_json else found

        do(waiting, as_json=as_json)
    elif out is None or out.exists():
        refuse("Name a file that is not there yet: --out letters.csv.")
    else:
        print_answer(run(_dispatch(reading, out)), as_json=as_json)


async def _dispatch(reading: str, out: Path) -> dict[str, Any]:
    """Write the list beside its place, commit, and move it there: no letter is lost by a crash."""
    part = out.with_name(f"{out.name}.part")
    part.touch(PRIVATE, exist_ok=False)
    try:
        async with opened(SERVICE, signs=True) as database, database.begin() as tx:
            lines = await take_list(tx, reading, configured_recipients(), read_wordings(FOLDER))
            part.write_text(as_csv(lines), encoding="utf-8")
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    part.rename(out)
    return {"reading": reading, "letters": len(lines), "file": str(out)}


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
    """Keep an invoice beyond its seat: what it says is held when the seat is deleted (§ 147 AO)."""

    async def work(tx: Transaction) -> dict[str, Any]:
        cents, number = read_amount(amount), read_number(invoice)
        if await seats.lock(tx, seat) is None:
            raise NotFound
        issued_on: date = berlin_day(tx.now)
        end = end_of_day(until.date()) if until else kept_until(issued_on)
        await invoices.add(tx, seat, number, issued_on, cents)
        await place_hold(tx, seat, INVOICE_HOLD, end)
        return {"seat": seat, "ground": INVOICE_HOLD.ground, "until": end}

    try:
        do(work, as_json=as_json)
    except asyncpg.UniqueViolationError:
        refuse("This number belongs to another seat's invoice.")
