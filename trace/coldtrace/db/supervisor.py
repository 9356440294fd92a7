"""One PostgreSQL server of our own: created, started, watched and started again if it dies, stopped and reaped.

Everything is started with argument lists, so blanks in paths do no harm.  There is no TCP port: clients come through a
socket in a short temporary folder that only its owner can enter, which is why `trust` authentication is enough.

The caller holds the data folder's lock (see `embedded.py`): whatever an earlier server left there is stale.
"""

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from coldtrace.db import launch
from coldtrace.db.programs import clean_environment, last_line, ordinary_user_prefix, program
from coldtrace.db.refusals import (
    DatabaseDidNotStart,
    DatabaseRefusal,
    DataFolderUnusable,
    DataFromOtherVersion,
    DiskFull,
)

ROLE = "coldtrace"
DATABASE = "coldtrace"
MAJOR = "18"
MIB = 1024 * 1024
NEW_CLUSTER_MIB = 256  # initdb writes some 40 MB, the first WAL segments and our schema come on top
RUNNING_MIB = 48  # three WAL segments: less than that and the first checkpoint may fail
START_PATIENCE_S = 60.0
STOP_PATIENCE_S = 30.0
LOG_KEPT_BYTES = 5 * MIB
WATCH_EVERY_S = 0.2
REST_S = 2.0  # between two attempts to start a server that does not come up

log_file = logging.getLogger("coldtrace.database")

# For two cores and a few gigabytes.  What makes a commit durable is named although it is the default.
OPTIONS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "60",
    "min_wal_size": "80MB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel plans want dynamic shared memory, of which a container has 64 MB, and cores, of which there are two.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "io_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "cluster_name": "coldtrace",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that accepts connections."""

    pid: int
    socket_folder: Path

    @property
    def url(self) -> str:
        """The address of our database, for SQLAlchemy."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The address of one database of this server, for SQLAlchemy."""
        host = quote(str(self.socket_folder), safe="/")
        return f"postgresql+psycopg://{ROLE}@/{database}?host={host}&port=5432"


@contextmanager
def run_server(*, folder: Path, log: Path, options: Mapping[str, str] = OPTIONS) -> Iterator[Server]:
    """Create the cluster in `folder` if need be, start it, stop it at the end.

    A server that ends by itself in between (killed, out of memory) is started again at the same address.

    Raises a `DatabaseRefusal` when it cannot.  Must be called by the main thread: the server stops when the thread
    that started it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("the embedded database must be started by the main thread")
    prefix = ordinary_user_prefix()
    require_room(folder.parent, least_mib=RUNNING_MIB if folder.exists() else NEW_CLUSTER_MIB)
    _create_cluster(prefix, folder, log)
    _settle_predecessor(folder)
    socket_folder = _make_socket_folder()
    try:

        def start() -> subprocess.Popen[bytes]:
            return _start(prefix, folder=folder, log=log, socket_folder=socket_folder, options=options)

        def start_again() -> subprocess.Popen[bytes]:
            _settle_predecessor(folder)
            for left in socket_folder.iterdir():  # its lock file names a number that another process may bear by now
                left.unlink(missing_ok=True)
            return start()

        process = start()
        keeper = _Keeper(process, start_again)
        try:
            yield Server(pid=process.pid, socket_folder=socket_folder)
        finally:
            keeper.stop()
    finally:
        shutil.rmtree(socket_folder, ignore_errors=True)


class _Keeper:
    """A thread that starts the server again when it has ended by itself; `stop` stops both."""

    def __init__(self, process: subprocess.Popen[bytes], start_again: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._process, self._start_again = process, start_again
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the server for good; one that is just starting is waited for."""
        self._stopping.set()
        self._thread.join()
        _stop(self._process)

    def _run(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            if self._process.poll() is None:
                continue
            log_file.error("the database ended by itself (%s): starting it again", self._process.returncode)
            try:
                self._process = self._start_again()
            except (DatabaseRefusal, OSError) as error:
                log_file.error("the database does not start: %s", error)
                self._stopping.wait(REST_S)
            else:
                log_file.warning("the database is back")


def require_room(folder: Path, *, least_mib: int) -> None:
    """Raise `DiskFull` when the disk of an existing folder has less than this left."""
    free = shutil.disk_usage(folder).free // MIB
    if free < least_mib:
        raise DiskFull(folder=str(folder), free_mb=free, needed_mb=least_mib)


def is_alive(pid: int) -> bool:
    """Tell whether the process runs.  A zombie, which nobody in a container may ever reap, counts as dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _create_cluster(prefix: list[str], folder: Path, log: Path) -> None:
    """Run initdb beside `folder` and rename the result, so that a killed initdb leaves nothing half made."""
    if folder.exists():
        try:
            found = (folder / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise DataFolderUnusable(folder=str(folder), reason=f"PG_VERSION: {error.strerror}") from error
        if found != MAJOR:
            raise DataFromOtherVersion(folder=str(folder), found=found[:20], ours=MAJOR)
        return
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    arguments = [
        "-D",
        str(fresh),
        f"--username={ROLE}",
        "--auth=trust",
        "--encoding=UTF8",
        "--data-checksums",
    ]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [*prefix, str(program("initdb")), *arguments, *locale, "--no-instructions"]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), cwd="/", check=False)
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        _append(log, done.stdout + done.stderr)
        raise _refusal_for(done.stderr, folder, log)
    fresh.rename(folder)


def _settle_predecessor(folder: Path) -> None:
    """Make a server that a killed owner left behind end, then make sure that its pid file convinces nobody.

    PostgreSQL takes the file for a running server when any process we could signal bears the number, as happens in
    containers, where numbers repeat, and with zombies.  The number is replaced by one that cannot exist rather than
    the file removed: PostgreSQL then still checks the shared memory named in it for surviving backends.
    """
    pid_file = folder / "postmaster.pid"
    try:
        first, rest = pid_file.read_text().split("\n", 1)
        pid = abs(int(first))
    except (OSError, ValueError):
        return
    for how in (signal.SIGINT, signal.SIGQUIT):
        if _is_server_of(pid, folder):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            _wait_until_dead(pid, folder)
    if pid_file.exists():
        beyond = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
        pid_file.write_text(f"{beyond}\n{rest}")


def _is_server_of(pid: int, folder: Path) -> bool:
    """Tell whether `pid` is a postmaster that works in `folder`."""
    try:
        same_folder = Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return False
    return same_folder and name == "postgres" and is_alive(pid)


def _wait_until_dead(pid: int, folder: Path) -> None:
    deadline = time.monotonic() + STOP_PATIENCE_S
    while _is_server_of(pid, folder) and time.monotonic() < deadline:
        time.sleep(0.02)


def _make_socket_folder() -> Path:
    """Make a folder that only we can enter, with a path short enough for a socket (108 bytes) and without commas."""
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) > 60 or "," in base:
        base = "/tmp"
    return Path(tempfile.mkdtemp(prefix="coldtrace-", dir=base))


def _start(
    prefix: list[str], *, folder: Path, log: Path, socket_folder: Path, options: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server and return when it accepts connections.

    A predecessor killed with its backends still at work makes PostgreSQL refuse for a moment; that is tried again.
    """
    quoted = '"' + str(socket_folder).replace('"', '""') + '"'
    fixed = {"listen_addresses": "", "unix_socket_directories": quoted, "unix_socket_permissions": "0700"}
    arguments = [word for name, value in {**options, **fixed}.items() for word in ("-c", f"{name}={value}")]
    server = [*prefix, str(program("postgres")), "-D", str(folder), "-p", "5432", *arguments]
    command = [sys.executable, "-I", "-S", str(launch.__file__), str(os.getpid()), *server]
    deadline = time.monotonic() + START_PATIENCE_S
    while True:
        with _open_log(log) as output:
            begin = output.tell()
            # A session of its own: Ctrl-C is for us alone, and we stop the server after our last commit.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=clean_environment(),
                cwd="/",
                start_new_session=True,
            )
        try:
            if _wait_until_ready(process, folder, deadline):
                return process
        except BaseException:
            _stop(process)
            raise
        text = log.read_bytes()[begin:].decode(errors="replace")
        if "shared memory block" in text and time.monotonic() < deadline:
            time.sleep(0.2)
            continue
        raise _refusal_for(text, folder, log)


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path, deadline: float) -> bool:
    """Return True when the server says so in its pid file, False when it gave up or took too long."""
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            lines = (folder / "postmaster.pid").read_text().splitlines()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
        time.sleep(0.01)
    _stop(process)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown; then one without a checkpoint; then the hard way.  Always reaps."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(STOP_PATIENCE_S)
            return
        except subprocess.TimeoutExpired:
            continue


def _open_log(log: Path) -> IO[bytes]:
    """Open the server's log for appending; a long one is put aside, replacing the one put aside before."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_KEPT_BYTES:
            log.replace(log.with_name(log.name + ".1"))
    output = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
    output.seek(0, os.SEEK_END)
    return output


def _append(log: Path, text: str) -> None:
    with suppress(OSError), _open_log(log) as output:
        output.write(text.encode())


def _refusal_for(text: str, folder: Path, log: Path) -> DiskFull | DatabaseDidNotStart:
    """Turn what PostgreSQL printed into one sentence."""
    if "No space left on device" in text:
        free = shutil.disk_usage(folder.parent).free // MIB
        return DiskFull(folder=str(folder.parent), free_mb=free, needed_mb=NEW_CLUSTER_MIB)
    lines = [line for line in text.splitlines() if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    reason = lines[-1].partition("FATAL:")[2].strip() or lines[-1] if lines else last_line(text)
    return DatabaseDidNotStart(reason=reason or "no message", log=str(log))
