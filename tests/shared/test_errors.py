"""A refusal has a sentence, a status, a code, and no room for a name."""

import pytest

from shared.errors import Refused, UnknownToken


def test_a_refusal_takes_no_argument() -> None:
    with pytest.raises(TypeError):
        UnknownToken("ada@example.org")  # type: ignore[call-arg]


def test_the_first_sentence_is_the_message() -> None:
    assert UnknownToken.sentence() == "This link was used already or is too old."


def test_a_problem_has_a_body() -> None:
    assert UnknownToken.problem_json() == {
        "type": "https://expunge.dev/problem/unknown-token",
        "title": "This link was used already or is too old.",
        "status": 404,
    }


def test_codes_are_told_apart() -> None:
    refusals = Refused.__subclasses__()

    assert len({refusal.problem for refusal in refusals}) == len(refusals)
    assert all(400 <= refusal.status < 600 for refusal in refusals)
