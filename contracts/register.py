"""Messages about who may speak: keys and the register of participants. They are read first."""

from typing import ClassVar

from contracts.fields import KeyId, Message, Number, Services, Sha256, Time
from contracts.topics import ERASURE, Topic
from contracts.vocabulary import MessageType, Role, ServiceName


class OfRegister(Message):
    """A message of the register: one subject, so one partition and one order."""

    topic: ClassVar[Topic] = ERASURE


class KeyPublished(OfRegister):
    """From `not_before` on this key speaks for a service in a role; signed by the root key.

    `public_key` is the Ed25519 public key, 32 bytes in hex; `key_id` follows from it.
    """

    type: ClassVar[MessageType] = MessageType.KEY_PUBLISHED
    key_id: KeyId
    service: ServiceName
    role: Role
    public_key: Sha256
    not_before: Time


class RegisterPublished(OfRegister):
    """Version of the register of participants; requests name the version they were frozen from."""

    type: ClassVar[MessageType] = MessageType.REGISTER_PUBLISHED
    version: Number
    participants: Services
