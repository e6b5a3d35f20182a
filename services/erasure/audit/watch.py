"""`expunge audit watch`: come again, and compare with what was there the last time."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from contracts.errors import BadLog
from contracts.trust import Trust
from services.erasure.audit.commands import (
    FOUND,
    KAFKA,
    UNREADABLE,
    USAGE,
    From,
    Json,
    TrustFile,
    opened_source,
    progress,
    read_trust,
)
from services.erasure.audit.entries import Unreadable
from services.erasure.audit.heading import opened
from services.erasure.audit.keeping import Folder, Kept, Unusable, folder_of_our_own
from services.erasure.audit.published import Published
from services.erasure.audit.report import findings_as_lines, plain_findings, state_hash
from services.erasure.audit.watching import Look, look
from shared.settings import Settings

HOUR_S: Final = 3_600.0
NOT_A_HEAD: Final = "The checkpoint is not signed by a key of the log that the list of keys names."


def watch(
    folder: Annotated[Path, typer.Argument(help="Yours alone: what was seen last is kept here.")],
    *,
    source: From = KAFKA,
    log: Annotated[
        str | None,
        typer.Option(help="The public log: its address or a folder; else EXPUNGE_PUBLIC_URL/log."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="A head you kept before: the first look begins with it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between two looks.")] = HOUR_S,
    once: Annotated[bool, typer.Option("--once", help="Look once and end, for cron.")] = False,
    trust: TrustFile = None,
    json: Json = False,
) -> None:
    """Look again and again whether something was cut off, rewritten, late or wrong.

    Each look reads head and topic from the start, and prints its findings, with --json one line.
    Exit 0 if nothing was found, 1 if something was in any look, 2 for wrong arguments or a folder
    of something else, 3 if the last look could not read the topic or the log.
    """
    settings = Settings.load()
    keys = read_trust(trust or settings.trust)
    where = log or f"{settings.public_url.rstrip('/')}/log"
    try:
        with folder_of_our_own(folder) as ours:
            kept = _first(ours, keys, checkpoint)
            watching = _Watching(settings, keys, source, where, ours, kept, json)
            code = asyncio.run(watching.until_told(None if once else every))
    except Unusable as why:
        sys.stderr.write(f"{why}\n")
        raise typer.Exit(USAGE) from None
    raise typer.Exit(code)


def _first(folder: Folder, keys: Trust, checkpoint: Path | None) -> Kept:
    """Load what was kept; a head given by hand is where the first look begins."""
    kept = folder.load(keys.root)
    if kept.head is not None or checkpoint is None:
        return kept
    try:
        note = checkpoint.read_bytes()
        opened(note, keys)
    except (OSError, BadLog):
        raise Unusable(NOT_A_HEAD) from None
    return kept.model_copy(update={"head": note.decode()})


@dataclass
class _Watching:
    """Looks, one after the other."""

    settings: Settings
    keys: Trust
    source: str
    log: str
    folder: Folder
    kept: Kept
    json: bool

    async def until_told(self, every: float | None) -> int:
        """Look every so many seconds until a signal, or once; gives the exit code."""
        ends = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ends.set)
        alarmed, code = False, 0
        while not ends.is_set():
            try:
                alarmed |= await self._look()
                code = 0
            except Unreadable as why:
                self._print({"unreadable": str(why)}, [f"not read: {why}"])
                code = UNREADABLE
            if every is None:
                break
            try:
                await asyncio.wait_for(ends.wait(), every)
            except TimeoutError:
                continue
        return FOUND if alarmed else code

    async def _look(self) -> bool:
        """Look once, print what was found, then keep what was seen. Raises Unreadable."""
        published = Published(self.log)
        try:
            async with opened_source(self.settings, self.source) as entries:
                with progress("watch", entries) as advance:
                    now = datetime.now(UTC)
                    done = await look(
                        entries, published, self.keys, self.kept, now=now, advance=advance
                    )
        finally:
            published.close()
        try:
            self._print(*_told(done, self.kept))
        finally:
            done.work.close()
        if done.contradiction is not None:
            self.folder.keep_evidence(done.contradiction)
        if done.kept != self.kept:
            self.folder.keep(done.kept)
        self.kept = done.kept
        return done.alarm

    def _print(self, said: dict[str, Any], lines: list[str]) -> None:
        text = orjson.dumps(said).decode() if self.json else "\n".join(lines)
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def _told(done: Look, before: Kept) -> tuple[dict[str, Any], list[str]]:
    """Say what a look found, for programs and for people."""
    head = before.checkpoint()
    then = None if head is None else head.size
    sagas, findings = done.work.sagas, plain_findings(done.work.findings)
    said = {
        "format": "expunge-watch/v1",
        "alarm": done.alarm,
        "leaves": {"kept": then, "public": done.size},
        "spans": [[span.begin, span.end] for span in done.work.spans],
        "sagas": {"certified": sagas.certified, "open": len(sagas.open)},
        "findings": findings,
        "news": [note.what for note in done.news],
        "state": state_hash(done.work),
    }
    ends = ", ".join(str(span.end) for span in done.work.spans)
    verdict = "ALARM" if done.alarm else "nothing found"
    lines = [
        f"leaves {then or 0} -> {done.size or 'no head'}, topic to {ends}: {verdict}",
        *([] if not done.work.findings.total else findings_as_lines(findings)),
        *(f"news: {note.what}" for note in done.news),
    ]
    return said, lines
