"""What falls due, as rows: set by effects, taken in batches, done in one transaction each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from contracts.identifiers import uuid7
from shared.database import Database, Transaction, is_transient
from shared.logs import log

BATCH: Final = 500
LOOK_AGAIN: Final = timedelta(seconds=30)  # another process may have set something
AT_LEAST: Final = timedelta(milliseconds=50)


class Gate(Protocol):
    """Opens when the service has caught up with the topics."""

    async def wait(self) -> None:
        """Return when something may fall due."""


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline that has come; its row is gone when the action's transaction commits."""

    deadline_id: UUID
    subject_id: UUID | None
    kind: str
    due_at: datetime
    payload: dict[str, Any]


Action = Callable[[Transaction, Sequence[Due]], Awaitable[None]]
Actions = Mapping[str, Action]


async def set_deadline(
    tx: Transaction,
    subject_id: UUID | None,
    kind: str,
    due_at: datetime,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Set what falls due at `due_at` (UTC); a subject has one deadline of each kind.

    `payload` holds ids and counts only.
    """
    tx.wrote_deadline()
    tx.write(
        """
        insert into deadline as d (deadline_id, subject_id, kind, due_at, payload)
        values ($1, $2, $3, $4, $5)
            on conflict (subject_id, kind) where subject_id is not null
            do update set due_at = excluded.due_at, payload = excluded.payload, failed_at = null
        """,
        uuid7(),
        subject_id,
        kind,
        due_at,
        dict(payload or {}),
    )


async def set_deadlines(
    tx: Transaction, kind: str, due_at: datetime, payloads: Sequence[Mapping[str, Any]]
) -> None:
    """Set deadlines that hang on no subject, one for each payload, all due at `due_at` (UTC)."""
    tx.wrote_deadline()
    await tx.execute(
        """
        insert into deadline (deadline_id, kind, due_at, payload)
        select deadline_id, $1, $2, payload
          from unnest($3::uuid[], $4::jsonb[]) as told (deadline_id, payload)
        """,
        kind,
        due_at,
        [uuid7() for _ in payloads],
        [dict(payload) for payload in payloads],
    )


async def clear_deadline(tx: Transaction, subject_id: UUID, kind: str) -> bool:
    """Take a subject's deadline back; say whether there was one."""
    return bool(
        await tx.execute(
            "delete from deadline where subject_id = $1 and kind = $2", subject_id, kind
        )
    )


async def run_due(database: Database, actions: Actions) -> int:
    """Do everything that is due, kind by kind in batches; return how many rows were done.

    Needs the role `eraser`. Restricted subjects wait (Art. 18 GDPR): what fell due runs when the
    restriction is lifted. A row whose action fails is tried alone, then again
    ten minutes later (take_due). Raises what is transient.
    """
    done = 0
    for kind, action in actions.items():
        size = BATCH
        while True:
            try:
                taken = await _run_batch(database, kind, action, size)
            except Exception as error:
                if is_transient(error):
                    raise
                if size > 1:
                    size = 1
                    continue
                log.error("deadline-failed", kind=kind, error=error)
                await _postpone(database, kind)
                continue
            done += taken
            if taken < size:
                break
    return done


async def _run_batch(database: Database, kind: str, action: Action, size: int) -> int:
    async with database.begin() as tx:
        rows = await tx.fetch("select * from take_due($1, $2, $3)", kind, tx.now, size)
        if rows:
            await action(tx, [Due(*row.values()) for row in rows])
        return len(rows)


async def _postpone(database: Database, kind: str) -> None:
    """Set the first row aside for a while: its action failed on it alone."""
    async with database.begin() as tx:
        rows = await tx.fetch("select * from take_due($1, $2, 1)", kind, tx.now)
        await tx.executemany(
            """
            insert into deadline (deadline_id, subject_id, kind, due_at, payload, failed_at)
            values ($1, $2, $3, $4, $5, $6)
            """,
            [(*row.values(), tx.now) for row in rows],
        )


async def keep_deadlines(
    database: Database,
    actions: Actions,
    *,
    ready: Gate | None = None,
    look_again: timedelta = LOOK_AGAIN,
) -> None:
    """Run for ever: do what is due, sleep until the next, or until another one is set here.

    The clock task of a worker. Nothing falls due while `ready` is closed: a database restored from
    a backup first forgets again. Transient failures are waited out.
    """
    while True:
        if ready is not None:
            await ready.wait()
        database.deadline_written.clear()
        try:
            pause = await _until_next(database, list(actions))
            if pause is not None and pause <= timedelta(0):
                await run_due(database, actions)
                pause = await _until_next(database, list(actions))
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("deadlines-wait", error=error)
            pause = None
        rest = look_again if pause is None else min(max(pause, AT_LEAST), look_again)
        try:
            async with asyncio.timeout(rest.total_seconds()):
                await database.deadline_written.wait()
        except TimeoutError:
            continue


async def _until_next(database: Database, kinds: Sequence[str]) -> timedelta | None:
    """Say how long until something falls due, not above zero if it has; None if nothing will."""
    now = database.clock.now()
    due_at: datetime | None = await database.look("select next_due($1, $2)", kinds, now)
    return None if due_at is None else due_at - now
