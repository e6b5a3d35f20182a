"""Log lines say what happened and where, and can name nobody."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import ValidationError

from contracts.messages import AliasesDestroyed
from shared.logs import UnknownField, log, set_up_logs

ADDRESS = "ada@example.org"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Log into memory, and give the lines."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    sink = io.StringIO()
    set_up_logs("work", sink=sink)
    yield lambda: [json.loads(line) for line in sink.getvalue().splitlines()]
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


Lines = Callable[[], list[dict[str, Any]]]


def test_a_line_is_one_object_with_known_fields(lines: Lines) -> None:
    log.warning("relay-backs-off", service="newsletter", count=3)

    (line,) = lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "event": "relay-backs-off",
        "level": "warning",
        "process": "work",
        "service": "newsletter",
        "count": 3,
    }


def test_other_fields_and_values_are_dropped(lines: Lines) -> None:
    log.info("sent", email=ADDRESS, service=ADDRESS, name="Ada Lovelace, Müller", kind={"a": 1})

    (line,) = lines()
    assert set(line) == {"at", "event", "level", "process"}


def test_an_event_is_fixed_words(lines: Lines) -> None:
    log.info(f"sent to {ADDRESS}")

    (line,) = lines()
    assert "event" not in line


def test_an_error_is_its_class_and_place(lines: Lines) -> None:
    def fail() -> None:
        raise ValueError(ADDRESS)

    try:
        fail()
    except ValueError as error:
        log.error("failed", error=error)
        log.exception("failed-too")

    first, second = lines()
    for line in (first, second):
        assert line["error"] == "ValueError"
        assert line["place"].startswith("tests/shared/test_logs.py:")
    assert ADDRESS not in json.dumps([first, second])


def test_the_place_of_an_error_is_ours_where_a_library_raised_it(lines: Lines) -> None:
    try:
        AliasesDestroyed()  # type: ignore[call-arg]
    except ValidationError as error:
        log.error("failed", error=error)

    (line,) = lines()
    assert line["error"] == "ValidationError"
    assert line["place"].startswith("tests/shared/test_logs.py:")


def test_tests_may_be_strict(lines: Lines) -> None:
    set_up_logs("work", sink=io.StringIO(), strict=True)

    with pytest.raises(UnknownField, match="email"):
        log.info("sent", email=ADDRESS)
    assert lines() == []


def test_other_libraries_keep_their_own_words_only(lines: Lines) -> None:
    foreign = logging.getLogger("aiokafka.conn")
    foreign.error("cannot reach %s", ADDRESS)
    foreign.error(f"cannot reach {ADDRESS}")
    try:
        int(ADDRESS)
    except ValueError:
        foreign.exception("lost")

    template, filled, raised = lines()
    assert (template["event"], template["logger"]) == ("cannot reach %s", "aiokafka.conn")
    assert "event" not in filled
    assert (raised["event"], raised["error"]) == ("lost", "ValueError")
    assert ADDRESS not in json.dumps([template, filled, raised])


def test_requests_are_not_logged_by_path(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").warning("GET /en/newsletter/confirmations/secret")

    assert lines() == []
