"""What the newsletter decides, without I/O: clock and limits are arguments."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.messages import ConsentGranted
from contracts.vocabulary import Language, Method
from services.newsletter.settings import PURPOSE
from shared.errors import Refused, UnknownToken

MAX_SUBJECT_CHARS = 150
MAX_ISSUE_CHARS = 200_000
Counts = Callable[[str, int], bool]
_FRONT = re.compile(r"\A---\r?\n(?P<head>.*?)\r?\n---\r?\n(?P<body>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-up that waits for a click on the mailed link; it never changes."""

    subject_id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    language: str
    wording: str
    wording_version: int
    wording_sha256: str
    button: str
    form: str
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who confirmed, and the consent that stands on it."""

    subject_id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    language: str
    button: str
    submitted_at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """What was agreed to, by whom only the slice knows."""

    consent_id: UUID
    subject_id: UUID
    wording: str
    wording_version: int
    wording_sha256: str
    language: str
    form: str
    granted_at: datetime

    def granted(self) -> ConsentGranted:
        """Say it on the topic, without the person."""
        return ConsentGranted(
            consent_id=self.consent_id,
            purpose=PURPOSE,
            wording=self.wording,
            wording_version=self.wording_version,
            wording_sha256=self.wording_sha256,
            language=Language(self.language),
            form=self.form,
            method=Method.DOUBLE_OPT_IN,
            granted_at=self.granted_at,
        )


def confirm(
    pending: Pending | None, consent_id: UUID, now: datetime, within: timedelta
) -> tuple[Subscriber, Consent]:
    """Turn a click on the mailed link into a subscriber and a consent (GDPR Art. 7(1)).

    Raises UnknownToken if nobody waits here, or if the click came later than `within` after the
    form, also where the row was not deleted in time.
    """
    if pending is None or now - pending.submitted_at > within:
        raise UnknownToken
    subscriber = Subscriber(
        subject_id=pending.subject_id,
        email=pending.email,
        first_name=pending.first_name,
        last_name=pending.last_name,
        language=pending.language,
        button=pending.button,
        submitted_at=pending.submitted_at,
        confirmed_at=now,
    )
    consent = Consent(
        consent_id=consent_id,
        subject_id=pending.subject_id,
        wording=pending.wording,
        wording_version=pending.wording_version,
        wording_sha256=pending.wording_sha256,
        language=pending.language,
        form=pending.form,
        granted_at=now,
    )
    return subscriber, consent


def may_receive(consent: Consent | None, *, restricted: bool, queued: bool, counts: Counts) -> bool:
    """Say whether an issue may go to a subscriber now: asked just before each delivery.

    A consent to a wording older than the last material change does not count (R-POL-01), which
    `counts` knows by id and version; a restricted subject gets nothing (GDPR Art. 18(2)).
    """
    if consent is None or restricted or not queued:
        return False
    return counts(consent.wording, consent.wording_version)


class State(StrEnum):
    """What became of one delivery."""

    QUEUED = "queued"
    SENT = "sent"
    SKIPPED = "skipped"
    GIVEN_UP = "given-up"


class BadIssue(Refused):
    """Each file of an issue begins with a front matter: ---, subject: ..., ---; then the text."""

    status = 422
    problem = "bad-issue"


class ContentChanged(Refused):
    """This issue was already delivered to somebody with another text: use a new folder name."""

    status = 409
    problem = "content-changed"


@dataclass(frozen=True, slots=True)
class Text:
    """One language of an issue: subject line and Markdown."""

    subject: str
    markdown: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it lies in its folder."""

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


def read_text(source: str) -> Text:
    """Read one language: front matter with `subject`, then Markdown. Raises BadIssue."""
    match = _FRONT.match(source)
    if match is None or len(source) > MAX_ISSUE_CHARS:
        raise BadIssue
    head = dict(_pair(line) for line in match["head"].splitlines() if line.strip())
    subject = head.get("subject", "").strip("\"' ")
    if head.keys() != {"subject"} or not 0 < len(subject) <= MAX_SUBJECT_CHARS:
        raise BadIssue
    if not match["body"].strip():
        raise BadIssue
    return Text(subject, match["body"].strip() + "\n")


def _pair(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise BadIssue
    return name.strip(), value.strip()
