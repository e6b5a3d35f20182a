"""Messages about who may speak, and in which words: keys, participants, wordings."""

from typing import ClassVar

from contracts.fields import KeyId, Message, Number, Places, Services, Sha256, Time, Wording
from contracts.topics import ERASURE, Topic
from contracts.vocabulary import Language, MessageType, Role, ServiceName


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


class KeyRetired(OfRegister):
    """Nobody signs with this key any more: a line with a later time is not its word.

    What it signed before is sent again and believed, so that a restored backup loses nothing;
    signed by the root key.
    """

    type: ClassVar[MessageType] = MessageType.KEY_RETIRED
    key_id: KeyId
    not_after: Time


class KeyRevoked(OfRegister):
    """Somebody else may hold this key: from these places on nobody believes it; signed by the root.

    What stands before them stays valid. Places decide and not times, since whoever holds a key
    writes any time into a line. In a partition that is not named the key is never believed.
    """

    type: ClassVar[MessageType] = MessageType.KEY_REVOKED
    key_id: KeyId
    places: Places


class RegisterPublished(OfRegister):
    """Version of the register of participants; requests name the version they were frozen from."""

    type: ClassVar[MessageType] = MessageType.REGISTER_PUBLISHED
    version: Number
    participants: Services


class WordingPublished(OfRegister):
    """A text that people may agree to exists from now on; said once, by the service that shows it.

    So the log dates it: a consent that names another digest for this version names a text that
    nobody published. `sha256` is of the text's bytes.
    """

    type: ClassVar[MessageType] = MessageType.WORDING_PUBLISHED
    service: ServiceName
    wording: Wording
    version: Number
    language: Language
    sha256: Sha256

    @property
    def name(self) -> tuple[str, str, int, str]:
        """Which text it is: for each of these there is one digest, for ever."""
        return self.service, self.wording, self.version, self.language.value

    def speaks_for(self, service: str) -> bool:
        """Refuse another service's text."""
        return service == self.service
