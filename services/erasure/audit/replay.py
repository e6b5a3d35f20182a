"""The replay: every entry of the topic once, in order, believed only as far as it is proven."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from contracts.errors import BadInput, RevokedKey
from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    Event,
    KeyPublished,
    KeyRetired,
    KeyRevoked,
    RegisterPublished,
    SliceVerified,
)
from contracts.proof import Proof, Roots
from contracts.reading import Opened, open_record
from contracts.tlog.entries import of_transaction
from contracts.topics import ERASURE
from contracts.trust import KeyRing
from contracts.vocabulary import CertificateOutcome
from services.erasure.audit import open_sagas
from services.erasure.audit.closed import MARK_BYTES, Closed, ClosedSagas
from services.erasure.audit.diagnosing import HEADERS, reason
from services.erasure.audit.entries import Entry, Span
from services.erasure.audit.findings import Finding, Findings, Kind, Note, Where
from services.erasure.audit.open_sagas import OpenSaga
from services.erasure.audit.order import Clocks, premature
from services.erasure.audit.register import NOT_ASKED, Register
from services.erasure.audit.statements import stated
from services.erasure.audit.told_log import ToldLog
from services.erasure.facts import Fact, Place, ReadBack, Receipt, fact_of

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
PROOF_HEADERS: Final = 6  # `Proof.headers`: what is beside them was signed by nobody


class Replay:
    """Feed it every entry of one partition after the other, in order, then ask for the report."""

    def __init__(
        self, ring: KeyRing, spans: tuple[Span, ...], *, compare: bool = False, log: bool = False
    ) -> None:
        """Begin before the first entry.

        `compare`: certificates will be compared at the end. `log`: the log is worked out too.
        """
        self.findings = Findings()
        self.messages: Counter[str] = Counter()
        self.outcomes: Counter[CertificateOutcome] = Counter()
        self.open: dict[UUID, OpenSaga] = {}
        self.batches: dict[UUID, OpenSaga] = {}  # receipts that nobody asked for, until read back
        self.closed = ClosedSagas()
        self.spans = spans
        self.certified = self.ended = 0
        self.last_said_at = _BEFORE_ALL
        self.log = ToldLog() if log else None
        self.ring = ring
        self._compare = compare
        self._roots = Roots()
        self._clocks = Clocks()
        self._register = Register()
        self._believed: dict[str, dict[int, int]] = {}  # key -> partition -> its last offset
        self._next = [span.begin for span in spans]
        for partition, span in enumerate(spans):
            if span.begin:
                self._find(Kind.MISSING, f"the log begins at offset {span.begin}", partition)

    def feed(self, entry: Entry) -> None:
        """Take one entry in."""
        expected, self._next[entry.partition] = self._next[entry.partition], entry.offset + 1
        at = Where(entry.partition, entry.offset)
        if entry.offset > expected:
            self._found(Kind.MISSING, f"offsets {expected} to {entry.offset - 1}", at)
        elif entry.offset < expected:
            self._found(Kind.REORDERED, "an entry stands after a later one", at)
        opened = self._opened(entry, at)
        if opened is None:
            return
        self._believed.setdefault(opened.signer.key_id, {})[entry.partition] = entry.offset
        if self.log is not None:
            leaf = partial(of_transaction, opened.record_id, opened.proof, opened.signer)
            self.log.transaction(entry.partition, entry.offset, opened.proof.signature, leaf)
        if len(entry.headers) > PROOF_HEADERS:
            self._found(Kind.EXTRA, "a header that nobody signed", at)
        for line, (event, raw) in enumerate(zip(opened.events, opened.record.lines, strict=True)):
            self.messages[event.type.value] += 1
            self.last_said_at = max(self.last_said_at, event.time)
            place = Place(entry.partition, entry.offset, line)
            self._take(event, place, sha256(raw).hexdigest(), opened.signer.key_id)

    def finish(self) -> None:
        """Judge what is left when every entry was fed."""
        self.certified, self.ended = self.closed.count()
        for partition, (span, following) in enumerate(zip(self.spans, self._next, strict=True)):
            if following < span.end:
                what = f"offsets {following} to {span.end - 1}"
                self._find(Kind.MISSING, what, partition)
        for request_id, opened in open_sagas.sorted_by_id(self.open):
            saga = opened.saga()
            if saga.requested is None:
                self._find(Kind.MISSING, "answers without a request", request=request_id)
            elif open_sagas.overdue(saga, self.last_said_at):
                owed = ", ".join(f"{name}: {what}" for name, what in saga.missing.items())
                what = f"not certified when it was due ({owed or 'every answer is there'})"
                self._find(Kind.LATE, what, request=request_id)
        for key, opened in (*self.open.items(), *self.batches.items()):
            self._close(key, opened, "", b"")

    def close(self) -> None:
        """Forget everything: the temporary files are gone."""
        self.closed.close()
        if self.log is not None:
            self.log.close()

    def _opened(self, entry: Entry, at: Where) -> Opened | None:
        try:
            key_id = Proof.from_headers(entry.headers).key_id
        except BadInput:
            self._found(Kind.FORGED, HEADERS, at)
            return None
        signer = self.ring.find(key_id)
        if signer is None:
            self._found(Kind.FORGED, f"unknown key {key_id}", at)
            return None
        try:
            return open_record(
                ERASURE.name,
                entry.partition,
                entry.key,
                entry.value,
                entry.headers,
                offset=entry.offset,
                signer=signer,
                partitions=len(self.spans),
                roots=self._roots,
            )
        except RevokedKey as error:
            self._found(Kind.FORGED, str(error), at)
            return None
        except BadInput:
            why = reason(entry, signer, len(self.spans))
            self._found(Kind.FORGED, why.what, at._replace(line=why.line))
            return None

    def _take(self, event: Event, place: Place, digest: str, key_id: str) -> None:
        message = event.message
        match message:
            case KeyPublished() | KeyRetired() | KeyRevoked():
                self._believe(lambda: self.ring.learn(message), place)
                if isinstance(message, KeyRevoked):
                    self._look_back(message, place)
            case RegisterPublished():
                self._learn(message, place)
            case ErasureCertified():
                if self._certified(message, event.time, place):
                    self._look_at_clock(event.time, place, key_id)
            case AliasesDestroyed():
                self._ended(message, event.source, place)
            case _:
                fact = fact_of(event, place, digest, key_id)
                if fact is not None and self._fact(message.subject, fact, message):
                    self._look_at_clock(event.time, place, key_id)

    def _believe(self, learn: Callable[[], None], place: Place) -> None:
        try:
            learn()
        except BadInput as error:
            self._found(Kind.FORGED, str(error), place)

    def _look_back(self, message: KeyRevoked, place: Place) -> None:
        """Say what was believed beyond the places of a revocation that the list does not have."""
        key = self.ring.find(message.key_id)
        for partition, offset in self._believed.get(message.key_id, {}).items():
            if key is not None and not key.speaks_at(ERASURE.name, partition, offset):
                what = (
                    f"key {key.key_id} was revoked later, and believed up to partition {partition} "
                    f"offset {offset}: replay with a list of keys that has the revocation"
                )
                self._found(Kind.FORGED, what, place)

    def _learn(self, message: RegisterPublished, place: Place) -> None:
        other = self._register.learn(message)
        if other is None:
            self._found(Kind.EXTRA, f"another register version {message.version}", place)
        for name in other or ():
            what = f"{name} was left out by register version {message.version}: {NOT_ASKED}"
            self.findings.note(Note(what, Where(*place)))

    def _look_at_clock(self, time: datetime, place: Place, key_id: str) -> None:
        back = self._clocks.back(place.partition, key_id, time)
        if back is not None:
            what = f"dated {int(back.total_seconds())} s before what its signer said earlier"
            self._found(Kind.REORDERED, what, place)

    def _fact(self, subject: str, fact: Fact, message: object) -> bool:
        """Take a fact in; False: it is a copy of one that is known."""
        request_id = UUID(subject)
        closed = self.closed.get(request_id)
        if closed is not None:
            return self._after(request_id, closed, fact)
        batch = getattr(message, "request_id", request_id) is None
        sagas = self.batches if batch else self.open
        opened = sagas.setdefault(request_id, OpenSaga(fact.place.partition))
        early = premature(opened.facts, fact, batch=batch)
        if not opened.add(fact):
            return False
        if early is not None:
            self._found(Kind.REORDERED, early, fact.place, request_id)
        if batch and isinstance(message, SliceVerified) and not message.remaining:
            self._close(request_id, sagas.pop(request_id), "", b"")
        return True

    def _after(self, request_id: UUID, closed: Closed, fact: Fact) -> bool:
        """Judge what comes after a certificate: copies, and work done again after a restore."""
        if closed.knows(fact.digest):
            return False
        again = isinstance(fact, Receipt | ReadBack) and fact.attempt > 0
        if not again:
            self._found(Kind.EXTRA, "said after the certificate", fact.place, request_id)
        self.closed.put(request_id, closed.with_line(fact.digest))
        return True

    def _certified(self, message: ErasureCertified, said_at: datetime, place: Place) -> bool:
        """Judge a certificate and close its saga; False: the saga had one already."""
        request_id, digest = message.request_id, bytes.fromhex(message.certificate_sha256)
        closed = self.closed.get(request_id)
        if closed is not None:
            if closed.certificate != digest:
                self._found(Kind.EXTRA, "a second certificate", place, request_id)
            return False
        index, log = message.log_index, self.log
        if not (log is None or index is None or log.certificate(index, digest)):
            what = f"another certificate has index {index} of the log"
            self._found(Kind.FORGED, what, place, request_id)
        opened = self.open.pop(request_id, None) or OpenSaga(place.partition)
        for kind, what in open_sagas.judge(opened, message, said_at, self._register.versions):
            self._found(kind, what, place, request_id)
        self.outcomes[message.outcome] += 1
        requested, statements = opened.saga().requested, b""
        if self._compare:
            may_say = {
                stated(request_id, saga, message.certified_at) for saga in opened.certifiables()
            }
            statements = b"".join(sorted(may_say))
        origin = requested.origin if requested else "?"
        self._close(request_id, opened, origin, digest, statements)
        return True

    def _close(
        self, key: UUID, opened: OpenSaga, origin: str, certificate: bytes, statements: bytes = b""
    ) -> None:
        saga = opened.certifiable() or opened.saga()
        marks = b"".join(bytes.fromhex(fact.digest)[:MARK_BYTES] for fact in opened.facts)
        state = sha256(saga.digest() + certificate).digest()
        self.closed.put(
            key, Closed(opened.partition, state, marks, origin, certificate, statements)
        )

    def _ended(self, message: AliasesDestroyed, by: str, place: Place) -> None:
        closed = self.closed.get(message.request_id)
        if closed is None:
            self._found(Kind.REORDERED, "forgotten before it was certified", place)
            return
        if by != closed.origin:
            self._found(Kind.FORGED, f"{by} is not the origin", place, message.request_id)
            return
        if message.remaining:
            what = f"{message.remaining} aliases remain"
            self._found(Kind.MISSING, what, place, message.request_id)
            return
        self.closed.put(message.request_id, replace(closed, ended=True))

    def _found(self, kind: Kind, what: str, at: Place | Where, request: UUID | None = None) -> None:
        about = None if request is None else str(request)
        self.findings.add(Finding(kind, what, at.partition, at.offset, at.line, about))

    def _find(
        self, kind: Kind, what: str, partition: int | None = None, request: UUID | None = None
    ) -> None:
        about = None if request is None else str(request)
        self.findings.add(Finding(kind, what, partition, None, None, about))
