"""How far one request is, for whoever may ask."""

from typing import Any
from uuid import UUID

from contracts.vocabulary import RequestState
from services.erasure import rules
from services.erasure.store.facts import facts_of
from shared.database import Transaction


async def origin_of(tx: Transaction, request_id: UUID) -> str | None:
    """Name the origin of a request, None if it is not known here."""
    origin: str | None = await tx.fetchval(
        "select origin from saga where request_id = $1", request_id
    )
    return origin


async def of(tx: Transaction, request_id: UUID) -> dict[str, Any]:
    """Say state, what is missing by service, failures by service, reminders, since when overdue."""
    saga = rules.reduce((await facts_of(tx, [request_id])).get(request_id, ()))
    row = await tx.fetchrow(
        """
        select o.reminders, o.overdue_at, c.request_id is not null as certified,
               e.request_id is not null as ended
          from saga s
          left join open_saga o using (request_id)
          left join certificate c using (request_id)
          left join saga_end e using (request_id)
         where s.request_id = $1
        """,
        request_id,
    )
    failures = await tx.fetch(
        "select service, error from saga_failure where request_id = $1 order by service",
        request_id,
    )
    state = RequestState.COLLECTING
    if row is not None and row["certified"]:
        state = RequestState.CLOSED if row["ended"] else RequestState.CERTIFIED
    elif saga.outcome is not None:
        state = RequestState.VERIFIED
    return {
        "state": state.value,
        "missing": {name: what.value for name, what in saga.missing.items()},
        "failed": {failure["service"]: failure["error"] for failure in failures},
        "reminders": row and row["reminders"],
        "overdue_at": row and row["overdue_at"],
    }
