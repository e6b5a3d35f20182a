"""What the policy says about deletion and what the services declare are the same list."""

import pytest

from contracts.policy import RETENTIONS
from services import registry
from shared.slice import Service

SLICES = [one for one in registry.SERVICES if one.participant]


@pytest.mark.parametrize("service", SLICES, ids=lambda one: one.name)
def test_an_ending_stands_among_the_policys_triggers_and_each_trigger_has_its_clock(
    service: Service,
) -> None:
    stated = {one.kind: one.reason for one in RETENTIONS if one.service == service.name}
    beside = service.beside.kinds if service.beside else frozenset()

    assert dict(service.endings) == {kind: stated[kind] for kind in stated.keys() - beside}
    assert beside <= stated.keys()


def test_a_trigger_stands_once() -> None:
    assert len({(one.service, one.kind) for one in RETENTIONS}) == len(RETENTIONS)
