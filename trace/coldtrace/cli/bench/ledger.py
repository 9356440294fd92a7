"""`coldtrace bench ledger`: what the log costs beside bare inserts into the same PostgreSQL, in the same minutes.

An embedded server of its own in a temporary folder, on a real disk and as durable as in production; pgbench of the
same wheel is the floor.  Floor and figure are taken in turn within a round.  The writers are processes of their own,
as many clients as pgbench has; the sequencer runs in this process, where reading is measured in the service's.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace import clock
from coldtrace.cli.bench.ledger_reading import reading
from coldtrace.cli.bench.ledger_writers import CLIENTS, DATABASE, LEAF_BYTES, Load, Writers, pgbench
from coldtrace.cli.bench.rows import Goal, Row, medians
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.migrate import upgrade
from coldtrace.db.roles import APP, SEQUENCER
from coldtrace.db.supervisor import OPTIONS, Server, run_server
from coldtrace.env import FIRST_LOG, Env, Keyring, Log
from coldtrace.ledger import service as ledger
from coldtrace.ledger import store
from coldtrace.ledger.model import SignedHead
from coldtrace.ledger.sequencer import Sequencer
from coldtrace.parties.keys import make_log_key
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, save_private_key
from coldtrace.seal.merkle import Frontier, tree_root

TICK_S = 0.2
HOST = "trace.example.cn/logs"


@dataclass(frozen=True)
class Scale:
    """`rounds` of floor and figure, `seconds` of each load, `leaves` of the log that is proved from, `proofs` asked."""

    rounds: int
    seconds: float
    leaves: int
    proofs: int


SMALL = Scale(rounds=5, seconds=2, leaves=100_000, proofs=300)
FULL = Scale(rounds=5, seconds=6, leaves=1_000_000, proofs=2_000)


@dataclass(kw_only=True)
class _Ground:
    """The server, an installation's log in it, and what the rounds left."""

    server: Server
    url: str
    env: Env
    engine: Engine
    sessions: sessionmaker[Session]
    writers: Writers


def bench_ledger(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with _ground() as ground:
        say(f"1/5 single statements and calls of 100, {scale.rounds} rounds / 逐条与每次百条")
        rows, capacity = _writing(ground, scale)
        say("2/5 storage / 存储")
        rows += _storage(ground)
        say("3/5 inclusion at half of that / 半载入树时间")
        rows += _inclusion(ground, scale, capacity / 2)
        say(f"4/5 proofs at {scale.leaves:,} leaves / 证明")
        rows += _proofs(ground, scale)
        say("5/5 reading while the sequencer runs / 写入时读取")
        rows += reading(ground.server, per_s=capacity / 2, seconds=scale.seconds * 3)
    return rows


@contextmanager
def _ground() -> Iterator[_Ground]:
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        options = {**OPTIONS, "track_commit_timestamp": "on", "max_connections": "60"}
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=options) as server:
            url = server.url_of(DATABASE)
            upgrade(url)
            keys = folder / "keys"
            keys.mkdir(mode=0o700)
            save_private_key(Ed25519Signer.generate(), keys / "log.pem")
            env = Env(
                net=bytes(32),
                log=Log(id=FIRST_LOG, origin=f"{HOST}/bench"),
                public_host="trace.example.cn",
                keyring=Keyring(keys),
            )
            owner = make_engine(url)
            with make_sessions(owner).begin() as session:
                ledger.open_log(session, env)
                session.execute(text("CREATE TABLE raw_row (id uuid PRIMARY KEY, data bytea NOT NULL)"))
            try:
                with Writers(url, APP, env.log) as writers:
                    yield _Ground(
                        server=server,
                        url=url,
                        env=env,
                        engine=owner,
                        sessions=make_sessions(owner),
                        writers=writers,
                    )
            finally:
                owner.dispose()


@contextmanager
def _sequencing(ground: _Ground) -> Iterator[None]:
    engine = make_engine(ground.url, role=SEQUENCER, pool_size=2)
    sequencer = Sequencer(engine, ground.env, tick_s=TICK_S)
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()
        engine.dispose()


def _writing(ground: _Ground, scale: Scale) -> tuple[list[Row], float]:
    def ours(per_call: int, *, joined: bool, integrated: bool, with_pieces: bool = False) -> Callable[[], float]:
        def measure() -> float:
            with _sequencing(ground):
                started = time.monotonic()
                load = Load(
                    seconds=scale.seconds,
                    per_call=per_call,
                    calls_per_s=None,
                    joined=joined,
                    with_pieces=with_pieces,
                )
                wrote = ground.writers.run(load)
                _drain(ground)
                took_s = time.monotonic() - started if integrated else wrote.took_s
            return wrote.entries / took_s

        return measure

    single_floor, single, own, whole, hundred_floor, hundred, whole_hundred = medians(
        scale.rounds,
        [
            lambda: pgbench(ground.server, rows=1, seconds=scale.seconds),
            ours(1, joined=True, integrated=False),
            ours(1, joined=False, integrated=False),
            ours(1, joined=True, integrated=False, with_pieces=True),
            lambda: 100 * pgbench(ground.server, rows=100, seconds=scale.seconds),
            ours(100, joined=False, integrated=True),
            ours(100, joined=False, integrated=True, with_pieces=True),
        ],
    )
    rows = [
        Row(
            name=f"leaves stored one by one, {CLIENTS} clients, commits shared, beside bare single rows",
            value=single,
            unit="1/s",
            floor=single_floor,
            goal=Goal(limit=0.4, better="high", of="ratio"),
        ),
        Row(name="the same, a statement and a commit for each leaf", value=own, unit="1/s", floor=single_floor),
        Row(
            name="leaves in calls of 100, integrated, beside bare 100-row inserts",
            value=hundred,
            unit="1/s",
            floor=hundred_floor,
            goal=Goal(limit=0.25, better="high", of="ratio"),
        ),
        Row(
            name="one by one with the three pieces of a statement, commits shared",
            value=whole,
            unit="1/s",
            floor=single_floor,
        ),
        Row(name="in calls of 100 with the three pieces", value=whole_hundred, unit="1/s", floor=hundred_floor),
    ]
    return rows, single


def _drain(ground: _Ground) -> None:
    while True:
        with ground.sessions() as session:
            if session.execute(text("SELECT NOT EXISTS (SELECT FROM ledger_pending)")).scalar_one():
                return
        time.sleep(0.05)


def _storage(ground: _Ground) -> list[Row]:
    with ground.sessions() as session:

        def size(*tables: str) -> int:
            sql = text("SELECT pg_total_relation_size(to_regclass(:table))")
            return sum(int(session.execute(sql, {"table": table}).scalar_one()) for table in tables)

        leaves = store.head_size(session.connection(), ground.env.log.id) or 1
        pieces = int(session.execute(text("SELECT count(*) FROM statement_piece")).scalar_one()) or 1
        leaf = size("ledger_entry_1") / leaves
        place = size("ledger_leaf_1", "ledger_node", "ledger_checkpoint") / leaves
        parts = 3 * size("statement_piece") / pieces
    return [
        Row(
            name=f"storage of one statement: leaf of {LEAF_BYTES} B, place, three pieces",
            value=leaf + place + parts,
            unit="B",
        ),
        Row(name="of it the leaf", value=leaf, unit="B"),
        Row(name="of it the place in the tree, nodes and checkpoints", value=place, unit="B"),
    ]


def _inclusion(ground: _Ground, scale: Scale, per_s: float) -> list[Row]:
    """From just before the call to the commit of the checkpoint that covers the entry, by the server's own clock."""
    with ground.sessions() as session:
        first = store.head_size(session.connection(), ground.env.log.id)
    with _sequencing(ground):
        ground.writers.run(Load(seconds=2 * scale.seconds, per_call=1, calls_per_s=per_s, joined=True))
        _drain(ground)
    with ground.sessions() as session:
        p50, p99 = session.execute(
            text(
                "WITH signed AS (SELECT tree_size, lag(tree_size) OVER (ORDER BY tree_size) AS before,"
                "  pg_xact_commit_timestamp(xmin) AS at FROM ledger_checkpoint WHERE log_id = 1),"
                " took AS (SELECT extract(epoch FROM s.at - e.received_at) * 1000 AS ms FROM ledger_leaf l"
                "  JOIN ledger_entry e USING (log_id, entry_id)"
                "  JOIN signed s ON l.leaf_index >= s.before AND l.leaf_index < s.tree_size"
                "  WHERE l.log_id = 1 AND l.leaf_index >= :first)"
                " SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms),"
                " percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) FROM took"
            ),
            {"first": first},
        ).one()
    limit = TICK_S * 1000 + 300
    return [
        Row(name=f"from call to signed checkpoint at {per_s:,.0f}/s, median", value=float(p50), unit="ms"),
        Row(
            name="the same, 99 of 100",
            value=float(p99),
            unit="ms",
            goal=Goal(limit=limit, better="low", of="value"),
        ),
    ]


def _proofs(ground: _Ground, scale: Scale) -> list[Row]:
    log = _large_log(ground, scale.leaves)
    chance = Random(7)
    engine = make_engine(ground.url, role=APP, pool_size=2)
    sessions = make_sessions(engine)
    with ground.sessions() as session:
        indexes = [chance.randrange(scale.leaves) for _ in range(scale.proofs)]
        rows = session.execute(
            text("SELECT entry_id FROM ledger_leaf WHERE log_id = :log AND leaf_index = ANY(:indexes)"),
            {"log": log.id, "indexes": indexes},
        )
        entry_ids = [row.entry_id for row in rows]
    chance.shuffle(entry_ids)

    def prove(entry_id: object) -> float:
        started = time.perf_counter()
        with sessions() as session:
            found = ledger.find_proof(session, log, entry_id)  # type: ignore[arg-type]
            assert found is not None
            found[0].text()
        return (time.perf_counter() - started) * 1000

    def ask(entry_id: object) -> float:
        started = time.perf_counter()
        with sessions() as session:
            session.execute(text("SELECT 1")).all()
        return (time.perf_counter() - started) * 1000

    for entry_id in entry_ids[:20]:
        prove(entry_id)
    took = sorted(prove(entry_id) for entry_id in entry_ids[20:])
    floor = statistics.median(ask(entry_id) for entry_id in entry_ids)
    engine.dispose()
    return [
        Row(
            name=f"proof file of one statement at {scale.leaves:,} leaves, median, beside SELECT 1",
            value=statistics.median(took),
            unit="ms",
            floor=floor,
            goal=Goal(limit=5, better="low", of="value"),
        ),
        Row(name="the same, 99 of 100", value=took[len(took) * 99 // 100], unit="ms"),
    ]


def _large_log(ground: _Ground, leaves: int) -> Log:
    """Open another log and put `leaves` into it at once, with all that the sequencer would have written."""
    with ground.sessions.begin() as session:
        signer = make_log_key(ground.env, "large")
        log = ledger.open_named_log(session, ground.env, origin=f"{HOST}/large")
        connection = session.connection()
        connection.execute(
            text(
                "INSERT INTO ledger_leaf (log_id, leaf_index, entry_id, leaf_hash)"
                " SELECT :log, n, gen_random_uuid(), sha256(int8send(n)) FROM generate_series(0, :last) n"
            ),
            {"log": log.id, "last": leaves - 1},
        )
        hashes = [sha256(number.to_bytes(8, "big")) for number in range(leaves)]
        frontier = Frontier()
        frontier.extend(hashes)
        _insert_nodes(session, log, hashes)
        root = frontier.root()
        note = sign_checkpoint(Checkpoint(origin=log.origin, size=leaves, root=root), signer)
        head = SignedHead(size=leaves, root=root, note=note)
        store.insert_checkpoint(connection, log.id, head, at=clock.now())
        store.set_published(connection, log.id, head, cosignatures=0, at=clock.now())
    with ground.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE ledger_leaf, ledger_node"))
    return log


def _insert_nodes(session: Session, log: Log, hashes: Sequence[bytes]) -> None:
    level = 1
    while len(hashes) >= 256:
        hashes = [tree_root(hashes[at : at + 256]) for at in range(0, len(hashes) // 256 * 256, 256)]
        session.execute(
            text("INSERT INTO ledger_node (log_id, level, idx, hash) VALUES (:log, :level, :idx, :hash)"),
            [{"log": log.id, "level": level, "idx": idx, "hash": each} for idx, each in enumerate(hashes)],
        )
        level += 1
