"""The arithmetic of a report: what is compared, summarised, and called a failure."""

import orjson
import pytest

from bench.report import as_lines, table
from bench.rounds import Case, Result, Round, Turn, failed


def result(*pairs: tuple[float, float], floor: float | None = 0.5, wrong: str = "") -> Result:
    """One round for each pair of seconds, ours and the limit's, for 100 units."""
    case = Case("W0", "something", "units/s", "the bare thing", floor, 0.9, {"batch": 500})
    rounds = [Round(Turn(100, ours), Turn(100, limit)) for ours, limit in pairs]
    return Result(case, rounds, wrong)


def test_a_ratio_compares_the_two_sides_of_one_round() -> None:
    assert Round(Turn(100, 4.0), Turn(300, 3.0)).ratio == pytest.approx(0.25)


def test_the_result_is_the_median_of_ratios_and_not_the_ratio_of_medians() -> None:
    found = result((1.0, 0.1), (10.0, 5.0), (100.0, 90.0))

    assert found.ratio.median == pytest.approx(0.5)
    assert (found.ratio.low, found.ratio.high) == pytest.approx((0.1, 0.9))


@pytest.mark.parametrize(
    ("seconds", "band", "verdict"),
    [
        (2.0, 1.0, "ok"),
        (2.1, 1.0, "below floor"),
        (2.1, 0.75, "in band"),
        (2.7, 0.75, "below floor"),
    ],
)
def test_a_floor_is_met_or_missed_within_its_band(
    seconds: float, band: float, verdict: str
) -> None:
    found = result((seconds, 1.0))

    assert found.verdict(band) == verdict
    assert failed([found], band) is (verdict == "below floor")


def test_fast_and_wrong_fails() -> None:
    found = result((1.0, 1.0), wrong="certificates are 10: 9")

    assert found.verdict(1.0) == "FAIL"
    assert failed([result((1.0, 1.0)), found], 1.0)
    assert "WRONG: certificates are 10: 9" in table([found], 1.0)


def test_a_case_without_a_round_fails() -> None:
    assert result().verdict(1.0) == "FAIL"
    assert "FAIL" in table([result()], 1.0)


def test_a_case_without_a_floor_is_only_told() -> None:
    assert not failed([result((100.0, 1.0), floor=None)], 1.0)


def test_every_line_says_what_its_numbers_depend_on() -> None:
    (line,) = as_lines(
        [result((2.0, 1.0), (4.0, 1.0))], {"commit": "abc", "kafka": "4"}, 1.0
    ).splitlines()

    told = orjson.loads(line)

    assert told["ratio"] == {"median": 0.375, "low": 0.25, "high": 0.5}
    assert (told["commit"], told["kafka"], told["setting"]) == ("abc", "4", {"batch": 500})
    assert [each["limit"]["seconds"] for each in told["rounds"]] == [1.0, 1.0]
