"""Look-ups: a visitor counts once a day, and what is kept tells nobody who looked from where."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.lookups import (
    Look,
    coarsen,
    count_lookup,
    count_lookups,
    forget_visitors,
    looked_up,
    salt_of,
    visitor_token,
)
from coldtrace.db.engine import make_engine, make_sessions

AT = datetime(2026, 11, 23, 4, 10, tzinfo=UTC)
DAY = date(2026, 11, 23)
BOX, OTHER = "(01)19521234543210(21)7QK4M2ZX9RTB", "(01)19521234543210(21)7QK4M2ZX9RTC"


def look(unit: str = BOX, *, who: int = 1, city: str = "", at: datetime = AT, day: date = DAY) -> Look:
    return Look(unit_id=unit, token=who.to_bytes(16), network=who.to_bytes(16), city=city, at=at, day=day)


def cells(session: Session) -> list[tuple[str, str, bool, int]]:
    rows = session.execute(text("SELECT unit_id, city, coarse, looks FROM look_cell ORDER BY unit_id, hour, city"))
    return [(row.unit_id, row.city, row.coarse, row.looks) for row in rows]


def test_a_visitor_counts_once_a_day(session: Session) -> None:
    assert looked_up(session, BOX, at=AT) == (1, AT)
    assert count_lookup(session, look()) == (1, AT)
    for _ in range(50):
        assert count_lookup(session, look(at=AT + timedelta(hours=1))) == (1, AT)
    assert count_lookup(session, look(who=2, at=AT + timedelta(minutes=5))) == (2, AT)
    assert count_lookup(session, look(day=DAY + timedelta(days=1))) == (3, AT)
    assert count_lookup(session, look(OTHER)) == (1, AT)
    assert looked_up(session, BOX, at=AT) == (3, AT)


def test_one_phone_that_calls_itself_something_else_each_time_is_no_crowd(session: Session) -> None:
    phone = [replace(look(who=who), network=b"n" * 16) for who in range(1, 31)]
    assert [count for count, _ in count_lookups(session, phone[:5])] == [1, 2, 3, 3, 3]
    for each in phone[5:]:
        assert count_lookup(session, each) == (3, AT)
    assert cells(session) == [(BOX, "", False, 1)], "what the clone radar reads"
    assert count_lookup(session, look(who=99)) == (4, AT)
    assert count_lookup(session, replace(phone[0], day=DAY + timedelta(days=1))) == (5, AT)


def test_of_one_network_that_looks_at_once_as_many_one_look_reaches_the_radar(database_url: str) -> None:
    """Real connections at one moment: none of them sees what the others are about to write."""
    engine = make_engine(database_url, pool_size=8)
    together = threading.Barrier(8)

    def one(who: int) -> int:
        with make_sessions(engine)() as session:
            session.execute(text("SELECT 1"))
            together.wait(60)
            count, _ = count_lookup(session, replace(look(who=who), network=b"n" * 16))
            session.commit()
        return count

    try:
        with ThreadPoolExecutor(8) as threads:
            counts = set(threads.map(one, range(1, 9)))
        # Whoever did not count is told a number that was true when it asked.
        assert counts == {1, 2, 3}
        with make_sessions(engine)() as session:
            assert cells(session) == [(BOX, "", False, 1)]
            assert looked_up(session, BOX, at=AT)[0] == 3
    finally:
        engine.dispose()


def test_looks_are_kept_by_hour_and_city(session: Session) -> None:
    for who, city in enumerate(("120100", "120100", "310100"), 1):
        count_lookup(session, look(who=who, city=city))
    assert cells(session) == [(BOX, "120100", False, 2), (BOX, "310100", False, 1)]


def test_looks_that_come_together_count_as_one_after_the_other(session: Session) -> None:
    came = [
        look(unit, who=who, city=city, at=AT + timedelta(minutes=minute))
        for minute, (unit, who, city) in enumerate(
            ((BOX, 1, "120100"), (OTHER, 1, ""), (BOX, 2, "120100"), (BOX, 1, "310100"), (OTHER, 3, ""), (BOX, 4, ""))
        )
    ]
    count_lookup(session, look(who=9))
    one_by_one = session.begin_nested()
    alone = [count_lookup(session, each) for each in came]
    kept = cells(session)
    one_by_one.rollback()
    assert (
        count_lookups(session, came)
        == alone
        == [
            (n, AT if n != 1 and u == BOX else came[1].at)
            for n, u in ((2, BOX), (1, OTHER), (3, BOX), (3, BOX), (2, OTHER), (4, BOX))
        ]
    )
    assert cells(session) == kept
    assert count_lookups(session, came[::-1]) == [(4, AT), (2, came[1].at), (4, AT), (4, AT), (2, came[1].at), (4, AT)]
    assert count_lookups(session, []) == []


def test_the_salt_of_a_day_is_one_and_goes_with_the_day(session: Session) -> None:
    first = salt_of(session, DAY, fresh=b"a" * 32)
    assert (first, salt_of(session, DAY, fresh=b"b" * 32)) == (b"a" * 32, b"a" * 32)
    count_lookup(session, look())
    assert forget_visitors(session, before=DAY) == 0
    assert forget_visitors(session, before=DAY + timedelta(days=1)) == 1
    for table in ("look_salt", "look_visitor", "look_network"):
        assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert looked_up(session, BOX, at=AT)[0] == 1


def test_a_visitor_is_told_apart_by_address_browser_and_day_alone() -> None:
    one = visitor_token(b"s" * 32, address="192.0.2.1", agent="A")
    assert one == visitor_token(b"s" * 32, address="192.0.2.1", agent="A")
    others = {
        visitor_token(b"t" * 32, address="192.0.2.1", agent="A"),
        visitor_token(b"s" * 32, address="192.0.2.2", agent="A"),
        visitor_token(b"s" * 32, address="192.0.2.1", agent="B\udcff"),
    }
    assert len({one} | others) == 4
    assert all(len(each) == 16 for each in others)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        # Five from one city, of whatever codes: the city stays.
        ([(BOX, "440300", 3), (OTHER, "440300", 2)], [(BOX, "440300", 3), (OTHER, "440300", 2)]),
        # Two cities of a province with too few each, together enough: the province.
        ([(BOX, "440300", 3), (OTHER, "440100", 2)], [(BOX, "440000", 3), (OTHER, "440000", 2)]),
        # Too few in the province: the hour alone, and cells of one code are added up.
        ([(BOX, "440300", 1), (BOX, "310100", 3), (OTHER, "", 1)], [(BOX, "", 4), (OTHER, "", 1)]),
        # The many of one city do not save the few of another in its province.
        ([(BOX, "440300", 5), (OTHER, "440100", 1)], [(BOX, "440300", 5), (OTHER, "", 1)]),
    ],
)
def test_of_places_from_which_few_came_only_the_province_or_nothing_stays(
    session: Session, given: list[tuple[str, str, int]], kept: list[tuple[str, str, int]]
) -> None:
    who = 0
    for unit, city, looks in given:
        for _ in range(looks):
            who += 1
            count_lookup(session, look(unit, who=who, city=city))
    assert coarsen(session, before=AT - timedelta(hours=1)) == 0
    assert coarsen(session, before=AT + timedelta(hours=1)) == len(given)
    assert cells(session) == [(unit, city, True, looks) for unit, city, looks in kept]
    assert coarsen(session, before=AT + timedelta(hours=1)) == 0


def test_a_late_look_joins_what_is_coarse_already(session: Session) -> None:
    count_lookup(session, look())
    coarsen(session, before=AT + timedelta(hours=1))
    count_lookup(session, look(who=2))
    coarsen(session, before=AT + timedelta(hours=1))
    assert cells(session) == [(BOX, "", True, 2)]
