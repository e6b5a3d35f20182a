"""Every crash point, once: killed there by SIGKILL and started again, the same things are true."""

import asyncio
import itertools
import json
from pathlib import Path

import httpx2
import pytest

from contracts.topics import TOPICS
from demo.person import Person
from services import registry
from shared.search.places import in_databases, in_files, in_topics
from tests.installation import (
    Installation,
    certificates,
    confirm_erasure,
    eventually,
    receive_certificate,
    subscribe,
)

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
_people = itertools.count(1)

SAGA = (
    ("workers", "relay:after-send"),
    ("workers", "relay:between-closed-and-erasure"),
    ("workers", "consumer:before-commit"),
    ("workers", "consumer:after-commit"),
    ("verifiers", "verifier:before-commit"),
    ("workers", "certifier:before-commit"),
    ("workers", "certifier:after-commit"),
    ("workers", "mailer:after-250"),
    ("workers", "origin:before-alias-end"),
)


def _person(browser: httpx2.AsyncClient) -> tuple[Person, str]:
    number = next(_people)
    return Person(browser, f"kill{number}.person@example.org"), f"Killmark{number}x"


@pytest.mark.parametrize(("process", "point"), SAGA, ids=[point for _, point in SAGA])
async def test_a_saga_converges_after_a_kill(
    installation: Installation, tmp_path: Path, process: str, point: str
) -> None:
    async with installation.browser() as browser:
        person, name = _person(browser)
        other, other_name = _person(browser)
        for each, first_name in ((person, name), (other, other_name)):
            await subscribe(each, first_name=first_name)
        await _restart(installation, process, crash_at=point)

        asking = asyncio.create_task(confirm_erasure(person))
        await installation.killed(process)
        await _restart(installation, process)
        await asking

        bundle = tmp_path / "certificate.expunge.json"
        bundle.write_bytes(await receive_certificate(person))
        await _closed(installation)
        code, told = await installation.command("verify", str(bundle))
        assert code == 0, told
        assert len({mail["message_id"] for mail in await certificates(person)}) == 1
        assert await _once(installation)
        assert not await _left(installation, [person.address, name])
        assert await _left(installation, [other.address])


async def test_a_committed_form_survives_its_process(installation: Installation) -> None:
    async with installation.browser() as browser:
        person, _ = _person(browser)
        await _restart(installation, "web", crash_at="web:after-commit")

        with pytest.raises(httpx2.TransportError):
            await person.fill("/en/newsletter/subscribe", {"email": person.address})
        await installation.killed("web")
        await _restart(installation, "web")
        answer = await person.fill(await person.link("/newsletter/confirm/"))

        assert "/newsletter/confirmed/" in answer.url.path
        rows = await installation.ask(
            "newsletter", "select from subscriber where email = $1", person.address
        )
        assert len(rows) == 1


async def test_a_replay_of_it_all_finds_nothing_wrong(installation: Installation) -> None:
    code, told = await installation.command("audit", "replay", "--json")

    assert code == 0, told
    assert json.loads(told[told.index("{") :])["findings"] == []


async def _restart(installation: Installation, process: str, crash_at: str = "") -> None:
    if installation.processes[process].poll() is None:
        installation.processes[process].terminate()
        installation.processes[process].wait()
    installation.start(process, crash_at=crash_at)
    await installation.ready()


async def _closed(installation: Installation) -> None:
    """Wait until no alias is left: every saga's last step."""

    async def none_left() -> bool:
        return not await installation.ask("rights", "select from alias")

    await eventually(none_left, "the aliases are gone")


async def _once(installation: Installation) -> bool:
    """Whether each service has one receipt for each request, and each request one certificate."""
    sagas = await installation.ask("erasure", "select request_id from saga")
    receipts = await installation.ask("erasure", "select from saga_receipt")
    certified = await installation.ask("erasure", "select from certificate")
    expected = len(registry.participants()) * len(sagas)
    return (len(receipts), len(certified)) == (expected, len(sagas))


async def _left(installation: Installation, markers: list[str]) -> list[str]:
    settings = installation.settings
    slices = [f"{name}_verifier" for name in registry.participants()]
    names = [*(service.name for service in registry.with_database()), *slices]
    found = [
        *await in_databases(
            settings.admin_url().rpartition("/")[0],
            [settings.database(name) for name in names],
            markers,
        ),
        *await in_topics(settings.kafka, [settings.topic(name) for name in TOPICS], markers),
        *in_files(settings.state / "logs", markers),
    ]
    return [one.place for one in found]
