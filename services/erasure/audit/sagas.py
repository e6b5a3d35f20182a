"""Sagas as the topic tells them: open ones in memory, closed ones as a digest in a file."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from contracts.identifiers import read_id
from contracts.messages import AliasesDestroyed, ErasureCertified, Event, SliceVerified
from contracts.vocabulary import CertificateOutcome
from services.erasure.audit import open_sagas
from services.erasure.audit.closed import MARK_BYTES, Closed, ClosedSagas
from services.erasure.audit.findings import Kind
from services.erasure.audit.open_sagas import OpenSaga
from services.erasure.audit.order import premature, unfounded
from services.erasure.audit.register import Register
from services.erasure.audit.statements import stated
from services.erasure.audit.told_log import ToldLog
from services.erasure.facts import Fact, Place, ReadBack, Receipt, Supplement, fact_of, owed
from services.erasure.rules import Saga

Found = Callable[[Kind, str, Place | None, str | None], None]  # the last: which request
_HEX_MARK: Final = 2 * MARK_BYTES


class Sagas:
    """Takes in what proven lines say about requests; `found` hears what is wrong."""

    def __init__(
        self, register: Register, log: ToldLog | None, found: Found, *, compare: bool
    ) -> None:
        """Begin without any. `compare`: note what each certificate may say, by the lines."""
        self.open: dict[str, OpenSaga] = {}
        self.closed = ClosedSagas()
        self.outcomes: Counter[CertificateOutcome] = Counter()
        self.certified = self.ended = 0
        self._batches: dict[str, OpenSaga] = {}  # receipts that nobody asked for, until read back
        self._register, self._log, self._found, self._compare = register, log, found, compare

    def fact(self, event: Event, place: Place, raw: bytes, key_id: str) -> bool:
        """Take a line in that counts; False: it is a copy of one that is known."""
        fact = fact_of(event, place, sha256(raw).hexdigest(), key_id)
        if fact is None:
            return False
        message, subject = event.message, event.subject
        batch = isinstance(fact, Receipt | ReadBack) and message.request_id is None  # type: ignore[attr-defined]
        sagas = self._batches if batch else self.open
        opened = sagas.get(subject)
        if opened is None:
            closed = self.closed.get(subject)
            if closed is not None:
                return self._after(subject, closed, fact)
            opened = sagas[subject] = OpenSaga(place.partition)
        early = premature(opened.facts, fact, batch=batch)
        if not opened.add(fact):
            return False
        if early is not None:
            self._found(Kind.REORDERED, early, place, subject)
        elif isinstance(fact, Supplement) and fact not in opened.saga().supplements:
            self._found(Kind.EXTRA, unfounded(fact), place, subject)
        if batch and isinstance(message, SliceVerified) and not message.remaining:
            self._close(subject, sagas.pop(subject), None)
        return True

    def certificate(self, event: Event, message: ErasureCertified, place: Place) -> bool:
        """Judge a certificate and close its saga; False: the saga had one already."""
        subject, digest = event.subject, bytes.fromhex(message.certificate_sha256)
        opened = self.open.pop(subject, None)
        closed = self.closed.get(subject) if opened is None else None
        if closed is not None:
            if closed.certificate != digest:
                self._found(Kind.EXTRA, "a second certificate", place, subject)
            return False
        index, log = message.log_index, self._log
        if not (log is None or index is None or log.certificate(index, digest)):
            what = f"another certificate has index {index} of the log"
            self._found(Kind.FORGED, what, place, subject)
        opened = opened or OpenSaga(place.partition)
        saga = next(opened.certifiables(), None) or opened.saga()
        for kind, what in open_sagas.judge(
            opened, saga, message, event.time, self._register.versions
        ):
            self._found(kind, what, place, subject)
        self.outcomes[message.outcome] += 1
        statements = self._statements(opened, message) if self._compare else b""
        self._close(subject, opened, saga, digest, statements)
        return True

    def end(self, event: Event, message: AliasesDestroyed, place: Place) -> None:
        """Judge the last word about a request."""
        subject, by = event.subject, event.source
        closed = self.closed.get(subject)
        if closed is None:
            self._found(Kind.REORDERED, "forgotten before it was certified", place, None)
        elif by != closed.origin:
            self._found(Kind.FORGED, f"{by} is not the origin", place, subject)
        elif message.remaining:
            self._found(Kind.MISSING, f"{message.remaining} aliases remain", place, subject)
        elif not closed.ended:
            self.closed.put(subject, closed._replace(ended=True))

    def finish(self, now: datetime) -> None:
        """Judge what is open when every line was taken in; `now` says what is late."""
        self.certified, self.ended = self.closed.count()
        for subject, opened in sorted(self.open.items()):
            saga = opened.saga()
            if saga.requested is None:
                self._found(Kind.MISSING, "answers without a request", None, subject)
            elif open_sagas.overdue(saga, now):
                owed = ", ".join(f"{name}: {what}" for name, what in saga.missing.items())
                what = f"not certified when it was due ({owed or 'every answer is there'})"
                self._found(Kind.LATE, what, None, subject)
        for subject, opened in (*self.open.items(), *self._batches.items()):
            self._close(subject, opened, None)

    def _after(self, subject: str, closed: Closed, fact: Fact) -> bool:
        """Judge what comes after a certificate: copies, and work done again after a restore."""
        if closed.knows(fact.digest):
            return False
        if isinstance(fact, Receipt):
            closed = closed.owing(fact.by, owed(fact))
        if isinstance(fact, Supplement):
            settled = closed.settled(fact.by, fact.about)
            closed = settled or closed
            if settled is None:
                self._found(Kind.EXTRA, unfounded(fact), fact.place, subject)
        elif not isinstance(fact, Receipt | ReadBack) or not fact.attempt:
            self._found(Kind.EXTRA, "said after the certificate", fact.place, subject)
        self.closed.put(subject, closed.with_line(fact.digest))
        return True

    def _close(
        self,
        subject: str,
        opened: OpenSaga,
        saga: Saga | None,
        certificate: bytes = b"",
        statements: bytes = b"",
    ) -> None:
        """Let a saga leave memory; `saga` is what a certificate was judged by."""
        reduced = saga or next(opened.certifiables(), None) or opened.saga()
        marks = bytes.fromhex("".join([digest[:_HEX_MARK] for digest in opened.facts]))
        state = sha256(reduced.digest() + certificate).digest()
        origin = ""
        if saga is not None:
            requested = reduced.requested or opened.saga().requested
            origin = requested.origin if requested else "?"
        closed = Closed(opened.partition, state, marks, origin, certificate, statements)
        self.closed.put(subject, _owing(closed, opened))

    def _statements(self, opened: OpenSaga, message: ErasureCertified) -> bytes:
        """Note what the certificate may say by the lines, hash by hash."""
        request_id = read_id(message.subject)
        states = opened.certifiables()
        return b"".join(sorted({stated(request_id, one, message.certified_at) for one in states}))


def _owing(closed: Closed, opened: OpenSaga) -> Closed:
    """Note which last words the receipts of a saga announced and nobody has said yet."""
    receipts = [one for one in opened.facts.values() if isinstance(one, Receipt) and owed(one)]
    if not receipts:
        return closed
    said = {(one.by, one.about) for one in opened.saga().supplements}
    for one in receipts:
        closed = closed.owing(one.by, (about for about in owed(one) if (one.by, about) not in said))
    return closed
