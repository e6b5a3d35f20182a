"""A record is believed only from somebody permitted, in its place, for itself."""

import dataclasses
from datetime import timedelta

import pytest

from contracts.errors import BadInput, BadMessage, BadProof
from contracts.messages import Message
from contracts.proof import Record, Signer, check, seal
from contracts.reading import open_record, prove
from contracts.topics import may_sign, signers
from contracts.vocabulary import MessageType, Role
from tests.contracts.samples import (
    CERTIFIED,
    CLOSED,
    ERASED,
    FAILED,
    GRANTED,
    KEY,
    NOW,
    REGISTER,
    REMINDED,
    REQUESTED,
    SAMPLES,
    VERIFIED,
    WITHDRAWN,
    line_of,
    public,
    record_of,
    signer,
)

NEWSLETTER = signer()
SPEAKERS = {
    MessageType.ERASURE_REQUESTED: signer("rights"),
    MessageType.ALIASES_DESTROYED: signer("rights"),
    MessageType.SAGA_EXTENDED: signer("erasure"),
    MessageType.SAGA_REMINDED: signer("erasure"),
    MessageType.ERASURE_CERTIFIED: signer("erasure"),
    MessageType.REGISTER_PUBLISHED: signer("erasure"),
    MessageType.SLICE_VERIFIED: signer("newsletter", Role.VERIFIER),
    MessageType.SLICE_SCANNED: signer("newsletter", Role.VERIFIER),
    MessageType.KEY_PUBLISHED: signer("root", Role.ROOT),
    MessageType.KEY_RETIRED: signer("root", Role.ROOT),
    MessageType.KEY_REVOKED: signer("root", Role.ROOT),
}


def _speaker(message: Message) -> Signer:
    return SPEAKERS.get(message.type, NEWSLETTER)


def _open(record: Record, by: Signer, partitions: int = 1) -> tuple[Message, ...]:
    (proof,) = seal([record], by)
    opened = open_record(
        record.topic,
        record.partition,
        record.key,
        record.value,
        proof.headers(),
        offset=0,
        signer=public(by),
        partitions=partitions,
    )
    assert opened.record_id == check(record, proof, public(by))
    return tuple(event.message for event in opened.events)


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_a_record_of_its_permitted_signer_is_opened(message: Message) -> None:
    by = _speaker(message)
    record = record_of(message, source=by.service, partitions=4)

    assert _open(record, by, partitions=4) == (message,)


OTHERS = [
    signer("newsletter"),
    signer("rights"),
    signer("erasure"),
    signer("newsletter", Role.VERIFIER),
    signer("erasure", Role.VERIFIER),
    signer("root", Role.ROOT),
    signer("root", Role.SERVICE),
    signer("newsletter", Role.ROOT),
]


@pytest.mark.parametrize("by", OTHERS, ids=lambda by: f"{by.service}-{by.role}")
@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_nobody_else_may_say_it(message: Message, by: Signer) -> None:
    permitted = {(who.service or by.service, who.role) for who in signers(message.type)}
    allowed = (by.service, by.role) in permitted and message.speaks_for(by.service)
    record = record_of(message, source=by.service)

    assert may_sign(message.type, by.service, by.role) == ((by.service, by.role) in permitted)
    if allowed:
        assert _open(record, by) == (message,)
    else:
        with pytest.raises(BadProof):
            _open(record, by)


def test_a_verifier_speaks_for_one_service_and_is_no_service() -> None:
    for by in (signer("events", Role.VERIFIER), signer("newsletter", Role.SERVICE)):
        with pytest.raises(BadProof):
            _open(record_of(VERIFIED, source=by.service), by)


def test_a_service_name_other_than_the_signers_is_refused() -> None:
    with pytest.raises(BadProof):
        _open(record_of(ERASED, source="events"), NEWSLETTER)


def test_all_lines_must_be_of_the_records_type_key_place_and_sender() -> None:
    whole = record_of(ERASED, ERASED)
    lines = whole.lines
    wrong = [
        whole._replace(lines=(lines[0], line_of(FAILED, number=1))),
        whole._replace(lines=(lines[0], line_of(ERASED, "events", 1))),
        whole._replace(type="slice-failed"),
        whole._replace(topic="closed.v1"),
        record_of(GRANTED)._replace(key=WITHDRAWN.key),
        record_of(CLOSED)._replace(topic="erasure.v1"),
    ]

    for record in wrong:
        with pytest.raises(BadInput):
            _open(record, NEWSLETTER)


def test_a_message_in_another_partition_than_its_subjects_is_refused() -> None:
    right = record_of(ERASED, partitions=4)
    wrong = right._replace(partition=(right.partition + 1) % 4)

    assert _open(right, NEWSLETTER, partitions=4) == (ERASED,)
    with pytest.raises(BadProof):
        _open(wrong, NEWSLETTER, partitions=4)


def test_a_line_that_is_no_message_condemns_its_record() -> None:
    record = record_of(ERASED)._replace(lines=(line_of(ERASED), b"{}"))

    with pytest.raises(BadMessage):
        _open(record, NEWSLETTER)


def test_a_key_counts_only_while_it_is_valid() -> None:
    record = record_of(ERASED)
    (proof,) = seal([record], NEWSLETTER)
    key, later, earlier = public(NEWSLETTER), NOW + timedelta(days=1), NOW - timedelta(seconds=1)

    assert prove(record, proof, dataclasses.replace(key, not_after=later), 1)
    for invalid in (
        dataclasses.replace(key, not_before=later),
        dataclasses.replace(key, not_after=earlier),
    ):
        with pytest.raises(BadProof):
            prove(record, proof, invalid, 1)


def test_an_unknown_topic_is_refused() -> None:
    record = record_of(ERASED)
    (proof,) = seal([record], NEWSLETTER)

    with pytest.raises(BadProof):
        open_record(
            "rights.v9",
            0,
            None,
            record.value,
            proof.headers(),
            offset=0,
            signer=public(NEWSLETTER),
            partitions=1,
        )


def test_the_type_hint_is_bound_by_the_signature() -> None:
    record = record_of(ERASED)
    (proof,) = seal([record], NEWSLETTER)
    headers = proof._replace(type="slice-failed").headers()

    with pytest.raises(BadProof):
        open_record(
            "erasure.v1",
            0,
            None,
            record.value,
            headers,
            offset=0,
            signer=public(NEWSLETTER),
            partitions=1,
        )


def test_only_erasure_speaks_for_the_saga() -> None:
    for message in (CERTIFIED, REMINDED, REGISTER):
        with pytest.raises(BadProof):
            _open(record_of(message), NEWSLETTER)
    with pytest.raises(BadProof):
        _open(record_of(KEY), NEWSLETTER)
    with pytest.raises(BadProof):
        _open(record_of(REQUESTED), NEWSLETTER)
