"""How fast the public log answers while statements pour in: the service itself, asked over HTTP, for `bench ledger`.

`coldtrace serve` runs as a process of its own on another database of the same server, its sequencer and publisher in
it as always.  One reader asks for a checkpoint, a full tile and a proof in turn, over one connection, with a pause
between; first while nobody writes, then while the writers do.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from coldtrace.cli.bench.ledger_writers import DATABASE, Load, Writers
from coldtrace.cli.bench.rows import Row
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.roles import APP
from coldtrace.db.supervisor import Server
from coldtrace.env import Log
from coldtrace.ledger import service as ledger

SERVED = "served"
PAUSE_S = 0.003
FILL_S = 2.0
PATIENCE_S = 120.0
KINDS = ("checkpoint", "full tile", "proof file")


def reading(server: Server, *, per_s: float, seconds: float) -> list[Row]:
    """Return median and 99 of 100 of each kind at `per_s` single statements a second, beside the same while idle."""
    owner = make_engine(server.url_of(DATABASE))
    with owner.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {SERVED}"))
    owner.dispose()
    url = server.url_of(SERVED)
    engine = make_engine(url)
    with _serving(url) as address:
        with make_sessions(engine)() as session:
            ((log, _),) = ledger.logs(session)
        with Writers(url, APP, log) as writers:
            writers.run(Load(seconds=FILL_S, per_call=100, calls_per_s=None))
            size, entry_ids = _published(engine, log)
            reader = _Reader(address, f"/logs/{log.name}/", tiles=size // 256, entry_ids=entry_ids)
            reader.ask_for(min(seconds, 1.0))  # imports, connections, caches
            idle = reader.ask_for(seconds)
            load = Load(seconds=seconds + 2, per_call=1, calls_per_s=per_s, joined=True)
            writing = threading.Thread(target=writers.run, args=(load,))
            writing.start()
            time.sleep(1.0)  # until they are at it
            loaded = reader.ask_for(seconds)
            writing.join()
            reader.close()
    engine.dispose()
    rows = []
    for kind in KINDS:
        name = f"GET of a {kind} at {per_s:,.0f} statements/s, beside idle"
        rows += [
            Row(name=f"{name}, median", value=loaded[kind].p50_ms, unit="ms", peer=idle[kind].p50_ms),
            Row(name="the same, 99 of 100", value=loaded[kind].p99_ms, unit="ms", peer=idle[kind].p99_ms),
        ]
    return rows


def _published(engine: Engine, log: Log) -> tuple[int, list[str]]:
    """Wait until all that was written is published; return how much that is, and some of it by chance."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with make_sessions(engine)() as session:
            size = ledger.checkpoint(session, log).size
            if not ledger.waiting(session, log) and size == ledger.signed_head(session, log).size:
                break
        assert time.monotonic() < deadline, "the queue does not drain"
        time.sleep(0.1)
    chance = Random(7)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT entry_id FROM ledger_leaf WHERE log_id = :log AND leaf_index = ANY(:at)"),
            {"log": log.id, "at": [chance.randrange(size) for _ in range(500)]},
        )
        return size, [str(row.entry_id) for row in rows]


@dataclass(frozen=True, kw_only=True)
class _Took:
    p50_ms: float
    p99_ms: float


class _Reader:
    """One reader with one connection."""

    def __init__(self, address: str, prefix: str, *, tiles: int, entry_ids: Sequence[str]) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._prefix, self._tiles, self._entry_ids = prefix, tiles, entry_ids
        self._chance = Random(8)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask_for(self, seconds: float) -> dict[str, _Took]:
        """Ask for each kind in turn; return how long the whole answers took."""
        took: dict[str, list[float]] = {kind: [] for kind in KINDS}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for kind in KINDS:
                path = self._prefix + self._path(kind)
                started = time.perf_counter()
                self._connection.request("GET", path)
                answer = self._connection.getresponse()
                answer.read()
                took[kind].append((time.perf_counter() - started) * 1000)
                assert answer.status == 200, f"{path}: {answer.status}"
                time.sleep(PAUSE_S)
        return {
            kind: _Took(p50_ms=statistics.median(each), p99_ms=sorted(each)[len(each) * 99 // 100])
            for kind, each in took.items()
        }

    def _path(self, kind: str) -> str:
        if kind == "checkpoint":
            return kind
        if kind == "full tile":
            number = self._chance.randrange(self._tiles)
            thousands = f"x{number // 1000:03}/" if number >= 1000 else ""
            return f"tile/0/{thousands}{number % 1000:03}"
        return f"statements/{self._chance.choice(self._entry_ids)}/proof"


@contextmanager
def _serving(url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as folder:
        settings = {
            "DATABASE_URL": url,
            "DATA_DIR": folder,
            "HOST": "127.0.0.1",
            "PORT": "0",
            "ANONYMOUS_REQUESTS_PER_MINUTE": "10000000",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "coldtrace", "serve", "--json"],
            # These alone: what this process was given may be the settings of another installation.
            env={f"COLDTRACE_{name}": value for name, value in settings.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            said = next((line for line in process.stdout if line.startswith("READY ")), None)
            if said is None:
                raise RuntimeError(f"the service did not start: exit code {process.wait()}")
            yield str(json.loads(said.removeprefix("READY "))["url"])
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()
