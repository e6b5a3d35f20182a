"""Every class of bad input against a form, a button and a JSON route."""

import logging
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from shared.database import Database
from shared.web import Form, Language
from tests.bad_input import BAD, INERT, BadInput, Sent, applies, request_of, sample
from tests.web.conftest import BUTTON, PROBE

ROUTES: dict[str, Form | None] = {
    "/en/probe": PROBE,
    "/de/probe": PROBE,
    "/en/probe/0": BUTTON,
    "/en/probe-json": None,
}
MARKER = "zq7Marker"


async def post(client: httpx2.AsyncClient, path: str, sent: Sent) -> httpx2.Response:
    """Send it, in pieces if it has no length."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(sent.body), 64 * 1024):
            yield sent.body[start : start + 64 * 1024]

    content = pieces() if sent.chunked else sent.body
    return await client.post(path, content=content, headers=dict(sent.headers))


async def stored(database: Database) -> int:
    async with database.begin() as tx:
        count: int = await tx.fetchval(
            "select (select count(*) from entry) + (select count(*) from answer)"
        )
        return count


CASES = [(bad, path) for bad in BAD for path, form in ROUTES.items() if applies(bad, form)]


@pytest.mark.parametrize(("bad", "path"), CASES, ids=lambda one: getattr(one, "id", one))
async def test_bad_input_is_refused_with_a_sentence_and_stores_nothing(
    app: FastAPI,
    client: httpx2.AsyncClient,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    bad: BadInput,
    path: str,
) -> None:
    form = ROUTES[path]
    language = Language(path[1:3])
    entries = sample(form, app.state.web, language) if form else {}
    caplog.set_level(logging.DEBUG)
    before = await stored(database)

    answer = await post(client, path, request_of(bad, form, entries, MARKER))

    assert 400 <= answer.status_code < 500
    if form is PROBE or (form is None and "number" in bad.id):
        assert answer.status_code in bad.statuses
    assert await stored(database) == before
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    written = caplog.text + "".join(capfd.readouterr())
    assert MARKER not in written
    if answer.headers["content-type"].startswith("text/html"):
        assert f'<html lang="{language}">' in answer.text
        assert ("<title>Fehler: " if language is Language.DE else "<title>Error: ") in answer.text
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert len(answer.json()["title"]) > 20
        assert MARKER not in answer.text


@pytest.mark.parametrize("text", INERT.values(), ids=INERT)
async def test_what_looks_dangerous_is_taken_and_stays_inert(
    app: FastAPI, client: httpx2.AsyncClient, database: Database, text: str
) -> None:
    good = sample(PROBE, app.state.web) | {"name": text, "note": text, "size": ""}

    taken = await client.post("/en/probe", data=good)
    shown = await client.post("/en/probe", data={**good, "email": text})

    assert taken.status_code == 303
    async with database.begin() as tx:
        assert await tx.fetchval("select true from entry where name = $1 and note = $1", text)
    assert shown.status_code == 422
    assert "<script>alert" not in shown.text
    assert '" autofocus onfocus' not in shown.text
    assert "49" not in shown.text.split("<main")[1].split("form_id")[0]
