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


SKEWED: list[tuple[str, object, datetime, datetime, list[Mark]]] = [
    ("a little ahead", 120, NOW - H + 120 * S, NOW - H, []),
    ("as much as nobody minds", 600, NOW - H + 600 * S, NOW - H, []),
    ("more than that", 601, NOW - H + 601 * S, NOW - H, [Mark.CLOCK_SKEW]),
    ("behind", -7200, NOW - 3 * H, NOW - H, [Mark.CLOCK_SKEW]),
    ("years behind", -30 * 365 * 86_400, NOW - H - 30 * 365 * D, NOW - H, [Mark.CLOCK_SKEW]),
    ("a year ahead", 365 * 86_400, NOW - H + 365 * D, NOW - H, [Mark.CLOCK_SKEW]),
    ("ahead, and long offline", 3600, NOW - 73 * H + H, NOW - 73 * H, [Mark.CLOCK_SKEW, Mark.LATE]),
    ("behind, and no longer late", -86_400, NOW - 80 * H, NOW - 56 * H, [Mark.CLOCK_SKEW]),
    ("set right since: would be the future", -3600, NOW, NOW, [Mark.CLOCK_SKEW]),
    ("would be before it was enrolled", 31 * 86_400, NOW, NOW, [Mark.CLOCK_SKEW]),
    ("more than there is time", 2**53 - 1, NOW, NOW, [Mark.CLOCK_SKEW]),
    ("ten thousand years", -315_537_897_600, NOW, NOW, [Mark.CLOCK_SKEW]),
    ("no number", "3600", NOW - H, NOW - H, []),
    ("no number either", True, NOW - H, NOW - H, []),
]


@pytest.mark.parametrize(("name", "stated", "claimed", "ordered", "marks"), SKEWED)
def test_what_a_device_knows_of_its_clock_is_taken_off_its_claim(
    name: str, stated: object, claimed: datetime, ordered: datetime, marks: list[Mark]
) -> None:
    found = order_time(claimed_at=claimed, recorded_at=NOW, enrolled_at=ENROLLED, stated_skew=stated)
    assert found == (ordered, marks)


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
    assert {mark for mark, kind in CASE_OF.items() if kind is None} == {
        Mark.PAPERS_DUE,
        Mark.RECEIVER_UNREGISTERED,
        Mark.REFERENCE_MISSING,
    }
