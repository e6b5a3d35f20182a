"""The register of topics: how the broker keeps them, and who may speak about what.

Topics are created from this page by `expunge topics apply`, never by a client. Names are logical:
an installation may put a namespace in front of them on the broker; proofs use the logical name.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from zlib import crc32

from contracts.vocabulary import MessageType, Role

MAX_RECORD_BYTES = 256 * 1024  # a record's value
MAX_TRANSACTION_LINES = 2_000  # what one transaction tells, unless one record has more
MAX_IDS = 5_000  # ids in one line of a message
CLOSED_MARGIN = timedelta(days=30)  # kept longer than the oldest backup that may be restored
REGISTER = "register"  # subject of keys and register versions: one partition, read first
ERASURE_SERVICE = "erasure"  # counts, certifies, keeps the register
ROOT = "root"  # the service name that stands beside the root key
# Only these may ask other slices to erase; every other service asks for its own (R-17-01).
ANY_SCOPE_ORIGINS = frozenset({"rights", "registration"})

_MS = timedelta(milliseconds=1)
COMPACTED_WITHIN = timedelta(days=7)  # a record with a newer one of its key is gone after this
TOMBSTONE_KEPT = timedelta(days=30)  # how long readers still see that a key was forgotten
# Of two keys of one id, the second is forgotten only when the first is surely gone from the log.
BETWEEN_TOMBSTONES = COMPACTED_WITHIN + TOMBSTONE_KEPT


class Policy(StrEnum):
    """What the broker does with old records (`cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, lines a record may have, whether records have a key, how it is kept.

    `retention` None keeps for ever; otherwise it is what is added to the backup horizon, since
    a restored backup must still find what was closed after it was taken.
    """

    name: str
    max_batch: int
    keyed: bool
    policy: Policy
    retention: timedelta | None

    def config(self, backup_horizon: timedelta) -> dict[str, str]:
        """Broker settings of this topic, as names and values of Kafka's topic configuration."""
        config = {
            "cleanup.policy": self.policy.value,
            "max.message.bytes": str(4 * MAX_RECORD_BYTES),
            # A byte search for a person must be able to see what is in a segment.
            "compression.type": "uncompressed",
        }
        if self.policy is Policy.COMPACT:
            config["max.compaction.lag.ms"] = str(COMPACTED_WITHIN // _MS)
            config["delete.retention.ms"] = str(TOMBSTONE_KEPT // _MS)
        elif self.retention is None:
            config["retention.ms"] = "-1"
            config["retention.bytes"] = "-1"
        else:
            kept = backup_horizon + self.retention
            config["retention.ms"] = str(kept // _MS)
            config["retention.bytes"] = "-1"
        return config


ERASURE = Topic("erasure.v1", 500, keyed=False, policy=Policy.DELETE, retention=None)
CLOSED = Topic("closed.v1", 500, keyed=False, policy=Policy.DELETE, retention=CLOSED_MARGIN)
CONSENT = Topic("consent.v1", 1, keyed=True, policy=Policy.COMPACT, retention=None)
RIGHTS = Topic("rights.v1", 500, keyed=False, policy=Policy.DELETE, retention=CLOSED_MARGIN)
TOPICS = MappingProxyType({topic.name: topic for topic in (ERASURE, CLOSED, CONSENT, RIGHTS)})
# Faust asks for a changelog beside each table of the views, with the partitions of its source. They
# stay empty: nobody signs a changelog, so nobody writes or believes one.
VIEWED_CONSENTS = Topic("views-consents", 1, keyed=True, policy=Policy.COMPACT, retention=None)
VIEWED_SAGAS = Topic("views-sagas", 1, keyed=True, policy=Policy.COMPACT, retention=None)
CHANGELOGS = MappingProxyType({VIEWED_CONSENTS: CONSENT, VIEWED_SAGAS: ERASURE})


@dataclass(frozen=True, slots=True)
class Permitted:
    """Who may sign a type: a role, of one service or (`service` None) of any."""

    service: str | None
    role: Role


_ANY = frozenset({Permitted(None, Role.SERVICE)})
_ERASURE = frozenset({Permitted(ERASURE_SERVICE, Role.SERVICE)})
_VERIFIER = frozenset({Permitted(None, Role.VERIFIER)})
_ROOT = frozenset({Permitted(ROOT, Role.ROOT)})

_SIGNERS = MappingProxyType(
    {
        MessageType.CONSENT_GRANTED: _ANY,
        MessageType.CONSENT_WITHDRAWN: _ANY,
        MessageType.ERASURE_REQUESTED: _ANY,
        MessageType.SAGA_EXTENDED: _ERASURE,
        MessageType.SAGA_REMINDED: _ERASURE,
        MessageType.SLICE_ERASED: _ANY,
        MessageType.SLICE_REERASED: _ANY,
        MessageType.SLICE_FAILED: _ANY,
        MessageType.SLICE_VERIFIED: _VERIFIER,
        MessageType.SLICE_SCANNED: _VERIFIER,
        MessageType.SUBJECTS_CLOSED: _ANY,
        MessageType.ERASURE_CERTIFIED: _ERASURE,
        MessageType.ALIASES_DESTROYED: _ANY,
        MessageType.PROCESSOR_ANSWERED: _ANY,
        MessageType.HOLD_ENDED: _ANY,
        MessageType.KEY_PUBLISHED: _ROOT,
        MessageType.KEY_RETIRED: _ROOT,
        MessageType.KEY_REVOKED: _ROOT,
        MessageType.REGISTER_PUBLISHED: _ERASURE,
        MessageType.WORDING_PUBLISHED: _ANY,
        MessageType.DATA_RECTIFIED: _ANY,
    }
)


def signers(message_type: MessageType) -> frozenset[Permitted]:
    """Who may sign messages of this type; nobody else is believed."""
    return _SIGNERS[message_type]


@lru_cache(maxsize=1024)
def may_sign(message_type: MessageType, service: str, role: Role) -> bool:
    """Say whether a key of this service and role may sign messages of this type."""
    return any(
        permitted.role is role and permitted.service in (None, service)
        for permitted in _SIGNERS[message_type]
    )


def partition_of(subject: str, partitions: int) -> int:
    """Partition of a message: CRC-32 of its subject modulo the (fixed) number of partitions."""
    return crc32(subject.encode()) % partitions
