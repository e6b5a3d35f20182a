"""A form is filled from the account of whoever is signed in there, asked over the real listener."""

import socket
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter

from shared.database import Transaction
from shared.saga.credentials import bearer, own_credential
from shared.web import Part, internal_app, public_app
from shared.web.account import PATH, account_router
from shared.web.configuration import WebSettings
from shared.web.guard import session_digest
from shared.web.listening import listening
from tests.slice.conftest import Shop
from tests.slice.shop import FOLDER, NAME, SERVICE

pytestmark = pytest.mark.asyncio(loop_scope="session")
ACCOUNT = {"email": "ida@example.org", "first_name": "Ida", "password": "not for others"}


async def lookup(_tx: Transaction, digest: bytes) -> Mapping[str, str] | None:
    """Stand in for the accounts: one session is known."""
    return ACCOUNT if digest == session_digest("known") else None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visitor(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the invoices' pages beside a holder of accounts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = shop.settings.model_copy(update={"internal_url": f"http://{bind}"})
    holder = Part(NAME, FOLDER, APIRouter(), account_router(NAME, lookup, frozenset({NAME})))
    web = public_app(settings, [SERVICE.part()])
    own_credential(settings, NAME)
    transport = httpx2.ASGITransport(app=web)
    async with (
        listening(internal_app(settings, [holder]), bind, WebSettings.load()),
        httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client,
        httpx2.AsyncClient(base_url=f"http://{bind}") as direct,
    ):
        client.direct = direct  # type: ignore[attr-defined]
        yield client
    await web.state.web.close()


@pytest.mark.rule("R-EV-01")
async def test_who_is_signed_in_finds_the_form_filled(visitor: httpx2.AsyncClient) -> None:
    filled = await visitor.get(f"/en/{NAME}/order", headers={"cookie": "account=known"})
    empty = await visitor.get(f"/en/{NAME}/order", headers={"cookie": "account=stale"})
    stranger = await visitor.get(f"/en/{NAME}/order")

    assert "ida@example.org" in filled.text
    assert "not for others" not in filled.text
    assert (empty.status_code, stranger.status_code) == (200, 200)
    assert "ida@example.org" not in empty.text + stranger.text


async def test_only_declared_callers_are_told_and_only_the_closed_fields(
    visitor: httpx2.AsyncClient, shop: Shop
) -> None:
    direct: httpx2.AsyncClient = visitor.direct  # type: ignore[attr-defined]
    body = {"session_sha256": session_digest("known").hex()}
    known = bearer(own_credential(shop.settings, NAME))
    other = bearer(own_credential(shop.settings, "contact"))

    answers = [await direct.post(PATH, json=body, headers=one) for one in (known, other, {})]

    assert [one.status_code for one in answers] == [200, 403, 403]
    assert answers[0].json() == {"email": "ida@example.org", "first_name": "Ida"}


async def test_a_form_opens_empty_while_the_accounts_are_away(shop: Shop) -> None:
    page = await shop.client.get(f"/en/{NAME}/order", headers={"cookie": "account=known"})

    assert page.status_code == 200
