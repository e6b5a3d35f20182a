"""What each role may not do: the database refuses, whatever the code says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from shared.database import Database, apply, apply_verifier
from shared.settings import Settings
from tests.database import slice as club

DENIED = asyncpg.InsufficientPrivilegeError


@asynccontextmanager
async def connected(
    settings: Settings, role: str, service: str = club.SERVICE
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        settings.database_url(service, role)
    )
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "drop table member",
        "create table mine (a integer)",
        "alter table member add column a integer",
        "truncate member",
        "create schema mine",
        "create temporary table mine (a integer)",
        "alter table member disable row level security",
        "delete from subject",
        "delete from receipt",
        "update receipt set attempt = 1",
        "update note set text = ''",
        "delete from note",
        "update consent set purpose = ''",
        "delete from outbox",
        "update outbox set value = ''",
        "select * from held",
        "update migration set name = ''",
        "select turn_inbox(1, 1)",
        "set role postgres",
        "select pg_read_file('PG_VERSION')",
        "copy member to program 'true'",
    ],
)
async def test_the_web_process_may_not(club_settings: Settings, statement: str) -> None:
    async with connected(club_settings, "app") as app:
        with pytest.raises(DENIED):
            await app.execute(statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("eraser", "drop table member"),
        ("eraser", "delete from receipt"),
        ("eraser", "update receipt set attempt = 1"),
        ("eraser", "update note set text = ''"),
        ("eraser", "update consent set purpose = ''"),
        ("eraser", "select fields from held"),
        ("eraser", "delete from held"),
        ("relay", "select * from member"),
        ("relay", "select * from alias"),
        ("relay", "insert into outbox (topic, partition, value, headers) values ('', 0, '', '')"),
        ("relay", "update outbox set value = ''"),
        ("exporter", "delete from member"),
        ("exporter", "select * from held"),
        ("exporter", "select * from alias"),
        ("exporter", "select * from token"),
        ("holder", "select * from member"),
        ("verifier", "select fields from held"),
        ("verifier", "delete from member"),
        ("verifier", "insert into receipt (receipt_id) values (gen_random_uuid())"),
        ("auditor", "select * from member"),
    ],
)
async def test_no_role_does_the_work_of_another(
    club_settings: Settings, role: str, statement: str
) -> None:
    async with connected(club_settings, role) as connection:
        with pytest.raises(DENIED):
            await connection.execute(statement)


async def test_no_service_reads_the_database_of_another(club_settings: Settings) -> None:
    await apply(club_settings, "choir", None)
    await apply_verifier(club_settings, "choir")

    for role in ("app", "owner", "verifier", "exporter"):
        own = club_settings.database_url(club.SERVICE, role)
        for other in ("choir", "choir_verifier"):
            there = own.rpartition("/")[0] + "/" + club_settings.database(other)
            with pytest.raises(DENIED):
                await asyncpg.connect(there)


async def test_the_verifier_reads_every_relation(club_settings: Settings) -> None:
    """Also one that appeared after the grants: what it cannot read must not look empty."""
    async with connected(club_settings, "owner") as owner:
        await owner.execute("create table later (a integer)")
        await owner.execute("insert into later values (1)")
        await owner.execute("create materialized view later_too as select * from later")
    async with connected(club_settings, "verifier") as verifier:
        relations = await verifier.fetch(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm')"
        )
        for relation in {row["relname"] for row in relations} - {"held"}:
            await verifier.execute(f'select from "{relation}"')
        counted = await verifier.fetchval("select count(*) from later_too")
        held = await verifier.fetchval("select count(request_id) from held")
    assert (counted, held) == (1, 0)
    async with connected(club_settings, "owner") as owner:
        await owner.execute("drop materialized view later_too; drop table later")


async def test_the_eraser_deletes_and_turns_the_days(eraser: Database) -> None:
    async with eraser.begin() as tx:
        subject = await club.join(tx, "gone@example.org")
        await tx.execute("delete from subject where subject_id = $1", subject)
        await tx.execute("select turn_inbox(7, 40)")
        await tx.execute(
            "insert into held values ($1, null, 'contract', 'hgb-257', now(), '{}')", uuid4()
        )


async def test_only_the_holder_reads_what_is_held(
    eraser: Database, club_settings: Settings
) -> None:
    hold = uuid4()
    async with eraser.begin() as tx:
        await tx.execute(
            "insert into held values ($1, null, 'contract', 'hgb-257', now(), $2)",
            hold,
            {"town": "Unna"},
        )

    async with connected(club_settings, "holder") as holder:
        fields = await holder.fetchval("select fields from held where hold_id = $1", hold)
    assert "Unna" in fields
