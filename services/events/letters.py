"""The file of a dispatch list: a kill at any moment leaves it whole or not there (R-EV-07).

Written beside its place, then committed, then moved there. The name of the unfinished file says by
which transaction its letters were handed over, and the database remembers how that one ended: so
the next run finishes what was committed and removes what was not.
"""

import glob
import os
from pathlib import Path
from typing import Final

import asyncpg

from services.events.dispatch import as_csv, take_list
from services.events.reading import catalogue
from services.events.settings import SERVICE
from shared.commands import opened
from shared.crash import crash
from shared.database import Database, Transaction
from shared.disclosure import configured_recipients
from shared.errors import Refused
from shared.web import require_caught_up
from shared.web.wordings import Wordings

PRIVATE: Final = 0o600


class NoPlace(Refused):
    """Name a file that is not there yet, in a folder that is: --out letters.csv."""

    problem = "no-place"


class NoReading(Refused):
    """There is no reading of this name: `expunge events dispatch` shows what waits."""

    problem = "no-reading"


class Finished(Refused):
    """The file is there now: an earlier run was stopped after its letters were handed over."""

    problem = "list-finished"


class Unfinished(Refused):
    """A .part file of another run lies beside it: if its letters still wait, delete that file."""

    problem = "list-unfinished"


def check_names(reading: str, out: Path | None) -> Path:
    """Give the file to write. Raises NoReading or NoPlace."""
    if reading not in catalogue():
        raise NoReading
    if out is None or out.exists() or not out.parent.is_dir():
        raise NoPlace
    return out


async def write_list(reading: str, out: Path, wordings: Wordings) -> int:
    """Hand the letters of a reading over and write their list; give how many.

    Raises Finished, Unfinished, and NotCaughtUp while a restored backup may have brought somebody
    back.
    """
    async with opened(SERVICE, signs=True) as database:
        await _settle_earlier(database, out)
        async with database.begin() as tx:
            await require_caught_up(tx)
            lines = await take_list(tx, reading, configured_recipients(), wordings)
            number = await tx.fetchval("select pg_current_xact_id()::text")
            part = out.with_name(f"{out.name}.{number}.part")
            _write(part, as_csv(lines))
            crash("dispatch:before-commit")
        crash("dispatch:after-commit")
    _take_place(part, out)
    return len(lines)


def _take_place(part: Path, out: Path) -> None:
    part.rename(out)


def _write(part: Path, text: str) -> None:
    """Write a file that only its owner reads, to the disk itself."""
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


async def _settle_earlier(database: Database, out: Path) -> None:
    """Finish or remove what a killed run left here. Raises Finished or Unfinished."""
    for part in _left(out):
        number = part.name.removeprefix(f"{out.name}.").removesuffix(".part")
        try:
            async with database.begin() as tx:
                ended = await _how_ended(tx, number)
        except asyncpg.PostgresError:
            ended = None
        if ended == "committed":
            _take_place(part, out)
            raise Finished
        if ended != "aborted":
            raise Unfinished
        _drop(part)


def _left(out: Path) -> list[Path]:
    return sorted(out.parent.glob(f"{glob.escape(out.name)}.*.part"))


def _drop(part: Path) -> None:
    part.unlink()


async def _how_ended(tx: Transaction, number: str) -> str | None:
    """Say how a transaction ended; None if that is too long ago to be known."""
    ended: str | None = await tx.fetchval("select pg_xact_status($1::text::xid8)", number)
    return ended
