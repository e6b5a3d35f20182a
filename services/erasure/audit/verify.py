"""`expunge audit verify`: many bundles, one verdict each."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer

from contracts.trust import KeyRing
from services.erasure.audit.commands import (
    FOUND,
    USAGE,
    Bar,
    Json,
    TrustFile,
    opened_source,
    progress,
    read_trust,
    reading,
    run,
)
from services.erasure.audit.logged import look_at_log
from services.erasure.audit.published import Published
from services.erasure.audit.reading import replay
from services.erasure.audit.replay import Replay
from services.erasure.audit.report import findings_as_lines, plain_findings
from services.erasure.audit.verifying import Heads, Shown, Verdict, check, files_of
from shared.settings import Settings

PublishedLog = Annotated[
    str | None,
    typer.Option(help="With --from: the published log, its folder or its address: is each there?"),
]


def verify(
    bundles: Annotated[list[Path], typer.Argument(help="Bundles, or folders of them.")],
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="`kafka`, or a file written by `audit export`: is each on the topic, in its log?",
        ),
    ] = None,
    log: PublishedLog = None,
    trust: TrustFile = None,
    root: Annotated[
        str, typer.Option(help="The root key in hex, from a source you trust; instead of --trust.")
    ] = "",
    json: Json = False,
) -> None:
    """Check certificates as `expunge verify` does, one by one, folders in the order of names.

    Exit 0 if all hold, 1 if one does not or the topic has findings, 2 if a file is no bundle or an
    argument is wrong, 3 if the entries cannot be read. With --json a line for each file, then one
    for all.
    """
    if log is not None and source is None:
        message = "it is held against the topic that --from names"
        raise typer.BadParameter(message, param_hint="--log")
    settings = Settings.load()
    own = trust or settings.trust
    pinned = b"" if root or not own.is_file() else own.read_bytes()
    work = None if source is None else run(_replayed(settings, source, own))
    files = _listed(bundles)
    counts = Counter[bool | None]()
    with reading(), _published(work, own, log) as shown:
        for verdict in _verdicts(files, work, shown, trust=pinned, root=root):
            counts[verdict.valid] += 1
            line = orjson.dumps(verdict.plain()).decode() if json else verdict.line()
            sys.stdout.write(f"{line}\n")
    _summary(counts, work, json=json, pinned=bool(pinned or root))
    wrong = counts[False] or (work is not None and work.findings.total)
    raise typer.Exit(FOUND if wrong else USAGE if counts[None] else 0)


def _listed(bundles: Sequence[Path]) -> list[Path]:
    """List the files; a name that is none ends the command with 2."""
    try:
        return list(files_of(bundles))
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}: there is no bundle of that name, nor a folder with any.\n")
        raise typer.Exit(USAGE) from None


@contextmanager
def _published(work: Replay | None, trust: Path, where: str | None) -> Iterator[Shown | None]:
    """Open the published log and hold it against the topic, leaf by leaf. Raises Unreadable."""
    if where is None or work is None:
        yield None
        return
    with closing(Published(where)) as log:
        newest = look_at_log(work, read_trust(trust), [], log)
        yield None if newest is None else Shown(log, newest)


def _verdicts(
    files: Sequence[Path], work: Replay | None, shown: Shown | None, *, trust: bytes, root: str
) -> Iterator[Verdict]:
    """Check file by file; then the heads they came with, all at once."""
    heads = Heads()
    with Bar("verify", len(files), "bundles") as advance:
        for file in files:
            verdict = check(file, trust=trust, root=root, work=work, shown=shown)
            heads.add(verdict)
            yield verdict
            advance(1)
    if work is not None:
        yield from heads.against(work, shown)


async def _replayed(settings: Settings, source: str, trust: Path) -> Replay:
    keys = read_trust(trust)
    async with opened_source(settings, source) as entries:
        with progress("replay", entries) as advance:
            return await replay(entries, KeyRing(keys), advance, log=True)


def _summary(
    counts: Counter[bool | None], work: Replay | None, *, json: bool, pinned: bool
) -> None:
    """Say what all of it came to."""
    findings = None if work is None else plain_findings(work.findings)
    said = {
        "format": "expunge-verdicts/v1",
        "valid": counts[True],
        "invalid": counts[False],
        "unreadable": counts[None],
        "pinned": pinned,
        "findings": findings,
    }
    if json:
        sys.stdout.write(orjson.dumps(said).decode() + "\n")
        return
    own = "" if pinned else "; keys on the bundles' own word: give --trust or --root"
    lines = [f"{counts[True]} valid, {counts[False]} invalid, {counts[None]} unreadable{own}"]
    if findings is not None:
        lines += [f"topic: {line}" for line in findings_as_lines(findings)]
    sys.stdout.write("\n".join(lines) + "\n")
