"""W8, memory: the erasure service's worker and the auditor, after few messages and after many.

`python -m bench.memory SAGAS` compares a replay of so many sagas with one of a thousand.
"""

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from bench import broker, gate, history
from bench.erasing import Origin, ended, erase
from bench.people import subscribe_many
from bench.place import STATE
from bench.processes import SLICES, Processes
from bench.rounds import Round, Turn
from shared.settings import Settings

FEW, MANY = 1_000, 100_000
GROUP = 500  # requests at once
LINES_EACH = 9  # messages of one erasure, about
MEGABYTE = 1e6
# The erasure service in a process of its own, so that its memory can be told from the others'.
COMMANDS = {
    "web": ("serve", *SLICES),
    "ledger": ("work", "erasure"),
    "slices": ("work", *SLICES),
    "verifiers": ("verify-slices", *SLICES),
}
HISTORIES = (1_000, 100_000)  # sagas; a million by `python -m bench.memory 1000000`
Advance = Callable[[int], None]


async def of_histories(folder: Path, sagas: Sequence[int], advance: Advance) -> Sequence[int]:
    """Write a history for each number of sagas and replay it with its head; gives peaks in bytes.

    A history is gone once it was replayed. Raises GateFailed.
    """
    peaks = []
    for count in sagas:
        history.write(folder, count, advance)
        try:
            peaks.append(await gate.replay_file(folder))
        finally:
            shutil.rmtree(folder)
    return peaks


async def measure(settings: Settings, advance: Advance) -> tuple[Round, Round]:
    """Compare memory at FEW messages with memory at MANY: of the worker, of the auditor.

    Rates are megabytes. The ratio is what was used at FEW in what is used at MANY: 1 is no growth.
    """
    processes = Processes(settings)
    try:
        for name, command in COMMANDS.items():
            processes.start(name, command)
        await processes.ready()
        origin = await Origin.connect(settings)
        try:
            growing = Growing(settings, origin, processes.pid("ledger"), advance)
            few, many = await growing.until(FEW), await growing.until(MANY)
        finally:
            await origin.close()
    finally:
        processes.stop()
    worker, auditor = (
        Round(Turn(less, MEGABYTE), Turn(more, MEGABYTE))
        for less, more in zip(few, many, strict=True)
    )
    return worker, auditor


class Growing:
    """A log that grows by real erasures."""

    def __init__(self, settings: Settings, origin: Origin, pid: int, advance: Advance) -> None:
        self._settings, self._origin, self._pid = settings, origin, pid
        self._advance = advance
        self._messages = 0
        self._ends: broker.Ends | None = None

    async def until(self, messages: int) -> tuple[int, int]:
        """Erase until so many messages were said; gives worker's and auditor's bytes."""
        await self._count()
        while self._messages < messages:
            count = min(GROUP, max(1, (messages - self._messages) // LINES_EACH))
            erased = await erase(self._origin, await subscribe_many(self._settings, count))
            await ended(self._settings, erased.requests)
            await gate.drained(self._settings)
            await self._count()
        worker = psutil.Process(self._pid).memory_info().rss
        return worker, await gate.replay(self._settings)

    async def _count(self) -> None:
        end = await broker.ends(self._settings)
        begin = self._ends or dict.fromkeys(end, 0)
        records = await broker.records_between(self._settings, begin, end)
        self._messages += broker.said(records).messages
        self._ends = end
        self._advance(self._messages)


def main(arguments: Sequence[str]) -> None:
    """Compare two histories and print both peaks."""
    counts = (HISTORIES[0], int(arguments[0]))
    few, many = asyncio.run(of_histories(STATE.with_name("history"), counts, lambda _: None))
    for count, peak in zip(counts, (few, many), strict=True):
        print(f"{count:>9,} sagas: {peak / MEGABYTE:.1f} MB")
    print(f"{many / few:.3f} times")


if __name__ == "__main__":
    main(sys.argv[1:])
