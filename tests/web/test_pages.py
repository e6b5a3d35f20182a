"""Pages: both languages, problem pages, headers, nothing changed by looking."""

import re
import string
from pathlib import Path

import httpx2
import pytest
import structlog
from fastapi import FastAPI

import shared.mail.markdown
import shared.saga.claim_route  # noqa: F401
from services.website.declaration import SERVICE as WEBSITE
from shared.database import Database
from shared.errors import Refused
from shared.settings import Settings
from shared.web import internal_app, public_app
from shared.web.language import Language
from shared.web.texts import read_texts
from tests.web.conftest import PART, app_of, client_of, configuration

WEB = Path(__file__).parents[2] / "shared" / "web"


def refusals(kind: type[Refused] = Refused) -> list[type[Refused]]:
    """List every refusal of the shared rooms, found where they are defined."""
    found = [one for sub in kind.__subclasses__() for one in (sub, *refusals(sub))]
    return [one for one in found if one.__module__.startswith("shared.")]


@pytest.mark.parametrize("folder", [WEB, WEBSITE.folder, PART.folder], ids=lambda one: one.name)
def test_texts_exist_in_both_languages_with_the_same_parameters(folder: Path) -> None:
    german, english = (read_texts(folder, language) for language in Language)

    def parameters(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert german
    assert german.keys() == english.keys()
    for key, text in german.items():
        assert parameters(text) == parameters(english[key]), key


@pytest.mark.parametrize("refused", refusals(), ids=lambda one: one.problem)
def test_every_refusal_says_what_to_do_in_both_languages(refused: type[Refused]) -> None:
    for language in Language:
        sentence = read_texts(WEB, language).get(f"problems.{refused.problem}", "")
        assert sentence.count(". ") >= 1, "say what is wrong, then what to do"
        assert not re.search(r"\b(?:oops|invalid|please|bitte)\b", sentence, re.IGNORECASE)


@pytest.mark.parametrize(
    ("path", "language", "status"),
    [
        ("/de/nichts", "de", 404),
        ("/en/nothing", "en", 404),
        ("/fr/probe", "en", 404),
        ("/en/probe/", "en", 404),
        ("/internal/v1/origins/rights/aliases", "en", 404),
        ("/desk", "en", 404),
        ("/metrics", "en", 404),
        ("/docs", "en", 404),
        ("/openapi.json", "en", 404),
        ("/en/probe/%00", "en", 400),
        ("/en/probe/%ff", "en", 405),
    ],
)
async def test_problem_pages_speak_the_paths_language(
    client: httpx2.AsyncClient, path: str, language: str, status: int
) -> None:
    page = await client.get(path)
    program = await client.get(path, headers={"accept": "application/json"})

    assert page.status_code == program.status_code == status
    assert f'<html lang="{language}">' in page.text
    assert program.headers["content-type"] == "application/problem+json"
    assert set(program.json()) == {"type", "title", "status"}


async def test_a_path_without_language_follows_the_browser(client: httpx2.AsyncClient) -> None:
    page = await client.get("/nichts", headers={"accept-language": "fr;q=0.9, de-AT"})

    assert '<html lang="de">' in page.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "BREW"])
async def test_other_methods_are_refused(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/de/probe")

    assert answer.status_code == 405
    assert "so nicht benutzen" in answer.text


async def test_looking_changes_nothing(client: httpx2.AsyncClient, database: Database) -> None:
    async def size() -> int:
        async with database.begin() as tx:
            number: int = await tx.fetchval("select count(*) from entry")
            return number

    before = await size()
    head, get = await client.head("/en/probe"), await client.get("/en/probe")
    button = await client.head("/en/probe/x")

    assert (head.status_code, head.content) == (200, b"")
    assert get.status_code == 200
    assert button.status_code == 405
    assert await size() == before


async def test_headers_of_every_answer(client: httpx2.AsyncClient) -> None:
    for path in ("/en/probe", "/nothing", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "script-src" not in headers["content-security-policy"]
        assert "frame-ancestors" in headers["content-security-policy"]
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
        assert "strict-transport-security" not in headers
        assert "server" not in headers
        assert "set-cookie" not in headers


async def test_https_is_remembered(settings: Settings, database: Database) -> None:
    secure = settings.model_copy(update={"public_url": "https://www.example.org"})
    async with client_of(app_of(secure, database)) as client:
        headers = (await client.get("/en/probe")).headers

    assert headers["strict-transport-security"].startswith("max-age=63072000")


async def test_a_requests_own_id_is_not_taken_over(client: httpx2.AsyncClient) -> None:
    headers = {"x-request-id": "ada@example.org"}

    assert (await client.get("/en/probe", headers=headers)).headers[
        "x-request-id"
    ] != "ada@example.org"


async def test_the_style_sheet_never_changes(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/en/probe")).text
    path = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)[0]

    answer = await client.get(path)

    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


async def test_no_page_names_another_host_to_load_from(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/en/probe")).text

    assert not re.findall(r'(?:src|action)="https?:', page)
    assert re.findall(r'<link [^>]*href="([^"]+)"', page)[0].startswith("/assets/")
    assert "<script" not in page


async def test_what_a_visitor_says_is_text(client: httpx2.AsyncClient) -> None:
    page = await client.get("/en/probe/hello", params={"said": "<b>{{7*7}}</b>"})

    assert "&lt;b&gt;{{7*7}}&lt;/b&gt;" in page.text


async def test_a_failure_says_nothing_of_what_came(
    client: httpx2.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    with structlog.testing.capture_logs() as lines:
        page = await client.get("/de/probe-failure/zq8Secret")

    assert page.status_code == 500
    assert "zq8Secret" not in page.text
    assert "schiefgegangen" in page.text
    assert [line["event"] for line in lines] == ["request-failed", "answered"]
    assert lines[0]["route"] == lines[1]["route"] == "/{lang}/probe-failure/{token}"
    assert "zq8Secret" not in capfd.readouterr().err


@pytest.fixture
def whole(settings: Settings) -> FastAPI:
    """Build the website beside the probe."""
    return public_app(settings, [WEBSITE.part(), PART], configuration=configuration())


async def test_the_start_page_shows_live_forms_in_both_languages(whole: FastAPI) -> None:
    async with client_of(whole) as client:
        both, german = (await client.get("/")).text, (await client.get("/de/")).text

    assert '<section lang="de">' in both
    assert '<section lang="en">' in both
    assert 'href="/de/probe"' in both
    assert 'href="/en/probe"' in both
    assert 'href="/de/probe"' in german
    assert '<section lang="en">' not in german


async def test_machines_find_what_they_look_for(whole: FastAPI) -> None:
    async with client_of(whole) as client:
        robots = await client.get("/robots.txt")
        security = await client.get("/.well-known/security.txt")

    assert robots.text.startswith("User-agent: *")
    assert re.search(r"^Contact: mailto:\S+$", security.text, re.MULTILINE)
    assert re.search(r"^Expires: \S+T\S+$", security.text, re.MULTILINE)


async def test_readiness_gives_reasons_inside_only(settings: Settings, whole: FastAPI) -> None:
    inside = internal_app(settings, [WEBSITE.part(), PART], beside=whole)
    async with client_of(whole) as client, client_of(inside) as neighbour:
        alive = await client.get("/healthz")
        outside = await client.get("/readyz")
        reasons = await neighbour.get("/readyz")

    assert alive.json() == {"status": "alive"}
    assert (outside.status_code, outside.json()) == (503, {"status": "not-ready"})
    assert reasons.json() == {
        "status": "not-ready",
        "reasons": dict.fromkeys(("website", "probe"), "database: MissingSecret"),
    }


async def test_ready_when_the_database_answers(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
