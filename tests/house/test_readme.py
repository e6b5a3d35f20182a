"""What our pages tell people to type exists, their links lead somewhere, their tables are true."""

import re
import shlex
from functools import lru_cache
from pathlib import Path

import click
import pytest
import typer.main

from services import registry
from services.cli import application

ROOT = Path(__file__).parents[2]
SERVICES = [ROOT / "services" / one.name / "README.md" for one in registry.SERVICES]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOLD = re.compile(r"^\$ (?:\.venv/bin/)?(make|expunge)( .*)?$|^(make) (\S+) +#", re.MULTILINE)
# In a service's page a block of code may be a list of commands, with alternatives on a line.
LISTED = re.compile(r"^(?:\.venv/bin/)?expunge (.*)$", re.MULTILINE)
INLINE = re.compile(r"`expunge ([^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
ROW = re.compile(r"^\| \[(\w+)\]\(services/(\w+)/README\.md\) \|", re.MULTILINE)


def _told() -> set[str]:
    found = set()
    for page in PAGES:
        for program, rest, make, target in TOLD.findall(page.read_text()):
            found.add(f"{program or make} {(rest or target).strip()}")
    for page in [*SERVICES, *PAGES]:
        text = page.read_text()
        listed = [*LISTED.findall(text), *INLINE.findall(text)]
        found |= {f"expunge {line.strip()}" for line in listed if "..." not in line}
    return found


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@lru_cache(maxsize=1)
def _program() -> click.Command:
    return typer.main.get_command(application(()))  # type: ignore[return-value]


def _unknown(words: list[str]) -> list[str]:
    """Name what the program does not know of a command as a page writes it."""
    command = _program()
    for place, word in enumerate(words):
        if not hasattr(command, "commands"):
            taken = {option for one in command.params for option in one.opts} | {"--help"}
            given = {rest.strip("[]") for rest in words[place:]}
            return sorted(rest for rest in given if rest.startswith("-") and rest not in taken)
        if word.strip("[]") == "--help":
            return []
        if word not in command.commands:
            return [word]
        command = command.commands[word]
    return []


@pytest.mark.parametrize("told", sorted(_told()))
def test_a_command_that_we_tell_people_to_type_exists(told: str) -> None:
    program, *words = shlex.split(told, comments=True)
    if program == "make":
        assert set(words) <= _targets()
        return
    first = words.index("|") if "|" in words else None
    # `list | create KIND | move ID`: several commands of one service on a line.
    lines = [words] if first is None else _alternatives(words)

    assert not [unknown for line in lines for unknown in _unknown(line)]


def _alternatives(words: list[str]) -> list[list[str]]:
    service, rest = words[0], words[1:]
    lines: list[list[str]] = [[service]]
    for word in rest:
        if word == "|":
            lines.append([service])
        else:
            lines[-1].append(word)
    return lines


@pytest.mark.parametrize("page", [*PAGES, *SERVICES], ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    dead = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]

    assert not dead


def test_the_table_of_services_is_that_of_the_register_in_its_order() -> None:
    rows = ROW.findall((ROOT / "README.md").read_text())

    assert rows == [(one.name, one.name) for one in registry.SERVICES]


@pytest.mark.parametrize("page", SERVICES, ids=lambda page: page.parent.name)
def test_a_services_page_names_each_setting_of_its_own(page: Path) -> None:
    source = (page.parent / "settings.py").read_text()
    named = re.findall(r"^    (\w+): .+", source.partition("(FromEnvironment)")[2], re.MULTILINE)
    text = page.read_text()

    assert not [one for one in named if f"EXPUNGE_{one.upper()}" not in text]
