"""Whether an address is known is not to be learned from a form: not from its answer, nor in time.

Addresses are known and unknown, in an order that nobody can foresee. The difference of the medians
of their times is to be under a millisecond, or no greater than chance makes it: on a busy machine
times come in clusters, and the same times dealt out at random to two groups differ as well.
"""

import random
import re
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from contracts.vocabulary import Role
from services import registry
from services.registration import passwords
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.keys import apply_keys, signer_for
from shared.settings import Settings
from shared.web import Form, public_app
from tests.bad_input import sample

pytestmark = pytest.mark.timeout(240)
Said: TypeAlias = tuple[int, str, tuple[tuple[str, str], ...]]
Send: TypeAlias = Callable[[str], Awaitable[tuple[float, httpx2.Response]]]
POSTS = 1_000  # of known addresses, and as many of unknown ones
LEAST_S = 0.001
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
GATHERING = uuid4()
A_GATHERING = f"""
    with entered as (
        insert into gathering (gathering_id, kind, place, capacity, listed, begins_at, ends_at,
                               entered_at)
        values ('{GATHERING}', 'event', 'Bonn', 100000, true, now() + interval '9 days',
                now() + interval '10 days', now())
    )
    insert into gathering_slot
    values ('{GATHERING}', now() + interval '9 days', now() + interval '10 days')
    """
KNOWN_AT = {
    "newsletter/subscribe": """
        insert into subscriber (subject_id, email, language, button, submitted_at, confirmed_at)
        values ($1, $2, 'en', 'Send', now(), now())
        """,
    "registration/sign-up": """
        insert into account (subject_id, email, language, submitted_at, confirmed_at)
        values ($1, $2, 'en', now(), now())
        """,
    "contact/message": """
        insert into inquiry (subject_id, reference, email, language, button, asked_at)
        values ($1, 'CT-1', $2, 'en', 'Send', now())
        """,
    "rights/erase": """
        insert into unconfirmed (subject_id, address, language, received_at)
        values ($1, $2, 'en', now())
        """,
}
KNOWN_AT["events/register"] = f"""
    insert into seat (subject_id, gathering_id, state, email, first_name, last_name, language,
                      form, blocks, by_email, by_post, submitted_at, confirmed_at)
    values ($1, '{GATHERING}', 'booked', $2, 'Ada', 'Marker', 'en', 'register', false, false,
            false, now(), now())
    """
KNOWN_AT["registration/reset"] = KNOWN_AT["registration/sign-up"]
NAMES = ("newsletter", "registration", "events", "contact", "rights")
SERVICES = registry.named(NAMES)
FORMS = {form.key: form for service in SERVICES for form in service.part().forms}


@dataclass
class Street:
    """The public pages of the services, and their databases."""

    settings: Settings
    client: httpx2.AsyncClient
    web: object
    databases: dict[str, Database]

    async def settle(self, form: Form, addresses: list[str]) -> None:
        """Let these addresses be known to a form's service."""
        async with self.databases[form.service].begin() as tx:
            for address in addresses:
                subject = await tx.fetchval(
                    "insert into subject (subject_id) values (gen_random_uuid()) "
                    "returning subject_id"
                )
                await tx.execute(KNOWN_AT[form.key], subject, address)

    async def give_passwords(self, hashed: str) -> None:
        """Let every account have the password of this hash."""
        async with self.databases["registration"].begin() as tx:
            await tx.execute(
                "insert into credential (subject_id, hash, changed_at)"
                " select subject_id, $1, now() from account"
                " on conflict do nothing",
                hashed,
            )

    async def send(self, form: Form, address: str, **others: str) -> tuple[float, httpx2.Response]:
        """Post a form, right but for `others`; the seconds from the request to its answer."""
        entries = sample(form, self.web.state.web) | {"email": address} | others  # type: ignore[attr-defined]
        path = form.action.format(lang="en", gathering=GATHERING)
        began = time.perf_counter()
        answer = await self.client.post(path, data=entries)
        return time.perf_counter() - began, answer


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def street(settings: Settings) -> AsyncIterator[Street]:
    """Open the pages; no worker runs, so nothing but the forms takes time."""
    await apply_schemas(settings, [service.schema() for service in SERVICES])
    apply_keys(settings, NAMES, ())
    web = public_app(settings, [service.part() for service in SERVICES])
    databases = {
        name: await Database.connect(
            settings, name, "app", signer=signer_for(settings, name, Role.SERVICE), size=1
        )
        for name in NAMES
    }
    async with databases["events"].begin() as tx:
        await tx.execute(A_GATHERING)
    async with databases["registration"].begin() as tx:  # nobody consumes: nothing to catch up
        await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
    transport = httpx2.ASGITransport(app=web)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield Street(settings, client, web, databases)
    await web.state.web.close()
    for database in databases.values():
        await database.close()


def invent(count: int) -> list[str]:
    """Invent addresses, all of one length."""
    return [f"{secrets.token_hex(8)}@example.org" for _ in range(count)]


def said(answer: httpx2.Response, address: str) -> Said:
    """Give all of an answer but what was typed, and what is drawn anew: its token, and when."""
    headers = {
        name: TOKEN.sub("*", value)
        for name, value in answer.headers.items()
        if name not in {"date", "x-request-id", "server-timing"}
    }
    text = TOKEN.sub("*", answer.text.replace(address, "*"))
    return answer.status_code, text, tuple(sorted(headers.items()))


@pytest.mark.parametrize("key", KNOWN_AT)
async def test_nobody_learns_from_an_answer_or_its_time_who_is_known(
    street: Street, key: str
) -> None:
    form = FORMS[key]
    groups = Groups()
    await street.settle(form, groups.known)

    answer = await groups.compare(lambda address: street.send(form, address))

    assert answer[0] == HTTPStatus.SEE_OTHER


@pytest.mark.rule("R-ACC-03")
async def test_nobody_learns_at_sign_in_who_has_an_account(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hash costs the same for everybody (tests/registration/test_sign_in.py); a cheap one lets
    # the rest be seen, which a hundred milliseconds of hashing would hide.
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)
    passwords._nobodys.cache_clear()
    form = FORMS["registration/sign-in"]
    groups = Groups()
    await street.settle(FORMS["registration/sign-up"], groups.known)
    await street.give_passwords(quick.hash("the right one"))

    answer = await groups.compare(
        lambda address: street.send(form, address, password="a wrong one")
    )

    passwords._nobodys.cache_clear()
    assert answer[0] == HTTPStatus.UNPROCESSABLE_ENTITY


class Groups:
    """Addresses that are known, and as many that are not."""

    def __init__(self) -> None:
        """Invent them, all of one length."""
        self.known, self._unknown = invent(POSTS), invent(POSTS)

    async def compare(self, send: Send) -> Said:
        """Post them all, mixed; give the one answer that everybody got. Raises AssertionError."""
        posts = [(True, address) for address in self.known]
        posts += [(False, address) for address in self._unknown]
        random.shuffle(posts)
        times: dict[bool, list[float]] = {True: [], False: []}
        answers = set()
        for address in invent(20):  # the first ones open connections
            await send(address)

        for known, address in posts:
            seconds, answer = await send(address)
            times[known].append(seconds)
            answers.add(said(answer, address))

        assert len(answers) == 1, "one answer to everybody, in body, status and headers"
        difference = _apart(times[True], times[False])
        assert difference < max(LEAST_S, _by_chance(times[True] + times[False]))
        return answers.pop()


def _apart(some: list[float], others: list[float]) -> float:
    return abs(statistics.median(some) - statistics.median(others))


def _by_chance(times: list[float]) -> float:
    """Give the greatest difference in seconds of a thousand deals of times to two groups."""
    half = len(times) // 2
    deals = (random.sample(times, len(times)) for _ in range(1_000))
    return max(_apart(deal[:half], deal[half:]) for deal in deals)
