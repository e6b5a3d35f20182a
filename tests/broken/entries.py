"""How each rule is broken: one file of entries per slice, each a change of one text in one file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LISTS: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to break a rule, and the tests that must see it.

    `find` stands exactly once in `file` and is replaced by `put`. Each test of `red` must fail by
    an assertion, or by an error of a class named in `errors` where the test asks for no other.
    """

    rule: str
    how: str
    file: str
    find: str
    put: str
    red: tuple[str, ...]
    errors: tuple[str, ...] = ()

    def applied(self, text: str) -> str:
        """Return the file's text with the rule broken; ValueError if the change does not apply."""
        if text.count(self.find) != 1:
            msg = f"the text stands {text.count(self.find)} times in {self.file}, not once"
            raise ValueError(msg)
        return text.replace(self.find, self.put)


def read_entries() -> tuple[Entry, ...]:
    """Return all entries, list by list, in the order in which they are written."""
    return tuple(
        Entry(**{**told, "red": tuple(told["red"]), "errors": tuple(told.get("errors", ()))})
        for path in sorted(LISTS.glob("*.toml"))
        for told in tomllib.loads(path.read_text("utf-8"))["entry"]
    )
