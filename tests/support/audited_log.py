"""A log with real statements in a real database, for auditors: to be copied, tampered with, forged and served."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from coldtrace.db.engine import make_engine, make_sessions, read_url
from coldtrace.env import Env
from coldtrace.events.leaf import LeafKind, erase_body, leaf_bytes
from coldtrace.events.private_piece import erase_fields, read_private
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.merkle import Frontier, consistency_path, tree_root
from coldtrace.seal.vkey import Vkey, vkey_of
from support import spec_verifier as spec
from support.databases import Databases
from support.house import GLNS
from support.road import CARTONS, Road, binding, make_road

Connection = psycopg.Connection[TupleRow]
ROUNDS = 8
PER_ROUND = 40


@dataclass(frozen=True)
class AuditedLog:
    """One database and the keys of its installation."""

    url: str
    env: Env
    vkey: Vkey

    @contextmanager
    def root(self) -> Iterator[Connection]:
        """Give a connection with the rights of the operator: no trigger and no grant stops it."""
        target = read_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(target) as connection:
            connection.execute("SET session_replication_role = replica")
            yield connection

    def run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement with the operator's rights; return its rows, if it gives any."""
        with self.root() as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def leaves(self) -> list[bytes]:
        """Return the bytes of all leaves, in order."""
        rows = self.run(
            "SELECT e.leaf FROM ledger_leaf l JOIN ledger_entry e USING (log_id, entry_id) ORDER BY l.leaf_index"
        )
        return [row[0] for row in rows]

    def hashes(self) -> list[bytes]:
        """Return the hashes of all leaves, as they are stored."""
        return [row[0] for row in self.run("SELECT leaf_hash FROM ledger_leaf ORDER BY leaf_index")]

    def sizes(self) -> list[int]:
        """Return the sizes of all checkpoints."""
        return [row[0] for row in self.run("SELECT tree_size FROM ledger_checkpoint ORDER BY tree_size")]

    def note(self, size: int) -> str:
        """Return a stored checkpoint."""
        return str(self.run("SELECT note FROM ledger_checkpoint WHERE tree_size = %s", size)[0][0])

    def proof(self, old: int, new: int) -> Sequence[bytes]:
        """Return a consistency proof from the stored leaf hashes."""
        return consistency_path(self.hashes()[:new], old, new)

    def place(self, kind: str = "cte1", *, nth: int = 3) -> int:
        """Return the index of the n-th leaf of a kind."""
        rows = self.run(
            "SELECT l.leaf_index FROM ledger_leaf l JOIN ledger_entry e USING (log_id, entry_id)"
            " WHERE convert_from(e.leaf, 'UTF8')::json ->> 'kind' = %s ORDER BY 1",
            kind,
        )
        return int(rows[nth][0])

    def entry(self, index: int) -> str:
        """Return the id of the entry of a leaf."""
        return str(self.run("SELECT entry_id FROM ledger_leaf WHERE leaf_index = %s", index)[0][0])

    def swap(self, one: int, two: int) -> None:
        """Let two leaves change places, and nothing else."""
        with self.root() as connection:
            for old, new in ((one, -1), (two, one), (-1, two)):
                connection.execute("UPDATE ledger_leaf SET leaf_index = %s WHERE leaf_index = %s", (new, old))

    def forge(self) -> None:
        """Derive everything from the leaves as they stand now, and sign it: what an operator with the log's key can do.

        Entries keep their bytes; leaf hashes, nodes, every checkpoint, head, frontier and what is published are
        written anew.
        """
        hashes = [leaf_hash(leaf) for leaf in self.leaves()]
        frontier = Frontier()
        frontier.extend(hashes)
        with self.root() as connection:
            connection.execute("UPDATE ledger_entry SET leaf_hash = sha256('\\x00'::bytea || leaf)")
            connection.execute(
                "UPDATE ledger_leaf l SET leaf_hash = e.leaf_hash FROM ledger_entry e WHERE e.entry_id = l.entry_id"
            )
            connection.execute("DELETE FROM ledger_node")
            for number in range(len(hashes) // 256):
                root = tree_root(hashes[256 * number : 256 * number + 256])
                connection.execute("INSERT INTO ledger_node VALUES (1, 1, %s, %s)", (number, root))
            connection.execute("DELETE FROM ledger_checkpoint WHERE tree_size > %s", (len(hashes),))
            for (size,) in connection.execute("SELECT tree_size FROM ledger_checkpoint").fetchall():
                self._sign(connection, size, tree_root(hashes[:size]))
            self._sign(connection, len(hashes), frontier.root())
            connection.execute(
                "UPDATE ledger_head SET tree_size = %s, root = %s, frontier = %s",
                (len(hashes), frontier.root(), frontier.to_bytes()),
            )
            connection.execute(
                "UPDATE ledger_published SET (tree_size, root, note) = (SELECT tree_size, root, note"
                " FROM ledger_checkpoint WHERE tree_size = %s)",
                (len(hashes),),
            )

    def _sign(self, connection: Connection, size: int, root: bytes) -> None:
        note = sign_checkpoint(Checkpoint(self.env.origin, size, root), self.env.keyring.signer("log"))
        connection.execute(
            "INSERT INTO ledger_checkpoint VALUES (1, %s, %s, %s, now())"
            " ON CONFLICT (log_id, tree_size) DO UPDATE SET root = excluded.root, note = excluded.note",
            (size, root, note),
        )

    def publish(self, folder: Path, *, size: int | None = None, note: str | None = None) -> Path:
        """Write the log's files as C2SP lays them out, by the specification alone; return the folder."""
        leaves = self.leaves()
        size = max(self.sizes()) if size is None else size
        hashes = [leaf_hash(leaf) for leaf in leaves[:size]]
        for name, level, first in spec.tile_paths(size):
            span = 256**level
            nodes = [spec.mth(hashes[n * span : (n + 1) * span]) for n in range(first, min(first + 256, size // span))]
            _write(folder / name, b"".join(nodes))
        for number, name in enumerate(spec.bundle_paths(size)):
            inside = leaves[256 * number : min(256 * number + 256, size)]
            _write(folder / name, b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in inside))
        _write(folder / "checkpoint", (note or self.note(size)).encode())
        return folder


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def build(databases: Databases, folder: Path) -> AuditedLog:
    """Make a log of more than 256 leaves: enrolments, trust lists, statements of five devices, one erasure."""
    url = databases.create()
    engine = make_engine(url)
    with make_sessions(engine)() as session:
        road = make_road(session, folder)
        road.sequence()
        cartons = [f"(01)19521234543210(21)AUD{number:09d}" for number in range(ROUNDS * PER_ROUND)]
        road.done(GLNS_AT[0], T.COMMISSION, binding(CARTONS[0]))
        for number in range(ROUNDS):
            told = [
                road.say(GLNS_AT[at % len(GLNS_AT)], T.RECEIVE, unit)
                for at, unit in enumerate(cartons[number * PER_ROUND : (number + 1) * PER_ROUND])
            ]
            results = road.tell(*told)
            assert {result.status for result in results} <= {"accepted", "blocked"}, results[0].refusal
            road.sequence()
        erase(road, told[0])
        road.sequence()
        session.commit()
        env = road.env
    engine.dispose()
    return AuditedLog(url, env, vkey_of(name=env.origin, spki=env.keyring.signer("log").spki))


def erase(road: Road, statement: Statement) -> None:
    """Erase a private field of a statement, and say so in the log."""
    header = sha256(statement.header.encode())
    now = road.clock()
    erased = erase_fields(read_private(statement.private), ["site"])
    leaf = leaf_bytes(LeafKind.ERASE, erase_body(header=header, fields=["site"], ground="PIPL 47"), None, now)
    road.session.connection().exec_driver_sql(
        "UPDATE statement_piece SET bytes = %s, erased_at = now() WHERE piece = 'private' AND entry_id ="
        " (SELECT entry_id FROM statement WHERE header_hash = %s)",
        (erased.encode(), header),
    )
    entry = Entry(entry_id=road.env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)
    ledger.append(road.session, road.env.log, [entry])


GLNS_AT = list(GLNS.values())


@contextmanager
def static_server(folder: Path, *, closed: Sequence[str] = ()) -> Iterator[str]:
    """Serve files as any static server does; paths that begin with one of `closed` are 403."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if any(self.path.startswith(f"/{each}") for each in closed):
                self.send_error(403)
            else:
                super().do_GET()

        def log_message(self, format: str, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
