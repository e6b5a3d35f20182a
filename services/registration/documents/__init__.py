"""Documents that an account opens: files of ours, invented, in both languages."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from shared.web import Language

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Document:
    """One document in one language; its first line is `# Title`."""

    name: str
    kind: str  # brochure, fact-sheet or report
    language: Language
    markdown: str

    @property
    def title(self) -> str:
        """Give the first line without its mark."""
        return self.markdown.partition("\n")[0].removeprefix("# ").strip()


# Name to kind; `<name>.<language>.md` beside this file is the text.
DOCUMENTS: Final = {
    "archive-in-a-day": "brochure",
    "retention-at-a-glance": "fact-sheet",
    "letters-answered": "report",
}


@lru_cache(maxsize=1)
def _read() -> dict[tuple[str, Language], Document]:
    return {
        (name, language): Document(
            name, kind, language, (HERE / f"{name}.{language}.md").read_text("utf-8")
        )
        for name, kind in DOCUMENTS.items()
        for language in Language
    }


def document(name: str, language: Language) -> Document | None:
    """Give one document, or None for a name that there is not."""
    return _read().get((name, language))


def documents(language: Language) -> list[Document]:
    """Give all documents in a language."""
    return [_read()[name, language] for name in DOCUMENTS]
