"""Every type of message, signed by everybody who may not say it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from nacl.signing import SigningKey

from contracts.fields import RevokedFrom
from contracts.messages import KeyPublished, KeyRetired, KeyRevoked, Message, encode, uuid7
from contracts.proof import Proof, Record, Signer, seal
from contracts.topics import TOPICS
from contracts.vocabulary import MessageType, Role
from tests.contracts.samples import SAMPLES

PERMITTED: Final = "permitted"
Who = tuple[str, Role]
# Who says what, written down a second time: the register of signers is compared with it.
SAYS: Final[dict[MessageType, Who]] = {
    MessageType.CONSENT_GRANTED: ("newsletter", Role.SERVICE),
    MessageType.CONSENT_WITHDRAWN: ("newsletter", Role.SERVICE),
    MessageType.ERASURE_REQUESTED: ("rights", Role.SERVICE),
    MessageType.SAGA_EXTENDED: ("erasure", Role.SERVICE),
    MessageType.SAGA_REMINDED: ("erasure", Role.SERVICE),
    MessageType.SLICE_ERASED: ("newsletter", Role.SERVICE),
    MessageType.SLICE_REERASED: ("newsletter", Role.SERVICE),
    MessageType.SLICE_FAILED: ("newsletter", Role.SERVICE),
    MessageType.SLICE_VERIFIED: ("newsletter", Role.VERIFIER),
    MessageType.SLICE_SCANNED: ("newsletter", Role.VERIFIER),
    MessageType.SUBJECTS_CLOSED: ("newsletter", Role.SERVICE),
    MessageType.ERASURE_CERTIFIED: ("erasure", Role.SERVICE),
    MessageType.ALIASES_DESTROYED: ("rights", Role.SERVICE),
    MessageType.PROCESSOR_ANSWERED: ("newsletter", Role.SERVICE),
    MessageType.HOLD_ENDED: ("newsletter", Role.SERVICE),
    MessageType.DATA_RECTIFIED: ("registration", Role.SERVICE),
    MessageType.KEY_PUBLISHED: ("root", Role.ROOT),
    MessageType.KEY_RETIRED: ("root", Role.ROOT),
    MessageType.KEY_REVOKED: ("root", Role.ROOT),
    MessageType.REGISTER_PUBLISHED: ("erasure", Role.SERVICE),
    MessageType.WORDING_PUBLISHED: ("newsletter", Role.SERVICE),
    MessageType.DATA_RECTIFIED: ("newsletter", Role.SERVICE),
}


def made(service: str, role: Role) -> Signer:
    """Make a key that nobody knows yet."""
    return Signer(service, role, bytes(SigningKey.generate()))


@dataclass
class Signers:
    """Keys that are known, retired or revoked; `news` is what the root says of them."""

    root: Signer
    news: list[KeyPublished | KeyRetired | KeyRevoked] = field(default_factory=list)
    known: dict[tuple[str, Role, str], Signer] = field(default_factory=dict)

    def find(self, who: Who, state: str = "") -> Signer:
        """Give the signer of a service and role in a state, making and publishing it at first."""
        if who[1] is Role.ROOT:
            return self.root
        place = (*who, state)
        if place not in self.known:
            signer = self.known[place] = made(*who)
            self._publish(signer)
            if state == "retired":
                end = datetime.now(UTC) - timedelta(hours=1)
                self.news.append(KeyRetired(key_id=signer.key_id, not_after=end))
            if state == "revoked":
                self.news.append(KeyRevoked(key_id=signer.key_id, places=FROM_THE_START))
        return self.known[place]

    def _publish(self, signer: Signer) -> None:
        self.news.append(
            KeyPublished(
                key_id=signer.key_id,
                service=signer.service,
                role=signer.role,
                public_key=signer.public.hex(),
                not_before=datetime.now(UTC) - timedelta(days=1),
            )
        )


FROM_THE_START = tuple(RevokedFrom(topic=name, partition=0, offset=0) for name in TOPICS)


def said(message: Message, signer: Signer, source: str) -> tuple[Record, Proof]:
    """Sign one message with a key, in the name of a service."""
    line = encode(message, source=source, id=uuid7(), time=datetime.now(UTC))
    record = Record(message.topic.name, 0, message.type.value, message.key, (line,))
    return record, seal([record], signer)[0]


def forgeries(signers: Signers) -> Iterator[tuple[str, Record, Proof]]:
    """Give each type by its permitted signer, and by each of those who are not."""
    for message in SAMPLES:
        service, role = right = SAYS[message.type]
        other_role = Role.SERVICE if role is Role.VERIFIER else Role.VERIFIER
        wrong = {
            "another-in-its-name": signers.find(("events", Role.SERVICE)),
            "unknown": made(*right),
        }
        if role is Role.ROOT:
            wrong["a-service"] = signers.find(("erasure", Role.SERVICE))
        else:
            wrong |= {
                "root": signers.root,
                "other-role": signers.find((service, other_role)),
                "retired": signers.find(right, "retired"),
                "revoked": signers.find(right, "revoked"),
            }
        yield PERMITTED, *said(message, signers.find(right), service)
        for name, signer in wrong.items():
            yield f"{message.type.value} {name}", *said(message, signer, service)
            if signer.service != service:
                own = said(message, signer, signer.service)
                if message.type not in ANYBODYS or signer.role is not Role.SERVICE:
                    yield f"{message.type.value} {name}, in its own", *own


# What every service says of itself: another one may say it too, in its own name.
ANYBODYS: Final = frozenset(
    {
        MessageType.CONSENT_GRANTED,
        MessageType.CONSENT_WITHDRAWN,
        MessageType.SLICE_ERASED,
        MessageType.SLICE_REERASED,
        MessageType.SLICE_FAILED,
        MessageType.SUBJECTS_CLOSED,
        MessageType.ALIASES_DESTROYED,
        MessageType.DATA_RECTIFIED,
        MessageType.PROCESSOR_ANSWERED,
        MessageType.HOLD_ENDED,
        MessageType.DATA_RECTIFIED,
    }
)
