"""What witnesses are asked and what they say, as the specifications have it."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from contracts.errors import BadLog
from contracts.signing import Signer
from contracts.tlog.checkpoint import LogProof
from contracts.tlog.cosignature import AddCheckpoint, cosign, cosigned_at, line_of
from contracts.tlog.notes import COSIGNATURE, VerifierKey, add_signatures
from contracts.verify_bundle import verify
from contracts.vocabulary import Role
from services.cli import application
from tests.contracts.story import story
from tests.witness.history import LOG, LOG_KEY, ORIGIN, TRUE

NAME = "witness.example.org/w1"
OWN = Signer(NAME, Role.LOG, bytes(range(32)))
KEY = VerifierKey(NAME, OWN.public, COSIGNATURE)
AT = 1_679_315_147
NOTE = TRUE.note(7)
LINE = cosign(NOTE, NAME, OWN, AT)


def test_a_cosignature_is_over_the_time_and_the_head() -> None:
    raw = base64.b64decode(LINE.split(" ")[2])
    text = NOTE.decode().partition("\n\n")[0] + "\n"
    signed = f"cosignature/v1\ntime {AT}\n{text}".encode()

    assert LINE.startswith(f"\N{EM DASH} {NAME} ")
    assert raw[:4] == sha256(NAME.encode() + b"\n\x04" + OWN.public).digest()[:4]
    assert raw[4:12] == AT.to_bytes(8, "big")
    assert raw[12:] == OWN.sign(signed)
    assert cosigned_at(add_signatures(NOTE, [LINE]), KEY) == AT


def bent_time(line: str) -> str:
    dash, name, written = line.split(" ")
    raw = bytearray(base64.b64decode(written))
    raw[11] ^= 1
    return f"{dash} {name} {base64.b64encode(bytes(raw)).decode()}\n"


@pytest.mark.parametrize(
    "note",
    [
        NOTE,
        add_signatures(TRUE.note(8), [LINE]),
        add_signatures(NOTE, [bent_time(LINE)]),
        add_signatures(NOTE, [LINE, bent_time(LINE)]),
        add_signatures(NOTE, [cosign(NOTE, NAME, LOG, AT)]),
        add_signatures(NOTE, [cosign(NOTE, "another.example.org", OWN, AT)]),
        add_signatures(NOTE, [cosign(NOTE, NAME, OWN, 2**63)]),
        NOTE + TRUE.head(7).sign(OWN).rpartition(b"\n\n")[2],
    ],
)
def test_what_the_witness_did_not_cosign_is_refused(note: bytes) -> None:
    with pytest.raises(BadLog):
        cosigned_at(note, KEY)


def test_lines_of_others_are_passed_over() -> None:
    others = cosign(NOTE, "another.example.org", LOG, AT)
    answer = f"{others}{LINE}{others}".encode()

    assert line_of(NOTE, answer, KEY) == (LINE, AT)
    both = add_signatures(NOTE, [others, LINE])
    assert cosigned_at(both, KEY) == AT
    assert add_signatures(both, [LINE, others, LINE]) == both
    for nothing in (b"", others.encode(), b"x", LINE.encode()[:-1], b"\xff\n"):
        with pytest.raises(BadLog):
            line_of(NOTE, nothing, KEY)


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_request_is_read_as_it_was_written(one: int, two: int) -> None:
    old, size = sorted((one, two))
    asked = AddCheckpoint.read(TRUE.asks(old, size))

    assert asked == (old, TRUE.way(old, size), TRUE.note(size))


def test_a_key_is_read_as_it_was_written_and_as_nothing_else() -> None:
    assert VerifierKey.read(str(KEY), COSIGNATURE) == KEY
    assert VerifierKey.read(str(LOG_KEY)) == LOG_KEY
    name, number, key = str(KEY).split("+", 2)
    bad = [str(LOG_KEY), "", name, f"{name}+{number}", f"{name}+00000000+{key}", f"x{KEY}"]
    bad += [f"{name}+{number}+{key[:-4]}", f"{name}+{number.upper()}x+{key}", f"a b+{number}+{key}"]
    for text in bad:
        with pytest.raises(BadLog):
            VerifierKey.read(text, COSIGNATURE)


@pytest.fixture
def cosigned(tmp_path: Path) -> Path:
    """Write a bundle whose head a witness cosigned."""
    bundle = json.loads(story().bundle().to_json())
    proof = LogProof.read(bundle["logProof"])
    line = cosign(proof.checkpoint, NAME, OWN, AT)
    bundle["logProof"] = proof._replace(checkpoint=add_signatures(proof.checkpoint, [line])).text()
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle))
    return file


def run(file: Path, *more: str) -> tuple[int, str]:
    done = CliRunner().invoke(application(()), ["verify", str(file), *more])
    return done.exit_code, done.stdout


def test_a_bundle_with_a_cosigned_head_is_valid_and_may_be_demanded(cosigned: Path) -> None:
    other = VerifierKey("other.example.org", LOG.public, COSIGNATURE)
    plain = cosigned.with_name("plain.json")
    plain.write_bytes(story().bundle().to_json())
    lacking = (1, "INVALID: the log: not cosigned by other.example.org\n")

    assert verify(cosigned.read_bytes())["problem"] == ""
    assert run(cosigned)[0] == run(cosigned, "--witness", str(KEY))[0] == 0
    assert run(cosigned, "--witness", str(KEY), "--witness", str(other)) == lacking
    assert run(plain)[0] == 0
    code, said = run(plain, "--witness", str(KEY), "--json")
    assert (code, json.loads(said)["valid"]) == (1, False)
    assert run(cosigned, "--witness", f"{ORIGIN}+x")[0] == 2
    cosigned.write_text(cosigned.read_text().replace('"logProof"', '"more"'))
    assert run(cosigned, "--witness", str(KEY))[0] == 1
    cosigned.write_text("nothing")
    assert run(cosigned, "--witness", str(KEY))[0] == 2
