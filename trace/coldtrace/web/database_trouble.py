"""What a fault of the database means for the caller: come back later, send again, or a bug of ours.

Some rooms speak to the driver itself (COPY), so its errors come wrapped by SQLAlchemy or bare.
"""

import time
from collections.abc import Iterator

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from coldtrace.env import Env

RACES = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.InvalidSqlStatementName,  # what a connection had prepared was dropped meanwhile (`db/hot_pipe.py`)
)


PAUSE_S = 0.1
"""What a loser of the first race waits at most before it tries again; of each further one as much more."""


def attempts(env: Env, most: int) -> Iterator[int]:
    """Count tries of something that may lose a race, with a random pause between them.

    Several that lost at one moment and began again at one moment would lose again, in step, as often as they like.
    """
    for number in range(most):
        if number:
            time.sleep(env.random(1)[0] / 255 * number * PAUSE_S)
        yield number


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
