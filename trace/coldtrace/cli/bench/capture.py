"""`coldtrace bench capture`: what a scan costs, through the whole door, beside pgbench doing the same row writes.

`coldtrace serve` in processes of its own, its sequencer and publisher in it as always, on an embedded server that is as
durable as in production.  Devices send in-scans over HTTP, signed as coldscan signs; floor, peer and figures in turn
within each round, and every answer is a receipt without a mark or counts as an error.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from sqlalchemy import text

from coldtrace.cli.bench.capture_clients import Clients, Load, Order
from coldtrace.cli.bench.capture_floor import CLIENTS, Floor, cpu_s, pgbench_floor
from coldtrace.cli.bench.capture_world import CARTONS, DEVICES, FLOOR, SERVED, TUTORIAL, World, capture_world
from coldtrace.cli.bench.rows import Goal, Row, at_most
from coldtrace.cli.bench.serving import started
from coldtrace.cli.installation import PASSPHRASE_FILE
from coldtrace.seal.b64 import b64

IN_A_BATCH, BATCH_CLIENTS = 100, 8
ORIGIN = "trace.example.cn/logs/bench"
OFFERED_PER_S = 5000
CONNECTIONS = 1200


@dataclass(frozen=True)
class Scale:
    """`rounds` of floor and figures, `seconds` of each load, statements of `history`, `overload_s` of too much."""

    rounds: int
    seconds: float
    history: Sequence[int]
    overload_s: float


SMALL = Scale(rounds=3, seconds=1.5, history=(100_000,), overload_s=5)
FULL = Scale(rounds=5, seconds=3, history=(1_000_000, 10_000_000), overload_s=60)


@dataclass(frozen=True, kw_only=True)
class _Serving:
    """Processes that answer."""

    pids: Sequence[int]
    ports: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """One way to send: how many clients, statements in a request, of what."""

    clients: int = CLIENTS
    per_request: int = 1
    pallets: bool = False


SINGLE, BATCH = _Shape(), _Shape(clients=BATCH_CLIENTS, per_request=IN_A_BATCH)
FEW, ONE = _Shape(clients=8), _Shape(clients=1)
PALLETS = _Shape(clients=BATCH_CLIENTS, per_request=IN_A_BATCH, pallets=True)


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """What one load gave; processor time is that of the service and of PostgreSQL, for each statement."""

    per_s: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    postgres_ms: float
    errors: int


def bench_capture(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with capture_world(cartons_of_floor=100_000) as world, Clients(world.net, world.speakers) as clients:
        bench = _Bench(world, clients, scale, say)
        say(f"1/5 one process, {scale.rounds} rounds / 单进程")
        rows = bench.onestarted()
        say("2/5 two processes / 双进程")
        rows += bench.processes(2, single=0.5, batch=0.75)
        say("3/5 four processes / 四进程")
        rows += bench.processes(4)
        say("4/5 beside a long history / 历史数据")
        rows += bench.history()
        say(f"5/5 {OFFERED_PER_S:,} a second offered / 过载")
        rows += bench.overload()
        rows.append(at_most("answers that were errors, in all of the above", bench.errors, "", 0))
    return rows


class _Bench:
    def __init__(self, world: World, clients: Clients, scale: Scale, say: Callable[[str], None]) -> None:
        self._world, self._clients, self._scale, self._say = world, clients, scale, say
        self._rates: dict[tuple[str, _Shape], float] = {}
        self.errors = 0

    def onestarted(self) -> list[Row]:
        shapes = {"single": SINGLE, "few": FEW, "one": ONE, "batch": BATCH, "pallets": PALLETS}
        with _serve(self._world, 1) as serving, _serve_tutorial(self._world) as tutorial:
            floors, taken, peers = self._rounds(serving, shapes, tutorial)
        floor, floor_cpu_ms = median(each.per_s for each in floors), median(each.cpu_ms for each in floors)
        single, batch = _medians(taken["single"]), _medians(taken["batch"])
        peer = median(each.per_s for each in peers)
        pallets = _medians(taken["pallets"]).per_s * CARTONS
        return [
            Row(name="F: pgbench, the same row writes, 32 clients", value=floor, unit="1/s"),
            _ratio("one statement a request, 32 clients, beside F", single.per_s, floor, 0.35),
            at_most("32 clients, 99 of 100 wait at most", single.p99_ms, "ms", 60),
            at_most("8 clients, 99 of 100 wait at most", _medians(taken["few"]).p99_ms, "ms", 10),
            at_most("1 client, median wait", _medians(taken["one"]).p50_ms, "ms", 4),
            Row(
                name="one a request, beside the same as a tutorial has it",
                value=single.per_s,
                unit="1/s",
                peer=peer,
                goal=Goal(limit=20, better="high", of="ratio"),
            ),
            _ratio("batches of 100, 8 clients, beside F", batch.per_s, floor, 0.45),
            Row(
                name=f"cartons a second in pallets of {CARTONS}, batches of 100",
                value=pallets,
                unit="1/s",
                goal=Goal(limit=60_000, better="high", of="value"),
            ),
            Row(
                name="PostgreSQL's processor time, one a request, beside F's",
                value=single.postgres_ms,
                unit="ms",
                floor=floor_cpu_ms,
                goal=Goal(limit=0.5, better="low", of="ratio"),
            ),
            at_most("the service's processor time, one a request", single.server_ms, "ms", 0.6),
            Row(
                name="PostgreSQL's processor time in batches, beside F's",
                value=batch.postgres_ms,
                unit="ms",
                floor=floor_cpu_ms,
            ),
            at_most("the service's processor time in batches", batch.server_ms, "ms", 0.45),
            Row(
                name="the tutorial's processor time, one a request",
                value=median(each.server_ms for each in peers),
                unit="ms",
            ),
        ]

    def processes(self, count: int, *, single: float | None = None, batch: float | None = None) -> list[Row]:
        with _serve(self._world, count) as serving:
            floors, taken, _ = self._rounds(serving, {"single": SINGLE, "batch": BATCH})
        floor = median(each.per_s for each in floors)
        found = _medians(taken["single"])
        return [
            _ratio(f"{count} processes: one a request, beside F", found.per_s, floor, single),
            Row(name=f"{count} processes: 99 of 100 wait at most", value=found.p99_ms, unit="ms"),
            _ratio(f"{count} processes: batches of 100, beside F", _medians(taken["batch"]).per_s, floor, batch),
        ]

    def history(self) -> list[Row]:
        """Each level beside none, as a share of the floor of its own minutes: a machine slows down for many reasons."""
        shapes = {"one a request": SINGLE, "batches of 100": BATCH, "median wait of 1 client": ONE}
        rows: list[Row] = []
        with _serve(self._world, 1) as serving:
            before = self._shares(serving, shapes)
        known = 0
        for count in self._scale.history:
            # While nobody is served: the indexes are built behind the rows.
            self._world.add_history(count - known, self._say)
            known = count
            with _serve(self._world, 1) as serving:
                here = self._shares(serving, shapes)
            rows += [
                Row(
                    name=f"{name} after {count:,} statements: times worse than at first",
                    value=before[name] / here[name],
                    unit="",
                    goal=Goal(limit=1.3, better="low", of="value"),
                )
                for name in shapes
            ]
        return rows

    def _shares(self, serving: _Serving, shapes: Mapping[str, _Shape]) -> dict[str, float]:
        floors, taken, _ = self._rounds(serving, shapes)
        return {
            name: median(
                (1 / each.p50_ms if shapes[name].clients == 1 else each.per_s) / floor.per_s
                for each, floor in zip(figures, floors, strict=True)
            )
            for name, figures in taken.items()
        }

    def overload(self) -> list[Row]:
        world = self._world
        # No more than it takes when nobody is refused: what is refused comes again.
        wanted = int((self._rates[SERVED, SINGLE] * self._scale.overload_s + CONNECTIONS) / DEVICES) + 1
        firsts = world.send_cartons(SERVED, speakers=DEVICES, each=wanted)
        self._clients.sign(Order(firsts=firsts, requests=wanted, authorised=False))
        with _serve(world, 1) as serving:
            took = self._clients.run(
                Load(
                    ports=serving.ports,
                    clients=DEVICES,
                    seconds=self._scale.overload_s,
                    per_s=OFFERED_PER_S,
                    connections=CONNECTIONS,
                )
            )
        refused = took.others.pop("503", 0)
        self.errors += sum(took.others.values()) + took.without_retry
        with world.engines[SERVED].connect() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM ledger_entry WHERE entry_id = ANY(CAST(:ids AS uuid[]))"),
                {"ids": took.accepted},
            ).scalar_one()
        return [
            Row(
                name="offered too much: requests that found a connection",
                value=len(took.waits_ms) / took.seconds,
                unit="1/s",
            ),
            Row(name="offered too much: accepted", value=took.per_s, unit="1/s"),
            Row(name="answered 503 with Retry-After", value=refused / took.seconds, unit="1/s"),
            Row(name="offered too much: 99 of 100 answers take at most", value=took.wait_ms(0.99), unit="ms"),
            at_most("acknowledged and not in the log", len(took.accepted) - found, "", 0),
        ]

    def _rounds(
        self, serving: _Serving, shapes: Mapping[str, _Shape], tutorial: _Serving | None = None
    ) -> tuple[list[Floor], dict[str, list[_Figure]], list[_Figure]]:
        """Take floor and figures in turn; each shape is sent once before, so that nothing is met for the first time."""
        floors: list[Floor] = []
        taken: dict[str, list[_Figure]] = {name: [] for name in shapes}
        peers: list[_Figure] = []
        for shape in shapes.values():
            self._measure(SERVED, serving, shape)
        self._world.settle()
        for _ in range(self._scale.rounds):
            cartons = self._world.cartons[FLOOR] - 1
            floors.append(pgbench_floor(self._world.server, cartons=cartons, seconds=self._scale.seconds))
            for name, shape in shapes.items():
                taken[name].append(self._measure(SERVED, serving, shape))
            if tutorial is not None:
                peers.append(self._measure(TUTORIAL, tutorial, SINGLE))
        return floors, taken, peers

    def _measure(self, database: str, serving: _Serving, shape: _Shape) -> _Figure:
        """Sign as much as the last such load would need and half as much again, send it, and see what it cost."""
        guess = self._rates.get((database, shape), 0.0) * 1.5 * self._scale.seconds
        requests = max(int(guess / shape.clients / shape.per_request), 2 if shape.per_request > 1 else 30)
        each = requests * shape.per_request
        if shape.pallets:
            firsts = self._world.send_pallets(speakers=shape.clients, each=each)
        else:
            firsts = self._world.send_cartons(database, speakers=shape.clients, each=each)
        self._clients.sign(
            Order(firsts=firsts, requests=requests, per_request=shape.per_request, pallets=shape.pallets)
        )
        before = cpu_s(*serving.pids), cpu_s(self._world.server.pid)
        load = Load(ports=serving.ports, clients=shape.clients, seconds=self._scale.seconds)
        took = self._clients.run(load)
        after = cpu_s(*serving.pids), cpu_s(self._world.server.pid)
        self._rates[database, shape] = took.per_s
        self.errors += sum(took.others.values())
        if took.others:
            self._say(f"! {dict(took.others)}")
        count = max(len(took.accepted), 1)
        return _Figure(
            per_s=took.per_s,
            p50_ms=took.wait_ms(0.5),
            p99_ms=took.wait_ms(0.99),
            server_ms=(after[0] - before[0]) * 1000 / count,
            postgres_ms=(after[1] - before[1]) * 1000 / count,
            errors=sum(took.others.values()),
        )


def _medians(figures: Sequence[_Figure]) -> _Figure:
    return _Figure(
        per_s=median(each.per_s for each in figures),
        p50_ms=median(each.p50_ms for each in figures),
        p99_ms=median(each.p99_ms for each in figures),
        server_ms=median(each.server_ms for each in figures),
        postgres_ms=median(each.postgres_ms for each in figures),
        errors=sum(each.errors for each in figures),
    )


def _ratio(name: str, value: float, floor: float, limit: float | None) -> Row:
    goal = None if limit is None else Goal(limit=limit, better="high", of="ratio")
    return Row(name=name, value=value, unit="1/s", floor=floor, goal=goal)


@contextmanager
def _serve(world: World, count: int) -> Iterator[_Serving]:
    """Run processes of the service on one database and one data folder."""
    settings = {
        "DATABASE_URL": world.server.url_of(SERVED),
        "DATA_DIR": str(world.data_dir),
        "HOST": "127.0.0.1",
        "PORT": "0",
        "ANONYMOUS_REQUESTS_PER_MINUTE": "10000000",
    }
    command = [sys.executable, "-m", "coldtrace", "serve", "--json"]
    # These alone: what this process was given may be the settings of another installation.
    environment = {f"COLDTRACE_{name}": value for name, value in settings.items()}
    with ExitStack() as stack:
        yield _together([stack.enter_context(started(command, environment)) for _ in range(count)])


@contextmanager
def _serve_tutorial(world: World) -> Iterator[_Serving]:
    command = [
        sys.executable, "-m", "coldtrace.cli.bench.capture_tutorial", world.server.url_of(TUTORIAL),
        str(world.data_dir / "keys"), str(world.data_dir / PASSPHRASE_FILE), b64(world.net), ORIGIN,
    ]  # fmt: skip
    with started(command, {}) as process:
        yield _together([process])


def _together(processes: Sequence[tuple[int, int]]) -> _Serving:
    return _Serving(pids=[pid for pid, _ in processes], ports=[port for _, port in processes])
