"""How long a scan takes until it is durable, beside one bare SQLite insert on the same disk in the same run.

    python tests/scanner/measure_scan.py [FOLDER]          prints one JSON object; the folder's disk is measured

The two take turns, so that both meet the same weather.  Not a test: a shared machine would make it a coin toss.
"""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from coldscan.operation import Operation
from coldscan.scan import take
from coldtrace import clock
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

COUNT = 1_500
ROW = ("h" * 480, "p" * 250, "v" * 330, "u" * 150, "s" * 86)
"""As many characters as the five pieces of a commission."""


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that `work` takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def summary(times_ms: list[float]) -> dict[str, float]:
    """Return the median, the 90th and the 99th percentile."""
    ordered = sorted(times_ms)
    return {
        name: round(ordered[int(len(ordered) * share)], 2)
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    }


def bare_store(path: Path) -> Callable[[], None]:
    """Return an insert that does nothing but become durable."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (n INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT, d TEXT, e TEXT)")

    def insert() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO row (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)", ROW)
        connection.execute("COMMIT")

    return insert


def measure(folder: Path) -> dict[str, object]:
    """Return the figures for the disk under `folder`."""
    world = World(now=clock.now())
    device = Device(folder / "state")
    insert = bare_store(folder / "bare.db")
    scans: list[float] = []
    bare: list[float] = []
    with ScannerServer(world) as server:
        device.run("enrol", server.invite())
        device.run("sync")
        with device.bench(Operation.COMMISSION) as bench:
            for text in [world.carton() for _ in range(COUNT)]:
                scans.append(timed(lambda text=text: take(bench, text)))  # type: ignore[misc]
                bench.rest()
                bare.append(timed(insert))
        drained_ms = timed(lambda: device.run("sync"))
    scanned, stored = summary(scans), summary(bare)
    return {
        "scans": COUNT,
        "scan_to_durable_ms": scanned,
        "bare_insert_ms": stored,
        "p99_ratio": round(scanned["p99"] / stored["p99"], 2),
        "drained_per_s": round(COUNT / drained_ms * 1000),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        print(json.dumps(measure(Path(name))))
