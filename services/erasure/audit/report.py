"""What a replay says: the same bytes on every machine, without a clock, a path or a host name."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from contracts.topics import ERASURE
from contracts.vocabulary import CertificateOutcome
from services.erasure.audit.findings import MAX_SHOWN, Finding, Findings, place_of
from services.erasure.audit.replay import Replay

LIMITS: Final = (
    "Keys tell who signed, not that the machine was honest.",
    "A tail that was cut off is seen only against an end that somebody noted outside.",
    "Whole sagas taken out, with offsets told anew, are seen only against their certificates.",
    "Mails in a mailbox, backups until their horizon and other companies' copies are out of scope.",
)


def state_hash(work: Replay) -> str:
    """Hash of the partitions' hashes in their order, in hex."""
    state = sha256(b"expunge-state/v1")
    for digest in work.sagas.closed.hashes(len(work.spans)):
        state.update(digest)
    return state.hexdigest()


def report(work: Replay, root: str, *, compared: int | None) -> dict[str, Any]:
    """Gather everything a replay says. `root` is the trusted root key in hex.

    `compared` counts certificates that were given; None: nobody gave any.
    """
    findings = work.findings
    return {
        "format": "expunge-replay/v1",
        "topic": ERASURE.name,
        "spans": [[span.begin, span.end] for span in work.spans],
        "rootKey": root,
        "messages": dict(sorted(work.messages.items())),
        "sagas": {
            "certified": work.sagas.certified,
            "complete": work.sagas.outcomes[CertificateOutcome.COMPLETE],
            "completeWithRetention": work.sagas.outcomes[
                CertificateOutcome.COMPLETE_WITH_RETENTION
            ],
            "ended": work.sagas.ended,
            "open": len(work.sagas.open),
        },
        "certificatesCompared": compared,
        "findings": plain_findings(findings),
        "notes": [
            {"what": note.what, "place": place_of(*note.where), **note.where._asdict()}
            for note in findings.notes
        ],
        "state": state_hash(work),
        "limits": list(LIMITS),
    }


def as_json(said: dict[str, Any]) -> str:
    """Write a report for programs: keys sorted, one spelling."""
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode()


def as_text(said: dict[str, Any]) -> str:
    """Write a report for people."""
    sagas, findings = said["sagas"], said["findings"]
    spans = ", ".join(f"{begin} to {end}" for begin, end in said["spans"])
    retained = sagas["completeWithRetention"]
    compared = said["certificatesCompared"]
    lines = [
        f"topic         {said['topic']}, offsets {spans} (end not included)",
        f"root key      {said['rootKey']}",
        *_table("messages", [f"{count:>8}  {name}" for name, count in said["messages"].items()]),
        f"sagas         {sagas['certified']} certified, {sagas['open']} open",
        f"outcomes      {sagas['complete']} complete, {retained} complete with retention",
        f"forgotten     {sagas['ended']} by their origin",
        f"certificates  {'none given' if compared is None else f'{compared} compared'}",
        *_table("findings", findings_as_lines(findings)),
        *_table("notes", [f"{note['place']}: {note['what']}" for note in said["notes"]]),
        f"state         sha256:{said['state']}",
        *_table("limits", said["limits"]),
    ]
    return "\n".join(lines)


def plain_findings(findings: Findings) -> dict[str, Any]:
    """Write findings as JSON has them."""
    return {
        "total": findings.total,
        "counts": {kind.value: count for kind, count in sorted(findings.counts.items())},
        "first": [_plain(finding) for finding in findings.first],
    }


def findings_as_lines(findings: Mapping[str, Any]) -> list[str]:
    """Write findings for people."""
    if not findings["total"]:
        return ["none"]
    counts = ", ".join(f"{count} {kind}" for kind, count in findings["counts"].items())
    shown = [
        f"{finding['kind']}: {finding['place']}: {finding['what']}"
        + (f" (request {finding['request']})" if finding["request"] else "")
        for finding in findings["first"]
    ]
    more = findings["total"] - len(shown)
    return [counts, *shown, *([f"and {more} more after the first {MAX_SHOWN}"] if more else [])]


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "what": finding.what,
        "place": finding.place,
        "partition": finding.partition,
        "offset": finding.offset,
        "line": finding.line,
        "request": finding.request_id,
    }


def _table(name: str, rows: list[str]) -> list[str]:
    return [f"{name if at == 0 else '':<14}{row}" for at, row in enumerate(rows or ["none"])]
