"""One run of the views: rebuild from the log, then answer, watch and compare until stopped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson
from aiokafka import TopicPartition
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from contracts.topics import ERASURE_SERVICE, VIEWED_CONSENTS, VIEWED_SAGAS
from contracts.trust import KeyRing
from services.erasure.views.agents import Hearing
from services.erasure.views.alarms import set_timers
from services.erasure.views.app import SOURCES, make_app, source
from services.erasure.views.compare import Compared, Owners, alarm, compare, settle
from services.erasure.views.report import metrics, report
from services.erasure.views.settings import ViewsSettings
from services.erasure.views.tables import Tables
from shared.clock import SystemClock
from shared.consumer.keyring import Keys
from shared.database import Database
from shared.logs import log
from shared.outbox.spans import spans
from shared.settings import Settings
from shared.web.configuration import WebSettings
from shared.web.listening import listening

LOOK_S: Final = 0.1
QUIET: Final = timedelta(seconds=1)  # nothing came for so long at the end of a compacted topic
Places = Mapping[TopicPartition, int]


@dataclass
class Views:
    """What one run knows."""

    app: Any
    hearing: Hearing
    owners: Owners
    settings: ViewsSettings
    ends: Places
    caught_up: bool = False
    compared: Compared | None = None
    comparing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def tables(self) -> Tables:
        """The tables of this run."""
        return self.hearing.tables

    def report(self) -> dict[str, Any]:
        """Say everything there is to say now."""
        return report(
            self.tables,
            SystemClock().now(),
            ignored=self.hearing.ignored,
            caught_up=self.caught_up,
            compared=self.compared,
        )

    async def catch_up(self) -> None:
        """Return when every partition was read to the end it had at the start."""
        waiting, quiet_s = dict(self.ends), 0.0
        while waiting:
            await asyncio.sleep(LOOK_S)
            before = len(waiting)
            waiting = {place: end for place, end in waiting.items() if not self._read(place, end)}
            # The last records of a compacted topic may be gone: then nothing comes any more.
            there = [await self.app.consumer.position(place) or 0 for place in waiting]
            behind = any(at < end for at, end in zip(there, waiting.values(), strict=True))
            quiet_s = 0.0 if behind or len(waiting) < before else quiet_s + LOOK_S
            if quiet_s >= QUIET.total_seconds():
                break
        self.caught_up = True
        log.info("views-caught-up", service=ERASURE_SERVICE)

    def _read(self, place: TopicPartition, end: int) -> bool:
        topic = self.hearing.settings.bare_topic(place.topic)
        return self.hearing.read.get((topic, place.partition), 0) >= end

    async def look(self) -> Compared:
        """Compare once."""
        slices = await self.owners.slices()
        evidence = await self.owners.evidence()
        return compare(self.tables.live(), evidence, slices)

    async def compare(self) -> None:
        """Compare until nothing differs, or say what does."""
        async with self.comparing:
            self.compared = await settle(self.look, self.settings.views_settle)
        alarm(self.compared.drift)


async def once(settings: Settings, ring: KeyRing, chosen: ViewsSettings) -> dict[str, Any]:
    """Rebuild everything from the log, compare, and give all there is to say."""
    async with started(settings, ring, chosen) as views:
        await views.catch_up()
        await views.compare()
        return views.report()


async def keep_viewing(
    settings: Settings, ring: KeyRing, chosen: ViewsSettings, stop: asyncio.Event
) -> None:
    """Rebuild, then answer on the views' own listener, watch and compare, until `stop` is set."""
    settings.refuse_open_door(chosen.views_bind)
    async with (
        started(settings, ring, chosen) as views,
        listening(_pages(views), chosen.views_bind, WebSettings.load()),
        asyncio.TaskGroup() as group,
    ):
        catching_up = group.create_task(views.catch_up())
        await stop.wait()
        catching_up.cancel()


@contextlib.asynccontextmanager
async def started(settings: Settings, ring: KeyRing, chosen: ViewsSettings) -> AsyncIterator[Views]:
    """Start Faust and open the ledger's database; stop both at the end."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.connect(settings, ERASURE_SERVICE, "app", size=2)
        stack.push_async_callback(database.close)
        owners = Owners(settings, database)
        stack.push_async_callback(owners.close)
        app = make_app(settings)
        tables = Tables(
            app, settings.topic(VIEWED_CONSENTS.name), settings.topic(VIEWED_SAGAS.name)
        )
        hearing = Hearing(settings, Keys(settings, ring), tables)
        for name in SOURCES:
            app.agent(source(app, settings, name), name=name)(hearing.hear)
        views = Views(app, hearing, owners, chosen, await _ends(settings))
        set_timers(app, tables, views.compare, chosen.views_compare_hour)
        await app.start()
        stack.push_async_callback(app.stop)
        yield views


async def _ends(settings: Settings) -> Places:
    """Give the end of each partition that has records now."""
    return {
        TopicPartition(settings.topic(name), number): span.end
        for (name, number), span in (await spans(settings, SOURCES)).items()
        if span.end > span.begin
    }


def _pages(views: Views) -> Starlette:
    """Make the pages of the run: no ids, counts alone."""

    async def shown(request: Request) -> Response:
        del request
        return Response(orjson.dumps(views.report()), media_type="application/json")

    async def gauges(request: Request) -> Response:
        del request
        return PlainTextResponse(metrics(views.report()))

    async def ready(request: Request) -> Response:
        del request
        return PlainTextResponse(
            "ready" if views.caught_up else "not-ready", status_code=200 if views.caught_up else 503
        )

    return Starlette(
        routes=[Route("/views", shown), Route("/metrics", gauges), Route("/readyz", ready)]
    )
