"""The demo says what it saw in 80 columns, and its exit code is 0 only if all of it held.

The story itself is told by `make demo`, which is a check of its own.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from contracts.messages import encode, parse, uuid7
from contracts.vocabulary import Ground, Outcome
from demo import __main__ as program
from demo.checks import Checks, DoesNotHold
from demo.story import Told
from demo.watch import Saga
from services import registry
from shared.settings import Settings
from shared.stack.instance import only_instance
from tests.ledger import receipt, requested

COLUMNS = 80
LONG = "events: anonymised " + json.dumps(dict.fromkeys(("seat", "sending", "answer"), 1)) * 4


def narrow() -> tuple[Console, io.StringIO]:
    """Give a console as a pipe sees it."""
    text = io.StringIO()
    return Console(file=text, width=COLUMNS, highlight=False), text


def test_what_does_not_hold_fails_the_whole_with_what_was_seen() -> None:
    console, text = narrow()
    checks = Checks(console)

    with pytest.raises(DoesNotHold, match="nobody is left: one row"):
        checks.holds("nobody is left", true=False, seen="one row")

    assert not checks.made
    assert "✗ nobody is left: one row" in text.getvalue()


def test_no_line_is_wider_than_80_columns() -> None:
    console, text = narrow()
    checks = Checks(console)

    checks.holds("something that takes many words to say of it what it is", true=True, seen=LONG)
    checks.quote(LONG)

    assert LONG[-20:] in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) <= COLUMNS


def test_every_slice_has_a_line_of_the_saga_in_80_columns() -> None:
    saga = Saga(0.0)
    request = requested(registry.participants())
    held: Any = [
        {
            "ground": Ground.LEGAL_OBLIGATION,
            "reference": "ao-147-3",
            "until": datetime(2034, 12, 31, tzinfo=UTC),
            "rows": 2,
        }
    ]
    said = receipt(request.request_id, outcome=Outcome.HELD, rows={"seat": 12}, held=held)
    for number, (source, message) in enumerate((("rights", request), ("events", said))):
        line = encode(message, source=source, id=uuid7(), time=datetime.now(UTC))
        saga.said.append((100.0 + number, parse(line)))
    console, text = narrow()

    console.print(saga.table())

    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= COLUMNS
    for name in registry.participants():
        assert any(line.startswith(f"│ {name} ") for line in lines), name
    assert any("held by law: 2 ao-147-3" in line and "101.00" in line for line in lines)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the demo a folder of its own, and a system that costs nothing to start."""

    @contextlib.contextmanager
    def system(*_: Any) -> Iterator[None]:
        yield None

    monkeypatch.setattr(program, "system", system)
    monkeypatch.setattr(program, "as_environment", lambda _: {})
    monkeypatch.setattr(program, "settings_of_its_own", lambda _: Settings(state=tmp_path))
    monkeypatch.setenv("EXPUNGE_TRACKERS", "{}")
    return tmp_path


def told(monkeypatch: pytest.MonkeyPatch, *, true: bool) -> None:
    """Let the story be one check."""

    async def tell(_settings: Any, _databases: Any, _environment: Any, console: Console) -> Told:
        checks = Checks(console)
        checks.holds("one thing", true=true, seen="seen so")
        return Told(checks, {"Ada": 0.5})

    async def tended(_: Any, story: Any) -> Any:
        return await story

    monkeypatch.setattr(program, "tell", tell)
    monkeypatch.setattr(program, "_tended", tended)


def test_what_failed_is_said_kept_and_not_exit_code_0(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(monkeypatch, true=False)
    (alone / "logs").mkdir()

    with pytest.raises(typer.Exit) as ended:
        program.demo(as_json=True)

    printed = capsys.readouterr()
    assert ended.value.exit_code == 1
    assert json.loads(printed.out) == {"held": False, "problem": "one thing: seen so"}
    assert f"{alone}/logs" in printed.err


def test_for_programs_it_prints_one_object_and_nothing_else(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(monkeypatch, true=True)
    (alone / "inbox").mkdir()

    program.demo(as_json=True)

    answer = json.loads(capsys.readouterr().out)
    assert answer["held"] is True
    assert answer["certificate_seconds"] == {"Ada": 0.5}
    assert answer["checks"] == [{"what": "one thing", "seen": "seen so"}]
    assert not (alone / "inbox").exists()


def test_a_second_demo_at_the_same_time_is_refused_and_touches_nothing(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(monkeypatch, true=True)
    (alone / "inbox").mkdir()

    with only_instance(alone), pytest.raises(typer.Exit) as ended:
        program.demo()

    assert ended.value.exit_code == 1
    assert "A demo runs already" in capsys.readouterr().err
    assert (alone / "inbox").exists()
