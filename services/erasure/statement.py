"""From a saga's state to what its certificate says: no clock, no database, no choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from contracts.certificate import (
    Issuer,
    OutOfScope,
    Participant,
    Place,
    Predicate,
    SeenBy,
    Statement,
    statement,
)
from contracts.vocabulary import CertificateOutcome
from services.erasure.rules import Answer, Saga
from services.erasure.software import software
from shared.saga.decisions import POLICY_VERSION


class NotComplete(Exception):  # noqa: N818 - it says what the saga is
    """A certificate was asked for a saga that does not have every answer."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What an operator configured and every certificate repeats (R-POL-04)."""

    controller: Mapping[str, str]
    parameters: Mapping[str, timedelta]


def state(
    request_id: UUID,
    saga: Saga,
    completed_at: datetime,
    stated: Stated,
) -> Statement:
    """State what a complete saga amounts to. Raises NotComplete."""
    requested, outcome = saga.requested, saga.outcome
    if requested is None or outcome is None:
        raise NotComplete
    return statement(
        Predicate(
            request_id=request_id,
            person_commitment=requested.person_commitment,
            received_at=requested.received_at,
            identity_checked_at=requested.cutoff,
            cutoff=requested.cutoff,
            due_at=requested.due_at,
            completed_at=completed_at,
            outcome=outcome,
            participants=_participants(saga),
            **dict(_issuer(completed_at, stated)),
        ),
        requested.digest,
    )


def outcome_of(saga: Saga) -> CertificateOutcome:
    """Return the outcome of a complete saga. Raises NotComplete."""
    if saga.outcome is None:
        raise NotComplete
    return saga.outcome


def _participants(saga: Saga) -> tuple[Participant, ...]:
    joined = (
        {}
        if saga.requested is None
        else dict.fromkeys(saga.requested.participants, saga.requested.register_version)
    )
    for extension in saga.extensions:
        for name in extension.participants:
            joined.setdefault(name, extension.register_version)
    return tuple(
        _participant(name, joined[name], saga.answers[name]) for name in sorted(saga.participants)
    )


def _participant(name: str, register_version: int, answer: Answer) -> Participant:
    receipt, seen = answer
    if seen is None:
        raise NotComplete
    return Participant(
        service=name,
        register_version=register_version,
        outcome=receipt.outcome,
        attempt=receipt.attempt,
        rows=dict(receipt.rows),
        read_back=SeenBy(method=seen.method, remaining=0, by=seen.key_id),
        held=receipt.held,
        topic=Place(
            partition=receipt.place.partition,
            offset=receipt.place.offset,
            line=receipt.place.line,
        ),
        receipt=f"sha256:{receipt.digest}",
    )


def _issuer(completed_at: datetime, stated: Stated) -> Issuer:
    """Say what no receipt proves: limits with their ends, parameters, controller, software."""
    parameters = stated.parameters
    return Issuer(
        out_of_scope=(
            OutOfScope(what="base backups", gone_by=completed_at + parameters["BACKUP_HORIZON"]),
            OutOfScope(
                what="aliases until delivery of this certificate",
                gone_by=completed_at + parameters["CERT_MAIL_TTL"],
            ),
            OutOfScope(what="mails in the recipients' mailboxes", gone_by=None),
            OutOfScope(what="bytes of deleted rows in data files", gone_by=None),
        ),
        # Deleted rows leave bytes in data files until PostgreSQL writes over them: no date is
        # promised before something of ours sees to it.
        physical_erasure_by=None,
        controller=dict(stated.controller),
        policy_version=POLICY_VERSION,
        parameters={name: _iso(value) for name, value in parameters.items()},
        software=software(),
    )


def _iso(duration: timedelta) -> str:
    """Write a duration as ISO 8601, in days where it is whole days, else in seconds."""
    days, rest = divmod(duration, timedelta(days=1))
    return f"PT{duration // timedelta(seconds=1)}S" if rest or not days else f"P{days}D"
