"""One declaration: what the descriptor says, the page shows and the route accepts is the same."""

import asyncio
import re
from html.parser import HTMLParser

import httpx2
import pytest
from fastapi import FastAPI

from shared.database import Database
from shared.settings import Settings
from tests.bad_input import sample
from tests.client import fill_form, post_form
from tests.web.conftest import FRONTEND, PROBE, app_of, client_of

DESCRIPTOR = "/en/probe/forms/probe"
ENTRIES = {"email": "ada@example.org", "name": "Ada"}


class Controls(HTMLParser):
    """Collects the controls of a page by name, and everything's attributes by id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.named: dict[str, dict[str, str | None]] = {}
        self.by_id: dict[str, dict[str, str | None]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs) | {"tag": tag}
        if tag in {"input", "select", "textarea"} and found.get("name"):
            self.named[str(found["name"])] = found
        if found.get("id"):
            self.by_id[str(found["id"])] = found


async def count(database: Database, email: str) -> int:
    async with database.begin() as tx:
        number: int = await tx.fetchval("select count(*) from entry where email = $1", email)
        return number


@pytest.mark.rule("R-POL-08")
async def test_descriptor_page_and_accepted_fields_are_the_same(client: httpx2.AsyncClient) -> None:
    descriptor = (await client.get(DESCRIPTOR)).json()
    page = Controls((await client.get("/en/probe")).text)

    said = {one["name"] for one in (*descriptor["fields"], *descriptor["declarations"])}
    extra = {descriptor["form_id"]["name"], descriptor["honeypot"]}
    assert page.named.keys() == said | extra
    for one in descriptor["fields"]:
        control = page.named[one["name"]]
        assert ("required" in control) == one["mandatory"]
        if one["kind"] != "tick":
            assert control["autocomplete"] == one["autocomplete"]
    for one in descriptor["declarations"]:
        assert page.named[one["name"]]["value"] == one["value"]
        assert "checked" not in page.named[one["name"]]


@pytest.mark.rule("R-POL-09")
@pytest.mark.parametrize("left_out", [*(one.name for one in PROBE.fields), "probing", "mails"])
async def test_a_field_is_marked_exactly_if_it_cannot_be_left_out(
    app: FastAPI, client: httpx2.AsyncClient, left_out: str
) -> None:
    descriptor = (await client.get(DESCRIPTOR)).json()
    parts = {one["name"]: one for one in (*descriptor["fields"], *descriptor["declarations"])}
    entries = sample(PROBE, app.state.web)
    del entries[left_out]

    answer = await client.post("/en/probe", data=entries)

    assert answer.status_code == (422 if parts[left_out]["mandatory"] else 303)


async def test_a_form_comes_back_filled_with_a_sentence_at_each_field(
    client: httpx2.AsyncClient,
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, {"email": "ada@", "note": "a\nb & <c>"})

    answer = await client.post(action, data=entries)

    page = Controls(answer.text)
    assert answer.status_code == 422
    assert "<title>Error: Probe</title>" in answer.text
    assert page.named["email"]["value"] == "ada@"
    assert "\na\nb &amp; &lt;c&gt;</textarea>" in answer.text
    assert page.named["form_id"]["value"] == entries["form_id"]
    assert page.named["email"]["aria-describedby"] == "email-hint email-error"
    assert page.named["name"]["aria-describedby"] == "name-error"
    assert {"email-hint", "email-error", "name-error"} <= page.by_id.keys()
    assert re.findall(r'<li><a href="#(\w+)">([^<]+)</a></li>', answer.text) == [
        ("email", "Write one email address, such as name@example.org"),
        ("name", "Write your name"),
    ]


async def test_a_double_submit_has_one_effect_and_one_answer(
    client: httpx2.AsyncClient, database: Database
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES | {"email": "twice@example.org"})

    answers = await asyncio.gather(*(client.post(action, data=entries) for _ in range(5)))
    other = await client.post(action, data=entries | {"name": "Eve"})

    assert {(one.status_code, one.headers["location"]) for one in answers} == {
        (303, "/en/probe/hello")
    }
    assert await count(database, "twice@example.org") == 1
    assert other.status_code == 422
    assert "sent already with other entries" in other.text


async def test_what_is_kept_for_a_double_submit_names_nobody(
    client: httpx2.AsyncClient, database: Database
) -> None:
    answer = await post_form(client, DESCRIPTOR, ENTRIES | {"email": "trace@example.org"})
    async with database.begin() as tx:
        rows = await tx.fetch("select form_sha256, entries_hmac, location from answer")

    assert answer.status_code == 303
    assert rows
    assert not any(b"trace" in value or b"hello" in value for row in rows for value in row)


async def test_an_outdated_wording_is_refused_and_shown_anew(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    first = app.state.web.pages.wordings["probe"].all[2:4]
    outdated = next(one for one in first if one.version == 1 and one.language == "en")
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)
    entries["probing"] = outdated.sha256

    page = await client.post(action, data=entries)
    program = await client.post(action, json=entries)

    assert page.status_code == program.status_code == 409
    assert "The wording changed" in page.text
    assert "as of today" in page.text
    assert program.json()["type"] == "/problems/wording-changed"
    assert program.json()["errors"][0]["code"] == "wording-changed"


@pytest.mark.parametrize("value", ["true", "on", "yes", "1"])
async def test_consent_is_never_given_by_a_word(client: httpx2.AsyncClient, value: str) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)

    answer = await client.post(action, data=entries | {"mails": value})

    assert answer.status_code == 422


async def test_a_program_posts_json_and_is_told_where_to_look(
    client: httpx2.AsyncClient, database: Database
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES | {"email": "json@example.org"})

    answer = await client.post(action, json=entries)

    assert (answer.status_code, answer.json()) == (202, {"next": "/en/probe/hello"})
    assert await count(database, "json@example.org") == 1


async def test_multipart_is_read_like_any_form(client: httpx2.AsyncClient) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES | {"name": "Zoë"})
    body = "".join(
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in entries.items()
    )

    answer = await client.post(
        action,
        content=f"{body}--b0--\r\n".encode(),
        headers={"content-type": "multipart/form-data; boundary=b0"},
    )

    assert answer.status_code == 303


async def test_the_honeypot_catches_whoever_fills_it(client: httpx2.AsyncClient) -> None:
    descriptor = (await client.get(DESCRIPTOR)).json()
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)

    answer = await client.post(action, data=entries | {descriptor["honeypot"]: "http://x.example"})

    assert answer.status_code == 422
    assert "Leave the hidden field empty" in answer.text


async def test_nobody_types_in_no_time(settings: Settings, database: Database) -> None:
    app = app_of(settings, database, minimum_fill_seconds=3600)
    async with client_of(app) as client:
        answer = await post_form(client, DESCRIPTOR, ENTRIES)

    assert answer.status_code == 422
    assert "faster than a person types" in answer.text


async def test_a_form_id_of_another_form_or_key_is_no_good(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)
    other = app.state.web.form_ids.make("probe/other")

    answer = await client.post(action, data=entries | {"form_id": other})

    assert answer.status_code == 422
    assert other not in answer.text
    fresh = Controls(answer.text).named["form_id"]["value"]
    again = await client.post(action, data=entries | {"form_id": fresh})
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"origin": "http://localhost:8000"}, 303),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:8000"}, 303),
        ({"origin": FRONTEND, "sec-fetch-site": "cross-site"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://localhost:8000.evil.example"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_only_our_pages_and_configured_frontends_post(
    client: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    action, entries = await fill_form(client, DESCRIPTOR, ENTRIES)

    answer = await client.post(action, data=entries, headers=headers)

    assert answer.status_code == status


async def test_a_configured_frontend_may_look_ask_and_read_errors(
    client: httpx2.AsyncClient,
) -> None:
    ours, theirs = {"origin": FRONTEND}, {"origin": "https://evil.example"}

    look = await client.get(DESCRIPTOR, headers=ours)
    ask = await client.options("/en/probe", headers=ours)
    wrong = await client.post("/en/probe", json={}, headers=ours)
    stranger = await client.options("/en/probe", headers=theirs)
    page = await client.get("/en/probe")

    for answer in (look, ask, wrong):
        assert answer.headers["access-control-allow-origin"] == FRONTEND
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers
    assert ask.headers["access-control-allow-methods"] == "POST"
    assert "access-control-allow-origin" not in stranger.headers
    assert page.headers["content-security-policy"].endswith(f"frame-ancestors {FRONTEND}")


async def test_a_network_that_floods_is_told_to_wait(
    settings: Settings, database: Database
) -> None:
    app = app_of(settings, database, posts_per_network_and_minute=3)
    async with client_of(app) as client:
        answers = [await client.post("/de/probe", data={}) for _ in range(4)]

    assert [one.status_code for one in answers] == [422, 422, 422, 429]
    assert answers[-1].headers["retry-after"] == "30"
    assert "zu viele Versuche" in answers[-1].text
