"""Whatever is done to a log, or to the topic under it, an auditor finds, and names the place."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from random import Random

import pytest

from contracts.merkle import leaf_hash, root
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind as Leaf
from contracts.tlog.entries import of_certificate
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.heading import OTHER, hold, hold_files
from services.erasure.audit.told_log import ToldLog

SIZE = 12
CERTIFIED = {5: b"a" * 32, 9: b"b" * 32}


def said(number: int) -> bytes:
    return Leaf.TRANSACTION.value + sha256(b"%d" % number).digest()


def tell(told: ToldLog, partition: int, offset: int, number: int) -> None:
    told.transaction(partition, offset, b"%d" % number, lambda: said(number))


@pytest.fixture
def topics() -> Iterator[Callable[..., ToldLog]]:
    """Make topics of ten transactions, each in two records, and two certificates."""
    made: list[ToldLog] = []

    def topic(*, partitions: int = 1, without: int = -1) -> ToldLog:
        told = ToldLog()
        made.append(told)
        for number in range(SIZE - len(CERTIFIED)):
            if number != without:
                for again in range(2):
                    tell(told, number % partitions, 2 * number + again, number)
        for index, digest in CERTIFIED.items():
            assert told.certificate(index, digest)
        return told

    yield topic
    for told in made:
        told.close()


Topics = Callable[..., ToldLog]


def whole() -> list[bytes]:
    numbers = iter(range(SIZE))
    return [
        of_certificate(CERTIFIED[index]) if index in CERTIFIED else said(next(numbers))
        for index in range(SIZE)
    ]


LOG = whole()


def head(leaves: Sequence[bytes]) -> Checkpoint:
    return Checkpoint("log", len(leaves), root(list(map(leaf_hash, leaves))))


def judged(told: ToldLog, leaves: Sequence[bytes]) -> list[Finding]:
    return list(hold_files(told, iter(leaves), []))


def test_the_topic_gives_the_whole_log(topics: Topics) -> None:
    assert [leaf.entry for leaf in topics().leaves()] == LOG
    assert judged(topics(), LOG) == []
    assert judged(topics(), LOG[:7]) == [], "what is not in the log yet is no finding"


def test_each_leaf_has_its_place_on_the_topic(topics: Topics) -> None:
    places = [leaf.offset for leaf in topics().leaves()]

    assert places == [0, 2, 4, 6, 8, None, 10, 12, 14, None, 16, 18]


def test_of_several_partitions_only_the_log_has_the_order(topics: Topics) -> None:
    mixed = [LOG[1], LOG[0], *LOG[2:]]

    assert [one.what for one in hold(topics(partitions=2), [head(mixed)])] != []
    assert list(hold_files(topics(partitions=2), iter(mixed), [head(mixed)])) == []
    assert [one.kind for one in judged(topics(partitions=1), mixed)] == [Kind.REORDERED]


def _flipped() -> list[bytes]:
    return [*LOG[:3], LOG[3][:-1] + bytes([LOG[3][-1] ^ 1]), *LOG[4:]]


TAMPERED: dict[str, tuple[Callable[[], list[bytes]], Kind, int | None, str]] = {
    "a leaf flipped": (_flipped, Kind.MISSING, 6, "leaf 3 of the log is on no topic"),
    "a certificate flipped": (
        lambda: [*LOG[:5], of_certificate(b"c" * 32), *LOG[6:]],
        Kind.FORGED,
        None,
        "leaf 5 of the log is not the certificate",
    ),
    "a certificate nobody named": (
        lambda: [*LOG, of_certificate(b"c" * 32)],
        Kind.EXTRA,
        None,
        "leaf 12 of the log is a certificate",
    ),
    "a certificate left out": (
        lambda: [*LOG[:5], *LOG[6:]],
        Kind.FORGED,
        None,
        "leaf 5 of the log is not the certificate",
    ),
    "two leaves exchanged": (
        lambda: [LOG[1], LOG[0], *LOG[2:]],
        Kind.REORDERED,
        0,
        "leaf 0 of the log stands in another place",
    ),
    "a leaf twice": (
        lambda: [*LOG[:11], LOG[10], LOG[11]],
        Kind.REORDERED,
        18,
        "leaf 11 of the log stands in another place",
    ),
    "a leaf left out": (
        lambda: [*LOG[:10], LOG[11]],
        Kind.MISSING,
        16,
        "what should be leaf 10 was left out",
    ),
}


@pytest.mark.parametrize(("bend", "kind", "offset", "what"), TAMPERED.values(), ids=TAMPERED.keys())
def test_the_first_bad_leaf_of_a_bent_log_is_named(
    topics: Topics, bend: Callable[[], list[bytes]], kind: Kind, offset: int | None, what: str
) -> None:
    (found,) = judged(topics(), bend())

    assert (found.kind, found.offset) == (kind, offset)
    assert found.what.startswith(what)


def test_a_head_that_somebody_keeps_shows_a_second_history_and_a_shorter_one(
    topics: Topics,
) -> None:
    def against(*heads: Checkpoint) -> list[str]:
        return [one.what for one in hold(topics(), heads)]

    assert against(head(LOG[:8])) == []
    assert against(*(head(LOG[:size]) for size in range(SIZE + 1))) == []
    assert against(head(_flipped()[:8])) == [OTHER]
    assert against(head([LOG[1], LOG[0], *LOG[2:8]]), head(LOG)) == [OTHER]
    assert against(head([*LOG, LOG[0]])) == [
        "the checkpoint is over 13 leaves, the topic tells of 12"
    ]


def test_a_head_over_other_leaves_than_the_files_is_seen(topics: Topics) -> None:
    heads = [head(LOG[:4]), head(_flipped())]

    found = list(hold_files(topics(), iter(LOG), heads))

    assert [one.kind for one in found] == [Kind.FORGED]


def test_records_that_are_gone_from_the_topic_are_missed_below_a_certificate(
    topics: Topics,
) -> None:
    (missed,) = judged(topics(without=2), LOG)
    (short,) = hold(topics(without=2), [head(LOG)])

    assert (missed.kind, missed.offset) == (Kind.MISSING, 6)
    assert missed.what.startswith("leaf 2 of the log is on no topic")
    assert short.kind is Kind.MISSING


def test_two_certificates_in_one_place_are_two(topics: Topics) -> None:
    found = topics()

    assert not found.certificate(5, b"c" * 32)
    assert found.certificate(9, b"b" * 32)


def test_what_was_sent_again_long_after_stands_once(topics: Topics) -> None:
    told = topics()
    for number in range(5_000):
        tell(told, 0, 100 + number, 100 + number)
    tell(told, 0, 9_000, 3)
    tell(told, 0, 9_001, 9_001)
    leaves = [leaf.entry for leaf in told.leaves()]

    assert leaves.count(said(3)) == 1
    assert (leaves[3], leaves[-1]) == (said(3), said(9_001))
    assert (len(leaves), told.size) == (SIZE + 5_001, SIZE + 5_001)


def _shared_topic(seed: int) -> tuple[ToldLog, list[bytes], list[int]]:
    """Make a topic of three partitions, transactions in up to three of them, and a log of it."""
    chance = Random(seed)  # noqa: S311 - which order, not which secret
    told, places = ToldLog(), dict[int, list[int]]()
    numbers = list(range(200))
    for number in numbers:
        places[number] = chance.sample(range(3), chance.choice([1, 1, 2, 3]))
    for partition in range(3):
        mine = [number for number in numbers if partition in places[number]]
        for offset, number in enumerate(mine):
            tell(told, partition, offset, number)
    # Each is heard first in one of its partitions; of a batch, partitions go by their number.
    heard = {number: chance.choice(places[number]) for number in numbers}
    log: list[int] = []
    for start in range(0, len(numbers), 20):
        some = numbers[start : start + 20]
        log += sorted(some, key=lambda number: (heard[number], number))
    return told, list(map(said, log)), log


@pytest.mark.parametrize("seed", range(20))
def test_partitions_mix_as_they_were_heard_and_no_leaf_can_be_left_out(seed: int) -> None:
    told, log, _ = _shared_topic(seed)
    short = Random(seed).randrange(150)  # noqa: S311

    sound, lacking = judged(told, log), judged(told, [*log[:short], *log[short + 1 :]])

    told.close()
    assert sound == []
    assert [one.kind for one in lacking] == [Kind.MISSING]
