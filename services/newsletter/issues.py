"""Sending an issue: its words are fixed, deliveries queued in batches, progress watched."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.newsletter import issue_store
from services.newsletter.rules import BadIssue, ContentChanged, Issue, State, read_text
from shared.database import Database
from shared.mail.markdown import check_self_contained

BATCH = 500  # deliveries queued in one transaction
WATCH_S = 0.25
LANGUAGES = ("de", "en")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an issue is: deliveries by what became of them, and whether all are queued."""

    issue: str
    states: Mapping[State, int]
    all_queued: bool

    @property
    def total(self) -> int:
        """Deliveries begun, by now."""
        return sum(self.states.values())

    @property
    def done(self) -> int:
        """Deliveries that need nothing more."""
        return self.total - self.states.get(State.QUEUED, 0)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.all_queued and not self.states.get(State.QUEUED, 0)


def read_issue(folder: Path) -> Issue:
    """Read `de.md` and `en.md` of a folder; its name is the issue's.

    Raises BadIssue, and LoadsFromElsewhere for an image or raw HTML (R-NL-02).
    """
    texts = {}
    for language in LANGUAGES:
        file = folder / f"{language}.md"
        if not file.is_file():
            raise BadIssue
        try:
            texts[language] = read_text(file.read_text("utf-8"))
        except UnicodeDecodeError:
            raise BadIssue from None
        check_self_contained(texts[language].markdown)
    return Issue(folder.resolve().name, texts)


async def begin(database: Database, issue: Issue) -> UUID:
    """Fix an issue's words, or go on with it. Raises ContentChanged if they differ by now."""
    async with database.begin() as tx:
        begun = await issue_store.find_issue(tx, issue.name)
        if begun is None:
            return await issue_store.begin_issue(tx, issue)
        if begun.content_sha256 != issue.content_sha256:
            raise ContentChanged
        return begun.issue_id


async def queue_all(database: Database, issue_id: UUID, *, batch: int = BATCH) -> None:
    """Queue a delivery for each subscriber who has none; after a kill it goes on where it was."""
    last: UUID | None = None
    while True:
        async with database.begin() as tx:
            last = await issue_store.queue_deliveries(tx, issue_id, last, batch)
            if last is None:
                await issue_store.end_queueing(tx, issue_id)
                return


async def progress(database: Database, issue: Issue) -> Progress:
    """Say how far an issue is."""
    async with database.begin() as tx:
        begun = await issue_store.find_issue(tx, issue.name)
        states = await issue_store.count_states(tx, begun.issue_id) if begun else {}
        return Progress(issue.name, states, all_queued=bool(begun and begun.queued_at))


async def send(
    database: Database, issue: Issue, show: Callable[[Progress], None], *, batch: int = BATCH
) -> Progress:
    """Queue an issue for everybody and watch until the worker has delivered it.

    Queueing and watching go on side by side. Raises ContentChanged.
    """
    issue_id = await begin(database, issue)
    queueing = asyncio.create_task(queue_all(database, issue_id, batch=batch))
    try:
        while True:
            now = await progress(database, issue)
            show(now)
            if queueing.done():
                await queueing
                if now.over:
                    return now
            await asyncio.sleep(WATCH_S)
    finally:
        queueing.cancel()
