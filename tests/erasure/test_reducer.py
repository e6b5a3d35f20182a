"""The reducer: order and copies change nothing, and nothing short of every answer certifies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import Held
from contracts.vocabulary import CertificateOutcome, Ground, Identity, Outcome
from contracts.vocabulary import ReadBack as Method
from services.erasure.facts import (
    Extended,
    Fact,
    Place,
    ReadBack,
    Receipt,
    Requested,
    Supplement,
    about_recipient,
)
from services.erasure.rules import Missing, addition, frozen, reduce

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SERVICES = ("events", "newsletter", "rights")
SERVICE = st.sampled_from(SERVICES)
RECIPIENTS = ("eloqua", "hotjar", "post")


def digest(*words: object) -> str:
    return sha256(repr(words).encode()).hexdigest()


def requested(*, participants: tuple[str, ...] = SERVICES, offset: int = 0) -> Requested:
    return Requested(
        Place(0, offset, 0),
        digest("requested"),
        "rights",
        origin="rights",
        scope=None,
        participants=frozenset(participants),
        register_version=1,
        cutoff=NOW,
        received_at=NOW,
        due_at=NOW,
        identity=Identity.MAILED_LINK,
        person_commitment="00" * 32,
    )


def receipt(service: str, attempt: int = 0, offset: int = 1, words: str = "") -> Receipt:
    return Receipt(
        Place(0, offset, 0),
        digest("receipt", service, attempt, words),
        service,
        attempt=attempt,
        receipt_id=UUID(int=1),
        outcome=Outcome.DELETED,
        rows={"subscriber": 1},
        held=(),
        covered_until=NOW,
        erased_at=NOW,
    )


def read_back(
    seen: Receipt, remaining: int = 0, offset: int = 2, by: str | None = None
) -> ReadBack:
    return ReadBack(
        Place(0, offset, 0),
        digest("read-back", seen.digest, remaining, by),
        by or seen.by,
        service=seen.by,
        attempt=seen.attempt,
        receipt_sha256=seen.digest,
        remaining=remaining,
        method=Method.IDS_AND_ADDRESSES,
        key_id="ab" * 16,
        verified_at=NOW,
    )


def supplement(by: str, about: str, offset: int = 3, words: str = "") -> Supplement:
    return Supplement(Place(0, offset, 0), digest("said", by, about, words), by, about)


def complete() -> list[Fact]:
    facts: list[Fact] = [requested()]
    for service in SERVICES:
        said = receipt(service)
        facts += [said, read_back(said)]
    return facts


def some_facts() -> st.SearchStrategy[list[Fact]]:
    """Any messages that lawful and unlawful services could have sent about one request."""
    place = st.builds(Place, st.just(0), st.integers(0, 30), st.integers(0, 3))
    receipts = st.builds(
        receipt, st.sampled_from(SERVICES), st.integers(0, 2), words=st.sampled_from(("", "b"))
    )
    read_backs = st.builds(
        read_back, receipts, st.integers(0, 1), by=st.sampled_from((None, "events"))
    )
    extended = st.builds(
        lambda version, name: Extended(
            Place(0, 0, 0), digest(version, name), "erasure", version, frozenset({name})
        ),
        st.integers(2, 3),
        st.sampled_from(SERVICES),
    )
    asked = st.sampled_from((("events",), SERVICES)).map(
        lambda names: requested(participants=names)
    )
    told = st.sampled_from(((), ("post",), ("eloqua", "post")))
    receipts = st.one_of(
        receipts,
        st.builds(lambda name, to: replace(receipt(name), recipients=to), SERVICE, told),
    )
    said = st.builds(
        supplement, SERVICE, st.sampled_from(RECIPIENTS).map(about_recipient), words=st.text("ab")
    )
    one = st.one_of(asked, receipts, read_backs, extended, said)
    placed = st.builds(lambda fact, at: replace(fact, place=at), one, place)
    # One place holds one line: two facts in the same place are the same fact.
    return st.lists(placed, max_size=14, unique_by=lambda fact: fact.place)


@given(facts=some_facts(), data=st.data())
def test_neither_order_nor_copies_change_a_saga(facts: list[Fact], data: st.DataObject) -> None:
    copies = data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else []
    later = [replace(fact, place=Place(0, 100 + at, 0)) for at, fact in enumerate(copies)]
    shuffled = data.draw(st.permutations(facts + copies + later))

    first, second = reduce(facts), reduce(shuffled)

    assert (first, first.digest()) == (second, second.digest())


@given(facts=some_facts())
def test_a_certificate_needs_a_read_back_of_every_latest_receipt(facts: list[Fact]) -> None:
    saga = reduce(facts)

    if saga.outcome is not None:
        for service in saga.participants:
            latest = max(
                (f for f in facts if isinstance(f, Receipt) and f.by == service),
                key=lambda fact: (fact.attempt, [-part for part in fact.place]),
            )
            assert any(
                isinstance(fact, ReadBack)
                and (fact.by, fact.service) == (service, service)
                and (fact.receipt_sha256, fact.attempt) == (latest.digest, latest.attempt)
                and fact.remaining == 0
                for fact in facts
            )


def test_every_answer_makes_a_certificate_possible() -> None:
    assert reduce(complete()).outcome is CertificateOutcome.COMPLETE


@pytest.mark.parametrize("left_out", range(7))
def test_without_any_one_of_them_there_is_none(left_out: int) -> None:
    facts = complete()
    del facts[left_out]

    assert reduce(facts).outcome is None


def test_a_read_back_by_another_services_verifier_counts_for_nothing() -> None:
    said = receipt("newsletter")
    facts: list[Fact] = [
        requested(participants=("newsletter",)),
        said,
        read_back(said, by="events"),
    ]

    saga = reduce(facts)

    assert (saga.outcome, dict(saga.missing)) == (None, {"newsletter": Missing.READ_BACK})


def test_something_left_keeps_the_saga_open_until_it_was_erased_again_and_looked_at() -> None:
    first, again = receipt("newsletter"), receipt("newsletter", attempt=1, offset=5)
    facts: list[Fact] = [requested(participants=("newsletter",)), first, read_back(first, 2)]
    seen = [reduce(facts).missing, reduce([*facts, again]).missing]
    facts += [again, read_back(again, offset=6)]

    assert seen == [{"newsletter": Missing.REMAINDER}, {"newsletter": Missing.READ_BACK}]
    assert reduce(facts).answers["newsletter"].receipt == again
    assert reduce(facts).outcome is CertificateOutcome.COMPLETE


@pytest.mark.parametrize("away", [timedelta(seconds=-6), timedelta(microseconds=1)])
def test_a_receipt_that_covers_another_time_is_not_enough(away: timedelta) -> None:
    said = replace(receipt("newsletter"), covered_until=NOW + away)
    facts: list[Fact] = [requested(participants=("newsletter",)), said, read_back(said)]

    assert reduce(facts).missing == {"newsletter": Missing.COVERAGE}


def test_a_second_receipt_of_the_same_attempt_never_replaces_the_first() -> None:
    first, second = receipt("newsletter"), receipt("newsletter", offset=9, words="other")
    facts: list[Fact] = [
        requested(participants=("newsletter",)),
        first,
        second,
        read_back(second, offset=10),
    ]

    saga = reduce(facts)

    assert saga.answers["newsletter"].receipt == first
    assert saga.outcome is None


def test_an_extension_is_waited_for_too() -> None:
    extension = Extended(Place(0, 1, 0), digest("extended"), "erasure", 2, frozenset({"contact"}))

    saga = reduce([*complete(), extension])

    assert dict(saga.missing) == {"contact": Missing.RECEIPT}


def test_what_is_held_stands_in_the_outcome() -> None:
    hold = Held(ground=Ground.LEGAL_CLAIMS, reference="bgb-195", until=NOW, rows=1)
    said = replace(receipt("newsletter"), outcome=Outcome.HELD, held=(hold,))
    facts: list[Fact] = [requested(participants=("newsletter",)), said, read_back(said)]

    assert reduce(facts).outcome is CertificateOutcome.COMPLETE_WITH_RETENTION


def test_a_request_that_asks_nobody_is_never_complete() -> None:
    assert reduce([requested(participants=())]).outcome is None


def test_a_persons_ticks_are_never_expanded() -> None:
    register = frozenset({"newsletter", "events", "contact"})
    known = frozenset({"newsletter"})

    assert addition(None, known, register) == {"events", "contact"}
    assert addition(frozenset({"newsletter"}), known, register) == frozenset()
    assert frozen(frozenset({"events", "gone"}), register) == {"events"}


def test_a_supplement_counts_once_and_only_where_a_receipt_of_the_same_slice_owed_it() -> None:
    owing = replace(receipt("events"), recipients=("post",))
    mine = supplement("events", about_recipient("post"))
    others = [
        supplement("events", about_recipient("hotjar"), offset=4),
        supplement("rights", about_recipient("post"), offset=5),
        supplement("events", about_recipient("post"), offset=6, words="again"),
    ]
    facts: list[Fact] = [requested(), owing, read_back(owing)]

    states = [reduce([*facts, *said]) for said in ((), (mine,), (mine, *others))]

    assert [saga.supplements for saga in states] == [(), (mine,), (mine,)]
    assert states[0].told == ("post",)
    assert states[1].digest() == states[2].digest() != states[0].digest()
