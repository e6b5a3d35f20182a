"""The replay: every entry of the topic once, in order, believed only as far as it is proven."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from contracts.errors import BadInput, RevokedKey
from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    Event,
    KeyPublished,
    KeyRetired,
    KeyRevoked,
    RegisterPublished,
    WordingPublished,
)
from contracts.proof import Proof, Roots
from contracts.reading import Opened, open_record
from contracts.tlog.entries import of_transaction
from contracts.topics import ERASURE
from contracts.trust import KeyRing
from services.erasure.audit.diagnosing import HEADERS, reason
from services.erasure.audit.entries import Entry, Span
from services.erasure.audit.findings import Finding, Findings, Kind, Note, Where
from services.erasure.audit.order import Clocks
from services.erasure.audit.register import NOT_ASKED, Register
from services.erasure.audit.sagas import Sagas
from services.erasure.audit.told_log import ToldLog
from services.erasure.facts import FACTS, Place

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
        self.spans = spans
        self.last_said_at = _BEFORE_ALL
        self.log = ToldLog() if log else None
        self.ring = ring
        self._roots = Roots()
        self._clocks = Clocks()
        self._register = Register()
        self.sagas = Sagas(self._register, self.log, self._about, compare=compare)
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
        self._hear(opened, entry)

    def _hear(self, opened: Opened, entry: Entry) -> None:
        """Take the lines of a proven record in, in order."""
        events, key_id, dated = opened.events, opened.signer.key_id, _BEFORE_ALL
        self.messages[opened.record.type] += len(events)
        self.last_said_at = max(self.last_said_at, *[event.time for event in events])
        for line, (event, raw) in enumerate(zip(events, opened.record.lines, strict=True)):
            place = Place(entry.partition, entry.offset, line)
            # The lines of a transaction share their time: it is looked at once for all of them.
            if self._take(event, place, raw, key_id) and event.time != dated:
                dated = event.time
                self._look_at_clock(dated, place, key_id)

    def finish(self, now: datetime | None = None) -> None:
        """Judge what is left when every entry was fed.

        `now` decides what is late; without it the last time on the topic does.
        """
        for partition, (span, following) in enumerate(zip(self.spans, self._next, strict=True)):
            if following < span.end:
                what = f"offsets {following} to {span.end - 1}"
                self._find(Kind.MISSING, what, partition)
        self.sagas.finish(now or self.last_said_at)

    def close(self) -> None:
        """Forget everything: the temporary files are gone."""
        self.sagas.closed.close()
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

    def _take(self, event: Event, place: Place, raw: bytes, key_id: str) -> bool:
        """Take a line in; True: it is new, and dated by who answers for the time."""
        if event.type in FACTS:
            return self.sagas.fact(event, place, raw, key_id)
        message = event.message
        match message:
            case ErasureCertified():
                return self.sagas.certificate(event, message, place)
            case AliasesDestroyed():
                self.sagas.end(event, message, place)
            case RegisterPublished():
                self._learn(message, place)
            case WordingPublished():
                if not self._register.learn_wording(message):
                    what = f"another text of {message.wording} version {message.version}"
                    self._found(Kind.EXTRA, f"{what} ({message.language})", place)
            case KeyPublished() | KeyRetired() | KeyRevoked():
                self._believe(lambda: self.ring.learn(message), place)
                if isinstance(message, KeyRevoked):
                    self._look_back(message, place)
        return False

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

    def _found(self, kind: Kind, what: str, at: Place | Where) -> None:
        self.findings.add(Finding(kind, what, at.partition, at.offset, at.line))

    def _about(self, kind: Kind, what: str, at: Place | None, request: str | None) -> None:
        if at is None:
            self.findings.add(Finding(kind, what, request_id=request))
        else:
            self.findings.add(Finding(kind, what, at.partition, at.offset, at.line, request))

    def _find(self, kind: Kind, what: str, partition: int) -> None:
        self.findings.add(Finding(kind, what, partition))
