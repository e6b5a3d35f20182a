"""`expunge contact ...`: what a clerk does, without a browser."""

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import typer

from services.contact import handling, store
from services.contact.rules import MAX_LETTER, Case, Duty, is_late, waits
from services.contact.settings import FOLDER, SERVICE, configured
from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.database import Transaction
from shared.errors import NotFound, Refused
from shared.slice import MustAgreeAnew
from shared.web import require_caught_up
from shared.web.wordings import read_wordings

app = typer.Typer(help="Contact form: what waits, answering, closing.", no_args_is_help=True)
Id = Annotated[UUID, typer.Argument(help="The case's id; `expunge contact queue` shows it.")]


@app.command("queue")
def queue_command(*, as_json: AsJson = False) -> None:
    """List the cases, those that wait longest first; names nobody."""

    async def work(tx: Transaction) -> dict[str, Any]:
        within = configured().answer_within
        cases = await store.queue(tx)
        counts = await store.count(tx, within)
        if as_json:
            return {**counts, "cases": [_told(tx, case) for case in cases]}
        lines = {str(case.subject_id): _line(tx, case) for case in cases}
        return {**counts, **lines}

    _do(work, as_json=as_json)


@app.command("show")
def show_command(case: Id, *, as_json: AsJson = False) -> None:
    """Show one case with its letters."""

    async def work(tx: Transaction) -> dict[str, Any]:
        found = await _found(tx, case)
        letters = await store.letters_of(tx, case)
        told = [
            {"from": "us" if one.from_us else "person", "at": one.written_at, "text": one.text}
            for one in letters
        ]
        anew = await handling.must_agree_anew(tx, case, read_wordings(FOLDER))
        person = {"email": found.email, "company": found.company, "telephone": found.telephone}
        if as_json:
            return {**_told(tx, found), **person, "must_agree_anew": anew, "letters": told}
        return {
            **_told(tx, found),
            **({"waits for": MustAgreeAnew.sentence()} if anew else {}),
            **person,
            **{f"{one['at']:%Y-%m-%d %H:%M} {one['from']}": one["text"] for one in told},
        }

    _do(work, as_json=as_json)


@app.command("answer")
def answer_command(case: Id, *, as_json: AsJson = False) -> None:
    """Answer a case with the text on standard input; the worker mails it."""
    text = sys.stdin.read(MAX_LETTER + 1).strip()
    if not 0 < len(text) <= MAX_LETTER:
        refuse(f"Write an answer of at most {MAX_LETTER} characters to standard input.")

    async def work(tx: Transaction) -> dict[str, Any]:
        await handling.answer(tx, case, text, read_wordings(FOLDER))
        return {"case": case, "state": "answered"}

    _do(work, as_json=as_json)


@app.command("close")
def close_command(
    case: Id,
    *,
    duty: Annotated[Duty, typer.Option(help="The law that keeps the letters, or none.")],
    as_json: AsJson = False,
) -> None:
    """Close a clarified case: it is deleted, except what a law keeps of its letters."""

    async def work(tx: Transaction) -> dict[str, Any]:
        await handling.close(tx, case, duty)
        return {"case": case, "state": "clarified", "kept_by": duty.value}

    _do(work, as_json=as_json)


def _do(work: Callable[[Transaction], Awaitable[dict[str, Any]]], *, as_json: bool) -> None:
    async def whole() -> dict[str, Any]:
        async with opened(SERVICE, signs=True) as database, database.begin() as tx:
            await require_caught_up(tx)
            return await work(tx)

    try:
        answer = run(whole())
    except Refused as error:
        refuse(type(error).sentence())
    print_answer(answer, as_json=as_json)


def _told(tx: Transaction, case: Case) -> dict[str, Any]:
    return {
        "id": case.subject_id,
        "reference": case.reference,
        "state": case.state.value,
        "asked_at": case.asked_at,
        "overdue": is_late(case, tx.now, configured().answer_within),
    }


def _line(tx: Transaction, case: Case) -> str:
    late = ", overdue" if is_late(case, tx.now, configured().answer_within) else ""
    return f"{case.reference}, {case.state.value}, waits {waits(case, tx.now).days} days{late}"


async def _found(tx: Transaction, case: UUID) -> Case:
    found = await store.find_case(tx, case)
    if found is None:
        raise NotFound
    return found
