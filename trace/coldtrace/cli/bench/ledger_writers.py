"""What loads the database in `coldtrace bench ledger`: writers through the ledger room, and pgbench beside them."""

import multiprocessing
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from coldtrace import clock
from coldtrace.db.engine import make_engine
from coldtrace.db.group_commit import GroupCommit
from coldtrace.db.programs import program
from coldtrace.db.supervisor import ROLE, Server
from coldtrace.env import Log
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry
from coldtrace.seal.hashing import leaf_hash

DATABASE = "postgres"
CLIENTS, PROCESSES = 16, 2
LEAF_BYTES = 700
PIECES = {"public": 170, "private": 420, "units": 260}
"""Bytes of a statement about one carton: measured on the demo world."""

_FILLING = os.urandom(LEAF_BYTES - 16)


@dataclass(frozen=True)
class Load:
    """How to write: for how long, how many entries a call, and how many calls a second in all; None is flat out.

    Calls that are `joined` come from as many clients, each waiting for the commit of its own entry, but those of one
    process that wait at the same time share a statement and its commit, as the service's front ends do.
    """

    seconds: float
    per_call: int
    calls_per_s: float | None
    joined: bool = False
    with_pieces: bool = False


@dataclass(frozen=True)
class Wrote:
    """What was written, and in how long."""

    entries: int
    took_s: float


class Writers:
    """Processes that write when told to, with as many clients in all as pgbench has; `with` starts and ends them."""

    def __init__(self, url: str, role: str, log: Log) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Any] = []
        self._processes = []
        for _ in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(url, role, log, CLIENTS // PROCESSES, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for pipe in self._pipes:
            pipe.recv()  # its connections stand

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()

    def run(self, load: Load) -> Wrote:
        """Have all of them write, and add up what they wrote."""
        for pipe in self._pipes:
            pipe.send(load)
        parts: list[Wrote] = [pipe.recv() for pipe in self._pipes]
        return Wrote(entries=sum(part.entries for part in parts), took_s=max(part.took_s for part in parts))


def _serve(url: str, role: str, log: Log, clients: int, pipe: Any) -> None:
    """Write each load that comes, with some clients: a thread and a connection each.

    A call is one statement on a connection that commits by itself, as pgbench has it; joined calls need one connection
    in all.
    """
    engine = make_engine(url, role=role, pool_size=clients, pool_overflow=0)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    connections = [autocommit.connect() for _ in range(clients)]
    pipe.send("ready")
    while (load := pipe.recv()) is not None:
        started = time.monotonic()
        stores = [_storing(each, log) for each in connections]
        if load.joined:
            stores = [_joining(connections[0], log)] * clients
        with ThreadPoolExecutor(clients) as pool:
            counts = list(pool.map(lambda store, load=load: _write(store, load), stores))
        pipe.send(Wrote(entries=sum(counts), took_s=time.monotonic() - started))
    for connection in connections:
        connection.close()
    engine.dispose()


def _storing(connection: Connection, log: Log) -> Callable[[list[Entry]], None]:
    def write(entries: list[Entry]) -> None:
        assert store.insert_entries(connection, log.id, entries)

    return write


def _joining(connection: Connection, log: Log) -> Callable[[list[Entry]], None]:
    def write(calls: Sequence[list[Entry]]) -> Sequence[None]:
        assert store.insert_entries(connection, log.id, [entry for call in calls for entry in call])
        return [None] * len(calls)

    return GroupCommit(write).submit


def _write(write: Callable[[list[Entry]], None], load: Load) -> int:
    started = time.monotonic()
    pause_s = 0.0 if load.calls_per_s is None else CLIENTS / load.calls_per_s
    due = started + pause_s * int.from_bytes(os.urandom(2), "big") / 65_536
    count = 0
    while time.monotonic() < started + load.seconds:
        if pause_s:
            time.sleep(max(0.0, due - time.monotonic()))
            due += pause_s
        write([_entry(load) for _ in range(load.per_call)])
        count += load.per_call
    return count


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
            str(program("pgbench")), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2",
            "-T", str(max(round(seconds), 1)), "-f", str(script), "-h", str(server.socket_folder), "-U", ROLE, DATABASE,
        ]  # fmt: skip
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds * 10 + 60).stdout
    (line,) = [line for line in told.splitlines() if line.startswith("tps = ")]
    return float(line.split()[2])
