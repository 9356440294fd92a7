"""The report of late arrivals: three steps, each past its bound and not at it; past the last one is a case too."""

from datetime import datetime, timedelta

import pytest

from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.keys import key_id
from coldtrace.watch import work
from coldtrace.watch.cases import PAGE_MAX, list_cases
from coldtrace.watch.lateness import Lateness, lateness
from coldtrace.watch.model import Explanation, SweepTimes
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.road import CARTONS, MARKET, PORT, SHOP, STORE, Road, at_site

QUARTER, DAY, THREE_DAYS = timedelta(minutes=15), timedelta(hours=24), timedelta(hours=72)
SECOND = timedelta(seconds=1)


def arrived(road: Road, gln: str, *delays: timedelta) -> datetime:
    """Let a site's device say something, each so long before it arrives; return when the first one arrived."""
    device = road.device(gln)
    road.clock.forward(THREE_DAYS * 2)
    first = road.clock.next
    for delay in delays:
        said = road.say(gln, T.OBSERVE, CARTONS[0], at=road.clock.next + timedelta(minutes=1) - delay)
        road.tell(said)
    assert device.seq == len(delays)
    return first


def report(road: Road, since: datetime, **scope: str) -> list[Lateness]:
    found = at_site(scope["gln"]) if scope else EVERYTHING
    return lateness(road.session, found, since=since, until=road.clock.next + SECOND)


@pytest.mark.parametrize(
    ("delay", "over"),
    [
        (timedelta(0), (0, 0, 0)),
        (QUARTER, (0, 0, 0)),
        (QUARTER + SECOND, (1, 0, 0)),
        (DAY, (1, 0, 0)),
        (DAY + SECOND, (1, 1, 0)),
        (THREE_DAYS, (1, 1, 0)),
        (THREE_DAYS + SECOND, (1, 1, 1)),
    ],
)
def test_each_step_begins_past_its_bound(road: Road, delay: timedelta, over: tuple[int, int, int]) -> None:
    since = arrived(road, PORT, delay)
    (found,) = report(road, since)
    assert (found.over_15_min, found.over_24_h, found.over_72_h) == over
    assert (found.statements, found.worst_s, found.gln) == (1, delay.total_seconds(), PORT)
    assert found.key_id == key_id(road.device(PORT).signer.spki)
    late = [
        each for each in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX) if each.kind is CaseKind.LATE
    ]
    assert len(late) == over[2], "the regulator's list, and nothing before it"


def test_devices_come_page_by_page(road: Road) -> None:
    since = arrived(road, PORT, DAY)
    for gln, delay in ((STORE, QUARTER), (MARKET, DAY), (SHOP, timedelta(0))):
        road.tell(road.say(gln, T.OBSERVE, CARTONS[0], at=road.clock.next + timedelta(minutes=1) - delay))
    until = road.clock.next + SECOND
    whole = lateness(road.session, EVERYTHING, since=since, until=until)
    pages, after = [], None
    while page := lateness(road.session, EVERYTHING, since=since, until=until, after=after, limit=1):
        pages += page
        after = page[-1].key_id
    assert pages == whole
    assert len(whole) == 4


def test_the_worst_device_first_and_each_site_its_own(road: Road) -> None:
    since = arrived(road, PORT, QUARTER + SECOND, SECOND)
    arrived(road, STORE, DAY + SECOND)
    assert [(each.gln, each.statements) for each in report(road, since)] == [(STORE, 1), (PORT, 2)]
    assert [each.gln for each in report(road, since, gln=PORT)] == [PORT]
    assert report(road, road.clock.next) == [], "what arrived before is of another day"


def test_a_clock_that_is_ahead_is_no_delay(road: Road) -> None:
    since = arrived(road, PORT, -DAY)
    (found,) = report(road, since)
    assert (found.over_15_min, found.worst_s) == (0, 0)


@pytest.mark.parametrize(("delay", "warned"), [(DAY, 0), (DAY + SECOND, 1), (THREE_DAYS, 1), (THREE_DAYS + SECOND, 0)])
def test_more_than_a_day_is_one_case_a_device_and_day(road: Road, delay: timedelta, warned: int) -> None:
    arrived(road, PORT, delay, delay, timedelta(0))
    more = True
    while more:
        more = sweep(road.session, road.env, SweepTimes()).more
    found = [
        each for each in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX) if each.about[:5] == "late:"
    ]
    assert [(each.kind, each.gln, each.key_id) for each in found] == [
        (CaseKind.LATE, PORT, key_id(road.device(PORT).signer.spki))
    ] * warned
    if warned:
        assert found[0].detail["worst_s"] == delay.total_seconds()
        nobody = Worker(actor="person:a", scope=EVERYTHING, statements=EVERYTHING)
        work.explain(road.session, road.env, nobody, found[0].case_id, note=Explanation.NO_NETWORK)
