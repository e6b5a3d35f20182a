"""The command line: `expunge --help` shows every command."""

import sys

import typer

from services import operate
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
SET_UP = "Set up somebody else's PostgreSQL and Kafka"

app.command("up", rich_help_panel=RUN)(operate.up)
app.command("down", rich_help_panel=RUN)(operate.down)
app.command("status", rich_help_panel=RUN)(operate.status)
app.command("logs", rich_help_panel=RUN)(operate.logs)
app.command("doctor", rich_help_panel=RUN)(operate.doctor)
app.command("reset", rich_help_panel=RUN)(operate.reset)
app.add_typer(topics, name="topics", rich_help_panel=SET_UP)


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
