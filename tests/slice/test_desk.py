"""Nobody but those who work here gets in, with all three things, from here only."""

import base64
import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shared.desk.accounts import STEP_S, _totp
from tests.slice.conftest import Shop
from tests.slice.shop import NAME

pytestmark = pytest.mark.asyncio(loop_scope="session")
SIGN_IN = f"/en/{NAME}/desk/sign-in"


def code_of(shop: Shop, step: int = 0) -> str:
    """Read the code from the app, now or some steps later."""
    secret = parse_qs(urlsplit(shop.staff.uri).query)["secret"][0]
    return _totp(base64.b32decode(secret)).generate(int(time.time()) + step * STEP_S).decode()


async def sign_in(shop: Shop, **other: str) -> httpx2.Response:
    async with shop.app.begin() as tx:
        await tx.execute("update staff set last_step = 0")
    entries = {"name": "grace", "password": shop.staff.password, "code": code_of(shop), **other}
    return await shop.inside.post(SIGN_IN, data=entries)


async def csrf(shop: Shop, path: str) -> str:
    page = await shop.inside.get(path)
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


async def test_the_desk_is_not_on_the_public_listener(shop: Shop) -> None:
    for path in (f"/en/{NAME}/desk", SIGN_IN):
        assert (await shop.client.get(path)).status_code == 404


async def test_a_stranger_is_led_to_the_sign_in(shop: Shop) -> None:
    shop.inside.cookies.clear()

    page = await shop.inside.get(f"/en/{NAME}/desk")
    posted = await shop.inside.post(
        f"/en/{NAME}/desk/paid", data={"number": "1"}, headers={"accept": "application/json"}
    )

    assert (page.status_code, page.headers["location"]) == (303, SIGN_IN)
    assert posted.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"name": "nobody"}, {"password": "guess"}, {"code": "000000"}],
    ids=lambda one: str(*one),
)
async def test_each_of_the_three_must_be_right(shop: Shop, wrong: dict[str, str]) -> None:
    answer = await sign_in(shop, **wrong)

    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert shop.staff.password not in answer.text


async def test_a_code_works_once(shop: Shop) -> None:
    code = code_of(shop)
    first = await sign_in(shop, code=code)
    entries = {"name": "grace", "password": shop.staff.password, "code": code}
    second = await shop.inside.post(SIGN_IN, data=entries)

    assert (first.status_code, second.status_code) == (303, 422)


async def test_too_many_tries_lock_the_account(shop: Shop) -> None:
    async with shop.app.begin() as tx:
        await tx.execute("update staff set failures = 0, locked_until = null")
    for _ in range(5):
        await sign_in(shop, password="guess")
    locked = await sign_in(shop)
    async with shop.app.begin() as tx:
        await tx.execute("update staff set locked_until = null")
    after = await sign_in(shop)

    assert (locked.status_code, after.status_code) == (422, 303)


async def test_a_form_of_the_desk_needs_its_own_token(shop: Shop) -> None:
    await sign_in(shop)
    path = f"/en/{NAME}/desk/paid"
    token = await csrf(shop, path)

    without = await shop.inside.post(path, data={"number": "1"})
    other = await shop.inside.post(path, data={"number": "1", "csrf": "0" * len(token)})
    right = await shop.inside.post(path, data={"number": "1", "csrf": token})

    assert (without.status_code, other.status_code, right.status_code) == (403, 403, 303)


async def test_signing_out_ends_the_session_on_the_server(shop: Shop) -> None:
    await sign_in(shop)
    kept = dict(shop.inside.cookies)
    path = f"/en/{NAME}/desk/sign-out"
    inside = await shop.inside.get(f"/en/{NAME}/desk")

    await shop.inside.post(path, data={"csrf": await csrf(shop, path)})
    shop.inside.cookies.update(kept)
    after = await shop.inside.get(f"/en/{NAME}/desk")

    assert (inside.status_code, after.status_code) == (200, 303)


async def test_an_idle_session_is_over(shop: Shop) -> None:
    await sign_in(shop)
    async with shop.app.begin() as tx:
        await tx.execute("update staff_session set seen_at = seen_at - interval '31 min'")

    assert (await shop.inside.get(f"/en/{NAME}/desk")).status_code == 303
