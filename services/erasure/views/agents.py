"""The agents: they open each record as every reader of ours does, and tell the tables."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.errors import KafkaError

from contracts.errors import BadInput
from contracts.proof import PublicKey, Roots
from contracts.reading import Opened, open_record
from contracts.topics import CONSENT
from services.erasure.views.tables import Tables
from shared.consumer.keyring import Keys
from shared.consumer.opening import UnknownKey
from shared.logs import log
from shared.settings import Settings

TRY_AGAIN_S: Final = 1.0
KEY: Final = "key"


@dataclass
class Hearing:
    """Opens records for the tables; `read` is the next offset of each partition, by bare topic."""

    settings: Settings
    keys: Keys
    tables: Tables
    read: dict[tuple[str, int], int] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    roots: Roots = field(default_factory=Roots)

    async def hear(self, stream: Any) -> None:
        """Be an agent: hear a topic for ever."""
        async for event in stream.events():
            await self.take(event.message)

    async def take(self, message: Any) -> None:
        """Believe one record of Faust's, or count it as ignored, with an alarm."""
        topic = self.settings.bare_topic(message.topic)
        try:
            # A tombstone changes no count: what it forgets had ended.
            buried = message.value is None and topic == CONSENT.name
            for event in () if buried else (await self._open(topic, message)).events:
                self.tables.hear(event.source, event.message)
        except BadInput as error:
            self.ignored[topic] += 1
            log.error(
                "view-ignores-record",
                topic=topic,
                partition=message.partition,
                offset=message.offset,
                error=error,
            )
        self.read[topic, message.partition] = message.offset + 1

    async def _open(self, topic: str, message: Any) -> Opened:
        """Check signature, signer and place, as every reader does. Raises BadInput."""
        headers = _headers(message)
        signer = await self._signer(dict(headers).get(KEY, b"").hex())
        if signer is None:
            raise UnknownKey
        return open_record(
            topic,
            message.partition,
            message.key,
            message.value or b"",
            headers,
            offset=message.offset,
            signer=signer,
            partitions=self.settings.partitions_of(topic),
            roots=self.roots,
        )

    async def _signer(self, key_id: str) -> PublicKey | None:
        """Find a key; wait for the broker where it must be looked up."""
        while True:
            try:
                return self.keys.known(key_id) or await self.keys.find(key_id)
            except KafkaError as error:
                log.warning("view-waits-for-key", error=error)
                await asyncio.sleep(TRY_AGAIN_S)


def _headers(message: Any) -> list[tuple[str, bytes]]:
    """Give a message's headers as they were sent, whichever way Faust keeps them."""
    headers = message.headers or ()
    return list(headers.items() if isinstance(headers, Mapping) else headers)
