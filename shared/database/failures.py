"""Which failures pass by themselves: those block and are tried again, others are judged."""

import asyncpg

_TRANSIENT: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,  # serialization, deadlock
    asyncpg.OperatorInterventionError,  # shutdown, cancelled by a timeout
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a session that was ended in the middle of a message
    asyncpg.InvalidCatalogNameError,  # the database is being exchanged for a restored one
    OSError,
    TimeoutError,
)


def is_transient(error: BaseException) -> bool:
    """Say whether trying the same again may help: connection, serialization, time-out."""
    return isinstance(error, _TRANSIENT)
