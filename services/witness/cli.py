"""`expunge witness`: watch somebody's log, and sign each head that goes on from the last one.

Exit codes: 0 done; 1 the folder cannot be used; 2 the command was given something it cannot use.
"""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from contracts.errors import BadLog
from contracts.tlog.notes import VerifierKey
from services.witness.keeping import Keeper, Key, NoWitness
from services.witness.serving import application
from services.witness.witness import Witness
from shared.commands import refuse
from shared.logs import set_up_logs
from shared.web.configuration import WebSettings
from shared.web.listening import listening

BIND: Final = "127.0.0.1:8004"
witness_commands = typer.Typer(
    help="Watch somebody's log: sign each head that goes on from the last one.",
    no_args_is_help=True,
)
Folder = Annotated[
    Path, typer.Argument(help="The witness's own folder. Never restore it from a backup.")
]


@witness_commands.command("key")
def key(
    folder: Folder,
    name: Annotated[
        str | None,
        typer.Option(help="The witness's name, for a new key: an address without https://."),
    ] = None,
) -> None:
    """Print the witness's key as logs and readers want it; make it where there is none."""
    try:
        made = Key.make(folder, name) if name else Key.read(folder)
    except FileExistsError:
        refuse(f"{folder} has a key already: leave out --name to see it")
    except BadLog:
        message = "a name has no space and no plus sign"
        raise typer.BadParameter(message, param_hint="--name") from None
    except NoWitness as why:
        refuse(f"{why} (--name gives it a name)")
    typer.echo(made.verifier)


@witness_commands.command("serve")
def serve(
    folder: Folder,
    *,
    log: Annotated[
        list[str],
        typer.Option(help="Key of a log, as `expunge log show` prints it. May be repeated."),
    ],
    bind: Annotated[str, typer.Option(help="host:port to listen on.")] = BIND,
) -> None:
    """Answer add-checkpoint (c2sp.org/tlog-witness) until it is asked to stop."""
    logs: dict[str, list[bytes]] = {}
    try:
        for known in map(VerifierKey.read, log):
            logs.setdefault(known.name, []).append(known.public)
    except BadLog:
        message = "this is no key of a log: name+id+key"
        raise typer.BadParameter(message, param_hint="--log") from None
    try:
        asyncio.run(_serve(folder, logs, bind))
    except NoWitness as why:
        refuse(str(why))


async def _serve(folder: Path, logs: dict[str, list[bytes]], bind: str) -> None:
    own = Key.read(folder)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.closing(Keeper(folder)) as keeper:
        set_up_logs("witness")
        app = application(Witness(own, logs, keeper))
        async with listening(app, bind, WebSettings.load()):
            typer.echo(own.verifier)
            await stop.wait()
