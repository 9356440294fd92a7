"""Anchors of the journal in the log: read in their one spelling, each day once, the chain only longer."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaves import Leaves
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.journal.model import Anchor, Head
from coldtrace.journal.rules import anchor_body

AT = datetime(2026, 11, 28, tzinfo=UTC)


def body(day: int, seq: int) -> str:
    head = Head(seq=seq, hash=bytes(32))
    return anchor_body(Anchor(day=date(2026, 11, day), head=head, entry_id=UUID(int=1)))


def judged(*bodies: str) -> list[tuple[FindingCode, str]]:
    report = Report()
    leaves = Leaves(report, enrolment_keys=())
    for number, each in enumerate(bodies):
        leaves.read(leaf_bytes(LeafKind.ANCHOR, each, None, AT), str(number))
    return [(each.code, each.where) for each in report.findings]


def test_good_anchors_are_good() -> None:
    assert judged(body(25, 1), body(26, 2), "the last checkpoint of another log", body(28, 900)) == []


@pytest.mark.parametrize("second", [(26, 1), (26, 2), (25, 3), (24, 3)], ids=str)
def test_a_journal_that_does_not_go_on_is_found(second: tuple[int, int]) -> None:
    assert judged(body(25, 2), body(*second)) == [(FindingCode.JOURNAL_BACK, "1")]


@pytest.mark.parametrize(
    "change",
    [{"what": "other"}, {"seq": "7"}, {"day": "28.11.2026"}, {"more": 1}, {"seq": None}],
    ids=str,
)
def test_an_anchor_that_cannot_be_read_is_found(change: dict[str, object]) -> None:
    text = json.dumps(json.loads(body(25, 7)) | change, sort_keys=True, separators=(",", ":"))
    assert judged(text) == [(FindingCode.LEAF_TEXT, "0")]


def test_another_spelling_is_found() -> None:
    assert judged(body(25, 7).replace(":", ": ", 1)) == [(FindingCode.LEAF_TEXT, "0")]
