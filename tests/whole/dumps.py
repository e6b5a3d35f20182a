"""Backups as operators make them: pg_dump, and pg_restore into a new database that takes over."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from shared.settings import Settings
from shared.stack.identity import find_wheel

TRIES = 100


async def dump(settings: Settings, service: str, folder: Path) -> Path:
    """Write one database's backup; gives its file."""
    file = folder / f"{service}.dump"
    url = _url(settings, settings.database(service))
    await _run("pg_dump", "--format=custom", f"--file={file}", url)
    return file


async def restore(settings: Settings, service: str, file: Path) -> None:
    """Put a backup in the place of the database; who is connected is cut off.

    The new database has the owner of the old one: schema `public` is the owner's alone.
    """
    name, owner = settings.database(service), settings.role(service, "owner")
    fresh = f"{name}_restored"
    admin = await asyncpg.connect(settings.admin_url())
    try:
        await admin.execute(f'create database "{fresh}" owner "{owner}" template template0')
        await _run("pg_restore", f"--dbname={_url(settings, fresh)}", str(file))
        for _ in range(TRIES):
            try:
                await admin.execute(f'drop database "{name}" with (force)')
            except asyncpg.ObjectInUseError:
                continue
            break
        await admin.execute(f'alter database "{fresh}" rename to "{name}"')
    finally:
        await admin.close()


def _url(settings: Settings, database: str) -> str:
    return urlsplit(settings.admin_url())._replace(path=f"/{database}").geturl()


async def _run(program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        find_wheel() / "bin" / program,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
