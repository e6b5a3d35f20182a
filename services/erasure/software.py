"""Which software did the work: release, and one digest over its source."""

from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from contracts.certificate import Software

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("contracts", "shared", "services")
SUFFIXES: Final = frozenset({".py", ".sql"})


@lru_cache(maxsize=1)
def software() -> Software:
    """Name release and source of what runs here, once for each process."""
    digest = sha256(b"expunge-source/v1")
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*"), key=lambda path: path.as_posix()):
            if path.suffix in SUFFIXES and path.is_file():
                name = path.relative_to(ROOT).as_posix().encode()
                digest.update(len(name).to_bytes(4, "big") + name)
                digest.update(sha256(path.read_bytes()).digest())
    return Software(version=version("expunge"), source=f"sha256:{digest.hexdigest()}")
