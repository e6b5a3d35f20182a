"""How long the broker may hold a fetch that finds nothing: long while all is asked for.

The client has one request under way for each broker. While records of a partition wait to be
worked, it asks for the other partitions only, and if those are silent, nothing more of the busy one
comes before that request has ended: such a request may not be held for long. One that asks for
everything is answered as soon as anything comes, so holding it costs nothing and spares an idle
machine twenty requests a second for each reader.
"""

from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher

HELD_MS: Final = 500
HELD_BESIDE_BUSY_MS: Final = 50


class PatientFetcher(Fetcher):  # type: ignore[misc]
    """The client's fetcher, asked for its patience when it writes a request."""

    _records: dict[Any, Any]  # what came and was not taken yet, by partition

    @property
    def _fetch_max_wait_ms(self) -> int:
        return HELD_BESIDE_BUSY_MS if self._records else HELD_MS

    @_fetch_max_wait_ms.setter
    def _fetch_max_wait_ms(self, _: int) -> None:
        """Take no fixed one."""


def be_patient(consumer: AIOKafkaConsumer) -> None:
    """Let a started client choose for each request; it has one setting for all of them."""
    consumer._fetcher.__class__ = PatientFetcher  # noqa: SLF001 - no other way in
