"""The clock of a service, run once by hand until nothing is left for it to do."""

from shared.database import Database
from shared.deadlines import Actions, run_due
from tests.kernel import eventually


async def run_all_due(database: Database, actions: Actions) -> int:
    """Do everything that is due; how many rows were done.

    A relationship that somebody has in hand, such as a mailer, is passed over and found by the
    clock's next look: so this looks again too.
    """
    done = 0

    async def nothing_is_left() -> bool:
        nonlocal done
        done += await run_due(database, actions)
        async with database.begin() as tx:
            left = await tx.fetchval(
                """
                select count(*)
                  from deadline
                 where kind = any($1)
                   and due_at <= $2
                   and failed_at is null
                   and not is_restricted(subject_id)
                """,
                list(actions),
                tx.now,
            )
            return not left

    await eventually(nothing_is_left)
    return done
