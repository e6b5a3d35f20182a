"""Bring a service's database to the schema the code expects: plain SQL files, forward only.

Kernel files come first, then the service's own. What was applied is remembered with its
SHA-256: a file that changed afterwards is refused, since some databases hold its old effect.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg

from contracts.topics import ERASURE_SERVICE
from shared.database.locks import MIGRATION
from shared.database.roles import ROLES, VERIFIER_ROLES, grant_all, make_database
from shared.scrub.wal import permit
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

KERNEL_FOLDER: Final = Path(__file__).with_name("migrations")
DAYS_AHEAD: Final = 7
DAYS_KEPT: Final = 40


class Kernel(StrEnum):
    """Which tables of ours a database gets beside its own."""

    SLICE = "slice"
    ORIGIN = "origin"
    PLUMBING = "plumbing"
    VERIFIER = "verifier"

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders of kernel files, in order."""
        return {
            Kernel.SLICE: ("plumbing", "slice"),
            Kernel.ORIGIN: ("plumbing", "slice", "origin"),
            Kernel.PLUMBING: ("plumbing",),
            Kernel.VERIFIER: ("plumbing", "verifier"),
        }[self]


class ChangedMigration(Exception):  # noqa: N818
    """A migration that was applied has other bytes now: write a new file instead."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What one service's databases are made of: its folder of migrations and which kernel.

    `verified`: the service has a verifier, which gets its own small database.
    """

    service: str
    folder: Path | None
    kernel: Kernel = Kernel.SLICE
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `name` is `kernel/plumbing/0001_messages` or `newsletter/0001_slice`."""

    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        """Digest of the file's bytes."""
        return hashlib.sha256(self.sql.encode()).digest()


def migrations(service: str, folder: Path | None, kernel: Kernel) -> list[Migration]:
    """List every file in the order of application."""
    found = [
        Migration(f"kernel/{part}/{path.stem}", path.read_text())
        for part in kernel.folders
        for path in _files(KERNEL_FOLDER / part)
    ]
    if folder is not None:
        found += [Migration(f"{service}/{path.stem}", path.read_text()) for path in _files(folder)]
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))


async def apply(
    settings: Settings,
    service: str,
    folder: Path | None,
    *,
    kernel: Kernel = Kernel.SLICE,
    roles: Iterable[str] = ROLES,
    admin_url: str | None = None,
) -> list[str]:
    """Create database and roles where absent, apply what is new, grant; return what was new.

    `admin_url` may create databases and roles (default: the embedded server's administrator).
    Safe to repeat and to run twice at once. Raises ChangedMigration, MissingSecret, asyncpg's
    errors.
    """
    admin_url = admin_url or settings.admin_url()
    roles = tuple(roles)
    admin: Connection = await asyncpg.connect(admin_url)
    try:
        await admin.execute("select pg_advisory_lock($1)", MIGRATION)
        await make_database(admin, settings, service, roles)
        owner: Connection = await asyncpg.connect(settings.database_url(service, "owner"))
        try:
            fresh = await _apply_files(owner, migrations(service, folder, kernel))
            await owner.execute("select turn_inbox($1, $2)", DAYS_AHEAD, DAYS_KEPT)
            await grant_all(owner, settings, service, roles)
        finally:
            await owner.close()
    finally:
        await admin.close()
    return fresh


async def apply_verifier(
    settings: Settings, service: str, *, admin_url: str | None = None
) -> list[str]:
    """Bring the small database of a service's verifier up: plumbing, and no role that reads it."""
    return await apply(
        settings,
        f"{service}_verifier",
        None,
        kernel=Kernel.VERIFIER,
        roles=VERIFIER_ROLES,
        admin_url=admin_url,
    )


async def apply_schemas(
    settings: Settings, schemas: Iterable[Schema], *, admin_url: str | None = None
) -> dict[str, list[str]]:
    """Bring all databases up, one after the other; return what was new in each, by name."""
    fresh = {}
    for schema in schemas:
        name = settings.database(schema.service)
        fresh[name] = await apply(
            settings, schema.service, schema.folder, kernel=schema.kernel, admin_url=admin_url
        )
        if schema.verified:
            verifier = settings.database(f"{schema.service}_verifier")
            fresh[verifier] = await apply_verifier(settings, schema.service, admin_url=admin_url)
        if schema.service == ERASURE_SERVICE:
            await _permit_scrubbing(settings, admin_url or settings.admin_url())
    return fresh


async def _permit_scrubbing(settings: Settings, admin_url: str) -> None:
    """Let the ledger's eraser renew the server's write-ahead log, if we may say so there.

    An administrator who is no superuser may not; then a scrub says that this part is not done.
    """
    database = settings.database(ERASURE_SERVICE)
    url = urlsplit(admin_url)._replace(path=f"/{database}").geturl()
    admin: Connection = await asyncpg.connect(url)
    try:
        await admin.execute("select pg_advisory_lock($1)", MIGRATION)
        await permit(admin, settings.role(ERASURE_SERVICE, "eraser"))
    finally:
        await admin.close()


async def _apply_files(owner: "Connection", files: list[Migration]) -> list[str]:
    await owner.execute(
        """
        create table if not exists migration (
            name       text        primary key,
            sha256     bytea       not null,
            applied_at timestamptz not null default now()
        )
        """
    )
    known = {row["name"]: row["sha256"] for row in await owner.fetch("select * from migration")}
    fresh = []
    for file in files:
        if file.name in known:
            if known[file.name] != file.sha256:
                raise ChangedMigration(file.name)
            continue
        async with owner.transaction():
            await owner.execute(file.sql)
            await owner.execute(
                "insert into migration (name, sha256) values ($1, $2)", file.name, file.sha256
            )
        fresh.append(file.name)
    return fresh
