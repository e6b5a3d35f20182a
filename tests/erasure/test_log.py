"""The log on the real broker: all that is said is in it, in the order of the topic."""

from hashlib import sha256

from contracts.merkle import leaf_hash, root
from contracts.messages import WordingPublished, parse, split_lines
from contracts.proof import Proof
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import of_certificate, of_transaction, split_entries
from contracts.vocabulary import Language, Role
from services.erasure.bundles import bundles
from services.erasure.log import store
from shared.database import unpack_headers
from shared.keys import load_ring
from shared.keys.first import publish_first
from tests.kernel import eventually
from tests.ledger import Ledger


async def entries(on: Ledger) -> list[bytes]:
    """Take every entry of the log, in order."""
    rows = await on.rows("select content from log_tile where level = 0 order by number")
    return [entry for row in rows for entry in split_entries(row["content"])]


async def settled(on: Ledger) -> list[bytes]:
    """Await that everything on the topic is in the log; gives its entries."""
    await on.caught_up()

    async def nothing_waits() -> bool:
        return not await on.value("select count(*) from log_leaf where log_index is null")

    await eventually(nothing_waits)
    return await entries(on)


async def test_a_certificate_is_in_the_log_that_its_bundle_proves(on: Ledger) -> None:
    saga = await on.whole_saga()
    log_key = on.signer("erasure", Role.LOG).public

    async with on.working():
        (envelope,) = await on.certified(saga)
        await settled(on)
        async with on.database.begin() as tx:
            made = await bundles(tx, [saga.id], on.settings.trust.read_bytes())
        log = await entries(on)

    proof = LogProof.read(made[saga.id].log_proof or "")
    entry = of_certificate(sha256(envelope).digest())
    head = proof.check(entry, log_key)
    assert head.origin == "localhost:8000/log"
    assert log[proof.at] == entry
    assert head.root == root(list(map(leaf_hash, log[: head.size])))


async def test_every_transaction_of_the_topic_is_one_leaf_in_its_order(on: Ledger) -> None:
    async with on.working():
        log = await settled(on)

    rows = await on.rows("""select digest, log_index from log_leaf order by partition, "offset" """)
    assert [row["log_index"] for row in rows] == sorted(row["log_index"] for row in rows)
    assert {bytes(row["digest"]) for row in rows} == {e[1:] for e in log if e[:1] == b"\x01"}
    assert len(rows) == sum(e[:1] == b"\x01" for e in log)


async def test_a_wording_that_was_published_is_in_the_log(on: Ledger) -> None:
    said = WordingPublished(
        service="rights", wording="statement", version=1, language=Language.DE, sha256="0" * 64
    )
    async with on.working():
        before = await settled(on)
        sent = await publish_first(on.settings, None, [said])
        log = await settled(on)
    rows = await on.rows("select record_id, value, headers from evidence")
    (row,) = [one for one in rows if parse(split_lines(one["value"])[0]).message == said]
    proof = Proof.from_headers(unpack_headers(row["headers"]))
    signer = load_ring(on.settings).find(proof.key_id)

    assert sent == 1
    assert signer is not None
    assert signer.service == "rights"
    assert of_transaction(row["record_id"], proof, signer) in log[len(before) :]


async def test_only_what_the_topic_names_is_public(on: Ledger) -> None:
    async with on.working():
        await settled(on)

    async with on.database.begin() as tx:
        head = await store.head(tx)
        before = await store.public_note(tx)
        await tx.execute("update log_told set told = 0")
        after = await store.public_note(tx)
    assert before == head.note
    assert Checkpoint.read(head.note).size == head.size
    assert after is None or Checkpoint.read(after).size < head.certified
