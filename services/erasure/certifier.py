"""The certifier: one writer, in batches, a step of its own behind every answer.

It looks at sagas that may have every answer, lets the reducer decide, and signs. In one transaction
it stores certificates, puts them into the log with what waits there, signs the log's new head, and
tells `erasure-certified` with each certificate's index.
"""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from contracts.certificate import certify
from contracts.messages import ErasureCertified
from contracts.proof import Signer
from services.erasure import rules
from services.erasure.extending import extend_open
from services.erasure.log import store
from services.erasure.log.writer import APPEND_BATCH, Writer
from services.erasure.rules import Saga
from services.erasure.settings import CERTIFY_BATCH
from services.erasure.statement import NotComplete, Stated, Written, issue, state
from services.erasure.store import certificates, checks, register
from services.erasure.store.certificates import Certificate
from services.erasure.store.facts import facts_of
from shared.consumer.ready import ready_until
from shared.crash import crash
from shared.database import Database, Transaction
from shared.logs import log


class Certifier:
    """Certifies for one process; an advisory lock keeps it to one at a time."""

    def __init__(self, database: Database, signer: Signer, stated: Stated, log: Writer) -> None:
        self._database = database
        self._signer = signer
        self._stated = stated
        self._log = log

    async def step(self) -> bool:
        """Certify one batch; say whether there may be more to do."""
        async with self._database.begin() as tx:
            # A database that was restored a moment ago must learn first what it has said before.
            if not await certificates.lock(tx) or await ready_until(tx) <= tx.now:
                return False
            mine = await register.latest(tx)
            extended = await extend_open(tx, mine)
            if not await self._log.may_sign(tx):
                return extended
            waiting = await store.waits(tx, APPEND_BATCH)
            made, more = ([], True) if waiting else await self._certify(tx, mine.version)
            first = await self._log.append(tx, [certificate.sha256 for certificate in made])
            if made:
                logged = [one.logged_at(first + number) for number, one in enumerate(made)]
                await certificates.add(tx, logged)
                tx.tell(*map(_told, logged))
            crash("certifier:before-commit")
        crash("certifier:after-commit")
        return extended or more

    async def _certify(self, tx: Transaction, register: int) -> tuple[list[Certificate], bool]:
        """Make the certificates of one batch; say whether there may be more to do."""
        ready = await certificates.take_ready(tx, register, CERTIFY_BATCH)
        if not ready:
            return [], False
        found = await facts_of(tx, ready)
        sagas = {request_id: rules.reduce(found[request_id]) for request_id in ready}
        complete = {key: saga for key, saga in sagas.items() if saga.outcome is not None}
        if len(complete) < len(ready):
            await certificates.put_back(tx, [key for key in ready if key not in complete])
        interval = self._stated.parameters["SCRUB_INTERVAL"]
        scrubbed = await checks.scrubbed_by_schedule(tx, interval)
        canary_on = await checks.canary_day(tx)
        issued = issue(tx.now, self._stated, scrubbed=scrubbed, canary_on=canary_on)
        return [self._make(key, saga, tx.now, issued) for key, saga in complete.items()], True

    async def repair(self) -> bool:
        """Make again, byte for byte, what a restored database knows from the topic only."""
        async with self._database.begin() as tx:
            lost = await certificates.lost(tx, CERTIFY_BATCH)
            found = await facts_of(tx, [certificate.request_id for certificate in lost])
            mended, right = 0, list[Guess]()  # most were made as the one before
            for certificate in lost:
                saga = rules.reduce(found[certificate.request_id])
                if saga.outcome is None:
                    continue
                await asyncio.sleep(0)  # many may be lost, and nobody shall wait for all of them
                for guess in [*right, *guesses(certificate.certified_at)]:
                    issued = issue(certificate.certified_at, self._stated, **guess._asdict())
                    at = certificate.certified_at
                    made = self._make(certificate.request_id, saga, at, issued)
                    if made.sha256 == certificate.sha256:
                        mended += await certificates.fill(tx, made)
                        right = [guess]
                        break
        if lost:
            log.critical("certificates-lost", count=len(lost) - mended, kind="after-restore")
        return len(lost) == CERTIFY_BATCH and mended > 0

    def _make(self, request_id: UUID, saga: Saga, at: datetime, issued: Written) -> Certificate:
        if saga.requested is None or saga.outcome is None:
            raise NotComplete
        said = state(request_id, saga, at, issued)
        envelope = certify(said, saga.requested.digest, self._signer)
        return Certificate.of(request_id, envelope, saga.outcome, at)


class Guess(NamedTuple):
    """What a certificate may state of the checks of its time; a restored database may not know."""

    scrubbed: bool
    canary_on: date | None


def guesses(at: datetime) -> Iterator[Guess]:
    """Go through all of them: one has the digest that stands on the topic."""
    for canary_on in (None, *checks.canary_days(at)):
        for scrubbed in (False, True):
            yield Guess(scrubbed, canary_on)


def _told(certificate: Certificate) -> ErasureCertified:
    return ErasureCertified(
        request_id=certificate.request_id,
        certificate_sha256=certificate.sha256.hex(),
        outcome=certificate.outcome,
        log_index=certificate.log_index,
        certified_at=certificate.certified_at,
    )
