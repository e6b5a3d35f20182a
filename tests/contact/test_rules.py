"""What the slice decides, at its edges."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.contact.mails import as_markdown
from services.contact.rules import Case, State, is_late, kept_until, waits
from shared.mail.markdown import to_html, to_text

NOW = datetime(2027, 3, 1, tzinfo=UTC)
WITHIN = timedelta(days=14)


def case(asked: datetime, answered: datetime | None = None, ended: datetime | None = None) -> Case:
    """Invent a case."""
    address = "ada@example.org"
    return Case(UUID(int=1), "CT-1", address, None, None, "en", "Send", asked, answered, ended)


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
    end = kept_until(date(2027, 1, 1))

    assert end == kept_until(date(2027, 12, 31))
    assert timedelta(0) <= end - datetime(2033, 12, 31, 22, 59, tzinfo=UTC) <= timedelta(minutes=1)


def test_an_answer_means_only_what_it_says() -> None:
    markdown = as_markdown("1. *one*\r\n    two\r\n\r\n![x](http://x.example/y)\n<script>")

    assert to_text(markdown) == "1. *one*\ntwo\n\n![x](http://x.example/y)\n<script>\n"
    assert "<script>" not in to_html(markdown)
    assert "<img" not in to_html(markdown)
