"""A whole lot and all that is of it: new labels on its goods, labels that were bound anew, and imports that are undone.

Told again in the order of events from nothing, everything is the same.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import rebuild
from coldtrace.custody.binding import bind_codes
from coldtrace.events.facts import facts_hash
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.goods import stop_store, stops
from coldtrace.goods.refusals import AlreadyShipped
from coldtrace.goods.rolls import BindCodes
from coldtrace.goods.store import IssuedCode
from coldtrace.interop.imports import undo_import
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.hashing import sha256
from support.consignments import GTIN, LOT, Consignment, commission_line, facts_of
from support.house import Handheld, install_office
from support.road import PORT, SHOP, STORE, Road, make_road
from support.rolls import drawn, labels

FISH = lot_unit(gtin=GTIN, lot=LOT)
OTHER_LOT = "L2409B99"
SECOND = {"declaration": "020220261000000777"}
ORDERED = [("order_no", "2026-17"), ("reason", "x")]


@pytest.fixture
def works(road: Road) -> Road:
    """A road on which the port does everything, and a regulator speaks too."""
    road.device(PORT)
    road.session.execute(
        text("UPDATE device SET operations = CAST(:all AS text[]) WHERE gln = :port"),
        {"all": [type.value for type in T], "port": PORT},
    )
    site = install_office(road.session, road.env)
    road.devices["office"] = Handheld.enrol(road.session, road.env, site)
    return road


def is_as_told(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples


def some(quantity: int) -> Line:
    return Line("unit", FISH, None, quantity)


def relabelled(road: Road, old: str | Line, new: str, **more: object) -> None:
    line = old if isinstance(old, Line) else Line("input", old, None, 1)
    result = road.done(PORT, T.RELABEL, line, Line("output", new, None, 1), **more)
    assert result.status == "accepted", result.marks


def lot_of(road: Road, unit: str) -> str | None:
    found: str | None = road.session.execute(
        text("SELECT l.lot FROM unit u LEFT JOIN lot l USING (lot_id) WHERE u.unit_id = :unit"), {"unit": unit}
    ).scalar_one()
    return found


def spare_labels(road: Road) -> list[str]:
    """Return labels of a roll that no lot is bound to."""
    return [code.unit_id for code in labels(road, drawn(road))]


def a_new_label(road: Road) -> str:
    """Return the label of a roll that took the place of a carton's own."""
    opened = road.consignment()
    road.bind_all(opened)
    road.done(PORT, T.UNPACK, Line("parent", opened.pallets[0].label.unit_id, None, 1))
    new = spare_labels(road)[0]
    relabelled(road, opened.carton.unit_id, new)
    return new


# A stop of the whole lot reaches new labels


@pytest.mark.parametrize(("stop", "mark", "again"), [(T.HOLD, "held", T.RELEASE), (T.RECALL, "recalled", T.LIFT)])
def test_a_stop_of_the_lot_after_the_relabelling_reaches_the_new_label(
    works: Road, stop: T, mark: str, again: T
) -> None:
    new = a_new_label(works)
    assert lot_of(works, new) == LOT
    works.done("office", stop, some(1), more=ORDERED)
    assert works.done(PORT, T.SHIP, new, to=SHOP).marks == (mark,)
    assert works.done(PORT, T.SELL, new).marks == (mark,)
    is_as_told(works)
    assert new in set(stop_store.blocked_units(works.session))
    works.done("office", again, some(1), more=ORDERED)
    assert works.done(PORT, T.SHIP, new, to=SHOP).status == "accepted"
    assert new not in set(stop_store.blocked_units(works.session))
    is_as_told(works)


def test_a_hold_of_the_lot_before_the_relabelling_goes_with_the_release_of_the_lot(works: Road) -> None:
    opened = works.consignment()
    works.bound(opened.carton.unit_id)
    works.done("office", T.HOLD, some(1), more=ORDERED)
    new = spare_labels(works)[0]
    relabelled(works, opened.carton.unit_id, new)
    assert works.done(PORT, T.SHIP, new, to=SHOP).marks == ("held",)
    works.done("office", T.RELEASE, some(1), more=ORDERED)
    assert works.done(PORT, T.SHIP, new, to=SHOP).status == "accepted"
    is_as_told(works)


def test_a_new_label_of_a_new_label_and_one_out_of_a_lot_by_quantity_are_of_the_lot(works: Road) -> None:
    first = a_new_label(works)
    second, third, fourth = spare_labels(works)[:3]
    relabelled(works, first, second)
    works.done(PORT, T.ADOPT, some(9))
    relabelled(works, Line("input", FISH, None, 1), third)
    relabelled(works, third, fourth)
    works.done("office", T.RECALL, some(1), more=ORDERED)
    for unit in (second, fourth):
        assert works.done(PORT, T.SHIP, unit, to=SHOP).marks == ("recalled",)
    is_as_told(works)


def test_a_late_stop_and_a_late_relabelling_come_to_the_same(works: Road) -> None:
    opened = works.consignment()
    works.bound(opened.carton.unit_id)
    new = spare_labels(works)[0]
    hold = works.say("office", T.HOLD, some(1), more=ORDERED)
    relabel = works.say(PORT, T.RELABEL, Line("input", opened.carton.unit_id, None, 1), Line("output", new, None, 1))
    works.done(PORT, T.OBSERVE, new)
    works.tell(relabel)
    works.done(PORT, T.SHIP, new, to=SHOP)
    assert works.where(new)[0] == "in_transit"
    works.tell(hold)
    assert works.where(new)[0] == "active"
    assert [line.marks for line in works.story(new) if line.type == "ship"] == [("held",)]
    is_as_told(works)


def test_a_relabelling_that_did_not_occur_gives_no_lot(works: Road) -> None:
    opened = works.consignment()
    works.bound(opened.carton.unit_id)
    new = spare_labels(works)[0]
    said = works.say(PORT, T.RELABEL, Line("input", opened.carton.unit_id, None, 1), Line("output", new, None, 1))
    works.tell(said)
    assert lot_of(works, new) == LOT
    naming = Corrects(header=sha256(said.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    works.done(PORT, T.CORRECT, corrects=naming)
    assert lot_of(works, new) is None
    is_as_told(works)


def test_the_list_of_recalled_lots_stops_a_new_label_also_in_one_upload(works: Road) -> None:
    opened = works.consignment()
    works.bound(opened.carton.unit_id)
    new = spare_labels(works)[0]
    stops.recall_lot(works.session, works.env, gtin=GTIN, lot=LOT, reason="x")
    results = works.tell(
        works.say(PORT, T.RELABEL, Line("input", opened.carton.unit_id, None, 1), Line("output", new, None, 1)),
        works.say(PORT, T.SHIP, new, to=SHOP),
    )
    assert results[1].marks == ("stopped",)
    assert works.done(PORT, T.SHIP, new, to=SHOP).marks == ("stopped",)
    stop = stop_store.stop_of(works.session, new)
    assert stop is not None
    assert stop.code == "recalled_lot"
    assert stop_store.bound_lot(works.session, new) == (GTIN, LOT)
    assert stop_store.ask_stopped(works.session, [(new, None, None)])()[0] == {new}
    is_as_told(works)


def test_several_old_labels_give_their_lot_where_it_is_one(works: Road) -> None:
    opened = works.consignment(cartons=4)
    other = works.consignment(lot=OTHER_LOT, **SECOND)
    one, two, three, _ = (code.unit_id for code in opened.pallets[0].cartons)
    works.bound(one, two, three, other.carton.unit_id)
    same, mixed, *_ = spare_labels(works)
    works.done(PORT, T.RELABEL, *(Line("input", unit, None, 1) for unit in (one, two)), Line("output", same, None, 1))
    works.done(
        PORT,
        T.RELABEL,
        *(Line("input", unit, None, 1) for unit in (three, other.carton.unit_id)),
        Line("output", mixed, None, 1),
    )
    assert (lot_of(works, same), lot_of(works, mixed)) == (LOT, None)
    is_as_told(works)


# Labels that are bound anew


def bind(road: Road, code: IssuedCode, lot: str) -> None:
    bind_codes(road.session, road.env, BindCodes(codes=[code.uri], lot=lot, by="token:desk", scope=EVERYTHING))


def a_held_label(road: Road) -> IssuedCode:
    """Return a label that was bound to a lot which was held, and free again; its shipment was held."""
    opened = road.consignment()
    label = labels(road, drawn(road))[0]
    road.done(PORT, T.COMMISSION, commission_line(label), facts=facts_of(opened.carton))
    road.done("office", T.HOLD, some(1), more=ORDERED)
    assert road.done(PORT, T.SHIP, label.unit_id, to=SHOP).marks == ("held",)
    undo_import(road.session, road.env, opened.consignment_id, EVERYTHING)
    return label


def test_a_label_that_a_desk_binds_anew_was_never_held(works: Road) -> None:
    label = a_held_label(works)
    works.consignment(lot=OTHER_LOT, **SECOND)
    bind(works, label, OTHER_LOT)
    is_as_told(works)
    assert works.where(label.unit_id)[0] == "in_transit"


def test_a_label_that_a_statement_binds_anew_was_never_held(works: Road) -> None:
    label = a_held_label(works)
    other = works.consignment(lot=OTHER_LOT, **SECOND)
    assert other.carton.facts is not None
    works.done(PORT, T.COMMISSION, commission_line(label), facts=facts_hash(other.carton.facts))
    is_as_told(works)
    assert works.where(label.unit_id)[0] == "in_transit"


def test_a_label_that_gets_its_lot_gives_it_to_the_new_label_on_its_goods(works: Road) -> None:
    works.consignment()
    code, *rest = labels(works, drawn(works))
    works.done(PORT, T.COMMISSION, commission_line(code))
    relabelled(works, code.unit_id, rest[0].unit_id)
    assert lot_of(works, rest[0].unit_id) is None
    bind(works, code, LOT)
    assert lot_of(works, rest[0].unit_id) == LOT
    is_as_told(works)
    works.done("office", T.HOLD, some(1), more=ORDERED)
    assert works.done(PORT, T.SHIP, rest[0].unit_id, to=SHOP).marks == ("held",)
    is_as_told(works)


# Undoing an import of goods by quantity


def coded(road: Road, consignment: Consignment, quantity: int = 3) -> None:
    line = replace(commission_line(consignment.carton), unit=FISH, quantity=quantity)
    assert road.done(PORT, T.COMMISSION, line, facts=facts_of(consignment.carton)).marks == ()


def shipped(road: Road, consignment: Consignment) -> None:
    road.done(PORT, T.SHIP, some(1), to=SHOP)


def sent_back(road: Road, consignment: Consignment) -> None:
    road.done(PORT, T.RETURN, some(1), more=[("export_country", "BR"), ("ref", "1")])


def a_carton_sent_back(road: Road, consignment: Consignment) -> None:
    road.bound(consignment.carton.unit_id)
    road.done(PORT, T.RETURN, consignment.carton.unit_id, more=[("export_country", "BR"), ("ref", "1")])


def sold(road: Road, consignment: Consignment) -> None:
    road.done(PORT, T.SELL, some(1))


def seen_elsewhere(road: Road, consignment: Consignment) -> None:
    road.done(STORE, T.RECEIVE, some(1))


def under_a_new_label(road: Road, consignment: Consignment) -> None:
    new = spare_labels(road)[0]
    relabelled(road, Line("input", FISH, None, 1), new)
    road.done(PORT, T.SHIP, new, to=SHOP)


def a_carton_under_a_foreign_label(road: Road, consignment: Consignment) -> None:
    road.bound(consignment.carton.unit_id)
    relabelled(road, consignment.carton.unit_id, "zjcold:43")
    road.done(PORT, T.SHIP, "zjcold:43", to=SHOP)


def repacked(road: Road, consignment: Consignment) -> None:
    road.done(PORT, T.TRANSFORM, Line("input", FISH, None, 1), Line("output", "zjcold:44", None, 1))
    road.done(PORT, T.SHIP, "zjcold:44", to=SHOP)


@pytest.mark.parametrize(
    "left",
    [
        shipped,
        sent_back,
        a_carton_sent_back,
        sold,
        seen_elsewhere,
        under_a_new_label,
        a_carton_under_a_foreign_label,
        repacked,
    ],
)
def test_an_import_stands_once_something_counted_by_quantity_has_left(
    works: Road, left: Callable[[Road, Consignment], None]
) -> None:
    consignment = works.consignment()
    coded(works, consignment)
    left(works, consignment)
    with pytest.raises(AlreadyShipped):
        undo_import(works.session, works.env, consignment.consignment_id, EVERYTHING)


def test_an_import_of_a_lot_that_is_still_there_can_be_undone(works: Road) -> None:
    consignment = works.consignment()
    coded(works, consignment)
    works.done("office", T.HOLD, some(1), more=ORDERED)
    assert works.done(PORT, T.SHIP, some(1), to=SHOP).status == "blocked"
    works.done(PORT, T.COUNT, some(3))
    undo_import(works.session, works.env, consignment.consignment_id, EVERYTHING)
    is_as_told(works)


def test_what_left_of_a_lot_before_it_came_once_more_keeps_no_second_import(works: Road) -> None:
    first = works.consignment()
    coded(works, first)
    shipped(works, first)
    works.clock.forward(timedelta(minutes=1))
    second = works.consignment(**SECOND)
    undo_import(works.session, works.env, second.consignment_id, EVERYTHING)
    with pytest.raises(AlreadyShipped):
        undo_import(works.session, works.env, first.consignment_id, EVERYTHING)


def test_a_lot_that_nobody_scanned_yet_does_not_leave_while_its_import_is_undone(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        consignment = road.consignment(cartons=1)
        line = replace(commission_line(consignment.carton), unit=FISH, quantity=1)
        said = [
            road.say(PORT, T.COMMISSION, line, facts=facts_of(consignment.carton)),
            road.say(PORT, T.SHIP, some(1), to=STORE),
        ]
    done = threading.Event()
    marks: list[tuple[str, ...]] = []

    def ship() -> None:
        with sessions.begin() as session:
            marks.extend(result.marks for result in replace(road, session=session).tell(*said))
        done.set()

    late = threading.Thread(target=ship)
    with sessions.begin() as session:
        undo_import(session, road.env, consignment.consignment_id, EVERYTHING)
        late.start()
        assert not done.wait(0.3)
    late.join()
    assert "not_issued" in marks[0], "the import was gone before anything was said of its lot"


# Samples by others than the keeper


def test_a_sample_of_a_regulator_is_taken_off_the_books_of_the_keeper(works: Road) -> None:
    consignment = works.consignment()
    coded(works, consignment)
    works.done("office", T.SAMPLE, some(1), more=[("record_no", "S-7")])
    late = works.say("office", T.SAMPLE, some(1), more=[("record_no", "S-8")])
    works.done(PORT, T.SHIP, some(1), to=SHOP)
    works.done(SHOP, T.RECEIVE, some(1))
    assert works.tell(late)[0].marks == ()
    stock = "SELECT gln, sum(quantity) FROM lot_stock WHERE kind = 'here' GROUP BY gln"
    assert dict(works.session.execute(text(stock)).all()) == {SHOP: 1}  # type: ignore[arg-type]
    is_as_told(works)
