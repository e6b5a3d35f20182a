"""`expunge keys`: make keys, show whose word counts, and end it."""

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from aiokafka.errors import KafkaError

from contracts.fields import RevokedFrom
from contracts.messages import WordingPublished
from contracts.vocabulary import Role
from shared.crash import crash
from shared.keys import changes
from shared.keys.files import KeysWrong, apply_keys, load_trust
from shared.keys.first import publish_first
from shared.mail.mailer import DKIM_KEY
from shared.mail.signature import make_dkim_key
from shared.settings import MissingSecret, Settings

RESTART = "start every process again: web first, so that bundles name the key, then the workers"


def keys_app(
    services: Sequence[str],
    verifiers: Sequence[str],
    wordings: Callable[[], Iterable[WordingPublished]] = tuple,
) -> typer.Typer:
    """Build the command group for these services; `verifiers` names those that hold a slice.

    `wordings` reads what people may agree to.
    """
    app = typer.Typer(help="Keys of services and verifiers.", no_args_is_help=True)

    @app.command("apply")
    def apply() -> None:
        """Make the keys that are missing, trust them, and publish them with register and wordings.

        Needs the broker: keys and register are the first records on `erasure.v1`.
        """
        _apply(services, verifiers, wordings())

    @app.command("list")
    def show(
        json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
    ) -> None:
        """Show the trusted keys: id, service, role, state, since when, until when.

        active: its private half is here; trusted: it is not; retired and revoked: it has ended.
        """
        with _sentences():
            (_list_json if json else _list)(Settings.load())

    for name, command in (("rotate", _rotate), ("retire", _retire), ("revoke", _revoke)):
        app.command(name)(command)
    return app


def _apply(
    services: Sequence[str], verifiers: Sequence[str], wordings: Iterable[WordingPublished]
) -> None:
    settings = Settings.load()
    with _sentences():
        made = apply_keys(settings, services, verifiers)
        make_dkim_key(settings.secrets / DKIM_KEY)
    for name in made:
        typer.echo(f"made {name}")
    if not made:
        typer.echo("nothing to make: every key is there")
    _publish(settings, verifiers, wordings)


def _change(settings: Settings, change: Callable[[], object]) -> None:
    """Change `trust.json`, then publish what is new."""
    with _sentences():
        change()
    crash("keys:after-trust")
    _publish(settings, None)
    crash("keys:after-publish")


def _rotate(
    service: Annotated[str, typer.Argument(help="Whose key: newsletter, erasure, ...")],
    role: Annotated[Role, typer.Option(help="service, verifier or log.")] = Role.SERVICE,
) -> None:
    """Let a new key take the place of the one a service signs with.

    It is trusted and published before it is used, at the next start of the service's
    processes. What the old one signed stays valid; `retire` it once all have started again.
    Broken off, run it again. Needs the broker and the root key.
    """
    settings = Settings.load()
    _change(settings, lambda: changes.announce(settings, service, role, datetime.now(UTC)))
    changes.take_over(settings, service, role)
    typer.echo(RESTART)


def _retire(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """End a key that nobody signs with any more: no line dated later than now is its word."""
    settings = Settings.load()
    _change(settings, lambda: changes.retire(settings, key_id, datetime.now(UTC)))
    typer.echo("retired")


def _revoke(
    key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")],
    since: Annotated[
        list[str] | None,
        typer.Option("--since", metavar="TOPIC/PARTITION/OFFSET", help="Instead of its end."),
    ] = None,
) -> None:
    """Believe a stolen key no more, from the present end of every partition on.

    Places decide, not times: a thief writes any time. Whose key this was must have a new one:
    `expunge keys rotate`. Needs the broker and the root key.
    """
    settings = Settings.load()
    with _sentences():
        places = {(one.topic, one.partition): one for one in _ends(settings)}
        for text in since or ():
            topic, partition, offset = _place(text, places)
            places[topic, partition] = RevokedFrom(topic=topic, partition=partition, offset=offset)
    _change(settings, lambda: changes.revoke(settings, key_id, places.values()))
    typer.echo(f"revoked, and believed before these places: {RESTART}")


def _place(text: str, known: Collection[tuple[str, int]]) -> tuple[str, int, int]:
    """Read TOPIC/PARTITION/OFFSET. Raises KeysWrong for what is none of the known partitions."""
    found = re.fullmatch(r"([a-z.0-9]+)/([0-9]{1,6})/([0-9]{1,15})", text)
    if found is None or (found[1], int(found[2])) not in known:
        names = ", ".join(f"{topic}/{partition}" for topic, partition in sorted(known))
        message = f"{text} is no place: write an offset after one of {names}"
        raise KeysWrong(message)
    return found[1], int(found[2]), int(found[3])


def _ends(settings: Settings) -> Sequence[RevokedFrom]:
    try:
        return asyncio.run(changes.ends(settings))
    except (KafkaError, OSError):
        message = "nothing was changed: no broker answers at EXPUNGE_KAFKA"
        raise KeysWrong(message) from None


@contextmanager
def _sentences() -> Iterator[None]:
    """Say what is wrong in a sentence and end with 1."""
    try:
        yield
    except (KeysWrong, MissingSecret) as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from None


def _publish(
    settings: Settings,
    participants: Sequence[str] | None,
    wordings: Iterable[WordingPublished] = (),
) -> None:
    """Put what is new of keys and register on the topic, before anything that needs it."""
    try:
        with _sentences():
            sent = asyncio.run(publish_first(settings, participants, wordings))
    except (KafkaError, OSError):
        what = "keys are made, but no broker answers at EXPUNGE_KAFKA: run this again"
        typer.echo(what, err=True)
        raise typer.Exit(1) from None
    typer.echo(f"published {sent} records" if sent else "nothing to publish")


def _list(settings: Settings) -> None:
    """Print the trusted keys, one a line."""
    trust, used = load_trust(settings), changes.in_use(settings)
    typer.echo(f"root key {trust.root}")
    for key in trust.keys:
        until = f" to {key.not_after:%Y-%m-%d %H:%M} UTC" if key.not_after else ""
        typer.echo(
            f"{key.key_id}  {key.service:<14}{key.role.value:<10}"
            f"{changes.state_of(key, used):<9}from {key.not_before:%Y-%m-%d}{until}"
        )


def _list_json(settings: Settings) -> None:
    trust, used = load_trust(settings), changes.in_use(settings)
    keys = [
        {**key.model_dump(mode="json"), "state": changes.state_of(key, used)} for key in trust.keys
    ]
    typer.echo(orjson.dumps({"root": trust.root, "keys": keys}).decode())
