"""What was said after a certificate, in sentences for people: on the page and on paper."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from services.erasure.settings import FOLDER
from shared.disclosure import configured_recipients
from shared.web.language import PAGE_ZONE, Language, day
from shared.web.texts import Texts


@cache
def texts() -> Texts:
    """Read the ledger's texts once."""
    return Texts(FOLDER)


def recipient_named(name: str) -> str:
    """Say who a recipient is, if the operator's register still knows the name."""
    known = configured_recipients().get(name)
    return known.name if known else name


def sentences(since: Sequence[dict[str, Any]], language: Language) -> list[str]:
    """Write what a report's `since` has, in its order."""
    return [_sentence(one, language) for one in since]


def _sentence(one: dict[str, Any], language: Language) -> str:
    def t(key: str, **values: object) -> str:
        return texts().get(language, key, **values)

    on = day(datetime.fromisoformat(one["time"]).astimezone(PAGE_ZONE).date(), language)
    service = texts().find(language, f"services.{one['service']}") or one["service"]
    if one["type"] == "hold-ended":
        ground = texts().find(language, f"grounds.{one['ground']}") or one["ground"]
        what = {"rows": one["rows"], "reference": one["reference"], "ground": ground}
        return t("since.hold-ended", on=on, service=service, **what)
    if one["type"] == "processor-answered":
        why = one["reason"] and (texts().find(language, f"impossible.{one['reason']}") or "")
        state = t(f"processors.{one['state']}") + (f" ({why})" if why else "")
        recipient = recipient_named(one["recipient"])
        return t("since.processor-answered", on=on, recipient=recipient, state=state)
    return t("since.aliases-destroyed", on=on, service=service)
