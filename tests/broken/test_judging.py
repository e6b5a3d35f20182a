"""A broken rule counts as seen if its tests said no, and for nothing else."""

import pytest

from tests.broken.entries import Entry
from tests.broken.judging import judge

TEST = "tests/shop/test_prices.py::test_a_price_is_paid"
ENTRY = Entry("R-X-01", "Nothing is paid.", "shop.py", "pay()", "", (TEST,), ("KeyError",))
RAN = pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("names", [["AssertionError"], ["Failed"], ["KeyError", "AssertionError"]])
def test_an_assertion_or_an_error_that_is_named_counts(names: list[str]) -> None:
    assert not judge(ENTRY, RAN, {TEST: names})


@pytest.mark.parametrize(
    ("ended", "failed", "why"),
    [
        (pytest.ExitCode.OK, {}, "did not fail"),
        (RAN, {"tests/shop/test_prices.py::test_another": ["AssertionError"]}, "did not fail"),
        (RAN, {TEST: ["AssertionError", "ImportError"]}, "failed by ImportError"),
        (RAN, {TEST: ["setup: AssertionError"]}, "failed by setup: AssertionError"),
        (RAN, {TEST: ["Timeout"]}, "failed by Timeout"),
        (pytest.ExitCode.INTERRUPTED, {}, "could not be run"),
    ],
)
def test_whatever_else_happens_does_not(
    ended: pytest.ExitCode, failed: dict[str, list[str]], why: str
) -> None:
    assert why in judge(ENTRY, ended, failed)


@pytest.mark.parametrize("text", ["", "pay() pay()"])
def test_a_change_that_does_not_apply_once_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not once"):
        ENTRY.applied(text)
