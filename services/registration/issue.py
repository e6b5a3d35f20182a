"""A promotion mail as it lies in its folder: `de.md` and `en.md`, each with a subject."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from shared.errors import Refused
from shared.mail.markdown import check_self_contained

MAX_SUBJECT_CHARS: Final = 150
MAX_CHARS: Final = 200_000
LANGUAGES: Final = ("de", "en")
_FRONT = re.compile(
    r"\A---\r?\nsubject: *(?P<subject>[^\r\n]*)\r?\n---\r?\n(?P<body>.*)\Z", re.DOTALL
)


class BadPromotion(Refused):
    """Each file of a promotion begins with ---, subject: ..., ---; then comes the text."""

    status = 422
    problem = "bad-promotion"


class PromotionChanged(Refused):
    """This promotion was begun with another text: use a new folder name."""

    status = 409
    problem = "promotion-changed"


class State(StrEnum):
    """What became of one delivery."""

    QUEUED = "queued"
    SENT = "sent"
    SKIPPED = "skipped"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Text:
    """One language: subject line and Markdown."""

    subject: str
    markdown: str


@dataclass(frozen=True, slots=True)
class Issue:
    """All languages under the folder's name."""

    name: str
    texts: Mapping[str, Text]

    @property
    def content_sha256(self) -> str:
        """Digest of all words in all languages; each part goes in with its length."""
        digest = hashlib.sha256()
        for language in sorted(self.texts):
            text = self.texts[language]
            for part in (language, text.subject, text.markdown):
                raw = part.encode("utf-8")
                digest.update(len(raw).to_bytes(8, "big") + raw)
        return digest.hexdigest()


def read_issue(folder: Path) -> Issue:
    """Read a folder. Raises BadPromotion, and LoadsFromElsewhere for an image or raw HTML."""
    texts = {}
    for language in LANGUAGES:
        try:
            texts[language] = read_text((folder / f"{language}.md").read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            raise BadPromotion from None
        check_self_contained(texts[language].markdown)
    return Issue(folder.resolve().name, texts)


def read_text(source: str) -> Text:
    """Read one language. Raises BadPromotion."""
    match = _FRONT.match(source)
    if match is None or len(source) > MAX_CHARS:
        raise BadPromotion
    subject, body = match["subject"].strip("\"' "), match["body"].strip()
    if not 0 < len(subject) <= MAX_SUBJECT_CHARS or not body:
        raise BadPromotion
    return Text(subject, body + "\n")
