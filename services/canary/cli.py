"""`expunge canary`: prove in the running system that who is erased is nowhere."""

import asyncio
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx2
import orjson
import typer

from contracts.verify_bundle import verify
from services.canary.looking import forgotten, look, look_at_bytes
from services.canary.mailbox import NoMailbox, cleared
from services.canary.settings import Place
from services.canary.walk import NOWHERE, WALKED, Words, arrive
from services.erasure.store.checks import CANARY
from services.evidence import keep
from services.scrub import scrub_everything
from shared.commands import AsJson, run
from shared.settings import Settings
from shared.visitor.leaving import leave
from shared.visitor.mailbox import DevelopmentInbox, Mailbox
from shared.visitor.person import NoForm, Person

TIMEOUT_S: Final = 30.0
CLOSED_WITHIN_S: Final = 60.0
POLL_S: Final = 0.1
SEED_BYTES: Final = 16
Say = Callable[[str], None]


@dataclass
class Flown:
    """What came of one canary: each sentence with whether it holds, and where was looked."""

    checks: dict[str, bool] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    not_searched: list[str] = field(default_factory=list)
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether everything holds and went to its end."""
        return bool(self.checks) and all(self.checks.values()) and not self.problem

    def as_json(self) -> dict[str, Any]:
        """Say it for programs; no word of the invented person is in it."""
        return {"passed": self.passed, "slices": WALKED, **vars(self)}


def canary(
    *,
    inbox: Annotated[
        str,
        typer.Option(
            envvar="EXPUNGE_CANARY_INBOX",
            help="URL of a development inbox that gets the canary's mails, without .json; "
            "it goes before EXPUNGE_CANARY_MAILBOX.",
        ),
    ] = "",
    scrub: Annotated[
        bool, typer.Option("--scrub", help="Scrub afterwards, and search the bytes of --files.")
    ] = False,
    files: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a server whose bytes are searched. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign an invented person up, erase them by the mailed link, verify, and search everywhere.

    Their message is seen by clerks for the seconds until it is erased. Exit code 0: they were found
    before and are nowhere after; 1: something does not hold, and is named.
    """
    settings = Settings.load()
    say = (lambda _: None) if as_json else typer.echo
    mails = inbox or Place.configured(settings) or "/dev/inbox"
    flown = run(fly(settings, mails, files_of(settings, files), say, scrub=scrub))
    if as_json:
        sys.stdout.write(orjson.dumps(flown.as_json()).decode() + "\n")
    else:
        _print(flown)
    if not flown.passed:
        raise typer.Exit(1)


def files_of(settings: Settings, files: Sequence[Path] | None) -> list[Path]:
    """Give the folders whose bytes are searched: those named, else the embedded servers' own."""
    if files:
        return list(files)
    own = (settings.state / "postgres", settings.state / "kafka" / "data")
    return [folder.resolve() for folder in own if folder.exists()]


async def fly(
    settings: Settings, mails: Place | str, files: Sequence[Path], say: Say, *, scrub: bool
) -> Flown:
    """Do all of it and keep the evidence, also of what did not come to its end."""
    began_at, flown = datetime.now(UTC), Flown()
    reads_at = NOWHERE if isinstance(mails, str) else mails.address
    words = Words(secrets.token_hex(SEED_BYTES), reads_at)
    try:
        await _through(settings, mails, words, flown, say)
        if scrub:
            await _bytes(settings, files, words, flown, say)
    except (NoForm, TimeoutError) as error:
        flown.problem = f"{type(error).__name__}: {error}"
    except NoMailbox as error:
        flown.problem = str(error)
    except httpx2.HTTPError as error:  # its text would have the address, in a URL
        flown.problem = type(error).__name__
    await keep(CANARY, began_at, flown.as_json(), passed=flown.passed)
    return flown


async def _through(
    settings: Settings, mails: Place | str, words: Words, flown: Flown, say: Say
) -> None:
    """Arrive, be seen, leave, be nowhere."""
    begun = time.monotonic()
    url = settings.public_url
    async with (
        httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False) as browser,
        _mailbox(mails, words.address, browser) as mailbox,
    ):
        person = Person(browser, words.address, mailbox=mailbox)
        await person.mails()  # where nobody reads them, no mail is to be sent
        await arrive(person, words)
        say(f"Signed up at {', '.join(WALKED)}")
        seen = await look(settings, words.markers)
        flown.checks["before, every slice names them"] = all(
            any(one.startswith(f"{settings.database(name)}:") for one in seen.places)
            for name in WALKED
        )
        asked = time.monotonic()
        bundle = await leave(person)
    flown.seconds["certificate"] = round(time.monotonic() - asked, 3)
    report = verify(bundle, trust=settings.trust.read_bytes())
    flown.checks["the certificate holds"] = bool(report["valid"])
    say("Erased, and the certificate is here")
    await _until_closed(settings, words)
    after = await look(settings, words.markers)
    flown.checks["after, nothing names them"] = not after.found
    flown.found += after.places
    flown.searched += after.searched
    flown.not_searched += after.not_searched
    flown.seconds["all"] = round(time.monotonic() - begun, 3)


def _mailbox(
    mails: Place | str, address: str, browser: httpx2.AsyncClient
) -> AbstractAsyncContextManager[Mailbox]:
    if isinstance(mails, str):
        return nullcontext(DevelopmentInbox(browser, mails))
    return cleared(mails, address)


async def _until_closed(settings: Settings, words: Words) -> None:
    """Wait until the origin has forgotten the address too. Raises TimeoutError."""
    async with asyncio.timeout(CLOSED_WITHIN_S):
        while not await forgotten(settings, words.address):  # noqa: ASYNC110 - another process's
            await asyncio.sleep(POLL_S)


async def _bytes(
    settings: Settings, files: Sequence[Path], words: Words, flown: Flown, say: Say
) -> None:
    """Scrub, then look at the bytes of what the servers write."""
    scrubbed = await scrub_everything(settings)
    say("Scrubbed; looking at bytes")
    flown.checks["the scrub left nothing out"] = scrubbed.whole
    after = await look_at_bytes(files, words.markers)
    flown.checks["no byte of theirs is left"] = not after.found
    flown.found += after.places
    flown.searched += after.searched
    flown.not_searched += after.not_searched


def _print(flown: Flown) -> None:
    for sentence, holds in flown.checks.items():
        typer.echo(f"{'ok  ' if holds else 'FAIL'} {sentence}")
    for place in flown.found:
        typer.echo(f"     found: {place}")
    for place in flown.not_searched:
        typer.echo(f"     not searched: {place}")
    if flown.problem:
        typer.echo(f"FAIL {flown.problem}")
