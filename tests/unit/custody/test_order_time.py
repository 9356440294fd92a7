"""By which time a statement is ordered, and what an odd clock earns."""

from datetime import UTC, datetime, timedelta

import pytest

from coldtrace.custody.model import (
    BLOCKING,
    CASE_OF,
    MARK_WORDS,
    OVERLAY_WORDS,
    STATE_WORDS,
    CaseKind,
    Mark,
    Overlay,
    UnitState,
)
from coldtrace.custody.rules import order_time

ENROLLED = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
S, M, H, D = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

CASES = [
    ("this moment", NOW, NOW, []),
    ("an hour offline", NOW - H, NOW - H, []),
    ("a clock a little ahead", NOW + 10 * M, NOW + 10 * M, []),
    ("a clock ahead", NOW + 10 * M + S, NOW, [Mark.CLOCK_SKEW]),
    ("three days offline", NOW - 72 * H, NOW - 72 * H, []),
    ("longer offline", NOW - 72 * H - S, NOW - 72 * H - S, [Mark.LATE]),
    ("since it was enrolled", ENROLLED, ENROLLED, [Mark.LATE]),
    ("a little before it was enrolled", ENROLLED - 10 * M, ENROLLED - 10 * M, [Mark.LATE]),
    ("before it was enrolled", ENROLLED - 10 * M - S, NOW, [Mark.CLOCK_SKEW]),
    ("years behind", datetime(1970, 1, 1, tzinfo=UTC), NOW, [Mark.CLOCK_SKEW]),
    ("years ahead", datetime(9999, 12, 31, tzinfo=UTC), NOW, [Mark.CLOCK_SKEW]),
    ("a day ahead", NOW + D, NOW, [Mark.CLOCK_SKEW]),
]


@pytest.mark.parametrize(("name", "claimed", "ordered", "marks"), CASES)
def test_order_time(name: str, claimed: datetime, ordered: datetime, marks: list[Mark]) -> None:
    assert order_time(claimed_at=claimed, recorded_at=NOW, enrolled_at=ENROLLED) == (ordered, marks)


def test_every_mark_has_words() -> None:
    assert set(MARK_WORDS) == set(Mark)
    assert all(words.zh and words.en for words in MARK_WORDS.values())


def test_every_state_and_overlay_has_words() -> None:
    assert set(STATE_WORDS) == set(UnitState)
    assert set(OVERLAY_WORDS) == set(Overlay)
    assert all(words.zh and words.en for words in (*STATE_WORDS.values(), *OVERLAY_WORDS.values()))


def test_what_a_mark_opens() -> None:
    assert set(CASE_OF) == set(Mark)
    assert {mark for mark in BLOCKING if CASE_OF[mark] is not CaseKind.BLOCKED} == {Mark.CORRECTION_NOT_PERMITTED}
    assert {mark for mark, kind in CASE_OF.items() if kind is None} == {Mark.RECEIVER_UNREGISTERED}
