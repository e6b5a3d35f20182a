"""What the auditor passes to the reducer is what the service does."""

from datetime import UTC, datetime

from contracts.events import Event
from contracts.fields import Message
from services.erasure.facts import FACTS, Place, fact_of
from tests.contracts.samples import SAMPLES


def _said(message: Message) -> Event:
    return Event("0", "rights", message.type, datetime.now(UTC), message.subject, message)


def test_no_type_that_is_a_fact_is_passed_over() -> None:
    facts = {
        message.type
        for message in SAMPLES
        if fact_of(_said(message), Place(0, 0, 0), "0" * 64, "0" * 32) is not None
    }

    assert facts == FACTS
