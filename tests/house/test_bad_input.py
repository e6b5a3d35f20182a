"""Every POST route that exists, with every class of bad input. A new route is here by itself."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from services.registry import SERVICES, schemas
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.settings import Settings
from shared.slice import Service
from shared.web import Form, Language, internal_app, public_app
from shared.web.csrf import csrf_token
from shared.web.guard import CSRF, cookie_name, session_digest
from tests.bad_input import BAD, BadInput, applies, faults, post, request_of, sample

# Rows of these say nothing about what was sent: counters and what a migration wrote.
NOT_STORED = "{ephemeral,daily_key,migration,total}"
SESSION = "a-session"
CHANGING = {"post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Route:
    """One route that changes something, with the form it reads, if it reads one."""

    service: str
    path: str
    method: str
    public: bool
    form: Form | None

    @property
    def id(self) -> str:
        """Name the route in the test's id."""
        return f"{self.method}:{self.path}"


def routes_of(service: Service) -> list[Route]:
    """List a service's changing routes from its own routers."""
    part = service.part()
    forms = {form.action: form for form in (*part.forms, *part.desk_forms)}
    routers = {True: part.public, False: part.internal}
    return [
        Route(service.name, path, method, public, forms.get(path))
        for public, router in routers.items()
        if router is not None
        for path, methods in paths_of(router).items()
        for method in methods & CHANGING
    ]


def paths_of(router: APIRouter) -> dict[str, set[str]]:
    """Give every path of a router with its methods, routers inside it too."""
    app = FastAPI()
    app.include_router(router)
    paths = get_openapi(title="", version="", routes=app.routes).get("paths", {})
    return {path: set(methods) for path, methods in paths.items()}


ROUTES = [route for service in SERVICES for route in routes_of(service)]
CASES = [(route, bad) for route in ROUTES for bad in BAD if applies(bad, route.form)]


class House:
    """Both listeners of all services, and a look at everything they store."""

    def __init__(self, settings: Settings) -> None:
        parts = [service.part() for service in SERVICES]
        self.settings = settings
        self.public = public_app(settings, parts, connect=self._connect)
        self.internal = internal_app(settings, parts, beside=self.public)
        self._seen: dict[str, Database] = {}

    async def _connect(self, service: str) -> Database:
        return await Database.connect(self.settings, service, "app", size=2)

    def client(self, *, public: bool) -> httpx2.AsyncClient:
        """Open a client of one listener."""
        transport = httpx2.ASGITransport(app=self.public if public else self.internal)
        return httpx2.AsyncClient(transport=transport, base_url=self.settings.public_url)

    def guard_token(self) -> dict[str, str]:
        """Give the entry that a form of somebody signed in carries."""
        key = self.settings.make_secret("web/csrf").encode()
        return {CSRF: csrf_token(key, session_digest(SESSION))}

    async def stored(self, service: str) -> dict[str, int]:
        """Count every row of a service's database, by table."""
        if service not in self._seen:
            pool = await Database.connect(self.settings, service, "verifier", size=1)
            self._seen[service] = pool
        async with self._seen[service].begin() as tx:
            names = await tx.fetch(
                """
                select relname
                  from pg_catalog.pg_class
                 where relkind = 'r'
                   and not relispartition  -- days of the inbox and of the technical log
                   and relnamespace = 'public'::regnamespace
                   and relname <> all ($1::text[]::name[])
                """,
                NOT_STORED.strip("{}").split(","),
            )
            each = " union all ".join(
                f"select '{row['relname']}', count(*) from \"{row['relname']}\"" for row in names
            )
            return {row[0]: row[1] for row in await tx.fetch(each)}

    async def close(self) -> None:
        """Close every pool."""
        await self.public.state.web.close()
        for pool in self._seen.values():
            await pool.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(settings: Settings) -> AsyncIterator[House]:
    """Start everything that has pages, on empty databases."""
    await apply_schemas(settings, schemas())
    opened = House(settings)
    yield opened
    await opened.close()


def test_there_are_routes_to_try() -> None:
    assert {route.service for route in ROUTES} >= {"newsletter", "rights"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.id)
def test_a_public_route_is_posted_with_a_declared_form(route: Route) -> None:
    if route.public:
        assert route.method == "post", "people have forms: GET and POST"
        assert route.form is not None, "declare a Form with this action, in Service.forms"


@pytest.mark.parametrize(("route", "bad"), CASES, ids=lambda one: one.id)
async def test_bad_input_is_refused_everywhere(
    house: House,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    route: Route,
    bad: BadInput,
) -> None:
    caplog.set_level(logging.DEBUG)
    language = Language.DE
    entries = sample(route.form, house.public.state.web, language) if route.form else {}
    path = route.path.replace("{lang}", language).replace("{token}", "a" * 43)
    guard = route.form.guard if route.form else ""
    entries |= house.guard_token() if guard else {}
    before = await house.stored(route.service)

    async with house.client(public=route.public) as client:
        if guard:  # as somebody whose browser is signed in: what they send is refused all the same
            client.cookies.set(cookie_name(house.public.state.web, guard), SESSION)
        answer = await post(client, path, request_of(bad, route.form, entries))

    expected = language if "{lang}" in route.path else Language.EN
    assert not faults(answer, expected, caplog.text + "".join(capfd.readouterr()))
    assert await house.stored(route.service) == before
