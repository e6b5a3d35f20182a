"""Bundles: a certificate with the lines it rests on, and their ways to the signatures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from contracts.bundle import Bundle, Evidence, Supplement, evidence, make_bundle
from contracts.certificate import PAYLOAD_TYPE, RECEIPT_SUBJECT
from contracts.envelope import unpack
from contracts.messages import SliceErased, SliceReerased, parse
from contracts.tlog.entries import of_transaction
from contracts.trust import Trust
from services.erasure.facts import owed as owed_of
from services.erasure.log.proofs import log_proofs
from services.erasure.log.store import places_of
from services.erasure.store import certificates, evidence_lines
from services.erasure.store.evidence import records
from services.erasure.store.evidence_lines import EvidenceLine, Sort
from shared.database import Transaction

ORIGINS_LAST_WORD = ""  # its line is named after nobody


async def bundles(tx: Transaction, requests: Sequence[UUID], trust: bytes) -> Mapping[UUID, Bundle]:
    """Make the bundles of requests that are certified; the others are left out.

    `trust` is the bytes of `trust.json`. The nonce is the origin's to add. A certificate keeps
    the receipts that it names, also if a slice erased again later. What was said since of what
    these receipts owed is there as far as it is known.
    """
    found = await certificates.find(tx, requests)
    envelopes = {key: one.envelope for key, one in found.items() if one.envelope is not None}
    named = {key: _receipts_named(envelope) for key, envelope in envelopes.items()}
    lines = await evidence_lines.find(tx, named)
    kept = await records(tx, (line.record_id for line in lines))
    logged = await log_proofs(tx, {key: one.log_index for key, one in found.items()}, trust)
    told = await _told_in_log(
        tx, [one for one in lines if one.sort is Sort.SUPPLEMENT], kept, trust
    )
    proven = _proven(lines, kept, told)
    return {
        request_id: make_bundle(
            envelope,
            request=proven[request_id][Sort.REQUEST][0],
            extensions=proven[request_id][Sort.EXTENSION],
            receipts=proven[request_id][Sort.RECEIPT],
            read_backs=proven[request_id][Sort.READ_BACK],
            supplements=proven[request_id][Sort.SUPPLEMENT],
            trust=trust,
            log_proof=logged.get(request_id),
        )
        for request_id, envelope in envelopes.items()
        if proven[request_id][Sort.REQUEST]
    }


def _proven(
    lines: Sequence[EvidenceLine], kept: evidence_lines.Records, told: Mapping[bytes, str]
) -> Mapping[UUID, Mapping[Sort, Sequence[Evidence]]]:
    """Sort lines by request; of supplements those that a receipt owed. `told`: proofs by record."""
    proven: dict[UUID, dict[Sort, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    owed: dict[UUID, set[str]] = defaultdict(lambda: {ORIGINS_LAST_WORD})
    for line in lines:  # a request's receipts stand before its supplements
        if line.record_id not in kept:
            continue
        made = _evidence(line, kept)
        if line.sort is Sort.RECEIPT:
            owed[line.request_id] |= {f"{line.name} {about}" for about in _owed(made)}
        if line.sort is not Sort.SUPPLEMENT or line.name in owed[line.request_id]:
            if line.sort is Sort.SUPPLEMENT:
                made = Supplement(**dict(made), log_proof=told.get(line.record_id))
            proven[line.request_id][line.sort].append(made)
    return proven


async def _told_in_log(
    tx: Transaction, lines: Sequence[EvidenceLine], kept: evidence_lines.Records, trust: bytes
) -> Mapping[bytes, str]:
    """Prove that transactions of lines are in the log, by record; what waits is left out."""
    if not lines:
        return {}
    keys = {key.key_id: key.public() for key in Trust.from_json(trust).keys}
    digests: dict[bytes, bytes] = {}
    for line in lines:
        _, proof, _ = kept.get(line.record_id, (None, None, None))
        if proof is not None and proof.key_id in keys:
            entry = of_transaction(line.record_id, proof, keys[proof.key_id])
            digests[line.record_id] = entry[1:]
    places = await places_of(tx, digests.values())
    return await log_proofs(tx, {one: places.get(it) for one, it in digests.items()}, trust)


def _evidence(line: EvidenceLine, kept: evidence_lines.Records) -> Evidence:
    record, proof, offset = kept[line.record_id]
    return evidence(record, proof, line.line, offset)


def _owed(receipt: Evidence) -> frozenset[str]:
    message = parse(receipt.line).message
    return owed_of(message) if isinstance(message, SliceErased | SliceReerased) else frozenset()


def _receipts_named(envelope: bytes) -> list[bytes]:
    """Read the receipt digests out of a certificate of our own."""
    payload, _, _ = unpack(envelope, PAYLOAD_TYPE)
    return [
        bytes.fromhex(subject["digest"]["sha256"])
        for subject in orjson.loads(payload)["subject"]
        if subject["name"].startswith(RECEIPT_SUBJECT)
    ]
