"""Wordings: the exact texts that people agree to. A file, once published, never changes.

`wordings/<id>.v<version>.<language>.txt` holds one. What a form posts as a person's consent is the
SHA-256 of these bytes, so that the evidence names the text that was on the screen (GDPR Art. 7(1)).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.web.language import Language

NAME = re.compile(r"(?P<id>[a-z][a-z0-9_.-]*)\.v(?P<version>[0-9]{1,4})\.(?P<language>de|en)\.txt")


class UnknownWording(Exception):  # noqa: N818
    """A form declares a wording that has no file in one of the languages."""


@dataclass(frozen=True)
class Wording:
    """One text in one version and language; `sha256` is the hex digest of its UTF-8 bytes."""

    id: str
    version: int
    language: Language
    text: str
    sha256: str


class Wordings:
    """All wordings of one service; `current` is the highest version of an id and language."""

    def __init__(self, wordings: Iterable[Wording]) -> None:
        """Index wordings by id, language and digest."""
        self.all = tuple(wordings)
        self._current: dict[tuple[str, Language], Wording] = {}
        for wording in sorted(self.all, key=lambda one: one.version):
            self._current[wording.id, wording.language] = wording

    def current(self, wording_id: str, language: Language) -> Wording:
        """Return the version in force. Raises UnknownWording if there is no such file."""
        found = self._current.get((wording_id, language))
        if found is None:
            raise UnknownWording(wording_id)
        return found

    def by_sha256(self, sha256: str) -> Wording | None:
        """Return the wording with this digest (hex), or None if its file was taken away."""
        return next((one for one in self.all if one.sha256 == sha256), None)


def read_wordings(folder: Path) -> Wordings:
    """Read `<folder>/wordings/*.txt`. Raises UnknownWording for a file named otherwise."""
    return Wordings(_read(file) for file in sorted((folder / "wordings").glob("*.txt")))


def _read(file: Path) -> Wording:
    match = NAME.fullmatch(file.name)
    if match is None:
        raise UnknownWording(file.name)
    content = file.read_bytes()
    return Wording(
        id=match["id"],
        version=int(match["version"]),
        language=Language(match["language"]),
        text=content.decode("utf-8"),
        sha256=hashlib.sha256(content).hexdigest(),
    )
