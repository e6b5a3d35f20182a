"""What each process of ours runs until it is asked to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from typing import Annotated

import typer

from services.registry import named
from shared.keys import load_ring
from shared.logs import set_up_logs
from shared.saga.verifier import verify_work
from shared.settings import Settings
from shared.slice import Service
from shared.stack.inbox import Inbox
from shared.stack.inbox_page import inbox_router
from shared.web import internal_app, public_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening, run_on_uvloop
from shared.web.pages import STYLE_PATH
from shared.web.routes import add_routes
from shared.worker import collect_rarely, run

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


Names = Annotated[list[str] | None, typer.Argument(help="Services; all live ones without.")]
Without = Annotated[
    list[str] | None, typer.Option(help="A service that another process works for.")
]


def serve(names: Names = None) -> None:
    """Answer HTTP for the services, on a public and on an internal listener."""
    services = named(names)
    set_up_logs("web")
    run_on_uvloop(_serve(Settings.load(), services))


def work(names: Names = None, without: Without = None) -> None:
    """Relay, consume, mail and keep the deadlines of the services."""
    others = named(without) if without else ()
    services = [service for service in named(names) if service not in others]
    settings = Settings.load()
    set_up_logs("workers")
    works = [service.work(settings) for service in services if service.kernel is not None]
    run_on_uvloop(run(settings, works, load_ring(settings)))


def verify_slices(names: Names = None) -> None:
    """Read back, with other keys, what those of the services erased that hold a slice."""
    services, settings = named(names), Settings.load()
    set_up_logs("verifiers")
    works = [verify_work(settings, service.name) for service in services if service.participant]
    run_on_uvloop(run(settings, works, load_ring(settings)))


async def _serve(settings: Settings, services: Sequence[Service]) -> None:
    parts = [service.part() for service in services]
    configuration = WebSettings.load()
    public = public_app(settings, parts)
    if settings.development:
        add_routes(public, inbox_router(Inbox(settings.state / "inbox"), STYLE_PATH))
    internal = internal_app(settings, parts, beside=public)
    collect_rarely()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(listening(internal, settings.internal_bind, configuration))
        await stack.enter_async_context(listening(public, settings.bind, configuration))
        await stop.wait()
