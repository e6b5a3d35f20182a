"""Which rows of `held` a receipt does not account for."""

from datetime import UTC, datetime, timedelta

from contracts.fields import MAX_HELD, Held
from contracts.vocabulary import Ground
from shared.inventory.holds import Kept, as_told
from shared.saga.remaining import count_misheld
from shared.saga.search import Term

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LAW = Ground.LEGAL_OBLIGATION


def rows_of(ends: int) -> dict[Term, int]:
    """Keep a row until each of so many days."""
    return {(LAW.value, "ao-147-3", NOW + timedelta(days=1 + n)): 1 for n in range(ends)}


def told_of(found: dict[Term, int]) -> tuple[Held, ...]:
    """Say it as an honest receipt does."""
    return as_told(Kept(None, LAW, term[1], term[2], rows) for term, rows in found.items())  # type: ignore[arg-type]


def test_a_receipt_that_cannot_name_every_end_accounts_for_all_rows() -> None:
    most, more = rows_of(MAX_HELD), rows_of(MAX_HELD + 1)

    assert (len(told_of(most)), len(told_of(more))) == (MAX_HELD, 1)
    assert [count_misheld(told_of(one), one, NOW) for one in (most, more)] == [0, 0]
    assert count_misheld(told_of(most), more, NOW) > 0
    assert count_misheld(told_of(more), rows_of(MAX_HELD + 2), NOW) > 0


def test_what_is_about_to_end_may_be_there_or_not() -> None:
    found = {(LAW.value, "ao-147-3", NOW + timedelta(seconds=30)): 1}

    assert count_misheld(told_of(found), {}, NOW) == 0
    assert count_misheld((), found, NOW) == 0
    assert count_misheld(told_of(found), {}, NOW - timedelta(minutes=1)) == 1
