"""`expunge topics`: make and check the topics on any Kafka."""

import asyncio

import typer
from aiokafka.errors import KafkaError

from shared.outbox.topics import TopicRefused, apply
from shared.settings import Settings

topics = typer.Typer(help="The topics on the broker.", no_args_is_help=True)


@topics.callback()
def _group() -> None:
    """Keep `apply` a command of its own, also while it is the only one."""


@topics.command("apply")
def apply_topics() -> None:
    """Create the topics that are missing and check those that exist."""
    try:
        created = asyncio.run(apply(Settings.load()))
    except TopicRefused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    except (KafkaError, OSError):
        typer.echo("no broker answers at EXPUNGE_KAFKA", err=True)
        raise typer.Exit(1) from None
    for name in created:
        typer.echo(f"created {name}")
    if not created:
        typer.echo("nothing to create: all topics are as they should be")
