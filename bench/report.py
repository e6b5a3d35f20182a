"""What a run leaves: a table for people, lines of JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bench.rounds import Result, Spread

RESULTS = Path(__file__).parent / "results"


def table(results: Sequence[Result], band: float) -> str:
    """Write a Markdown table: one line a case."""
    head = ["case", "unit", "ours", "limit", "ratio", "range", "floor", "goal", ""]
    rows = [_row(result, band) for result in results]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    lines += ["", *(_sentence(result) for result in results)]
    return "\n".join(lines)


def _row(result: Result, band: float) -> list[str]:
    case, verdict = result.case, result.verdict(band)
    if not result.rounds:
        return [case.name, case.unit, "", "", "", "", _number(case.floor), "", verdict]
    ours, limit = result.rates()
    ratio = result.ratio
    return [
        case.name,
        case.unit,
        f"{ours.median:,.1f}" if ours.median < 100 else f"{ours.median:,.0f}",  # noqa: PLR2004
        f"{limit.median:,.1f}" if limit.median < 100 else f"{limit.median:,.0f}",  # noqa: PLR2004
        f"{ratio.median:.3f}",
        f"{ratio.low:.3f} to {ratio.high:.3f}, {len(result.rounds)} rounds",
        _number(case.floor),
        _number(case.goal),
        verdict,
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _sentence(result: Result) -> str:
    case = result.case
    said = ", ".join(f"{name} {value}" for name, value in case.setting.items())
    wrong = f" WRONG: {result.wrong}." if result.wrong else ""
    return f"{case.name}: {case.what}. Limit: {case.limit}. {said}.{wrong}"


def as_lines(results: Sequence[Result], facts: Mapping[str, Any], band: float) -> bytes:
    """Write one JSON object a case, each with the facts of the run."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return b"".join(
        orjson.dumps({"at": at, **facts, **_fields(result, band)}) + b"\n" for result in results
    )


def _fields(result: Result, band: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        **asdict(result.case),
        "rounds": [asdict(each) for each in result.rounds],
        "wrong": result.wrong,
        "verdict": result.verdict(band),
    }
    if result.rounds:
        ours, limit = result.rates()
        fields |= {"ratio": _spread(result.ratio), "ours": _spread(ours), "limits": _spread(limit)}
    return fields


def _spread(spread: Spread) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(spread).items()}


def keep(lines: bytes) -> Path:
    """Store the lines in a file of their own below `bench/results`; gives its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
    path.write_bytes(lines)
    return path
