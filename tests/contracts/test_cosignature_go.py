"""Another implementation reads our witness's cosignatures, and ours reads those that it makes."""

from pathlib import Path

import pytest

from contracts.tlog.cosignature import cosign, line_of
from contracts.tlog.notes import COSIGNATURE, VerifierKey, add_signatures
from services.witness.keeping import KEY_FILE, Key
from tests.golang import build, run
from tests.witness.history import LOG_KEY, TRUE

FOLDER = Path(__file__).with_name("golang_witness")
AT = 1_679_315_147
KEY = Key("witness.example.org/w1", bytes(range(32)))
NOTE = TRUE.note(7)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the other implementation, once."""
    return build(FOLDER, tmp_path_factory.mktemp("go") / "cosign")


def given(folder: Path, at: int = AT, key: VerifierKey = KEY.verifier) -> dict[str, str | int]:
    """Cosign a head of ours, and make a key for the other witness."""
    Key.make(folder, "other.example.org/w2")
    line = cosign(NOTE, KEY.verifier.name, KEY.signer, at)
    return {
        "LogKey": str(LOG_KEY),
        "WitnessKey": str(key),
        "OwnKey": (folder / KEY_FILE).read_text().strip(),
        "Note": add_signatures(NOTE, [line]).decode(),
        "At": AT,
    }


def test_another_implementation_reads_ours_and_ours_reads_its_own(
    program: Path, tmp_path: Path
) -> None:
    done = run(program, given(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    own = Key.read(tmp_path).verifier
    line, at = line_of(NOTE, done.stdout.encode(), own)
    assert (line, at > AT) == (done.stdout, True)


@pytest.mark.parametrize("what", ["time", "key", "head"])
def test_it_would_say_if_something_were_wrong(program: Path, tmp_path: Path, what: str) -> None:
    other = VerifierKey(KEY.verifier.name, LOG_KEY.public, COSIGNATURE)
    asked = given(tmp_path, AT + (what == "time"), other if what == "key" else KEY.verifier)
    if what == "head":
        asked["Note"] = str(asked["Note"]).replace("\n7\n", "\n8\n")

    assert run(program, asked).returncode == 1
