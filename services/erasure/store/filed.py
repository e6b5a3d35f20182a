"""A fact with what the ledger files it under."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Filed(Generic[F]):
    """A fact about a request, and the record whose line says it."""

    request_id: UUID
    record_id: bytes
    fact: F
