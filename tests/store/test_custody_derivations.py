"""What a unit was made of and made into, as far as its reader may see; a label that was made up when goods come in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from coldtrace.custody.as_of import Moment
from coldtrace.custody.derivations import MADE_MAX, made_into, made_of
from coldtrace.custody.model import CaseKind
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.hashing import sha256
from coldtrace.watch.cases import PAGE_MAX, list_cases
from support.consignments import GTIN, commission_line, facts_of
from support.house import unit_line
from support.road import PORT, SHOP, STORE, Road, at_site


def line(unit: str, role: str, **attributes: str) -> Line:
    return replace(unit_line(unit, **attributes), role=role)


@pytest.fixture
def boxes(road: Road) -> list[str]:
    """Four boxes of one consignment, the first two bound at the port; every device may say everything."""
    codes = road.consignment(cartons=4).pallets[0].cartons
    for code in codes[:2]:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    road.device(STORE), road.device(SHOP)
    road.session.execute(text("UPDATE device SET operations = operations || '{transform,relabel}'"))
    return [code.unit_id for code in codes]


def test_repacking_is_read_from_both_ends(road: Road, boxes: list[str]) -> None:
    one, two, new, newer = boxes
    before = road.clock()
    lines = [line(one, "input"), line(two, "input"), line(new, "output"), line(newer, "output")]
    said = road.say(PORT, T.TRANSFORM, *lines)
    assert road.tell(said)[0].status == "accepted"
    assert made_of(road.session, EVERYTHING, new).units == (one, two)
    assert made_into(road.session, EVERYTHING, one).units == (new, newer)
    assert made_of(road.session, EVERYTHING, one).units == made_into(road.session, EVERYTHING, new).units == ()
    assert made_of(road.session, at_site(PORT), new).complete
    stranger = made_of(road.session, at_site(SHOP), new)
    assert (stranger.units, stranger.complete) == ((), False)
    with road.session.begin_nested() as savepoint:
        moment = Moment(as_of=before)
        view_unit(road.session, EVERYTHING, one, inside_max=0, moment=moment)
        assert made_into(road.session, EVERYTHING, one, moment=moment).units == ()
        savepoint.rollback()
    with road.session.begin_nested() as savepoint:
        moment = Moment(as_of=road.clock.next + timedelta(hours=1))
        view_unit(road.session, EVERYTHING, one, inside_max=0, moment=moment)
        assert made_into(road.session, EVERYTHING, one, moment=moment).units == (new, newer)
        savepoint.rollback()
    mistake = Corrects(header=sha256(said.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    road.done(PORT, T.CORRECT, corrects=mistake)
    assert made_into(road.session, EVERYTHING, one).units == ()


def test_each_new_label_takes_the_place_of_the_one_that_it_names(road: Road, boxes: list[str]) -> None:
    one, two, new, newer = boxes
    lines = [line(one, "input"), line(two, "input")]
    lines += [line(new, "output", **{"from": two}), line(newer, "output", **{"from": one})]
    assert road.done(PORT, T.RELABEL, *lines).status == "accepted"
    assert made_into(road.session, EVERYTHING, one).units == (newer,)
    assert made_of(road.session, EVERYTHING, new).units == (two,)


def test_what_was_blocked_made_nothing(road: Road, boxes: list[str]) -> None:
    one, _, new, _ = boxes
    road.done(PORT, T.HOLD, one, more=[("reason", "x")])
    assert road.done(PORT, T.TRANSFORM, line(one, "input"), line(new, "output")).status == "blocked"
    assert made_into(road.session, EVERYTHING, one).units == ()


def test_many_are_cut_off_and_that_is_said(road: Road, boxes: list[str]) -> None:
    outputs = [line(f"bjcold:{number}", "output") for number in range(MADE_MAX + 1)]
    road.done(PORT, T.TRANSFORM, line(boxes[0], "input"), *outputs)
    made = made_into(road.session, EVERYTHING, boxes[0])
    assert (len(made.units), made.complete) == (MADE_MAX, False)


def test_a_made_up_serial_under_a_gtin_that_is_coded_here_is_taken_in_and_looked_at(road: Road) -> None:
    invented, makers = f"(01){GTIN}(21)ABCDEFGHJKMN", "(01)09506000134352(21)S1"
    assert road.done(STORE, T.ADOPT, invented).marks == ()
    road.consignment(cartons=1)
    other = f"(01){GTIN}(21)ABCDEFGHJKMP"
    assert road.done(STORE, T.ADOPT, other).marks == ("not_issued",)
    assert road.where(other)[:2] == ("active", STORE)
    assert road.done(STORE, T.ADOPT, makers, "bjcold:A1").marks == ()
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert (case.kind, case.units) == (CaseKind.UNKNOWN_CODE, (other,))
