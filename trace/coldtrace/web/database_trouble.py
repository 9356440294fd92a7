"""What a fault of the database means for the caller: come back later, send again, or a bug of ours.

Some rooms speak to the driver itself (COPY), so its errors come wrapped by SQLAlchemy or bare.
"""

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

RACES = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.InvalidSqlStatementName,  # what a connection had prepared was dropped meanwhile (`db/hot_pipe.py`)
)


def is_race(error: Exception) -> bool:
    """Tell whether two requests met over the same rows: sent again, this one finds what the other left."""
    return isinstance(_cause(error), RACES)


def is_lock_timeout(error: Exception) -> bool:
    """Tell whether somebody else held a row for longer than this request wanted to wait."""
    return isinstance(_cause(error), errors.LockNotAvailable)


def is_away(error: Exception) -> bool:
    """Tell whether the database does not answer, or has no connection left for us."""
    if isinstance(error, PoolExhausted) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    return isinstance(_cause(error), psycopg.OperationalError | psycopg.InterfaceError)


def _cause(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error
