"""Reading another server's log: nothing twice, nothing too old, nothing of anybody in the sums."""

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from contracts.vocabulary import Ground
from services.website import store
from services.website.incidents import BadIncident, Incident, hold_lines
from services.website.ingest import Ingested, Reading, ingest_file, ingest_stream
from services.website.networks import country_lookup, provider_lookup
from services.website.rules.visits import ITEMS
from shared.parameters import duration
from tests.website.mmdb import write_mmdb
from tests.website.site import Website

KEEP = timedelta(days=7)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def line(at: datetime, path: str = "/de/", address: str = "203.0.113.77") -> bytes:
    """Write one line of another server's log."""
    stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{address} - - [{stamp}] "GET {path} HTTP/1.1" 200 1 "-" "{AGENT}"\n'.encode()


async def ingest(website: Website, path: Path, batch: int = 3, **how: object) -> Ingested:
    """Read a file as the command does."""
    reading = Reading(KEEP, batch, **how)  # type: ignore[arg-type]
    return await ingest_file(website.eraser, path, reading, lambda _: None)


async def kept(website: Website, path: str) -> int:
    """Count technical lines of one page."""
    return await website.count("select count(*) from access where url = $1", path)


async def counted(website: Website, path: str) -> int:
    """Read a page's sum."""
    return await website.count(
        "select coalesce(sum(count), 0) from total where value = $1 and kind = 'page'", path
    )


async def test_a_file_is_read_on_from_where_it_stopped(website: Website, tmp_path: Path) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(line(now, "/en/first") * 7 + line(now, "/en/first")[:40])

    first = await ingest(website, log)
    again = await ingest(website, log)
    with log.open("ab") as more:
        more.write(line(now, "/en/first")[40:] + line(now, "/en/first"))
    rest = await ingest(website, log)

    assert (first.stored, again.stored, rest.stored) == (7, 0, 2)
    assert await kept(website, "/en/first") == await counted(website, "/en/first") == 9


async def test_a_rotated_file_begins_anew(website: Website, tmp_path: Path) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(line(now, "/en/turned") * 2)
    await ingest(website, log)

    log.rename(tmp_path / "access.log.1")
    log.write_bytes(line(now, "/en/turned") * 3)
    await ingest(website, log)

    assert await kept(website, "/en/turned") == 5


async def test_a_batch_that_fails_leaves_no_line_and_no_position(
    website: Website, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(line(now, "/en/broken") * 4)
    move = store.move_position
    calls = iter([False, True])

    async def fail(*args: object) -> None:
        if next(calls, False):
            raise ConnectionError
        await move(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "move_position", fail)
    with pytest.raises(ConnectionError):
        await ingest(website, log, batch=2)
    monkeypatch.undo()
    await ingest(website, log, batch=2)

    assert await kept(website, "/en/broken") == await counted(website, "/en/broken") == 4


async def test_two_runs_at_once_count_a_line_once(website: Website, tmp_path: Path) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(line(now, "/en/twice") * 40)

    runs = await asyncio.gather(*(ingest(website, log, batch=5) for _ in range(2)))
    await ingest(website, log)

    assert await kept(website, "/en/twice") == await counted(website, "/en/twice") == 40
    assert sum(run.stored for run in runs) <= 40


async def test_a_stream_is_written_while_it_is_open(website: Website) -> None:
    reader, writer = os.pipe()
    now = datetime.now(UTC)
    seen = asyncio.Event()
    with os.fdopen(reader, "rb") as stream, os.fdopen(writer, "wb") as out:
        out.write(line(now, "/en/stream") * 2)
        out.flush()
        running = asyncio.create_task(
            ingest_stream(website.eraser, stream, Reading(KEEP, 100), lambda _: seen.set())
        )
        await asyncio.wait_for(seen.wait(), 20)
        stored = await kept(website, "/en/stream")
        threading.Thread(target=out.close).start()
        done = await running

    assert stored == done.stored == 2


async def test_what_says_nothing_is_passed_over_and_counted(
    website: Website, tmp_path: Path
) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(b"zq7Marker\n" + b"x" * 200_000 + b"\n\xff\xfe\n" + line(now, "/en/good"))

    done = await ingest(website, log)

    assert (done.stored, done.unread) == (1, 3)
    assert await kept(website, "/en/good") == 1


@pytest.mark.rule("R-LOG-07")
async def test_a_line_that_is_over_its_time_is_counted_and_not_stored(
    website: Website, tmp_path: Path
) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    old, young = now - KEEP - timedelta(minutes=1), now - KEEP + timedelta(days=1, minutes=1)
    future = now + timedelta(days=40)
    log.write_bytes(b"".join(line(at, "/en/age") for at in (old, young, future)))

    done = await ingest(website, log)

    assert (done.stored, done.too_old) == (1, 2)
    assert await kept(website, "/en/age") == 1
    assert await counted(website, "/en/age") == 3


@pytest.mark.rule("R-LOG-07")
async def test_a_day_goes_whole_when_its_first_moment_is_over_the_limit(
    website: Website, tmp_path: Path
) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    days = [now - timedelta(days=age) for age in (1, 3, 5)]
    log.write_bytes(b"".join(line(day, "/en/day") for day in days))
    await ingest(website, log)

    async with website.eraser.begin() as tx:
        gone = await store.drop_days(tx, timedelta(days=2))
    left = await website.rows("select at from access where url = '/en/day'")
    async with website.eraser.begin() as tx:
        await store.make_days(tx, KEEP)

    assert [row["at"].date() for row in left] == [days[0].date()]
    assert gone[days[2].date()] == 1
    assert all(row["at"] > now - timedelta(days=2) for row in left)


@pytest.mark.rule("R-LOG-07")
async def test_the_limit_stands_in_its_range(website: Website) -> None:
    assert timedelta(days=1) <= duration("LOG_TTL_TECHNICAL") <= timedelta(days=30)
    with pytest.raises(asyncpg.RaiseError):
        async with website.eraser.begin() as tx:
            await store.drop_days(tx, timedelta(days=31))


@pytest.mark.rule("R-LOG-09")
async def test_an_incident_is_copied_and_the_log_goes_at_its_time(
    website: Website, tmp_path: Path
) -> None:
    log, now = tmp_path / "access.log", datetime.now(UTC)
    then = now - timedelta(days=3)
    other = "198.51.100.9"
    log.write_bytes(line(then, "/en/attack") * 2 + line(then, "/en/attack", other))
    await ingest(website, log)
    incident = Incident(
        "incident-7",
        Ground.LEGAL_CLAIMS,
        then - timedelta(hours=1),
        then + timedelta(hours=1),
        now + timedelta(days=90),
        ("203.0.113.77:1234",),
    )

    async with website.eraser.begin() as tx:
        held = await hold_lines(tx, incident)
        await store.drop_days(tx, timedelta(days=1))
    rows = await website.rows(
        "select reference, ground, until from held where reference = 'incident-7'"
    )
    left = await kept(website, "/en/attack")
    async with website.eraser.begin() as tx:
        await store.make_days(tx, KEEP)

    assert held == len(rows) == 2
    assert left == 0
    assert {(row["ground"], row["until"]) for row in rows} == {("legal-claims", incident.until)}


@pytest.mark.rule("R-LOG-09")
@pytest.mark.parametrize("change", [{"case": "Ada Lovelace"}, {"until": datetime(2020, 1, 1)}])  # noqa: DTZ001
async def test_a_hold_has_a_reference_and_an_end(website: Website, change: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "case": "incident-8",
        "ground": Ground.LEGAL_CLAIMS,
        "since": now - timedelta(days=1),
        "before": now,
        "until": now + timedelta(days=1),
    }

    with pytest.raises(BadIncident):
        async with website.eraser.begin() as tx:
            await hold_lines(tx, Incident(**{**given, **change}))


@pytest.mark.rule("R-LOG-02")
async def test_country_and_provider_come_from_the_operators_files(
    website: Website, tmp_path: Path
) -> None:
    countries, providers = tmp_path / "c.mmdb", tmp_path / "p.mmdb"
    write_mmdb(countries, {"203.0.113.0/24": {"country": {"iso_code": "DE"}}})
    write_mmdb(providers, {"203.0.113.0/24": {"autonomous_system_organization": "Example Net"}})
    log, now = tmp_path / "access.log", datetime.now(UTC)
    log.write_bytes(line(now, "/en/where") + line(now, "/en/where", "198.51.100.9"))

    await ingest(
        website, log, country=country_lookup(countries), provider=provider_lookup(providers)
    )
    rows = await website.rows(
        "select country, provider from access where url = '/en/where' order by country desc"
    )

    assert [tuple(row) for row in rows] == [("DE", "Example Net"), ("", "")]
    assert country_lookup(None)("203.0.113.77") == ""


@pytest.mark.rule("R-LOG-01")
async def test_the_table_has_the_ten_items_and_no_other_column(website: Website) -> None:
    rows = await website.rows(
        "select column_name from information_schema.columns where table_name = 'access'"
    )

    assert {row[0] for row in rows} == set(ITEMS)


async def test_days_keep_no_statistics_of_anything_personal(website: Website) -> None:
    rows = await website.rows(
        """
        select c.relname, a.attname
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_class c on c.oid = a.attrelid
         where c.relispartition
           and c.relname like 'access%'
           and a.attname in ('address', 'url', 'referrer', 'term', 'country', 'provider')
           and (a.attstattarget is distinct from 0 or a.attstorage <> 'e')
        """
    )

    assert rows == []
