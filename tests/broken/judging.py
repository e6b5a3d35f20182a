"""Run the tests of one entry in a process of their own and judge how they failed."""

import json
import os
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.broken.entries import Entry

# What `assert`, `pytest.raises` and `pytest.fail` raise: the test said no, nothing else broke.
SAID_NO: Final = ("AssertionError", "Failed")
# Libraries that are plugins too are in memory already: their own asserts explain nothing.
LOADED: Final = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
OPTIONS: Final = ("-q", "-p", "no:cacheprovider", *LOADED)


class Seen:
    """A plugin that notes of each test, parameters apart, how it failed."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.failed: dict[str, list[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the classes of what was raised; outside the test itself with its place."""
        report = yield
        if report.failed and call.excinfo is not None:
            place = "" if call.when == "call" else f"{call.when}: "
            names = [place + name for name in _names(call.excinfo.value)]
            self.failed.setdefault(item.nodeid.partition("[")[0], []).extend(names)
        return report


def _names(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _names(one)
    elif type(error).__name__ == "Failed" and str(error).startswith("Timeout"):
        yield "Timeout"
    else:
        yield type(error).__name__


def run_tests(entry: Entry) -> str:
    """Run the entry's tests; return why they did not see the broken rule, or nothing."""
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        told = Path(folder) / "told.json"
        child = os.fork()
        if child == 0:
            _run_and_leave(entry.red, told)
        os.waitpid(child, 0)
        if not told.exists():
            return "the run itself died"
        ended, failed = json.loads(told.read_text("utf-8"))
    return judge(entry, pytest.ExitCode(ended), failed)


def _run_and_leave(tests: Sequence[str], told: Path) -> None:
    """Run pytest, write down what failed, and end this process without anything of its parent."""
    try:
        output = os.open(told.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        seen = Seen()
        ended = pytest.main([*OPTIONS, *tests], plugins=[seen])
        told.write_text(json.dumps([ended, seen.failed]), "utf-8")
    finally:
        os._exit(0)


def judge(entry: Entry, ended: pytest.ExitCode, failed: Mapping[str, Sequence[str]]) -> str:
    """Say why the tests did not see the broken rule, or nothing: each must have said no.

    `failed` has by test the classes of what was raised. A module that cannot be imported, or a
    fixture that fails, says nothing about the rule.
    """
    if ended not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        return f"the tests could not be run ({ended.name})"
    for test in entry.red:
        names = failed.get(test, ())
        if not names:
            return f"{test} did not fail"
        if odd := sorted(set(names) - {*SAID_NO, *entry.errors}):
            return f"{test} failed by {', '.join(odd)}"
    return ""
