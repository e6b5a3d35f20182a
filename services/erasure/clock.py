"""What time does: who is silent is asked again every day, what is late is marked, proofs end."""

from contracts.messages import SagaReminded
from contracts.topics import ERASURE_SERVICE
from services.erasure import rules
from services.erasure.proof_period import proof_ended_before
from services.erasure.settings import FORGET_BATCH, REMIND_BATCH, ErasureSettings
from services.erasure.store import consents, evidence, sagas
from services.erasure.store.facts import facts_of
from shared.database import Database, Transaction
from shared.database.locks import CLOCK
from shared.logs import log
from shared.parameters import duration


class Clock:
    """The timed work of one worker; an advisory lock keeps it to one at a time."""

    def __init__(self, database: Database, settings: ErasureSettings) -> None:
        self._database = database
        self._settings = settings

    async def step(self) -> bool:
        """Mark what is overdue, forget proofs, remind one batch; say whether more may be due."""
        async with self._database.begin() as tx:
            if not await tx.fetchval("select pg_try_advisory_xact_lock($1)", CLOCK):
                return False
            late = await sagas.mark_overdue(tx)
            if late:
                log.critical("sagas-overdue", service=ERASURE_SERVICE, count=late)
            ended = proof_ended_before(tx.now, duration("CONSENT_PROOF_TTL"))
            forgotten = await consents.forget(tx, ended, FORGET_BATCH)
            buried = await consents.forget_withdrawals(tx, FORGET_BATCH)
            reminded = await self._remind(tx)
            return reminded == REMIND_BATCH or FORGET_BATCH in {forgotten, buried}

    async def _remind(self, tx: Transaction) -> int:
        """Send requests again as they were sent, then say to each silent participant which one."""
        next_at = tx.now + self._settings.reminder_interval
        due = await sagas.take_to_remind(tx, next_at, REMIND_BATCH)
        if not due:
            return 0
        found = await facts_of(tx, list(due))
        silent = {request_id: rules.reduce(found[request_id]).missing for request_id in due}
        await evidence.send_again(tx, [due[key][1] for key, names in silent.items() if names])
        for request_id, names in silent.items():
            number = due[request_id][0]
            tx.tell(
                *(
                    SagaReminded(request_id=request_id, service=name, reminder=number)
                    for name in names
                )
            )
        return len(due)
