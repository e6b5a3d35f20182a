"""Certificates: taken up when everything may be there, stored once for each request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Self
from uuid import UUID

from contracts.messages import ErasureCertified
from contracts.vocabulary import CertificateOutcome
from shared.database import Transaction
from shared.database.locks import CERTIFIER


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate: the DSSE envelope's bytes, and what `erasure-certified` says of it."""

    request_id: UUID
    envelope: bytes | None
    sha256: bytes
    outcome: CertificateOutcome
    certified_at: datetime
    log_index: int | None = None

    @classmethod
    def of(
        cls, request_id: UUID, envelope: bytes, outcome: CertificateOutcome, at: datetime
    ) -> Self:
        """Name an envelope by its digest."""
        return cls(request_id, envelope, sha256(envelope).digest(), outcome, at)

    def logged_at(self, index: int) -> Self:
        """Say at which index of the log it stands."""
        return replace(self, log_index=index)


async def lock(tx: Transaction) -> bool:
    """Become the one who certifies until this transaction ends; False if somebody else is."""
    return bool(await tx.fetchval("select pg_try_advisory_xact_lock($1)", CERTIFIER))


async def take_ready(tx: Transaction, register_version: int, limit: int) -> list[UUID]:
    """Lock up to `limit` sagas that may have every answer and were held against this register."""
    rows = await tx.fetch(
        """
        select request_id
          from open_saga
         where ready
           and register_version = $1
         order by request_id
         limit $2
           for update skip locked
        """,
        register_version,
        limit,
    )
    return [_plain(row["request_id"]) for row in rows]


async def put_back(tx: Transaction, requests: Sequence[UUID]) -> None:
    """Take the mark off sagas that still owe something: the next answer marks them again."""
    await tx.execute(
        "update open_saga set ready = false where request_id = any($1)", list(requests)
    )


async def add(tx: Transaction, certificates: Sequence[Certificate]) -> None:
    """Store certificates and close their sagas. A request that has one keeps its first."""
    await tx.execute(
        """
        insert into certificate (request_id, envelope, sha256, outcome, certified_at, log_index)
        select * from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::timestamptz[],
                             $6::bigint[])
            on conflict (request_id) do nothing
        """,
        [certificate.request_id for certificate in certificates],
        [certificate.envelope for certificate in certificates],
        [certificate.sha256 for certificate in certificates],
        [certificate.outcome.value for certificate in certificates],
        [certificate.certified_at for certificate in certificates],
        [certificate.log_index for certificate in certificates],
    )
    await tx.execute(
        "delete from open_saga where request_id = any($1)",
        [certificate.request_id for certificate in certificates],
    )


async def fill(tx: Transaction, certificate: Certificate) -> bool:
    """Give a certificate its envelope again if these are the bytes; False if they are not."""
    filled = await tx.execute(
        """
        update certificate
           set envelope = $2
         where request_id = $1
           and envelope is null
           and sha256 = $3
        """,
        certificate.request_id,
        certificate.envelope,
        certificate.sha256,
    )
    return filled == 1


async def lost(tx: Transaction, limit: int) -> list[Certificate]:
    """List certificates whose bytes a restored database does not have."""
    rows = await tx.fetch(
        """
        select request_id, envelope, sha256, outcome, certified_at, log_index
          from certificate
         where envelope is null
         order by request_id
         limit $1
        """,
        limit,
    )
    return [_certificate(*row.values()) for row in rows]


async def find(tx: Transaction, requests: Sequence[UUID]) -> dict[UUID, Certificate]:
    """Find certificates whose bytes are here, by request."""
    rows = await tx.fetch(
        """
        select request_id, envelope, sha256, outcome, certified_at, log_index
          from certificate
         where request_id = any($1)
           and envelope is not null
        """,
        list(requests),
    )
    return {row["request_id"]: _certificate(*row.values()) for row in rows}


async def issued(tx: Transaction, at: datetime, digest: bytes) -> CertificateOutcome | None:
    """Say what the certificate of this time and digest came to; None if there is none."""
    outcome = await tx.fetchval(
        "select outcome from certificate where certified_at = $1 and sha256 = $2", at, digest
    )
    return None if outcome is None else CertificateOutcome(outcome)


def heard(messages: Sequence[ErasureCertified]) -> list[Certificate]:
    """Make of our own word on the topic what it says of certificates: all but their bytes."""
    return [
        Certificate(
            message.request_id,
            None,
            bytes.fromhex(message.certificate_sha256),
            message.outcome,
            message.certified_at,
            message.log_index,
        )
        for message in messages
    ]


def _certificate(  # noqa: PLR0917
    request_id: UUID,
    envelope: bytes | None,
    sha256: bytes,
    outcome: str,
    certified_at: datetime,
    log_index: int | None,
) -> Certificate:
    digest, kind = sha256, CertificateOutcome(outcome)
    return Certificate(_plain(request_id), envelope, digest, kind, certified_at, log_index)


def _plain(request_id: UUID) -> UUID:
    """Turn the driver's kind of UUID into the ordinary one, which JSON writers know."""
    return UUID(bytes=request_id.bytes)


async def after(tx: Transaction, last: UUID, limit: int) -> list[Certificate]:
    """List certificates in the order of their requests, those after `last`."""
    rows = await tx.fetch(
        """
        select request_id, envelope, sha256, outcome, certified_at, log_index
          from certificate
         where request_id > $1
         order by request_id
         limit $2
        """,
        last,
        limit,
    )
    return [_certificate(*row.values()) for row in rows]
