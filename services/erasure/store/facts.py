"""The facts of sagas, read back from rows: what the reducer works on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from contracts.messages import Held
from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import Identity, Outcome
from contracts.vocabulary import ReadBack as Method
from services.erasure.facts import Extended, Fact, Place, ReadBack, Receipt, Requested
from shared.database import Transaction

_DECIDED = Place(-1, -1, -1)  # our own word counts from the moment it is stored


async def facts_of(tx: Transaction, requests: Sequence[UUID]) -> Mapping[UUID, list[Fact]]:
    """Read every fact of these sagas; a request that is not known has none."""
    found: dict[UUID, list[Fact]] = defaultdict(list)
    ids = list(requests)
    for table, make in _TABLES:
        for row in await tx.fetch(f"select * from {table} where request_id = any($1)", ids):
            found[row["request_id"]].append(make(row))
    return found


def _place(row: asyncpg.Record) -> Place:
    return Place(row["partition"], row["offset"], row["line"])


def _requested(row: asyncpg.Record) -> Fact:
    return Requested(
        _place(row),
        row["line_sha256"].hex(),
        row["origin"],
        origin=row["origin"],
        scope=None if row["scope"] is None else frozenset(row["scope"]),
        participants=frozenset(row["participants"]),
        register_version=row["register_version"],
        cutoff=row["cutoff"],
        received_at=row["received_at"],
        due_at=row["due_at"],
        identity=Identity(row["identity"]),
        person_commitment=row["person_commitment"].hex(),
    )


def _extended(row: asyncpg.Record) -> Fact:
    return Extended(
        _DECIDED,
        row["line_sha256"].hex(),
        ERASURE_SERVICE,
        row["register_version"],
        frozenset(row["participants"]),
    )


def _receipt(row: asyncpg.Record) -> Fact:
    return Receipt(
        _place(row),
        row["line_sha256"].hex(),
        row["service"],
        attempt=row["attempt"],
        receipt_id=row["receipt_id"],
        outcome=Outcome(row["outcome"]),
        rows=row["rows"],
        held=tuple(map(_held, row["held"])),
        covered_until=row["covered_until"],
        erased_at=row["erased_at"],
        recipients=tuple(row["recipients"]),
    )


def _held(value: dict[str, Any]) -> Held:
    return Held.model_validate(value)


def _read_back(row: asyncpg.Record) -> Fact:
    return ReadBack(
        _place(row),
        row["line_sha256"].hex(),
        row["service"],
        service=row["service"],
        attempt=row["attempt"],
        receipt_sha256=row["receipt_sha256"].hex(),
        remaining=row["remaining"],
        method=Method(row["method"]),
        key_id=row["key_id"],
        verified_at=row["verified_at"],
    )


_TABLES = (
    ("saga", _requested),
    ("saga_extension", _extended),
    ("saga_receipt", _receipt),
    ("saga_read_back", _read_back),
)
