"""The command line as an auditor runs it: a process of its own; and an export in bad hands."""

import base64
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from contracts.proof import Proof, Record
from tests.kernel import eventually
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


async def export_to(history: History, file: Path) -> Lines:
    """Export the topic; return its lines, the header first."""
    code, _ = await history.expunge("audit", "export", file)
    assert code == 0
    return read(file)


async def published(history: History, folder: Path) -> Path:
    """Mirror the public log into a folder, once it has every certificate."""

    async def is_public() -> bool:
        told = await history.on.value("select told from log_told")
        return bool(told >= await history.on.value("select max(log_index) + 1 from certificate"))

    await eventually(is_public)
    code, _ = await history.expunge("log", "export", folder)
    assert code == 0
    return folder


def entries_of(log: Path) -> Path:
    """Find the one bundle of leaves of a small log."""
    (bundle,) = (file for file in (log / "tile/entries").rglob("*") if file.is_file())
    return bundle


def at(lines: Lines, kind: str, number: int = 0) -> int:
    """Say which line of an export is the n-th record of a type."""
    wanted = [
        place
        for place, line in enumerate(lines[1:], 1)
        if base64.b64decode(dict(line["headers"])["type"]) == kind.encode()
    ]
    return wanted[number]


def renumber(lines: Lines) -> None:
    """Give all entries offsets from 0 on, as somebody does who hides what was done."""
    for offset, line in enumerate(lines[1:]):
        line["offset"] = offset
    lines[0]["spans"] = [[0, len(lines) - 1]]


def entry(record: Record, proof: Proof) -> dict[str, Any]:
    """Write a sealed record as a line of an export; `renumber` gives it its offset."""
    headers = [[name, base64.b64encode(raw).decode()] for name, raw in proof.headers()]
    value = base64.b64encode(record.value).decode()
    return {"partition": 0, "offset": 0, "key": None, "headers": headers, "value": value}


def spoil(line: dict[str, Any], old: bytes, new: bytes) -> None:
    """Change bytes of a record's value."""
    value = base64.b64decode(line["value"])
    assert old in value
    line["value"] = base64.b64encode(value.replace(old, new)).decode()
