"""What the checking case compares: the same signatures, once with everything around them."""

import pytest

from bench import checking
from bench.rounds import GateFailed
from tests.contracts.samples import signer
from tests.contracts.story import ALL, SERVICES, Story, story, trusted

TRUST = trusted(*ALL)


def bundle_of(true: Story) -> bytes:
    return true.bundle().to_json()


def test_the_limit_checks_every_signature_that_one_verification_checks() -> None:
    noted = checking.signatures(bundle_of(story()), TRUST)
    lines = 1 + 2 * len(SERVICES)

    assert len(noted) >= len(("trust", "certificate")) + lines
    assert {signer(name).public for name in SERVICES} <= {key for key, _, _ in noted}


def test_both_sides_do_the_same_number_of_certificates() -> None:
    found = checking.rounds(bundle_of(story()), TRUST, 2)

    assert [(one.ours.units, one.limit.units) for one in found] == [(checking.CHECKS,) * 2] * 2
    assert all(one.ratio > 0 for one in found)


def test_what_does_not_hold_is_not_measured() -> None:
    with pytest.raises(GateFailed):
        checking.rounds(bundle_of(story()), trusted(*ALL[1:]), 1)
