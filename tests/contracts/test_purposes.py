"""A purpose has one owner and exactly one legal basis; nothing is done for an unknown one."""

import pytest

from contracts.purposes import (
    PURPOSES,
    Basis,
    NotOneBasis,
    Purpose,
    UnknownPurpose,
    purpose_named,
    registered,
)


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
