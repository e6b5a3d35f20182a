"""Proof of work: nobody needs it, and it lifts the stricter limit for one post of one form."""

import base64
from collections.abc import Iterator

import httpx2
import orjson
import pytest
from altcha import Challenge, Payload, solve_challenge

from shared.web.flood import Limits
from tests.client import fill_form
from tests.contact.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
DESCRIPTOR = "/en/contact/forms/message"
CASES = "select count(*) from inquiry where email = $1"
WITHOUT = 2


@pytest.fixture
def narrow(site: Site) -> Iterator[None]:
    """Let a network post twice a minute without work, and as often as it likes with it."""
    web = site.web.state.web
    web.limits, before = Limits(1_000, 1_000, WITHOUT), web.limits
    yield
    web.limits = before


def solve_work(challenge: dict[str, object]) -> str:
    made = Challenge.from_dict(challenge)
    solution = solve_challenge(made)
    assert solution is not None
    return Payload(made, solution).to_base64()


async def asked(site: Site, address: str) -> tuple[str, dict[str, str], dict[str, object]]:
    """Fill the form as a program does: where to, what, and the challenge of the same form id."""
    seen: list[httpx2.Response] = []

    async def note(answer: httpx2.Response) -> None:
        await answer.aread()
        seen.append(answer)

    site.client.event_hooks["response"].append(note)
    try:
        path, entries = await fill_form(
            site.client, DESCRIPTOR, {"email": address, "message": "Hello"}
        )
    finally:
        site.client.event_hooks["response"].remove(note)
    [descriptor] = [one.json() for one in seen]
    assert descriptor["work"]["name"] == "work"
    return path, entries, descriptor["work"]["challenge"]


@pytest.mark.rule("R-CT-04")
async def test_work_lifts_the_stricter_limit_and_nobody_needs_it(site: Site, narrow: None) -> None:
    del narrow
    people = [site.address() for _ in range(WITHOUT + 1)]
    answers = []
    for one in people:
        path, entries, _ = await asked(site, one)
        answers.append(await site.client.post(path, json=entries))
    worker = site.address()
    path, entries, challenge = await asked(site, worker)

    answer = await site.client.post(path, json=entries | {"work": solve_work(challenge)})

    assert [one.status_code for one in answers] == [202] * WITHOUT + [429]
    assert answer.status_code == 202
    assert [await site.count(CASES, one) for one in (*people, worker)] == [1, 1, 0, 1]


@pytest.mark.rule("R-CT-04")
async def test_work_is_good_for_its_own_form_id_alone(site: Site) -> None:
    ada = site.address()
    path, entries, challenge = await asked(site, ada)
    _, _, other = await asked(site, ada)
    good = solve_work(challenge)
    idle = orjson.loads(base64.b64decode(good))
    idle["solution"]["counter"] += 1
    easier = orjson.loads(base64.b64decode(good))
    easier["challenge"]["parameters"]["keyPrefix"] = "0"

    wrong = [
        solve_work(other),
        base64.b64encode(orjson.dumps(idle)).decode(),
        base64.b64encode(orjson.dumps(easier)).decode(),
        "nonsense",
        "x" * 9_000,
    ]
    answers = [await site.client.post(path, json=entries | {"work": one}) for one in wrong]

    assert [one.status_code for one in answers] == [422] * len(wrong)
    assert {one.json()["type"].rpartition("/")[2] for one in answers} == {"bad-work"}
    assert await site.count(CASES, ada) == 0
    assert (await site.client.post(path, json=entries | {"work": good})).status_code == 202


async def test_a_page_without_scripts_asks_for_no_work(site: Site) -> None:
    descriptor = (await site.client.get("/en/contact/forms/message")).json()

    assert descriptor["work"]["challenge"]["parameters"]["expiresAt"]
    page = await site.client.get("/en/contact")
    assert "challenge" not in page.text
