"""Ways out: one declaration taken back, a browser erased, a person erased everywhere."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.live import Live

from demo.arriving import DOCUMENT, SCRIPT
from demo.people import Member
from demo.person import Person, forms_of
from demo.stage import Stage
from demo.watch import Saga, follow, topic_from_now

BUNDLE = ".expunge.json"


@dataclass(frozen=True)
class Erased:
    """How one request went: what the topic said, and the certificate that came by mail."""

    saga: Saga
    bundle: Path


async def take_one_back(stage: Stage, ben: Member, seat: str) -> None:
    """Take declaration B back; everything else goes on."""
    stage.checks.chapter("Ben takes one declaration back: no promotion mails")
    account = "/de/registration/account"
    answer = await ben.fill(account, action="/promotion/end")
    offered = [form.action for form in forms_of(answer.text)]
    done = f"{account}/promotion" in offered and f"{account}/promotion/end" not in offered
    stage.checks.holds("one button on his account's page", true=done, seen="it may be given again")
    rest = {
        "his account": await ben.look(account),
        "his documents": await ben.look(f"/de/{DOCUMENT}"),
        "his seat": await ben.look(seat),
    }
    works = all(page.is_success and "sign-in" not in page.url.path for page in rest.values())
    stage.checks.holds("everything else still opens", true=works, seen=", ".join(rest))


async def be_erased(stage: Stage, one: Member) -> Erased:
    """Ask for erasure, confirm from the mail, watch the saga, receive the certificate."""
    stage.checks.chapter(f"{one.name} asks to be erased, and confirms it from the mailbox")
    before = len(await one.mails())
    await one.fill("/en/rights/erase", {"email": one.address})
    link = await one.link("/rights/confirm/", after=before)
    async with topic_from_now(stage.settings) as topic:
        clicked_at = time.monotonic()
        answer = await one.fill(link)
        stage.led("request taken", answer, "/rights/requests")
        with Live(console=stage.checks.console, refresh_per_second=10) as live:
            saga = await follow(topic, clicked_at, live)
        stage.checks.console.print()
    mail = await one.mail(_has_certificate, "the certificate")
    number = next(at for at, each in enumerate(mail["attachments"]) if _is_certificate(each))
    content = await one.browser.get(f"/dev/inbox/{mail['id']}/{number}")
    bundle = stage.settings.state / f"certificate-{one.name.lower()}{BUNDLE}"
    bundle.write_bytes(content.content)
    seen = f"{len(content.content):,} bytes"
    stage.checks.holds("the certificate came by mail", true=True, seen=seen)
    return Erased(saga, bundle)


async def erase_browser(stage: Stage, nobody: Person) -> None:
    """Erase what hangs on a browser's key; it needs no name, since none is known."""
    stage.checks.chapter("The browser of nobody known erases itself")
    answer = await nobody.fill("/en/cookies/erase")
    stage.led("one button, no name asked", answer, "/cookies/erased")
    await stage.none_left("its choice is deleted", "website", "granted", seen="no row")
    await stage.none_left("and every visit of it", "website", "visit", seen="no row")
    page = await nobody.look("/en/")
    stage.checks.holds("no tracker loads any more", true=SCRIPT not in page.text, seen="clarity")


def _is_certificate(attachment: dict[str, Any]) -> bool:
    name = str(attachment["filename"])
    return name.endswith(BUNDLE) and name.startswith("certificate")


def _has_certificate(mail: dict[str, Any]) -> bool:
    return any(_is_certificate(attachment) for attachment in mail["attachments"])
