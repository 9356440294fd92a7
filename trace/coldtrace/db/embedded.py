"""The database of a data folder: given by a URL, or our own server, run by one process and joined by others.

    DATA_DIR/postgres/        the cluster
    DATA_DIR/postgres.log     what the server says
    DATA_DIR/postgres.json    who runs it and where its socket is; there only while it accepts newcomers
    DATA_DIR/postgres.lock    held (flock) by the process that runs the server, for as long as it does
    DATA_DIR/postgres.users   held shared by those that joined, so that the owner can let short commands finish

The kernel releases both locks however a process ends, so a killed owner leaves nothing to clean up by hand.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from coldtrace.db.refusals import DataFolderInUse, DataFolderUnusable
from coldtrace.db.supervisor import DATABASE, ROLE, RUNNING_MIB, STOP_PATIENCE_S, Server, require_room, run_server

JOIN_PATIENCE_S = 90.0  # a first start on a slow disk, or the recovery after a crash
OWN_PATIENCE_S = 20.0
FAREWELL_S = 5.0


@contextmanager
def open_database(*, database_url: str | None, data_dir: Path, keep: bool = False) -> Iterator[str]:
    """Give the URL of a database to work with, for the time of the `with` block.

    A given `database_url` is passed on as it is (see `engine.check_server`).  Otherwise the server of `data_dir` is
    joined if a process runs it, else started here and stopped at the end.  With `keep`, for a service that others
    rely on, joining is not enough: it waits for short commands to finish and then runs the server itself.

    Raises a `DatabaseRefusal`.  Call it from the main thread.
    """
    if database_url is not None:
        yield database_url
        return
    data_dir = data_dir.absolute()  # the programs are started elsewhere
    make_data_folder(data_dir)
    deadline = time.monotonic() + (OWN_PATIENCE_S if keep else JOIN_PATIENCE_S)
    while True:
        lock = _take(data_dir / "postgres.lock", fcntl.LOCK_EX)
        if lock is not None:
            try:
                with _own(data_dir) as server:
                    yield server.url
            finally:
                os.close(lock)
            return
        if not keep and (joined := _join(data_dir)) is not None:
            users, url = joined
            try:
                yield url
            finally:
                os.close(users)
            return
        if time.monotonic() > deadline:
            raise DataFolderInUse(folder=str(data_dir))
        time.sleep(0.05)


def make_data_folder(data_dir: Path) -> None:
    """Make the data folder if need be, closed to others; raise `DataFolderUnusable` or `DiskFull` if it is no use."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DataFolderUnusable(folder=str(data_dir), reason=error.strerror) from error
    require_room(data_dir, least_mib=RUNNING_MIB)


def announced_url(data_dir: Path) -> str | None:
    """Return the URL of the running server of a data folder, without joining it; None when none is announced."""
    try:
        return str(json.loads((data_dir.absolute() / "postgres.json").read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_database(data_dir: Path) -> None:
    """Delete our own database and everything in it.  Raises `DataFolderInUse` while any process runs it."""
    if not data_dir.exists():
        return
    lock = _take(data_dir / "postgres.lock", fcntl.LOCK_EX)
    if lock is None:
        raise DataFolderInUse(folder=str(data_dir))
    try:
        for name in ("postgres", "postgres.new"):
            shutil.rmtree(data_dir / name, ignore_errors=True)
        for name in ("postgres.json", "postgres.log", "postgres.log.1", "postgres.users"):
            (data_dir / name).unlink(missing_ok=True)
    finally:
        os.close(lock)


@contextmanager
def _own(data_dir: Path) -> Iterator[Server]:
    """Run the server; the caller holds the lock."""
    notice = data_dir / "postgres.json"
    _forget_predecessor(notice)
    with run_server(folder=data_dir / "postgres", log=data_dir / "postgres.log") as server:
        _create_database(server)
        text = json.dumps({"v": 1, "pid": server.pid, "socket_folder": str(server.socket_folder), "url": server.url})
        _write_private(notice, text + "\n")
        try:
            yield server
        finally:
            notice.unlink(missing_ok=True)
            _let_users_finish(data_dir / "postgres.users")


def _join(data_dir: Path) -> tuple[int, str] | None:
    """Return the held lock of a user and the URL, or None when no running server is announced (yet)."""
    users = _take(data_dir / "postgres.users", fcntl.LOCK_SH)
    if users is None:
        return None
    try:
        # Read after locking: an owner on its way out removes the notice first and looks for users second.
        url = announced_url(data_dir)
        if url is not None:
            psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=5).close()
    except psycopg.Error:
        url = None
    if url is None:
        os.close(users)
        return None
    return users, url


def _take(path: Path, how: int) -> int | None:
    """Return the descriptor of the locked file, or None when somebody else holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _forget_predecessor(notice: Path) -> None:
    """Remove the notice and the socket folder that a killed owner left."""
    try:
        left = Path(str(json.loads(notice.read_text())["socket_folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return
    if left.name.startswith("coldtrace-") and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    notice.unlink(missing_ok=True)


def _create_database(server: Server) -> None:
    with psycopg.connect(
        host=str(server.socket_folder), port=5432, user=ROLE, dbname="postgres", autocommit=True
    ) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(DATABASE)))


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, so that a reader sees all of it or nothing."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as output:
        output.write(text)
    fresh.replace(path)


def _let_users_finish(path: Path) -> None:
    """Wait a moment for short commands that joined; a long one loses its connection and says so."""
    deadline = time.monotonic() + min(FAREWELL_S, STOP_PATIENCE_S)
    while time.monotonic() < deadline:
        lock = _take(path, fcntl.LOCK_EX)
        if lock is not None:
            os.close(lock)
            return
        time.sleep(0.05)
