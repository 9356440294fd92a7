"""History is kept by the tables themselves: rows are added, never changed and never taken away."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coldtrace.events.statement_type import StatementType as T
from support.log_entries import append
from support.road import CARTONS, PORT, Road, binding

KEPT = {
    "ledger_entry": "received_at = now()",
    "ledger_entry_1": "received_at = now()",
    "ledger_leaf": "entry_id = gen_random_uuid()",
    "ledger_leaf_1": "entry_id = gen_random_uuid()",
    "ledger_node": "hash = sha256('x')",
    "ledger_checkpoint": "note = ''",
    "statement": "status = 'blocked'",
}
NEVER_TAKEN = [*KEPT, "statement_piece"]


@pytest.fixture
def full(road: Road) -> Road:
    """A road on which every table of history has rows."""
    append(road.session, range(260))
    road.done(PORT, T.COMMISSION, binding(CARTONS[0]))
    road.sequence()
    assert all(road.count(table) for table in NEVER_TAKEN)
    return road


def refused(road: Road, sql: str) -> bool:
    try:
        with road.session.begin_nested():
            road.session.execute(text(sql))
    except DBAPIError as error:
        return "never rewritten" in str(error)
    return False


def test_history_is_never_changed(full: Road) -> None:
    assert all(refused(full, f"UPDATE {table} SET {change}") for table, change in KEPT.items())


def test_history_is_never_deleted(full: Road) -> None:
    for table in NEVER_TAKEN:
        assert refused(full, f"DELETE FROM {table}"), table


def test_history_is_never_truncated(full: Road) -> None:
    for table in NEVER_TAKEN:
        assert refused(full, f"TRUNCATE {table} CASCADE"), table


def test_a_piece_may_be_erased_and_nothing_else(full: Road) -> None:
    assert refused(full, "UPDATE statement_piece SET bytes = 'forged'")
    assert refused(full, "UPDATE statement_piece SET bytes = NULL")
    assert refused(full, "UPDATE statement_piece SET erased_at = now(), entry_id = gen_random_uuid()")
    assert not refused(full, "UPDATE statement_piece SET bytes = NULL, erased_at = now() WHERE piece = 'private'")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ledger_entry VALUES (1, gen_random_uuid(), '', sha256('x'), now())",
        "INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), decode(repeat('00', 65536), 'hex'), sha256(''), now()",
        "INSERT INTO ledger_entry VALUES (1, gen_random_uuid(), 'x', 'short', now())",
        "INSERT INTO ledger_entry VALUES (2, gen_random_uuid(), 'x', sha256('x'), now())",
        "INSERT INTO ledger_leaf VALUES (1, 0, gen_random_uuid(), sha256('x'))",
        "INSERT INTO ledger_leaf SELECT 1, 9999, entry_id, leaf_hash FROM ledger_leaf LIMIT 1",
        "INSERT INTO ledger_node VALUES (1, 0, 0, sha256('x'))",
        "INSERT INTO ledger_checkpoint SELECT * FROM ledger_checkpoint",
    ],
)
def test_what_no_log_holds(full: Road, sql: str) -> None:
    with pytest.raises(DBAPIError):
        full.session.execute(text(sql))
