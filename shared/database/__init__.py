"""PostgreSQL: one transaction per effect, and the schema that every service shares."""

from shared.database.barrier import barrier
from shared.database.failures import is_transient
from shared.database.headers import pack_headers, unpack_headers
from shared.database.inbox import keep_inbox, turn_inbox
from shared.database.migrations import Kernel, Schema, apply, apply_schemas, apply_verifier
from shared.database.pool import Database
from shared.database.sealing import Sealed, TooMuchTold
from shared.database.transaction import NoSigner, Transaction

__all__ = [
    "Database",
    "Kernel",
    "NoSigner",
    "Schema",
    "Sealed",
    "TooMuchTold",
    "Transaction",
    "apply",
    "apply_schemas",
    "apply_verifier",
    "barrier",
    "is_transient",
    "keep_inbox",
    "pack_headers",
    "turn_inbox",
    "unpack_headers",
]
