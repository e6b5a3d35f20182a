"""The two applications of a web process: the public one and the internal one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from contracts.vocabulary import Role
from shared.database import Database
from shared.errors import NotFound, Refused
from shared.keys import signer_for
from shared.outbox.wake import WakeElsewhere
from shared.settings import Settings
from shared.web.answers import tidy
from shared.web.configuration import WebSettings
from shared.web.descriptors import asset_router, form_router
from shared.web.flood import Limits
from shared.web.form_ids import FormIds
from shared.web.frame import Layer
from shared.web.gate import Gate
from shared.web.guard import NotSignedIn
from shared.web.health import health_router
from shared.web.language import language_of
from shared.web.pages import Pages, see_other
from shared.web.parts import Connect, Part, Web
from shared.web.problems import Failed, FormRefused, MethodNotAllowed
from shared.web.rendering import render_again, render_problem, wants_json
from shared.web.returning import check_frontends
from shared.web.routes import add_routes

# FastAPI's own telemetry would record messages of exceptions, and they quote what people typed.
SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}

RELAXED = {
    "minimum_fill_seconds": 0.0,
    "posts_per_network_and_minute": 1_000_000,
    "posts_per_minute": 1_000_000,
    "posts_without_work_per_network_and_minute": 1_000_000,
}


def public_app(
    settings: Settings,
    parts: Sequence[Part],
    *,
    configuration: WebSettings | None = None,
    connect: Connect | None = None,
) -> FastAPI:
    """Build what the internet reaches: the live services' public routes, forms and assets.

    Internal, desk and metrics paths answer 404 here, and `/dev` too outside development mode.
    """
    app = _app(make_web(settings, parts, configuration=configuration, connect=connect))
    for part in parts:
        add_routes(app, part.public)
        add_routes(app, form_router(part))
    add_routes(app, asset_router())
    add_routes(app, health_router(public=True))
    for part in parts:
        if part.layer is not None:
            app.add_middleware(partial(_lay, layer=part.layer, web=app.state.web))
    _gate(app, settings, public=True)
    return app


def internal_app(
    settings: Settings,
    parts: Sequence[Part],
    *,
    configuration: WebSettings | None = None,
    connect: Connect | None = None,
    beside: FastAPI | None = None,
) -> FastAPI:
    """Build what only our own network reaches: claim check, desk, metrics, health with reasons.

    `beside`: the public app of the same process, whose database pools it shares.
    """
    web: Web | None = beside.state.web if beside else None
    app = _app(web or make_web(settings, parts, configuration=configuration, connect=connect))
    for part in parts:
        if part.internal is not None:
            add_routes(app, part.internal)
    add_routes(app, asset_router())
    add_routes(app, health_router(public=False))
    _gate(app, settings, public=False)
    return app


def make_web(
    settings: Settings,
    parts: Sequence[Part],
    *,
    configuration: WebSettings | None = None,
    connect: Connect | None = None,
) -> Web:
    """Put together what all routes of a process share; reads and, at first, makes secrets.

    `connect` gives a service's `app` database, by default with a pool and signer of its own.
    """
    chosen = configuration or _configuration(settings)
    check_frontends(parts, chosen, development=settings.development)

    async def connect_app(service: str) -> Database:
        signer = signer_for(settings, service, Role.SERVICE)
        database = await Database.connect(settings, service, "app", signer=signer)
        # The relay is in the worker: it hears of a commit here by a datagram.
        database.outbox_written = WakeElsewhere(settings, service)
        return database

    return Web(
        settings=settings,
        configuration=chosen,
        parts=tuple(parts),
        pages=Pages({part.service: part.folder for part in parts}, chosen.read_controller()),
        form_ids=FormIds(settings.make_secret("web/forms").encode()),
        limits=Limits(
            chosen.posts_per_network_and_minute,
            chosen.posts_per_minute,
            chosen.posts_without_work_per_network_and_minute,
        ),
        connect=connect or connect_app,
    )


def _app(web: Web) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(tidy(web))
        yield
        tidying.cancel()
        await web.close()

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=SILENT,
    )
    app.state.web = web
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(FormRefused, _form_refused)
    app.add_exception_handler(RequestValidationError, _not_found)
    app.add_exception_handler(HTTPException, _http)
    return app


def _configuration(settings: Settings) -> WebSettings:
    """Nobody waits and nothing floods in development mode: demo and tests post many, at once."""
    chosen = WebSettings.load()
    if not settings.development:
        return chosen
    relaxed = {
        name: value for name, value in RELAXED.items() if name not in chosen.model_fields_set
    }
    return chosen.model_copy(update=relaxed)


def _lay(inner: ASGIApp, layer: Layer, web: Web) -> ASGIApp:
    return layer(inner, web)


def _gate(app: FastAPI, settings: Settings, *, public: bool) -> None:
    def answer(request: Request, refused: type[Refused]) -> Response:
        request.scope["app"] = app
        return render_problem(request, refused)

    app.add_middleware(
        Gate,
        answer=answer,
        public=public,
        development=settings.development,
        https=settings.public_url.startswith("https:"),
        body_seconds=app.state.web.configuration.body_seconds,
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101
    if isinstance(error, NotSignedIn) and error.sign_in and not wants_json(request):
        lang, service = language_of(request), _service_of(request)
        return see_other(error.sign_in.format(lang=lang, service=service))
    return render_problem(request, type(error), _service_of(request))


async def _form_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, FormRefused)  # noqa: S101
    return render_again(request, error)


async def _not_found(request: Request, _error: Exception) -> Response:
    return render_problem(request, NotFound)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kinds: dict[int, type[Refused]] = {404: NotFound, 405: MethodNotAllowed}
    return render_problem(request, kinds.get(status, Failed))


def _service_of(request: Request) -> str:
    """Say whose texts explain a refusal: the service in the path, `/{lang}/{service}/...`."""
    places = request.url.path.split("/")
    return places[2] if len(places) > 2 else ""  # noqa: PLR2004
