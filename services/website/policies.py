"""The data protection policy in its versions: files that never change once they are published."""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from services.website.rules.trackers import is_foreign
from services.website.settings import configured
from shared.settings import SettingsError
from shared.web.language import Language

SUMS = "SHA256SUMS"


class _Version(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: PositiveInt
    effective_from: date


class _Versions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: tuple[_Version, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Policy:
    """One version in one language; `sha256` is of the file's bytes, in hex."""

    number: int
    language: Language
    effective_from: date
    text: str
    sha256: str

    @property
    def html(self) -> Markup:
        """Render the text; a link that leaves the site can be seen and says nothing (R-LNK-01)."""
        return Markup(_MARKDOWN.render(self.text))  # noqa: S704 - raw HTML is not read


@dataclass(frozen=True)
class Policies:
    """All versions of a folder."""

    all: tuple[Policy, ...]

    def of(self, language: Language, number: int) -> Policy | None:
        """Give one version; None if there never was one."""
        return next(
            (one for one in self.all if (one.language, one.number) == (language, number)), None
        )

    def in_force(self, language: Language, on: date | None = None) -> Policy:
        """Give the version that holds on a day (UTC; default: today)."""
        day = on or datetime.now(UTC).date()
        held = [one for one in self.versions(language) if one.effective_from <= day]
        return held[-1] if held else self.versions(language)[0]

    def versions(self, language: Language) -> list[Policy]:
        """List the versions of a language, oldest first."""
        return sorted(
            (one for one in self.all if one.language is language), key=lambda one: one.number
        )


def read_policies(folder: Path) -> Policies:
    """Read a folder. Raises SettingsError if a published file changed, or one is missing."""
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    declared = _Versions.model_validate(tomllib.loads((folder / "versions.toml").read_text()))
    found = []
    for version in declared.version:
        for language in Language:
            name = f"policy.v{version.number}.{language}.md"
            content = (folder / name).read_bytes() if name in listed else b""
            digest = hashlib.sha256(content).hexdigest()
            if listed.get(name) != digest:
                message = (
                    f"EXPUNGE_POLICY: {name} is not what SHA256SUMS says: publish a new version"
                )
                raise SettingsError(message)
            text = content.decode("utf-8")
            found.append(Policy(version.number, language, version.effective_from, text, digest))
    return Policies(tuple(found))


@lru_cache(maxsize=1)
def configured_policies() -> Policies:
    """Read this installation's policy once in this process."""
    return read_policies(configured().policy)


def _mark_foreign(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    if is_foreign(str(token.attrs.get("href", "")), ()):
        token.attrSet("rel", "noopener noreferrer")
        token.attrSet("class", "foreign")
    rendered: str = self.renderToken(tokens, index, options, env)
    return rendered


_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MARKDOWN.add_render_rule("link_open", _mark_foreign)
