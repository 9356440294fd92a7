"""What the database alone cannot show: history that was rewritten and signed again by whoever holds the log's key.

Only something outside the operator's reach finds it: a checkpoint that the auditor saved, or a witness.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from coldtrace.audit import saved
from coldtrace.audit.finding import StepResult
from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.refusals import SavedUnreadable, SinceUnknown
from coldtrace.audit.service import Order, Result, audit
from coldtrace.db.engine import make_engine
from coldtrace.ledger.feeder import Feeder, Outcome
from coldtrace.ledger.sequencer import tick
from coldtrace.seal.public_key import SM2_SPKI, load_public_key
from coldtrace.seal.witness_policy import WitnessPolicy, k_of_n
from support.audited_log import AuditedLog
from support.databases import Databases
from support.ticking import START
from support.witness_process import WitnessProcess

SM2_POINT = bytes.fromhex(  # the generator of the curve (GB/T 32918.5)
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def look(log: AuditedLog, **more: object) -> Result:
    order = replace(Order(database_url=log.url, vkey=log.vkey), **more)  # type: ignore[arg-type]
    return audit(order, now=lambda: START)


def swap_two_statements(log: AuditedLog) -> None:
    """Let two statements of different devices change places, and derive and sign everything anew."""
    log.swap(log.place("cte1", nth=10), log.place("cte1", nth=11))
    log.forge()


def drop_the_last_without_a_trace(log: AuditedLog) -> None:
    """Drop the last statement of a device, which nothing follows, with all that hangs on it."""
    place = log.place("cte1", nth=-1)
    entry = log.entry(place)
    with log.root() as connection:
        for table in ("statement_piece", "ledger_leaf", "ledger_entry", "statement_line", "statement"):
            connection.execute(f"DELETE FROM {table} WHERE entry_id = %s", (entry,))
        connection.execute("UPDATE ledger_leaf SET leaf_index = leaf_index - 1 WHERE leaf_index > %s", (place,))
    log.forge()


def put_one_in_the_middle(log: AuditedLog) -> None:
    """Put an anchor, which nobody else signs, between two statements."""
    with log.root() as connection:
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index - 1 WHERE leaf_index >= 100")
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index WHERE leaf_index < 0")
        leaf = b'{"body":"x","kind":"anchor","received_at":"2026-11-23T00:00:00.000Z","sig":null,"v":1}'
        entry = "ffffffff-0000-7000-8000-000000000001"
        connection.execute("INSERT INTO ledger_entry VALUES (1, %s, %s, sha256('x'), '2026-11-23')", (entry, leaf))
        connection.execute("INSERT INTO ledger_leaf VALUES (1, 100, %s, sha256('x'))", (entry,))
    log.forge()


REWRITES: dict[str, Callable[[AuditedLog], None]] = {
    "two statements swapped": swap_two_statements,
    "a statement dropped": drop_the_last_without_a_trace,
    "an entry put in the middle": put_one_in_the_middle,
}


@pytest.fixture
def witness(log: AuditedLog, tmp_path: Path) -> Iterator[WitnessProcess]:
    """A witness, in a process of its own, that has cosigned the log as it was."""
    made = WitnessProcess.make(tmp_path / "witness", name="witness.example/one", follows=log.vkey)
    made.start()
    size = max(log.sizes())
    with httpx.Client() as client:
        fed = Feeder(client=client, timeout_s=20).feed(log.note(size), log.proof, [made.known])
    assert fed[0].outcome is Outcome.COSIGNED
    yield made
    made.kill()


@pytest.mark.parametrize("name", REWRITES)
def test_the_database_alone_looks_clean(log: AuditedLog, name: str) -> None:
    """Not a weakness of the auditor: there is nothing in it that does not fit.  This is why witnesses exist."""
    REWRITES[name](log)
    result = look(log)
    assert result.report.findings == []
    assert result.report.ok


@pytest.mark.parametrize("name", REWRITES)
def test_a_saved_checkpoint_finds_it(log: AuditedLog, tmp_path: Path, name: str) -> None:
    state = tmp_path / "auditor.json"
    assert look(log, saved_file=state).report.ok
    before = state.read_bytes()
    REWRITES[name](log)
    result = look(log, saved_file=state)
    assert set(result.report.counts) <= {F.HISTORY_REWRITTEN, F.LOG_SHRANK}
    assert not result.report.ok
    assert log.vkey.name in result.report.findings[0].evidence[0], "the old signed note is the proof"
    assert state.read_bytes() == before, "what was found must not be forgotten"


@pytest.mark.parametrize("name", REWRITES)
def test_a_witness_finds_it(log: AuditedLog, witness: WitnessProcess, name: str) -> None:
    policy = k_of_n(1, [witness.known])
    assert look(log, policy=policy).report.ok
    REWRITES[name](log)
    report = look(log, policy=policy).report
    assert set(report.counts) <= {F.WITNESS_DIFFERS, F.WITNESS_AHEAD}
    assert not report.ok


def test_a_restored_older_dump(log: AuditedLog, databases: Databases, tmp_path: Path, witness: WitnessProcess) -> None:
    """An older copy of the whole database is consistent in itself, and smaller than what was seen."""
    state = tmp_path / "auditor.json"
    assert look(log, saved_file=state).report.ok
    older = log.sizes()[-3]
    log.run("DELETE FROM ledger_leaf WHERE leaf_index >= %s", older)
    for table in ("ledger_entry", "statement_piece", "statement_line", "statement"):
        log.run(f"DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = t.entry_id)")
    log.run("UPDATE statement_piece SET erased_at = NULL")
    log.forge()
    assert look(log).report.ok
    assert set(look(log, saved_file=state).report.counts) == {F.LOG_SHRANK}
    assert set(look(log, policy=k_of_n(1, [witness.known])).report.counts) == {F.WITNESS_AHEAD}


def test_an_audit_goes_on_from_where_it_was(log: AuditedLog, tmp_path: Path) -> None:
    state = tmp_path / "auditor.json"
    first = look(log, saved_file=state)
    grow(log)
    second = look(log, saved_file=state, since_saved=True)
    assert second.report.ok
    assert (first.leaves, second.leaves) == (first.size, 2)
    kept = saved.load(state)
    assert kept is not None
    assert (kept.size, kept.root) == (second.size, second.root)
    assert look(log, saved_file=state).report.ok, "the whole again agrees"


def test_going_on_finds_what_is_wrong_behind_and_not_before(log: AuditedLog, tmp_path: Path) -> None:
    state = tmp_path / "auditor.json"
    size = look(log, saved_file=state).size
    grow(log)
    log.run("UPDATE ledger_entry SET leaf_hash = sha256('x') WHERE entry_id = %s", log.entry(5))
    assert look(log, saved_file=state, since=size).report.ok
    assert not look(log, saved_file=tmp_path / "other.json").report.ok
    log.run("UPDATE ledger_entry SET leaf_hash = sha256('x') WHERE entry_id = %s", log.entry(size + 1))
    assert set(look(log, saved_file=tmp_path / "auditor.json").report.counts) == {F.ENTRY_HASH}


def test_a_rewrite_is_found_when_going_on(log: AuditedLog, tmp_path: Path, witness: WitnessProcess) -> None:
    state = tmp_path / "auditor.json"
    assert look(log, saved_file=state, policy=k_of_n(1, [witness.known])).report.ok
    swap_two_statements(log)
    grow(log)
    found = look(log, saved_file=state, since_saved=True, policy=k_of_n(1, [witness.known])).report
    assert F.HISTORY_REWRITTEN in found.counts or F.CHECKPOINT_ROOT in found.counts
    assert not found.ok


def test_a_witness_behind_the_start_is_compared_too(log: AuditedLog, tmp_path: Path, witness: WitnessProcess) -> None:
    """The witness saw a size before the one from which the audit goes on."""
    state, policy = tmp_path / "auditor.json", k_of_n(1, [witness.known])
    grow(log)
    assert look(log, saved_file=state, policy=policy).report.ok
    grow(log)
    assert look(log, saved_file=state, policy=policy, since_saved=True).report.ok
    log.run("UPDATE ledger_leaf SET leaf_hash = sha256('x') WHERE leaf_index = 300")
    found = look(log, saved_file=tmp_path / "auditor.json", policy=policy, since_saved=True).report
    assert F.NODE_WRONG in found.counts


def test_what_was_left_out_before_is_not_taken_for_checked(log: AuditedLog, tmp_path: Path) -> None:
    """Going on covers signatures and pieces of what came since; what an earlier audit passed over stays said."""
    state = tmp_path / "auditor.json"
    size = look(log, saved_file=state, pieces=False).size
    grow(log)
    for _ in range(2):
        went_on = look(log, saved_file=state, since_saved=True).report
        assert went_on.ok
        assert any(f"below leaf {size}" in note for note in went_on.notes)
    assert look(log, saved_file=state).report.ok
    assert not any("below leaf" in note for note in look(log, saved_file=state, since_saved=True).report.notes)


def test_going_on_checks_signatures_and_pieces_of_what_came(log: AuditedLog, tmp_path: Path) -> None:
    """As if the saved audit had ended before the last statements: only what is behind it is looked at."""
    state, size = tmp_path / "auditor.json", log.sizes()[-4]
    whole = dict(log.run("SELECT entry_id::text, leaf_index FROM ledger_leaf WHERE leaf_index >= %s", size))
    with log.root() as connection:
        for table in ("ledger_leaf", "ledger_checkpoint"):
            connection.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
        connection.execute("DELETE FROM ledger_leaf WHERE leaf_index >= %s", (size,))
        for table in ("ledger_entry", "statement_piece", "statement"):
            connection.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
        for table in ("ledger_entry", "statement_piece", "statement_line", "statement"):
            sql = f"DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = t.entry_id)"
            connection.execute(sql)
        connection.execute("UPDATE statement_piece SET erased_at = NULL")
    log.forge()
    assert look(log, saved_file=state).size == size
    with log.root() as connection:
        for table in ("ledger_leaf", "ledger_entry", "statement_piece", "statement", "ledger_checkpoint"):
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept_{table} ON CONFLICT DO NOTHING")
        connection.execute(
            "UPDATE statement_piece p SET erased_at = k.erased_at FROM kept_statement_piece k"
            " WHERE (p.entry_id, p.piece) = (k.entry_id, k.piece)"
        )
    log.forge()
    kept = state.read_bytes()
    assert look(log, saved_file=state, since_saved=True).report.ok
    state.write_bytes(kept)
    one, two = [entry for entry in whole if log.run("SELECT 1 FROM statement WHERE entry_id = %s", entry)][:2]
    log.run("UPDATE statement_piece SET bytes = bytes || ' ' WHERE piece = 'private' AND entry_id = %s", one)
    log.run(
        "UPDATE ledger_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'uw\\\":16', 'uw\\\":32'), "
        "'UTF8') WHERE entry_id = %s",
        two,
    )
    found = look(log, saved_file=state, since_saved=True).report
    assert {F.PIECE_WRONG, F.LEAF_SIGNATURE} <= set(found.counts)


@pytest.mark.parametrize("database", [True, False])
def test_signatures_that_cannot_be_checked_here_count_for_nothing(
    log: AuditedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: bool
) -> None:
    """As where the extra for SM2 is missing and a device signs with it: nothing is found, and nothing was shown."""
    monkeypatch.setattr("coldtrace.seal.sm2.library", lambda: None)
    key = load_public_key(SM2_SPKI + b"\x04" + SM2_POINT)
    monkeypatch.setattr("coldtrace.audit.work.load_public_key", lambda spki: key)
    state, count = tmp_path / "auditor.json", log.run("SELECT count(*) FROM statement")[0][0]
    source = {} if database else {"database_url": None, "place": str(log.publish(tmp_path / "published"))}
    report = look(log, saved_file=state, processes=1, **source).report
    assert report.counts == {}
    assert report.unchecked == {2: count}
    assert (report.result(2), report.to_json()["unchecked"]) == (StepResult.NOT_CHECKED, {"2": count})
    assert any(str(count) in note and "SM2" in note for note in report.notes)
    kept = saved.load(state)
    assert kept is not None
    assert kept.left_out == kept.size


def test_only_the_saved_size_can_be_gone_on_from(log: AuditedLog, tmp_path: Path) -> None:
    state = tmp_path / "auditor.json"
    with pytest.raises(SinceUnknown):
        look(log, saved_file=state, since=5)
    size = look(log, saved_file=state).size
    with pytest.raises(SinceUnknown) as refused:
        look(log, saved_file=state, since=size - 1)
    assert refused.value.facts["saved"] == size


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"{", b'{"v":2}'])
def test_a_damaged_state_is_never_taken_for_none(log: AuditedLog, tmp_path: Path, damage: bytes) -> None:
    state = tmp_path / "auditor.json"
    state.write_bytes(damage)
    with pytest.raises(SavedUnreadable):
        look(log, saved_file=state)
    assert state.read_bytes() == damage


def test_a_state_whose_frontier_was_changed_is_refused(log: AuditedLog, tmp_path: Path) -> None:
    state = tmp_path / "auditor.json"
    look(log, saved_file=state)
    kept = saved.load(state)
    assert kept is not None
    saved.save(state, replace(kept, edge=(bytes(32), *kept.edge[1:])))
    with pytest.raises(SavedUnreadable):
        look(log, saved_file=state)


def test_another_log_under_the_same_address(log: AuditedLog, tmp_path: Path) -> None:
    state = tmp_path / "auditor.json"
    look(log, saved_file=state)
    other = replace(log.vkey, name="other.example/log")
    found = audit(Order(database_url=log.url, vkey=other, saved_file=state), now=lambda: START).report
    assert F.OTHER_KEY in found.counts


def test_a_dead_witness_is_noted_and_no_finding(log: AuditedLog, witness: WitnessProcess) -> None:
    witness.kill()
    report = look(log, policy=k_of_n(1, [witness.known])).report
    assert report.ok
    assert any(witness.vkey.name in note for note in report.notes)
    assert 9 not in report.checked


def test_without_a_key_the_report_says_whose_word_it_takes(log: AuditedLog) -> None:
    result = audit(Order(database_url=log.url, policy=WitnessPolicy()), now=lambda: START)
    assert result.report.ok
    assert any("--vkey" in note for note in result.report.notes)


def grow(log: AuditedLog) -> None:
    """Let two more entries come and be sequenced, as the service does."""
    log.run(
        "INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), leaf, leaf_hash, received_at FROM ledger_entry e"
        " JOIN generate_series(1, 2) AS n ON true WHERE entry_id = %s",
        log.entry(log.place("trust", nth=0)),
    )
    log.run(
        "INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT 1, entry_id, leaf_hash FROM ledger_entry e"
        " WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = e.entry_id)"
    )
    engine = make_engine(log.url)
    with engine.begin() as connection:
        assert tick(connection, log.env, log.env.log, now=START) == 2
    engine.dispose()


def test_a_damaged_leaf_is_no_second_root(log: AuditedLog, tmp_path: Path, witness: WitnessProcess) -> None:
    """The log signed one root and showed it to all; to say that it showed two accuses it of what it did not do."""
    state = tmp_path / "auditor.json"
    policy = k_of_n(1, [witness.known])
    assert look(log, saved_file=state, policy=policy).report.ok
    log.run("UPDATE ledger_leaf SET leaf_hash = sha256('x') WHERE leaf_index = %s", 100)
    report = look(log, saved_file=state, policy=policy).report
    assert {F.LEAF_HASH, F.CHECKPOINT_ROOT} <= set(report.counts)
    assert not set(report.counts) & {F.HISTORY_REWRITTEN, F.WITNESS_DIFFERS, F.SPLIT_VIEW}
