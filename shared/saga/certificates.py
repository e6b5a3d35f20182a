"""Fetching a request's bundle from the service that certifies, with the origin's credential."""

from datetime import datetime
from uuid import UUID

import httpx2
from pydantic import ValidationError

from contracts.bundle import Bundle
from contracts.certificate import PAYLOAD_TYPE, Predicate, Statement
from contracts.envelope import unpack
from contracts.errors import BadCertificate
from contracts.topics import ERASURE_SERVICE
from shared.errors import Unavailable
from shared.saga.credentials import bearer, own_credential
from shared.settings import Settings
from shared.web.language import Language

TIMEOUT_S = 4.0  # less than the transaction of the mailer may wait


async def fetch_bundle(settings: Settings, origin: str, request_id: UUID) -> Bundle:
    """Ask, as the service `origin`, for the bundle of a certified request, without the nonce.

    Raises Unavailable if the ledger is away, does not have it, or sends something else.
    """
    try:
        return Bundle.from_json(await _fetch(settings, origin, str(request_id)))
    except BadCertificate:
        raise Unavailable from None


async def fetch_printed(
    settings: Settings, origin: str, request_id: UUID, language: Language
) -> bytes:
    """Ask, as the service `origin`, for the printed copy of a certificate: a PDF.

    Raises Unavailable if the ledger is away or does not have it.
    """
    return await _fetch(settings, origin, f"{request_id}/printed/{language}")


def said(bundle: Bundle) -> Predicate:
    """Give what a bundle's certificate says, for a mail that explains it; checks no signature.

    Raises Unavailable if it cannot be read.
    """
    try:
        payload, _, _ = unpack(bundle.certificate, PAYLOAD_TYPE)
        return Statement.model_validate_json(payload, strict=True, by_name=False).predicate
    except (BadCertificate, ValidationError):
        raise Unavailable from None


async def _fetch(settings: Settings, origin: str, what: str) -> bytes:
    base = settings.internal_url.replace("{service}", ERASURE_SERVICE)
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.get(
                f"{base}/internal/v1/certificates/{what}",
                headers=bearer(own_credential(settings, origin)),
            )
            response.raise_for_status()
            return response.content
    except (httpx2.HTTPError, OSError):
        raise Unavailable from None


def last_copies_end(predicate: Predicate) -> datetime:
    """Give the time by which everything is gone that we know an end of; UTC."""
    ends = [one.gone_by for one in predicate.out_of_scope if one.gone_by is not None]
    return max(ends, default=predicate.completed_at)
