"""`expunge log`: show the log's state, write its files, show its key as witnesses want it.

Exit codes: 0 done; 1 it refuses to sign, or the folder holds another log.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.notes import VerifierKey
from contracts.topics import ERASURE_SERVICE
from services.erasure.log import store
from services.erasure.log.cosignatures import latest
from services.erasure.log.files import AnotherLog, publish
from services.erasure.log.identity import identity
from services.erasure.settings import ErasureSettings
from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.settings import Settings

log_commands = typer.Typer(help="The transparency log.", no_args_is_help=True)


@log_commands.command("show")
def show(*, as_json: AsJson = False) -> None:
    """Show the log's name, key and size, what is public, whether it signs, what witnesses saw.

    Exit 1 if it refuses to sign: docs/log.md says what to do.
    """
    answer = run(_state())
    shown = [f"{one['name']} saw {one['size']} leaves" for one in answer["witnesses"]]
    print_answer(answer if as_json else {**answer, "witnesses": shown}, as_json=as_json)
    if answer["refuses"] != "no":
        raise typer.Exit(1)


@log_commands.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder for checkpoint and tile/...")],
) -> None:
    """Write the public log as files that any web server can serve; later calls add what is new."""
    try:
        head = run(_export(folder))
    except AnotherLog:
        refuse(f"{folder} holds the files of another log: name another folder")
    typer.echo("nothing new" if head is None else f"{head.size} leaves of {head.origin}")


async def _export(folder: Path) -> Checkpoint | None:
    async with opened(ERASURE_SERVICE) as database, database.begin() as tx:
        return await publish(tx, folder)


async def _state() -> dict[str, Any]:
    own = ErasureSettings.load()
    mine = identity(Settings.load(), own)
    async with opened(ERASURE_SERVICE) as database, database.begin() as tx:
        head, public = await store.head(tx), await store.public_note(tx)
        seen = await latest(tx, [one.key for one in own.witnessed_by])
    name = Checkpoint.read(head.note).origin if head.note else mine.origin
    return {
        "name": name,
        "key": str(VerifierKey(name, mine.signer.public)),
        "size": head.size,
        "public": Checkpoint.read(public).size if public else 0,
        "refuses": head.refused or "no",
        "witnesses": [
            {"name": key.name, "size": one.size, "at": one.at and one.at.isoformat()}
            for key, one in seen.items()
        ],
    }
