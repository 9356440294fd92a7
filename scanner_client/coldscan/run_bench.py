"""`coldscan bench`: how quick this machine is, beside what its disk can do at all.

Scans of a throw-away installation and bare SQLite inserts of the same size, WAL and FULL both, take turns on the same
disk, so that both meet the same weather.  Start-up and memory are those of a new `coldscan scan` until it is ready.
"""

import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from coldscan.bench import open_bench
from coldscan.bench_world import cartons, make_installation
from coldscan.commands import set_operation
from coldscan.operation import Operation
from coldscan.scan import take
from coldscan.session import FINDINGS, OK, Session
from coldscan.state_dir import StateDir
from coldscan.store import open_store
from coldscan.words_looks import BENCH
from coldtrace import clock as system_clock

RATIO_MAX: Final = 3.0
START_S_MAX: Final = 0.3
MEMORY_MIB_MAX: Final = 40.0
STARTS: Final = 5
_ROW: Final = ("h" * 480, "p" * 250, "v" * 330, "u" * 150, "s" * 86)
"""As many characters as the five pieces of a statement about one carton."""

_PROBE: Final = """
import re, sys, coldscan.main as program
status = program.main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
"""


def run_bench(session: Session, *, count: int) -> int:
    """Measure and say so; 1 if a goal is missed."""
    session.state.create()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=session.state.root) as name:
        figures = measure(StateDir(Path(name)), session, count=count)
    session.tell(dict(figures), BENCH.say(session.lang, **{name: str(value) for name, value in figures.items()}))
    ok = figures["p99_ratio"] <= RATIO_MAX and figures["start_s"] <= START_S_MAX
    return OK if ok and figures["memory_mib"] <= MEMORY_MIB_MAX else FINDINGS


def measure(state: StateDir, session: Session, *, count: int) -> dict[str, float]:
    """Return the figures for the disk on which an empty folder lies."""
    with closing(open_store(state)) as connection, closing(_bare(state.root / "bare.db")) as bare:
        station = make_installation(state, connection, now=system_clock.now())
        bench = open_bench(state, connection, passphrase=None, lane="1", lang=session.lang, clock=system_clock.now)
        set_operation(bench, Operation.RECEIVE)
        scans, inserts = [], []
        for text in islice(cartons(station, system_clock.random_bytes), count):
            scans.append(_timed_ms(lambda text=text: take(bench, text)))  # type: ignore[misc]
            bench.rest()
            inserts.append(_timed_ms(lambda: _insert(bare)))
    scan, insert = _share(scans, 0.99), _share(inserts, 0.99)
    # In turns, so that both meet the same weather: an interpreter that does nothing is the floor on this machine.
    pairs = [(_start(state), _bare_start()) for _ in range(STARTS)]
    starts, bare_s = [each for each, _ in pairs], min(seconds for _, seconds in pairs)
    return {
        "scans": count,
        "scan_p50_ms": round(_share(scans, 0.5), 2),
        "scan_p99_ms": round(scan, 2),
        "insert_p50_ms": round(_share(inserts, 0.5), 2),
        "insert_p99_ms": round(insert, 2),
        "p99_ratio": round(scan / insert, 2),
        # Other work on the machine can only add to these, so the smallest is nearest to the truth.
        "start_s": round(min(each.seconds for each in starts), 3),
        "start_cpu_s": round(min(each.cpu_s for each in starts), 3),
        "bare_start_s": round(bare_s, 3),
        "start_ratio": round(min(each.seconds for each in starts) / bare_s, 1),
        "memory_mib": round(min(each.kib for each in starts) / 1024, 1),
    }


@dataclass(frozen=True, kw_only=True)
class _Start:
    """What one start took; `kib` is the most memory that it had."""

    seconds: float
    cpu_s: float
    kib: int


def _start(state: StateDir) -> _Start:
    """Start a scan whose input has ended."""
    command = [sys.executable, "-c", _PROBE, "--state", str(state.root), "--json", "scan", "--operation", "in"]
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"(\d+)\s*$", ran.stderr)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Start(seconds=seconds, cpu_s=cpu_s, kib=0 if found is None else int(found[1]))


def _bare_start() -> float:
    """Return the seconds that Python itself takes to start and to end."""
    return (
        _timed_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], stdin=subprocess.DEVNULL, check=True)) / 1000
    )


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT, d TEXT, e TEXT)")
    return connection


def _insert(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO row (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)", _ROW)
    connection.execute("COMMIT")


def _timed_ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _share(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]
