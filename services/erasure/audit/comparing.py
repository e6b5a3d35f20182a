"""Certificates that somebody holds against those that the topic tells of."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from contracts.errors import BadInput
from services.erasure.audit.closed import Compared
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.given import Given, from_database, from_folder
from services.erasure.audit.replay import Replay
from services.erasure.audit.statements import claimed
from shared.settings import Settings

DATABASE: Final = "database"
EXTRA: Final = "a certificate that the topic does not name"
MISSING: Final = "the ledger does not have the certificate that the topic names"
UNSIGNED: Final = "a certificate that the erasure service did not sign"
OTHER_BYTES: Final = "the certificate has another digest than erasure-certified"
OTHER_WORDS: Final = "the certificate says otherwise than the lines, or where on the topic they are"


async def compare(settings: Settings, work: Replay, certificates: str) -> int:
    """Add findings for certificates of the ledger's database, or of a folder of bundles.

    `work` was told to prepare for it and has read everything. Returns how many were given.
    Raises Unreadable.
    """
    count = 0
    async for one in _given(settings, certificates):
        count += 1
        _take(work, one)
    for compared in work.sagas.closed.compare():
        kind, what = _judged(compared)
        if kind is Kind.MISSING and certificates != DATABASE:
            continue  # nobody has to hand all certificates to an auditor
        if kind is not None:
            work.findings.add(Finding(kind, what, request_id=str(compared.request_id)))
    return count


async def _given(settings: Settings, certificates: str) -> AsyncIterator[Given]:
    if certificates == DATABASE:
        async for one in from_database(settings):
            yield one
    else:
        for one in from_folder(Path(certificates)):
            yield one


def _take(work: Replay, given: Given) -> None:
    statement = b""
    if given.envelope is not None:
        try:
            statement = claimed(given.envelope, work.ring.find)
        except BadInput:
            about = str(given.request_id)
            work.findings.add(Finding(Kind.FORGED, UNSIGNED, request_id=about))
    work.sagas.closed.give(given.request_id, given.digest, statement)


def _judged(compared: Compared) -> tuple[Kind | None, str]:
    if not compared.given:
        return Kind.MISSING, MISSING
    if not compared.told:
        return Kind.EXTRA, EXTRA
    if compared.given != compared.told:
        return Kind.FORGED, OTHER_BYTES
    if compared.claimed and not compared.says(compared.claimed):
        return Kind.FORGED, OTHER_WORDS
    return None, ""
