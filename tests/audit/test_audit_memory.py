"""What an auditor keeps in memory does not grow with the tables that an operator may fill."""

import tracemalloc
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from coldtrace.audit.database import Database, open_database
from support.audited_log import AuditedLog

ROWS, ROW_BYTES = 3000, 4000
TABLES: dict[str, tuple[str, Callable[[Database], Iterable[object]]]] = {
    "cosignatures": (
        "INSERT INTO ledger_cosignature SELECT 1, 0, 'w' || n, '\\x00', now(), repeat('x', {bytes})"
        " FROM generate_series(1, {rows}) n",
        lambda database: database.cosignatures(0),
    ),
    "what waits": (
        "WITH made AS (INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), convert_to(repeat('x', {bytes}), 'UTF8'),"
        " sha256('x'), now() FROM generate_series(1, {rows}) n RETURNING entry_id)"
        " INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT 1, entry_id, sha256('x') FROM made",
        lambda database: database.pending(since=datetime(2026, 11, 23, tzinfo=UTC)),
    ),
    "trust lists": (
        "INSERT INTO trust_list SELECT (jsonb_populate_record(t, jsonb_build_object('seq', 100 + n,"
        " 'envelope', repeat('x', {bytes})))).* FROM trust_list t, generate_series(1, {rows}) n WHERE t.seq = 1",
        lambda database: database.trust_lists(),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_read_a_few_at_a_time(log: AuditedLog, name: str) -> None:
    sql, rows = TABLES[name]
    log.run(sql.format(bytes=ROW_BYTES, rows=ROWS))
    with open_database(log.url) as database:
        tracemalloc.start()
        try:
            seen = sum(1 for _ in rows(database))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert seen >= ROWS
    assert peak < ROWS * ROW_BYTES // 4
