"""Every class of bad input against a form, a button and a JSON route."""

import logging
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from shared.database import Database
from shared.web import Form, Language
from tests.bad_input import BAD, INERT, BadInput, applies, faults, post, request_of, sample
from tests.web.conftest import BUTTON, PROBE

ROUTES: dict[str, Form | None] = {
    "/en/probe": PROBE,
    "/de/probe": PROBE,
    "/en/probe/0": BUTTON,
    "/en/probe-json": None,
}
CASES = [(bad, path) for bad in BAD for path, form in ROUTES.items() if applies(bad, form)]


@dataclass(frozen=True)
class Probed:
    """The probe's app, somebody who uses it, and its database."""

    app: FastAPI
    client: httpx2.AsyncClient
    database: Database

    async def stored(self) -> int:
        """Count the rows a form writes."""
        async with self.database.begin() as tx:
            count: int = await tx.fetchval(
                "select (select count(*) from entry) + (select count(*) from answer)"
            )
            return count


@pytest.fixture
def probed(app: FastAPI, client: httpx2.AsyncClient, database: Database) -> Probed:
    return Probed(app, client, database)


@pytest.mark.parametrize(("bad", "path"), CASES, ids=lambda one: getattr(one, "id", one))
async def test_bad_input_is_refused_with_a_sentence_and_stores_nothing(
    probed: Probed,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    bad: BadInput,
    path: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    form, language = ROUTES[path], Language(path[1:3])
    entries = sample(form, probed.app.state.web, language) if form else {}
    before = await probed.stored()

    answer = await post(probed.client, path, request_of(bad, form, entries))

    assert not faults(answer, language, caplog.text + "".join(capfd.readouterr()))
    if form is PROBE or "number" in bad.id:
        assert answer.status_code in bad.statuses
    assert await probed.stored() == before


@pytest.mark.parametrize("text", INERT.values(), ids=INERT)
async def test_what_looks_dangerous_is_taken_and_stays_inert(probed: Probed, text: str) -> None:
    good = sample(PROBE, probed.app.state.web) | {"name": text, "note": text, "size": ""}

    taken = await probed.client.post("/en/probe", data=good)
    shown = await probed.client.post("/en/probe", data={**good, "email": text})

    assert taken.status_code == 303
    async with probed.database.begin() as tx:
        assert await tx.fetchval("select true from entry where name = $1 and note = $1", text)
    assert shown.status_code == 422
    assert "<script>alert" not in shown.text
    assert '" autofocus onfocus' not in shown.text
    assert "49" not in shown.text.split("<main")[1].split("form_id")[0]
