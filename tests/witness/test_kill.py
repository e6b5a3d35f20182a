"""A witness is killed around what it keeps; started again, it signs no second history."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from contracts.tlog.cosignature import cosigned_at
from contracts.tlog.notes import add_signatures
from services.witness.keeping import Key
from shared.stack.ports import free_ports
from tests.kernel import eventually
from tests.processes import ended, fork
from tests.witness.history import LOG_KEY, TRUE, forked

pytestmark = pytest.mark.kill
NAME = "witness.example.org/w1"


@asynccontextmanager
async def serving(folder: Path, crash_at: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """Run the witness of a folder as a process; it is killed or stopped at the end."""
    (port,) = free_ports(1)
    words = ["witness", "serve", str(folder), "--log", str(LOG_KEY), "--bind", f"127.0.0.1:{port}"]
    armed = {**os.environ, "EXPUNGE_CRASH_AT": crash_at}
    process = fork(words, armed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as one:

            async def answers() -> bool:
                try:
                    return (await one.get("/")).status_code == 404
                except httpx2.TransportError:
                    return False

            await eventually(answers)
            yield one
    finally:
        process.terminate()
        code = await ended(process)
    assert code == (-signal.SIGKILL if crash_at else 0)


@pytest.mark.parametrize("point", ["witness:before-keep", "witness:after-keep"])
async def test_a_killed_witness_signs_one_history(tmp_path: Path, point: str) -> None:
    key = Key.make(tmp_path, NAME)
    other = forked(2)
    async with serving(tmp_path) as witness:
        first = await witness.post("/add-checkpoint", content=TRUE.asks(0, 3))
    async with serving(tmp_path, point) as witness:
        with pytest.raises(httpx2.TransportError):
            await witness.post("/add-checkpoint", content=TRUE.asks(3, 9))

    async with serving(tmp_path) as witness:
        seen = int((await witness.post("/add-checkpoint", content=TRUE.asks(0, 9))).text)
        # What contradicts a head that was signed, or may have been, is refused.
        again = await witness.post("/add-checkpoint", content=other.asks(3, 3))
        fork_of_kept = await witness.post("/add-checkpoint", content=other.asks(seen, 9))
        asked_again = await witness.post("/add-checkpoint", content=TRUE.asks(seen, 9))

    assert first.status_code == 200
    assert seen == (3 if point == "witness:before-keep" else 9)
    assert again.status_code == 409
    assert fork_of_kept.status_code == (422 if seen == 3 else 409)
    assert cosigned_at(add_signatures(TRUE.note(9), [asked_again.text]), key.verifier) > 0
