"""The figures of oversight: what is counted once and what is counted now come to the same, over all sites or some."""

import random
from datetime import datetime, timedelta

import pytest

from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.rights.model import EVERYTHING, NOTHING, Scope
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.watch.oversight import (
    OfOperator,
    Overview,
    count_consignments,
    count_days,
    count_hours,
    operators,
    overview,
    since_of,
)
from coldtrace.watch.quality_rules import Counts
from support.consignments import GTIN, commission_line, facts_of
from support.road import CARTONS, MARKET, PORT, STORE, Road, at_site

UNDONE = CorrectionMode.DID_NOT_OCCUR
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def observe(road: Road, gln: str, delay: timedelta) -> None:
    road.tell(road.say(gln, T.OBSERVE, CARTONS[0], at=road.clock.next + MINUTE - delay))


def figures(road: Road, scope: Scope = EVERYTHING, *, days: int = 30) -> Overview:
    now = road.clock.next
    return overview(road.session, scope, scope, since=since_of(now, days), until=now + MINUTE)


def rated(road: Road, scope: Scope = EVERYTHING, **page: object) -> list[OfOperator]:
    now = road.clock.next
    page = {"limit": 50} | page
    return operators(road.session, scope, since=since_of(now, 30), until=now + MINUTE, **page)  # type: ignore[arg-type]


@pytest.fixture
def told(road: Road) -> Road:
    """Three days ago the port told three statements in time and one late; today the store told one."""
    road.device(PORT), road.device(STORE), road.device(MARKET)
    road.clock.forward(6 * DAY)  # what is claimed from before a device was enrolled is a clock's fault, not late
    for delay in (timedelta(0), timedelta(0), HOUR, DAY + HOUR):
        observe(road, PORT, delay)
    road.clock.forward(3 * DAY)
    observe(road, STORE, timedelta(0))
    return road


def test_days_that_are_counted_and_days_that_are_not_come_to_the_same(told: Road) -> None:
    before, firms = figures(told), rated(told)
    assert before.counts.statements == 5
    assert (before.counts.within_15_min, before.counts.within_24_h, before.counts.within_72_h) == (3, 4, 5)
    assert before.telling == 2
    now = told.clock.next
    while count_days(told.session, now):
        pass
    counted = told.session.connection().exec_driver_sql("SELECT sum(statements) FROM statement_day").scalar_one()
    assert counted == 4, "today is not over"
    assert figures(told) == before
    assert rated(told) == firms
    assert count_days(told.session, now) is False
    assert figures(told) == before
    told.clock.forward(DAY + 2 * HOUR)
    observe(told, MARKET, timedelta(0))
    assert figures(told).counts.statements == 6
    while count_days(told.session, told.clock.next):
        pass
    assert figures(told).counts.statements == 6
    assert figures(told, days=2).counts.statements == 2


def test_long_times_are_counted_in_pieces(told: Road) -> None:
    told.clock.forward(70 * DAY)
    pieces = 1
    while count_days(told.session, told.clock.next):
        pieces += 1
    assert pieces == 3
    assert figures(told, days=90).counts.statements == 5
    assert figures(told, days=30).counts.statements == 0


def test_each_sees_the_sites_in_its_scope_alone(told: Road) -> None:
    store = at_site(STORE)
    assert figures(told, store).counts == Counts(
        statements=1,
        within_15_min=1,
        within_24_h=1,
        within_72_h=1,
        contradicting=figures(told, store).counts.contradicting,
    )
    assert (figures(told, store).sites, figures(told, store).telling) == (1, 1)
    assert figures(told, NOTHING).sites == 0
    assert rated(told, NOTHING) == []
    every = rated(told)
    assert [each.uscc for each in every] == sorted(each.uscc for each in every)
    pages = [each.uscc for each in rated(told, limit=1)]
    while rest := rated(told, limit=1, after=pages[-1]):
        pages += [each.uscc for each in rest]
    assert pages == [each.uscc for each in every]
    assert sum(each.counts.statements for each in every) == 5


def test_a_statement_that_contradicts_counts_against_until_it_clears_up(told: Road) -> None:
    odd = figures(told).counts.contradicting
    assert odd > 0, "boxes that were never coded are looked at here"
    told.session.connection().exec_driver_sql(
        "UPDATE case_file SET state = 'explained', note = 'told_again', closed_at = opened_at"
    )
    assert figures(told).counts.contradicting == 0


def test_hours_are_those_of_the_last_day(told: Road) -> None:
    hours = figures(told).hours
    assert len(hours) == 24
    assert sum(count for _, count in hours) == 1
    assert hours[0][0] - hours[-1][0] == timedelta(hours=23)
    assert all(isinstance(hour, datetime) and hour.minute == 0 for hour, _ in hours)


def test_a_consignment_is_coded_from_its_first_box_on_noted_or_not(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.watch.oversight.CONSIGNMENTS_AT_ONCE", 1)
    spoken = road.consignment(cartons=1)
    silent = road.consignment(cartons=1, declaration="020220261000000124", lot="L2")
    assert (figures(road).consignments, figures(road).coded) == (2, 0)
    assert count_consignments(road.session, road.clock.next) is False
    road.bind_all(spoken)
    assert (figures(road).consignments, figures(road).coded) == (2, 1)
    assert count_consignments(road.session, road.clock.next) is True
    assert count_consignments(road.session, road.clock.next) is False
    noted = road.session.connection().exec_driver_sql("SELECT consignment_id FROM consignment WHERE coded").scalars()
    assert list(noted) == [spoken.consignment_id]
    assert (figures(road).consignments, figures(road).coded) == (2, 1)
    road.bind_all(silent)
    assert (figures(road).consignments, figures(road).coded) == (2, 2)


@pytest.mark.parametrize("lot", ["L2", "L/2%1"])
def test_a_consignment_of_goods_by_lot_alone_is_spoken_of_too(road: Road, lot: str) -> None:
    made = road.consignment(cartons=2, lot=lot)
    line = Line("unit", lot_unit(gtin=GTIN, lot=lot), None, 2, {"code": b64(bytes(32))})
    road.done(PORT, T.COMMISSION, line, facts=facts_of(made.carton))
    assert (figures(road).consignments, figures(road).coded) == (1, 1)
    count_consignments(road.session, road.clock.next)
    assert road.session.connection().exec_driver_sql("SELECT coded FROM consignment").scalar_one() is True


def test_a_label_that_was_voided_is_no_word_of_a_box(road: Road) -> None:
    made = road.consignment(cartons=2)
    unused, used = made.pallets[0].cartons
    road.done(PORT, T.VOID, unused.unit_id, more=[("reason", "x")])
    assert (figures(road).consignments, figures(road).coded) == (1, 0)
    count_consignments(road.session, road.clock.next)
    assert figures(road).coded == 0
    road.done(PORT, T.COMMISSION, commission_line(used), facts=facts_of(used))
    road.done(PORT, T.VOID, used.unit_id, more=[("reason", "x")])
    assert road.where(used.unit_id)[0] == "void"
    assert figures(road).coded == 1, "it was on a box once"


def direct(road: Road, scope: Scope, days: int) -> Counts:
    """Count all statements one by one."""
    now = road.clock.next
    rows = (
        road.session.connection()
        .exec_driver_sql(
            "SELECT s.gln, s.recorded_at, s.event_at, ARRAY(SELECT f.opened_at FROM case_file f"
            " WHERE f.about = 'statement:' || s.entry_id AND f.note IS DISTINCT FROM 'told_again') AS odd"
            " FROM statement s"
        )
        .all()
    )
    since = since_of(now, days)
    seen = [row for row in rows if scope.everything or row.gln in scope.sites]
    mine = [row for row in seen if row.recorded_at >= since]
    return Counts(
        statements=len(mine),
        within_15_min=sum(row.recorded_at - row.event_at <= 15 * MINUTE for row in mine),
        within_24_h=sum(row.recorded_at - row.event_at <= DAY for row in mine),
        within_72_h=sum(row.recorded_at - row.event_at <= 3 * DAY for row in mine),
        contradicting=sum(any(at >= since for at in row.odd) for row in seen),
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_added_up_equals_a_count_of_every_statement_of_a_random_world(road: Road, seed: int) -> None:
    """Places tell, late or in time; some of it is corrected; the caretaker counts whenever it comes to it."""
    chance = random.Random(seed)
    places = [PORT, STORE, MARKET]
    for gln in places:
        road.device(gln)
    road.clock.forward(6 * DAY)
    said: list[tuple[str, Statement]] = []
    for _ in range(24):
        gln = chance.choice(places)
        delay = chance.choice([timedelta(0), 10 * MINUTE, 20 * MINUTE, 5 * HOUR, 30 * HOUR, 4 * DAY])
        if said and chance.random() < 0.2:
            place, corrected = chance.choice(said)
            road.tell(
                road.say(place, T.CORRECT, corrects=Corrects(header=sha256(corrected.header.encode()), mode=UNDONE))
            )
        else:
            seen = road.say(gln, T.OBSERVE, chance.choice(CARTONS), at=road.clock.next + MINUTE - delay)
            road.tell(seen)
            said.append((gln, seen))
        road.clock.forward(chance.choice([MINUTE, 7 * MINUTE, 40 * MINUTE, 3 * HOUR, 20 * HOUR, 50 * HOUR]))
        if chance.random() < 0.4:
            while chance.random() < 0.9 and count_days(road.session, road.clock.next):
                pass
        if chance.random() < 0.5:
            while count_days(road.session, road.clock.next):
                pass
            count_hours(road.session, road.clock.next)
        for scope in (EVERYTHING, at_site(STORE)):
            for days in (1, 2, 30):
                assert figures(road, scope, days=days).counts == direct(road, scope, days)
        hours = figures(road).hours
        now = road.clock.next
        assert sum(told for _, told in hours) == road.count(
            f"statement WHERE recorded_at >= '{hours[-1][0].isoformat()}' AND recorded_at < '{now.isoformat()}'"
        )
    firms = rated(road)
    assert [each.counts for each in firms if each.counts.statements] != []
    total = figures(road).counts
    assert sum(each.counts.statements for each in firms) == total.statements
    assert sum(each.counts.contradicting for each in firms) == total.contradicting
    assert road.count("statement_hour") <= 3 * 50
