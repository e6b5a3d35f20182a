"""The command line: `expunge --help` shows every command."""

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from functools import cache

import asyncpg
import typer

from services import operate
from shared.settings import MissingSecret, SettingsError
from shared.stack.errors import StackError

RUN = "Run the whole system on this machine"
PROCESSES = "Run one process"
LOOK = "Look at what is promised"
SET_UP = "Set up somebody else's PostgreSQL and Kafka"
LONG_LIVED = {"serve", "work", "verify-slices", "views"}  # their traceback belongs into their log
AWAY = (
    "The database does not answer. `expunge status` says what runs here; EXPUNGE_POSTGRES is where "
    "it is looked for; a URL is written postgresql://user:password@host:port/postgres.\n"
)
OPERATE = {
    "up": operate.up,
    "down": operate.down,
    "status": operate.status,
    "logs": operate.logs,
    "doctor": operate.doctor,
    "reset": operate.reset,
}


def application(words: Sequence[str]) -> typer.Typer:
    """Build the commands for one call: looking at a system does not load every service first."""
    app = typer.Typer(
        name="expunge",
        help="Consent, erasure, and a certificate that anybody can verify offline.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # its tracebacks would show local variables: people's data
        add_completion=False,
    )
    for name, command in OPERATE.items():
        app.command(name, rich_help_panel=RUN)(command)
    if not words or words[0] not in OPERATE:
        _add_the_rest(app)
    return app


def _add_the_rest(app: typer.Typer) -> None:
    """Add what needs the services themselves."""
    from services import processes, registry  # noqa: PLC0415 (two seconds: see `application`)
    from services.backup import cli as backups  # noqa: PLC0415
    from services.canary.cli import canary  # noqa: PLC0415
    from services.disclosures import disclosures  # noqa: PLC0415
    from services.policy_cli import policy  # noqa: PLC0415
    from services.retention import retention  # noqa: PLC0415
    from services.scrub import scrub  # noqa: PLC0415
    from services.selfcheck import selfcheck  # noqa: PLC0415
    from services.witness.cli import witness_commands  # noqa: PLC0415
    from shared.consumer.cli import parked  # noqa: PLC0415
    from shared.database.cli import db_commands  # noqa: PLC0415
    from shared.desk.cli import staff_commands  # noqa: PLC0415
    from shared.keys.cli import keys_app  # noqa: PLC0415
    from shared.outbox.cli import topics  # noqa: PLC0415

    desks = [one.name for one in registry.SERVICES if one.desk is not None]
    app.add_typer(staff_commands(desks), name="staff", rich_help_panel=RUN)
    app.command("canary", rich_help_panel=LOOK)(canary)
    app.command("selfcheck", rich_help_panel=LOOK)(selfcheck)
    app.add_typer(witness_commands, name="witness", rich_help_panel=PROCESSES)
    app.command("scrub", rich_help_panel=RUN)(scrub)
    app.command("backup", rich_help_panel=RUN)(backups.backup)
    app.command("restore", rich_help_panel=RUN)(backups.restore)
    app.command("restore-drill", rich_help_panel=RUN)(backups.restore_drill)
    names = [one.name for one in registry.with_database()]
    keys = keys_app(names, registry.participants(), registry.wordings)
    app.add_typer(parked, name="parked", rich_help_panel=RUN)
    app.add_typer(db_commands(registry.schemas()), name="db", rich_help_panel=SET_UP)
    app.add_typer(topics, name="topics", rich_help_panel=SET_UP)
    app.add_typer(keys, name="keys", rich_help_panel=SET_UP)
    app.command("policy", rich_help_panel=LOOK)(policy)
    app.command("retention", rich_help_panel=LOOK)(retention)
    app.add_typer(disclosures, name="disclosures", rich_help_panel=LOOK)
    app.command("serve", rich_help_panel=PROCESSES)(processes.serve)
    app.command("work", rich_help_panel=PROCESSES)(processes.work)
    app.command("verify-slices", rich_help_panel=PROCESSES)(processes.verify_slices)
    for service in registry.SERVICES:
        service.add_commands(app)


@cache
def _whole() -> Callable[..., object]:
    return typer.main.get_command(application(()))


def run(words: tuple[str, ...]) -> None:
    """Carry out one of our own commands in this process, silently; its errors pass through.

    Without words it only loads what the commands need, which takes about two seconds.
    Raises StackError if the command ends with another exit code than 0; it has said why.
    """
    whole = _whole()
    if not words:
        return
    with contextlib.redirect_stdout(io.StringIO()):
        code = whole(list(words), standalone_mode=False)
    if code:
        message = f"`expunge {' '.join(words)}` failed with exit code {code}."
        raise StackError(message)


def main() -> None:
    """Entry point: what an operator can mend is a sentence, never a traceback."""
    try:
        application(sys.argv[1:])()
    except (StackError, SettingsError, MissingSecret) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except (ConnectionError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
        if sys.argv[1] in LONG_LIVED:
            raise
        sys.stderr.write(AWAY)
        sys.exit(1)


if __name__ == "__main__":
    main()
