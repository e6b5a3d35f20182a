"""Put a backup in the place of databases, while nothing of ours uses them.

A restored database is older than the topics. Its worker reads on from where the backup stood,
deletes again whom it had deleted since, and only then vouches for it: until then the service is
not ready, mails nothing and shows nothing that is held (shared/consumer/ready.py).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg

from services import registry
from services.backup.manifest import (
    BackupRefused,
    Dump,
    Manifest,
    refuse_by_age,
    refuse_by_bytes,
)
from services.backup.programs import run_program
from services.backup.taking import databases_of
from shared.database import apply_schemas
from shared.parameters import duration
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Tell = Callable[[str], None]
FRESH: Final = "_restored"
END_LEASES: Final = "update lease set until = '1970-01-01 00:00:00+00'"


async def restore(
    settings: Settings,
    folder: Path,
    services: Sequence[str] = (),
    *,
    admin_url: str | None = None,
    tell: Tell = lambda _: None,
) -> tuple[Dump, ...]:
    """Restore databases from a backup; gives what was restored.

    All is checked before anything is changed, and a database is replaced only when its dump is
    loaded whole. Broken off, it can be run again. Raises BackupRefused, ProgramFailed.
    """
    admin_url = admin_url or settings.admin_url()
    manifest = Manifest.read(folder)
    dumps = manifest.chosen(tuple(services))
    _refuse_other_installation(settings, manifest, dumps)
    refuse_by_age(manifest, datetime.now(UTC), duration("BACKUP_HORIZON"))
    refuse_by_bytes(folder, dumps)
    admin: Connection = await asyncpg.connect(admin_url)
    try:
        await _refuse_in_use(admin, settings, dumps)
        for dump in dumps:
            await _replace(admin, admin_url, settings, folder, dump)
            tell(f"{dump.service}: as of {dump.taken_at:%Y-%m-%d %H:%M:%S} UTC")
    finally:
        await admin.close()
    await apply_schemas(settings, registry.schemas(), admin_url=admin_url)
    return dumps


def _refuse_other_installation(
    settings: Settings, manifest: Manifest, dumps: Sequence[Dump]
) -> None:
    known = set(databases_of(()))
    strange = sorted({dump.service for dump in dumps} - known)
    if manifest.namespace != settings.namespace or strange:
        message = (
            f"The backup is of another installation (namespace '{manifest.namespace}', "
            f"{len(strange)} unknown databases): set EXPUNGE_NAMESPACE, or use its own backup."
        )
        raise BackupRefused(message)


async def _refuse_in_use(admin: "Connection", settings: Settings, dumps: Sequence[Dump]) -> None:
    """Refuse while anybody is connected: a process would write into what is thrown away."""
    rows = await admin.fetch(
        """
        select datname, count(*) as sessions
          from pg_catalog.pg_stat_activity
         where datname = any($1::text[]) and backend_type = 'client backend'
         group by datname
         order by datname
        """,
        [settings.database(dump.service) for dump in dumps],
    )
    if rows:
        used = ", ".join(f"{row['datname']} ({row['sessions']} sessions)" for row in rows)
        message = (
            f"These databases are in use: {used}. Stop what serves, works and verifies for them "
            "(`expunge down`, or the containers web, workers, verifiers), then restore again."
        )
        raise BackupRefused(message)


async def _replace(
    admin: "Connection", admin_url: str, settings: Settings, folder: Path, dump: Dump
) -> None:
    """Load a dump into a new database, then let it take the old one's place."""
    name, owner = settings.database(dump.service), settings.role(dump.service, "owner")
    fresh = f"{name}{FRESH}"
    url = urlsplit(admin_url)._replace(path=f"/{fresh}").geturl()
    await admin.execute(f'drop database if exists "{fresh}" with (force)')  # of one broken off
    await admin.execute(f'create database "{fresh}" owner "{owner}" template template0')
    await run_program("pg_restore", url, "--exit-on-error", str(folder / dump.file))
    loaded: Connection = await asyncpg.connect(url)
    try:
        await loaded.execute(END_LEASES)  # nobody vouches for what it holds
    finally:
        await loaded.close()
    await admin.execute(f'drop database if exists "{name}"')  # refused if somebody came meanwhile
    await admin.execute(f'alter database "{fresh}" rename to "{name}"')
    await admin.execute(f'revoke all on database "{name}" from public')
