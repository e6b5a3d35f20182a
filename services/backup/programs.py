"""PostgreSQL's own programs: pg_dump and pg_restore, with the password where nobody sees it."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from shared.stack.errors import StackError
from shared.stack.identity import find_wheel

LAST_LINES: Final = 5


class ProgramFailed(StackError):  # noqa: N818 - says what happened
    """A program of PostgreSQL ended with an error; the message has its last words."""


def find_program(name: str) -> Path:
    """Give the wheel's program, else the machine's. Raises StackError with what to do."""
    try:
        return find_wheel() / "bin" / name
    except StackError:
        if found := shutil.which(name):
            return Path(found)
    message = f"There is no {name} here: install PostgreSQL's client programs, or `make setup`."
    raise StackError(message)


async def run_program(name: str, url: str, *arguments: str) -> None:
    """Run a program on the database of a URL. Raises ProgramFailed with its last words.

    The password goes by the environment: arguments can be read by everybody on the machine.
    """
    at = urlsplit(url)
    given = {"PGHOST": at.hostname, "PGPORT": str(at.port or 5432), "PGUSER": at.username,
             "PGPASSWORD": unquote(at.password or "")}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        find_program(name),
        f"--dbname={at.path.removeprefix('/')}",
        *arguments,
        env={**os.environ, **{key: value for key, value in given.items() if value}},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        last = "\n".join(said.decode(errors="replace").splitlines()[-LAST_LINES:])
        message = f"{name} ended with exit code {process.returncode}: {last}"
        raise ProgramFailed(message)
