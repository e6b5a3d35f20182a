"""An origin opens requests: row, alias, nonce, message, and its own slice's answer, at once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.bundle import evidence
from contracts.certificate import NONCE_BYTES, person_commitment
from contracts.identifiers import uuid7
from contracts.messages import ErasureRequested
from contracts.vocabulary import Identity
from shared.database import Transaction
from shared.deadlines import answer_period
from shared.errors import Unavailable
from shared.saga.claims import Told
from shared.saga.closing import Slice, close_requests
from shared.saga.decisions import EVERYTHING, Answer, participants
from shared.saga.waiting import Asked

Scope = Literal["everything"] | tuple[str, ...]
REQUEST_COLUMNS = (
    *("request_id", "scope", "participants", "register_version", "language"),
    *("received_at", "cutoff", "due_at", "mails_settled_at"),
)
AliasRow = tuple[str, str | None, UUID | None, str | None]


@dataclass(frozen=True, slots=True)
class Opening:
    """One request to open. Times are UTC; `checked_at`, when identity was checked, is the cut-off.

    It is about exact `addresses`, or about `subjects` (service, subject id) of a person who is
    signed in or picked them. `followed`: the person has a page and gets mails; the aliases then
    wait for the certificate's mail.
    """

    language: str
    received_at: datetime
    checked_at: datetime
    identity: Identity
    addresses: tuple[str, ...] = ()
    subjects: tuple[tuple[str, UUID], ...] = ()
    scope: Scope = "everything"
    followed: bool = False


@dataclass(frozen=True, slots=True)
class _Opened:
    request_id: UUID
    nonce: bytes
    opening: Opening
    message: ErasureRequested


async def open_request(
    tx: Transaction, opening: Opening, *, part: Slice | None, passed_at: datetime
) -> UUID:
    """Open one request; see `open_requests`."""
    return (await open_requests(tx, [opening], part=part, passed_at=passed_at))[0]


async def open_requests(
    tx: Transaction, openings: Sequence[Opening], *, part: Slice | None, passed_at: datetime
) -> list[UUID]:
    """Write requests, aliases and nonces, tell erasure-requested, act on the own slice.

    `passed_at`: when this slice's barrier was passed, after the identity checks and before this
    transaction. `part` None: this service holds no slice. Needs the role `eraser`. Returns the
    request ids. Raises Unavailable while no register of participants was read.
    """
    version, register = await _register(tx)
    opened = [_open(tx.service, opening, version, register) for opening in openings]
    tx.tell(*(each.message for each in opened))
    await _write(tx, opened)
    await _write_aliases(tx, opened)
    mine = [each for each in opened if tx.service in each.message.participants]
    if part is not None and mine:
        asked = [Asked(each.request_id, tx.service, each.message.cutoff) for each in mine]
        told = {each.request_id: _told(tx.service, each.opening) for each in mine}
        await close_requests(tx, part, asked, told, passed_at, {})
    await tx.flush()
    await _keep_statements(tx, {each.request_id for each in opened if each.opening.followed})
    return [each.request_id for each in opened]


def _open(service: str, opening: Opening, version: int, register: Sequence[str]) -> _Opened:
    request_id, nonce = uuid7(), secrets.token_bytes(NONCE_BYTES)
    message = ErasureRequested(
        request_id=request_id,
        origin=service,
        scope=opening.scope,
        participants=participants(opening.scope, register),
        register_version=version,
        cutoff=opening.checked_at,
        received_at=opening.received_at,
        due_at=answer_period(opening.received_at).due_at,
        identity=opening.identity,
        person_commitment=person_commitment(nonce, request_id),
    )
    return _Opened(request_id, nonce, opening, message)


def _told(service: str, opening: Opening) -> Told:
    subjects = tuple(subject for owner, subject in opening.subjects if owner == service)
    return Told(Answer.ALIASES, opening.addresses, subjects)


async def _register(tx: Transaction) -> tuple[int, list[str]]:
    row = await tx.fetchrow(
        "select version, participants from register order by version desc limit 1"
    )
    if row is None:
        raise Unavailable
    return row["version"], row["participants"]


async def _write(tx: Transaction, opened: Sequence[_Opened]) -> None:
    await tx.copy(
        "request",
        REQUEST_COLUMNS,
        [
            (
                each.request_id,
                None if each.opening.scope == EVERYTHING else list(each.opening.scope),
                list(each.message.participants),
                each.message.register_version,
                each.opening.language,
                each.opening.received_at,
                each.message.cutoff,
                each.message.due_at,
                None if each.opening.followed else tx.now,
            )
            for each in opened
        ],
    )
    await tx.execute(
        "select add_nonces($1, $2)", [e.request_id for e in opened], [e.nonce for e in opened]
    )


async def _write_aliases(tx: Transaction, opened: Sequence[_Opened]) -> None:
    rows: list[tuple[UUID, int, str, str | None, UUID | None, str | None]] = []
    for one in opened:
        about: list[AliasRow] = [("address", each, None, None) for each in one.opening.addresses]
        about += [("subject", None, subject, owner) for owner, subject in one.opening.subjects]
        rows += [(one.request_id, number, *alias) for number, alias in enumerate(about)]
    columns = ["request_id", "alias_id", "kind", "address", "alias_subject", "service"]
    await tx.copy("alias", columns, rows)


async def _keep_statements(tx: Transaction, requests: set[UUID]) -> None:
    """Keep the signed request as evidence for the person: dropped later, it can be proven."""
    rows = [
        (sealed.message.request_id, evidence(sealed.record, sealed.proof, sealed.line))
        for sealed in tx.sealed
        if isinstance(sealed.message, ErasureRequested) and sealed.message.request_id in requests
    ]
    await tx.executemany(
        "update request set statement = $2 where request_id = $1",
        [(request, kept.model_dump_json(by_alias=True).encode()) for request, kept in rows],
    )
