"""What the policy leaves open, as this installation sets it: `EXPUNGE_DOI_TTL` and the others."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, create_model

from contracts.policy import PARAMETERS
from contracts.policy.parameters import COUNTS
from shared.settings import FromEnvironment

_fields: dict[str, Any] = {
    name.lower(): (
        Annotated[timedelta, Field(ge=one.least, le=one.most)],
        one.default,
    )
    for name, one in PARAMETERS.items()
} | {
    one.name.lower(): (Annotated[int, Field(ge=one.least, le=one.most)], one.default)
    for one in COUNTS
}
_Chosen: type[FromEnvironment] = create_model("_Chosen", __base__=FromEnvironment, **_fields)


@lru_cache(maxsize=1)
def _chosen() -> FromEnvironment:
    return _Chosen.load()


def duration(name: str) -> timedelta:
    """Give a duration by its name in the policy, such as `DOI_TTL`.

    Raises SettingsError if any is outside of its range, KeyError for a name that is none.
    """
    value: timedelta = getattr(_chosen(), PARAMETERS[name].name.lower())
    return value


def count(name: str) -> int:
    """Give a count by its name in the policy, such as `MIN_CELL`. Raises as `duration`."""
    value: int = getattr(_chosen(), {one.name: one for one in COUNTS}[name].name.lower())
    return value


def parameters() -> Mapping[str, timedelta]:
    """Give every duration of all services, by name. Raises SettingsError."""
    return {name: duration(name) for name in sorted(PARAMETERS)}
