"""Clocks that are off: what a device knows of its own is taken off what it claims."""

from datetime import timedelta

from coldtrace.custody.rebuild import check
from coldtrace.events.statement_type import StatementType as T
from support.road import CARTONS, PORT, STORE, Road


def test_the_skew_that_a_device_states_puts_its_scans_where_they_belong(road: Road) -> None:
    """A handheld that is three hours ahead: what it saw after the box was shipped does not come after its receipt."""
    road.bound(CARTONS[0])
    ahead = timedelta(hours=3)
    skew = [("clock_skew", int(ahead.total_seconds()))]
    shipped = road.say(PORT, T.SHIP, CARTONS[0], to=STORE)
    observed = road.say(PORT, T.OBSERVE, CARTONS[0], at=road.clock.next + timedelta(minutes=1) + ahead, more=skew)
    received = road.say(STORE, T.RECEIVE, CARTONS[0])
    results = road.tell(received, observed, shipped)
    assert [result.status for result in results] == ["accepted"] * 3
    assert ["clock_skew" in result.marks for result in results] == [False, True, False]
    story = road.story(CARTONS[0])
    assert [line.type for line in story] == ["commission", "ship", "observe", "receive"]
    assert story[2].claimed_at - story[2].event_at == ahead, "what it claimed is kept beside it"
    assert check(road.session).ok
