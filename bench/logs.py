"""W11: lines of an access log read, cleaned, summed up and stored, against a bare COPY of them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rounds import Case, GateFailed, Result, Round, Turn
from services.website.ingest import Reading, ingest_file
from services.website.rules.visits import ITEMS
from services.website.settings import SERVICE
from shared.database import Database
from shared.parameters import duration
from shared.settings import Settings

LINES = 100_000
BATCH = 10_000
LIMIT = "COPY of the same finished rows into the same table in the same batches"
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1",
)
CASE = Case(
    name="W11",
    what="lines of an access log read, cleaned, summed up and stored",
    unit="lines/s",
    limit=LIMIT,
    floor=None,
    goal=None,
    setting={"lines": LINES, "batch": BATCH, "connections": 1, "processes": 1, "slices": 1},
)


def write_log(path: Path, now: datetime) -> None:
    """Write a log as a site of some hundred pages and some thousand visitors leaves it."""
    stamp = now.strftime("%d/%b/%Y:%H:%M:{:02d} +0000")
    with path.open("w", encoding="ascii") as file:
        for number in range(LINES):
            visitor = number * 7919 % 5_000
            referrer = "-" if number % 3 else f"https://www.example.org/page/{number % 700}?x=1"
            file.write(
                f"203.0.{visitor >> 8}.{visitor & 255} - - [{stamp.format(number % 60)}] "
                f'"GET /de/page-{number % 400}/part?visit={number} HTTP/1.1" 200 5120 '
                f'"{referrer}" "{AGENTS[number % 3]}"\n'
            )


async def log_ingestion(
    settings: Settings, rounds: int, advance: Callable[[], None]
) -> list[Result]:
    """Take turns; a round counts only if exactly its lines are stored, once."""
    result = Result(CASE)
    database = await Database.connect(settings, SERVICE, "eraser", size=2)
    try:
        with TemporaryDirectory() as folder:
            for number in range(rounds):
                log = Path(folder) / f"access-{number}.log"
                write_log(log, datetime.now(UTC))
                ours = await _ours(database, log)
                result.rounds.append(Round(ours, await _bare(database)))
                advance()
    except GateFailed as error:
        result.wrong = str(error)
    finally:
        await database.close()
    return [result]


async def _ours(database: Database, log: Path) -> Turn:
    reading = Reading(duration("LOG_TTL_TECHNICAL"), BATCH)
    async with database.begin() as tx:
        before = await tx.fetchval("select count(*) from access")
    begin = time.perf_counter()
    done = await ingest_file(database, log, reading, lambda _: None)
    seconds = time.perf_counter() - begin
    async with database.begin() as tx:
        stored = await tx.fetchval("select count(*) from access") - before
    if (done.stored, stored) != (LINES, LINES):
        message = f"{stored} of {LINES} lines stored"
        raise GateFailed(message)
    return Turn(LINES, seconds)


async def _bare(database: Database) -> Turn:
    """Copy as many finished rows; they go again with the transaction's table."""
    async with database.begin() as tx:
        columns = ", ".join(ITEMS)
        rows = [
            tuple(row) for row in await tx.fetch(f"select {columns} from access limit $1", LINES)
        ]
    begin = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        async with database.begin() as tx:
            await tx.copy("access", ITEMS, rows[start : start + BATCH])
    seconds = time.perf_counter() - begin
    async with database.begin() as tx:
        await tx.execute("delete from access")
    return Turn(len(rows), seconds)
