"""The one-file verifier accepts a true bundle and nothing that was bent, left out or invented."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from contracts import verify_bundle
from contracts.bundle import Bundle, Evidence, Supplement
from contracts.certificate import PAYLOAD_TYPE as CERTIFICATE
from contracts.certificate import Predicate, Processor
from contracts.envelope import close_envelope
from contracts.fields import RevokedFrom
from contracts.messages import (
    AliasesDestroyed,
    HoldEnded,
    ProcessorAnswered,
    SliceErased,
    SliceReerased,
)
from contracts.proof import Record, Signer, seal
from contracts.tlog.entries import of_certificate
from contracts.trust import PAYLOAD_TYPE, Trust
from contracts.verify_bundle import text, verify
from contracts.vocabulary import (
    CertificateOutcome,
    Impossible,
    Outcome,
    ProcessorState,
    ReadBack,
    Role,
)
from tests.contracts.samples import (
    ANSWERED,
    ERASED,
    HOLD_ENDED,
    NOW,
    REQUEST,
    RETAINED,
    digest,
    signer,
)
from tests.contracts.story import (
    ALL,
    LOG,
    NONCE,
    OFFSET,
    ORIGIN,
    ROOT,
    Story,
    erased,
    extended,
    leaf_of,
    logged,
    requested,
    story,
    told,
    trusted,
    verified,
    with_receipt,
)
from tests.revoking import end_at, revoked

SOURCE = Path(verify_bundle.__file__)
TRUE = story().bundle().to_json()
OTHER = UUID("0195652e-5c00-7000-8000-00000000ffff")
NEWSLETTER = signer("newsletter")
ITS_VERIFIER = signer("newsletter", Role.VERIFIER)
PLACE = story().participant("newsletter").topic
SEEN = story().participant("newsletter").read_back


def problem(bundle: Bundle | bytes, **given: Any) -> str:
    report = verify(bundle if isinstance(bundle, bytes) else bundle.to_json(), **given)
    assert report["valid"] is (report["problem"] == "")
    assert "certificate" not in report or report["valid"], "an invalid report shows no claims"
    return str(report["problem"])


def test_a_true_bundle_is_valid_and_says_on_whose_word() -> None:
    own = verify(TRUE)
    pinned = verify(TRUE, root=ROOT.public.hex())
    configured = verify(TRUE, trust=trusted(*ALL))

    assert [own["valid"], pinned["valid"], configured["valid"]] == [True] * 3
    assert [own["pinned"], pinned["pinned"], configured["pinned"]] == [False, True, True]
    assert own["person"]
    assert own["root"] == ROOT.public.hex()
    assert "own word" in text(own)
    assert "own word" not in text(pinned)
    assert own["log"] == {"origin": ORIGIN, "index": 3, "size": 7}
    assert f"leaf 3 of 7 in the log {ORIGIN}" in text(own)


@pytest.mark.parametrize(
    "true",
    [
        replace(story(), nonce=None),
        with_receipt(told(RETAINED, NEWSLETTER)),
        with_receipt(told(SliceReerased(**ERASED.model_dump(), attempt=2), NEWSLETTER)),
        with_receipt(told(ERASED, NEWSLETTER, among=1)),
        with_receipt(
            told(erased("newsletter", covered_until=NOW - timedelta(seconds=5)), NEWSLETTER)
        ),
        extended("events"),
    ],
    ids=["without nonce", "held", "erased again", "alone in its record", "skew", "extended"],
)
def test_other_true_stories_are_valid_too(true: Story) -> None:
    assert problem(true.bundle()) == ""


def test_retention_is_said() -> None:
    report = verify(with_receipt(told(RETAINED, NEWSLETTER)).bundle().to_json())

    assert report["certificate"]["outcome"] == "complete-with-retention"


# What it says about recipients outside, and about what came after the certificate.

TOLD = erased("newsletter", recipients=("eloqua", "post"))
UNTIL = RETAINED.held[0].until
LATER = UNTIL + timedelta(seconds=1)
FORGOTTEN = AliasesDestroyed(request_id=REQUEST, count=1, remaining=0)


def answered(recipient: str = "post", **changes: Any) -> ProcessorAnswered:
    return ANSWERED.model_copy(update={"recipient": recipient, **changes})


def ended(**changes: Any) -> HoldEnded:
    return HOLD_ENDED.model_copy(update={"until": UNTIL, "ended_at": LATER, **changes})


def after(*supplements: Evidence, receipt: SliceErased = TOLD, **changes: Any) -> Story:
    told_so = with_receipt(told(receipt.model_copy(update=changes), NEWSLETTER))
    return replace(told_so, supplements=supplements)


HELD_TOO: dict[str, Any] = {"held": RETAINED.held, "outcome": Outcome.HELD}
FROM_NEWSLETTER = told(answered(), NEWSLETTER, among=1)


def test_a_certificate_names_whom_the_receipts_name() -> None:
    report = verify(after().bundle().to_json())

    assert report["problem"] == ""
    assert report["certificate"]["processors"] == [
        {"recipient": name, "state": "told", "reason": None} for name in ("eloqua", "post")
    ]
    assert "eloqua" in text(report)
    assert report["since"] == []


CLAIMED: dict[str, tuple[Any, ...]] = {
    "nobody": (),
    "one too few": (Processor(recipient="post", state=ProcessorState.TOLD),),
    "another": tuple(
        Processor(recipient=name, state=ProcessorState.TOLD) for name in ("eloqua", "hotjar")
    ),
    "an answer": tuple(
        Processor(recipient=name, state=ProcessorState.VERIFIED) for name in ("eloqua", "post")
    ),
}


@pytest.mark.parametrize("claimed", CLAIMED.values(), ids=CLAIMED.keys())
def test_processors_that_no_receipt_names_so_are_found(claimed: tuple[Any, ...]) -> None:
    lying = replace(after(), edit=lambda true: true.model_copy(update={"processors": claimed}))

    assert problem(lying.bundle()) == "the certificate: processors is not what was signed"


def test_what_was_said_since_is_proven_and_printed() -> None:
    said = (
        told(answered("post"), NEWSLETTER),
        told(
            answered("eloqua", state=ProcessorState.IMPOSSIBLE, reason=Impossible.ART_11),
            NEWSLETTER,
        ),
        told(ended(), NEWSLETTER),
        told(FORGOTTEN, signer("rights")),
    )
    report = verify(after(*said, **HELD_TOO).bundle().to_json())

    assert report["problem"] == ""
    assert [one["type"] for one in report["since"]] == [
        "processor-answered",
        "processor-answered",
        "hold-ended",
        "aliases-destroyed",
    ]
    assert {one["service"] for one in report["since"][:3]} == {"newsletter"}
    assert report["since"][2]["reference"] == "hgb-257"
    assert text(report).count("since then: ") == len(said)
    bundle = Bundle.from_json(after(*said, **HELD_TOO).bundle().to_json())
    assert len(bundle.supplements) == len(said)


SINCE_LIES: dict[str, Callable[[], Story]] = {
    "an answer of a recipient nobody named": lambda: after(told(answered("hotjar"), NEWSLETTER)),
    "an answer by another slice": lambda: after(told(answered(), signer("rights"))),
    "an answer by the verifier": lambda: after(told(answered(), ITS_VERIFIER)),
    "an answer by a stranger": lambda: after(told(answered(), signer("mallory"))),
    "an answer in another's name": lambda: after(
        told(answered(), signer("rights"), source="newsletter")
    ),
    "an answer twice": lambda: after(FROM_NEWSLETTER, FROM_NEWSLETTER),
    "two answers": lambda: after(
        FROM_NEWSLETTER, told(answered(state=ProcessorState.VERIFIED), NEWSLETTER)
    ),
    "an answer that is none": lambda: after(told(answered(state=ProcessorState.TOLD), NEWSLETTER)),
    "an answer of another request": lambda: after(told(answered(request_id=OTHER), NEWSLETTER)),
    "a hold that nobody named": lambda: after(told(ended(), NEWSLETTER)),
    "a hold of another paragraph": lambda: after(
        told(ended(reference="ao-147-3"), NEWSLETTER), **HELD_TOO
    ),
    "a hold of fewer rows": lambda: after(told(ended(rows=2), NEWSLETTER), **HELD_TOO),
    "a hold with an earlier day": lambda: after(told(ended(until=NOW), NEWSLETTER), **HELD_TOO),
    "a hold that ended early": lambda: after(
        told(ended(ended_at=UNTIL - timedelta(microseconds=1)), NEWSLETTER), **HELD_TOO
    ),
    "a hold ended by another": lambda: after(told(ended(), signer("rights")), **HELD_TOO),
    "forgotten by another than the origin": lambda: after(told(FORGOTTEN, NEWSLETTER)),
    "forgotten but for one": lambda: after(
        told(FORGOTTEN.model_copy(update={"remaining": 1}), signer("rights"))
    ),
    "another message": lambda: after(told(TOLD, NEWSLETTER)),
}


@pytest.mark.rule("R-3P-03", "R-ACC-11")
@pytest.mark.parametrize("lie", SINCE_LIES.values(), ids=SINCE_LIES.keys())
def test_a_supplement_that_nothing_announced_is_found(lie: Callable[[], Story]) -> None:
    assert problem(lie().bundle())


def test_no_byte_of_a_supplement_can_be_changed() -> None:
    bundle = orjson.loads(after(FROM_NEWSLETTER).bundle().to_json())
    line = base64.b64decode(bundle["supplements"][0]["line"])
    for at in range(len(line)):
        changed = line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
        bundle["supplements"][0]["line"] = base64.b64encode(changed).decode()
        assert problem(orjson.dumps(bundle)), f"byte {at} of the line"


def in_log(line: Evidence, proof: str | None) -> Supplement:
    return Supplement(**dict(line), log_proof=proof)


def test_a_supplement_may_be_proven_to_be_in_the_log() -> None:
    proof = logged(leaf_of(FROM_NEWSLETTER, NEWSLETTER), at=5)

    reports = [
        verify(after(in_log(FROM_NEWSLETTER, one)).bundle().to_json()) for one in (proof, None)
    ]

    assert [one["problem"] for one in reports] == ["", ""]
    (seen,), (unseen,) = (one["since"] for one in reports)
    assert seen["log"] == {"origin": ORIGIN, "index": 5, "size": 7}
    assert unseen["log"] is None


SINCE_NOT_LOGGED: dict[str, Callable[[], str]] = {
    "another line's": lambda: logged(leaf_of(told(answered("eloqua"), NEWSLETTER), NEWSLETTER)),
    "another signer's": lambda: logged(leaf_of(FROM_NEWSLETTER, ITS_VERIFIER)),
    "the certificate's": lambda: str(story().bundle().log_proof),
    "a certificate with its digest": lambda: logged(
        b"\x02" + leaf_of(FROM_NEWSLETTER, NEWSLETTER)[1:]
    ),
    "by another key": lambda: logged(leaf_of(FROM_NEWSLETTER, NEWSLETTER), by=signer("erasure")),
}


@pytest.mark.parametrize("proof", SINCE_NOT_LOGGED.values(), ids=SINCE_NOT_LOGGED.keys())
def test_a_supplement_with_a_proof_of_something_else_is_found(proof: Callable[[], str]) -> None:
    assert problem(after(in_log(FROM_NEWSLETTER, proof())).bundle())


def test_a_bundle_of_before_there_were_supplements_is_valid() -> None:
    bundle = orjson.loads(TRUE)
    del bundle["supplements"]

    assert problem(orjson.dumps(bundle)) == ""


# What it says where a key was revoked.


def _revoked(
    who: Signer, offset: int, *, partition: int = 0, among: Sequence[Signer] = ALL
) -> bytes:
    """Write a list of keys with the revocation of one."""
    elsewhere = RevokedFrom(topic="closed.v1", partition=0, offset=0)
    trust = Trust.from_json(trusted(*among))
    return revoked(trust, ROOT, who.key_id, end_at(offset, partition), elsewhere)


SPEAKERS_HERE = {"receipt": NEWSLETTER, "read-back": ITS_VERIFIER, "request": signer("rights")}


@pytest.mark.parametrize("who", SPEAKERS_HERE.values(), ids=SPEAKERS_HERE.keys())
def test_a_line_counts_only_from_before_its_key_was_revoked(who: Signer) -> None:
    bundle = orjson.loads(TRUE)
    places = [bundle["request"], *bundle["receipts"], *bundle["readBacks"]]
    assert {place["offset"] for place in places} == {OFFSET}
    seen = [problem(TRUE, trust=_revoked(who, OFFSET + away)) for away in (1, 0)]
    elsewhere = problem(TRUE, trust=_revoked(who, OFFSET + 1, partition=1))
    for place in places:
        del place["offset"]
    unknown = problem(orjson.dumps(bundle), trust=_revoked(who, OFFSET + 1))

    assert seen[0] == ""
    assert all("later than its key's end" in one for one in (seen[1], elsewhere, unknown))


def test_a_certificate_by_a_revoked_key_needs_the_log() -> None:
    before_logs = [one for one in ALL if one.role is not Role.LOG]
    erasure = signer("erasure")
    without = story().bundle().model_copy(update={"log_proof": None})

    assert problem(story().bundle(), trust=_revoked(erasure, 1)) == ""
    assert problem(without, trust=trusted(*before_logs)) == ""
    alone = problem(without, trust=_revoked(erasure, 1, among=before_logs))
    assert alone.startswith("the log: ")


# What it says about the log.


def _logged(entry: bytes | None = None, *, by: Signer = LOG, at: int = 3) -> str:
    """Prove the true certificate, or something in its stead, with the true log or another."""
    entry = entry or of_certificate(sha256(story().bundle().certificate).digest())
    return logged(entry, by=by, at=at)


PROOF = _logged()
LINES = PROOF.split("\n")  # format, index, three hashes, an empty one, origin, size, root, ...
NOT_LOGGED: dict[str, str | None] = {
    "no proof": None,
    "empty": "",
    "another certificate": _logged(of_certificate(bytes(32))),
    "a transaction": _logged(b"\x01" + sha256(story().bundle().certificate).digest()),
    "another place": PROOF.replace("index 3", "index 2"),
    "a place outside": PROOF.replace("index 3", "index 7"),
    "another size": PROOF.replace(f"{ORIGIN}\n7\n", f"{ORIGIN}\n8\n"),
    "another log": PROOF.replace(ORIGIN, "log.example.org/other"),
    "another format": PROOF.replace("tlog-proof@v1", "tlog-proof@v2"),
    "a shorter path": PROOF.replace(LINES[2] + "\n", "", 1),
    "another path": PROOF.replace(LINES[2], LINES[3]),
    "another root": PROOF.replace(LINES[8], LINES[3]),
    "signed by erasure": _logged(by=signer("erasure")),
    "signed by nobody": PROOF[: PROOF.rindex("\N{EM DASH}")],
    "signed by a stranger": _logged(by=signer("mallory", Role.LOG)),
    "another's signature": PROOF.replace(PROOF[-60:], _logged(at=4)[-60:]),
    "no checkpoint": PROOF[: PROOF.index("\n\n")],
}


@pytest.mark.parametrize("proof", NOT_LOGGED.values(), ids=NOT_LOGGED.keys())
def test_what_the_log_does_not_show_is_invalid(proof: str | None) -> None:
    bundle = story().bundle().model_copy(update={"log_proof": proof})

    assert problem(bundle).startswith("the log: ")


def test_a_signature_of_a_witness_beside_the_logs_does_no_harm() -> None:
    witness = PROOF + "\N{EM DASH} witness.example.org AAAAAAAA\n"

    assert problem(story().bundle().model_copy(update={"log_proof": witness})) == ""


def test_a_head_by_a_revoked_key_proves_nothing_but_beside_one_that_counts() -> None:
    """Whoever has the log's key signs a head over anything, and dates nothing in it."""
    fresh = Signer("erasure", Role.LOG, bytes(range(32)))
    entry = of_certificate(sha256(story().bundle().certificate).digest())
    by_fresh = _logged(by=fresh)
    by_both = by_fresh + PROOF[PROOF.rindex("\N{EM DASH}") :]
    trust = _revoked(LOG, 10**6, among=[*ALL, fresh])

    seen = [
        problem(story().bundle().model_copy(update={"log_proof": one}), trust=trust)
        for one in (logged(entry), by_fresh, by_both)
    ]

    assert seen[0] == "the log: nobody whose word counts signed its head: ask for the bundle anew"
    assert seen[1:] == ["", ""]


def test_a_head_may_be_by_a_key_that_came_after_the_certificate_and_not_by_one_that_ended() -> None:
    """A proof is led to a newer head, which a newer key has signed, days after."""
    completed = story().predicate().completed_at

    def proven(**days: datetime) -> str:
        """Verify with a key of the log that was good from or until some day."""
        keys = {key.key_id: key for key in Trust.from_json(trusted(*ALL)).keys}
        keys[LOG.key_id] = keys[LOG.key_id].model_copy(update=days)
        trust = Trust(root=ROOT.public.hex(), keys=tuple(keys.values())).to_json(ROOT)
        return problem(TRUE, trust=trust)

    assert proven(not_before=completed + timedelta(days=5)) == ""
    assert proven(not_after=completed + timedelta(seconds=1)) == ""
    assert proven(not_after=completed - timedelta(seconds=1)) == "the log: a key is invalid"


def test_what_was_certified_before_there_was_a_log_is_valid_and_says_so() -> None:
    before = [one for one in ALL if one.role is not Role.LOG]
    same_day = trusted(*ALL, not_before=story().predicate().completed_at - timedelta(hours=23))
    bundles = [replace(story(), trust=keys).bundle() for keys in (trusted(*before), same_day)]

    reports = [verify(one.model_copy(update={"log_proof": None}).to_json()) for one in bundles]

    assert [(one["valid"], one["log"]) for one in reports] == [(True, None)] * 2
    assert "in no log" in text(reports[0])


# What a lying or careless issuer, service or verifier could do.


def _receipts(**changes: Evidence) -> Story:
    true = story()
    return replace(true, receipts={**true.receipts, **changes})


def _backs(**changes: Evidence) -> Story:
    true = story()
    return replace(true, read_backs={**true.read_backs, **changes})


def _request(by: str = "rights", **changes: Any) -> Story:
    return replace(story(), request=told(requested(**changes), signer(by)))


def _without_receipt() -> Story:
    true = story()
    return replace(true, receipts={"rights": true.receipts["rights"]})


def _without_read_back() -> Story:
    true = story()
    return replace(true, read_backs={"rights": true.read_backs["rights"]})


def _back(**changes: Any) -> Evidence:
    by = changes.pop("by", ITS_VERIFIER)
    return told(verified("newsletter", story().receipts["newsletter"], **changes), by)


def _retyped(kind: str) -> Callable[[bytes], bytes]:
    return lambda line: line.replace(
        orjson.loads(line)["type"].encode(), b"dev.expunge.%b.v1" % kind.encode()
    )


def _on_another_topic() -> Story:
    true = told(ERASED, NEWSLETTER, among=1)
    record = Record("closed.v1", 0, "slice-erased", None, (true.line,))
    (proof,) = seal([record], NEWSLETTER)
    return with_receipt(
        true.model_copy(
            update={
                "topic": "closed.v1",
                "record_index": 0,
                "record_count": 1,
                "record_path": (),
                "signature": proof.signature,
            }
        )
    )


LIES: dict[str, Callable[[], Story]] = {
    "receipt of another service": lambda: _receipts(newsletter=told(ERASED, signer("events"))),
    "receipt signed in another's name": lambda: _receipts(
        newsletter=told(ERASED, signer("events"), source="newsletter")
    ),
    "receipt signed by a verifier": lambda: with_receipt(told(ERASED, ITS_VERIFIER)),
    "receipt in another's name": lambda: with_receipt(told(ERASED, NEWSLETTER, source="events")),
    "receipt that is another message": lambda: with_receipt(
        told(ERASED, NEWSLETTER, bend=_retyped("slice-failed"))
    ),
    "receipt in another partition": lambda: with_receipt(told(ERASED, NEWSLETTER, partition=1)),
    "receipt in another partition, as the certificate says": lambda: replace(
        with_receipt(told(ERASED, NEWSLETTER, partition=1)),
        edit=_of_newsletter(topic=PLACE.model_copy(update={"partition": 1})),
    ),
    "receipt of another topic": _on_another_topic,
    "receipt of another request": lambda: with_receipt(
        told(erased("newsletter", request_id=OTHER), NEWSLETTER)
    ),
    "receipt of a batch": lambda: with_receipt(
        told(erased("newsletter", request_id=None), NEWSLETTER)
    ),
    "receipt that covers too little": lambda: with_receipt(
        told(erased("newsletter", covered_until=NOW - timedelta(seconds=6)), NEWSLETTER)
    ),
    "receipt that covers too much": lambda: with_receipt(
        told(erased("newsletter", covered_until=NOW + timedelta(seconds=1)), NEWSLETTER)
    ),
    "receipt that failed": lambda: with_receipt(
        told(erased("newsletter", outcome=Outcome.FAILED), NEWSLETTER)
    ),
    "receipt missing": _without_receipt,
    "read-back missing": _without_read_back,
    "read-back of another verifier": lambda: _backs(
        newsletter=_back(by=signer("rights", Role.VERIFIER))
    ),
    "read-back by the service itself": lambda: _backs(newsletter=_back(by=NEWSLETTER)),
    "read-back that found something": lambda: _backs(newsletter=_back(remaining=1)),
    "read-back of another receipt": lambda: _backs(newsletter=_back(receipt_sha256=digest("x"))),
    "read-back of another attempt": lambda: _backs(newsletter=_back(attempt=1)),
    "read-back of another request": lambda: _backs(newsletter=_back(request_id=OTHER)),
    "read-back for another service": lambda: _backs(
        newsletter=told(
            verified("rights", story().receipts["newsletter"]), ITS_VERIFIER, source="newsletter"
        )
    ),
    "request signed by another": lambda: _request(by="newsletter"),
    "origin asks for others": lambda: _request(by="newsletter", origin="newsletter"),
    "request of nobody": lambda: replace(_request(participants=()), receipts={}, read_backs={}),
    "request that is another message": lambda: replace(
        story(), request=told(requested(), signer("rights"), bend=_retyped("saga-reminded"))
    ),
    "extension of another request": lambda: extended("events", of=OTHER),
    "participant missing": lambda: _request(participants=("events", "newsletter", "rights")),
    "participant not asked for": lambda: _request(scope=("rights",)),
    "participant nobody named": lambda: replace(extended("events"), extensions=()),
    "extension not by erasure": lambda: extended("events", by=signer("rights")),
    "certificate not by erasure": lambda: replace(story(), by=signer("rights")),
    "certificate by erasure's verifier": lambda: replace(
        story(), by=signer("erasure", Role.VERIFIER)
    ),
    "nonce of another": lambda: replace(story(), nonce=NONCE[::-1]),
    "key nobody knows": lambda: replace(story(), trust=trusted(*ALL[1:])),
    "key before its time": lambda: replace(
        story(), trust=trusted(*ALL, not_before=NOW + timedelta(days=1))
    ),
    "key after its time": lambda: replace(
        story(), trust=trusted(*ALL, not_after=NOW - timedelta(seconds=1))
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_found(lie: Callable[[], Story]) -> None:
    assert problem(lie().bundle())


# What an issuer could write into the certificate that no line says.


def _claim(**changes: Any) -> Callable[[Predicate], Predicate]:
    return lambda predicate: predicate.model_copy(update=changes)


def _of_newsletter(**changes: Any) -> Callable[[Predicate], Predicate]:
    def edit(predicate: Predicate) -> Predicate:
        first, *others = predicate.participants
        return predicate.model_copy(
            update={"participants": (first.model_copy(update=changes), *others)}
        )

    return edit


CLAIMS: dict[str, Callable[[Predicate], Predicate]] = {
    "received": _claim(received_at=NOW),
    "identity": _claim(identity_checked_at=NOW - timedelta(days=1)),
    "cutoff": _claim(cutoff=NOW - timedelta(days=1)),
    "due": _claim(due_at=NOW),
    "commitment": _claim(person_commitment=digest("another")),
    "request": _claim(request_id=OTHER),
    "outcome": _claim(outcome=CertificateOutcome.COMPLETE_WITH_RETENTION),
    "completed too early": _claim(completed_at=NOW - timedelta(seconds=6)),
    "rows": _of_newsletter(rows={"subscriber": 2, "consent": 1}),
    "rows as truth": _of_newsletter(rows={"subscriber": True, "consent": True}),
    "outcome of a service": _of_newsletter(outcome=Outcome.ANONYMISED),
    "held": _of_newsletter(held=RETAINED.held),
    "version": _of_newsletter(register_version=2),
    "attempt": _of_newsletter(attempt=1),
    "partition": _of_newsletter(topic=PLACE.model_copy(update={"partition": 1})),
    "line": _of_newsletter(topic=PLACE.model_copy(update={"line": 0})),
    "offset": _of_newsletter(topic=PLACE.model_copy(update={"offset": -1})),
    "verifier": _of_newsletter(read_back=SEEN.model_copy(update={"by": NEWSLETTER.key_id})),
    "method": _of_newsletter(read_back=SEEN.model_copy(update={"method": ReadBack.IDS})),
    "remaining": _of_newsletter(read_back=SEEN.model_copy(update={"remaining": 1})),
    "receipt": _of_newsletter(receipt=f"sha256:{digest('x')}"),
    "name": _of_newsletter(service="events"),
    "order": lambda predicate: predicate.model_copy(
        update={"participants": predicate.participants[::-1]}
    ),
    "one fewer": lambda predicate: predicate.model_copy(
        update={"participants": predicate.participants[:1]}
    ),
    "one twice": lambda predicate: predicate.model_copy(
        update={"participants": (*predicate.participants, predicate.participants[0])}
    ),
}


@pytest.mark.parametrize("edit", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claim_that_no_signed_line_makes_is_found(
    edit: Callable[[Predicate], Predicate],
) -> None:
    assert problem(replace(story(), edit=edit).bundle())


# What somebody could do to the file.


def _paths(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for name, part in value.items() for found in _paths(part, (*way, name))]
    if isinstance(value, list):
        return [found for at, part in enumerate(value) for found in _paths(part, (*way, at))]
    return [way]


def _bent(value: Any) -> Any:
    """Change a value as little as its kind allows."""
    if isinstance(value, int):
        return value + 1
    at = len(value) // 2
    return value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]


# Hints: which verifier was current; where a line stood, which decides about revoked keys alone.
HINTS = {"sha256", "file", "offset"}
LEAVES = [way for way in _paths(orjson.loads(TRUE)) if way[-1] not in HINTS]


@pytest.mark.parametrize("way", LEAVES, ids=lambda way: ".".join(map(str, way)))
@pytest.mark.parametrize("change", [_bent, lambda _: None, lambda _: [], lambda _: "x"])
def test_no_value_of_the_file_can_be_changed(
    way: tuple[Any, ...], change: Callable[[Any], Any]
) -> None:
    bundle = orjson.loads(TRUE)
    place = bundle
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = change(place[way[-1]])

    if way == ("nonce",) and not place["nonce"]:
        return  # the status page offers the bundle without it
    assert problem(orjson.dumps(bundle))


@pytest.mark.parametrize("name", ["certificate", "trust"])
def test_no_byte_of_the_envelopes_can_be_changed(name: str) -> None:
    bundle = orjson.loads(TRUE)
    envelope = base64.b64decode(bundle[name])
    payload = base64.b64decode(orjson.loads(envelope)["payload"])
    for at in range(0, len(payload), 7):
        changed = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        bent = {**orjson.loads(envelope), "payload": base64.b64encode(changed).decode()}
        forged = {**bundle, name: base64.b64encode(orjson.dumps(bent)).decode()}
        assert problem(orjson.dumps(forged)), f"byte {at} of the payload of {name}"


def test_no_byte_of_a_line_can_be_changed() -> None:
    bundle = orjson.loads(TRUE)
    line = base64.b64decode(bundle["receipts"][0]["line"])
    for at in range(len(line)):
        changed = line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]
        bundle["receipts"][0]["line"] = base64.b64encode(changed).decode()
        assert problem(orjson.dumps(bundle)), f"byte {at} of the line"


def _edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    bundle = orjson.loads(TRUE)
    edit(bundle)
    return orjson.dumps(bundle)


def _swap(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda bundle: bundle[name].reverse()


EDITS: dict[str, bytes] = {
    "lines swapped between evidence": _edited(
        lambda bundle: bundle["receipts"].__setitem__(
            slice(None),
            [
                {**bundle["receipts"][0], "line": bundle["receipts"][1]["line"]},
                {**bundle["receipts"][1], "line": bundle["receipts"][0]["line"]},
            ],
        )
    ),
    "receipt twice": _edited(lambda b: b["receipts"].append(b["receipts"][0])),
    "read-back twice": _edited(lambda b: b["readBacks"].append(b["readBacks"][0])),
    "receipt as read-back": _edited(lambda b: b["readBacks"].__setitem__(0, b["receipts"][0])),
    "no receipts": _edited(lambda b: b["receipts"].clear()),
    "no trust": _edited(lambda b: b.pop("trust")),
    "another format": _edited(lambda b: b.update(format="expunge-bundle/v2")),
    "a list": b"[]",
    "nan": TRUE.replace(b'"partition": 0', b'"partition": NaN', 1),
    "fraction": TRUE.replace(b'"partition": 0', b'"partition": 0.0', 1),
    "duplicate key": TRUE.replace(b'"partition": 0', b'"partition": 1, "partition": 0', 1),
    "deep": b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


def _longer(bundle: dict[str, Any], of: str) -> None:
    bundle["receipts"][0][of].append("0" * 64)


def _envelope(name: str, edit: Callable[[dict[str, Any]], object]) -> bytes:
    bundle = orjson.loads(TRUE)
    envelope = orjson.loads(base64.b64decode(bundle[name]))
    edit(envelope)
    bundle[name] = base64.b64encode(orjson.dumps(envelope)).decode()
    return orjson.dumps(bundle)


def _trust(**changes: Any) -> bytes:
    """Exchange the list of keys for one that the root key did sign."""
    bundle = orjson.loads(TRUE)
    payload = orjson.loads(base64.b64decode(orjson.loads(trusted(*ALL))["payload"]))
    signed = close_envelope(PAYLOAD_TYPE, orjson.dumps({**payload, **changes}), ROOT)
    bundle["trust"] = base64.b64encode(signed).decode()
    return orjson.dumps(bundle)


def _stated(edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Exchange the statement for one that the erasure service did sign."""
    bundle = orjson.loads(TRUE)
    envelope = orjson.loads(base64.b64decode(bundle["certificate"]))
    said = orjson.loads(base64.b64decode(envelope["payload"]))
    edit(said)
    signed = close_envelope(CERTIFICATE, orjson.dumps(said), signer("erasure"))
    bundle["certificate"] = base64.b64encode(signed).decode()
    return orjson.dumps(bundle)


KEYS = orjson.loads(base64.b64decode(orjson.loads(trusted(*ALL))["payload"]))["keys"]
EDITS |= {
    "line path too long": _edited(lambda b: _longer(b, "linePath")),
    "record path too long": _edited(lambda b: _longer(b, "recordPath")),
    "place as truth": _edited(lambda b: b["receipts"][0].update(recordIndex=True)),
    "negative place": _edited(lambda b: b["receipts"][0].update(recordIndex=-2)),
    "place outside": _edited(lambda b: b["receipts"][0].update(recordIndex=3)),
    "more in the certificate": _envelope("certificate", lambda e: e.update(more=1)),
    "more in the list of keys": _envelope("trust", lambda e: e.update(more=1)),
    "second signature": _envelope(
        "certificate", lambda e: e["signatures"].append(e["signatures"][0])
    ),
    "no signature": _envelope("certificate", lambda e: e["signatures"].clear()),
    "another type of payload": _envelope("trust", lambda e: e.update(payloadType="text/plain")),
    "keys in another format": _trust(format="expunge-trust/v2"),
    "keys twice": _trust(keys=KEYS + KEYS[:1]),
    "key with another's id": _trust(keys=[*KEYS, {**KEYS[0], "key_id": "0" * 32}]),
    "subject with another digest": _stated(
        lambda said: said["subject"][1]["digest"].update(sha256=digest("another"))
    ),
    "subject left out": _stated(lambda said: said["subject"].pop()),
    "subject invented": _stated(lambda said: said["subject"].append(said["subject"][0])),
    "another type of predicate": _stated(lambda said: said.update(predicateType="https://x")),
    "another type of statement": _stated(lambda said: said.update(_type="https://x")),
    "more in the statement": _stated(lambda said: said.update(more=1)),
    "more in the predicate": _stated(lambda said: said["predicate"].update(more=1)),
    "more about a participant": _stated(
        lambda said: said["predicate"]["participants"][0].update(more=1)
    ),
    "less in the predicate": _stated(lambda said: said["predicate"].pop("software")),
    "keys of another root": _trust(root=NEWSLETTER.public.hex()),
}


@pytest.mark.parametrize("bundle", EDITS.values(), ids=EDITS.keys())
def test_an_edited_file_is_invalid(bundle: bytes) -> None:
    assert problem(bundle)


@pytest.mark.parametrize("data", [b"1.5", b"[NaN]", b"[-Infinity]", b'{"a":1,"a":1}', b"1e9"])
def test_json_that_readers_understand_differently_is_refused(data: bytes) -> None:
    with pytest.raises(verify_bundle.Invalid):
        verify_bundle.load(data)


def test_an_exchanged_list_of_keys_is_valid_where_it_is_the_same() -> None:
    assert problem(_trust()) == ""
    assert problem(_stated(lambda _: None)) == ""


def test_the_order_of_evidence_in_the_file_does_not_matter() -> None:
    assert problem(_edited(_swap("receipts"))) == ""


def test_a_bundle_of_another_root_is_valid_on_its_own_word_only() -> None:
    other = signer("mallory", Role.ROOT)

    assert problem(TRUE, root=other.public.hex()).startswith("the list of keys")
    assert problem(TRUE, trust=trusted(signer("mallory")))


def test_a_nonce_from_elsewhere_is_checked() -> None:
    without = replace(story(), nonce=None).bundle().to_json()

    assert (verify(without)["person"], verify(without, nonce=NONCE.hex())["person"]) == (
        False,
        True,
    )
    assert problem(without, nonce=NONCE[::-1].hex()).startswith("the nonce")


# The program.


def _run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", str(SOURCE), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
    )
    return done.returncode, done.stdout + done.stderr


def test_it_runs_as_a_script_and_its_exit_codes_are_as_documented(tmp_path: Path) -> None:
    good, bad, junk = tmp_path / "good", tmp_path / "bad", tmp_path / "junk"
    good.write_bytes(TRUE)
    bad.write_bytes(EDITS["receipt twice"])
    junk.write_bytes(b"\x00")

    valid = _run(str(good), "--root", ROOT.public.hex())
    as_json = _run(str(good), "--json")

    assert valid[0] == 0
    assert valid[1].startswith("VALID: complete, request ")
    assert json.loads(as_json[1])["valid"] is True
    assert _run(str(bad))[0] == 1
    assert _run(str(bad))[1].startswith("INVALID: the certificate: ")
    assert _run(str(good), "--root", "00")[0] == 1
    assert _run(str(junk))[0] == _run(str(tmp_path / "none"))[0] == _run()[0] == 2


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.write(TRUE)
        file.write(b" " * 16 * 1024 * 1024)

    assert verify_bundle.main([str(huge)]) == 2


def test_control_characters_of_the_issuer_do_not_reach_the_terminal() -> None:
    edit = _claim(controller={"name": "\x1b[2Jgone"})
    report = verify(replace(story(), edit=edit).bundle().to_json())

    assert report["valid"]
    assert "\x1b" not in text(report)


def test_it_is_one_short_file_that_imports_nothing_of_ours() -> None:
    source = SOURCE.read_text()
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else name.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert len(source.splitlines()) < 300
    assert imported <= set(sys.stdlib_module_names) | {"cryptography"}
