"""A list of keys as it is after one was revoked."""

from contracts.fields import RevokedFrom
from contracts.proof import Signer
from contracts.topics import ERASURE
from contracts.trust import Trust


def revoked(trust: Trust, root: Signer, key_id: str, *places: RevokedFrom) -> bytes:
    """Write the list with the revocation of a key from places on."""
    keys = tuple(
        key.model_copy(update={"revoked_from": places}) if key.key_id == key_id else key
        for key in trust.keys
    )
    return trust.model_copy(update={"keys": keys}).to_json(root)


def end_at(offset: int, partition: int = 0) -> RevokedFrom:
    """Name a place of the erasure topic."""
    return RevokedFrom(topic=ERASURE.name, partition=partition, offset=offset)
