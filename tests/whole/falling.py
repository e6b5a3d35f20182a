"""Something long due for every trigger of the policy, in every slice, put there by hand."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from contracts.policy import EVERYBODY, RETENTIONS
from services import registry
from services.events.rules.ending import Trigger
from shared.slice import Service
from shared.slice.consents import WITHDRAWN_BEFORE
from tests.installation import Installation

LONG_AGO = datetime.now(UTC) - timedelta(days=120)
SERVICES = {one.name: one for one in registry.SERVICES if one.participant}
PUT = {(one.service, one.kind) for one in RETENTIONS if one.service in SERVICES}
HOLDING = {name for name, one in SERVICES.items() if one.inventory and one.inventory.holds}

_ANSWERED = {Trigger.SURVEY_COMPLETED, Trigger.MATERIAL_SENT, Trigger.MATERIAL_UNSENT}
_SUBJECT = "insert into subject (subject_id) values ($1)"
_DEADLINE = "insert into deadline values (gen_random_uuid(), $1, $2, $3)"
_GATHERING = """
    insert into gathering values ($1, 'event', 'Bonn', 10, 0, false, $2, $3, $4, $4, $3)
    """
_SLOT = "insert into gathering_slot values ($1, $2, $3)"
_SEAT = """
    insert into seat (subject_id, gathering_id, state, first_name, last_name, email, language, form,
                      blocks, by_email, by_post, submitted_at, confirmed_at, cancelled_at, told_at,
                      answered_at)
    values ($1, $2, $3, 'Ada', 'Marker', 'long.due@example.org', 'en', 'register', false, true,
            false, $4, $4, $5, $6, $7)
    """


async def let_all_fall(installation: Installation) -> set[tuple[str, str]]:
    """Put one thing that was due long ago for each trigger; gives them as (service, kind)."""
    for service in SERVICES.values():
        for kind in (*service.endings, *([WITHDRAWN_BEFORE] if service.stands_on else ())):
            await _relationship(installation, service.name, kind)
        if service.name in HOLDING:
            sql = "insert into held values (gen_random_uuid(), null, 'contract', 'law', $1, '{}')"
            await installation.ask(service.name, sql, LONG_AGO)
    if "events" in SERVICES:
        await _seats(installation, SERVICES["events"])
    if "website" in SERVICES:
        await _lines(installation)
    return (
        PUT
        | {(name, "hold-ended") for name in HOLDING}
        | {(name, WITHDRAWN_BEFORE) for name, one in SERVICES.items() if one.stands_on}
    )


async def _relationship(installation: Installation, service: str, kind: str) -> None:
    subject = uuid4()
    await installation.ask(service, _SUBJECT, subject)
    await installation.ask(service, _DEADLINE, subject, kind, LONG_AGO)


async def _seats(installation: Installation, events: Service) -> None:
    """Give each way in which a seat ends a seat whose facts say so."""
    concluded, cancelled = uuid4(), uuid4()
    for gathering, state in ((concluded, "concluded"), (cancelled, "cancelled")):
        begun = LONG_AGO - timedelta(hours=2)
        await installation.ask(events.name, _GATHERING, gathering, state, begun, LONG_AGO)
        await installation.ask(events.name, _SLOT, gathering, begun, LONG_AGO)
    for trigger in Trigger:
        subject = uuid4()
        await installation.ask(events.name, _SUBJECT, subject)
        await installation.ask(
            events.name,
            _SEAT,
            subject,
            cancelled if trigger is Trigger.CANCELLED_BY_ORGANISER else concluded,
            "pending" if trigger is Trigger.UNCONFIRMED else "booked",
            LONG_AGO,
            LONG_AGO if trigger is Trigger.CANCELLED_BY_PERSON else None,
            LONG_AGO if trigger is Trigger.CANCELLED_BY_ORGANISER else None,
            LONG_AGO if trigger in _ANSWERED else None,
        )
        await _survey(installation, trigger, subject, concluded)
        await installation.ask(events.name, _DEADLINE, subject, "end", LONG_AGO)


async def _survey(installation: Installation, trigger: Trigger, *ids: object) -> None:
    """Add what the person agreed to, where they were, and what they were to be sent."""
    if trigger is Trigger.SURVEY_CLOSED:
        for sql in (
            "insert into attendance values ($1, $2, 'attended', now())",
            """
            insert into consent
            select gen_random_uuid(), $1, 'event.survey', 'survey', 1, 'aa', 'en', 'register', now()
             where $2::uuid is not null
            """,
        ):
            await installation.ask("events", sql, *ids)
    if trigger in {Trigger.MATERIAL_SENT, Trigger.MATERIAL_UNSENT}:
        sent = LONG_AGO if trigger is Trigger.MATERIAL_SENT else None
        sql = "insert into sending values ($1, 'guide', 'email', $2)"
        await installation.ask("events", sql, ids[0], sent)


async def _lines(installation: Installation) -> None:
    """Write a technical line into a day that should be gone."""
    day, owner = LONG_AGO.date(), installation.settings.role("website", "owner")
    part, until = f"access_{day:%Y%m%d}", day + timedelta(days=1)
    span = f"from ('{day} 00:00Z') to ('{until} 00:00Z')"
    line = f"('{day} 12:00Z', 1, '192.0.2.0', '', '', '/', '', '', '', '', true, false)"
    for sql in (
        f"create table {part} partition of access for values {span}",
        f"insert into access values {line}",
        f"alter table {part} owner to {owner}",
    ):
        await installation.ask("website", sql)


assert {one.service for one in RETENTIONS} <= {*SERVICES, EVERYBODY}
