"""Databases come up by themselves, the same way every time, on our server or somebody else's."""

import asyncio
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from shared.database import Database, Kernel, Schema, apply, apply_schemas
from shared.database.cli import db_commands
from shared.database.migrations import ChangedMigration
from shared.settings import Settings
from tests.conftest import as_environment, fresh_settings
from tests.database import slice as club

FIRST = "create table first (a integer);"


def folder(tmp_path: Path, files: Sequence[tuple[str, str]]) -> Path:
    for name, sql in files:
        (tmp_path / name).write_text(sql)
    return tmp_path


async def test_a_second_apply_finds_nothing_new(settings: Settings) -> None:
    fresh = await apply(settings, club.SERVICE, club.FOLDER)
    again = await apply(settings, club.SERVICE, club.FOLDER)

    assert fresh[0] == "kernel/plumbing/0001_messages"
    assert fresh[-1] == "club/0001_member"
    assert again == []


async def test_a_new_file_is_applied_to_an_old_database(settings: Settings, tmp_path: Path) -> None:
    await apply(settings, "growing", folder(tmp_path, [("0001_first.sql", FIRST)]))

    fresh = await apply(
        settings, "growing", folder(tmp_path, [("0002_next.sql", "create table next (a integer);")])
    )

    assert fresh == ["growing/0002_next"]


async def test_a_changed_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    await apply(settings, "changing", folder(tmp_path, [("0001_first.sql", FIRST)]))

    with pytest.raises(ChangedMigration, match="changing/0001_first"):
        await apply(settings, "changing", folder(tmp_path, [("0001_first.sql", FIRST + "-- x")]))


async def test_a_broken_file_leaves_nothing_of_itself(settings: Settings, tmp_path: Path) -> None:
    broken = folder(tmp_path, [("0001_first.sql", FIRST + "select 1 / 0;")])

    with pytest.raises(asyncpg.DivisionByZeroError):
        await apply(settings, "broken", broken)

    fresh = await apply(settings, "broken", folder(tmp_path, [("0001_first.sql", FIRST)]))
    assert fresh == ["broken/0001_first"]


async def test_two_may_start_at_once(settings: Settings) -> None:
    both = await asyncio.gather(*(apply(settings, "twice", None) for _ in range(2)))

    assert min(map(len, both)) == 0
    database = await Database.connect(settings, "twice", "app")
    await database.close()


async def test_passwords_are_ours_alone(settings: Settings) -> None:
    await apply(settings, club.SERVICE, club.FOLDER)

    for file in (settings.secrets / "database").glob(f"{settings.namespace}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    one, other = (settings.secret(f"database/{settings.role('club', role)}")
                  for role in ("app", "eraser"))  # fmt: skip
    assert one != other


async def test_plumbing_has_no_subjects(settings: Settings) -> None:
    await apply(settings, "ledger", None, kernel=Kernel.PLUMBING)

    database = await Database.connect(settings, "ledger", "eraser")
    async with database.begin() as tx:
        tables = await tx.fetch("select relname from pg_class where relkind = 'r'")
        names = {row["relname"] for row in tables}
    await database.close()
    assert "outbox" in names
    assert not names & {"subject", "mail", "alias", "consent", "token"}


async def test_an_administrator_need_not_be_a_superuser(settings: Settings) -> None:
    """As on a managed server: a role that may create databases and roles."""
    name, password = f"{settings.namespace}dba", secrets.token_hex()
    admin = await asyncpg.connect(settings.admin_url())
    await admin.execute(f"create role {name} login createdb createrole password '{password}'")
    await admin.close()
    url = f"postgresql://{name}:{password}@{settings.postgres}/postgres"

    schemas = [Schema("managed", club.FOLDER), Schema("counted", None, Kernel.PLUMBING)]
    fresh = await apply_schemas(settings, schemas, admin_url=url)
    again = await apply_schemas(settings, schemas, admin_url=url)

    assert all(fresh.values())
    assert not any(again.values())
    database = await Database.connect(settings, "managed", "app")
    async with database.begin() as tx:
        await club.join(tx)
    await database.close()


def test_the_command_says_what_it_did(stack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = fresh_settings(stack)  # type: ignore[arg-type]
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    command = db_commands([Schema("club", club.FOLDER)])

    first, second = (CliRunner().invoke(command, ["apply"]) for _ in range(2))

    assert first.exit_code == second.exit_code == 0
    assert f"{settings.namespace}club_verifier: " in first.output
    assert f"{settings.namespace}club: up to date" in second.output
