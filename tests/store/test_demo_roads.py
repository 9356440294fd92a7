"""The demo's goods go through its five places in seconds, and the demo's service finds nothing odd in that."""

from datetime import timedelta
from itertools import pairwise

import pytest

from coldtrace.cli.demo.sites import SITES
from coldtrace.cli.demo_command import ROADS, with_demo_roads
from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from coldtrace.settings import load_settings
from coldtrace.watch.cases import PAGE_MAX, list_cases
from coldtrace.watch.model import SweepTimes
from coldtrace.watch.sweep import sweep
from support.consignments import commission_line, facts_of
from support.road import MARKET, PORT, SHOP, STORE, TRADER, Road


def story(road: Road) -> None:
    code = road.consignment(cartons=1).pallets[0].cartons[0]
    road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    places = (PORT, STORE, TRADER, MARKET, SHOP)
    for giver, taker in pairwise(places):
        road.done(giver, T.SHIP, code.unit_id, to=taker)
        road.done(taker, T.RECEIVE, code.unit_id)
    road.done(SHOP, T.SELL, code.unit_id)


def kinds(road: Road, times: SweepTimes) -> set[CaseKind]:
    while sweep(road.session, road.env, times).more:
        pass
    return {case.kind for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)}


def test_the_demos_places_are_in_one_city_and_more_districts() -> None:
    assert len({site.district for site in SITES}) > 1
    assert len({site.district[:4] for site in SITES}) == 1


@pytest.mark.parametrize(("demo", "found"), [(True, set()), (False, {CaseKind.IMPOSSIBLE_TRAVEL})])
def test_the_demos_sweep_finds_nothing_and_any_other_does(road: Road, demo: bool, found: set[CaseKind]) -> None:
    story(road)
    road.clock.forward(timedelta(minutes=8))
    settings = load_settings()
    chosen = with_demo_roads(settings).case_sweep if demo else settings.case_sweep
    assert kinds(road, SweepTimes.of(chosen or {})) == found


def test_who_chose_times_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_CASE_SWEEP", "hole_hours=1, same_city_min=3")
    assert with_demo_roads(load_settings()).case_sweep == {"hole_hours": 1, "same_city_min": 3}
    monkeypatch.delenv("COLDTRACE_CASE_SWEEP")
    assert with_demo_roads(load_settings()).case_sweep == ROADS
    assert load_settings().case_sweep is None
