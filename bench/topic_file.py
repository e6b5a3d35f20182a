"""A topic in a file, written as our relays and the log's writer would have written it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import BinaryIO

from contracts.identifiers import uuid7
from contracts.merkle import Growing, leaf_hash
from contracts.messages import Message, encode
from contracts.proof import PublicKey, Record, Signer, seal
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import of_certificate, of_transaction
from contracts.topics import ERASURE, ERASURE_SERVICE, MAX_RECORD_BYTES
from contracts.trust import Trust, TrustedKey
from contracts.vocabulary import Role
from services.erasure.audit.entries import Entry
from services.erasure.audit.export import header, written
from services.erasure.facts import Place

HEADER_BYTES = 200  # room for the first line, which is known last
LOG = "privacy.example.org/log"
Said = tuple[Place, bytes]  # where a line stands, and its bytes


class Writer:
    """Writes an export entry by entry, and works out the log over it."""

    def __init__(self, file: BinaryIO, signers: Sequence[Signer], began: datetime) -> None:
        """Leave room for the header; `signers` are everybody, the root key among them."""
        self._file = file
        self._signers = {(one.service, one.role): one for one in signers}
        self._public = {one.key_id: _public(one, began) for one in signers}
        self._leaves = Growing()
        self.now = began
        self.entries = 0
        file.write(b" " * HEADER_BYTES + b"\n")

    def signer(self, service: str, role: Role = Role.SERVICE) -> Signer:
        """Give whose key this is."""
        return self._signers[service, role]

    def say(self, signer: Signer, messages: Sequence[Message]) -> list[Said]:
        """Tell messages of one type in one transaction, in as few records as hold them."""
        self.now += timedelta(milliseconds=1)
        lines = [encode(m, source=signer.service, id=uuid7(), time=self.now) for m in messages]
        kind = messages[0].type.value
        records = [Record(ERASURE.name, 0, kind, None, some) for some in _in_records(lines)]
        said: list[Said] = []
        proofs = seal(records, signer)
        for record, proof in zip(records, proofs, strict=True):
            entry = Entry(0, self.entries, None, record.value, tuple(proof.headers()))
            self._file.write(written(entry))
            said += [
                (Place(0, self.entries, number), line) for number, line in enumerate(record.lines)
            ]
            self.entries += 1
        leaf = of_transaction(records[0].id, proofs[0], self._public[signer.key_id])
        self._leaves.add(leaf_hash(leaf))
        return said

    def log(self, digests: Sequence[bytes]) -> int:
        """Append certificates to the log; gives the first one's index."""
        first = self._leaves.size
        for digest in digests:
            self._leaves.add(leaf_hash(of_certificate(digest)))
        return first

    def finish(self) -> bytes:
        """Write the header; gives the log's signed head."""
        first = header([(0, self.entries)])
        self._file.seek(0)
        self._file.write(first[:-1].ljust(HEADER_BYTES))
        head = Checkpoint(LOG, self._leaves.size, self._leaves.root())
        return head.sign(self.signer(ERASURE_SERVICE, Role.LOG))


def trust_of(signers: Sequence[Signer], since: datetime) -> bytes:
    """Write a list of keys that the first signer, the root, has signed."""
    root, *others = signers
    keys = tuple(
        TrustedKey(
            key_id=one.key_id,
            service=one.service,
            role=one.role,
            public_key=one.public.hex(),
            not_before=since,
        )
        for one in others
    )
    return Trust(root=root.public.hex(), keys=keys).to_json(root)


def _in_records(lines: Sequence[bytes]) -> Iterator[tuple[bytes, ...]]:
    """Share lines out to records, each as full as it may be."""
    left = iter(lines)
    room = ERASURE.max_batch
    while some := tuple(islice(left, min(room, MAX_RECORD_BYTES // (len(lines[0]) + 16)))):
        yield some


def _public(signer: Signer, since: datetime) -> PublicKey:
    return PublicKey(signer.key_id, signer.service, signer.role, signer.public, since)
