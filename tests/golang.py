"""Programs in Go that hold ours against an implementation which shares no code with it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

GO = shutil.which("go")
ENVIRONMENT = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}


def build(folder: Path, to: Path) -> Path:
    """Build a program; skips the test where there is no Go, or none that is new enough."""
    if GO is None:
        pytest.skip("no Go here: nothing of ours is held against an implementation in Go")
    got = _go(folder, "mod", "download")
    if got.returncode:
        pytest.skip(f"no module proxy here, or an older Go: {got.stderr[-200:]}")
    made = _go(folder, "build", "-o", str(to), ".")
    assert made.returncode == 0, made.stderr
    return to


def run(program: Path, given: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Give a program one JSON object."""
    return subprocess.run(  # noqa: S603
        [str(program)], input=json.dumps(given), check=False, capture_output=True, text=True
    )


def _go(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(GO), *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
    )
