"""Who may correct what: one line for each case of the rule."""

from datetime import timedelta

import pytest

from coldtrace.custody.correction_rules import Corrected, Correcting, correction_marks, is_permitted
from coldtrace.custody.model import Mark
from support.ticking import START

HERE, THERE = "9521234000020", "9521234000044"
NOW, DAY, LATER = timedelta(0), timedelta(hours=24), timedelta(hours=24, microseconds=1)
REFUSED = (Mark.CORRECTION_NOT_PERMITTED,)
LATE = (Mark.CORRECTED_LATE,)

# who corrects, of which site, how long after, with a reason, while a hold or recall lies on it -> permitted, marks
CASES = {
    "a site its own, at once": ("firm", HERE, NOW, False, False, True, ()),
    "a site its own, just within the day": ("firm", HERE, DAY, False, False, True, ()),
    "a site its own, after the day, without a word": ("firm", HERE, LATER, False, False, False, REFUSED),
    "a site its own, after the day, and says why": ("firm", HERE, LATER, True, False, True, LATE),
    "another site of anybody": ("firm", THERE, NOW, True, False, False, REFUSED),
    "a site its own, while it is held": ("firm", HERE, NOW, True, True, False, REFUSED),
    "a regulator anybody's, at once": ("regulator", THERE, NOW, False, False, True, ()),
    "a regulator anybody's, while it is held": ("regulator", THERE, NOW, False, True, True, ()),
    "a regulator after the day, without a word": ("regulator", THERE, LATER, False, False, False, REFUSED),
    "a regulator after the day, and says why": ("regulator", THERE, LATER, True, True, True, LATE),
    "a device that may not correct": ("nobody", HERE, NOW, True, False, False, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_who_may_correct_what(case: str) -> None:
    who, whose, after, reasoned, stopped, permitted, marks = CASES[case]
    correcting = Correcting(
        gln=HERE,
        recorded_at=START + after,
        may=who != "nobody",
        by_regulator=who == "regulator",
        reasoned=reasoned,
    )
    corrected = Corrected(gln=whose, recorded_at=START, stopped=stopped)
    assert is_permitted(correcting, corrected) is permitted
    assert correction_marks(correcting, corrected) == marks
