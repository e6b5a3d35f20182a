"""`expunge newsletter ...`: what the editor does."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from services.newsletter import issue_store
from services.newsletter.issues import Progress, begin, progress, queue_all, read_issue, send
from services.newsletter.rules import Issue, State
from services.newsletter.settings import SERVICE
from services.newsletter.trial import send_trial
from shared.database import Database
from shared.errors import Refused
from shared.settings import Settings
from shared.web.addresses import NotAnAddress, exact_address

T = TypeVar("T")
app = typer.Typer(help="Newsletter: send issues.", no_args_is_help=True)
complain = Console(stderr=True)


@app.callback()
def newsletter() -> None:
    """Newsletter: send issues."""


@app.command("send")
def send_command(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder with de.md and en.md; its name is the issue's.",
            exists=True,
            file_okay=False,
        ),
    ],
    *,
    test: Annotated[
        str, typer.Option(help="Send both languages to this address alone; nothing is stored.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check the files and count the subscribers; send nothing."),
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Queue all of it and return; the worker sends.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send an issue to all subscribers; started again, it goes on where it was."""
    try:
        issue = read_issue(folder)
        if test:
            answer = _run(_test(issue, exact_address(test)))
        elif dry_run:
            answer = _run(_count(issue))
        else:
            answer = _run(_send(issue, quiet=as_json, wait=not no_wait))
    except NotAnAddress:
        _refuse("Write one e-mail address behind --test, such as name@example.org.")
    except Refused as error:
        _refuse(type(error).sentence())
    _print(answer, as_json=as_json)


async def _test(issue: Issue, address: str) -> dict[str, Any]:
    sent = await send_trial(Settings.load(), issue, address)
    return {"issue": issue.name, "test": True, "sent": sent}


async def _count(issue: Issue) -> dict[str, Any]:
    async with _Opened() as database:
        async with database.begin() as tx:
            subscribers = await issue_store.count_subscribers(tx)
        before = await progress(database, issue)
    return {
        "issue": issue.name,
        "dry_run": True,
        "content_sha256": issue.content_sha256,
        "subscribers": subscribers,
        "begun": before.total,
    }


async def _send(issue: Issue, *, quiet: bool, wait: bool) -> dict[str, Any]:
    async with _Opened() as database:
        if not wait:
            await queue_all(database, await begin(database, issue))
            return _told(await progress(database, issue))
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=complain, disable=quiet) as bar:
            task = bar.add_task(f"Issue {issue.name}", total=None)

            def show(now: Progress) -> None:
                bar.update(task, total=now.total, completed=now.done)

            return _told(await send(database, issue, show))


def _told(now: Progress) -> dict[str, Any]:
    return {"issue": now.issue, **{state.value: now.states.get(state, 0) for state in State}}


class _Opened:
    """The newsletter's database as role `app`, for one command."""

    async def __aenter__(self) -> Database:
        self._database = await Database.connect(Settings.load(), SERVICE, "app", size=3)
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _print(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(answer).decode())
        return
    for name, value in answer.items():
        typer.echo(f"{name.replace('_', ' ').replace('-', ' ')}: {value}")


def _refuse(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def commands(parent: typer.Typer) -> None:
    """Add what this service brings to the command line."""
    parent.add_typer(app, name=SERVICE, rich_help_panel="Do a service's work")
