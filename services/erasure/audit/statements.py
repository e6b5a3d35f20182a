"""What certificates say that lines prove, as one hash: of the topic's lines, and of a certificate.

A certificate repeats what signed lines say and where on the topic each receipt stands. So it pins
offsets too: whoever moves or takes out entries must also change what others hold.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.certificate import PAYLOAD_TYPE, read_certificate
from contracts.envelope import FindKey, unpack
from services.erasure.rules import Saga
from services.erasure.statement import state

HASH_BYTES: Final = 32
_SPELLED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
_PROVEN: Final = (
    *("requestId", "personCommitment", "receivedAt", "identityCheckedAt", "cutoff", "dueAt"),
    *("completedAt", "outcome", "participants", "processors"),
)


def stated(request_id: UUID, saga: Saga, certified_at: datetime) -> bytes:
    """Hash what a certificate must say about a complete saga. Raises NotComplete."""
    said = state(request_id, saga, certified_at, {})
    return sha256(orjson.dumps(said, option=_SPELLED)).digest()


def claimed(envelope: bytes, find: FindKey) -> bytes:
    """Hash what a certificate says. Raises BadInput if the erasure service did not sign it."""
    read_certificate(envelope, find)
    payload, _, _ = unpack(envelope, PAYLOAD_TYPE)
    predicate: dict[str, Any] = orjson.loads(payload)["predicate"]
    said = {name: predicate[name] for name in _PROVEN}
    return sha256(orjson.dumps(said, option=_SPELLED)).digest()
