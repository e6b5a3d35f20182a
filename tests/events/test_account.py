"""Registering from an account: filled in, and from then on a copy of the slice's own."""

import socket
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter

from services.events.declaration import FOLDER, SERVICE
from shared.database import Transaction
from shared.saga.credentials import own_credential
from shared.web import Part, internal_app, public_app
from shared.web.account import account_router
from shared.web.configuration import WebSettings
from shared.web.guard import session_digest
from shared.web.listening import listening
from tests.events.site import NAME, Events, posting_form

ACCOUNT = {
    "email": "ida@example.org",
    "first_name": "Ida",
    "last_name": "Rhodes",
    "city": "Bonn",
    "password": "not for others",
}


async def lookup(_tx: Transaction, digest: bytes) -> Mapping[str, str] | None:
    """Stand in for the accounts: one session is known."""
    return ACCOUNT if digest == session_digest("known") else None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visitor(events: Events) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the slice's pages beside a holder of accounts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = events.settings.model_copy(update={"internal_url": f"http://{bind}"})
    holder = Part(NAME, FOLDER, APIRouter(), account_router(NAME, lookup, frozenset({NAME})))
    web = public_app(settings, [SERVICE.part()])
    own_credential(settings, NAME)
    async with (
        listening(internal_app(settings, [holder]), bind, WebSettings.load()),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=web), base_url=settings.public_url
        ) as client,
    ):
        yield client
    await web.state.web.close()


@pytest.mark.rule("R-EV-01")
async def test_a_registration_from_an_account_is_a_copy_that_the_person_may_change(
    events: Events, visitor: httpx2.AsyncClient
) -> None:
    gathering = await events.gathering()
    path = f"/en/events/register/{gathering}"
    filled = await visitor.get(path, headers={"cookie": "account=known"})
    form = posting_form(filled)
    stranger = posting_form(await visitor.get(path))

    answer = await events.post(
        filled, form, {"city": "Köln", "registration": form.unticked["registration"]}
    )

    assert form.values["first_name"] == "Ida"
    assert "not for others" not in filled.text
    assert form.values.keys() == stranger.values.keys()  # nothing hidden leads to the account
    assert (stranger.values["first_name"], stranger.values["email"]) == ("", "")
    assert answer.status_code == 303
    row = await events.row("select * from seat where email = 'ida@example.org'")
    assert (row["first_name"], row["city"], row["state"]) == ("Ida", "Köln", "pending")


@pytest.mark.rule("R-EV-01", "R-EV-02")
async def test_without_an_account_the_form_is_empty_and_works(events: Events) -> None:
    page = await events.client.get(
        f"/en/events/register/{await events.gathering()}", headers={"cookie": "account=known"}
    )

    assert page.status_code == 200
    assert posting_form(page).values["first_name"] == ""
