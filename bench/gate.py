"""The correctness gate: a round counts only if everything it should have done was done."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from bench.people import Someone, digest_of
from bench.place import Admin
from bench.processes import SLICES
from bench.rounds import GateFailed
from services import registry
from services.up import as_environment
from shared.inventory import Root
from shared.settings import Settings

DRAINED_S = 30.0
POLL_S = 0.05


def holds(what: str, *, true: bool, seen: object) -> None:
    """Raise GateFailed with what was seen instead."""
    if not true:
        message = f"{what}: {seen}"
        raise GateFailed(message)


async def check(
    settings: Settings,
    requests: Sequence[UUID],
    erased: Sequence[Someone],
    others: Sequence[Someone],
    before: dict[str, str],
) -> None:
    """Check a group of certified requests. Raises GateFailed."""
    await nobody_left(settings, erased)
    after = await digest_of(settings, others)
    holds("others are untouched", true=after == before, seen=after)
    await all_proven(settings, requests)
    await drained(settings)


async def nobody_left(settings: Settings, erased: Sequence[Someone]) -> None:
    """No table of any slice has a row of the erased."""
    ids = [who for one in erased for who in (one.subject_id, one.asking_id)]
    for service in registry.with_database():
        tables = [
            table.name
            for table in (service.inventory.all_tables.values() if service.inventory else ())
            if any(isinstance(column, Root) for column in table.columns.values())
        ]
        async with Admin(settings, service.name) as connection:
            for table in tables:
                count = await connection.fetchval(
                    f"select count(*) from {table} where subject_id = any($1::uuid[])", ids
                )
                holds(f"no row of the erased in {service.name}.{table}", true=not count, seen=count)
    async with Admin(settings, "newsletter") as connection:
        addresses = [one.address for one in erased]
        count = await connection.fetchval(
            "select count(*) from subscriber where email = any($1::text[])", addresses
        )
    holds("no address of the erased", true=not count, seen=count)


async def all_proven(settings: Settings, requests: Sequence[UUID]) -> None:
    """Receipts are slices x requests, every read-back says 0, certificates are requests."""
    slices = len(SLICES)
    expected = {
        "receipts": ("select count(*) from saga_receipt", slices),
        "read-backs of nothing": ("select count(*) from saga_read_back", slices),
        "certificates": ("select count(*) from certificate", 1),
        "certificates of everything": ("select count(*) from certificate", 1),
    }
    more = {
        "read-backs of nothing": "and remaining = 0",
        "certificates of everything": "and outcome = 'complete' and envelope is not null",
    }
    async with Admin(settings, "erasure") as connection:
        for what, (select, each) in expected.items():
            count = await connection.fetchval(
                f"{select} where request_id = any($1::uuid[]) {more.get(what, '')}", list(requests)
            )
            wanted = each * len(requests)
            holds(f"{what} are {wanted}", true=count == wanted, seen=count)


async def drained(settings: Settings) -> None:
    """Every outbox is empty, and nothing was parked or quarantined."""
    names = [service.name for service in registry.with_database()]
    for name in [*names, *(f"{each}_verifier" for each in registry.participants())]:
        async with Admin(settings, name) as connection:
            try:
                async with asyncio.timeout(DRAINED_S):
                    while await connection.fetchval("select count(*) from outbox"):  # noqa: ASYNC110
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                holds(f"the outbox of {name} is empty", true=False, seen="rows are left")
            for table in ("parked", "quarantine"):
                count = await connection.fetchval(f"select count(*) from {table}")
                holds(f"{name}.{table} is empty", true=not count, seen=count)


async def replay(settings: Settings) -> int:
    """Run `audit replay` over everything; gives its peak of memory in bytes. Raises GateFailed."""
    log = settings.state / "logs" / "replay.log"
    return await _replayed(log, as_environment(settings))


async def replay_file(folder: Path) -> int:
    """Replay a history with its own keys and head, offline; the rest as `replay`."""
    words = ("--from", "topic.ndjson", "--trust", "trust.json", "--checkpoint", "checkpoint")
    named = [word if word.startswith("--") else str(folder / word) for word in words]
    return await _replayed(folder / "replay.log", {}, *named)


async def _replayed(log: Path, environment: Mapping[str, str], *words: str) -> int:
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; awaited in a thread
            (sys.executable, "-m", "services.cli", "audit", "replay", *words),
            env={**os.environ, **environment},
            stdout=stream,
            stderr=stream,
        )
    _, status, usage = await asyncio.to_thread(os.wait4, process.pid, 0)
    code = process.returncode = os.waitstatus_to_exitcode(status)
    said = await asyncio.to_thread(log.read_text)
    holds("audit replay finds nothing", true=code == 0, seen=said[-400:])
    return usage.ru_maxrss * 1024
