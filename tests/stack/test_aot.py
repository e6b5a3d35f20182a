"""The class cache: trained by the first clean stop, used after it, never needed."""

from pathlib import Path

import pytest

from shared.stack.aot import Aot, find_aot
from shared.stack.java import Java

JAVA = Java(Path("/java"), 25, "openjdk 25")


def _find(tmp_path: Path, java: Java = JAVA, flag: str = "-Xmx1m") -> Aot | None:
    jar = tmp_path / "a.jar"
    if not jar.exists():
        jar.touch()  # its time counts, so only once
    return find_aot(tmp_path, java, [jar], [flag])


def test_the_first_start_trains_and_later_starts_use_it(tmp_path: Path) -> None:
    first = _find(tmp_path)
    assert first is not None
    assert first.fresh is not None
    assert first.flags() == [f"-XX:AOTCacheOutput={first.fresh}"]

    first.fresh.write_bytes(b"trained")
    first.keep()
    second = _find(tmp_path)

    assert second == Aot(first.file, None)
    assert second.flags() == [f"-XX:AOTCache={first.file}"]


def test_a_training_that_was_killed_changes_nothing(tmp_path: Path) -> None:
    first = _find(tmp_path)
    assert first is not None

    first.keep()

    assert not first.file.exists()


def test_other_flags_begin_a_training_of_their_own_and_forget_the_old_cache(tmp_path: Path) -> None:
    first = _find(tmp_path)
    assert first is not None
    first.file.write_bytes(b"trained")

    other = _find(tmp_path, flag="-Xmx2m")

    assert other is not None
    assert other.fresh is not None
    assert not first.file.exists()


def test_an_older_java_does_without(tmp_path: Path) -> None:
    assert _find(tmp_path, Java(Path("/java"), 21, "openjdk 21")) is None


def test_it_can_be_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPUNGE_AOT", "0")

    assert _find(tmp_path) is None
