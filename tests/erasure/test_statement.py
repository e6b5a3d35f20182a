"""What the certifier writes is what the certificate's model would write, byte for byte."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from contracts.certificate import Statement, certify, read_certificate
from contracts.messages import Held
from contracts.proof import PublicKey
from contracts.vocabulary import CertificateOutcome, Ground, ProcessorState, Role
from services.erasure.facts import Extended, Fact, Place
from services.erasure.rules import reduce
from services.erasure.statement import NotComplete, Stated, issue, state
from shared.parameters import parameters
from tests.contracts.samples import signer
from tests.erasure.test_reducer import (
    NOW,
    SERVICES,
    complete,
    digest,
    read_back,
    receipt,
    requested,
)

REQUEST = UUID(int=7)
STATED = Stated({"name": "Example Company", "officer": "Dr. Müller"}, parameters())
ERASURE = signer("erasure")
KEY = PublicKey(ERASURE.key_id, "erasure", Role.SERVICE, ERASURE.public, NOW)


def retained() -> list[Fact]:
    held = Held(ground=Ground.LEGAL_OBLIGATION, reference="ao-147-1", until=NOW, rows=2)
    kept = replace(receipt("rights"), held=(held,), rows={})
    other = receipt("newsletter", attempt=2)
    return [
        requested(participants=("newsletter", "rights")),
        *(kept, read_back(kept), other, read_back(other)),
    ]


def extended() -> list[Fact]:
    late = receipt("events", offset=9)
    more = Extended(Place(0, 1, 0), digest("more"), "erasure", 3, frozenset({"events"}))
    return [*retained(), more, late, read_back(late)]


def certified(facts: Sequence[Fact]) -> bytes:
    saga = reduce(facts)
    assert saga.requested is not None
    at = NOW + timedelta(microseconds=1)
    return certify(state(REQUEST, saga, at, issue(at, STATED)), saga.requested.digest, ERASURE)


@pytest.mark.parametrize("facts", [complete(), retained(), extended()])
def test_the_bytes_are_those_that_the_model_writes(facts: list[Fact]) -> None:
    envelope = certified(facts)

    said, _ = read_certificate(envelope, {ERASURE.key_id: KEY}.get)

    written = orjson.dumps(said.model_dump(by_alias=True), option=orjson.OPT_UTC_Z)
    assert written == base64.b64decode(orjson.loads(envelope)["payload"])


def test_it_says_what_the_facts_say() -> None:
    payload = base64.b64decode(orjson.loads(certified(extended()))["payload"])
    said = Statement.model_validate_json(payload, by_name=False)
    events, newsletter, rights = said.predicate.participants

    assert said.predicate.request_id == REQUEST
    assert said.predicate.outcome is CertificateOutcome.COMPLETE_WITH_RETENTION
    assert (events.register_version, newsletter.register_version) == (3, 1)
    assert (newsletter.attempt, rights.held[0].rows) == (2, 2)
    assert rights.receipt == f"sha256:{receipt('rights').digest}"


@pytest.mark.rule("R-3P-03")
def test_it_names_each_recipient_that_a_receipt_names_once() -> None:
    told = [replace(receipt(name), recipients=("eloqua", "post")) for name in SERVICES]
    facts: list[Fact] = [requested(), *told, *map(read_back, told)]
    payload = base64.b64decode(orjson.loads(certified(facts))["payload"])
    said = Statement.model_validate_json(payload, by_name=False)

    assert [one.recipient for one in said.predicate.processors] == ["eloqua", "post"]
    assert {one.state for one in said.predicate.processors} == {ProcessorState.TOLD}


@pytest.mark.rule("R-POL-04")
def test_it_names_the_controller_and_the_officer_of_the_configuration() -> None:
    payload = base64.b64decode(orjson.loads(certified(complete()))["payload"])
    said = Statement.model_validate_json(payload, by_name=False)

    assert said.predicate.controller == STATED.controller


def test_a_saga_that_owes_something_is_not_stated() -> None:
    saga = reduce(complete()[:-1])

    with pytest.raises(NotComplete):
        state(REQUEST, saga, NOW, issue(NOW, STATED))
