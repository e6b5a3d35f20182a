"""Commands about gatherings: list, create, invite, move, cancel, conclude, counts."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import typer

from services.events import organising
from services.events.rules.gathering import Gathering, plan, read_slots
from services.events.rules.survey import shown
from services.events.settings import MAX_SHOWN, SERVICE
from services.events.store import gatherings, surveys
from shared.clock import berlin_day
from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.database import Transaction
from shared.errors import NotFound, Refused
from shared.parameters import count
from shared.settings import Settings
from shared.web import require_caught_up

Id = Annotated[UUID, typer.Argument(help="The gathering's id; `expunge events list` shows it.")]
Dates = Annotated[
    list[str],
    typer.Option(
        "--date", help="A date in Berlin time, '2027-03-01 09:00 - 17:00'; once for each."
    ),
]
Do = Callable[[Transaction], Awaitable[dict[str, Any]]]


def do(work: Do, *, as_json: bool, of_people: bool = False) -> None:
    """Carry a command out in one transaction and print its answer; a refusal is exit code 1.

    `of_people`: it says who somebody is, so not while a restored backup may have brought back
    people who are gone.
    """

    async def carry_out() -> dict[str, Any]:
        async with opened(SERVICE, signs=True) as database, database.begin() as tx:
            if of_people:
                await require_caught_up(tx)
            return await work(tx)

    try:
        answer = run(carry_out())
    except Refused as refused:
        refuse(type(refused).sentence())
    print_answer(answer, as_json=as_json)


def list_command(*, as_json: AsJson = False) -> None:
    """List gatherings with their ids: the 200 that begin last, the latest first."""

    async def work(tx: Transaction) -> dict[str, Any]:
        found = await gatherings.all_of_them(tx, MAX_SHOWN)
        if as_json:
            return {"gatherings": [_told(one) for one in found]}
        return {str(one.gathering_id): _line(one) for one in found}

    do(work, as_json=as_json)


def _told(one: Gathering) -> dict[str, Any]:
    return {
        "id": one.gathering_id,
        "kind": one.kind,
        "titles": one.titles,
        "place": one.place,
        "state": one.state,
        "begins_at": one.begins_at,
        "ends_at": one.ends_at,
        "capacity": one.capacity,
        "taken": one.taken,
        "listed": one.listed,
    }


def _line(one: Gathering) -> str:
    taken = f"{one.taken}/{one.capacity}"
    return f"{berlin_day(one.begins_at)} {one.kind} {one.titles['en']} ({one.state}, {taken})"


def create_command(
    kind: Annotated[str, typer.Argument(help="webinar, event or training.")],
    *,
    title_de: Annotated[str, typer.Option(help="The title in German.")],
    title_en: Annotated[str, typer.Option(help="The title in English.")],
    place: Annotated[str, typer.Option(help="Where it takes place.")],
    capacity: Annotated[int, typer.Option(help="How many seats there are.")],
    dates: Dates,
    invited_only: Annotated[
        bool, typer.Option("--invited-only", help="Not listed; see `expunge events invite`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enter a gathering; without an end it is refused."""

    async def work(tx: Transaction) -> dict[str, Any]:
        made = plan(
            kind,
            {"de": title_de, "en": title_en},
            place,
            capacity,
            read_slots(dates),
            listed=not invited_only,
            now=tx.now,
        )
        return {"id": await organising.enter(tx, made)}

    do(work, as_json=as_json)


def invite_command(gathering: Id, *, as_json: AsJson = False) -> None:
    """Make a link that opens a gathering's form; the same for everybody you send it to."""

    async def work(tx: Transaction) -> dict[str, Any]:
        secret = await organising.invite(tx, gathering)
        base = Settings.load().public_url.rstrip("/")
        return {lang: f"{base}/{lang}/{SERVICE}/register/{secret}" for lang in ("de", "en")}

    do(work, as_json=as_json)


def move_command(gathering: Id, *, dates: Dates, as_json: AsJson = False) -> None:
    """Give a gathering other dates; people are told, and their data ends later or earlier.

    Who gives the dates it has changes nothing and tells nobody.
    """

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"told": await organising.move(tx, gathering, read_slots(dates))}

    do(work, as_json=as_json)


def cancel_command(gathering: Id, *, as_json: AsJson = False) -> None:
    """Cancel a gathering; people are told, then their data is deleted."""

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"told": await organising.cancel(tx, gathering)}

    do(work, as_json=as_json)


def conclude_command(gathering: Id, *, as_json: AsJson = False) -> None:
    """Conclude a gathering: who was there and agreed is asked, the others' data is deleted."""

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"asked": await organising.conclude(tx, gathering)}

    do(work, as_json=as_json)


def counts_command(gathering: Id, *, as_json: AsJson = False) -> None:
    """Show what remains of a gathering: counts, from the smallest that may be shown on."""

    async def work(tx: Transaction) -> dict[str, Any]:
        if await gatherings.find(tx, gathering) is None:
            raise NotFound
        least = count("MIN_CELL")
        told = {"attendance": shown(await surveys.attendance(tx, gathering), least)}
        for question, counts in (await surveys.totals(tx, gathering)).items():
            told[question] = shown(counts, least)
        return told if as_json else {name: _counted(one, least) for name, one in told.items()}

    do(work, as_json=as_json)


def _counted(counts: dict[str, int | None], least: int) -> list[str]:
    return [
        f"{answer} {f'under {least}' if number is None else number}"
        for answer, number in counts.items()
    ]
