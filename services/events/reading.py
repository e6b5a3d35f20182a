"""Reading material: which there is, for which answers, and what it says in each language."""

import tomllib
from functools import lru_cache
from pathlib import Path

from services.events.rules.survey import Reading

FOLDER = Path(__file__).with_name("material")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Reading]:
    """Read the catalogue once in this process: name -> reading."""
    entries = tomllib.loads((FOLDER / "catalogue.toml").read_text("utf-8"))
    return {
        name: Reading(name, {question: tuple(wanted) for question, wanted in answers.items()})
        for name, answers in entries.items()
    }


@lru_cache(maxsize=128)
def words(name: str, language: str) -> str:
    """Give the Markdown of a reading that the catalogue has. Raises KeyError for another name."""
    if name not in catalogue():
        raise KeyError(name)
    return (FOLDER / f"{name}.{language}.md").read_text("utf-8")


def title(name: str, language: str) -> str:
    """Give the first line of a reading, without its mark. Raises KeyError as `words`."""
    return words(name, language).partition("\n")[0].removeprefix("# ").strip()
