"""Facts of goods that become known after statements about them were told: what was made of them stays as it was.

An import of an earlier day, an import that was undone, a label that got its lot: whoever tells the story again, from
the beginning, for a late word, or from a checkpoint, tells the same.
"""

from datetime import timedelta

import pytest
from sqlalchemy import text

from coldtrace.custody import lot_checkpoints, rebuild
from coldtrace.custody.binding import bind_codes
from coldtrace.events.facts import facts_hash
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.rolls import BindCodes
from coldtrace.goods.store import IssuedCode
from coldtrace.interop.imports import undo_import
from coldtrace.rights.model import EVERYTHING
from support.consignments import EXPIRY, GTIN, LOT, commission_line
from support.house import Handheld, install_office
from support.road import PORT, SHOP, Road
from support.rolls import drawn, labels

FISH = lot_unit(gtin=GTIN, lot=LOT)
MINCE = lot_unit(gtin="09521234543213", lot="MINCE-7")
BOX = "zjcold:91%2F0042"
OTHER = "020220261000000777"
EARLIER = {"declaration": OTHER, "produced": CalendarDate(2025, 9, 3)}
"""The same lot, imported once more: a year older."""


def made(road: Road, *lines: Line | str, output: Line | str = MINCE, type: T = T.TRANSFORM) -> None:
    """Say what came of what at the port, which may do that here."""
    told = [line if isinstance(line, Line) else Line("input", line, None, 1) for line in lines]
    out = output if isinstance(output, Line) else Line("output", output, None, 5)
    result = road.done(PORT, type, *told, out)
    assert result.status == "accepted"


def is_as_told(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples


@pytest.fixture
def works(road: Road) -> Road:
    """A road on which the port repacks and uses goods too."""
    device = road.device(PORT)
    road.session.execute(
        text("UPDATE device SET operations = CAST(:all AS text[]) WHERE gln = :port"),
        {"all": [type.value for type in T], "port": PORT},
    )
    assert device.site.gln == PORT
    return road


def office_of(road: Road) -> str:
    """Return the place of a regulator that speaks too."""
    site = install_office(road.session, road.env)
    road.devices[site.gln] = Handheld.enrol(road.session, road.env, site)
    return site.gln


def test_what_was_made_of_a_lot_keeps_its_day_when_the_lot_is_imported_again(works: Road) -> None:
    works.consignment()
    works.done(PORT, T.ADOPT, Line("unit", FISH, None, 9))
    made(works, Line("input", FISH, None, 9))
    assert works.unit(MINCE).holding.expires_on == EXPIRY
    at = works.clock.next - timedelta(seconds=90)
    works.consignment(**EARLIER)
    is_as_told(works)
    # Told again for a late word, it is the same.
    works.done(PORT, T.COUNT, Line("unit", FISH, None, 9), at=at)
    assert works.unit(MINCE).holding.expires_on == EXPIRY
    is_as_told(works)
    # What is made of it from now on has the day that is known now.
    works.done(PORT, T.ADOPT, Line("unit", FISH, None, 1))
    made(works, Line("input", FISH, None, 1))
    assert works.unit(MINCE).holding.expires_on == EXPIRY.replace(year=EXPIRY.year - 1)
    is_as_told(works)


def test_a_checkpoint_tells_the_same_as_the_beginning_when_the_lot_is_imported_again(
    works: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lot_checkpoints, "_every", lambda unit: 10)
    works.consignment()
    works.done(PORT, T.ADOPT, Line("unit", FISH, None, 9))
    made(works, Line("input", FISH, None, 9))
    for _ in range(25):
        works.done(PORT, T.ADOPT, Line("unit", MINCE, None, 1))
    assert works.count("lot_checkpoint") >= 2
    works.consignment(**EARLIER)
    is_as_told(works)
    works.done(PORT, T.COUNT, Line("unit", MINCE, None, 1), at=works.clock.next - timedelta(seconds=90))
    assert works.unit(MINCE).holding.expires_on == EXPIRY
    is_as_told(works)


def test_what_was_made_of_boxes_keeps_day_and_weight_when_their_import_is_undone(works: Road) -> None:
    opened = works.consignment()
    one, two, _ = opened.pallets[0].cartons
    made(works, one.unit_id, output=Line("output", BOX, None, 1))
    made(works, two.unit_id, output=Line("output", "zjcold:43", None, 1), type=T.RELABEL)
    assert works.unit(BOX).holding.expires_on == EXPIRY
    is_as_told(works)
    undo_import(works.session, works.env, opened.consignment_id, EVERYTHING)
    is_as_told(works)
    works.done(PORT, T.OBSERVE, one.unit_id, at=works.clock.next - timedelta(minutes=3))
    works.done(PORT, T.OBSERVE, two.unit_id, at=works.clock.next - timedelta(minutes=4))
    assert works.unit(BOX).holding.expires_on == EXPIRY
    is_as_told(works)


def test_a_hold_of_a_lot_stays_on_its_boxes_when_their_import_is_undone(works: Road) -> None:
    opened = works.consignment()
    box = opened.carton.unit_id
    works.bound(box)
    works.done(office_of(works), T.HOLD, Line("unit", FISH, None, 1))
    assert works.done(PORT, T.USE, box).status == "blocked"
    undo_import(works.session, works.env, opened.consignment_id, EVERYTHING)
    is_as_told(works)
    assert works.done(PORT, T.USE, box).status == "blocked"
    is_as_told(works)


def a_sold_label(road: Road) -> IssuedCode:
    """Return a label of a roll that was sold before it had a lot; the lot is on hold."""
    road.consignment()
    label = labels(road, drawn(road))[0]
    road.done(office_of(road), T.HOLD, Line("unit", FISH, None, 1))
    road.done(PORT, T.COMMISSION, commission_line(label))
    road.done(PORT, T.SHIP, label.unit_id, to=SHOP)
    road.done(SHOP, T.RECEIVE, label.unit_id)
    assert road.done(SHOP, T.SELL, label.unit_id).marks == ()
    return label


def bind(road: Road, text: str) -> None:
    bind_codes(road.session, road.env, BindCodes(codes=[text], lot=LOT, by="token:desk", scope=EVERYTHING))


def test_a_label_that_a_desk_binds_to_a_held_lot_was_held_all_along(works: Road) -> None:
    label = a_sold_label(works)
    bind(works, label.uri)
    is_as_told(works)
    marks = {line.type: line.marks for line in works.story(label.unit_id)}
    assert ("held" in marks["ship"], "held" in marks["sell"]) == (True, True), marks
    assert works.where(label.unit_id)[:2] == ("active", SHOP)


def test_a_label_that_a_statement_binds_to_a_held_lot_was_held_all_along(works: Road) -> None:
    label = a_sold_label(works)
    facts = facts_hash(works.session.execute(text("SELECT facts FROM lot")).scalar_one())
    works.done(PORT, T.COMMISSION, commission_line(label), facts=facts)
    is_as_told(works)
    assert works.where(label.unit_id)[:2] == ("active", SHOP)


def test_binding_a_label_to_a_lot_that_was_never_stopped_tells_nothing_again(
    works: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.consignment()
    label = labels(works, drawn(works))[0]
    works.done(PORT, T.COMMISSION, commission_line(label))
    told: list[object] = []
    monkeypatch.setattr("coldtrace.custody.binding.retell", lambda *args, **more: told.append(args))
    bind(works, label.uri)
    assert told == []
    is_as_told(works)
