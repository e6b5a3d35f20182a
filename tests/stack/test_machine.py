"""What the machine lacks is said in a sentence that says what to do."""

import os
from pathlib import Path

import pytest

from shared.stack.errors import NoJava
from shared.stack.identity import find_home
from shared.stack.java import find_java


def _launcher(folder: Path, version: str) -> Path:
    """Write a program that answers as `java -version` does."""
    file = folder / "java"
    file.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.22", "16.0.2"])
def test_a_java_that_is_too_old_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("EXPUNGE_JAVA", str(_launcher(tmp_path, version)))

    with pytest.raises(NoJava, match=r"needs Java 17 or newer, and .* is Java (8|11|16)\."):
        find_java()


@pytest.mark.parametrize(("version", "major"), [("17.0.15", 17), ("25", 25)])
def test_a_java_of_the_machine_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, major: int
) -> None:
    monkeypatch.setenv("EXPUNGE_JAVA", str(_launcher(tmp_path, version)))

    assert find_java().major == major


def test_the_wheel_brings_a_java_that_runs() -> None:
    assert find_java().major >= 17


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must give PostgreSQL to another user")
def test_root_gives_an_unreachable_folder_of_postgresql_a_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stack.identity.ELSEWHERE", tmp_path / "elsewhere")
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)

    home = find_home(hidden)

    assert home.user is not None
    assert home.user[0] != 0
    assert home.data.parent.parent == tmp_path / "elsewhere"
    assert (hidden / "postgres").is_symlink()
