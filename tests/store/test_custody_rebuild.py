"""All statements told again into an empty place give what is stored, and whatever differs is found."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import lot_checkpoints, rebuild
from coldtrace.custody.history import find_unit
from coldtrace.custody.scratch import open_scratch
from coldtrace.custody.voiding import void_units
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.hashing import sha256
from support.consignments import GTIN, LOT
from support.custody_story import Goods, random_story
from support.house import pack_lines
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, SHOP, STORE, Road, binding, child, whole
from support.rolls import drawn, labels

A, B, C = CARTONS[:3]
P, Q = PALLETS


def checked(session: Session) -> rebuild.RebuildReport:
    """Check within the test's own transaction, and forget the empty tables again."""
    with session.begin_nested() as savepoint:
        report = rebuild.check(session)
        savepoint.rollback()
    return report


@pytest.fixture
def told(road: Road) -> Road:
    """A day with late statements, a whole unpacking, a nested pallet, and contradictions."""
    road.bound(A, B, C)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    road.done(PORT, T.PACK, *pack_lines(CONTAINER, [P]))
    sent = road.say(PORT, T.SHIP, CONTAINER, to=STORE)
    road.done(STORE, T.RECEIVE, CONTAINER)
    road.done(STORE, T.UNPACK, whole(CONTAINER))
    road.tell(sent)
    road.done(STORE, T.SHIP, P, to=MARKET)
    got = road.say(MARKET, T.RECEIVE, P)
    road.done(MARKET, T.UNPACK, child(A, P))
    road.tell(got)
    road.done(MARKET, T.SELL, A)
    road.done(SHOP, T.SELL, A)
    road.done(SHOP, T.RECEIVE, Q)
    return road


def test_what_is_stored_is_what_the_statements_say(told: Road) -> None:
    report = checked(told.session)
    assert report.ok, report.examples
    assert (report.statements, report.units) == (told.count("statement"), told.count("unit"))
    assert report.lines == told.count("statement_line") > report.statements
    assert told.count("case_file") > 0
    assert told.count("containment") > 2
    assert report.to_json()["differences"] == dict.fromkeys(rebuild.TABLE_WORDS, 0)


DAMAGE = {
    "unit": (f"UPDATE unit SET gln = '{SHOP}' WHERE unit_id = '{A}'", A),
    "statement_line": ("UPDATE statement_line SET marks = '{gap}' WHERE role = 'implied'", "implied"),
    "containment": ("UPDATE containment SET to_at = 'infinity' WHERE to_at <> 'infinity'", P),
    "statement_party": ("DELETE FROM statement_party WHERE relation = 'from'", "from"),
    "case_file": ("UPDATE case_file SET state = 'explained', note = 'told_again', closed_at = now()", "statement:"),
}


@pytest.mark.parametrize("table", DAMAGE)
def test_a_row_that_was_changed_is_found(told: Road, table: str) -> None:
    damage, key = DAMAGE[table]
    assert told.session.execute(text(damage)).rowcount > 0  # type: ignore[attr-defined]
    report = checked(told.session)
    assert not report.ok
    assert report.counts[table] > 0
    assert {name for name, count in report.counts.items() if count} == {table}
    assert key in report.examples[0].key
    assert report.examples[0].stored != report.examples[0].rebuilt


LOT_UNIT = lot_unit(gtin=GTIN, lot=LOT)
MORE_DAMAGE = {
    "lot_stock": ("UPDATE lot_stock SET quantity = quantity - 1", LOT_UNIT),
    "lot_stop": ("DELETE FROM lot_stop", LOT),
    "lot_checkpoint": ("""UPDATE lot_checkpoint SET stock = '[["here", "x", "", "", 1]]'""", LOT_UNIT),
    "correction": ("UPDATE correction SET in_force = FALSE", ""),
}


@pytest.fixture
def stopped(told: Road, monkeypatch: pytest.MonkeyPatch) -> Road:
    """A lot by quantity that is stopped as a whole, with its checkpoints, and a statement that was taken back."""
    monkeypatch.setattr(lot_checkpoints, "EVERY", 1)
    told.consignment(cartons=1)
    told.done(PORT, T.RECEIVE, Line("unit", LOT_UNIT, None, 10))
    told.done(PORT, T.HOLD, Line("unit", LOT_UNIT, None, 10), more=[("reason", "x")])
    seen = told.say(PORT, T.OBSERVE, C)
    told.tell(seen)
    mistake = Corrects(header=sha256(seen.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    told.done(PORT, T.CORRECT, corrects=mistake)
    assert checked(told.session).ok
    return told


@pytest.mark.parametrize("table", MORE_DAMAGE)
def test_a_changed_row_of_lots_and_corrections_is_found(stopped: Road, table: str) -> None:
    damage, key = MORE_DAMAGE[table]
    assert stopped.session.execute(text(damage)).rowcount > 0  # type: ignore[attr-defined]
    report = checked(stopped.session)
    assert {name for name, count in report.counts.items() if count} == {table}
    assert key in report.examples[0].key


def test_every_table_that_is_compared_is_damaged_once() -> None:
    assert {*DAMAGE, *MORE_DAMAGE, "statement"} == set(rebuild.TABLE_WORDS)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("header_hash", "sha256('x')"),
        ("prev", "sha256('x')"),
        ("event_at", "event_at - interval '1 hour'"),
        ("claimed_at", "claimed_at - interval '1 hour'"),
        ("recorded_at", "recorded_at + interval '1 hour'"),
        ("to_name", "'Somebody'"),
        ("status", "'blocked'"),
        ("details", """'{"breach": true}'"""),
        ("marks", "'{clock_skew}'"),
    ],
)
def test_every_column_of_a_statement_is_compared(told: Road, column: str, value: str) -> None:
    told.session.execute(text("ALTER TABLE statement DISABLE TRIGGER USER"))
    which = f"type = 'ship' AND to_gln = '{MARKET}'"
    query = text(f"UPDATE statement SET {column} = {value} WHERE {which}")
    assert told.session.execute(query).rowcount == 1  # type: ignore[attr-defined]
    report = checked(told.session)
    assert report.counts["statement"] == 1
    (found,) = [each for each in report.examples if each.table == "statement"]
    assert {"time_marks" if column == "marks" else column} <= (found.stored or {}).keys()


def test_a_line_that_does_not_say_what_was_logged_is_found(told: Road) -> None:
    told.session.execute(
        text(
            "UPDATE statement_line SET quantity = 2 "
            "WHERE entry_id IN (SELECT entry_id FROM statement WHERE type = 'sell')"
        )
    )
    report = checked(told.session)
    assert report.counts["statement"] == 2
    assert [(each.stored or {})["lines"] for each in report.examples] == [[["unit", A, None, 2, {}, []]]] * 2
    assert [(each.rebuilt or {})["lines"] for each in report.examples] == [[["unit", A, None, 1, {}, []]]] * 2


@pytest.fixture
def particular(road: Road) -> Road:
    """Statements of which the rules keep more than who, where and what, and that lack something by themselves."""
    road.bound(A, B)
    road.done(PORT, T.SHIP, A, B, to=SHOP)
    refused = {"refused": "thawed"}
    road.done(SHOP, T.RECEIVE, Line("unit", A, None, 0, refused), Line("unit", B, None, 0))
    road.done(SHOP, T.RECEIVE, A, B)
    road.done(SHOP, T.OPEN, Line("unit", A, None, 1, {"counter": "(254)C1"}))
    road.done(SHOP, T.HOLD, B)
    road.done(SHOP, T.ADOPT, Line("unit", "nobody:0042", None, 2, {"net_g": 500, "expiry": "2027-03-01"}))
    road.done(SHOP, T.DESTROY, "nobody:0042")
    assert checked(road.session).ok, checked(road.session).examples
    return road


LINES, ITS = "statement_line", "entry_id IN (SELECT entry_id FROM statement WHERE type ="
PARTICULARS = {
    "a reason": (LINES, "details = NULL", f"{ITS} 'receive') AND details IS NOT NULL"),
    "another reason": (LINES, """details = '{"refused": "stolen"}'""", f"{ITS} 'receive') AND details IS NOT NULL"),
    "a counter": (LINES, """details = '{"counter": "(254)C2"}'""", f"{ITS} 'open')"),
    "a weight": (LINES, "details = details || '{\"net_g\": 900}'", f"{ITS} 'adopt')"),
    "a day": (LINES, "details = details - 'expiry'", f"{ITS} 'adopt')"),
    "an owner": (LINES, """details = '{"owner": "91120116MA05TE5T1N"}'""", f"{ITS} 'ship')"),
    "one that is two": (LINES, "marks = array_remove(marks, 'not_one')", f"{ITS} 'adopt')"),
    "a scheme": (LINES, "marks = array_remove(marks, 'unknown_scheme')", f"{ITS} 'adopt')"),
    "a mark on a line": (LINES, "marks = '{not_one}'", f"{ITS} 'open')"),
    "no reason for a hold": ("statement", "marks = '{}'", "type = 'hold'"),
    "no witness": ("statement", "marks = array_remove(marks, 'witness_missing')", "type = 'destroy'"),
    "a mark": ("statement", "marks = '{reason_missing}'", "type = 'open'"),
}


@pytest.mark.parametrize("name", PARTICULARS)
def test_what_the_rules_keep_of_a_statement_is_read_in_it_again(particular: Road, name: str) -> None:
    """Not copied from what is stored: of that only what was known on arrival and stands in no piece."""
    table, change, which = PARTICULARS[name]
    particular.session.execute(text("ALTER TABLE statement DISABLE TRIGGER USER"))
    found = particular.session.execute(text(f"UPDATE {table} SET {change} WHERE {which}"))
    assert found.rowcount > 0  # type: ignore[attr-defined]
    assert checked(particular.session).counts["statement"] > 0


def test_reasons_that_nobody_asked_for_yet_are_not_missed(particular: Road) -> None:
    """Of what was stored before reasons were kept: no reason is kept, and no mark asks for one."""
    receives = f"{ITS} 'receive') AND quantity = 0"
    change = """details = '{"refused": true}', marks = array_remove(marks, 'reason_missing')"""
    particular.session.execute(text(f"UPDATE statement_line SET {change} WHERE {receives}"))
    assert checked(particular.session).counts["statement"] == 0


def test_a_record_that_is_not_what_was_logged_is_found(told: Road) -> None:
    told.session.execute(text("ALTER TABLE statement DISABLE TRIGGER USER"))
    told.session.execute(text(f"UPDATE statement SET to_gln = '{SHOP}' WHERE type = 'ship' AND to_gln = '{MARKET}'"))
    report = checked(told.session)
    assert report.counts["statement"] == 1
    assert report.examples[0].rebuilt is not None
    assert report.examples[0].rebuilt["to_gln"] == MARKET


def test_labels_that_were_scanned_and_then_voided(road: Road) -> None:
    road.consignment()
    seen, shown, untouched = (code.unit_id for code in labels(road, drawn(road))[:3])
    assert road.done(SHOP, T.OBSERVE, seen).status == "accepted"
    assert road.done(SHOP, T.COMMISSION, binding(shown)).marks[0] == "not_permitted"
    void_units(road.session, road.env, [seen, shown, untouched], EVERYTHING, reason="torn")
    assert road.where(seen)[0] == "void"
    report = checked(road.session)
    assert report.ok, report.examples
    assert report.units == 3


def test_the_empty_tables_are_asked_also_where_the_connection_asked_before(told: Road) -> None:
    """psycopg prepares what it was asked five times: that must not go on reading the live table."""
    for _ in range(8):
        assert find_unit(told.session, A) is not None
    with told.session.begin_nested() as savepoint:
        live = open_scratch(told.session)
        assert find_unit(told.session, A) is None
        assert told.session.execute(text(f"SELECT count(*) FROM {live}.unit")).scalar_one() > 0
        savepoint.rollback()
    assert find_unit(told.session, A) is not None
    with told.session.begin_nested() as savepoint:
        open_scratch(told.session)
        assert find_unit(told.session, A) is None
        savepoint.rollback()


@pytest.mark.parametrize("seed", range(4))
def test_random_stories_in_random_order(road: Road, seed: int, scale: str) -> None:
    rng = random.Random(seed)
    devices = [road.device(site.gln) for site in road.sites.values()]
    goods = Goods(cartons=CARTONS, pallets=PALLETS, containers=[CONTAINER])
    said = random_story(rng, devices, goods, start=road.clock.next, length=200 if scale == "full" else 40)
    road.clock.forward(timedelta(hours=2))
    for statement in rng.sample(said, len(said)):
        road.tell(statement)
    report = checked(road.session)
    assert report.ok, (seed, report.examples)
    assert report.statements == len(said)
