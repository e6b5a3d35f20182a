"""Whatever is done to a log, or to the topic under it, an auditor finds."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from contracts.merkle import leaf_hash, root
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind as Leaf
from contracts.tlog.entries import of_certificate
from services.erasure.audit.findings import Kind
from services.erasure.log.judging import FromTopic, begins_with, compare

SIZE = 12
CERTIFIED = {5: b"a" * 32, 9: b"b" * 32}


def said(number: int) -> bytes:
    return Leaf.TRANSACTION.value + sha256(b"%d" % number).digest()


def topic(*, partitions: int = 1, without: int = -1) -> FromTopic:
    """Say ten transactions, each in two records, and two certificates."""
    found = FromTopic()
    for number in range(SIZE - len(CERTIFIED)):
        if number != without:
            for _ in range(2):
                found.transaction(number % partitions, said(number))
    for index, digest in CERTIFIED.items():
        assert found.certificate(index, digest)
    return found


LOG = topic().entries() or []


def test_the_topic_gives_the_whole_log() -> None:
    assert [LOG[5], LOG[9]] == [of_certificate(digest) for digest in CERTIFIED.values()]
    assert [entry for entry in LOG if entry[:1] == Leaf.TRANSACTION] == list(map(said, range(10)))
    assert list(compare(LOG, topic())) == []
    assert list(compare(LOG[:7], topic())) == [], "what is not in the log yet is no finding"


def test_of_several_partitions_only_the_log_has_the_order() -> None:
    mixed = [LOG[1], LOG[0], *LOG[2:]]

    assert topic(partitions=2).entries() is None
    assert list(compare(mixed, topic(partitions=2))) == []


def _flipped() -> list[bytes]:
    return [*LOG[:3], LOG[3][:-1] + bytes([LOG[3][-1] ^ 1]), *LOG[4:]]


TAMPERED: dict[str, tuple[Callable[[], list[bytes]], Kind]] = {
    "a leaf flipped": (_flipped, Kind.MISSING),
    "a certificate flipped": (
        lambda: [*LOG[:5], of_certificate(b"c" * 32), *LOG[6:]],
        Kind.FORGED,
    ),
    "a certificate nobody named": (lambda: [*LOG, of_certificate(b"c" * 32)], Kind.EXTRA),
    "a certificate left out": (lambda: [*LOG[:5], *LOG[6:]], Kind.FORGED),
    "two leaves exchanged": (lambda: [LOG[1], LOG[0], *LOG[2:]], Kind.REORDERED),
    "a leaf twice": (lambda: [*LOG[:11], LOG[11], LOG[11]], Kind.EXTRA),
    "a leaf left out": (lambda: [*LOG[:10], LOG[11]], Kind.MISSING),
}


@pytest.mark.parametrize(("bend", "kind"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_bent_log_is_found(bend: Callable[[], list[bytes]], kind: Kind) -> None:
    assert kind in {one for one, _ in compare(bend(), topic())}


def test_a_head_that_somebody_keeps_shows_a_second_history_and_a_shorter_one() -> None:
    kept = Checkpoint("log", 8, root(list(map(leaf_hash, LOG[:8]))))

    assert begins_with(kept, LOG)
    assert begins_with(kept, LOG[:8])
    assert not begins_with(kept, LOG[:7]), "truncated"
    assert not begins_with(kept, _flipped())
    assert not begins_with(kept, [LOG[1], LOG[0], *LOG[2:]])


def test_records_that_are_gone_from_the_topic_are_missed_below_a_certificate() -> None:
    short = FromTopic()
    for number in range(3):
        short.transaction(0, said(number))
    short.certificate(5, CERTIFIED[5])

    assert (topic().lacking, short.lacking) == (0, 2)
    assert short.entries() is None
    assert Kind.MISSING in {kind for kind, _ in compare(LOG, topic(without=2))}


def test_two_certificates_in_one_place_are_two() -> None:
    found = topic()

    assert not found.certificate(5, b"c" * 32)
    assert found.certificate(5, CERTIFIED[5])
