"""A database for one replay: a file without a name, which is gone with the process."""

import sqlite3
from typing import Final

_PRAGMAS: Final = """
pragma journal_mode = off;
pragma synchronous = off;
pragma cache_size = -1024;
"""


def scratch(schema: str) -> sqlite3.Connection:
    """Make tables in a file of our own where `TMPDIR` says; `cache_size` is in KiB of memory.

    The empty name is SQLite's for a file that it deletes as it opens it, so that a process that is
    killed leaves nothing behind (sqlite.org/inmemorydb.html, "Temporary Databases").
    """
    database = sqlite3.connect("", isolation_level=None)
    database.executescript(_PRAGMAS + schema)
    return database
