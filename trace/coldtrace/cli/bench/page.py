"""`coldtrace bench page`: a story in the news sends everybody to codes; scans must go on meanwhile.

`coldtrace serve` in a process of its own with the demo world in it, whose 1,200 cartons have real statements and real
proofs, among so many other units; on an embedded server as durable as in production.  Every request comes from another
phone through a network of its own, as a proxy on this machine would say, so every one is a look that counts.  Clients
share the cores with the service.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from sqlalchemy import Engine, text

from coldtrace.cli.bench.capture_clients import PROCESSES, Clients, Load, Ready, Took
from coldtrace.cli.bench.capture_floor import cpu_s
from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.bench.rows import Goal, Row, at_most
from coldtrace.cli.bench.serving import started
from coldtrace.cli.demo.sites import SITES
from coldtrace.cli.demo.terminal import Terminal
from coldtrace.db.engine import make_engine
from coldtrace.db.supervisor import OPTIONS, run_server

CLIENTS = 32
OFFERED_PER_S = 500
CONNECTIONS = 600
SCANS = 15
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"


@dataclass(frozen=True)
class Scale:
    """`rounds` of `seconds` each, so many other `units`, `offered_s` of what is offered."""

    rounds: int
    seconds: float
    units: int
    offered_s: float


SMALL = Scale(rounds=3, seconds=3, units=100_000, offered_s=10)
FULL = Scale(rounds=5, seconds=5, units=1_000_000, offered_s=30)


@dataclass(kw_only=True)
class _House:
    """The service that is asked: its address, processes, codes, and a handheld of its shop."""

    port: int
    pids: Sequence[int]
    hot: str
    paths: Sequence[str]
    handheld: Terminal
    to_open: Sequence[str]
    recall: Callable[[], str]
    """Recalls the lot of one of the boxes, and returns its path."""
    phones: int = field(default=0)

    def phone(self, path: str) -> bytes:
        """Return a request for a page by a phone that was never here."""
        self.phones += 1
        number = self.phones
        address = f"100.{64 + (number >> 16 & 63)}.{number >> 8 & 255}.{number & 255}"
        return (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/html\r\nAccept-Language: zh-CN\r\n"
            f"User-Agent: phone {number}\r\nX-Forwarded-For: {address}\r\n\r\n"
        ).encode()


def bench_page(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with _house(scale, say) as house, Clients(b"", ()) as clients:
        bench = _Bench(house, clients, scale)
        say(f"1/4 one code, many codes, {scale.rounds} rounds / 热门码与不同码")
        rows = bench.rates()
        say(f"2/4 {OFFERED_PER_S} a second offered / 每秒 {OFFERED_PER_S} 次")
        rows += bench.offered()
        say(f"3/4 {10 * OFFERED_PER_S} a second offered, and scans / 过载时提交扫描")
        rows += bench.overload()
        say("4/4 one code of a recalled lot / 召回批次的一个码")
        rows += bench.recalled()
        rows.append(at_most("answers that were errors, in all of the above", bench.errors, "", 0))
    return rows


class _Bench:
    def __init__(self, house: _House, clients: Clients, scale: Scale) -> None:
        self._house, self._clients, self._scale = house, clients, scale
        self._rates: dict[str, float] = {}
        self.errors = 0

    def rates(self) -> list[Row]:
        house = self._house
        self._closed("hot", [house.hot], 1.0)
        taken: dict[str, list[tuple[float, float]]] = {"floor": [], "hot": [], "many": []}
        for _ in range(self._scale.rounds):
            taken["floor"].append(self._closed("floor", [], self._scale.seconds))
            taken["hot"].append(self._closed("hot", [house.hot], self._scale.seconds))
            taken["many"].append(self._closed("many", house.paths, self._scale.seconds))
        floor, hot, many = (median(each[0] for each in taken[name]) for name in ("floor", "hot", "many"))
        return [
            Row(name="/healthz through the same door, 32 clients", value=floor, unit="1/s"),
            Row(
                name="page of one code, 32 clients",
                value=hot,
                unit="1/s",
                peer=floor,
                goal=Goal(limit=500, better="high", of="value"),
            ),
            Row(
                name=f"pages of {len(house.paths):,} codes in turn, {self._scale.units:,} units",
                value=many,
                unit="1/s",
                peer=hot,
                goal=Goal(limit=0.6, better="high", of="ratio"),
            ),
            Row(name="the service's processor time, one code", value=median(c for _, c in taken["hot"]), unit="ms"),
            Row(name="the service's processor time, many", value=median(c for _, c in taken["many"]), unit="ms"),
        ]

    def offered(self) -> list[Row]:
        took = self._open(OFFERED_PER_S)
        seen, told = took.others["200"], took.others["503"]
        return [
            Row(name=f"one code, {OFFERED_PER_S}/s offered: pages", value=seen / took.seconds, unit="1/s"),
            Row(name="the same: told 503 with Retry-After", value=told / took.seconds, unit="1/s"),
            at_most("the same: 95 of 100 wait at most", took.wait_ms(0.95), "ms", 100),
        ]

    def overload(self) -> list[Row]:
        scanned: list[float] = []

        def scan() -> None:
            begun = time.perf_counter()
            self._house.handheld.scan(["CT:OPEN", *self._house.to_open])
            self._house.handheld.sync()
            scanned.append(time.perf_counter() - begun)

        thread = threading.Thread(target=scan)
        thread.start()
        took = self._open(10 * OFFERED_PER_S, self._house.paths)
        thread.join()
        unsent = self._house.handheld.status().get("unsent")
        self.errors += took.without_retry
        return [
            Row(
                name=f"many codes, {10 * OFFERED_PER_S:,}/s offered: answered",
                value=len(took.waits_ms) / took.seconds,
                unit="1/s",
            ),
            Row(name="too much: pages", value=took.others["200"] / took.seconds, unit="1/s"),
            Row(name="too much: told 503 with Retry-After", value=took.others["503"] / took.seconds, unit="1/s"),
            Row(name="too much: 99 of 100 answers take at most", value=took.wait_ms(0.99), unit="ms"),
            Row(
                name=f"meanwhile {SCANS} scans scanned, sent and receipted",
                value=SCANS - int(str(unsent)) if scanned else 0,
                unit="",
                goal=Goal(limit=SCANS, better="high", of="value"),
            ),
            Row(name="meanwhile from the first scan to the last receipt", value=sum(scanned), unit="s"),
        ]

    def recalled(self) -> list[Row]:
        """The story in the news is of a recall; its page has the status of a refusal.  Last: the lot stays recalled."""
        path = self._house.recall()
        self._closed("recalled", [path], 1.0, status="403")
        taken = [self._closed("recalled", [path], self._scale.seconds, status="403") for _ in range(self._scale.rounds)]
        return [
            Row(
                name="page of one code of a recalled lot, 32 clients",
                value=median(each for each, _ in taken),
                unit="1/s",
                peer=self._rates["hot"],
                goal=Goal(limit=500, better="high", of="value"),
            ),
            Row(name="the service's processor time, recalled", value=median(cpu for _, cpu in taken), unit="ms"),
        ]

    def _closed(self, name: str, paths: Sequence[str], seconds: float, *, status: str = "200") -> tuple[float, float]:
        """Return pages a second and processor time of the service for each, in ms."""
        each = int(self._rates.get(name, 1500.0) * 1.5 * seconds / CLIENTS) + 10
        wanted = (paths[number % len(paths)] if paths else "" for number in range(each * CLIENTS))
        requests = [self._house.phone(path) if path else HEALTH for path in wanted]
        self._clients.sign(Ready(of_clients=[requests[client::CLIENTS] for client in range(CLIENTS)]))
        before = cpu_s(*self._house.pids)
        took = self._clients.run(Load(ports=[self._house.port], clients=CLIENTS, seconds=seconds))
        spent = cpu_s(*self._house.pids) - before
        count = took.others[status]
        self._note(took, (status,))
        self._rates[name] = count / took.seconds
        return self._rates[name], spent * 1000 / max(count, 1)

    def _open(self, per_s: int, paths: Sequence[str] = ()) -> Took:
        chosen = paths or [self._house.hot]
        count = int(per_s * self._scale.offered_s) // PROCESSES * PROCESSES
        requests = [self._house.phone(chosen[number % len(chosen)]) for number in range(count)]
        self._clients.sign(Ready(of_clients=[requests[client::PROCESSES] for client in range(PROCESSES)]))
        took = self._clients.run(
            Load(
                ports=[self._house.port],
                clients=PROCESSES,
                seconds=self._scale.offered_s,
                per_s=per_s,
                connections=CONNECTIONS,
            )
        )
        self._note(took, ("200", "503"))
        return took

    def _note(self, took: Took, expected: Sequence[str]) -> None:
        self.errors += sum(count for name, count in took.others.items() if name not in expected)


@contextmanager
def _house(scale: Scale, say: Callable[[str], None]) -> Iterator[_House]:
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=OPTIONS) as server:
            settings = {
                "DATABASE_URL": server.url_of(DATABASE),
                "DATA_DIR": str(folder / "data"),
                "HOST": "127.0.0.1",
                "PORT": "0",
                "ANONYMOUS_REQUESTS_PER_MINUTE": "10000000",
            }
            environment = {f"COLDTRACE_{key}": value for key, value in settings.items()}
            say("the demo world, a minute or two / 建立演示数据，需一两分钟")
            command = [sys.executable, "-m", "coldtrace", "serve", "--demo-world", "--json"]
            with started(command, environment) as (pid, port):
                engine = make_engine(server.url_of(DATABASE), pool_size=1)
                say(f"{scale.units:,} other units / 造数")
                _add_units(engine, scale.units)
                paths = _paths(engine, "u.state IN ('active', 'opened', 'sold')")
                to_open = _uris(engine, "u.state = 'active' AND u.parent_pk IS NULL AND u.gln = :gln")
                hot = _paths(engine, "u.state = 'sold'")[0]
                recall = partial(_recall, engine, paths[-1])
                handheld = Terminal(name="H-shop", state=folder / "data" / "demo" / "devices" / str(port) / "shop")
                yield _House(
                    port=port,
                    pids=[pid],
                    hot=hot,
                    paths=paths,
                    handheld=handheld,
                    to_open=to_open[:SCANS],
                    recall=recall,
                )
                engine.dispose()


def _add_units(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        for step in _UNITS:
            connection.execute(text(step), {"count": count})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) unit, issued_code"))
        connection.execute(text("CHECKPOINT"))


def _recall(engine: Engine, path: str) -> str:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO recalled_lot (gtin, lot, reason, recalled_at) SELECT l.gtin, l.lot, 'bench', now()"
                " FROM issued_code c JOIN lot l USING (lot_id) WHERE right(c.uri, length(:path)) = :path"
            ),
            {"path": path},
        )
    return path


def _uris(engine: Engine, where: str) -> list[str]:
    shop = next(place.gln for place in SITES if place.key == "shop")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                f"SELECT c.uri FROM issued_code c JOIN unit u USING (unit_id) WHERE c.kind = 'unit' AND {where}"
                " AND EXISTS (SELECT FROM statement_line l WHERE l.unit_pk = u.unit_pk) ORDER BY c.uri"
            ),
            {"gln": shop},
        )
        return [str(row.uri) for row in rows]


def _paths(engine: Engine, where: str) -> list[str]:
    parts = [urlsplit(uri) for uri in _uris(engine, where)]
    return [f"{each.path}?{each.query}" for each in parts]


_SERIAL = "'H' || lpad(n || '', 11, '0')"
_UNITS = (
    "INSERT INTO issued_code (unit_id, run_id, position, kind, lot_id, pallet, serial, net_g, uri, code_hash, kid,"
    f" drawn_at) SELECT '(01)' || gtin || '(21)' || {_SERIAL}, run_id, 1000000 + n, 'unit', lot_id, '1', {_SERIAL},"
    " 10000, 'https://trace.example.cn/' || n, sha256(int4send(n)), kid, now()"
    " FROM (SELECT c.run_id, c.lot_id, c.kid, l.gtin FROM issued_code c JOIN lot l USING (lot_id) LIMIT 1) v,"
    " generate_series(1, CAST(:count AS int)) n",
    "INSERT INTO unit (unit_id, lot_id, state, gln, last_at)"
    f" SELECT '(01)' || gtin || '(21)' || {_SERIAL}, lot_id, 'active', gln, now() FROM"
    " (SELECT u.lot_id, u.gln, l.gtin FROM unit u JOIN lot l USING (lot_id) LIMIT 1) v,"
    " generate_series(1, CAST(:count AS int)) n",
)
