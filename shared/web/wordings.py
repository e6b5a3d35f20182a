"""Wordings: the exact texts that people agree to. A file, once published, never changes.

`wordings/<id>.v<version>.<language>.txt` holds one. What a form posts as a person's consent is the
SHA-256 of these bytes, so that the evidence names the text that was on the screen (GDPR Art. 7(1)).
`wordings/versions.toml` says of each later version since when it holds and whether the change is
material: then older consents stop counting for sending until they are renewed (R-POL-01).
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from shared.web.language import Language

NAME = re.compile(r"(?P<id>[a-z][a-z0-9_.-]*)\.v(?P<version>[0-9]{1,4})\.(?P<language>de|en)\.txt")
VERSIONS = "versions.toml"


class UnknownWording(Exception):  # noqa: N818
    """A form declares a wording that has no file in one of the languages."""


class BadVersions(Exception):  # noqa: N818
    """`versions.toml` has `["<id>.v<version>"]` with `effective_from` (a day) and `material`."""


@dataclass(frozen=True)
class Wording:
    """One text in one version and language; `sha256` is the hex digest of its UTF-8 bytes."""

    id: str
    version: int
    language: Language
    text: str
    sha256: str


@dataclass(frozen=True)
class Version:
    """Since when a version holds (None: always did) and whether it changed what is agreed to."""

    effective_from: date | None = None
    material: bool = False


@dataclass(frozen=True)
class Wordings:
    """All wordings of one service. `versions` is by id and number; one not named always held."""

    all: tuple[Wording, ...]
    versions: Mapping[tuple[str, int], Version] = field(default_factory=dict)

    def current(self, wording_id: str, language: Language, on: date | None = None) -> Wording:
        """Return the version in force on a day (UTC; default: today): the highest that holds.

        Raises UnknownWording if there is no such file.
        """
        held = [
            one
            for one in self.all
            if (one.id, one.language) == (wording_id, language)
            and self._holds(one.id, one.version, on or _today())
        ]
        if not held:
            raise UnknownWording(wording_id)
        return max(held, key=lambda one: one.version)

    def by_sha256(self, sha256: str) -> Wording | None:
        """Find a wording of any version by its hex digest."""
        return next((one for one in self.all if one.sha256 == sha256), None)

    def counts(self, wording: str, version: int, on: date | None = None) -> bool:
        """Say whether a consent to this version still counts, asked when it is used (R-POL-01).

        It does until a later version that is in force changed what is agreed to. A version that
        nobody published does not count.
        """
        known = {one.version for one in self.all if one.id == wording}
        day = on or _today()
        return version in known and not any(
            later > version
            and self.versions.get((wording, later), Version()).material
            and self._holds(wording, later, day)
            for later in known
        )

    def counting(self) -> list[str]:
        """Name what still counts today, as `<id>.v<version>`: for a statement that picks people."""
        return sorted(
            f"{one.id}.v{one.version}"
            for one in self.all
            if one.language is Language.EN and self.counts(one.id, one.version)
        )

    def _holds(self, wording_id: str, version: int, day: date) -> bool:
        since = self.versions.get((wording_id, version), Version()).effective_from
        return since is None or since <= day


def read_wordings(folder: Path) -> Wordings:
    """Read `<folder>/wordings/`. Raises UnknownWording for a file named otherwise, BadVersions."""
    texts = tuple(_read(file) for file in sorted((folder / "wordings").glob("*.txt")))
    return Wordings(texts, _read_versions(folder / "wordings" / VERSIONS, texts))


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


def _read_versions(file: Path, texts: Iterable[Wording]) -> dict[tuple[str, int], Version]:
    if not file.exists():
        return {}
    named = {f"{one.id}.v{one.version}": (one.id, one.version) for one in texts}
    found = {}
    for name, said in tomllib.loads(file.read_text("utf-8")).items():
        since, material = said.get("effective_from"), said.get("material")
        whole = set(said) == {"effective_from", "material"} and isinstance(material, bool)
        if name not in named or not whole or type(since) is not date:
            raise BadVersions(name)
        found[named[name]] = Version(since, material)
    return found


def _today() -> date:
    return datetime.now(UTC).date()
