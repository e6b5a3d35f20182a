"""Check an Expunge erasure certificate offline. One file: standard library and cryptography.

    python verify_bundle.py BUNDLE [--root HEX | --trust FILE] [--nonce HEX] [--json]

Exit codes: 0 valid, 1 invalid, 2 unreadable or wrong use. Valid: erasure signed it, its log has it;
signed lines (request, receipts, after each a look by another key that found 0 left) say the same;
what came since was named by a receipt. Without --root or --trust the keys are believed on its own
word. Not proven: a machine's honesty; copies elsewhere; offsets; what is stated, printed apart.
"""

import argparse
import base64
import hmac
import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace as Line  # proven: event, data, sha, leaf, key, place
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SKEW, DAY = timedelta(seconds=5), timedelta(days=1)  # SKEW is between the clocks of machines
NAMES = {"_type": "https://in-toto.io/Statement/v1"}
NAMES["predicateType"] = "https://expunge.dev/attestation/erasure-certificate/v1"
OUTCOMES = ("deleted", "anonymised", "held", "held-nothing", "out-of-scope")
SINCE = ("processor-answered", "hold-ended", "aliases-destroyed")
_STATED = ("outOfScope", "physicalErasureBy", "controller", "policyVersion", "parameters")
STATED = (*_STATED, "software", "completedAt")
ASKED = {"requestId": "request_id", "personCommitment": "person_commitment", "dueAt": "due_at"}
ASKED |= {"receivedAt": "received_at", "identityCheckedAt": "cutoff", "cutoff": "cutoff"}
ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError)
Json = dict[str, Any]
at, key_of = datetime.fromisoformat, Ed25519PublicKey.from_public_bytes
unbase64 = partial(base64.b64decode, validate=True)


class Invalid(Exception):  # noqa: N818
    """Something does not hold; the sentence says what."""


def need(holds: object, sentence: str, *_: object) -> Any:
    """Raise Invalid with this sentence unless it holds."""
    if not holds:
        raise Invalid(sentence)


def same(said: Any, proven: Any, what: str) -> None:
    """Need two JSON values to be alike, without Python's `True == 1`."""
    said, proven = (json.dumps(one, sort_keys=True) for one in (said, proven))
    need(said == proven, f"{what} is not what was signed")


def load(data: bytes | str) -> Any:
    """Read JSON without duplicate keys, fractions, NaN or infinity."""
    refuse, twice = partial(need, None, "a number is not whole"), "a key stands twice in an object"
    once = lambda pairs: need(len(dict(pairs)) == len(pairs), twice) or dict(pairs)  # noqa: E731
    return json.loads(data, object_pairs_hook=once, parse_constant=refuse, parse_float=refuse)


def fields(*parts: bytes | str) -> bytes:
    """Join fields, each after its length in 4 bytes, big-endian."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in raw)


def climb(leaf: bytes, index: int, size: int, way: list[str]) -> bytes:
    """Go from a leaf to the root of its tree (RFC 9162 section 2.1.3.2)."""
    need(type(index) is int and type(size) is int and 0 <= index < size, "a path has no place")
    hashes, last, value = list(map(bytes.fromhex, way)), size - 1, sha256(b"\x00" + leaf).digest()
    while last:
        if index % 2 or index < last:
            need(hashes and len(hashes[0]) == len(value), "a path is too short")
            pair = hashes.pop(0) + value if index % 2 else value + hashes.pop(0)
            value = sha256(b"\x01" + pair).digest()
        index, last = index >> 1, last >> 1
    need(not hashes, "a path is too long")
    return value


def open_envelope(data: bytes, kind: str) -> tuple[Any, Json, bytes]:
    """Take a DSSE envelope apart: payload, the one signature, the bytes it is over."""
    envelope = load(data)
    need(set(envelope) == {"payload", "payloadType", "signatures"}, "an envelope has other fields")
    need(envelope["payloadType"] == kind, "an envelope holds something else")
    (signature,), payload = envelope["signatures"], unbase64(envelope["payload"])
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    return load(payload), signature, signed


def key_at(keys: dict[str, Json], name: str, moment: str, role: str) -> Json:
    """Find the key of a role that was valid at a time."""
    key = keys.get(name, {"role": "stranger"})
    need(key["role"] == role, f"somebody signed whose key is not in the list, or not of a {role}")
    need(at(key["not_before"]) <= at(moment) <= at(key["not_after"] or moment), "a key is invalid")
    return key


def prove(place: Json, keys: dict[str, Json], role: str, *kinds: str) -> Line:
    """Prove one line: its path to its record, the record's to its transaction, the signature."""
    raw, kind, count = unbase64(place["line"]), place["type"], str(place["lineCount"])
    event = load(raw)
    need(kind in kinds and event["type"] == f"dev.expunge.{kind}.v1", f"a line is not {kinds[0]}")
    key = key_at(keys, place["keyId"], event["time"], role)
    ends, here = key.get("revoked_from") or (), ("erasure.v1", place["partition"])
    end = min((e["offset"] for e in ends if (e["topic"], e["partition"]) == here), default=0)
    need(not ends or (place.get("offset") or end) < end, f"{kind} may be later than its key's end")
    need(event["source"] == f"expunge:{key['service']}", f"a {kind} names another than its signer")
    need(place["topic"] == "erasure.v1", f"a {kind} is of another topic")
    up = climb(raw, place["lineIndex"], place["lineCount"], place["linePath"])
    where = ("expunge-record/v1", "erasure.v1", str(place["partition"]), kind, b"", count, up)
    up = climb(fields(*where), place["recordIndex"], place["recordCount"], place["recordPath"])
    by = fields("expunge-tx/v1", key["service"], role, key["key_id"], str(place["recordCount"]), up)
    key_of(bytes.fromhex(key["public_key"])).verify(unbase64(place["signature"]), by)
    sha, leaf = sha256(raw).hexdigest(), b"\1" + sha256(by).digest()
    return Line(event=event, data=event["data"], sha=sha, leaf=leaf, key=key, place=place)


def members(request: Line, extensions: list[Line]) -> dict[str, int]:
    """Who had to answer, and which register version made them participants."""
    origin, scope, found = request.data["origin"], request.data["scope"], dict[str, int]()
    need(request.key["service"] == origin, "the request is signed by another than its origin")
    need(origin in ("rights", "registration") or scope == [origin], "it may not ask for others")
    for line in (request, *extensions):
        need(line is request or line.key["service"] == "erasure", "an extension is not erasure's")
        same(line.data["request_id"], request.data["request_id"], "the request of an extension")
        found = dict.fromkeys(line.data["participants"], line.data["register_version"]) | found
    need(found and (scope == "everything" or set(found) <= set(scope)), "not who was asked for")
    return found


def answer(request: Line, receipt: Line, back: Line, offset: int, version: int) -> Json:
    """Work out what a certificate says of one service, from its receipt and its read-back."""
    data, name, cutoff = receipt.data, receipt.key["service"], at(request.data["cutoff"])
    attempt = data["attempt"] if receipt.place["type"] == "slice-reerased" else 0
    same(data["request_id"], request.data["request_id"], "the request of a receipt")
    same(receipt.place["partition"], request.place["partition"], "the partition of a receipt")
    need(cutoff - SKEW <= at(data["covered_until"]) <= cutoff, "a receipt covers another time")
    need(data["outcome"] in OUTCOMES and type(offset) is int, "an outcome or an offset is none")
    told = ("service", "request_id", "receipt_id", "attempt", "receipt_sha256", "remaining")
    seen = [name, data["request_id"], data["receipt_id"], attempt, receipt.sha, 0]
    same([back.data[field] for field in told], seen, "a read-back")
    part = {one: data[one] for one in ("outcome", "rows", "held")} | {"service": name}
    part |= {"registerVersion": version, "attempt": attempt, "receipt": f"sha256:{receipt.sha}"}
    part["readBack"] = {"method": back.data["method"], "remaining": 0, "by": back.key["key_id"]}
    place = {"partition": receipt.place["partition"], "line": receipt.place["lineIndex"]}
    return part | {"topic": {"name": "erasure.v1", "offset": max(offset, 0), **place}}


def answers(places: list[Json], keys: Json, wanted: Json, role: str, *kinds: str) -> list[Line]:
    """Prove receipts or read-backs, sorted by service: exactly one for each participant."""
    lines = sorted((prove(p, keys, role, *kinds) for p in places), key=lambda a: a.key["service"])
    need([a.key["service"] for a in lines] == sorted(wanted), f"not one {kinds[0]} for each one")
    return lines


def since(places: list[Json], keys: Json, request: Line, receipts: list[Line]) -> Iterator[Json]:
    """Prove what was said after the certificate: only what origin and receipts owe, and once."""
    owed = [{"service": request.key["service"], "remaining": 0}]
    for one in receipts:
        outside = [{"recipient": name} for name in one.data.get("recipients", ())]
        owed += [{**it, "service": one.key["service"]} for it in (*one.data["held"], *outside)]
    for place in places:
        line = prove(place, keys, "service", *SINCE)
        data, name, now = line.data, line.key["service"], line.event["time"]
        new = data | {"service": name, "type": place["type"], "time": now}
        fits = [one for one in owed if one.items() <= new.items() and new.get("state") != "told"]
        mine = fits and data["request_id"] == request.data["request_id"]
        need(mine, f"{name} says {place['type']} of what nobody named before, or twice")
        need(at(new.get("until", now)) <= at(new.get("ended_at", now)), "a hold ended early")
        owed.remove(fits[0])
        yield new | {"log": (it := place.get("logProof")) and check_log(it, line.leaf, keys, now)}


def check_certificate(said: Json, bundle: Json, keys: dict[str, Json]) -> list[Json]:
    """Work the certificate out again from signed lines, compare every field; gives what is new."""
    request = prove(bundle["request"], keys, "service", "erasure-requested")
    more = [prove(one, keys, "service", "saga-extended") for one in bundle["extensions"]]
    asked, predicate = members(request, more), said["predicate"]
    receipts = answers(bundle["receipts"], keys, asked, "service", "slice-erased", "slice-reerased")
    backs = answers(bundle["readBacks"], keys, asked, "verifier", "slice-verified")
    offsets = [one["topic"]["offset"] for one in predicate["participants"]]
    rows = zip(receipts, backs, offsets, [asked[name] for name in sorted(asked)], strict=True)
    proven = {one: predicate[one] for one in STATED}
    proven |= {one: request.data[of] for one, of in ASKED.items()}
    proven["participants"] = parts = [answer(request, *row) for row in rows]
    proven["outcome"] = "complete" + ("-with-retention" if any(p["held"] for p in parts) else "")
    outside = sorted({name for one in receipts for name in one.data.get("recipients", ())})
    proven["processors"] = [{"recipient": n, "state": "told", "reason": None} for n in outside]
    named = [("erasure-request", request), *((f"receipt/{r.key['service']}", r) for r in receipts)]
    subject = [{"name": name, "digest": {"sha256": line.sha}} for name, line in named]
    for field in sorted({*predicate, *proven}):
        same(predicate.get(field, "no"), proven.get(field, "none"), field)
    same(said, {**NAMES, "subject": subject, "predicate": proven}, "the statement")
    latest = max(at(line.event["time"]) for line in (request, *receipts, *backs))
    need(latest - SKEW <= at(predicate["completedAt"]), "it was complete before all had answered")
    return list(since(bundle.get("supplements", []), keys, request, receipts))


def check_log(proof: str, leaf: bytes, keys: dict[str, Json], moment: str) -> Any:
    """Check that the log has a leaf (c2sp.org/tlog-proof); gives its name and the place."""
    head, text, below = proof.split("\n\n")
    (kind, place, *way), (origin, size, root) = head.split("\n"), text.split("\n")
    index, path = int(place.removeprefix("index ")), [unbase64(one).hex() for one in way]
    fits = climb(leaf, index, int(size), path) == unbase64(root)
    need(kind == "c2sp.org/tlog-proof@v1" and fits, "a way in the log leads to another head")
    rows = [(name, unbase64(raw)) for _, name, raw in map(str.split, below.splitlines())]
    signed = {(name, raw[:4]): raw[4:] for name, raw in rows}
    for key in keys.values():
        public = bytes.fromhex(key["public_key"])
        mark = sha256(f"{origin}\n\x01".encode() + public).digest()[:4]
        if (key["role"], key.get("revoked_from")) == ("log", None) and (origin, mark) in signed:
            key_of(public).verify(signed[origin, mark], f"{text}\n".encode())
            need(at(moment) <= at(key["not_after"] or moment), "a key is invalid")  # or a later one
            return {"origin": origin, "index": index, "size": int(size)}
    return need(None, "nobody whose word counts signed its head: ask for the bundle anew")


def verify(data: bytes, *, root: str = "", trust: bytes = b"", nonce: str = "") -> Json:
    """Check a bundle and report. `root` pins the root key (hex), `trust` is a trust.json."""
    report: Json = {"valid": False, "pinned": bool(root or trust), "person": False, "problem": ""}
    step = "the bundle"
    try:
        bundle = load(data)
        need(bundle["format"] == "expunge-bundle/v1", "it has another format")
        step, envelope = "the list of keys", unbase64(bundle["certificate"])
        kind, trust = "application/vnd.expunge.trust+json", trust or unbase64(bundle["trust"])
        listed, signature, signed = open_envelope(trust, kind)
        need(listed["format"] == "expunge-trust/v1", "it has another format")
        need(root.lower() in ("", listed["root"]), "it is of another root key")
        report |= {"sha256": sha256(envelope).hexdigest(), "root": listed["root"]}
        key_of(bytes.fromhex(listed["root"])).verify(unbase64(signature["sig"]), signed)
        keys = {sha256(bytes.fromhex(k["public_key"])).hexdigest()[:32]: k for k in listed["keys"]}
        need([k["key_id"] for k in listed["keys"]] == list(keys), "a key has the id of another")
        step = "the certificate"
        said, signature, signed = open_envelope(envelope, "application/vnd.in-toto+json")
        key = key_at(keys, signature["keyid"], said["predicate"]["completedAt"], "service")
        need(key["service"] == "erasure", "the erasure service did not sign it")
        key_of(bytes.fromhex(key["public_key"])).verify(unbase64(signature["sig"]), signed)
        moment, new = said["predicate"]["completedAt"], check_certificate(said, bundle, keys)
        step, said, proof = "the log", said["predicate"], bundle.get("logProof")
        logs = [at(one["not_before"]) + DAY for one in keys.values() if one["role"] == "log"]
        old = all(at(moment) < one for one in logs) and not key.get("revoked_from")
        need(proof or old, "nothing shows that it is in it")
        report["log"] = proof and check_log(proof, b"\2" + sha256(envelope).digest(), keys, moment)
        step, secret = "the nonce", bytes.fromhex(nonce or bundle["nonce"] or "")
        mark = hmac.new(secret, said["requestId"].encode(), sha256).hexdigest()
        need(not secret or mark == said["personCommitment"], "it is another's")
        report |= {"valid": True, "person": bool(secret), "certificate": said, "since": new}
    except (Invalid, InvalidSignature, *ODD) as wrong:
        odd = "it is laid out differently" if isinstance(wrong, ODD) else "a signature is wrong"
        report["problem"] = f"{step}: {wrong if isinstance(wrong, Invalid) else odd}"
    return report


def text(report: Json) -> str:
    """Write the report for people; what the issuer wrote is escaped."""
    if not report["valid"]:
        return f"INVALID: {report['problem']}"
    said, log, own = report["certificate"], report["log"], "on the bundle's own word: compare"
    lines = [f"VALID: {said['outcome']}, request {said['requestId']}, sha-256 {report['sha256']}"]
    lines += [f"root key {report['root']}, {'pinned' if report['pinned'] else own}"]
    lines += ["the nonce fits: it is its holder's" if report["person"] else "no nonce was given"]
    lines += ["leaf {index} of {size} in the log {origin}".format(**log) if log else "in no log"]
    part = "{service}: {outcome}, rows {rows}, kept {held}, 0 left"
    lines += [part.format(**one) for one in said["participants"]]
    lines += [f"told to erase: {one['recipient']!r}" for one in said["processors"]]
    lines += [f"since then: {json.dumps(one)}" for one in report["since"]]
    lines += ["stated by the issuer alone:", *(f"  {n}: {json.dumps(said[n])}" for n in STATED)]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run as a command; gives the exit code."""
    parser = argparse.ArgumentParser(description="Check an erasure certificate offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--root", default="", help="the root key in hex, from elsewhere")
    parser.add_argument("--trust", type=Path, help="a trust.json from elsewhere")
    parser.add_argument("--nonce", default="", help="the secret of the person, in hex")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args(arguments)
    try:
        need(asked.bundle.stat().st_size <= 1 << 24, "too large")
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
