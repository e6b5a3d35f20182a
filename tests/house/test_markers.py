"""What is typed into a form, whichever, stands in no message, log, address of a page or metric.

Each form there is gets a marker of its own in each of its fields: as its page would send it, with a
field too much, and with each field too long. Where the form takes it, rows of its own service hold
it, and nothing else does. A new form is here by itself.
"""

import itertools
import logging
import secrets
from collections.abc import Iterator

import httpx2
import pytest

from services.registry import with_database
from shared.web import Form
from shared.web.forms import Kind
from shared.web.guard import CSRF, cookie_name
from tests.bad_input import sample
from tests.house.house import DESKS, FORMS, SESSION, House

SEE_OTHER = 303
PATH = {"token": "a" * 43, "gathering": "b" * 43, "case": "c" * 43, "lang": "en"}
RUN = secrets.token_hex(3)
_numbers = itertools.count(1)
FREE = {
    Kind.TEXT,
    Kind.LONG_TEXT,
    Kind.EMAIL,
    Kind.TELEPHONE,
    Kind.PASSWORD,
    Kind.HIDDEN,
    Kind.FILE,
}
# Forms that anybody may send without having been mailed anything: their markers are stored.
STORED = {
    "newsletter/subscribe",
    "contact/message",
    "registration/sign-up",
    "registration/reset",
    "rights/erase",
}


def marker() -> str:
    """Invent a word that nobody else uses."""
    return f"mark{next(_numbers)}x{RUN}"


def planted(house: House, form: Form) -> dict[str, str]:
    """Fill every field with a marker, in the shape that the field takes."""
    good = sample(form, house.public.state.web)
    for one in form.fields:
        if one.kind in FREE:
            word = marker()[: one.max_length]
            good[one.name] = f"{word}@example.org" if one.kind is Kind.EMAIL else word
    return good


def sendings(house: House, form: Form) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Give the entries of each try, with the markers in them."""
    good = planted(house, form)
    words = [value.partition("@")[0] for value in good.values() if RUN in value]
    yield good, words
    extra = marker()
    yield {**planted(house, form), "nobody_has_this": extra}, [extra]
    for name in [one.name for one in form.fields] + [one.name for one in form.declarations]:
        word = marker()
        yield {**planted(house, form), name: word * 1_500}, [word]


async def test_what_is_typed_stands_in_no_message_log_address_or_metric(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    words: dict[str, list[str]] = {}
    found: list[tuple[str, str]] = []
    for key in FORMS:
        first, words[key], headers = await send_all(house, key)
        assert (first == SEE_OTHER) >= (key in STORED), f"{key} takes what its page would send"
        found += [(key, f"header {word}") for word in words[key] if word in headers]
    logged = caplog.text + "".join(capfd.readouterr())
    kept = await house.rows()
    for key, planted_words in words.items():
        service = FORMS[key].service
        beside = logged + await told_by(house, service) + await metrics_of(house, service)
        found += [(key, word) for word in planted_words if word in beside]
        places = {
            place
            for place, rows in kept.items()
            for row in rows
            if any(word in row for word in planted_words)
        }
        expected = {service} if key in STORED else set()
        assert {one for one, _ in places} == expected, f"{key}: rows of its own service"
    assert found == []


async def send_all(house: House, key: str) -> tuple[int, list[str], str]:
    """Send a form in every way; gives the first answer's status, the words, all headers."""
    form, web = FORMS[key], house.public.state.web
    words: list[str] = []
    answers: list[httpx2.Response] = []
    async with house.client(public=key not in DESKS) as client:
        for entries, markers in sendings(house, form):
            if form.guard:
                client.cookies.set(cookie_name(web, form.guard), SESSION)
                entries[CSRF] = house.guard_token()[CSRF]
            data = {name: value for name, value in entries.items() if value}
            answers.append(await client.post(form.action.format(**PATH), data=data))
            words += markers
    headers = [value for each in answers for _, value in each.headers.multi_items()]
    return answers[0].status_code, words, "\n".join(headers)


async def told_by(house: House, service: str) -> str:
    """Give every message that a service would send, as it is sent; nobody relays here."""
    if service not in {one.name for one in with_database()}:
        return ""
    sql = "select string_agg(encode(value, 'escape'), '') from outbox"
    return str(await house.value(service, sql) or "")


async def metrics_of(house: House, service: str) -> str:
    """Give what monitoring reads of a service."""
    async with house.client(public=False) as client:
        answer: httpx2.Response = await client.get(f"/metrics/{service}")
    return answer.text
