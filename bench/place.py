"""Where a run takes place: a state folder and ports of its own, and what must be said about it."""

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from shared.settings import Settings

STATE = Path(".expunge") / "bench"
ROOT = Path(__file__).parents[1]


class Admin:
    """The administrator's connection to one database: prepares data, and sees everything."""

    def __init__(self, settings: Settings, service: str) -> None:
        split = urlsplit(settings.admin_url())
        self._url = split._replace(path=f"/{settings.database(service)}").geturl()
        self._connection: Any = None

    async def __aenter__(self) -> Any:
        """Connect; gives asyncpg's connection."""
        self._connection = await asyncpg.connect(self._url)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def facts(settings: Settings) -> dict[str, Any]:
    """Say what the numbers depend on and no case says itself."""
    async with Admin(settings, "erasure") as connection:
        postgres = await connection.fetchval("show server_version")
        commit = await connection.fetchval("show synchronous_commit")
        fsync = await connection.fetchval("show fsync")
    return {
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "-s") else ""),
        "cores": len(os.sched_getaffinity(0)),
        "postgresql": postgres.split()[0],
        "synchronous_commit": commit,
        "fsync": fsync,
        "kafka": _kafka_version(),
        "acks": "all",
        "partitions": settings.partitions or 1,
    }


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ("git", *arguments),  # noqa: S607
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _kafka_version() -> str:
    """Read the broker's version from the name of its jar in the committed list."""
    for line in (ROOT / "shared" / "stack" / "jars.sha256").read_text().splitlines():
        name = line.split()[-1].rpartition("/")[2]
        if name.startswith("kafka-server-") and name[len("kafka-server-")].isdigit():
            return name.removeprefix("kafka-server-").removesuffix(".jar")
    return "unknown"
