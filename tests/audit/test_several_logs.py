"""Two logs in one database: each is audited by its name, and what is found in one is not found in the other."""

from dataclasses import replace
from pathlib import Path

import pytest

from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.refusals import NoSuchLog
from coldtrace.audit.service import Order, Result, audit
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.env import Keyring
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.ledger.sequencer import tick
from coldtrace.parties.keys import make_log_key
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.vkey import Vkey, vkey_of
from support.audited_log import AuditedLog
from support.ticking import START

NORTH = "trace.example.cn/logs/north"


@pytest.fixture
def north(log: AuditedLog, tmp_path: Path) -> Vkey:
    """A second log beside the first, with three entries."""
    env = replace(log.env, keyring=Keyring(tmp_path / "keys"))
    (tmp_path / "keys").mkdir(mode=0o700)
    signer = make_log_key(env, "north")
    engine = make_engine(log.url)
    with make_sessions(engine).begin() as session:
        opened = ledger.open_named_log(session, env, origin=NORTH)
        leaves = [leaf_bytes(LeafKind.ANCHOR, f"anchor {number}", None, START) for number in range(3)]
        entries = [
            Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=START) for leaf in leaves
        ]
        ledger.append(session, opened, entries)
    with engine.begin() as connection:
        assert tick(connection, env, opened, now=START) == 3
    engine.dispose()
    return vkey_of(name=NORTH, spki=signer.spki)


def look(log: AuditedLog, name: str, vkey: Vkey) -> Result:
    return audit(Order(database_url=log.url, log=name, vkey=vkey), now=lambda: START)


def test_each_is_clean_under_its_own_name(log: AuditedLog, north: Vkey) -> None:
    one, two = look(log, log.env.log.name, log.vkey), look(log, "north", north)
    assert one.report.findings == two.report.findings == []
    assert (one.origin, two.origin, two.size) == (log.vkey.name, NORTH, 3)
    assert one.size > 256


def test_what_is_wrong_in_one_is_not_found_in_the_other(log: AuditedLog, north: Vkey) -> None:
    log.run("UPDATE ledger_checkpoint SET root = sha256('x') WHERE log_id = 2 AND tree_size = 3")
    assert look(log, log.env.log.name, log.vkey).report.ok
    found = look(log, "north", north)
    assert {F.CHECKPOINT_COLUMNS, F.CHECKPOINT_ROOT} <= set(found.report.counts)
    assert found.to_json()["origin"] == NORTH, "findings are read beside the log's name"


def test_a_log_under_the_other_ones_key(log: AuditedLog, north: Vkey) -> None:
    assert F.OTHER_KEY in look(log, log.env.log.name, north).report.counts


def test_several_logs_must_be_named(log: AuditedLog, north: Vkey) -> None:
    with pytest.raises(NoSuchLog) as refused:
        audit(Order(database_url=log.url), now=lambda: START)
    assert refused.value.facts["names"] == f"{log.env.log.name}, north"


def test_a_vkey_names_its_log(log: AuditedLog, north: Vkey) -> None:
    result = audit(Order(database_url=log.url, vkey=north), now=lambda: START)
    assert (result.report.ok, result.origin) == (True, NORTH)
