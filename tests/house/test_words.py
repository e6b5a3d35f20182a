"""The project's own words, and nothing that belongs to one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED_NAMES = {"utils", "helpers", "common", "manager", "base", "service"}


def _tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_no_file_is_called_after_nothing() -> None:
    named = {path for path in _tracked() if path.suffix == ".py" and path.stem in BANNED_NAMES}

    assert not named, "name the file after the one thing it holds"


def test_invented_people_live_at_example_org() -> None:
    pattern = re.compile(
        r"[\w.+-]+@(?!(?:[\w-]+\.)*example(?:\.|\b))[\w-]+\.(?:com|net|org|de|eu)\b", re.IGNORECASE
    )
    allowed = {"contracts/policy.py", "requirements.lock", "shared/web/controller.toml"}
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        if path.suffix in {".py", ".md", ".toml", ".sql", ".html", ".txt"} and path.exists()
        if str(path.relative_to(ROOT)) not in allowed
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]

    assert not found, "test people are invented and live at example.org"
