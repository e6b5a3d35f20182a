"""Keys and register reach a real broker once, before anything else."""

from contracts.messages import KeyPublished, RegisterPublished
from contracts.trust import KeyRing, Trust
from contracts.vocabulary import Role
from shared.keys import apply_keys, load_ring, load_trust, root_signer, signer_for
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
