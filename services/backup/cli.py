"""`expunge backup`, `expunge restore`, `expunge restore-drill`."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.backup.drill import rehearse
from services.backup.manifest import Dump
from services.backup.restoring import restore as restore_databases
from services.backup.taking import back_up
from services.erasure.store.checks import RESTORE_DRILL
from services.evidence import keep
from services.up import port_of
from shared.commands import AsJson, refuse, run
from shared.settings import Settings
from shared.stack import postgres
from shared.stack.display import Display, Silent, Terminal
from shared.stack.embedded import start_postgres, supervised
from shared.visitor.person import NoForm

Services = Annotated[
    list[str] | None,
    typer.Option("--service", help="A service, its verifier's database included. May be repeated."),
]
Folder = Annotated[Path, typer.Argument(help="Folder of the backup.", file_okay=False)]


def backup(folder: Folder, *, service: Services = None, as_json: AsJson = False) -> None:
    """Back up databases while everything runs, into a new folder; keys are not in it.

    It holds personal data as the databases do: keep it no longer than BACKUP_HORIZON. To encrypt it
    pipe it on: `tar c FOLDER | age -r RECIPIENT > backup.tar.age`. Exit code 0: it is whole; 1: not
    made, with the reason.
    """
    tell = (lambda _: None) if as_json else typer.echo
    manifest = run(back_up(Settings.load(), folder, service or (), tell))
    if as_json:
        sys.stdout.write(manifest.model_dump_json() + "\n")
    else:
        typer.echo(f"{folder} is whole: {len(manifest.databases)} databases")


def restore(
    folder: Folder,
    *,
    service: Services = None,
    admin_url: Annotated[
        str | None,
        typer.Option(
            envvar="EXPUNGE_ADMIN_URL",
            help="URL of a role that may create databases; the embedded PostgreSQL needs none.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of databases; refused while anything uses them.

    Afterwards each service reads on from where its backup stood, deletes again whom it had deleted
    since, and is not ready before. Exit code 0: restored; 1: nothing was changed, or a database
    could not be loaded, with the reason.
    """
    settings = Settings.load()
    tell = (lambda _: None) if as_json else typer.echo
    with _server(settings):
        found = run(
            restore_databases(settings, folder, service or (), admin_url=admin_url, tell=tell)
        )
    if as_json:
        sys.stdout.write(orjson.dumps({"restored": [_plain(dump) for dump in found]}).decode())
        sys.stdout.write("\n")
    else:
        typer.echo("Start everything again. A service is ready when it has caught up: see /readyz.")


def restore_drill(*, as_json: AsJson = False) -> None:
    """Rehearse a restore on servers of its own: nobody who was erased may come back.

    Backs up, lets an invented person be erased, restores, and looks: tables, topics, mails,
    certificates, the auditor's replay. Takes a minute; your own databases are not touched, but the
    evidence is kept with them. Exit code 0: all holds; 1: something does not, and is named.
    """
    own = Settings.load()
    began_at = datetime.now(UTC)
    display: Display = Silent() if as_json else Terminal()
    try:
        drilled = rehearse(own.state / "drill", display)
    except (TimeoutError, NoForm) as error:
        refuse(f"The drill broke off: {error}. Its logs are in {own.state / 'drill' / 'logs'}.")
    if as_json:
        sys.stdout.write(
            orjson.dumps({"passed": drilled.passed, **asdict(drilled)}).decode() + "\n"
        )
    else:
        for sentence, holds in drilled.checks.items():
            typer.echo(f"{'ok  ' if holds else 'FAIL'} {sentence}")
        for one in drilled.second:
            typer.echo(f"     signed anew: {one}")
    if postgres.answers(port_of(own.postgres)):
        run(keep(RESTORE_DRILL, began_at, {"checks": drilled.checks}, passed=drilled.passed))
    if not drilled.passed:
        raise typer.Exit(1)


def _plain(dump: Dump) -> dict[str, Any]:
    return {"service": dump.service, "taken_at": dump.taken_at}


@contextlib.contextmanager
def _server(settings: Settings) -> Iterator[None]:
    """Start the embedded PostgreSQL for as long as it is needed, if nothing runs at its port."""
    ours = settings.state / "postgres"
    if postgres.answers(port_of(settings.postgres)) or not ours.exists():
        yield
        return
    with supervised(settings.state) as supervisor:
        start_postgres(supervisor, port_of(settings.postgres))
        supervisor.wait_ready("postgres")
        yield
