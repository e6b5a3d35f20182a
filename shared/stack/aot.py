"""A cache of loaded and linked classes, with which the broker is ready in a third of the time.

Java 25 writes it when a broker that was started for training stops cleanly, and ignores one that
does not fit. Nothing depends on it: without it every start takes a second or two longer.
EXPUNGE_AOT=0 turns it off (the file has about 70 MB).
"""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.stack.java import Java

OLDEST = 25  # JEP 514: training and assembly in one run


@dataclass(frozen=True)
class Aot:
    """The cache for one set of jars, Java and flags; `fresh` is where this run may write one."""

    file: Path
    fresh: Path | None

    def flags(self) -> list[str]:
        """Return what the broker's Java is told."""
        if self.fresh is not None:
            return [f"-XX:AOTCacheOutput={self.fresh}"]
        return [f"-XX:AOTCache={self.file}"] if self.file.exists() else []

    def keep(self) -> None:
        """Take what a cleanly stopped broker wrote into use, in one step."""
        if self.fresh is not None and self.fresh.exists():
            self.fresh.replace(self.file)


def find_aot(cache: Path, java: Java, jars: Sequence[Path], flags: Sequence[str]) -> Aot | None:
    """Return the cache for these parts, or the order to train one; None where it cannot be."""
    if java.major < OLDEST or os.environ.get("EXPUNGE_AOT") == "0":
        return None
    key = hashlib.sha256()
    for part in (java.version, str(java.path), *flags):
        key.update(f"{part}\n".encode())
    for jar in jars:
        key.update(f"{jar} {jar.stat().st_mtime_ns}\n".encode())
    folder = cache / "aot"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{key.hexdigest()[:16]}.aot"
    if file.exists():
        return Aot(file, None)
    _forget_others(folder, file)
    return Aot(file, file.with_name(f"{file.stem}.{os.getpid()}.new"))


def _forget_others(folder: Path, file: Path) -> None:
    """Remove caches of other jars or another Java, and what killed trainings left."""
    for other in folder.iterdir():
        pid = other.name.removeprefix(f"{file.stem}.").partition(".")[0]
        if pid.isdecimal() and Path(f"/proc/{pid}").exists():
            continue  # somebody trains right now
        with contextlib.suppress(FileNotFoundError):
            other.unlink()
