"""The floor of `coldtrace bench capture`: pgbench doing the row writes of one in-scan as one SQL statement.

The same tables with the same keys, references and triggers, in a database of its own; bytes of the same size; a device
for each client; `synchronous_commit` on.  Nothing is checked, read, hashed or signed.
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coldtrace.cli.bench.capture_world import FLOOR, GTIN
from coldtrace.cli.bench.ledger_writers import LEAF_BYTES, PIECES
from coldtrace.db.programs import program
from coldtrace.db.supervisor import ROLE, Server

CLIENTS = 32


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Statements a second, and the processor time of PostgreSQL for each."""

    per_s: float
    cpu_ms: float


def pgbench_floor(server: Server, *, cartons: int, seconds: float) -> Floor:
    """Return what pgbench does with as many clients as the service has."""
    pieces = ", ".join(f"('{name}', {size})" for name, size in PIECES.items())
    script = f"\\set n random(1, {cartons})\n" + _SCRIPT.format(leaf=LEAF_BYTES, pieces=pieces, gtin=GTIN)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "receive.sql"
        path.write_text(script)
        command = [
            str(program("pgbench")), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2",
            "-T", str(max(round(seconds), 1)), "-f", str(path), "-h", str(server.socket_folder), "-U", ROLE, FLOOR,
        ]  # fmt: skip
        before_s = cpu_s(server.pid)
        told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds * 10 + 60).stdout
        took_s = cpu_s(server.pid) - before_s
    (line,) = [line for line in told.splitlines() if line.startswith("tps = ")]
    (counted,) = [line for line in told.splitlines() if line.startswith("number of transactions actually processed")]
    return Floor(per_s=float(line.split()[2]), cpu_ms=took_s * 1000 / int(counted.split()[-1].partition("/")[0]))


def cpu_s(*pids: int) -> float:
    """Return the processor time that processes and all below them have used, ended ones included."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    parents: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
            used[int(folder.name)] = sum(map(int, fields[11:15]))
    waiting, total = list(pids), 0
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0)
        waiting += parents.get(pid, [])
    return total * tick_s


_SCRIPT = """WITH i AS MATERIALIZED (SELECT gen_random_uuid() AS id, now() AS at),
 d AS (UPDATE device d SET last_seen_at = now() FROM bench_client c WHERE c.number = :client_id
  AND d.key_id = c.key_id RETURNING d.key_id, d.gln),
 u AS (UPDATE unit u SET state = 'active', gln = d.gln, to_gln = NULL, parent_pk = NULL, root_pk = NULL,
  last_at = now(), version = version + 1 FROM d
  WHERE unit_id = '(01){gtin}(21)B' || lpad(:n || '', 9, '0') RETURNING unit_pk),
 e AS (INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)
  SELECT 1, id, decode(repeat('5a', {leaf}), 'hex'), sha256(uuid_send(id)), at FROM i),
 q AS (INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT 1, id, sha256(uuid_send(id)) FROM i),
 p AS (INSERT INTO statement_piece (log_id, entry_id, piece, bytes)
  SELECT 1, id, name, decode(repeat('5a', size), 'hex') FROM i, (VALUES {pieces}) v (name, size)),
 s AS (INSERT INTO statement (entry_id, header_hash, key_id, seq, prev, type, claimed_at, event_at, recorded_at, gln,
  status, marks) SELECT id, sha256(uuid_send(id)), key_id, 1, sha256(uuid_send(id)), 'receive', at, at, at, gln,
  'accepted', '{{}}' FROM i, d),
 l AS (INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks, from_gln)
  SELECT id, 0, unit_pk, 'unit', 1, at, '{{}}', gln FROM i, u, d),
 t AS (INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at)
  SELECT id, relation, operator_id, s.gln, district, at
  FROM i, d JOIN site s USING (gln), (VALUES ('at'), ('from')) v (relation))
SELECT 1;
"""
