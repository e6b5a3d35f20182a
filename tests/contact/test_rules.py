"""What the slice decides, at its edges."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.contact.mails import as_markdown
from services.contact.rules import Case, Letter, State, is_late, kept_until, waits
from shared.mail.markdown import to_html, to_text

NOW = datetime(2027, 3, 1, tzinfo=UTC)
WITHIN = timedelta(days=14)


def case(asked: datetime, answered: datetime | None = None, ended: datetime | None = None) -> Case:
    """Invent a case."""
    address = "ada@example.org"
    return Case(UUID(int=1), "CT-1", address, None, None, "en", "Send", asked, answered, ended)


def letter(written: datetime, *, sent: datetime | None = None, from_us: bool = False) -> Letter:
    """Invent a letter: the person's, or one of ours that left or did not."""
    return Letter(UUID(int=2), from_us or sent is not None, "", written, sent, None)


@pytest.mark.rule("R-CT-06")
def test_an_open_case_is_late_from_the_moment_on_and_no_other_ever_is() -> None:
    before, at = case(NOW - WITHIN + timedelta(seconds=1)), case(NOW - WITHIN)
    answered = case(NOW - 9 * WITHIN, NOW - 8 * WITHIN)
    ended = case(NOW - 9 * WITHIN, None, NOW)

    assert [is_late(one, NOW, WITHIN) for one in (before, at, answered, ended)] == [
        False, True, False, False,
    ]  # fmt: skip
    assert [one.state for one in (at, answered, ended)] == list(State)
    assert waits(answered, NOW) == timedelta(0)
    assert waits(at, NOW) == WITHIN


@pytest.mark.rule("R-CT-06")
def test_letters_are_kept_to_the_end_of_the_sixth_year_after_their_own() -> None:
    end = kept_until([letter(datetime(2027, 12, 31, 22, 59, tzinfo=UTC))])

    assert end == kept_until([letter(datetime(2026, 12, 31, 23, tzinfo=UTC))])  # 2027 in Berlin
    assert timedelta(0) <= end - datetime(2033, 12, 31, 22, 59, tzinfo=UTC) <= timedelta(minutes=1)


@pytest.mark.rule("R-CT-06")
def test_the_year_of_the_last_letter_that_was_exchanged_decides_and_not_that_of_closing() -> None:
    asked = letter(datetime(2026, 12, 30, tzinfo=UTC))
    answered = letter(NOW, sent=datetime(2027, 1, 2, tzinfo=UTC))
    never_left = letter(NOW, from_us=True)

    years = [kept_until(one).year for one in ([asked], [asked, never_left], [asked, answered])]

    assert years == [2032, 2032, 2033]


def test_an_answer_means_only_what_it_says() -> None:
    markdown = as_markdown("1. *one*\r\n    two\r\n\r\n![x](http://x.example/y)\n<script>")

    assert to_text(markdown) == "1. *one*\ntwo\n\n![x](http://x.example/y)\n<script>\n"
    assert "<script>" not in to_html(markdown)
    assert "<img" not in to_html(markdown)
