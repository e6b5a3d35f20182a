"""From a saga's state to what its certificate says: no clock, no database, no choice."""

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
from services.erasure.settings import ErasureSettings
from services.erasure.software import software
from shared.saga.decisions import POLICY_VERSION


class NotComplete(Exception):  # noqa: N818 - it says what the saga is
    """A certificate was asked for a saga that does not have every answer."""


def state(
    request_id: UUID,
    saga: Saga,
    completed_at: datetime,
    settings: ErasureSettings,
    controller: dict[str, str],
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
            **dict(_issuer(completed_at, settings, controller)),
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


def _issuer(
    completed_at: datetime, settings: ErasureSettings, controller: dict[str, str]
) -> Issuer:
    """Say what no receipt proves: limits with their ends, parameters, controller, software."""
    return Issuer(
        out_of_scope=(
            OutOfScope(what="base backups", gone_by=completed_at + settings.backup_horizon),
            OutOfScope(
                what="aliases until delivery of this certificate",
                gone_by=completed_at + settings.cert_mail_ttl,
            ),
            OutOfScope(what="mails in the recipients' mailboxes", gone_by=None),
        ),
        physical_erasure_by=completed_at + settings.scrub_interval,
        controller=controller,
        policy_version=POLICY_VERSION,
        parameters={
            "BACKUP_HORIZON": _hours(settings.backup_horizon),
            "CERT_MAIL_TTL": _hours(settings.cert_mail_ttl),
            "SCRUB_INTERVAL": _hours(settings.scrub_interval),
        },
        software=software(),
    )


def _hours(duration: timedelta) -> str:
    return f"PT{duration // timedelta(hours=1)}H"
