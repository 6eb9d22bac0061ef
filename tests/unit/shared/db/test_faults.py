"""What of PostgreSQL and the network is worth another try, and what is not."""

import asyncpg
import pytest

from shared.db.faults import is_transient, translated
from shared.errors import Transient


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("terminated"),
        asyncpg.QueryCanceledError("statement timeout"),
        asyncpg.LockNotAvailableError("lock timeout"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.SerializationError("conflict"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.DiskFullError("full"),
        asyncpg.IdleInTransactionSessionTimeoutError("frozen"),
        asyncpg.ReadOnlySQLTransactionError("demoted"),
        asyncpg.InvalidPasswordError("not yet"),
        asyncpg.InvalidCatalogNameError("not yet"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
)
def test_trouble_that_passes_is_transient(error: Exception) -> None:
    with pytest.raises(Transient) as raised, translated():
        raise error
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("twice"),
        asyncpg.UndefinedTableError("none"),
        asyncpg.DataError("bad argument"),
        asyncpg.UntranslatableCharacterError("NUL"),
        ValueError("a bug"),
    ],
)
def test_faults_of_the_work_itself_pass_as_they_are(error: Exception) -> None:
    assert not is_transient(error)
    with pytest.raises(type(error)), translated():
        raise error
