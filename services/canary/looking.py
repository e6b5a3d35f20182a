"""Look for the canary everywhere that this process may read; say where, never what."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from contracts.topics import TOPICS
from services import registry
from services.backup.taking import databases_of
from shared.search.files import in_files
from shared.search.places import Found, in_database, in_topics
from shared.settings import MissingSecret, Settings


@dataclass
class Looked:
    """Where was looked, where not and why, and where something was found."""

    found: list[Found] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    not_searched: list[str] = field(default_factory=list)

    @property
    def places(self) -> list[str]:
        """Say where something was found: tables, records, files of ours."""
        return [one.place for one in self.found]


async def look(settings: Settings, markers: Sequence[str]) -> Looked:
    """Search each database with its owner's eyes, each topic from its start, and the logs.

    The mail spool is tables of the databases. A database whose password is not here is named.
    """
    looked = Looked()
    for service in databases_of(()):
        await _in_database(settings, service, markers, looked)
    topics = [settings.topic(name) for name in TOPICS]
    looked.found += await in_topics(settings.kafka, topics, markers)
    looked.searched += [f"topic {name}" for name in topics]
    logs = settings.state / "logs"
    if logs.is_dir():
        looked.found += await asyncio.to_thread(in_files, logs, markers)
        looked.searched.append("logs")
    else:
        looked.not_searched.append("logs")
    return looked


async def _in_database(
    settings: Settings, service: str, markers: Sequence[str], looked: Looked
) -> None:
    name = f"database {settings.database(service)}"
    try:
        url = settings.database_url(service, "owner")
    except MissingSecret:
        looked.not_searched.append(name)
        return
    connection = await asyncpg.connect(url)
    try:
        looked.found += await in_database(connection, markers)
    finally:
        await connection.close()
    looked.searched.append(name)


async def forgotten(settings: Settings, address: str) -> bool:
    """Say whether no origin knows the address of a request any more: its very last step."""
    for service in registry.with_database():
        if service.origin:
            connection = await asyncpg.connect(settings.database_url(service.name, "owner"))
            try:
                if await connection.fetch("select from alias where address = $1", address):
                    return False
            finally:
                await connection.close()
    return True


async def look_at_bytes(folders: Sequence[Path], markers: Sequence[str]) -> Looked:
    """Search the bytes of folders, such as PostgreSQL's and the broker's; only what is readable."""
    looked = Looked()
    for folder in folders:
        try:
            looked.found += await asyncio.to_thread(in_files, folder, markers, exact=True)
        except OSError:
            looked.not_searched.append(f"bytes {folder.name}")
        else:
            looked.searched.append(f"bytes {folder.name}")
    return looked
