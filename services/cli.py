"""The command line: `expunge --help` shows every command."""

import sys

import typer

from services import operate, processes, registry
from shared.consumer.cli import parked
from shared.database.cli import db_commands
from shared.keys.cli import keys_app
from shared.outbox.cli import topics
from shared.settings import MissingSecret, SettingsError
from shared.stack.errors import StackError

app = typer.Typer(
    name="expunge",
    help="Consent, erasure, and a certificate that anybody can verify offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks would show local variables: people's data
    add_completion=False,
)
RUN = "Run the whole system on this machine"
PROCESSES = "Run one process"
SET_UP = "Set up somebody else's PostgreSQL and Kafka"

app.command("up", rich_help_panel=RUN)(operate.up)
app.command("down", rich_help_panel=RUN)(operate.down)
app.command("status", rich_help_panel=RUN)(operate.status)
app.command("logs", rich_help_panel=RUN)(operate.logs)
app.command("doctor", rich_help_panel=RUN)(operate.doctor)
app.command("reset", rich_help_panel=RUN)(operate.reset)
app.add_typer(parked, name="parked", rich_help_panel=RUN)
app.add_typer(db_commands(registry.schemas()), name="db", rich_help_panel=SET_UP)
app.add_typer(topics, name="topics", rich_help_panel=SET_UP)
app.add_typer(
    keys_app([service.name for service in registry.with_database()], registry.participants()),
    name="keys",
    rich_help_panel=SET_UP,
)
app.command("serve", rich_help_panel=PROCESSES)(processes.serve)
app.command("work", rich_help_panel=PROCESSES)(processes.work)
app.command("verify-slices", rich_help_panel=PROCESSES)(processes.verify_slices)
for service in registry.SERVICES:
    service.add_commands(app)


def run(arguments: tuple[str, ...]) -> None:
    """Carry out one of our own commands in this process; its errors pass through."""
    typer.main.get_command(app)(list(arguments), standalone_mode=False)


def main() -> None:
    """Entry point: what an operator can mend is a sentence, never a traceback."""
    try:
        app()
    except (StackError, SettingsError, MissingSecret) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
