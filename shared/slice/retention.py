"""What a slice should have deleted by now, and what it did: by trigger of the policy (R-POL-07)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.messages import SliceErased, SliceReerased, parse, split_lines
from contracts.policy import EVERYBODY, RETENTIONS, Retention
from contracts.vocabulary import Reason
from shared.database import Transaction
from shared.parameters import duration
from shared.saga.waiting import Why
from shared.web import transaction

DAY: Final = timedelta(hours=24)
METRICS: Final = "/metrics/{service}"
REQUESTED: Final = "requested"  # kinds of what every slice has, beside its deadlines
HOLD_ENDED: Final = "hold-ended"


@dataclass(frozen=True, slots=True)
class Fallen:
    """Something that is due since a time (UTC); `restricted`: it waits by Art. 18 GDPR."""

    kind: str
    due_at: datetime
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """Triggers that no deadline of the same name stands for: their kinds, and what is due now."""

    kinds: frozenset[str]
    look: Callable[[Transaction], Awaitable[Sequence[Fallen]]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one trigger stands: things due, due for longer than the policy allows, kept back.

    `since`: the oldest that is due (UTC).
    """

    trigger: Retention
    due: int
    overdue: int
    restricted: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Done:
    """What receipts of one reason say for a day: how many, and of how many relationships, rows."""

    receipts: int = 0
    relationships: int = 0
    rows: int = 0


def triggers_of(service: str) -> tuple[Retention, ...]:
    """Give the policy's triggers of a slice, with those that every slice has."""
    return tuple(one for one in RETENTIONS if one.service in {service, EVERYBODY})


async def standings(tx: Transaction, beside: Beside | None) -> list[Standing]:
    """Say for each trigger of the policy what is due and what is overdue now."""
    triggers = triggers_of(tx.service)
    within = {one.kind: duration(one.within) for one in triggers}
    rows = [*await _deadlines(tx, within), *await _requests(tx, within), *await _holds(tx, within)]
    found = {row["kind"]: Standing(_named(triggers, row["kind"]), *row[1:]) for row in rows}
    for kind, fallen in _by_kind(await beside.look(tx) if beside else ()).items():
        found[kind] = _counted(_named(triggers, kind), fallen, tx.now - within[kind])
    return [found.get(one.kind, Standing(one, 0, 0, 0, None)) for one in triggers]


def _named(triggers: Sequence[Retention], kind: str) -> Retention:
    return next(one for one in triggers if one.kind == kind)


async def _deadlines(tx: Transaction, within: dict[str, timedelta]) -> Sequence[Any]:
    return await tx.fetch(
        """
        select d.kind,
               count(*) filter (where s.restricted_at is null) as due,
               count(*) filter (where s.restricted_at is null and d.due_at + w.within < $3),
               count(s.restricted_at),
               min(d.due_at) filter (where s.restricted_at is null)
          from unnest($1::text[], $2::interval[]) as w (kind, within)
          join deadline d on d.kind = w.kind
          left join subject s using (subject_id)
         where d.due_at <= $3
         group by d.kind
        """,
        list(within),
        list(within.values()),
        tx.now,
    )


async def _requests(tx: Transaction, within: dict[str, timedelta]) -> Sequence[Any]:
    """Count requests that are not carried out here yet; who was not named owes nothing."""
    return await tx.fetch(
        """
        select $1::text as kind, count(*), count(*) filter (where cutoff + $2 < $3), 0, min(cutoff)
          from waiting
         where reason <> $4
        """,
        REQUESTED,
        within[REQUESTED],
        tx.now,
        Why.NOT_NAMED.value,
    )


async def _holds(tx: Transaction, within: dict[str, timedelta]) -> Sequence[Any]:
    return await tx.fetch(
        """
        select $1::text as kind, count(*), count(*) filter (where until + $2 < $3), 0, min(until)
          from held
         where until <= $3
        """,
        HOLD_ENDED,
        within[HOLD_ENDED],
        tx.now,
    )


def _by_kind(fallen: Sequence[Fallen]) -> dict[str, list[Fallen]]:
    found: dict[str, list[Fallen]] = {}
    for one in fallen:
        found.setdefault(one.kind, []).append(one)
    return found


def _counted(trigger: Retention, fallen: Sequence[Fallen], late: datetime) -> Standing:
    due = [one.due_at for one in fallen if not one.restricted]
    overdue = sum(at < late for at in due)
    return Standing(trigger, len(due), overdue, len(fallen) - len(due), min(due, default=None))


async def endless(tx: Transaction) -> int:
    """Count relationships that stand on no consent and have no ending: nothing would delete them.

    Reads every relationship: for a command, not for a gauge.
    """
    count: int = await tx.fetchval(
        """
        select count(*)
          from subject s
         where not exists (select from consent c where c.subject_id = s.subject_id)
           and not exists (select from deadline d where d.subject_id = s.subject_id)
        """
    )
    return count


async def done_since(tx: Transaction, since: datetime) -> dict[Reason, Done]:
    """Add up, by reason, what the receipts of a slice say that were written since a time (UTC)."""
    records = await tx.fetch(
        """
        select value from receipt_record
         where record_id in (select record_id from receipt where erased_at > $1)
        """,
        since,
    )
    receipts, subjects, rows = Counter[Reason](), Counter[Reason](), Counter[Reason]()
    for record in records:
        for line in split_lines(record["value"]):
            said = parse(line).message
            if isinstance(said, SliceErased | SliceReerased) and said.erased_at > since:
                receipts[said.reason] += 1
                subjects[said.reason] += said.closed_count
                rows[said.reason] += sum(said.rows.values())
    return {one: Done(receipts[one], subjects[one], rows[one]) for one in Reason if receipts[one]}


async def held_now(tx: Transaction) -> list[dict[str, Any]]:
    """Say what is kept by law, by ground and reference, and when the first and last of it ends."""
    rows = await tx.fetch(
        """
        select ground, reference, count(*) as rows, min(until) as first_end, max(until) as last_end
          from held
         group by ground, reference
         order by ground, reference
        """
    )
    return [dict(row) for row in rows]


def metrics_router(service: str, beside: Beside | None) -> APIRouter:
    """Make the internal route that gives a slice's gauges to whoever watches the installation."""
    router = APIRouter()

    @router.get(METRICS.replace("{service}", service))
    async def metrics(request: Request) -> Response:
        async with transaction(request, service) as tx:
            found = await standings(tx, beside)
        return Response("".join(gauges(service, found)), media_type="text/plain; version=0.0.4")

    return router


def gauges(service: str, found: Sequence[Standing]) -> list[str]:
    """Write due and overdue deletions by trigger as Prometheus reads them, a line each."""
    lines = []
    for name in ("due", "overdue"):
        lines.append(f"# TYPE expunge_{name}_deletions gauge\n")
        for one in found:
            labels = f'service="{service}",trigger="{one.trigger.kind}"'
            lines.append(f"expunge_{name}_deletions{{{labels}}} {getattr(one, name)}\n")
    return lines
