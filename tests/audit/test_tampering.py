"""Whoever has every topic and database but no key: each change of a real topic is named, by place.

And who has one key, but says with it what that key may not say.
"""

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import pytest

from contracts.messages import (
    ErasureCertified,
    Held,
    HoldEnded,
    KeyPublished,
    ProcessorAnswered,
    RegisterPublished,
    SliceErased,
    SliceReerased,
    SliceVerified,
    WordingPublished,
    parse,
    split_lines,
)
from contracts.proof import Signer
from contracts.topics import ROOT
from contracts.vocabulary import CertificateOutcome, Ground, Language, Outcome, ProcessorState, Role
from tests.auditing import History, Lines, at, entry, export_to, renumber, write
from tests.ledger import Saga, read_back, receipt

HOUR = timedelta(hours=1)
# More than two clocks may differ. A key counts from the beginning of its day, so soon after
# midnight a longer lie would be told from its key alone.
TOO_MUCH_SKEW = timedelta(minutes=2)


class Named(NamedTuple):
    """The first finding that must be told: kind, place, a part of the sentence."""

    kind: str
    offset: int | None
    line: int | None
    what: str


Tamper = Callable[[History, Lines], Named]


async def first_of(history: History, file: Path, lines: Lines) -> tuple[int, list[dict[str, Any]]]:
    """Replay lines of an export in a process of its own: exit code and findings."""
    write(file, lines)
    code, out = await history.expunge("audit", "replay", "--from", file, "--json")
    found: list[dict[str, Any]] = orjson.loads(out)["findings"]["first"]
    return code, found


def take_out(lines: Lines, place: int) -> int:
    """Take an entry out; gives the offset that the one after it has, once renumbered."""
    lines.pop(place)
    renumber(lines)
    return place - 1


def put(lines: Lines, place: int, history: History, signer: Signer, *said: Any, **lies: Any) -> int:
    """Put a record in, sealed with a real key; gives its offset."""
    lines.insert(place, entry(*history.on.seal(signer, said, **lies)))
    renumber(lines)
    return place - 1


def append(lines: Lines, history: History, signer: Signer, *said: Any, **lies: Any) -> int:
    """Put a record in at the end."""
    return put(lines, len(lines), history, signer, *said, **lies)


def flip(text: str, byte: int = 0) -> str:
    """Flip one bit of a byte."""
    raw = bytearray(base64.b64decode(text))
    raw[byte] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def messages(line: dict[str, Any]) -> list[bytes]:
    return split_lines(base64.b64decode(line["value"]))


def answer(saga: Saga) -> SliceErased | SliceReerased:
    return receipt(saga.id, covered_until=saga.requested.cutoff)


def certificate_of(saga_id: Any, **other: Any) -> ErasureCertified:
    said = {
        "request_id": saga_id,
        "certificate_sha256": "0" * 64,
        "outcome": CertificateOutcome.COMPLETE,
        "log_index": None,
        "certified_at": datetime.now(UTC),
    }
    return ErasureCertified(**{**said, **other})


def head_cut(_: History, lines: Lines) -> Named:
    del lines[1:3]
    return Named("missing", 2, None, "offsets 0 to 1")


def head_cut_and_hidden(_: History, lines: Lines) -> Named:
    """Take out the register and the first question, whose answer stands there alone."""
    place = at(lines, "erasure-requested")
    del lines[1 : place + 1]
    renumber(lines)
    return Named("reordered", 0, 0, "events spoke before the request")


def head_cut_and_told(_: History, lines: Lines) -> Named:
    lines.pop(1)
    lines[0]["spans"][0][0] = 1
    return Named("missing", None, None, "the log begins at offset 1")


def middle_cut(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 2)
    offset = lines.pop(place)["offset"]
    return Named("missing", offset + 1, None, f"offsets {offset} to {offset}")


def middle_cut_and_hidden(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 2)
    following = take_out(lines, place)
    return Named("reordered", following, 0, "without the receipt that it names before it")


def tail_cut(_: History, lines: Lines) -> Named:
    end = lines[0]["spans"][0][1]
    del lines[-2:]
    return Named("missing", None, None, f"offsets {end - 2} to {end - 1}")


def request_taken_out(_: History, lines: Lines) -> Named:
    following = take_out(lines, at(lines, "erasure-requested"))
    return Named("reordered", following, 0, "spoke before the request")


def certificate_taken_out(_: History, lines: Lines) -> Named:
    take_out(lines, at(lines, "erasure-certified"))
    return Named("reordered", at(lines, "aliases-destroyed") - 1, 0, "before it was certified")


def entries_swapped(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return Named("missing", place, None, f"offsets {place - 1} to {place - 1}")


def entries_swapped_and_hidden(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    renumber(lines)
    return Named("reordered", place - 1, 0, "without the receipt")


def question_after_answer(_: History, lines: Lines) -> Named:
    place = at(lines, "erasure-requested")
    lines[place], lines[place + 1] = lines[place + 1], lines[place]
    renumber(lines)
    return Named("reordered", place - 1, 0, "spoke before the request")


def lines_swapped(_: History, lines: Lines) -> Named:
    place = next(n for n, line in enumerate(lines[1:], 1) if len(messages(line)) > 1)
    first, second, *rest = messages(lines[place])
    value = b"[\n" + b",\n".join([second, first, *rest]) + b"\n]"
    lines[place]["value"] = base64.b64encode(value).decode()
    return Named("forged", place - 1, None, "signature does not hold")


def line_taken_out(_: History, lines: Lines) -> Named:
    place = next(n for n, line in enumerate(lines[1:], 1) if len(messages(line)) > 1)
    value = b"[\n" + b",\n".join(messages(lines[place])[1:]) + b"\n]"
    lines[place]["value"] = base64.b64encode(value).decode()
    return Named("forged", place - 1, None, "signature does not hold")


def value_changed(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-verified", 1)
    lines[place]["value"] = flip(lines[place]["value"], 100)
    return Named("forged", place - 1, None, "signature does not hold")


def value_emptied(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-verified", 1)
    lines[place]["value"] = ""
    return Named("forged", place - 1, None, "not a record")


def kafka_key_given(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 1)
    lines[place]["key"] = base64.b64encode(b"x").decode()
    return Named("forged", place - 1, None, "not a record")


def header(number: int, what: str) -> Tamper:
    def tamper(_: History, lines: Lines) -> Named:
        place = at(lines, "slice-erased", 1)
        headers = lines[place]["headers"]
        headers[number][1] = flip(headers[number][1] or base64.b64encode(b"\0" * 32).decode())
        return Named("forged", place - 1, None, what)

    return tamper


def header_added(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 1)
    lines[place]["headers"].append(["traceparent", base64.b64encode(b"00").decode()])
    return Named("extra", place - 1, None, "a header that nobody signed")


def header_taken(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 1)
    lines[place]["headers"].pop()
    return Named("forged", place - 1, None, "its headers are no proof")


def proof_of_another(_: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 1)
    lines[place]["headers"] = lines[at(lines, "slice-erased", 0)]["headers"]
    return Named("forged", place - 1, None, "signature does not hold")


def key_of_nobody(history: History, lines: Lines) -> Named:
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    offset = append(lines, history, signer, answer(history.open))
    return Named("forged", offset, None, f"unknown key {signer.key_id}")


def receipt_of_another_service(history: History, lines: Lines) -> Named:
    said = answer(history.open)
    signer = history.on.signer("newsletter")
    offset = append(lines, history, signer, said, source="rights")
    what = "newsletter signed what is said in the name of rights"
    return Named("forged", offset, 0, what)


def second_line_of_another(history: History, lines: Lines) -> Named:
    """Say in the second line what the first makes look permitted."""
    own, other = history.on.signer("events", Role.VERIFIER), receipt(None)
    said = [read_back(name, b"", other) for name in ("events", "newsletter")]
    offset = append(lines, history, own, *said)
    return Named("forged", offset, 1, "events may not say this about another")


def verifier_erases(history: History, lines: Lines) -> Named:
    signer = history.on.signer("newsletter", Role.VERIFIER)
    offset = append(lines, history, signer, answer(history.open))
    return Named("forged", offset, 0, "a verifier key of newsletter may not say slice-erased")


def service_verifies_itself(history: History, lines: Lines) -> Named:
    said = receipt(None)
    signer = history.on.signer("newsletter")
    offset = append(lines, history, signer, read_back("newsletter", b"", said))
    return Named("forged", offset, 0, "a service key of newsletter may not say slice-verified")


def verifier_of_another(history: History, lines: Lines) -> Named:
    place = at(lines, "slice-erased", 0)
    (line,) = messages(lines[place])
    said = parse(line).message
    assert isinstance(said, SliceErased)
    signer = history.on.signer("newsletter", Role.VERIFIER)
    offset = put(lines, place + 1, history, signer, read_back("events", line, said))
    return Named("forged", offset, 0, "newsletter may not say this about another")


def slice_certifies(history: History, lines: Lines) -> Named:
    signer = history.on.signer("rights")
    offset = append(lines, history, signer, certificate_of(history.open.id))
    return Named("forged", offset, 0, "a service key of rights may not say erasure-certified")


def certificate_without_receipts(history: History, lines: Lines) -> Named:
    signer = history.on.signer("erasure")
    offset = append(lines, history, signer, certificate_of(history.open.id))
    what = "certified although something is missing (newsletter: receipt, rights: receipt)"
    return Named("forged", offset, 0, what)


def certificate_of_nothing(history: History, lines: Lines) -> Named:
    offset = append(lines, history, history.on.signer("erasure"), certificate_of(uuid4()))
    return Named("forged", offset, 0, "something is missing (the request)")


def take_certificate(lines: Lines) -> tuple[int, ErasureCertified]:
    """Take out the first word of a certificate; gives where it stood and what it said."""
    place = at(lines, "erasure-certified")
    said = parse(messages(lines[place])[0]).message
    assert isinstance(said, ErasureCertified)
    lines.pop(place)
    return place, said


def certified_otherwise(history: History, lines: Lines) -> Named:
    place, said = take_certificate(lines)
    outcome = CertificateOutcome.COMPLETE_WITH_RETENTION
    retained = certificate_of(said.request_id, outcome=outcome)
    offset = put(lines, place, history, history.on.signer("erasure"), retained)
    return Named("forged", offset, 0, "certified as complete-with-retention")


def certificate_dated_back(history: History, lines: Lines) -> Named:
    place, said = take_certificate(lines)
    early = said.certified_at - TOO_MUCH_SKEW
    dated = certificate_of(said.request_id, certified_at=early)
    offset = put(lines, place, history, history.on.signer("erasure"), dated, at=early)
    return Named("forged", offset, 0, "dated before the read-back of events")


def certificate_with_two_times(history: History, lines: Lines) -> Named:
    place, said = take_certificate(lines)
    dated = certificate_of(said.request_id, certified_at=said.certified_at + HOUR)
    signer = history.on.signer("erasure")
    offset = put(lines, place, history, signer, dated, at=said.certified_at)
    return Named("forged", offset, 0, "another time than the line")


def second_certificate(history: History, lines: Lines) -> Named:
    said = certificate_of(history.certified[0].id)
    offset = append(lines, history, history.on.signer("erasure"), said)
    return Named("extra", offset, 0, "a second certificate")


def dated_before_its_key(history: History, lines: Lines) -> Named:
    signer = history.on.signer("newsletter")
    said = answer(history.open)
    offset = append(lines, history, signer, said, at=datetime.now(UTC) - 24 * HOUR)
    return Named("forged", offset, 0, "dated before its key was valid")


def new_key(signer: Signer, not_before: datetime) -> KeyPublished:
    return KeyPublished(
        key_id=signer.key_id,
        service=signer.service,
        role=signer.role,
        public_key=signer.public.hex(),
        not_before=not_before,
    )


def rotated_key_before_its_time(history: History, lines: Lines) -> Named:
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    root = history.on.signer(ROOT, Role.ROOT)
    append(lines, history, root, new_key(signer, datetime.now(UTC) + HOUR))
    offset = append(lines, history, signer, receipt(None))
    return Named("forged", offset, 0, "dated before its key was valid")


def key_by_another_root(history: History, lines: Lines) -> Named:
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    erasure = history.on.signer("erasure")
    offset = append(lines, history, erasure, new_key(signer, datetime.now(UTC)), source=ROOT)
    return Named("forged", offset, 0, "a service key of erasure may not say key-published")


def key_used_before_it_was_told(history: History, lines: Lines) -> Named:
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    offset = append(lines, history, signer, receipt(None))
    root = history.on.signer(ROOT, Role.ROOT)
    append(lines, history, root, new_key(signer, datetime.now(UTC) - HOUR))
    return Named("forged", offset, None, f"unknown key {signer.key_id}")


def clock_set_back(history: History, lines: Lines) -> Named:
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    now = datetime.now(UTC)
    root = history.on.signer(ROOT, Role.ROOT)
    append(lines, history, root, new_key(signer, now - 2 * HOUR))
    append(lines, history, signer, receipt(None), at=now)
    offset = append(lines, history, signer, receipt(None), at=now - HOUR)
    return Named("reordered", offset, 0, "dated 3600 s before what its signer said earlier")


def second_register(history: History, lines: Lines) -> Named:
    said = RegisterPublished(version=1, participants=("events",))
    offset = append(lines, history, history.on.signer("erasure"), said)
    return Named("extra", offset, 0, "another register version 1")


def second_text(history: History, lines: Lines) -> Named:
    """Let a service say of a wording that it was another text all along."""
    first = WordingPublished(
        service="events", wording="seat", version=1, language=Language.EN, sha256="0" * 64
    )
    append(lines, history, history.on.signer("events"), first)
    append(lines, history, history.on.signer("events"), first)
    said = first.model_copy(update={"sha256": "1" * 64})
    offset = append(lines, history, history.on.signer("events"), said)
    return Named("extra", offset, 0, "another text of seat version 1 (en)")


def second_receipt(history: History, lines: Lines) -> Named:
    """Let a participant change its mind between its receipt and the certificate."""
    place = at(lines, "erasure-certified")
    certified = parse(messages(lines[place])[0]).message
    assert isinstance(certified, ErasureCertified)
    said = receipt(certified.request_id, rows={"subscriber": 9})
    put(lines, place, history, history.on.signer("newsletter"), said)
    return Named("extra", place, 0, "newsletter gave 2 different receipts for attempt 0")


def read_back_after_the_certificate(history: History, lines: Lines) -> Named:
    said = SliceVerified(
        **{
            **read_back("events", b"", receipt(history.certified[0].id)).model_dump(),
            "remaining": 1,
        }
    )
    offset = append(lines, history, history.on.signer("events", Role.VERIFIER), said)
    return Named("extra", offset, 0, "said after the certificate")


def answer_of_nobody(history: History, lines: Lines) -> Named:
    """Let a slice say after the certificate what its receipt never announced."""
    said = answered(history.certified[0].id, "post")
    offset = append(lines, history, history.on.signer("events"), said)
    return Named("extra", offset, 0, "which no receipt of its named before")


def answer_before_the_certificate(history: History, lines: Lines) -> Named:
    said = answered(history.open.id, "post")
    offset = append(lines, history, history.on.signer("events"), said)
    return Named("extra", offset, 0, "which no receipt of its named before")


def announced(history: History, lines: Lines) -> Any:
    """Let a slice erase again after the certificate, and name whom it tells and what it keeps."""
    request = history.certified[0].id
    kept = Held(ground=Ground.CONTRACT, reference="bgb-195", until=EPOCH, rows=2)
    said = receipt(request, attempt=1, recipients=("post",), outcome=Outcome.HELD, held=(kept,))
    append(lines, history, history.on.signer("newsletter"), said)
    return request


def answer_of_another_slice(history: History, lines: Lines) -> Named:
    said = answered(announced(history, lines), "post")
    offset = append(lines, history, history.on.signer("events"), said)
    return Named("extra", offset, 0, "events says the answer of post, which no receipt")


def answer_twice(history: History, lines: Lines) -> Named:
    said = answered(announced(history, lines), "post")
    signer = history.on.signer("newsletter")
    append(lines, history, signer, said)
    offset = append(lines, history, signer, said)
    return Named("extra", offset, 0, "or says it twice")


def hold_of_another_day(history: History, lines: Lines) -> Named:
    said = ended(announced(history, lines), until=EPOCH - HOUR)
    offset = append(lines, history, history.on.signer("newsletter"), said)
    return Named("extra", offset, 0, "the end of 2 rows kept for contract (bgb-195) until 1969")


def hold_of_fewer_rows(history: History, lines: Lines) -> Named:
    said = ended(announced(history, lines), rows=1)
    offset = append(lines, history, history.on.signer("newsletter"), said)
    return Named("extra", offset, 0, "the end of 1 rows")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answered(request: Any, recipient: str) -> ProcessorAnswered:
    return ProcessorAnswered(
        request_id=request,
        recipient=recipient,
        state=ProcessorState.VERIFIED,
        reason=None,
        answered_at=datetime.now(UTC),
    )


def ended(request: Any, **other: Any) -> HoldEnded:
    said = {"request_id": request, "ground": Ground.CONTRACT, "reference": "bgb-195"}
    said |= {"until": EPOCH, "rows": 2, "ended_at": datetime.now(UTC)}
    return HoldEnded(**{**said, **other})


TAMPERS: dict[str, Tamper] = {
    tamper.__name__: tamper
    for tamper in (
        head_cut,
        head_cut_and_hidden,
        head_cut_and_told,
        middle_cut,
        middle_cut_and_hidden,
        tail_cut,
        request_taken_out,
        certificate_taken_out,
        entries_swapped,
        entries_swapped_and_hidden,
        question_after_answer,
        lines_swapped,
        line_taken_out,
        value_changed,
        value_emptied,
        kafka_key_given,
        header_added,
        header_taken,
        proof_of_another,
        key_of_nobody,
        receipt_of_another_service,
        second_line_of_another,
        verifier_erases,
        service_verifies_itself,
        verifier_of_another,
        slice_certifies,
        certificate_without_receipts,
        certificate_of_nothing,
        certified_otherwise,
        certificate_dated_back,
        certificate_with_two_times,
        second_certificate,
        dated_before_its_key,
        rotated_key_before_its_time,
        key_by_another_root,
        key_used_before_it_was_told,
        clock_set_back,
        second_register,
        second_text,
        second_receipt,
        read_back_after_the_certificate,
        answer_of_nobody,
        answer_before_the_certificate,
        answer_of_another_slice,
        answer_twice,
        hold_of_another_day,
        hold_of_fewer_rows,
    )
} | {
    f"header_{number}_changed": header(number, what)
    for number, what in enumerate(
        [
            "signature does not hold",
            "unknown key",
            "signature does not hold",
            "signature does not hold",
            "signature does not hold",
            "signature does not hold",
        ]
    )
}


@pytest.mark.rule("R-3P-03", "R-ACC-11")
@pytest.mark.parametrize("name", TAMPERS)
async def test_the_first_bad_entry_is_named(history: History, exported: Path, name: str) -> None:
    lines = await export_to(history, exported)

    wanted = TAMPERS[name](history, lines)
    code, found = await first_of(history, exported, lines)

    first = found[0]
    assert (code, first["kind"], first["offset"], first["line"]) == (
        1,
        wanted.kind,
        wanted.offset,
        wanted.line,
    ), first["what"]
    assert wanted.what in first["what"]


async def test_a_rotated_key_speaks_from_its_day_on(history: History, exported: Path) -> None:
    lines = await export_to(history, exported)
    signer = Signer("newsletter", Role.SERVICE, os.urandom(32))
    root = history.on.signer(ROOT, Role.ROOT)

    append(lines, history, root, new_key(signer, datetime.now(UTC) - HOUR))
    append(lines, history, signer, receipt(None))
    code, found = await first_of(history, exported, lines)

    assert (code, found) == (0, [])


async def test_what_a_receipt_announced_may_be_said_after_the_certificate(
    history: History, exported: Path
) -> None:
    lines = await export_to(history, exported)
    request = announced(history, lines)
    before, found = await first_of(history, exported, lines)
    for said in (answered(request, "post"), ended(request)):
        append(lines, history, history.on.signer("newsletter"), said)

    code, after = await first_of(history, exported, lines)

    assert (before, found, code, after) == (0, [], 0, [])


async def test_certificates_in_hand_show_that_entries_were_moved(
    history: History, exported: Path
) -> None:
    """A copy of the first entry moves all others, which nothing on the topic contradicts."""
    lines = await export_to(history, exported)
    lines.insert(1, dict(lines[1]))
    renumber(lines)
    code, found = await first_of(history, exported, lines)
    replay = ("audit", "replay", "--from", exported, "--certificates", "database", "--json")

    compared, out = await history.expunge(*replay)

    said = orjson.loads(out)["findings"]["first"]
    assert (code, found, compared) == (0, [], 1)
    assert {one["request"] for one in said} == {str(saga.id) for saga in history.certified}
    assert {one["what"] for one in said} == {
        "the certificate says otherwise than the lines, or where on the topic they are"
    }


async def test_what_no_replay_can_see_is_said_in_its_limits(
    history: History, exported: Path
) -> None:
    """Whole sagas that were taken out of the end, with offsets and end told anew."""
    lines = await export_to(history, exported)
    del lines[at(lines, "erasure-requested", -1) :]
    renumber(lines)

    write(exported, lines)
    code, out = await history.expunge("audit", "replay", "--from", exported, "--json")
    _, text = await history.expunge("audit", "replay", "--from", exported)

    limits = " ".join(orjson.loads(out)["limits"])
    assert code == 0
    assert "A tail that was cut off is seen only against an end that somebody noted outside" in (
        limits
    )
    assert all(limit in text.decode() for limit in orjson.loads(out)["limits"])
