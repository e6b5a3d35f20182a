"""Keys by their id; an unknown one is looked up on the topic itself before it is refused.

What changes about keys is learnt when a reader passes it on the register partition.
"""

import asyncio

import structlog

from contracts.proof import PublicKey
from contracts.topics import ERASURE
from contracts.trust import KeyNews, KeyRing
from shared.keys.first import read_register, register_partition
from shared.outbox.spans import spans
from shared.settings import Settings

log = structlog.get_logger()


class Keys:
    """The key ring of one process; may be shared by several consumers."""

    def __init__(self, settings: Settings, ring: KeyRing) -> None:
        self._settings = settings
        self._ring = ring
        self._looked_up: dict[str, int] = {}
        self._lock = asyncio.Lock()

    def known(self, key_id: str) -> PublicKey | None:
        """Return the key if it was published as far as this process has read."""
        return self._ring.find(key_id)

    def learn(self, message: KeyNews) -> None:
        """Take in what a proven record of the register said. Raises BadTrust."""
        self._ring.learn(message)

    async def find(self, key_id: str) -> PublicKey | None:
        """Return the key, or None if nobody published it up to the present end of the topic.

        An unknown id costs one reading of the register partition, once for each end of it:
        who signs with a new key has read its key-published back before. Raises KafkaError.
        """
        key = self._ring.find(key_id)
        if key is not None:
            return key
        async with self._lock:
            found = await spans(self._settings, [ERASURE.name])
            end = found[ERASURE.name, register_partition(self._settings)].end
            if self._looked_up.get(key_id) != end:
                log.warning("unknown-key-looked-up")
                await read_register(self._settings, self._ring)
                self._looked_up[key_id] = end
        return self._ring.find(key_id)
