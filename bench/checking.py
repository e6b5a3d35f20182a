"""A certificate checked offline by its one-file verifier, beside the bare signatures in it."""

import time
from types import SimpleNamespace
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.place import Admin
from bench.rounds import GateFailed, Round, Turn
from contracts import verify_bundle
from shared.saga.certificates import fetch_bundle
from shared.settings import Settings

ORIGIN = "rights"
CHECKS = 50  # of the same bundle in one turn

Signed = tuple[bytes, bytes, bytes]  # public key, signature, what is signed


async def any_bundle(settings: Settings) -> bytes:
    """Take the bundle of a certificate that is in the log. Raises Unavailable without one."""
    async with Admin(settings, "erasure") as database:
        request_id = await database.fetchval(
            "select request_id from certificate where log_index is not null limit 1"
        )
    return (await fetch_bundle(settings, ORIGIN, request_id)).to_json()


def signatures(bundle: bytes, trust: bytes) -> list[Signed]:
    """Note every signature that one verification checks. Raises GateFailed if it does not hold."""
    noted: list[Signed] = []
    key_of = verify_bundle.key_of

    def note(public: bytes) -> SimpleNamespace:
        def verify(signature: bytes, signed: bytes) -> None:
            noted.append((public, signature, signed))
            key_of(public).verify(signature, signed)

        return SimpleNamespace(verify=verify)

    with patch.object(verify_bundle, "key_of", note):
        report = verify_bundle.verify(bundle, trust=trust)
    if not report["valid"]:
        raise GateFailed(report["problem"])
    return noted


def rounds(bundle: bytes, trust: bytes, count: int) -> list[Round]:
    """Take turns: whole verifications, and as many times its signatures alone."""
    noted = signatures(bundle, trust)
    found = []
    for _ in range(count):
        began = time.perf_counter()
        for _ in range(CHECKS):
            verify_bundle.verify(bundle, trust=trust)
        ours = Turn(CHECKS, time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(CHECKS):
            for public, signature, signed in noted:
                key = Ed25519PublicKey.from_public_bytes(public)
                key.verify(signature, signed)
        found.append(Round(ours, Turn(CHECKS, time.perf_counter() - began)))
    return found
