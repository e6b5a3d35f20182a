"""Every crash point, once: killed there by SIGKILL and started again, the same things are true."""

import itertools
from pathlib import Path

import httpx2
import orjson
import pytest

from contracts.verify_bundle import main as verify
from demo.person import Person
from tests.installation import (
    Installation,
    certificates,
    confirm_erasure,
    eventually,
    press_erasure,
    receive_certificate,
    subscribe,
)
from tests.kill.converging import same_bytes, told_once

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
ISSUE = Path(__file__).parents[2] / "demo" / "issue"
_people = itertools.count(1)

SAGA = (
    ("web", "web:after-commit"),
    ("workers", "relay:after-send"),
    ("workers", "relay:between-closed-and-erasure"),
    ("workers", "consumer:before-commit"),
    ("workers", "consumer:after-commit"),
    ("verifiers", "verifier:before-commit"),
    ("verifiers", "scanner:before-commit"),
    ("workers", "certifier:before-commit"),
    ("workers", "certifier:after-commit"),
    ("workers", "mailer:after-250"),
    ("workers", "origin:before-alias-end"),
)


def _person(browser: httpx2.AsyncClient) -> Person:
    return Person(browser, f"killmark{next(_people)}.person@example.org")


@pytest.mark.parametrize(("process", "point"), SAGA, ids=[point for _, point in SAGA])
async def test_a_saga_converges_after_a_kill(
    installation: Installation, tmp_path: Path, process: str, point: str
) -> None:
    async with installation.browser() as browser:
        person = _person(browser)
        await subscribe(person, first_name=f"First{person.address.split('.')[0]}")
        await person.fill("/en/rights/erase", {"email": person.address})
        link = await person.link("/rights/confirm/")

        installation.arm(process, point)
        if process == "web":
            with pytest.raises(httpx2.TransportError):
                await press_erasure(person, link)
        else:
            await press_erasure(person, link)
        await installation.killed(process)
        installation.start(process)

        await installation.ready()
        bundle = tmp_path / "certificate.expunge.json"
        bundle.write_bytes(await receive_certificate(person))
        await installation.closed()
        assert verify([str(bundle)]) == 0
        assert len({mail["message_id"] for mail in await certificates(person)}) == 1
        await told_once(installation)
        assert not await installation.named(person.address, person.address.split(".")[0])


async def test_a_committed_form_survives_its_process(installation: Installation) -> None:
    async with installation.browser() as browser:
        person = _person(browser)
        installation.arm("web", "web:after-commit")

        with pytest.raises(httpx2.TransportError):
            await person.fill("/en/newsletter/subscribe", {"email": person.address})
        await installation.killed("web")
        installation.start("web")
        await installation.ready()
        answer = await person.fill(await person.link("/newsletter/confirm/"))

        assert "/newsletter/confirmed/" in answer.url.path
        assert await _subscribed(installation, person) == 1


async def test_a_confirmation_comes_at_least_once_under_one_id(installation: Installation) -> None:
    async with installation.browser() as browser:
        person = _person(browser)
        await eventually(lambda: _no_mail_waits(installation), "mails of earlier tests are sent")
        installation.arm("workers", "mailer:after-250")

        await person.fill("/en/newsletter/subscribe", {"email": person.address})
        await installation.killed("workers")
        before = len(await person.mails())
        installation.start("workers")
        answer = await person.fill(await person.link("/newsletter/confirm/", after=before))

        mails = [mail for mail in await person.mails() if "confirm" in "".join(mail["links"])]
        assert "/newsletter/confirmed/" in answer.url.path
        assert (before, len({mail["message_id"] for mail in mails})) == (1, 1)
        assert len(mails) == 2, "what was accepted before the kill is sent again, not given up"


async def test_an_issue_comes_at_most_once(installation: Installation) -> None:
    async with installation.browser() as browser:
        people = [_person(browser) for _ in range(3)]
        for person in people:
            await subscribe(person)
        await eventually(lambda: _no_mail_waits(installation), "every welcome is sent")
        installation.arm("workers", "mailer:after-250")

        await installation.command("newsletter", "send", str(ISSUE), "--no-wait")
        await installation.killed("workers")
        installation.start("workers")
        code, told = await installation.command("newsletter", "send", str(ISSUE))

        received = [len([m for m in await one.mails() if _is_issue(m)]) for one in people]
        given_up = await _given_up(installation, [one.address for one in people])
        assert code == 0, told
        assert set(received) <= {0, 1}
        assert received.count(0) <= given_up, f"of {received} it knows of {given_up}: {told}"


async def _given_up(installation: Installation, addresses: list[str]) -> int:
    """Count the issues of these people that were under way when their mailer died."""
    sql = """
        select from delivery
          join subscriber using (subject_id)
         where email = any($1) and state = 'given-up'
        """
    return len(await installation.ask("newsletter", sql, addresses))


async def test_a_replay_of_it_all_finds_nothing_wrong(installation: Installation) -> None:
    async with installation.browser() as browser:
        person = _person(browser)
        await subscribe(person)
        await confirm_erasure(person)
        await receive_certificate(person)
    await installation.closed()

    code, told = await installation.command("audit", "replay", "--json")
    report = orjson.loads(told[told.index("{") :])

    assert code == 0, told
    assert report["findings"]["total"] == 0
    assert report["sagas"]["certified"] >= 1
    assert await same_bytes(installation)


def _is_issue(mail: dict[str, object]) -> bool:
    return any(name == "List-Unsubscribe" for name, _ in mail["headers"])  # type: ignore[attr-defined]


async def _subscribed(installation: Installation, person: Person) -> int:
    sql = "select from subscriber where email = $1"
    return len(await installation.ask("newsletter", sql, person.address))


async def _no_mail_waits(installation: Installation) -> bool:
    waiting = [
        await installation.ask(name, "select from mail") for name in ("newsletter", "rights")
    ]
    return not any(waiting)
