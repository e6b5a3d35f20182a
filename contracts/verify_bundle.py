"""Check an Expunge erasure certificate offline. One file: standard library and cryptography.

    python verify_bundle.py BUNDLE [--root HEX | --trust FILE] [--nonce HEX] [--json]

Exit codes: 0 valid; 1 invalid: something does not hold; 2 unreadable, or wrong use.
Valid means: erasure signed the certificate; the service where the request began signed the request;
every participant it names sent a signed receipt, after which that service's verifier, with its own
key, found 0 left; and the certificate, worked out again from these lines, says the same. Without
--root or --trust the keys are believed on the bundle's own word, and the report says so.

Not proven: that a machine was honest when it signed; copies in backups, mailboxes and at others;
at which offset a line stands (the digest decides); what the issuer states alone, printed apart.
"""

import argparse
import base64
import hmac
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_BYTES = 16 * 1024 * 1024
SKEW = timedelta(seconds=5)  # between the clocks of two machines
ANY_SCOPE_ORIGINS = ("rights", "registration")  # every other service asks for its own slice only
CERTIFICATE = "application/vnd.in-toto+json"
TRUST = "application/vnd.expunge.trust+json"
NAMES = {"_type": "https://in-toto.io/Statement/v1"}
NAMES["predicateType"] = "https://expunge.dev/attestation/erasure-certificate/v1"
OUTCOMES = ("deleted", "anonymised", "held", "held-nothing", "out-of-scope")
_STATED = ("processors", "outOfScope", "physicalErasureBy", "controller", "policyVersion")
STATED = (*_STATED, "parameters", "software", "completedAt")  # by the issuer alone
# Field of the certificate -> field of the request's line.
OF_REQUEST = {"requestId": "request_id", "personCommitment": "person_commitment"}
OF_REQUEST |= {"receivedAt": "received_at", "identityCheckedAt": "cutoff"}
OF_REQUEST |= {"cutoff": "cutoff", "dueAt": "due_at"}
ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
Json = dict[str, Any]
at = datetime.fromisoformat
unbase64 = partial(base64.b64decode, validate=True)


class Invalid(Exception):  # noqa: N818
    """Something does not hold; the sentence says what."""


class Line(NamedTuple):
    """A proven line: its event, the event's data, SHA-256 in hex, its key, where it stood."""

    event: Json
    data: Json
    sha256: str
    key: Json
    place: Json


def need(holds: object, sentence: str) -> None:
    """Raise Invalid with this sentence unless it holds."""
    if not holds:
        raise Invalid(sentence)


def same(said: Any, proven: Any, what: str) -> None:
    """Need two JSON values to be alike, without Python's `True == 1`."""
    alike = json.dumps(said, sort_keys=True) == json.dumps(proven, sort_keys=True)
    need(alike, f"{what} is not what was signed")


def load(data: bytes | str) -> Any:
    """Read JSON without duplicate keys, fractions, NaN or infinity."""

    def once(pairs: list[tuple[str, Any]]) -> Json:
        need(len(dict(pairs)) == len(pairs), "a key stands twice in a JSON object")
        return dict(pairs)

    def refuse(_: str) -> Any:
        need(holds=False, sentence="a number is not whole")

    return json.loads(data, object_pairs_hook=once, parse_constant=refuse, parse_float=refuse)


def fields(*parts: bytes | str) -> bytes:
    """Join fields, each after its length in 4 bytes, big-endian."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in raw)


def climb(value: bytes, index: int, size: int, way: Sequence[str]) -> bytes:
    """Go from a leaf hash to the root of its tree (RFC 9162 section 2.1.3.2)."""
    need(type(index) is int and type(size) is int and 0 <= index < size, "a path has no place")
    hashes, last = [bytes.fromhex(sibling) for sibling in way], size - 1
    while last:
        if index % 2 or index < last:
            need(hashes and len(hashes[0]) == len(value), "a path is too short")
            sibling = hashes.pop(0)
            pair = sibling + value if index % 2 else value + sibling
            value = sha256(b"\x01" + pair).digest()
        index, last = index >> 1, last >> 1
    need(not hashes, "a path is too long")
    return value


def check_signature(public: str, signature: str, signed: bytes) -> None:
    """Check an Ed25519 signature (RFC 8032). Raises InvalidSignature."""
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(unbase64(signature), signed)


def open_envelope(data: bytes, kind: str) -> tuple[Any, Json, bytes]:
    """Take a DSSE envelope apart: payload, the one signature, the bytes it is over."""
    envelope = load(data)
    need(set(envelope) == {"payload", "payloadType", "signatures"}, "an envelope has other fields")
    need(envelope["payloadType"] == kind, "an envelope holds something else")
    need(len(envelope["signatures"]) == 1, "an envelope has not exactly one signature")
    payload = unbase64(envelope["payload"])
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    return load(payload), envelope["signatures"][0], signed


def open_trust(data: bytes, root: str) -> tuple[str, dict[str, Json]]:
    """Check the list of keys: the root key and, by id, the keys it signed."""
    trust, signature, signed = open_envelope(data, TRUST)
    need(trust["format"] == "expunge-trust/v1", "the list of keys has another format")
    need(root.lower() in ("", trust["root"]), "the list of keys is of another root key")
    check_signature(trust["root"], signature["sig"], signed)
    keys = {key["key_id"]: key for key in trust["keys"]}
    need(len(keys) == len(trust["keys"]), "a key stands twice in the list")
    for name, key in keys.items():
        named = sha256(bytes.fromhex(key["public_key"])).hexdigest()[:32]
        need(name == named, "a key has the id of another")
    return trust["root"], keys


def key_at(keys: dict[str, Json], name: str, moment: str, role: str) -> Json:
    """Find the key of a role that was valid at a time."""
    need(name in keys, "somebody signed whose key is not in the list")
    key = keys[name]
    valid = at(key["not_before"]) <= at(moment) <= at(key["not_after"] or moment)
    need(valid, "somebody signed while the key was not valid")
    need(key["role"] == role, f"somebody signed with a key that is not of a {role}")
    return key


def prove(place: Json, keys: dict[str, Json], role: str, *kinds: str) -> Line:
    """Prove one line: its path to its record, the record's to its transaction, the signature."""
    raw, kind, count = unbase64(place["line"]), place["type"], str(place["lineCount"])
    event = load(raw)
    need(kind in kinds and event["type"] == f"dev.expunge.{kind}.v1", f"a line is not {kinds[0]}")
    key = key_at(keys, place["keyId"], event["time"], role)
    need(event["source"] == f"expunge:{key['service']}", f"a {kind} names another than its signer")
    need(place["topic"] == "erasure.v1", f"a {kind} is of another topic")
    leaf = sha256(b"\x00" + raw).digest()
    top = climb(leaf, place["lineIndex"], place["lineCount"], place["linePath"])
    where = ("expunge-record/v1", place["topic"], str(place["partition"]), kind, b"", count, top)
    leaf = sha256(b"\x00" + fields(*where)).digest()
    top = climb(leaf, place["recordIndex"], place["recordCount"], place["recordPath"])
    by = ("expunge-tx/v1", key["service"], role, key["key_id"], str(place["recordCount"]), top)
    check_signature(key["public_key"], place["signature"], fields(*by))
    return Line(event, event["data"], sha256(raw).hexdigest(), key, place)


def members(request: Line, extensions: Sequence[Line]) -> dict[str, int]:
    """Who had to answer, and which register version made them participants."""
    origin, scope, found = request.data["origin"], request.data["scope"], dict[str, int]()
    need(request.key["service"] == origin, "the request is signed by another than its origin")
    need(origin in ANY_SCOPE_ORIGINS or scope == [origin], "the origin may not ask other services")
    for line in (request, *extensions):
        need(line is request or line.key["service"] == "erasure", "an extension is not erasure's")
        same(line.data["request_id"], request.data["request_id"], "the request of an extension")
        for service in line.data["participants"]:
            found.setdefault(service, line.data["register_version"])
    need(found, "the request names no participant")
    need(scope == "everything" or set(found) <= set(scope), "a participant was not asked for")
    return found


def answer(request: Line, receipt: Line, back: Line, offset: int, version: int) -> Json:
    """Work out what a certificate says of one service, from its receipt and its read-back."""
    data, name, cutoff = receipt.data, receipt.key["service"], at(request.data["cutoff"])
    attempt = data["attempt"] if receipt.place["type"] == "slice-reerased" else 0
    same(data["request_id"], request.data["request_id"], "the request of a receipt")
    same(receipt.place["partition"], request.place["partition"], "the partition of a receipt")
    need(cutoff - SKEW <= at(data["covered_until"]) <= cutoff, "a receipt covers another time")
    need(data["outcome"] in OUTCOMES, "an outcome is no answer")
    told = ("service", "request_id", "receipt_id", "attempt", "receipt_sha256", "remaining")
    seen = [name, data["request_id"], data["receipt_id"], attempt, receipt.sha256, 0]
    same([back.data[field] for field in told], seen, "a read-back")
    need(type(offset) is int and offset >= 0, "an offset is none")
    part = {field: data[field] for field in ("outcome", "rows", "held")}
    part |= {"service": name, "registerVersion": version, "attempt": attempt}
    part["readBack"] = {"method": back.data["method"], "remaining": 0, "by": back.key["key_id"]}
    place = {"partition": receipt.place["partition"], "line": receipt.place["lineIndex"]}
    part["topic"] = {"name": "erasure.v1", "offset": offset, **place}
    return part | {"receipt": f"sha256:{receipt.sha256}"}


def answers(places: list[Json], keys: dict[str, Json], wanted: Json, *kinds: str) -> list[Line]:
    """Prove receipts or read-backs, sorted by service: exactly one for each participant."""
    role = "verifier" if kinds == ("slice-verified",) else "service"
    lines = [prove(one, keys, role, *kinds) for one in places]
    found = {line.key["service"]: line for line in lines}
    exactly = sorted(found) == sorted(wanted) and len(lines) == len(found)
    need(exactly, f"there is not exactly one {kinds[0]} for each participant")
    return [found[name] for name in sorted(found)]


def check_certificate(said: Json, bundle: Json, keys: dict[str, Json]) -> None:
    """Work the certificate out again from signed lines and compare every field."""
    request = prove(bundle["request"], keys, "service", "erasure-requested")
    more = [prove(one, keys, "service", "saga-extended") for one in bundle["extensions"]]
    wanted, predicate = members(request, more), said["predicate"]
    receipts = answers(bundle["receipts"], keys, wanted, "slice-erased", "slice-reerased")
    backs = answers(bundle["readBacks"], keys, wanted, "slice-verified")
    offsets = [one["topic"]["offset"] for one in predicate["participants"]]
    need(len(offsets) == len(wanted), "it does not name exactly the participants")
    rows = zip(receipts, backs, offsets, [wanted[name] for name in sorted(wanted)], strict=True)
    proven = {field: predicate[field] for field in STATED}
    proven |= {field: request.data[of] for field, of in OF_REQUEST.items()}
    proven["participants"] = parts = [answer(request, *row) for row in rows]
    proven["outcome"] = "complete" + ("-with-retention" if any(p["held"] for p in parts) else "")
    named = [("erasure-request", request), *((f"receipt/{r.key['service']}", r) for r in receipts)]
    subject = [{"name": name, "digest": {"sha256": line.sha256}} for name, line in named]
    for field in sorted({*predicate, *proven}):
        same(predicate.get(field, "no"), proven.get(field, "none"), field)
    same(said, {**NAMES, "subject": subject, "predicate": proven}, "the statement")
    latest = max(at(line.event["time"]) for line in (request, *receipts, *backs))
    need(latest - SKEW <= at(predicate["completedAt"]), "it was complete before all had answered")


def verify(data: bytes, *, root: str = "", trust: bytes = b"", nonce: str = "") -> Json:
    """Check a bundle and report. `root` pins the root key (hex), `trust` is a trust.json."""
    report: Json = {"valid": False, "pinned": bool(root or trust), "person": False, "problem": ""}
    step = "the bundle"
    try:
        bundle = load(data)
        need(bundle["format"] == "expunge-bundle/v1", "it has another format")
        step, envelope = "the list of keys", unbase64(bundle["certificate"])
        report["sha256"] = sha256(envelope).hexdigest()
        report["root"], keys = open_trust(trust or unbase64(bundle["trust"]), root)
        step = "the certificate"
        said, signature, signed = open_envelope(envelope, CERTIFICATE)
        key = key_at(keys, signature["keyid"], said["predicate"]["completedAt"], "service")
        need(key["service"] == "erasure", "the erasure service did not sign it")
        check_signature(key["public_key"], signature["sig"], signed)
        check_certificate(said, bundle, keys)
        step, secret = "the nonce", bytes.fromhex(nonce or bundle["nonce"] or "")
        mark = hmac.new(secret, said["predicate"]["requestId"].encode(), sha256).hexdigest()
        need(not secret or mark == said["predicate"]["personCommitment"], "it is another's")
        report |= {"valid": True, "person": bool(secret), "certificate": said["predicate"]}
    except (Invalid, InvalidSignature) as wrong:
        report["problem"] = f"{step}: {wrong}" if str(wrong) else f"{step}: a signature is wrong"
    except ODD:
        report["problem"] = f"{step}: it is laid out differently"
    return report


def text(report: Json) -> str:
    """Write the report for people; what the issuer wrote is escaped."""
    if not report["valid"]:
        return f"INVALID: {report['problem']}"
    said, own = report["certificate"], "on the bundle's own word: compare it with another source"
    lines = [f"VALID: {said['outcome']}, request {said['requestId']}, sha-256 {report['sha256']}"]
    lines += [f"root key {report['root']}, {'pinned' if report['pinned'] else own}"]
    lines += ["the nonce fits: it is its holder's" if report["person"] else "no nonce was given"]
    for one in said["participants"]:
        lines += [f"{one['service']}: {one['outcome']} {json.dumps(one['rows'])}, 0 left"]
    lines += ["stated by the issuer alone:", *(f"  {n}: {json.dumps(said[n])}" for n in STATED)]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; gives the exit code."""
    parser = argparse.ArgumentParser(description="Check an erasure certificate offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--root", default="", help="the root key in hex, from elsewhere")
    parser.add_argument("--trust", type=Path, help="a trust.json from elsewhere")
    parser.add_argument("--nonce", default="", help="the secret of the person, in hex")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args(arguments)
    try:
        need(asked.bundle.stat().st_size <= MAX_BYTES, "too large")
        data, trust = asked.bundle.read_bytes(), asked.trust.read_bytes() if asked.trust else b""
        json.loads(data)["format"]
    except (OSError, Invalid, *ODD):
        sys.stderr.write("this file cannot be read as a bundle\n")
        return 2
    report = verify(data, root=asked.root, trust=trust, nonce=asked.nonce)
    sys.stdout.write((json.dumps(report) if asked.json else text(report)) + "\n")
    return 0 if report["valid"] else 1


if __name__ == "__main__":
    sys.exit(main())
