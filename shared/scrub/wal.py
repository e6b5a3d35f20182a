"""Leave the write-ahead log without any segment that was written before now."""

from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ROUNDS: Final = 8  # segments that were made in advance are used up one a round
REUSED: Final = "wal_recycle is on: old segments are renamed and keep their bytes"
NOT_PERMITTED: Final = "this role may not switch and look at the write-ahead log"
KEPT: Final = "old segments stay: a replication slot, an archiver or wal_keep_size holds them"

# Whoever scrubs may begin a new segment, let old ones go, and see which there are.
GRANTS: Final = (
    "grant pg_checkpoint to {role}",
    "grant execute on function pg_catalog.pg_switch_wal() to {role}",
    "grant execute on function pg_catalog.pg_ls_waldir() to {role}",
)


async def recycle(connection: "Connection") -> str | None:
    """Begin new segments and let PostgreSQL remove all older ones; gives why not, None if done.

    After a checkpoint nothing before its beginning is needed, and with `wal_recycle=off` such
    segments are removed. What a segment holds is its own from its first byte on: it is zeroed.
    """
    if await connection.fetchval("select current_setting('wal_recycle')") != "off":
        return REUSED
    try:
        began = await connection.fetchval("select date_trunc('second', clock_timestamp())")
        for _ in range(ROUNDS):
            last = await connection.fetchval("select pg_walfile_name(pg_current_wal_insert_lsn())")
            await connection.execute("select pg_switch_wal()")
            await connection.execute("checkpoint")
            if not await connection.fetchval(
                """
                select count(*)
                  from pg_ls_waldir()
                 where name ~ '^[0-9A-F]{24}$'
                   and (name <= $1 or modification < $2)
                """,
                last,
                began,
            ):
                return None
    except asyncpg.InsufficientPrivilegeError:
        return NOT_PERMITTED
    return KEPT


async def permit(admin: "Connection", role: str) -> bool:
    """Let a role do `recycle` in the database of this connection; False if we may not say so."""
    try:
        async with admin.transaction():
            for grant in GRANTS:
                await admin.execute(grant.format(role=f'"{role}"'))
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True
