"""A frontend of another site: where it may send people on to, and what an operator may allow."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from shared.database import Database
from shared.settings import Settings, SettingsError
from tests.client import fill_form
from tests.web.conftest import FRONTEND, app_of, client_of

DESCRIPTOR = "/en/probe/forms/probe"
ENTRIES = {"email": "ada@example.org", "name": "Ada"}
THANKS = f"{FRONTEND}/thanks"
JSON = {"accept": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def leading(settings: Settings, database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client of a probe whose form may lead to one page of the frontend."""
    app = app_of(settings, database, return_urls={"probe/probe": frozenset({THANKS})})
    async with client_of(app) as opened:
        yield opened


async def test_a_form_leads_to_the_page_that_was_asked_for_and_names_it(
    leading: httpx2.AsyncClient,
) -> None:
    named = (await leading.get(DESCRIPTOR)).json()["return_to"]
    action, entries = await fill_form(leading, DESCRIPTOR, ENTRIES)
    entries["return_to"] = THANKS

    page = await leading.post(action, data=entries, headers={"origin": FRONTEND})
    again = await leading.post(action, data=entries, headers=JSON)

    assert named == [THANKS]
    assert (page.status_code, page.headers["location"]) == (303, THANKS)
    assert (again.status_code, again.json()) == (202, {"next": THANKS})


@pytest.mark.parametrize(
    "elsewhere",
    [
        "",
        f"{THANKS}/",
        f"{THANKS}?token=1",
        f"{THANKS}#",
        f"{FRONTEND}.evil.example/thanks",
        "https://evil.example/",
        "//evil.example",
        "/en/probe",
        "javascript:alert(1)",
        THANKS.upper(),
    ],
)
async def test_a_form_leads_nowhere_else_and_stores_nothing_then(
    leading: httpx2.AsyncClient, database: Database, elsewhere: str
) -> None:
    action, entries = await fill_form(leading, DESCRIPTOR, ENTRIES)
    before = await _stored(database)

    answer = await leading.post(action, data=entries | {"return_to": elsewhere}, headers=JSON)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/wrong-return")
    assert "location" not in answer.headers
    assert await _stored(database) == before


async def test_without_a_configured_page_a_form_knows_no_such_field(
    client: httpx2.AsyncClient,
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)

    answer = await client.post(action, data=entries | {"return_to": THANKS}, headers=JSON)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-field")


@pytest.mark.parametrize(
    "setting",
    [
        {"allowed_origins": {"probe/button": frozenset({FRONTEND})}},  # its link is the authority
        {"allowed_origins": {"probe/nothing": frozenset({FRONTEND})}},
        {"allowed_origins": {"probe/probe": frozenset({f"{FRONTEND}/"})}},
        {"allowed_origins": {"probe/probe": frozenset({"*"})}},
        {"allowed_origins": {"probe/probe": frozenset({"null"})}},
        {"return_urls": {"probe/probe": frozenset({"javascript:alert(1)"})}},
        {"return_urls": {"probe/probe": frozenset({"https://ada@example.org/"})}},
        {"return_urls": {"probe/button": frozenset({THANKS})}},
    ],
)
async def test_an_operator_cannot_open_more_than_forms_for_everybody(
    settings: Settings, database: Database, setting: dict[str, dict[str, frozenset[str]]]
) -> None:
    with pytest.raises(SettingsError):
        app_of(settings, database, **setting)


async def test_outside_development_a_frontend_is_https(
    settings: Settings, database: Database
) -> None:
    plain = {"allowed_origins": {"probe/probe": frozenset({"http://www.example.org"})}}
    strict = settings.model_copy(update={"development": False})

    assert app_of(settings, database, **plain)
    with pytest.raises(SettingsError):
        app_of(strict, database, **plain)


async def _stored(database: Database) -> int:
    async with database.begin() as tx:
        number: int = await tx.fetchval("select count(*) from entry")
    return number
