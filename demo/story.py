"""The story: three invented people, one issue, one erasure, one certificate, one return."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.live import Live

from contracts.messages import ErasureCertified
from contracts.topics import TOPICS
from demo.checks import Checks
from demo.person import Person
from demo.watch import Saga, follow, topic_from_now
from shared.search.places import Found, in_databases, in_files, in_topics
from shared.settings import Settings

ISSUE = Path(__file__).with_name("issue")
VERIFIER = Path(__file__).parents[1] / "contracts" / "verify_bundle.py"
BUNDLE = ".expunge.json"
COMMAND_TIMEOUT_S = 120.0
HTTP_TIMEOUT_S = 15.0

ADA = ("ada.q4711@example.org", "Adamarkiza", "Quillfeather")
BEN = ("ben.beispiel@example.org", "Benmarkizo", "Beispielmann")
CLEO = ("cleo.anders@example.org", "Cleomarkize", "Andersson")


@dataclass
class Story:
    """Everything the chapters share."""

    settings: Settings
    databases: Sequence[str]
    environment: dict[str, str]
    console: Console
    checks: Checks
    browser: httpx2.AsyncClient

    async def tell(self) -> None:
        """Tell it all. Raises DoesNotHold, or TimeoutError where something did not come."""
        ada, ben = Person(self.browser, ADA[0], "en"), Person(self.browser, BEN[0], "de")
        cleo = Person(self.browser, CLEO[0], "en")
        self.chapter("Three people subscribe to the newsletter and confirm it from their mailbox")
        for person, (_, first, last) in ((ada, ADA), (ben, BEN), (cleo, CLEO)):
            await self.subscribe(person, first, last)
        await self.send_issue((ada, ben, cleo))
        saga, bundle = await self.erase(ada)
        await self.verify(bundle)
        await self.replay()
        await self.search()
        await self.come_back(ada)
        self.end(saga)

    def chapter(self, title: str) -> None:
        """Say what comes now."""
        self.console.print(f"\n[bold]{title}[/bold]")

    def quote(self, told: str) -> None:
        """Show what a command printed."""
        for line in told.strip().splitlines():
            self.console.print(
                f"    {line}", markup=False, highlight=False, style="dim", soft_wrap=True
            )

    async def subscribe(self, person: Person, first: str, last: str) -> None:
        """Fill the form, follow the mailed link, press its one button."""
        form = f"/{person.language}/newsletter/subscribe"
        names = {"first_name": first, "last_name": last}
        answer = await person.fill(form, {"email": person.address, **names})
        self.checks.holds("form sent", true=answer.status_code == 200, seen=_where(answer))  # noqa: PLR2004
        answer = await person.fill(await person.link("/newsletter/confirm/"))
        confirmed = "/newsletter/confirmed/" in str(answer.url)
        self.checks.holds("subscription confirmed", true=confirmed, seen=_where(answer))

    async def send_issue(self, people: Sequence[Person]) -> None:
        """Send an issue with the editor's command; each subscriber gets it."""
        self.chapter("An issue goes to everybody")
        await self.command("expunge newsletter send", "newsletter", "send", str(ISSUE))
        for person in people:
            await person.mail(_is_issue, "the issue")
        self.checks.holds("the issue is in every mailbox", true=True, seen=f"{len(people)} mails")

    async def erase(self, ada: Person) -> tuple[Saga, Path]:
        """Ask for erasure, confirm from the mail, watch the saga, receive the certificate."""
        self.chapter("Ada asks to be erased, and confirms it from her mailbox")
        await ada.fill("/en/rights/erase", {"email": ada.address})
        link = await ada.link("/rights/confirm/")
        async with topic_from_now(self.settings) as topic:
            clicked_at = time.monotonic()
            answer = await ada.fill(link)
            self.checks.holds("request taken", true=answer.status_code == 200, seen=_where(answer))  # noqa: PLR2004
            with Live(console=self.console, refresh_per_second=10) as live:
                saga = await follow(topic, clicked_at, live)
            self.console.print()
        mail = await ada.mail(_has_certificate, "the certificate")
        attachment = next(a for a in mail["attachments"] if _is_certificate(a))
        number = mail["attachments"].index(attachment)
        content = await self.browser.get(f"/dev/inbox/{mail['id']}/{number}")
        bundle = self.settings.state / f"certificate{BUNDLE}"
        bundle.write_bytes(content.content)
        self.checks.holds("the certificate came by mail", true=True, seen=str(bundle))
        return saga, bundle

    async def verify(self, bundle: Path) -> None:
        """Check the certificate offline: with our command, and with the one file alone."""
        self.chapter("Anybody verifies the certificate offline")
        trust = ("--trust", str(self.settings.trust))
        told = await self.command("expunge verify", "verify", str(bundle), *trust)
        # What nobody but the issuer states is in the full report; here, what was checked.
        self.quote(told.partition("stated by the issuer alone")[0])
        alone = (sys.executable, "-I", str(VERIFIER), str(bundle))
        await self.process("the verifier's one file alone", *alone)

    async def replay(self) -> None:
        """Work out everything again from the topic, as an auditor."""
        self.chapter("An auditor replays the topic")
        arguments = ("audit", "replay", "--certificates", "database")
        self.quote(await self.command("expunge audit replay", *arguments))

    async def search(self) -> None:
        """Look for Ada everywhere we keep something; everybody else is still there."""
        self.chapter("Ada is nowhere any more, the others are")
        left = await self.everywhere(ADA)
        what = "no table, planner statistic, topic, mail row or log names Ada"
        self.checks.holds(what, true=not left, seen=_places(left))
        for name, markers in (("Ben", BEN), ("Cleo", CLEO)):
            found = await self.everywhere(markers)
            kept = ", ".join(sorted({one.place.split(":")[-1] for one in found}))
            self.checks.holds(f"{name} is still a subscriber", true=bool(found), seen=kept)

    async def come_back(self, ada: Person) -> None:
        """Sign up again: nothing blocks her, nothing is inherited."""
        self.chapter("Ada comes back and is a stranger")
        before = len(await ada.mails())
        await ada.fill("/en/newsletter/subscribe", {"email": ada.address})
        answer = await ada.fill(await ada.link("/newsletter/confirm/", after=before))
        confirmed = "/newsletter/confirmed/" in str(answer.url)
        self.checks.holds("a new subscription, confirmed", true=confirmed, seen=_where(answer))
        inherited = await self.everywhere(ADA[1:])
        self.checks.holds(
            "nothing of before came with her", true=not inherited, seen=_places(inherited)
        )

    def end(self, saga: Saga) -> None:
        """Say what was measured."""
        seconds = saga.seconds_to(ErasureCertified)
        self.console.print(
            f"\n[bold green]All {len(self.checks.made)} checks hold.[/bold green] "
            f"From the last click to the certificate: {seconds or 0:.2f} s "
            f"({len(saga.participants)} slices, at rest).",
            soft_wrap=True,
        )
        self.console.print(
            "The development inbox plays the people's own mailboxes and is outside the search.",
            style="dim",
            soft_wrap=True,
        )

    async def everywhere(self, markers: Sequence[str]) -> list[Found]:
        """Search databases, statistics, topics and logs."""
        server = self.settings.admin_url().rpartition("/")[0]
        names = [self.settings.database(name) for name in self.databases]
        topics = [self.settings.topic(name) for name in TOPICS]
        return [
            *await in_databases(server, names, markers),
            *await in_topics(self.settings.kafka, topics, markers),
            *in_files(self.settings.state / "logs", markers),
        ]

    async def command(self, what: str, *arguments: str) -> str:
        """Run one of our commands as its user would; gives what it printed."""
        return await self.process(what, sys.executable, "-m", "services.cli", *arguments)

    async def process(self, what: str, *arguments: str) -> str:
        """Run a process to its end. Raises DoesNotHold unless it exits with 0."""
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            out, err = await process.communicate()
        seen = f"exit code {process.returncode} {err.decode()[-400:] if process.returncode else ''}"
        self.checks.holds(what, true=process.returncode == 0, seen=seen.strip())
        return out.decode()


def _where(answer: httpx2.Response) -> str:
    """HTTP status and the page's first two path parts: the rest of a path may be a secret."""
    return f"HTTP {answer.status_code}, /{'/'.join(answer.url.path.split('/')[1:4])}"


def _places(found: Sequence[Found]) -> str:
    return ", ".join(f"{one.place} ({one.count})" for one in found)


def _is_issue(mail: dict[str, Any]) -> bool:
    return any(name == "List-Unsubscribe" for name, _ in mail["headers"])


def _is_certificate(attachment: dict[str, Any]) -> bool:
    name = str(attachment["filename"])
    return name.endswith(BUNDLE) and name.startswith("certificate")


def _has_certificate(mail: dict[str, Any]) -> bool:
    return any(_is_certificate(attachment) for attachment in mail["attachments"])


async def tell(
    settings: Settings, databases: Sequence[str], environment: dict[str, str], console: Console
) -> None:
    """Tell the story against the running system."""
    async with httpx2.AsyncClient(
        base_url=settings.public_url, timeout=HTTP_TIMEOUT_S, trust_env=False
    ) as browser:
        story = Story(settings, databases, environment, console, Checks(console), browser)
        await story.tell()
