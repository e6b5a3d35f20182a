"""sigstore's own verifier reads a real bundle: statement, signature, inclusion, signed head.

It shares no code with ours. What of it is used is what its `Verifier` calls for an entry of a log;
the whole `Verifier` wants a certificate authority and an entry of Rekor's kind, and ours is a
digest. Its functions are no public interface: the lock file says which version is meant.
"""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError
from sigstore._internal.trust import Key, Keyring, RekorKeyring
from sigstore.dsse import Envelope, Statement
from sigstore.errors import Error
from sigstore.models import TransparencyLogEntry
from sigstore_models.common.v1 import PublicKey, PublicKeyDetails
from sigstore_models.rekor.v1 import TransparencyLogEntry as Written

from contracts.vocabulary import Role
from services.erasure.bundles import bundles
from tests.ledger import Ledger

Json = dict[str, Any]
Bend = Callable[[Json], None]
MARK: Final = b"\x02"  # docs/log.md, What a leaf is


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bundle(on: Ledger) -> str:
    """Certify some requests, and take the bundle of one, as its origin would."""
    sagas = [await on.whole_saga() for _ in range(3)]
    async with on.working():
        await on.certified(*sagas)
        async with on.database.begin() as tx:
            made = await bundles(tx, [sagas[1].id], on.settings.trust.read_bytes())
    return made[sagas[1].id].to_json().decode()


def key(public: bytes) -> PublicKey:
    """Write 32 bytes of a public key as a trusted root of sigstore has them."""
    der = Ed25519PublicKey.from_public_bytes(public).public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return PublicKey(raw_bytes=base64.b64encode(der), key_details=PublicKeyDetails.PKIX_ED25519)


def check_log(given: Json, public: bytes) -> None:
    """Let sigstore check that the log has the certificate."""
    proof, note = given["logProof"].split("\n\n", 1)
    _, index, *way = proof.split("\n")
    name, size, root = note.split("\n")[:3]
    leaf = MARK + sha256(base64.b64decode(given["certificate"])).digest()
    number = index.removeprefix("index ")
    mark = sha256(f"{name}\n\x01".encode() + public).digest()
    written = {
        "logIndex": number,
        "logId": {"keyId": base64.b64encode(mark).decode()},
        "kindVersion": {"kind": "expunge", "version": "1"},
        "inclusionProof": {
            "logIndex": number,
            "treeSize": size,
            "rootHash": root,
            "hashes": way,
            "checkpoint": {"envelope": note},
        },
        "canonicalizedBody": base64.b64encode(leaf).decode(),
    }
    entry = TransparencyLogEntry(Written.from_json(json.dumps(written)))
    entry._verify(RekorKeyring(Keyring([key(public)])))


def check_certificate(given: Json, public: bytes) -> Statement:
    """Let sigstore read the envelope and the statement, and check the signature."""
    envelope = Envelope._from_json(base64.b64decode(given["certificate"]))
    Keyring([key(public)]).verify(
        key_id=Key(key(public)).key_id, signature=envelope.signature, data=envelope.pae()
    )
    return Statement(envelope._inner.payload)


async def test_sigstore_accepts_a_real_bundle(on: Ledger, bundle: str) -> None:
    given = json.loads(bundle)

    check_log(given, on.signer("erasure", Role.LOG).public)
    said = check_certificate(given, on.signer("erasure").public)

    names = [one.name for one in said._inner.subjects]
    assert names == ["erasure-request", "receipt/events", "receipt/newsletter", "receipt/rights"]
    assert len(given["logProof"].partition("\n\n")[0].split("\n")) > 3, "there is a path to check"


def flip(text: str, at: int) -> str:
    """Change one byte of what base64 says."""
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(raw).decode()


def in_proof(line: int, at: int = 0) -> Bend:
    """Change a byte in the last word of one line of the proof, counted from its end."""

    def bend(given: Json) -> None:
        lines = given["logProof"].split("\n")
        before, space, word = lines[line].rpartition(" ")
        lines[line] = f"{before}{space}{flip(word, at)}"
        given["logProof"] = "\n".join(lines)

    return bend


def in_text(old: str, new: str) -> Bend:
    """Put another word into the proof."""

    def bend(given: Json) -> None:
        assert old in given["logProof"]
        given["logProof"] = given["logProof"].replace(old, new)

    return bend


def in_certificate(bend_envelope: Callable[[Json], None]) -> Bend:
    """Change the envelope."""

    def bend(given: Json) -> None:
        envelope = json.loads(base64.b64decode(given["certificate"]))
        bend_envelope(envelope)
        given["certificate"] = base64.b64encode(json.dumps(envelope).encode()).decode()

    return bend


def signature(envelope: Json) -> None:
    envelope["signatures"][0]["sig"] = flip(envelope["signatures"][0]["sig"], 0)


def payload(envelope: Json) -> None:
    envelope["payload"] = flip(envelope["payload"], -2)


def kind(envelope: Json) -> None:
    envelope["payloadType"] += "2"


def certificate_of_another(given: Json) -> None:
    given["certificate"] = flip(given["certificate"], 40)


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(in_proof(2), id="the first hash of the path"),
        pytest.param(in_proof(-4), id="the root"),
        pytest.param(in_proof(-2, 64), id="the signature of the head"),
        pytest.param(in_proof(-2), id="the id of the key"),
        pytest.param(in_text("/log\n", "/gol\n"), id="the name of the log"),
        pytest.param(certificate_of_another, id="the leaf"),
    ],
)
async def test_sigstore_refuses_a_log_that_was_bent(on: Ledger, bundle: str, bend: Bend) -> None:
    given = json.loads(bundle)
    bend(given)

    with pytest.raises(Error):
        check_log(given, on.signer("erasure", Role.LOG).public)


@pytest.mark.parametrize("bend", [signature, payload, kind])
async def test_sigstore_refuses_a_certificate_that_was_bent(
    on: Ledger, bundle: str, bend: Callable[[Json], None]
) -> None:
    given = json.loads(bundle)
    in_certificate(bend)(given)

    with pytest.raises((Error, ValidationError)):
        check_certificate(given, on.signer("erasure").public)


async def test_sigstore_refuses_another_key(on: Ledger, bundle: str) -> None:
    given = json.loads(bundle)

    with pytest.raises(Error):
        check_log(given, on.signer("erasure").public)
    with pytest.raises(Error):
        check_certificate(given, on.signer("erasure", Role.LOG).public)
