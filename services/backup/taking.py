"""Take a backup while everything runs: one dump a database, and how far each had read."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from services import registry
from services.backup.manifest import BackupRefused, Dump, Manifest, Position, digest_of
from services.backup.programs import run_program
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Tell = Callable[[str], None]
# Counters by address live for a day at most, and their keys too: neither comes back.
OPTIONS: Final = ("--format=custom", "--no-unlogged-table-data")


def databases_of(services: Sequence[str]) -> list[str]:
    """Name the databases of services, a verifier's after its service's; all without names.

    Raises BackupRefused for a service that there is not.
    """
    known = {one.name: one for one in registry.with_database()}
    if unknown := sorted(set(services) - known.keys()):
        message = f"There is no service {', '.join(unknown)}; there are {', '.join(known)}."
        raise BackupRefused(message)
    names = []
    for name in services or known:
        names += [name, f"{name}_verifier"] if known[name].participant else [name]
    return names


async def back_up(
    settings: Settings, folder: Path, services: Sequence[str] = (), tell: Tell = lambda _: None
) -> Manifest:
    """Write a backup into a new or empty folder, the manifest last; keys and passwords are not in.

    Each database is read as it is at one moment, while it is written to. Raises BackupRefused,
    ProgramFailed, MissingSecret.
    """
    names = databases_of(services)
    _make_folder(folder)
    taken_at, dumps = datetime.now(UTC), []
    for name in names:
        dumps.append(await _dump(settings, name, folder))
        tell(f"{name}: {dumps[-1].bytes} bytes")
    manifest = Manifest(
        software=version("expunge"),
        namespace=settings.namespace,
        taken_at=taken_at,
        databases=tuple(dumps),
    )
    manifest.write(folder)
    return manifest


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        message = f"{folder} is not empty: give a backup a folder of its own."
        raise BackupRefused(message)
    folder.chmod(0o700)


async def _dump(settings: Settings, service: str, folder: Path) -> Dump:
    """Dump one database and read its positions in the same snapshot."""
    url = settings.database_url(service, "owner")
    path = folder / f"{service}.dump"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # before the first byte
    connection: Connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            taken_at = await connection.fetchval("select now()")
            rows = await connection.fetch(
                """
                select topic, partition, next_offset from consumer_cursor
                 order by topic, partition
                """
            )
            server = await connection.fetchval("select current_setting('server_version')")
            options = (
                "--format=custom",
                "--no-unlogged-table-data",
                f"--snapshot={snapshot}",
                f"--file={path}",
            )
            await run_program("pg_dump", url, *options)
    finally:
        await connection.close()
    return Dump(
        service=service,
        file=path.name,
        bytes=path.stat().st_size,
        sha256=digest_of(path),
        taken_at=taken_at,
        server=server,
        positions=tuple(Position(**row) for row in rows),
    )
