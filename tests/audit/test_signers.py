"""The auditor believes nobody but who may say it: every type of the topic, every wrong signer."""

from contracts.proof import Proof, Record
from contracts.topics import ERASURE
from contracts.trust import KeyRing, Trust
from contracts.vocabulary import Role
from services.erasure.audit.entries import Entry, Span
from services.erasure.audit.findings import Kind
from services.erasure.audit.replay import Replay
from tests.forgeries import PERMITTED, Signers, forgeries, made
from tests.kernel import sealed


def test_each_forgery_is_a_finding_and_what_is_permitted_is_counted() -> None:
    signers = Signers(made("root", Role.ROOT))
    told = [one for one in forgeries(signers) if one[1].topic == ERASURE.name]
    news = [sealed([message], signers.root)[0] for message in signers.news]
    span = Span(0, len(news) + len(told))
    replay = Replay(KeyRing(Trust(root=signers.root.public.hex(), keys=())), (span,))
    for offset, (record, proof) in enumerate(news):
        replay.feed(_entry(offset, record, proof))
    assert replay.findings.total == 0

    believed, forged = [], []
    for offset, (name, record, proof) in enumerate(told, len(news)):
        before, found = replay.messages.total(), replay.findings.counts[Kind.FORGED]
        replay.feed(_entry(offset, record, proof))
        if replay.messages.total() > before:
            believed.append(name)
        elif replay.findings.counts[Kind.FORGED] > found:
            forged.append(name)

    replay.close()
    wrong = [name for name, _, _ in told if name != PERMITTED]
    assert set(believed) == {PERMITTED}
    assert len(believed) == len(told) - len(wrong)
    assert forged == wrong


def _entry(offset: int, record: Record, proof: Proof) -> Entry:
    return Entry(0, offset, record.key, record.value, tuple(proof.headers()))
