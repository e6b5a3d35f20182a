"""The command line as an auditor runs it: a process of its own."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.ledger import Ledger, Saga
from tests.processes import run


async def expunge(environment: Mapping[str, str], *arguments: str | Path) -> tuple[int, bytes]:
    """Run it; exit code and standard output."""
    said = await run([*map(str, arguments)], environment)
    sys.stderr.write(said.error)
    return said.code, said.out.encode()


@dataclass
class History:
    """A ledger whose topic has certified sagas, one of them forgotten, and one that is open."""

    on: Ledger
    environment: dict[str, str]
    certified: list[Saga]
    open: Saga

    async def expunge(self, *arguments: str | Path) -> tuple[int, bytes]:
        """Run the command line in its own process: exit code and standard output."""
        return await expunge(self.environment, *arguments)


Lines = list[dict[str, Any]]


def read(file: Path) -> Lines:
    """Read an export: the header first."""
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def write(file: Path, lines: Lines) -> None:
    """Write an export anew."""
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
