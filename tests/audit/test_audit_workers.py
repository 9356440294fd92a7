"""Signatures and pieces in worker processes: the same findings in the same order, and no verdict when one is lost."""

import multiprocessing
from dataclasses import replace

import pytest

from coldtrace.audit import workers
from coldtrace.audit.chains import Chains
from coldtrace.audit.finding import KEPT_OF_A_KIND, Report
from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.refusals import AuditWorkerLost
from coldtrace.audit.service import Order, audit
from support.audited_log import AuditedLog
from support.ticking import START


@pytest.fixture
def order(log: AuditedLog, monkeypatch: pytest.MonkeyPatch) -> Order:
    """An audit that starts workers for a small log too, and gives them small parts."""
    monkeypatch.setattr(workers, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr("coldtrace.audit.walk_database.AT_ONCE", 50)
    return Order(database_url=log.url, vkey=log.vkey, processes=2)


def test_workers_find_what_one_process_finds(log: AuditedLog, order: Order) -> None:
    assert audit(order, now=lambda: START).report.findings == []
    log.run("UPDATE statement_piece SET bytes = bytes || ' ' WHERE piece = 'units'")
    log.run("DELETE FROM statement_piece WHERE piece = 'public' AND entry_id = %s", log.entry(log.place("cte1")))
    for nth in (20, 90):
        log.run(
            "UPDATE ledger_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'uw\\\":16', 'uw\\\":32'), "
            "'UTF8') WHERE entry_id = %s",
            log.entry(log.place("cte1", nth=nth)),
        )
    by_workers = audit(order, now=lambda: START).report
    alone = audit(replace(order, processes=1), now=lambda: START).report
    assert {F.PIECE_WRONG, F.PIECE_MISSING, F.LEAF_SIGNATURE, F.LEAF_HASH} <= set(by_workers.counts)
    assert by_workers.counts == alone.counts
    assert by_workers.counts[F.PIECE_WRONG] > KEPT_OF_A_KIND
    assert by_workers.findings == alone.findings


def test_a_lost_worker_is_no_verdict(order: Order) -> None:
    def kill(done: int, of: int) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    with pytest.raises(AuditWorkerLost):
        audit(order, now=lambda: START, progress=kill)
    assert multiprocessing.active_children() == []


def test_what_is_remembered_of_chains_does_not_change_afterwards() -> None:
    """Statements that wait for their place are looked at behind the walk; remembered as placed, they come twice."""
    chains = Chains(Report())
    chains.add("key", here="one", prev=None, seq=1, where="0")
    remembered = chains.to_json()
    chains.add("key", here="two", prev="one", seq=2, where="pending")
    again = Chains(found := Report())
    again.load(remembered)  # type: ignore[arg-type]
    again.add("key", here="two", prev="one", seq=2, where="1")
    assert found.ok


def test_counts_beyond_what_is_kept_are_merged() -> None:
    one, two = Report(), Report()
    for number in range(KEPT_OF_A_KIND + 7):
        one.find(F.LEAF_TEXT, number)
    two.find(F.LEAF_TEXT, "x")
    two.merge(one)
    assert (two.counts[F.LEAF_TEXT], len(two.findings)) == (KEPT_OF_A_KIND + 8, KEPT_OF_A_KIND)
