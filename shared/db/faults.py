"""Which errors of PostgreSQL and the network mean "try again": they surface as `Transient`.

A lost or refused connection, a time-out, a lock that was not to be had and a rolled-back conflict say
nothing about the work itself. Everything else (a constraint, bad input, a bug) passes through as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from asyncpg import exceptions as pg

from shared.errors import Transient

_TRANSIENT_ERRORS: tuple[type[BaseException], ...] = (
    pg.PostgresConnectionError,  # class 08, also "connection was closed in the middle of operation"
    pg.OperatorInterventionError,  # class 57: shutting down, starting up, statement time-out
    pg.InsufficientResourcesError,  # class 53: too many connections, disk full
    pg.TransactionRollbackError,  # class 40: serialization, deadlock
    pg.LockNotAvailableError,
    pg.IdleInTransactionSessionTimeoutError,
    pg.ReadOnlySQLTransactionError,  # a primary that was demoted
    asyncpg.InternalClientError,  # a statement meets the connection in the very moment in which the server closes it
    pg.InvalidCachedStatementError,  # the schema was migrated under a running service
    ConnectionError,
    TimeoutError,
    OSError,
)

_CONNECT_ERRORS: tuple[type[BaseException], ...] = (
    pg.InvalidAuthorizationSpecificationError,
    pg.InvalidCatalogNameError,
)
"""Wrong only until somebody creates the role or the database: a service waits for that, not ready."""


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later without a change to it."""
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # `asyncpg.DataError` is both: bad arguments stay bad
    return isinstance(error, _TRANSIENT_ERRORS + _CONNECT_ERRORS)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what passes and is transient into `Transient`, with the driver's own error as its cause."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise Transient(f"PostgreSQL: {type(error).__name__}: {error}") from error
        raise
