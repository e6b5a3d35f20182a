"""The views for programs: JSON, and Prometheus' text format."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.erasure.views.compare import Compared
from services.erasure.views.tables import Tables

PREFIX = "expunge_views"


def report(
    tables: Tables,
    now: datetime,
    *,
    ignored: Mapping[str, int],
    caught_up: bool,
    compared: Compared | None,
) -> dict[str, Any]:
    """Say everything: live consents, days, sagas, what is owed, drift (None: not compared yet)."""
    return {
        "caught_up": caught_up,
        "live_consents": dict(sorted(tables.live().items())),
        "consents_by_day": tables.by_day(),
        "sagas": dict(sorted(tables.states().items())),
        "overdue": tables.overdue(now),
        "answers_missing": dict(sorted(tables.missing().items())),
        "ignored_records": dict(sorted(ignored.items())),
        "drift": None if compared is None else [asdict(one) for one in compared.drift],
        "away": None if compared is None else list(compared.away),
    }


def metrics(said: Mapping[str, Any]) -> str:
    """Write the same as gauges."""
    drift = {one["purpose"]: abs(one["views"] - one["evidence"]) for one in said["drift"] or ()}
    lines = [
        *_gauge("live_consents", "purpose", said["live_consents"]),
        *_gauge("sagas", "state", said["sagas"]),
        *_gauge("answers_missing", "service", said["answers_missing"]),
        *_gauge("ignored_records", "topic", said["ignored_records"]),
        *_gauge("drift_by_purpose", "purpose", drift),
        f"{PREFIX}_drift {len(said['drift'] or ())}",
        f"{PREFIX}_overdue {said['overdue']}",
        f"{PREFIX}_caught_up {int(said['caught_up'])}",
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, label: str, values: Mapping[str, int]) -> list[str]:
    return [f'{PREFIX}_{name}{{{label}="{key}"}} {value}' for key, value in values.items()]
