"""Goods by lot and quantity: what each statement does to the books, line by line.

Books are written `A:10` for ten here at A of the firm's own, `A:10/o` of another's, `A>B:5` for five on their way,
`A!:3` for three lost at A, `A=:50` for fifty coded there.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coldtrace.custody.details import details_of
from coldtrace.custody.lots import is_lot, move_lot
from coldtrace.custody.model import (
    Decision,
    Deed,
    Fact,
    Holding,
    Issued,
    Level,
    Mark,
    Said,
    Source,
    StockPlace,
    UnitState,
)
from coldtrace.custody.rules import lasting_marks
from coldtrace.events.units_piece import Line

LOT = "(01)09506000134352(10)L2409A17"
SITES = {"A": "9521234000013", "B": "9521234000020", "C": "9521234000037", "": ""}
FIRM, OTHER = "91120116MA05TE5T1N", "91120118MA00000011"
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
ACTIVE = Holding(state=UnitState.ACTIVE)
KINDS = {"": "here", ">": "transit", "!": "lost", "=": "coded"}


def books(text: str) -> dict[StockPlace, int]:
    found = {}
    for each in text.split():
        gln, kind, to, quantity, owner = re.fullmatch(r"(\w)([>!=]?)(\w?):(-?\d+)(/o)?", each).groups()  # type: ignore[union-attr]
        whose = "" if kind == "=" else OTHER if owner else FIRM
        place = StockPlace(KINDS[kind], SITES[gln], SITES[to], whose)
        found[place] = int(quantity)
    return found


def deed(type: str, **changes: object) -> Deed:
    return replace(Deed(type=type, gln=SITES["A"], to_gln=SITES["B"], event_at=AT, firm=FIRM), **changes)  # type: ignore[arg-type]


def say(
    said: Deed, quantity: int, before: str, *, role: str = "unit", holding: Holding = ACTIVE, **details: object
) -> Decision:
    line = Said(role=role, quantity=quantity, details=details)  # type: ignore[arg-type]
    return move_lot(said, line, stock=books(before), holding=holding, in_force=holding.overlays)


BY_LAB: dict[str, object] = {"level": Level.VISITOR, "firm": "91120118MA00000099"}
BOOKED = {"booked": True}
TO_A: dict[str, object] = {"gln": SITES["A"], "to_gln": None}
BOOKS = [
    # name, statement, changes, quantity, details, before, after, marks
    ("commission", {}, 50, {}, "", "A:50 A=:50", []),
    ("commission", {}, 50, {}, "A:50 A=:50", "A:100 A=:100", []),
    ("commission", {}, 50, {"owner": OTHER}, "A:5", "A:5 A:50/o A=:50", []),
    ("commission", {}, 50, {"declared": 100}, "A:20 A=:50", "A:70 A=:100", []),
    ("commission", {}, 51, {"declared": 100}, "A:20 A=:50", "A:71 A=:101", ["count_differs"]),
    ("commission", {}, 50, {"declared": 100}, "B=:60", "A:50 B=:60 A=:50", ["count_differs"]),
    ("adopt", {}, 7, {}, "", "A:7", []),
    ("adopt", {}, 7, {"imported": True}, "", "A:7", ["gap"]),
    ("adopt", TO_A, 20, {}, "B>A:20", "A:20", []),
    ("adopt", TO_A, 5, {"imported": True}, "B>A:20/o", "B>A:15/o A:5/o", []),
    ("adopt", TO_A, 25, {}, "B>A:20", "A:25", ["over_received"]),
    ("ship", {}, 20, {}, "A:50", "A:30 A>B:20", []),
    ("ship", {}, 50, {}, "A:50", "A>B:50", []),
    ("ship", {}, 60, {}, "A:50", "A:-10 A>B:60", ["short_stock"]),
    ("ship", {}, 5, {}, "", "A:-5 A>B:5", ["short_stock"]),
    ("ship", {}, 20, {}, "A:15 A:10/o", "A:0 A:5/o A>B:15 A>B:5/o", []),
    ("ship", {}, 20, {"owner": OTHER}, "A:50 A:10/o", "A:50 A:-10/o A>B:20/o", ["short_stock"]),
    ("ship", {"to_gln": None}, 5, {}, "A:5", "A>:5", []),
    ("return", {}, 5, {}, "A:5", "A>B:5", []),
    ("return", {"abroad": True}, 5, {}, "A:5", "", []),
    ("receive", TO_A, 20, {}, "B:5 B>A:20/o", "B:5 A:20/o", []),
    ("receive", TO_A, 15, {}, "B>A:20", "B>A:5 A:15", []),
    ("receive", TO_A, 25, {}, "B>A:20/o", "A:25/o", ["over_received"]),
    ("receive", TO_A, 25, {}, "", "A:25", ["gap"]),
    ("receive", TO_A, 25, {}, "B>C:25", "B>C:25 A:25", ["gap"]),
    ("receive", TO_A, 25, {}, "B>A:20 C>A:20", "C>A:15 A:25", []),
    ("receive", TO_A, 25, {}, "B>:20 C>A:20", "B>:15 A:25", []),
    ("receive", TO_A | {"sender": SITES["C"]}, 20, {}, "B>A:20 C>A:20", "B>A:20 A:20", []),
    ("receive", TO_A, 0, {"refused": True}, "B>A:20", "B>A:20", ["refused_by_receiver"]),
    ("receive", TO_A, 0, {"refused": True}, "", "", ["refused_by_receiver", "gap"]),
    ("sell", {}, 3, {}, "A:10", "A:7", []),
    ("use", {}, 3, {}, "A:2 A:5/o", "A:4/o", []),
    ("sell", {}, 3, {}, "A:2", "A:-1", ["short_stock"]),
    ("lose", {}, 3, {}, "A:10", "A:7 A!:3", []),
    ("lose", {}, 3, {}, "A:2 A:5/o A!:1", "A:4/o A!:3 A!:1/o", []),
    ("lose", {}, 3, {}, "A:2", "A:-1 A!:3", ["short_stock"]),
    ("find", {}, 3, {}, "A:7 A!:3", "A:10", []),
    ("find", {}, 3, {}, "A:7 A!:2 A!:5/o", "A:9 A:1/o A!:4/o", []),
    ("find", {}, 3, {"owner": OTHER}, "A!:2 A!:5/o", "A:3/o A!:2 A!:2/o", []),
    ("find", {}, 20, {}, "B>A:20 B!:20", "B>A:20 B!:20 A:20", ["count_differs"]),
    ("find", {}, 3, {}, "A:7 A!:2", "A:10", ["count_differs"]),
    ("destroy", {}, 10, {}, "A:10", "", []),
    ("sample", {}, 1, {}, "A:10", "A:9", []),
    # Told before samples of others were booked.
    ("sample", {"level": Level.VISITOR}, 1, {}, "B:10", "B:10", []),
    ("sample", BY_LAB, 1, BOOKED, "B:10", "B:9", []),
    ("sample", BY_LAB, 2, BOOKED, "B:1/o B:1 A!:4 C>A:5", "A!:4 C>A:5", []),
    ("sample", BY_LAB, 3, BOOKED, "B:2/o", "B:-1/o", ["short_stock"]),
    ("sample", BY_LAB, 1, BOOKED | {"owner": OTHER}, "B:5 B:2/o", "B:5 B:1/o", []),
    ("sample", BY_LAB, 1, BOOKED, "A:3 B:10", "A:2 B:10", []),
    ("sample", {**BY_LAB, "level": Level.REGULATOR}, 1, BOOKED, "B:3 C:10", "B:3 C:10", ["count_differs"]),
    ("sample", BY_LAB, 1, BOOKED, "B>C:3", "B>C:3", ["count_differs"]),
    ("void", {}, 1, {}, "A:10", "A:9", []),
    ("void", {}, 1, {}, "A:10 A=:10", "A:9 A=:9", []),
    ("count", {}, 10, {}, "A:10 A!:3 A=:13", "A:10 A!:3 A=:13", []),
    ("count", {}, 10, {}, "A:10", "A:10", []),
    ("count", {}, 9, {}, "A:10", "A:10", ["count_differs"]),
    ("count", {}, 12, {}, "A:10 A:2/o", "A:10 A:2/o", []),
    ("count", {}, 2, {"owner": OTHER}, "A:10 A:2/o", "A:10 A:2/o", []),
    ("count", {"level": Level.REGULATOR}, 9, {}, "A:10", "A:10", []),
    ("observe", {}, 9, {}, "A:10", "A:10", []),
    ("observe", {}, 11, {}, "A:10", "A:10", ["count_differs"]),
    ("store", {}, 10, {}, "A:10", "A:10", []),
    ("open", {}, 1, {}, "A:10", "A:10", []),
    ("pack", {}, 10, {}, "A:10", "A:10", ["lot_not_packed"]),
    ("temperature", {"breach": True}, 1, {}, "A:10", "A:10", []),
]


@pytest.mark.parametrize(("type", "changes", "quantity", "details", "before", "after", "marks"), BOOKS)
def test_the_books(
    type: str,
    changes: dict[str, object],
    quantity: int,
    details: dict[str, object],
    before: str,
    after: str,
    marks: list[str],
) -> None:
    decision = say(deed(type, **changes), quantity, before, **details)
    expected = {place: number for place, number in books(after).items() if number}
    assert (decision.stock, [mark.value for mark in decision.marks]) == (expected, marks)
    assert decision.holding == ACTIVE, "a lot has no place of its own, and a breach is not the whole lot's"


def test_what_goes_in_leaves_the_books_and_what_comes_out_enters_them() -> None:
    assert say(deed("transform"), 4, "A:10", role="input").stock == books("A:6")
    assert say(deed("transform"), 4, "A:10", role="output").stock == books("A:14")
    blocked = Source(unit_id="x", holding=ACTIVE, around=frozenset(), expires_on=None, here=True, blocked=True)
    decision = move_lot(
        deed("transform"),
        Said(role="output", quantity=4),
        stock={},
        holding=ACTIVE,
        in_force=frozenset(),
        sources=(blocked,),
    )
    assert (decision.stock, decision.marks) == ({}, (Mark.INPUT_BLOCKED,))


@pytest.mark.parametrize(("before", "from_gln"), [("B>A:20", "B"), ("B>:5 C>A:5", "C"), ("", None), ("B>C:5", None)])
def test_whence_a_receiver_took_it(before: str, from_gln: str | None) -> None:
    decision = say(deed("receive", to_gln=None), 5, before)
    assert decision.from_gln == (None if from_gln is None else SITES[from_gln])


HELD = Holding(state=UnitState.ACTIVE, overlays=frozenset({"hold:regulator@11120116MB0000001E"}))


@pytest.mark.parametrize(
    ("type", "marks"),
    [("ship", ["held"]), ("sell", ["held"]), ("receive", ["gap"]), ("count", ["count_differs"]), ("destroy", ["held"])],
)
def test_a_lot_that_is_stopped(type: str, marks: list[str]) -> None:
    decision = say(deed(type), 5, "A:10" if type != "receive" else "", holding=HELD)
    assert [mark.value for mark in decision.marks] == marks
    if marks == ["held"]:
        assert decision.stock == books("A:10")


ISSUED = Issued(station_gln=SITES["C"], code_hash=b"", facts_hash=b"f" * 32, expiry=None, importer=FIRM)
WHO = [
    ("a regulator", {"level": Level.REGULATOR}, ISSUED, []),
    ("its importer, at any site", {}, ISSUED, []),
    ("its first station", {"gln": SITES["C"], "firm": OTHER}, ISSUED, []),
    ("who merely has some", {"firm": OTHER}, ISSUED, ["lot_of_others"]),
    ("of a lot that nobody imported here", {}, None, ["lot_of_others"]),
]


@pytest.mark.parametrize("type", ["hold", "release", "recall", "lift"])
@pytest.mark.parametrize(("name", "changes", "issued", "marks"), WHO)
def test_who_stops_a_whole_lot(
    name: str, changes: dict[str, object], issued: Issued | None, marks: list[str], type: str
) -> None:
    said = _fact(type, **changes)
    line = Line(role="unit", unit=LOT, parent=None, quantity=1)
    assert [mark.value for mark in lasting_marks(said, line, issued=issued)] == marks


def test_a_sample_holds_the_lot_only_for_who_may_stop_it() -> None:
    line = Line(role="unit", unit=LOT, parent=None, quantity=1, attributes={"hold": True})
    theirs, ours = (details_of(_fact("sample", firm=firm), line, issued=ISSUED) for firm in (OTHER, FIRM))
    assert (theirs, ours) == ({"hold": True}, {"hold": True, "answers": True})
    decisions = [say(deed("sample"), 1, "A:10", **details) for details in (theirs, ours)]
    assert [each.marks for each in decisions] == [("hold_not_laid",), ()]
    assert [bool(each.holding.overlays) for each in decisions] == [False, True]
    assert [each.stock for each in decisions] == [books("A:9")] * 2


def test_what_is_known_of_an_import_is_kept_beside_the_line() -> None:
    """How much may be coded, and whether somebody here should have sent it, is not the device's to say."""
    line = Line(role="unit", unit=LOT, parent=None, quantity=9, attributes={"declared": 10**6, "imported": True})
    known = replace(ISSUED, cartons=50)
    said = {
        type: [details_of(_fact(type), line, issued=each) for each in (known, None)] for type in ("commission", "adopt")
    }
    assert said == {"commission": [{"declared": 50}, {}], "adopt": [{"imported": True}, {}]}


def test_a_lot_gets_its_identity_from_its_import() -> None:
    line = Line(role="unit", unit=LOT, parent=None, quantity=9)
    at_station = _fact("commission", gln=SITES["C"], facts_hash=b"f" * 32)
    assert lasting_marks(at_station, line, issued=ISSUED) == ()
    assert lasting_marks(at_station, line, issued=None) == (Mark.NOT_ISSUED,)
    assert lasting_marks(_fact("commission"), line, issued=ISSUED) == (Mark.WRONG_STATION, Mark.FACTS_UNKNOWN)


def test_which_units_are_lots() -> None:
    assert is_lot(LOT)
    for other in ("(01)09506000134352(21)7QK4M2ZX9RTB", "(00)106141412345678908", "U:7QK4M2ZX9RTB5", "zjcold:%2810%29"):
        assert not is_lot(other)


def _fact(type: str, **changes: object) -> Fact:
    said = Fact(type=type, gln=SITES["A"], to_gln=None, event_at=AT, local_date=AT.date(), permitted=True, firm=FIRM)
    return replace(said, **changes)  # type: ignore[arg-type]
