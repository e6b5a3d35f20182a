"""`expunge keys`: make keys, show whose word counts."""

import asyncio
from collections.abc import Sequence

import typer
from aiokafka.errors import KafkaError

from shared.keys.files import KeysWrong, apply_keys, load_trust
from shared.keys.first import publish_first
from shared.mail.mailer import DKIM_KEY
from shared.mail.signature import make_dkim_key
from shared.settings import MissingSecret, Settings


def keys_app(services: Sequence[str], verifiers: Sequence[str]) -> typer.Typer:
    """Build the command group for these services; `verifiers` names those that hold a slice."""
    app = typer.Typer(help="Keys of services and verifiers.", no_args_is_help=True)

    @app.command("apply")
    def apply() -> None:
        """Make the keys that are missing, trust them, and publish them with the register.

        Needs the broker: keys and register are the first records on `erasure.v1`.
        """
        settings = Settings.load()
        try:
            made = apply_keys(settings, services, verifiers)
            make_dkim_key(settings.secrets / DKIM_KEY)
        except (KeysWrong, MissingSecret) as wrong:
            typer.echo(str(wrong), err=True)
            raise typer.Exit(1) from None
        for name in made:
            typer.echo(f"made {name}")
        if not made:
            typer.echo("nothing to make: every key is there")
        _publish(settings, verifiers)

    @app.command("list")
    def show() -> None:
        """Show the trusted keys: id, service, role, since when."""
        _show(Settings.load())

    return app


def _publish(settings: Settings, participants: Sequence[str]) -> None:
    """Put keys and register on the topic, before anything that needs them."""
    try:
        sent = asyncio.run(publish_first(settings, participants))
    except (KafkaError, OSError):
        typer.echo("keys are made, but no broker answers at EXPUNGE_KAFKA", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"published {sent} records" if sent else "nothing to publish")


def _show(settings: Settings) -> None:
    """Print the trusted keys, one a line."""
    try:
        trust = load_trust(settings)
    except KeysWrong as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"root key {trust.root}")
    for key in trust.keys:
        until = f" to {key.not_after:%Y-%m-%d}" if key.not_after else ""
        typer.echo(
            f"{key.key_id}  {key.service:<14}{key.role.value:<10}"
            f"from {key.not_before:%Y-%m-%d}{until}"
        )
