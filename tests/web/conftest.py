"""A probe service with one form, on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Database, Transaction, apply
from shared.settings import Settings
from shared.web import (
    Card,
    Declaration,
    Field,
    Form,
    Kind,
    Language,
    Part,
    Values,
    public_app,
    read_json,
    render,
    render_form,
    see_other,
    submit,
)
from shared.web.configuration import WebSettings

FRONTEND = "https://www.example.org"
PROBE = Form(
    "probe",
    service="probe",
    action="/{lang}/probe",
    fields=(
        Field("email", Kind.EMAIL, mandatory=True, autocomplete="email"),
        Field("name", mandatory=True, autocomplete="name"),
        Field("note", Kind.LONG_TEXT),
        Field("size", Kind.CHOICE, choices=("s", "l")),
        Field("quick", Kind.TICK),
    ),
    declarations=(
        Declaration("probing", "probe", purpose="probe", box=False),
        Declaration("mails", "mails", purpose="mails"),
    ),
)
BUTTON = Form("button", service="probe", action="/{lang}/probe/{token}", once=False)
router = APIRouter()
ROOT = "/{lang}/probe"


class Count(BaseModel):
    """What the JSON route takes."""

    number: int


@router.get(f"{ROOT}")
async def probe_page(request: Request) -> Response:
    """Show the form."""
    return render_form(request, PROBE)


@router.post(f"{ROOT}")
async def probe(request: Request, lang: Language) -> Response:
    """Store what was sent."""

    async def effect(tx: Transaction, values: Values) -> Response:
        entry = (values["email"], values["name"], values.get("note"))
        await tx.execute("insert into entry (email, name, note) values ($1, $2, $3)", *entry)
        return see_other(f"/{lang}/probe/hello")

    return await submit(request, PROBE, effect)


@router.get(f"{ROOT}/hello")
async def hello(request: Request) -> Response:
    """Say hello."""
    return render(request, "probe/hello.html", said=request.query_params.get("said", ""))


@router.post(f"{ROOT}/{{token}}")
async def press(request: Request, lang: Language, token: str) -> Response:
    """Press one button."""

    async def effect(tx: Transaction, values: Values) -> Response:
        del values
        await tx.execute("insert into entry (email) values ($1)", token)
        return see_other(f"/{lang}/probe/hello")

    return await submit(request, BUTTON, effect)


@router.post(f"{ROOT}-json")
async def count(request: Request) -> Count:
    """Take a number."""
    return await read_json(request, Count)


@router.get(f"{ROOT}-failure/{{token}}")
async def fail(token: str) -> Response:
    """Fail with a text that quotes what came."""
    raise RuntimeError(token)


PART = Part(
    "probe",
    Path(__file__).with_name("probe"),
    router,
    forms=(PROBE, BUTTON),
    cards=(Card("probe", "/{lang}/probe"),),
)


def configuration(**changes: Any) -> WebSettings:
    """Web settings for tests: no waiting, no flood limit in the way."""
    chosen: dict[str, Any] = {
        "minimum_fill_seconds": 0.0,
        "posts_per_network_and_minute": 100_000,
        "posts_per_minute": 1_000_000,
        "posts_without_work_per_network_and_minute": 100_000,
        "allowed_origins": {"probe/probe": frozenset({FRONTEND})},
    }
    return WebSettings(**(chosen | changes))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Open the probe's database as the web process sees it."""
    await apply(settings, "probe", PART.folder / "migrations")
    pool = await Database.connect(settings, "probe", "app")
    async with pool.begin() as tx:  # nobody works for the probe, so nothing is to be caught up
        await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
    yield pool
    await pool.close()


def app_of(settings: Settings, database: Database, **changes: Any) -> FastAPI:
    """Build the probe's public app on a database."""

    async def connect(service: str) -> Database:
        assert service == "probe"
        return database

    return public_app(settings, [PART], configuration=configuration(**changes), connect=connect)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(settings: Settings, database: Database) -> FastAPI:
    """Build the probe's public app."""
    return app_of(settings, database)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client of the probe's public app."""
    async with client_of(app) as opened:
        yield opened


def client_of(app: FastAPI) -> httpx2.AsyncClient:
    """Open a client that talks to an app in this process."""
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000")
