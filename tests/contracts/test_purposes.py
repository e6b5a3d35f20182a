"""A purpose has one owner and exactly one legal basis; nothing is done for an unknown one."""

import pytest

from contracts.errors import BadMessage
from contracts.messages import ConsentGranted, encode, parse, uuid7
from contracts.purposes import (
    PURPOSES,
    Basis,
    NotOneBasis,
    Purpose,
    UnknownPurpose,
    purpose_named,
    registered,
)
from contracts.vocabulary import MessageType
from tests.contracts.samples import GRANTED, NOW, WITHDRAWN


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize("letters", ["", "af", "d", "A", "1", "a "])
def test_a_purpose_without_exactly_one_letter_is_refused(letters: str) -> None:
    with pytest.raises(NotOneBasis):
        Purpose("club.mail", "club", letters, "write to members")


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize(
    ("letter", "basis"),
    [
        ("a", Basis.CONSENT),
        ("b", Basis.CONTRACT),
        ("c", Basis.LEGAL_OBLIGATION),
        ("f", Basis.LEGITIMATE_INTEREST),
    ],
)
def test_a_letter_is_a_basis(letter: str, basis: Basis) -> None:
    assert Purpose("club.mail", "club", letter, "write to members").basis is basis


@pytest.mark.rule("R-POL-06")
def test_an_unknown_purpose_is_refused_and_an_ended_one_given_to_nothing() -> None:
    ended = next(purpose.id for purpose in PURPOSES.values() if purpose.ended)

    assert registered(ended) == ended
    for purpose_id in ("club.mail", "", "newsletter", ended):
        with pytest.raises(UnknownPurpose):
            purpose_named(purpose_id)
    with pytest.raises(UnknownPurpose):
        registered("club.mail")


def _line(purpose: str) -> bytes:
    """Write a grant as any service would, whose purpose we have never heard of."""
    line = encode(GRANTED, source="newsletter", id=uuid7(), time=NOW)
    return line.replace(GRANTED.purpose.encode(), purpose.encode())


@pytest.mark.rule("R-POL-06")
def test_a_consent_to_an_unregistered_purpose_is_neither_said_nor_believed() -> None:
    assert parse(_line("newsletter.send")).type is MessageType.CONSENT_GRANTED
    for line in (_line("newsletter.sell"), _line("newsletter.sell").replace(b":{", b": {")):
        with pytest.raises(BadMessage):
            parse(line)
    with pytest.raises(ValueError, match="purpose"):
        ConsentGranted.model_validate({**GRANTED.model_dump(), "purpose": "newsletter.sell"})


@pytest.mark.rule("R-POL-06")
def test_a_withdrawal_is_believed_whatever_it_was_for() -> None:
    line = encode(WITHDRAWN, source="newsletter", id=uuid7(), time=NOW)
    event = parse(line.replace(WITHDRAWN.purpose.encode(), b"newsletter.sell"))

    assert event.subject == WITHDRAWN.subject
