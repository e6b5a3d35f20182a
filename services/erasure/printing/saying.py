"""What the paper says, in the words of its language: plain texts, which the layout only places."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from contracts.certificate import OutOfScope, Participant, Predicate, Processor
from contracts.fields import Held
from services.erasure.since import recipient_named, sentences
from shared.web.language import PAGE_ZONE, Language, day, moment
from shared.web.texts import Texts


class Say(Protocol):
    """Gives one text in the paper's language."""

    def __call__(self, key: str, **values: object) -> str:
        """Raise UnknownText for a key that there is not."""
        ...


def say(  # noqa: PLR0917 - what stands on the paper
    said: Predicate,
    digest: str,
    link: str,
    language: Language,
    texts: Texts,
    since: Sequence[dict[str, Any]] = (),
) -> Mapping[str, Any]:
    """Write out a certificate for the layout; times in the zone of the pages, with its name."""

    def t(key: str, **values: object) -> str:
        return texts.get(language, key, **values)

    def named(service: str) -> str:
        return texts.find(language, f"services.{service}") or service

    at = said.completed_at
    return {
        "lang": language.value,
        "author": said.controller.get("name", ""),
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "outcome": t(f"result.{said.outcome}"),
        "copy_short": t("print.copy_short", digest=digest[:16]),
        "about": _about(said, language, t),
        "columns": [t(f"print.column.{name}") for name in ("service", "did", "rows", "left")],
        "participants": [_row(one, named(one.service), t) for one in said.participants],
        "held": [
            _kept(held, named(one.service), language, t)
            for one in said.participants
            for held in one.held
        ],
        "processors": [_told(one, t) for one in said.processors],
        "since": sentences(since, language),
        "outside": [
            (texts.find(language, f"outside.{one.what}") or one.what) + _gone(one, language, t)
            for one in said.out_of_scope
        ],
        "checksums": [[t("print.link"), link], [t("result.digest"), digest]],
        **_fixed(t),
    }


def _fixed(t: Say) -> Mapping[str, str]:
    """Give headings and sentences that every copy has."""
    return {
        "title": t("print.title"),
        "copy": t("print.copy"),
        "qr_alt": t("print.qr"),
        "about_title": t("print.about"),
        "participants_title": t("result.participants"),
        "held_title": t("print.held"),
        "processors_title": t("print.processors"),
        "since_title": t("result.since"),
        "outside_title": t("result.outside"),
        "check_title": t("print.check"),
        "check": t("print.how"),
        "limits": t("result.limits"),
    }


def _about(said: Predicate, language: Language, t: Say) -> list[list[str]]:
    times = {
        "received": said.received_at,
        "checked": said.identity_checked_at,
        "completed": said.completed_at,
        "due": said.due_at,
    }
    return [
        [t("print.controller"), ", ".join(filter(None, said.controller.values()))],
        [t("result.request"), str(said.request_id)],
        *([t(f"print.{name}"), moment(at, language)] for name, at in times.items()),
    ]


def _row(one: Participant, name: str, t: Say) -> list[str]:
    rows = str(sum(one.rows.values()))
    return [name, t(f"outcomes.{one.outcome}"), rows, t("print.nothing_left")]


def _told(one: Processor, t: Say) -> str:
    said = (recipient_named(one.recipient), t(f"processors.{one.state}"), one.reason)
    return ": ".join(filter(None, said))


def _kept(held: Held, name: str, language: Language, t: Say) -> str:
    return t(
        "print.kept",
        service=name,
        ground=t(f"grounds.{held.ground}"),
        reference=held.reference,
        rows=held.rows,
        until=moment(held.until, language),
    )


def _gone(one: OutOfScope, language: Language, t: Say) -> str:
    if one.gone_by is None:
        return ""
    return f" ({t('result.gone_by', time=day(one.gone_by.astimezone(PAGE_ZONE), language))})"
