"""What counts as well: the doctor's comparisons, at and beside each limit."""

from datetime import UTC, datetime, timedelta

import pytest

from coldtrace.doctor.examine import readiness_finding
from coldtrace.doctor.model import OUTCOME_WORDS, Finding, Outcome, is_well
from coldtrace.doctor.rules import (
    FREE_FAILED_BYTES,
    FREE_LOOK_BYTES,
    backup_finding,
    certificate_finding,
    clock_finding,
    queue_finding,
    room_finding,
    trust_list_finding,
)
from coldtrace.errors import Words

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
PASSED, LOOK, FAILED, NOT_CHECKED = Outcome.PASSED, Outcome.LOOK, Outcome.FAILED, Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    ("apart_s", "outcome"),
    [(0, PASSED), (2, PASSED), (-2, PASSED), (3, LOOK), (-3, LOOK), (60, LOOK), (61, FAILED), (-61, FAILED)],
)
def test_a_clock_that_is_off_is_told_in_both_directions(apart_s: int, outcome: Outcome) -> None:
    found = clock_finding("database_clock", before=NOW, theirs=NOW + timedelta(seconds=apart_s), after=NOW)
    assert found.outcome is outcome
    assert (found.do is None) is (outcome is PASSED)
    if outcome is not PASSED:
        assert ("ahead" if apart_s > 0 else "behind") in found.says.en
        assert ("快" if apart_s > 0 else "慢") in found.says.zh


def test_a_slow_answer_or_a_header_in_whole_seconds_is_no_wrong_clock() -> None:
    late = NOW + timedelta(seconds=30)
    assert clock_finding("public_clock", before=NOW, theirs=NOW, after=late).outcome is PASSED
    assert clock_finding("public_clock", before=NOW, theirs=late, after=late).outcome is PASSED
    cut = NOW - timedelta(seconds=2.9)
    assert clock_finding("public_clock", before=NOW, theirs=cut, after=NOW, precision_s=1).outcome is PASSED
    assert clock_finding("public_clock", before=NOW, theirs=cut, after=NOW).outcome is LOOK


@pytest.mark.parametrize(
    ("left", "outcome"),
    [
        (timedelta(days=60), PASSED),
        (timedelta(days=21), LOOK),
        (timedelta(days=3), FAILED),
        (timedelta(days=-1), FAILED),
    ],
)
def test_the_days_of_a_certificate(left: timedelta, outcome: Outcome) -> None:
    found = certificate_finding("trace.example.cn", ends=NOW + left, now=NOW)
    assert (found.outcome, f"{left.days} days left" in found.says.en) == (outcome, True)


@pytest.mark.parametrize(
    ("age", "offline", "outcome"),
    [
        (timedelta(days=1), False, PASSED),
        (timedelta(days=3, hours=12, minutes=30), False, PASSED),
        (timedelta(days=3, hours=14), False, LOOK),
        (timedelta(days=7), False, FAILED),
        (timedelta(days=7), True, FAILED),
        (timedelta(days=5), True, LOOK),
    ],
)
def test_an_old_trust_list(age: timedelta, offline: bool, outcome: Outcome) -> None:
    issued = NOW - age
    found = trust_list_finding(seq=4, issued=issued, expires=issued + timedelta(days=7), now=NOW, is_offline=offline)
    assert found.outcome is outcome
    if outcome is not PASSED:
        assert found.do is not None
        assert ("--offline" in found.do.en) is offline


def test_a_list_of_offline_roots_is_well_until_a_week_before_its_end() -> None:
    issued = NOW - timedelta(days=20)
    found = trust_list_finding(seq=4, issued=issued, expires=issued + timedelta(days=30), now=NOW, is_offline=True)
    assert found.outcome is PASSED


@pytest.mark.parametrize(
    ("free", "outcome"),
    [(FREE_LOOK_BYTES, PASSED), (FREE_LOOK_BYTES - 1, LOOK), (FREE_FAILED_BYTES - 1, FAILED), (0, FAILED)],
)
def test_room_on_the_disk(free: int, outcome: Outcome) -> None:
    assert room_finding("/data", free_bytes=free).outcome is outcome


@pytest.mark.parametrize(
    ("pending", "oldest_s", "served", "outcome"),
    [
        (0, 0.0, True, PASSED),
        (0, 0.0, False, NOT_CHECKED),
        (3, 5.0, True, PASSED),
        (3, 6.0, True, LOOK),
        (3, 61.0, True, FAILED),
        (3, 61.0, False, FAILED),
    ],
)
def test_what_waits_for_the_log(pending: int, oldest_s: float, served: bool, outcome: Outcome) -> None:
    assert queue_finding("cn-2026", pending=pending, oldest_s=oldest_s, is_served=served).outcome is outcome


@pytest.mark.parametrize(("hours", "outcome"), [(1, PASSED), (26, PASSED), (27, LOOK), (168, LOOK), (169, FAILED)])
def test_the_age_of_a_backup(hours: int, outcome: Outcome) -> None:
    assert backup_finding(last=NOW - timedelta(hours=hours), now=NOW).outcome is outcome


def test_what_readyz_says() -> None:
    alarm = readiness_finding("http://x", status=503, body={"alarms": [{"code": "log_frozen"}]})
    assert (alarm.outcome, "log_frozen" in alarm.says.en) == (FAILED, True)
    warned = readiness_finding("http://x", status=200, body={"warnings": ["code_key_ends"]})
    assert (warned.outcome, "code_key_ends" in warned.says.zh) == (LOOK, True)
    assert readiness_finding("http://x", status=200, body={"status": "ready"}).outcome is PASSED
    assert readiness_finding("http://x", status=502, body={}).outcome is FAILED


def test_what_was_not_checked_is_not_held_against_anybody() -> None:
    def of(outcome: Outcome) -> Finding:
        return Finding(thing="disk", outcome=outcome, says=Words("无", "none"))

    assert is_well([of(PASSED), of(NOT_CHECKED)])
    assert not is_well([of(PASSED), of(LOOK)])
    assert not is_well([of(FAILED)])
    assert set(OUTCOME_WORDS) == set(Outcome)
