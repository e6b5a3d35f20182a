"""Keys and register reach a real broker once, before anything else."""

import pytest

from contracts.messages import KeyPublished, RegisterPublished, WordingPublished
from contracts.trust import KeyRing, Trust
from contracts.vocabulary import Language, Role
from shared.keys import KeysWrong, apply_keys, load_ring, load_trust, root_signer, signer_for
from shared.keys.first import publish_first, read_register
from shared.outbox.topics import apply
from shared.settings import Settings

SERVICES = ("newsletter", "erasure", "rights")


async def test_the_register_partition_is_filled_once(settings: Settings) -> None:
    apply_keys(settings, SERVICES, ("newsletter", "rights"))
    await apply(settings)
    before = await read_register(settings, load_ring(settings))

    sent = [await publish_first(settings, ("newsletter", "rights")) for _ in range(2)]
    changed = await publish_first(settings, ("newsletter",))

    only_root = KeyRing(Trust(root=root_signer(settings).public.hex(), keys=()))
    found = await read_register(settings, only_root)
    keys = [message.key_id for message in found if isinstance(message, KeyPublished)]
    assert (before, sent, changed) == ([], [2, 0], 1)
    assert sorted(keys) == sorted(key.key_id for key in load_trust(settings).keys)
    assert [message for message in found if isinstance(message, RegisterPublished)] == [
        RegisterPublished(version=1, participants=("newsletter", "rights")),
        RegisterPublished(version=2, participants=("newsletter",)),
    ]
    assert only_root.find(signer_for(settings, "rights", Role.VERIFIER).key_id) is not None


WORDING = WordingPublished(
    service="newsletter", wording="newsletter", version=1, language=Language.DE, sha256="0" * 64
)


async def test_each_wording_is_said_once_by_the_service_whose_it_is(settings: Settings) -> None:
    others = WORDING.model_copy(update={"service": "rights"})
    english = WORDING.model_copy(update={"language": Language.EN})
    another = WORDING.model_copy(update={"sha256": "1" * 64})

    sent = [await publish_first(settings, None, (WORDING, others)) for _ in range(2)]
    more = await publish_first(settings, None, (WORDING, english, others))
    with pytest.raises(KeysWrong, match="newsletter version 1"):
        await publish_first(settings, None, (english, another))

    found = await read_register(settings, load_ring(settings))
    said = [message for message in found if isinstance(message, WordingPublished)]
    assert (sent, more, said) == ([2, 0], 1, [WORDING, others, english])
