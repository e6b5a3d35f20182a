"""`expunge registration ...`: what staff do with accounts."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from services.registration.inventory import HOLDS
from services.registration.issue import Issue, State, read_issue
from services.registration.promoting import Progress, begin, progress, queue_all, send
from services.registration.settings import SERVICE
from services.registration.store import accounts, changes, promotions
from shared.commands import AsJson, end_of_hold, opened, print_answer, refuse, run
from shared.errors import Refused
from shared.inventory import lift_hold, place_hold
from shared.web.addresses import NotAnAddress, exact_address

app = typer.Typer(help="Accounts: promotion mails, holds, counts.", no_args_is_help=True)
complain = Console(stderr=True)


@app.command("accounts")
def accounts_command(*, as_json: AsJson = False) -> None:
    """Count accounts by state; names nobody."""
    print_answer(run(_count_accounts()), as_json=as_json)


@app.command("promote")
def promote_command(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with de.md and en.md; its name is the promotion's.",
            exists=True,
            file_okay=False,
        ),
    ],
    *,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check the files and count who agreed; send nothing."),
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Queue all of it and return; the worker sends.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send a promotion to the accounts that agreed to it; started again, it goes on."""
    try:
        issue = read_issue(folder)
        work = _count(issue) if dry_run else _send(issue, quiet=as_json, wait=not no_wait)
        answer = run(work)
    except Refused as error:
        refuse(type(error).sentence())
    print_answer(answer, as_json=as_json)


@app.command("hold")
def hold_command(
    name: Annotated[str, typer.Argument(help="contract or records.")],
    *,
    until: Annotated[
        datetime, typer.Option(help="The last day to keep it, as 2027-12-31.", formats=["%Y-%m-%d"])
    ],
    reference: Annotated[str, typer.Option(help="The paragraph, as hgb-257.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Take the hold back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep what a contract or a law keeps of an account when it ends; asks for the address."""
    hold = next((one for one in HOLDS if one.name == name), None)
    if hold is None:
        refuse(f"Holds are: {', '.join(one.name for one in HOLDS)}.")
    end = None if lift else end_of_hold(until.date())
    try:
        # Not an argument: those stand in the shell's history and in the list of processes.
        address = exact_address(typer.prompt("Address of the account", err=True))
    except NotAnAddress:
        refuse("Write one e-mail address, such as name@example.org.")
    answer = run(_hold(address, hold, end, reference))
    if not answer["done"]:
        refuse("There is no such account, or no such hold.")
    print_answer(answer, as_json=as_json)


@app.command("outdated")
def outdated_command(
    *,
    release: Annotated[
        UUID | None,
        typer.Option("--release", metavar="ID", help="Lift this account's restriction."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List accounts that a backup brought back older than their last change, by their ids.

    They are restricted: stored and used for nothing. Release one once its person was asked; then
    they correct their details themselves.
    """
    answer = run(_outdated(release))
    if release is not None and not answer["released"]:
        refuse("No such account is waiting: see `expunge registration outdated`.")
    print_answer(answer, as_json=as_json)


async def _outdated(release: UUID | None) -> dict[str, Any]:
    async with opened(SERVICE, "eraser") as database, database.begin() as tx:
        if release is not None:
            return {"released": await changes.thaw(tx, release)}
        return {
            "accounts": [
                {
                    "account": str(one["subject_id"]),
                    "fields": one["fields"],
                    "since": one["noticed_at"].isoformat(),
                }
                for one in await changes.outdated(tx)
            ]
        }


async def _hold(address: str, hold: Any, until: datetime | None, reference: str) -> dict[str, Any]:
    """Place a hold until a time (UTC), or lift it without one; say until when it binds."""
    async with opened(SERVICE) as database, database.begin() as tx:
        subject_id = await accounts.live_at(tx, address)
        done = subject_id is not None
        if subject_id is not None and until is None:
            done = await lift_hold(tx, subject_id, hold)
        elif subject_id is not None and until is not None:
            until = await place_hold(tx, subject_id, hold, until, reference=reference)
    end = None if until is None else until.isoformat()
    return {"hold": hold.name, "ground": hold.ground.value, "until": end, "done": done}


async def _count_accounts() -> dict[str, Any]:
    async with opened(SERVICE) as database, database.begin() as tx:
        return {**await accounts.count_states(tx), "promoted": await promotions.count_wanted(tx)}


async def _count(issue: Issue) -> dict[str, Any]:
    async with opened(SERVICE) as database:
        async with database.begin() as tx:
            wanted = await promotions.count_wanted(tx)
        begun = (await progress(database, issue)).total
    return {
        "promotion": issue.name,
        "dry_run": True,
        "content_sha256": issue.content_sha256,
        "accounts": wanted,
        "begun": begun,
    }


async def _send(issue: Issue, *, quiet: bool, wait: bool) -> dict[str, Any]:
    async with opened(SERVICE) as database:
        if not wait:
            await queue_all(database, await begin(database, issue))
            return _told(await progress(database, issue))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Bar(*columns, console=complain, disable=quiet) as bar:
            task = bar.add_task(f"Promotion {issue.name}", total=None)

            def show(now: Progress) -> None:
                bar.update(task, total=now.total, completed=now.done)

            return _told(await send(database, issue, show))


def _told(now: Progress) -> dict[str, Any]:
    return {"promotion": now.name, **{state.value: now.states.get(state, 0) for state in State}}
