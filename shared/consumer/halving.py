"""Finding the lines that fail among many that do not, in order.

A batch that fails is tried in halves until what fails is alone: k bad lines of n cost about
k log2(n) tries, and none is tried after a line it follows has failed.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed(Generic[T]):
    """One item that could not be worked: because it failed, or because it follows one that did."""

    item: T
    error: BaseException


class FollowsFailed(Exception):  # noqa: N818 - a state, as it is shown to a person
    """An earlier line of the same id is set aside, so this one waits behind it."""


async def halve(
    items: Sequence[T],
    attempt: Callable[[Sequence[T]], Awaitable[None]],
    *,
    follows: Callable[[T, T], bool],
    passes_by_itself: Callable[[BaseException], bool],
) -> list[Failed[T]]:
    """Work the items in order and return those that could not be, in order.

    `attempt` does all or nothing with the items it is given (a savepoint). `follows(item, failed)`
    says that `item` must not be worked once the earlier `failed` was not. An error that
    `passes_by_itself` is raised: it says nothing about the items.
    """
    if not items:
        return []
    try:
        await attempt(items)
    except Exception as error:
        if passes_by_itself(error):
            raise
        if len(items) == 1:
            return [Failed(items[0], error)]
    else:
        return []
    middle = len(items) // 2
    failed = await halve(
        items[:middle], attempt, follows=follows, passes_by_itself=passes_by_itself
    )
    held = {
        index
        for index, item in enumerate(items[middle:], middle)
        if any(follows(item, earlier.item) for earlier in failed)
    }
    rest = [item for index, item in enumerate(items[middle:], middle) if index not in held]
    later = await halve(rest, attempt, follows=follows, passes_by_itself=passes_by_itself)
    later += [Failed(items[index], FollowsFailed()) for index in sorted(held)]
    place = {id(item): index for index, item in enumerate(items)}
    return failed + sorted(later, key=lambda entry: place[id(entry.item)])
