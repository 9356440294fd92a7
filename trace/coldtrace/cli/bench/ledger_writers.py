"""What loads the database in `coldtrace bench ledger`: writers through the ledger room, and pgbench beside them."""

import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

from sqlalchemy import Connection

from coldtrace import clock
from coldtrace.db.engine import make_engine
from coldtrace.db.programs import program
from coldtrace.db.supervisor import ROLE, Server
from coldtrace.env import Log
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry
from coldtrace.seal.hashing import leaf_hash

DATABASE = "postgres"
CLIENTS = 16
LEAF_BYTES = 700
PIECES = {"public": 170, "private": 420, "units": 260}
"""Bytes of a statement about one carton: measured on the demo world."""

_FILLING = os.urandom(LEAF_BYTES - 16)


@dataclass(frozen=True)
class Load:
    """How to write: for how long, how many entries a call, and how many calls a second in all; None is flat out."""

    seconds: float
    per_call: int
    calls_per_s: float | None
    with_pieces: bool = False


@dataclass(frozen=True)
class Wrote:
    """What was written in `took_s`; `waited_s` went by before the writers were ready."""

    entries: int
    took_s: float
    waited_s: float = 0.0


def write(url: str, role: str, log: Log, load: Load, clients: int, gate: Any, results: "Queue[Wrote]") -> None:
    """Write with some clients, a thread and a connection each, from the moment that all processes are ready.

    A call is one statement on a connection that commits by itself, as pgbench has it.
    """
    engine = make_engine(url, role=role, pool_size=clients, pool_overflow=0)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    ready = threading.Barrier(clients + 1)
    counts = [0] * clients

    def run(number: int) -> None:
        with autocommit.connect() as connection:
            write_with(connection, number)

    def write_with(connection: Connection, number: int) -> None:
        ready.wait()
        ready.wait()
        started = time.monotonic()
        pause_s = 0.0 if load.calls_per_s is None else CLIENTS / load.calls_per_s
        due = started + pause_s * int.from_bytes(os.urandom(2), "big") / 65_536
        while time.monotonic() < started + load.seconds:
            if pause_s:
                time.sleep(max(0.0, due - time.monotonic()))
                due += pause_s
            assert store.insert_entries(connection, log.id, [_entry(load) for _ in range(load.per_call)])
            counts[number] += load.per_call

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    gate.wait()
    started = time.monotonic()
    ready.wait()
    for thread in threads:
        thread.join()
    results.put(Wrote(entries=sum(counts), took_s=time.monotonic() - started))
    engine.dispose()


def _entry(load: Load) -> Entry:
    entry_id = clock.new_id()
    leaf = entry_id.bytes + _FILLING  # chance is not what is measured
    return Entry(
        entry_id=entry_id,
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
        received_at=clock.now(),
        pieces={name: os.urandom(size) for name, size in PIECES.items()} if load.with_pieces else {},
    )


def pgbench(server: Server, *, rows: int, seconds: float) -> float:
    """Return how many transactions a second pgbench commits, each inserting `rows` bare rows of a leaf's size."""
    row = f"(uuidv7(), decode(repeat('5a', {LEAF_BYTES}), 'hex'))"
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(f"INSERT INTO raw_row VALUES {', '.join([row] * rows)};\n")
        command = [
            str(program("pgbench")), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(round(seconds)),
            "-f", str(script), "-h", str(server.socket_folder), "-U", ROLE, DATABASE,
        ]  # fmt: skip
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds * 10 + 60).stdout
    (line,) = [line for line in told.splitlines() if line.startswith("tps = ")]
    return float(line.split()[2])
