"""The last day of goods, judged in the order of events: by what statements say, late words and corrections too."""

from datetime import timedelta

from sqlalchemy import text

from coldtrace.custody import rebuild
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.seal.hashing import sha256
from support.road import SHOP, STORE, TRADER, Road

FOREIGN = "zjcold:91%2F0042"
DAY = "2026-11-22"
"""The day before the one on which these tests begin."""


def taken_in(road: Road, unit: str, expiry: str, **details: object) -> Statement:
    """Return the word of a store that takes goods in by a foreign code, and says how long they last."""
    line = Line("unit", unit, None, 1, {"expiry": expiry})
    return road.say(STORE, T.ADOPT, line, **details)


def correcting(statement: Statement, mode: CorrectionMode = CorrectionMode.INCORRECT_DATA) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=mode)


def is_as_told(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples


def test_a_last_day_that_was_an_error_blocks_nothing_any_more(road: Road) -> None:
    wrong = taken_in(road, FOREIGN, DAY)
    road.tell(wrong)
    then = road.clock.next
    (shipped,) = road.tell(road.say(STORE, T.SHIP, FOREIGN, to=SHOP))
    assert (shipped.status, shipped.marks) == ("blocked", ("expired",))
    assert road.where(FOREIGN)[0] == "active"
    road.tell(taken_in(road, FOREIGN, "2027-11-22", at=then, corrects=correcting(wrong)))
    assert road.where(FOREIGN)[0] == "in_transit"
    assert [line.marks for line in road.story(FOREIGN) if line.type == "ship"] == [()]
    kinds = "SELECT kind FROM case_file WHERE live AND kind = 'blocked'"
    assert road.session.execute(text(kinds)).all() == []
    is_as_told(road)


def test_a_last_day_that_is_told_late_blocks_what_went_on_since(road: Road) -> None:
    late = taken_in(road, FOREIGN, DAY)
    road.done(STORE, T.ADOPT, FOREIGN)
    assert road.done(STORE, T.SHIP, FOREIGN, to=SHOP).marks == ()
    road.tell(late)
    assert road.where(FOREIGN)[0] == "active"
    assert [line.marks for line in road.story(FOREIGN) if line.type == "ship"] == [("expired",)]
    is_as_told(road)


def test_what_was_shipped_before_its_last_day_and_told_after_it_is_not_expired(road: Road) -> None:
    road.tell(taken_in(road, FOREIGN, "2026-11-23"))
    sent = road.say(STORE, T.SHIP, FOREIGN, to=SHOP)
    road.clock.forward(timedelta(days=2))
    assert road.tell(sent)[0].marks == ()
    assert road.done(SHOP, T.RECEIVE, FOREIGN).marks == ()
    assert road.done(SHOP, T.SELL, FOREIGN).marks == ("expired",)
    is_as_told(road)


def test_a_late_word_about_goods_that_were_shipped_in_time_finds_them_in_time(road: Road) -> None:
    """Whenever they are judged again; a day later they would not go."""
    road.tell(taken_in(road, FOREIGN, "2026-11-23"))
    seen = road.say(STORE, T.OBSERVE, FOREIGN)
    road.done(STORE, T.SHIP, FOREIGN, to=TRADER)
    road.clock.forward(timedelta(days=1))
    road.tell(seen)
    assert [line.marks for line in road.story(FOREIGN)] == [(), (), ()]
    is_as_told(road)
