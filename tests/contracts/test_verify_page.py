"""What docs/verify.md tells people to type does what it says, typed as it stands there."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.contracts.story import story

PAGE = (Path(__file__).parents[2] / "docs" / "verify.md").read_text()
FILE = "certificate.expunge.json"
TRUE = story().bundle().to_json()


def typed_and_shown(heading: str) -> tuple[str, str]:
    """Take the code block below a heading apart: what is typed behind `$ `, what is shown last."""
    block = re.search(rf"## {heading}\n.*?```\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    commands, _, rest = block[1].rpartition("\n$ ")
    last, shown = rest.split("\n", 1)
    return f"set -e\n{commands.removeprefix('$ ')}\n{last}\n", shown.strip()


def need_openssl() -> None:
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("there is no openssl on this machine")
    said = subprocess.run(  # noqa: S603
        [found, "version"], check=True, capture_output=True, text=True
    ).stdout
    if not said.startswith("OpenSSL ") or int(said.split()[1].split(".")[0]) < 3:
        pytest.skip(f"openssl pkeyutl -rawin needs OpenSSL 3, this is {said.strip()}")


def run(typed: str, bundle: bytes, folder: Path) -> "subprocess.CompletedProcess[str]":
    (folder / FILE).write_bytes(bundle)
    shell = shutil.which("sh")
    assert shell is not None
    return subprocess.run(  # noqa: S603
        [shell, "-c", typed], cwd=folder, check=False, capture_output=True, text=True
    )


def changed(bundle: bytes) -> bytes:
    """Let the certificate say that it was completed a second later, under the same signature."""
    raw = orjson.loads(bundle)
    envelope = orjson.loads(base64.b64decode(raw["certificate"]))
    payload = base64.b64decode(envelope["payload"])
    said = orjson.loads(payload)["predicate"]["completedAt"]
    other = said.replace("Z", "").removesuffix(said[-2]) + ("0" if said[-2] != "0" else "1") + "Z"
    lie = payload.replace(said.encode(), other.encode())
    assert lie != payload
    envelope["payload"] = base64.b64encode(lie).decode()
    raw["certificate"] = base64.b64encode(orjson.dumps(envelope)).decode()
    return orjson.dumps(raw)


def test_by_hand_with_openssl(tmp_path: Path) -> None:
    need_openssl()
    typed, shown = typed_and_shown("By hand, with openssl")
    assert "openssl pkeyutl -verify" in typed

    ran = run(typed, TRUE, tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == shown
    assert orjson.loads(ran.stdout.splitlines()[0])["_type"] == "https://in-toto.io/Statement/v1"


def test_by_hand_a_changed_certificate_is_found(tmp_path: Path) -> None:
    need_openssl()
    typed, shown = typed_and_shown("By hand, with openssl")

    ran = run(typed, changed(TRUE), tmp_path)

    assert ran.returncode != 0
    assert shown not in ran.stdout
