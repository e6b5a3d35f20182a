"""Of what a service hears of itself alone, the records of others are passed over unopened."""

from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord
from nacl.signing import SigningKey

from contracts.messages import AliasesDestroyed, SliceErased, SubjectsClosed
from contracts.proof import Signer
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from services import registry
from shared.consumer.keyring import Keys
from shared.consumer.lines import Reader
from shared.consumer.opening import Batch, Opener
from shared.keys import apply_keys, load_ring, signer_for
from shared.settings import Settings
from tests.kernel import note, sealed


async def read_by(service: str, settings: Settings, signer: Signer) -> Batch:
    """Open one record as a service that hears only its own."""
    told = [AliasesDestroyed(request_id=uuid4(), count=1, remaining=0)]
    ((made, proof),) = sealed(told, signer)
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        ERASURE.name, 0, 7, 0, 0, made.key, made.value, None, 0, 0, tuple(proof.headers())
    )
    own = frozenset({AliasesDestroyed})
    reader = Reader(service, [ERASURE.name], {AliasesDestroyed: note}, own=own)
    return await Opener(settings, reader, Keys(settings, load_ring(settings))).open(
        ERASURE.name, 0, [record]
    )


@pytest.mark.parametrize(
    ("service", "opened"), [("rights", 1), ("rights_verifier", 1), ("newsletter", 0)]
)
async def test_only_the_own_ones_are_opened_and_the_position_moves_over_all(
    settings: Settings, service: str, opened: int
) -> None:
    apply_keys(settings, ("rights", "newsletter"), ())

    batch = await read_by(service, settings, signer_for(settings, "rights", Role.SERVICE))

    assert (len(batch.deliveries), batch.next_offset) == (opened, 8)


async def test_a_forgery_under_ones_own_key_is_refused(settings: Settings) -> None:
    apply_keys(settings, ("rights",), ())
    forger = Signer("rights", Role.SERVICE, bytes(SigningKey.generate()))
    forger.key_id = signer_for(settings, "rights", Role.SERVICE).key_id

    batch = await read_by("rights", settings, forger)

    assert [refused.error for refused in batch.refused] == ["BadProof"]


def test_who_hears_more_than_a_slice_opens_the_records_of_all() -> None:
    alone = {service.name: service.hears_alone for service in registry.SERVICES}

    assert SliceErased in alone["newsletter"]  # itself
    assert SliceErased not in alone["rights"]  # follows its requests
    assert SubjectsClosed not in alone["website"]  # forgets whom others closed
    assert not any(
        service.hears_alone & frozenset(service.reactions) for service in registry.SERVICES
    )
