"""From a saga's state to what its certificate says: no clock, no database, no choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from contracts.certificate import Issuer, OutOfScope
from contracts.topics import ERASURE
from contracts.vocabulary import ProcessorState
from services.erasure.facts import Requested
from services.erasure.rules import Answer, Saga
from services.erasure.software import software
from shared.saga.decisions import POLICY_VERSION

CANARY_PASSED_ON: Final = "CANARY_PASSED_ON"
Written = Mapping[str, Any]  # a part of the certificate as it stands in JSON


class NotComplete(Exception):  # noqa: N818 - it says what the saga is
    """A certificate was asked for a saga that does not have every answer."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What an operator configured and every certificate repeats (R-POL-04)."""

    controller: Mapping[str, str]
    parameters: Mapping[str, timedelta]


def issue(
    completed_at: datetime,
    stated: Stated,
    *,
    scrubbed: bool = False,
    canary_on: date | None = None,
) -> Written:
    """State what no receipt proves, the same in every certificate of that moment.

    Limits with their ends, parameters, controller, software; checked, and written as in JSON.
    `scrubbed`: a scrub is kept up, so that the bytes of deleted rows have an end (R-ACC-08).
    `canary_on`: the day (UTC) on which the canary last found nothing of whom it had erased.
    """
    parameters = stated.parameters
    # Deleted rows leave bytes in data files until PostgreSQL writes over them: no date is
    # promised where nothing of ours sees to it.
    bytes_gone_by = completed_at + parameters["SCRUB_INTERVAL"] if scrubbed else None
    return Issuer(
        out_of_scope=(
            OutOfScope(what="base backups", gone_by=completed_at + parameters["BACKUP_HORIZON"]),
            OutOfScope(
                what="aliases until delivery of this certificate",
                gone_by=completed_at + parameters["CERT_MAIL_TTL"],
            ),
            # What they answer comes later, each answer as a signed line of its slice.
            OutOfScope(what="copies of recipients outside, who are told", gone_by=None),
            OutOfScope(what="mails in the recipients' mailboxes", gone_by=None),
            OutOfScope(what="bytes of deleted rows in data files", gone_by=bytes_gone_by),
        ),
        physical_erasure_by=bytes_gone_by,
        controller=dict(stated.controller),
        policy_version=POLICY_VERSION,
        parameters={name: _iso(value) for name, value in parameters.items()}
        | ({} if canary_on is None else {CANARY_PASSED_ON: canary_on.isoformat()}),
        software=software(),
    ).model_dump(by_alias=True)


def state(request_id: UUID, saga: Saga, completed_at: datetime, issued: Written) -> Written:
    """State what a complete saga amounts to, as `Predicate` is written. Raises NotComplete."""
    requested, outcome = saga.requested, saga.outcome
    if requested is None or outcome is None:
        raise NotComplete
    return {
        **issued,
        "requestId": request_id,
        "personCommitment": requested.person_commitment,
        "receivedAt": requested.received_at,
        "identityCheckedAt": requested.cutoff,
        "cutoff": requested.cutoff,
        "dueAt": requested.due_at,
        "completedAt": completed_at,
        "outcome": outcome,
        "participants": _participants(requested, saga),
        "processors": [
            {"recipient": name, "state": ProcessorState.TOLD, "reason": None} for name in saga.told
        ],
    }


def _participants(requested: Requested, saga: Saga) -> list[Written]:
    joined = dict.fromkeys(requested.participants, requested.register_version)
    for extension in saga.extensions:
        for name in extension.participants:
            joined.setdefault(name, extension.register_version)
    return [_participant(name, joined[name], saga.answers[name]) for name in sorted(joined)]


def _participant(name: str, register_version: int, answer: Answer) -> Written:
    receipt, seen = answer
    if seen is None:
        raise NotComplete
    partition, offset, line = receipt.place
    return {
        "service": name,
        "registerVersion": register_version,
        "outcome": receipt.outcome,
        "attempt": receipt.attempt,
        "rows": receipt.rows,
        "readBack": {"method": seen.method, "remaining": seen.remaining, "by": seen.key_id},
        "held": [held.model_dump() for held in receipt.held],
        "topic": {"name": ERASURE.name, "partition": partition, "offset": offset, "line": line},
        "receipt": f"sha256:{receipt.digest}",
    }


def _iso(duration: timedelta) -> str:
    """Write a duration as ISO 8601, in days where it is whole days, else in seconds."""
    days, rest = divmod(duration, timedelta(days=1))
    return f"PT{duration // timedelta(seconds=1)}S" if rest or not days else f"P{days}D"
