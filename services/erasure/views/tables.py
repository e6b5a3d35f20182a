"""The tables of the views: in memory, made of the signed log and of nothing else.

Faust would write each change to a changelog topic and believe that at the next start. Nobody signs
a changelog, so ours are neither written nor read: a run begins empty and reads the log.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import faust

from contracts.messages import ConsentGranted, ConsentWithdrawn, Message
from services.erasure.views.standing import Consent, Saga, heard_of_consent, heard_of_saga
from shared.logs import log


class View(faust.Table[Any, Any]):
    """A table whose changelog stays empty."""

    def on_key_set(self, key: Any, value: Any) -> None:
        """Write nothing."""

    def on_key_del(self, key: Any) -> None:
        """Write nothing."""

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Believe nothing: whoever wrote this has signed nothing."""
        log.critical("changelog-not-empty", service="erasure", count=len(list(batch)))


class Tables:
    """Consents by id and sagas by request id; counts are derived from them when asked for."""

    def __init__(self, app: Any, consents: str, sagas: str) -> None:
        """Declare the tables on an app; the names are those of their changelog topics."""
        self.consents = app.Table("consents", changelog_topic=app.topic(consents))
        self.sagas = app.Table("sagas", changelog_topic=app.topic(sagas))

    def hear(self, source: str, message: Message) -> None:
        """Set what a message says, by its id."""
        if isinstance(message, ConsentGranted | ConsentWithdrawn):
            key = message.consent_id.bytes
            self.consents[key] = heard_of_consent(self.consents.get(key), message)
            return
        request_id = getattr(message, "request_id", None)
        if request_id is not None:
            key = request_id.bytes
            self.sagas[key] = heard_of_saga(self.sagas.get(key), source, message)

    def live(self) -> Counter[str]:
        """Count live consents by purpose."""
        return Counter(one.purpose for one in self._consents() if one.lives)

    def by_day(self) -> dict[str, dict[str, int]]:
        """Count what was given and taken back, by day."""
        given = Counter(str(one.granted_on) for one in self._consents() if one.granted_on)
        taken = Counter(str(one.withdrawn_on) for one in self._consents() if one.withdrawn_on)
        return {
            day: {"granted": given[day], "withdrawn": taken[day]}
            for day in sorted(given.keys() | taken.keys())
        }

    def states(self) -> Counter[str]:
        """Count sagas by state."""
        return Counter(saga.state.value for saga in self._sagas())

    def overdue(self, now: datetime) -> int:
        """Count sagas that are overdue."""
        return sum(saga.overdue(now) for saga in self._sagas())

    def missing(self) -> Counter[str]:
        """Count the answers that each service owes."""
        return Counter(
            name for saga in self._sagas() if not saga.certified for name in saga.missing
        )

    def _consents(self) -> list[Consent]:
        return list(self.consents.values())

    def _sagas(self) -> list[Saga]:
        return list(self.sagas.values())
