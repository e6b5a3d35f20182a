"""How the broker keeps each topic, who may speak, and where a subject's messages stand."""

from collections import Counter
from datetime import timedelta
from uuid import UUID
from zlib import crc32

import pytest

from contracts.messages import MESSAGES
from contracts.topics import (
    CLOSED,
    CONSENT,
    ERASURE,
    MAX_IDS,
    MAX_RECORD_BYTES,
    TOPICS,
    Permitted,
    may_sign,
    partition_of,
    signers,
)
from contracts.vocabulary import MessageType, Role
from tests.contracts.samples import GRANTED, SAMPLES, WITHDRAWN

HORIZON = timedelta(days=30)
DAY_MS = 86_400_000


def test_what_is_kept_how_long() -> None:
    erasure, closed, consent = (topic.config(HORIZON) for topic in (ERASURE, CLOSED, CONSENT))

    assert (erasure["cleanup.policy"], erasure["retention.ms"]) == ("delete", "-1")
    assert (closed["cleanup.policy"], closed["retention.ms"]) == ("delete", str(60 * DAY_MS))
    assert consent["cleanup.policy"] == "compact"
    assert consent["max.compaction.lag.ms"] == str(7 * DAY_MS)
    assert consent["delete.retention.ms"] == str(30 * DAY_MS)
    assert "retention.ms" not in consent


def test_no_topic_forgets_before_the_oldest_backup() -> None:
    for days in (0, 30, 365):
        horizon = timedelta(days=days)
        for topic in TOPICS.values():
            kept = int(topic.config(horizon).get("retention.ms", "-1"))
            assert kept == -1 or kept > horizon / timedelta(milliseconds=1)


def test_the_broker_takes_the_largest_record_and_stores_it_readable() -> None:
    for topic in TOPICS.values():
        config = topic.config(HORIZON)
        assert int(config["max.message.bytes"]) > MAX_RECORD_BYTES
        assert config["compression.type"] == "uncompressed"


def test_batches_and_keys() -> None:
    assert {name: (topic.max_batch, topic.keyed) for name, topic in TOPICS.items()} == {
        "erasure.v1": (500, False),
        "closed.v1": (500, False),
        "consent.v1": (1, True),
        "rights.v1": (500, False),
    }
    assert MAX_IDS * len('"00000000-0000-4000-8000-000000000000",') < MAX_RECORD_BYTES


def test_every_type_has_a_topic_and_signers() -> None:
    for kind, message in MESSAGES.items():
        assert message.topic in TOPICS.values()
        assert signers(kind)


def test_verdicts_roots_and_counts_have_one_speaker_each() -> None:
    assert signers(MessageType.SLICE_VERIFIED) == {Permitted(None, Role.VERIFIER)}
    assert signers(MessageType.KEY_PUBLISHED) == {Permitted("root", Role.ROOT)}
    assert signers(MessageType.ERASURE_CERTIFIED) == {Permitted("erasure", Role.SERVICE)}
    assert not may_sign(MessageType.SLICE_ERASED, "newsletter", Role.VERIFIER)
    assert not may_sign(MessageType.SLICE_VERIFIED, "newsletter", Role.SERVICE)


def test_both_messages_of_a_consent_are_in_one_partition_under_two_keys() -> None:
    assert GRANTED.subject == WITHDRAWN.subject
    assert GRANTED.key == f"{GRANTED.consent_id}/granted".encode()
    assert WITHDRAWN.key == f"{GRANTED.consent_id}/withdrawn".encode()
    assert partition_of(GRANTED.subject, 8) == partition_of(WITHDRAWN.subject, 8)


def test_only_consents_have_a_key() -> None:
    keyed = {message.type for message in SAMPLES if message.key is not None}

    assert keyed == {MessageType.CONSENT_GRANTED, MessageType.CONSENT_WITHDRAWN}


def test_partitions_are_crc32_and_even() -> None:
    ids = [str(UUID(int=number << 64)) for number in range(4000)]
    places = Counter(partition_of(name, 8) for name in ids)

    assert set(places) == set(range(8))
    assert max(places.values()) < 2 * min(places.values())
    assert partition_of("register", 4) == crc32(b"register") % 4


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_a_subject_is_an_id_or_the_register(message: object) -> None:
    subject = getattr(message, "subject", "")

    assert subject == "register" or str(UUID(subject)) == subject
