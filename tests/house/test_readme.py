"""What the README tells people to type exists, and its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOLD = re.compile(r"^\$ (?:\.venv/bin/)?(make|expunge)( .*)?$|^(make) (\S+) +#", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def _told() -> set[tuple[str, ...]]:
    found = set()
    for page in PAGES:
        for program, rest, make, target in TOLD.findall(page.read_text()):
            found.add((program or make, *shlex.split(rest or target, comments=True)))
    return found


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("command", sorted(_told()), ids=" ".join)
def test_a_command_that_we_tell_people_to_type_exists(command: tuple[str, ...]) -> None:
    program, *words = command
    if program == "make":
        assert set(words) <= _targets()
        return
    # Words up to the first that is a file, a place to fill in, or an option name the command.
    names = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)][:2]
    shown = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "services.cli", *names, "--help"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert shown.returncode == 0, shown.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file(page: Path) -> None:
    dead = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert not dead
