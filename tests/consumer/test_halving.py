"""Halving finds exactly the poison, keeps the order, and tries nothing it must not."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consumer.halving import Failed, FollowsFailed, halve


@dataclass(frozen=True)
class Item:
    place: int
    about: int
    poison: bool


class Poison(Exception):  # noqa: N818
    """An item is bad."""


class Away(Exception):  # noqa: N818
    """The database is away."""


def same_id(item: Item, failed: Item) -> bool:
    return item.about == failed.about


def expected(items: Sequence[Item]) -> tuple[list[Item], list[tuple[Item, type[BaseException]]]]:
    """Say it one by one: what works, and what fails with what."""
    worked: list[Item] = []
    failed: list[tuple[Item, type[BaseException]]] = []
    for item in items:
        if any(same_id(item, earlier) for earlier, _ in failed):
            failed.append((item, FollowsFailed))
        elif item.poison:
            failed.append((item, Poison))
        else:
            worked.append(item)
    return worked, failed


async def run(items: Sequence[Item]) -> tuple[list[Item], list[Failed[Item]], int]:
    worked: list[Item] = []
    tries = 0

    async def attempt(some: Sequence[Item]) -> None:
        nonlocal tries
        tries += 1
        if any(item.poison for item in some):
            raise Poison
        worked.extend(some)

    failed = await halve(
        items, attempt, follows=same_id, passes_by_itself=lambda error: isinstance(error, Away)
    )
    return worked, failed, tries


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
async def test_good_items_are_worked_and_bad_ones_and_their_followers_are_named(
    drawn: list[tuple[int, bool]],
) -> None:
    items = [Item(place, about, poison) for place, (about, poison) in enumerate(drawn)]

    worked, failed, _ = await run(items)

    assert (worked, [(entry.item, type(entry.error)) for entry in failed]) == expected(items)


async def test_one_bad_line_of_five_hundred_costs_few_tries() -> None:
    items = [Item(place, place, poison=place == 123) for place in range(500)]

    worked, failed, tries = await run(items)

    assert (len(worked), [entry.item.place for entry in failed]) == (499, [123])
    assert tries <= 2 * 10


async def test_an_error_that_passes_by_itself_condemns_nobody() -> None:
    async def attempt(some: Sequence[Item]) -> None:
        del some
        raise Away

    with pytest.raises(Away):
        await halve(
            [Item(0, 0, poison=False)],
            attempt,
            follows=same_id,
            passes_by_itself=lambda error: isinstance(error, Away),
        )
