"""What a rule, a parameter, a retention and a finding are."""

from dataclasses import dataclass
from datetime import timedelta

from contracts.vocabulary import Reason

YEAR = timedelta(days=365)
EVERYBODY = "all"  # owner of what every service must keep


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the policy's lines it comes from (none: a law's article), who must keep it.

    `owner` is a service's name, or EVERYBODY. `built` is false for what a later release brings:
    no test is asked for it yet.
    """

    id: str
    lines: tuple[int, ...]
    source: str
    owner: str
    holds: str
    built: bool = True


@dataclass(frozen=True, slots=True)
class Parameter:
    """A duration the policy leaves open, with the range an operator may choose from."""

    name: str
    default: timedelta
    least: timedelta
    most: timedelta
    rule: str

    def allows(self, value: timedelta) -> bool:
        """Say whether an operator may choose this value."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Limit:
    """A count the policy leaves open, with the range an operator may choose from."""

    name: str
    default: int
    least: int
    most: int
    rule: str

    def allows(self, value: int) -> bool:
        """Say whether an operator may choose this value."""
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Retention:
    """After `trigger` a service waits for parameter `wait` (None: not at all), then deletes.

    Deleting takes at most parameter `within`; the receipt gives `reason`. `kind` names the trigger
    within its service, as its deadlines do; a trigger of EVERYBODY stands for every slice.
    """

    service: str
    kind: str
    trigger: str
    wait: str | None
    within: str
    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the policy contradicts itself or leaves a gap, and what we made of it.

    `parameters` are what stands for the choice; `decides` is who may choose otherwise.
    """

    id: str
    lines: tuple[int, ...]
    finding: str
    chosen: str
    rules: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    decides: str = "controller"
