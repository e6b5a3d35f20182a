"""What pages say: `texts/de.toml` and `texts/en.toml` beside each service's templates."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.web.language import Language


class UnknownText(Exception):  # noqa: N818
    """A page asked for a text that no `texts/*.toml` holds."""


class Texts:
    """All texts of one folder, by language and dotted key; later folders fill what is missing."""

    def __init__(self, *folders: Path) -> None:
        """Read `<folder>/texts/{de,en}.toml`; the first folder that has a key wins."""
        self._texts: dict[Language, dict[str, str]] = {language: {} for language in Language}
        for folder in folders:
            for language in Language:
                for key, text in read_texts(folder, language).items():
                    self._texts[language].setdefault(key, text)

    def get(self, language: Language, key: str, **parameters: object) -> str:
        """Return one text with its `{parameters}` filled in, not yet escaped for HTML.

        Raises UnknownText if neither the service nor the shared pages have it.
        """
        text = self._texts[language].get(key)
        if text is None:
            raise UnknownText(key)
        return text.format(**parameters) if parameters else text

    def find(self, language: Language, *keys: str) -> str:
        """Return the first of several texts that exists, or an empty string."""
        known = self._texts[language]
        return next((known[key] for key in keys if key in known), "")


def read_texts(folder: Path, language: Language) -> Mapping[str, str]:
    """Read one file of texts into dotted keys; a folder without texts has none."""
    file = folder / "texts" / f"{language}.toml"
    if not file.exists():
        return {}
    return dict(_flat("", tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", str(value).strip()
