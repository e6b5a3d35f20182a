"""What a request's state is, and what a person is shown of it: no I/O, the clock is an argument."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from contracts.vocabulary import Outcome, RequestState
from shared.deadlines.calendar import Period, answer_period


class Place(StrEnum):
    """How far one slice is."""

    WAITING = "waiting"
    ANSWERED = "answered"
    VERIFIED = "verified"
    LEFT = "left-over"


@dataclass(frozen=True, slots=True)
class Answer:
    """A slice's latest receipt; `remaining` None until its verifier has looked."""

    outcome: Outcome
    answered_at: datetime
    remaining: int | None
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Request:
    """What its origin knows of a request: ids, times, and who answered. Times are UTC."""

    language: str
    participants: tuple[str, ...]
    received_at: datetime
    checked_at: datetime
    due_at: datetime
    certified_at: datetime | None
    destroyed_at: datetime | None
    overdue_at: datetime | None
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of progress: a slice, how far it is, and since when."""

    service: str
    place: Place
    outcome: Outcome | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the status page shows."""

    state: RequestState
    overdue: bool
    steps: tuple[Step, ...]
    period: Period


def place_of(answer: Answer | None) -> Place:
    """Say how far a slice is by its latest answer."""
    if answer is None:
        return Place.WAITING
    if answer.remaining is None:
        return Place.ANSWERED
    return Place.LEFT if answer.remaining else Place.VERIFIED


def state_of(request: Request) -> RequestState:
    """Say where a request is, in the words of the vocabulary."""
    places = [place_of(request.answers.get(service)) for service in request.participants]
    if request.destroyed_at is not None:
        return RequestState.CLOSED
    if request.certified_at is not None:
        return RequestState.CERTIFIED
    if all(place is Place.VERIFIED for place in places):
        return RequestState.VERIFIED
    if any(place is not Place.WAITING for place in places):
        return RequestState.COLLECTING
    return RequestState.DISPATCHED


def status_of(request: Request, now: datetime) -> Status:
    """Make what a person sees; overdue is a mark beside the state (R-DL-01)."""
    late = request.certified_at is None and now > request.due_at
    return Status(
        state_of(request),
        overdue=late,
        steps=tuple(_step(name, request.answers.get(name)) for name in request.participants),
        period=answer_period(request.received_at),
    )


def _step(service: str, answer: Answer | None) -> Step:
    if answer is None:
        return Step(service, Place.WAITING, None, None)
    at = answer.verified_at or answer.answered_at
    return Step(service, place_of(answer), answer.outcome, at)


def unanswered(steps: Sequence[Step]) -> int:
    """Count the slices that still owe an answer or its read-back."""
    return sum(step.place is not Place.VERIFIED for step in steps)
