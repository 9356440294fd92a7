"""What each further type of statement does to a unit: docs/guides/custody.md, line by line.

Each line: a name, where the unit is, what is said and by whom, where the unit is then, the marks.  `A` is where the
statement is made, `B` and `C` are elsewhere.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from coldtrace.custody.case_kinds import kinds_of, marks_of
from coldtrace.custody.lots import move_lot
from coldtrace.custody.making import weight_marks
from coldtrace.custody.model import CASE_OF, CaseKind, Deed, Fact, Holding, Issued, Level, Mark, Said, Source, UnitState
from coldtrace.custody.moves import move
from coldtrace.custody.rules import decide, lasting_marks, only_lasting, statement_marks
from coldtrace.events.canonical import JsonValue
from coldtrace.events.units_piece import Line

A, B, C = "9521234000013", "9521234000020", "9521234000037"
FIRM = "91120116MA05TE5T1N"
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
P, X = "(00)395212340000000014", "(00)395212340000000038"
UNIT, NEW = "(01)19521234543210(21)7QK4M2ZX9RTB", "(01)19521234543210(21)7QK4M2ZX9RTC"
OLD, LOT = "(01)19521234543210(21)7QK4M2ZX9RTD", "(01)09506000134352(10)L2409A17"
COUNTER = "U:7QK4M2ZX9RTB5"
ISSUED = Issued(station_gln=A, code_hash=b"c" * 32, facts_hash=None, expiry=date(2028, 9, 3), net_g=20_000)

UNKNOWN, BLANK = Holding(state=UnitState.UNKNOWN), Holding(state=UnitState.BLANK)


def at(gln: str, parent: str | None = None) -> Holding:
    return Holding(state=UnitState.ACTIVE, gln=gln, parent=parent)


def sent(gln: str, to: str | None) -> Holding:
    return Holding(state=UnitState.IN_TRANSIT, gln=gln, to_gln=to)


def is_(state: str, gln: str = A, **more: object) -> Holding:
    return replace(Holding(state=UnitState(state), gln=gln), **more)  # type: ignore[arg-type]


def fact(type: str, **changes: object) -> Fact:
    said = Fact(type=type, gln=A, to_gln=None, event_at=AT, local_date=AT.date(), permitted=True, firm=FIRM)
    return replace(said, **changes)  # type: ignore[arg-type]


OFFICE: dict[str, object] = {"level": Level.REGULATOR, "firm": "11120000000000000X"}
LAB: dict[str, object] = {"level": Level.VISITOR}
LOOKING = [(type, before, {}, after, marks) for type in ("store", "count", "sample") for before, after, marks in [
    (at(A), at(A), []),
    (is_("opened"), is_("opened"), []),
    (at(B), at(B), ["not_here"]),
    (sent(B, A), sent(B, A), ["not_here"]),
    (is_("sold", B), is_("sold", B), ["after_sale"]),
    (is_("used", B), is_("used", B), ["after_end"]),
    (is_("lost", B), at(A), ["found_again"]),
    (BLANK, BLANK, ["not_commissioned"]),
    (UNKNOWN, UNKNOWN, ["not_commissioned"]),
]] + [(type, before, changes, after, marks) for type in ("observe", "inspect") for before, changes, after, marks in [
    (at(A), {}, at(A), []),
    (at(B), {}, at(B), ["not_here"]),
    (at(B), OFFICE, at(B), []),
    (sent(B, C), {}, sent(B, C), []),
    (is_("transformed", B), OFFICE, is_("transformed", B), ["after_end"]),
    (is_("lost", B), {}, at(A), ["found_again"]),
    (is_("lost", B), OFFICE, is_("lost", B), ["found_again"]),
    (at(B), LAB, at(B), []),
    (is_("lost", B), LAB, is_("lost", B), ["found_again"]),
]] + [("sample", at(B), LAB, at(B), [])]  # fmt: skip
MOVING = [
    ("adopt", "a foreign box", UNKNOWN, {}, at(A), []),
    ("adopt", "sent here", sent(B, A), {}, at(A), []),
    ("adopt", "one of ours that nobody sent", at(B), {}, at(A), ["gap"]),
    ("adopt", "again", at(A), {}, at(A), ["already_received"]),
    ("adopt", "a label of ours that was never bound", BLANK, {}, at(A), ["not_commissioned"]),
    ("open", "stock", at(A), {}, is_("opened"), []),
    ("open", "off its pallet", at(A, P), {}, is_("opened"), ["still_packed"]),
    ("open", "from elsewhere", at(B), {}, is_("opened"), ["not_here"]),
    ("open", "twice", is_("opened"), {}, is_("opened"), ["already_opened"]),
    ("use", "stock", at(A), {}, is_("used"), []),
    ("use", "an opened case", is_("opened"), {}, is_("used"), []),
    ("use", "twice", is_("used"), {}, is_("used"), ["after_end"]),
    ("use", "sold before", is_("sold", B), {}, is_("used"), ["after_sale"]),
    ("sell", "an opened case", is_("opened"), {}, is_("sold"), []),
    ("sell", "used before", is_("used", B), {}, is_("sold"), ["after_end"]),
    ("sell", "reported lost", is_("lost", B), {}, is_("sold"), ["found_again"]),
    ("ship", "an opened case", is_("opened", counter=COUNTER), {"to_gln": B}, sent(A, B), []),
    ("ship", "reported lost", is_("lost", A), {"to_gln": B}, sent(A, B), ["found_again"]),
    ("receive", "reported lost", is_("lost", B), {}, at(A), ["found_again"]),
    ("receive", "exported before", is_("exported", B), {}, at(A), ["after_end"]),
    ("receive", "transformed before", is_("transformed", B), {}, at(A), ["after_end"]),
    ("return", "to whom it came from", at(A), {"to_gln": B}, sent(A, B), []),
    ("return", "to nobody we know", at(A), {"receiver_registered": False}, sent(A, None), ["receiver_unregistered"]),
    ("return", "twice", sent(A, B), {"to_gln": B}, sent(A, B), ["already_shipped"]),
    ("return", "abroad", at(A), {"abroad": True, "receiver_registered": False}, is_("exported"), []),
    ("return", "abroad, what others keep", at(B), {"abroad": True}, at(B), ["not_custodian"]),
    ("return", "abroad, what others send each other", sent(B, C), {"abroad": True}, sent(B, C), ["not_custodian"]),
    ("return", "past its expiry", at(A), {"to_gln": B, "local_date": date(2029, 1, 1)}, sent(A, B), []),
    ("lose", "stock", at(A), {}, is_("lost"), []),
    ("lose", "off a pallet", at(A, P), {}, is_("lost"), ["still_packed"]),
    ("lose", "on the way here", sent(B, A), {}, is_("lost"), []),
    ("lose", "on the way from here", sent(A, B), {}, is_("lost"), []),
    ("lose", "what others keep", at(B), {}, at(B), ["not_custodian"]),
    ("lose", "what others send each other", sent(B, C), {}, sent(B, C), ["not_custodian"]),
    ("lose", "twice", is_("lost", B), {}, is_("lost", B), []),
    ("lose", "sold", is_("sold", A), {}, is_("sold", A), ["not_custodian"]),
    ("find", "what was lost", is_("lost", B), {}, at(A), []),
    ("find", "what was not lost", at(A), {}, at(A), []),
    ("find", "what the record has elsewhere", at(B), {}, at(B), ["not_here"]),
    ("destroy", "stock", at(A), {}, is_("destroyed"), []),
    ("destroy", "an opened case", is_("opened"), {}, is_("destroyed"), []),
    ("destroy", "what others keep", at(B), {}, at(B), ["not_custodian"]),
    ("destroy", "what others keep, by a laboratory", at(B), LAB, at(B), ["not_custodian"]),
    ("destroy", "what others keep, by a regulator", at(B), OFFICE, is_("destroyed"), []),
    ("destroy", "a label of nobody", UNKNOWN, {}, UNKNOWN, ["not_custodian"]),
    ("void", "a label that was never used", BLANK, {}, is_("void"), []),
    ("void", "spoiled goods still here", at(A), {}, is_("void"), []),
    ("void", "goods that have left", sent(A, B), {}, sent(A, B), ["not_voidable"]),
    ("temperature", "in transit", sent(B, C), {}, sent(B, C), []),
]  # fmt: skip


@pytest.mark.parametrize(("type", "before", "changes", "after", "marks"), LOOKING)
def test_looking(type: str, before: Holding, changes: dict[str, object], after: Holding, marks: list[str]) -> None:
    decision = decide(fact(type, **changes), _line(), holding=before, effective=before, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


@pytest.mark.parametrize(("type", "name", "before", "changes", "after", "marks"), MOVING)
def test_moving(
    type: str, name: str, before: Holding, changes: dict[str, object], after: Holding, marks: list[str]
) -> None:
    decision = decide(fact(type, **changes), _line(), holding=before, effective=before, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


def _line(role: str = "unit", quantity: int = 1, unit: str = UNIT, **attributes: object) -> Line:
    return Line(role=role, unit=unit, parent=None, quantity=quantity, attributes=attributes)  # type: ignore[arg-type]


@pytest.mark.parametrize("type", ["ship", "sell", "use", "open"])
@pytest.mark.parametrize(("day", "expired"), [(date(2028, 9, 3), False), (date(2028, 9, 4), True)])
def test_nothing_goes_on_past_its_last_day(type: str, day: date, expired: bool) -> None:
    decision = decide(fact(type, local_date=day), _line(), holding=at(A), effective=at(A), issued=ISSUED)
    assert (decision.blocked, Mark.EXPIRED in decision.marks) == (expired, expired)


def test_the_last_day_of_a_statement_counts_too() -> None:
    aged = replace(at(A), expires_on=date(2026, 11, 22))
    assert decide(fact("sell"), _line(), holding=aged, effective=aged, issued=None).marks == (Mark.EXPIRED,)


@pytest.mark.parametrize(
    ("issued", "marks"),
    [
        (None, ["not_issued", "not_voidable"]),
        (replace(ISSUED, station_gln=B), ["wrong_station", "not_voidable"]),
        (ISSUED, []),
    ],
)
def test_a_code_is_voided_by_its_station(issued: Issued | None, marks: list[str]) -> None:
    decision = decide(fact("void"), _line(), holding=BLANK, effective=BLANK, issued=issued)
    assert (list(decision.marks), decision.blocked) == (marks, bool(marks))


def test_an_opened_case_names_its_counter_until_it_moves_on() -> None:
    opened = decide(fact("open"), _line(counter=COUNTER), holding=at(A), effective=at(A), issued=ISSUED).holding
    assert opened == is_("opened", counter=COUNTER)
    other = decide(fact("open"), _line(counter=f"{COUNTER}X"), holding=opened, effective=opened, issued=ISSUED)
    assert (other.holding.counter, other.marks) == (f"{COUNTER}X", ())
    assert decide(fact("sell"), _line(), holding=opened, effective=opened, issued=ISSUED).holding == is_("sold")
    packed = move(fact("pack"), Said(role="child", parent=P), holding=opened, effective=opened).holding
    assert packed == is_("opened", counter=COUNTER, parent=P)


def test_the_day_of_an_import_is_judged_once_and_that_of_a_statement_in_its_order() -> None:
    """The first is lasting, the second is what `move` says of the unit as it was then; days are local ones."""
    by_import = fact("ship", local_date=date(2028, 9, 4))
    assert lasting_marks(by_import, _line(), issued=ISSUED) == (Mark.EXPIRED,)
    assert only_lasting("ship", ("expired", "gap"), {"past_day": True}) == (Mark.EXPIRED,)
    assert only_lasting("ship", ("expired", "gap"), {}) == ()
    aged, evening = replace(at(A), expires_on=date(2026, 11, 22)), datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    for moment, day, expired in (
        (evening, None, False),
        (evening + timedelta(hours=1), None, True),
        (evening, "2026-11-23", True),
        (evening + timedelta(hours=1), "2026-11-22", False),
    ):
        deed = Deed(type="ship", gln=A, to_gln=B, event_at=moment, day=day)
        told = move(deed, Said(role="unit"), holding=aged, effective=aged)
        assert (told.marks, told.blocked) == (((Mark.EXPIRED,), True) if expired else ((), False))
        lot = move_lot(deed, Said(role="unit"), stock={}, holding=aged, in_force=frozenset())
        assert lot.marks == ((Mark.EXPIRED,) if expired else (Mark.SHORT,))
        assert move(replace(deed, type="receive"), Said(role="unit"), holding=aged, effective=aged).blocked is False


REFUSED = [
    ("sent here", sent(B, A), {"refused": "too warm"}, sent(B, A), ["refused_by_receiver"]),
    ("never sent", at(B), {"refused": "not ordered"}, at(B), ["refused_by_receiver", "gap"]),
    ("no reason", sent(B, A), {}, sent(B, A), ["reason_missing", "refused_by_receiver"]),
    ("yes, it is", sent(B, A), {"refused": True}, sent(B, A), ["reason_missing", "refused_by_receiver"]),
    ("blank", sent(B, A), {"refused": " "}, sent(B, A), ["reason_missing", "refused_by_receiver"]),
]


@pytest.mark.parametrize(("name", "before", "attributes", "after", "marks"), REFUSED)
def test_refused_at_the_door(
    name: str, before: Holding, attributes: dict[str, object], after: Holding, marks: list[str]
) -> None:
    line = _line(quantity=0, **attributes)
    decision = decide(fact("receive"), line, holding=before, effective=before, issued=ISSUED)
    assert (decision.holding, list(decision.marks), decision.blocked) == (after, marks, False)


ONE = [
    ("fifty of one", "ship", 50, {}, ["not_one"]),
    ("none of one", "ship", 0, {}, ["not_one"]),
    ("one", "ship", 1, {}, []),
    ("none was counted", "count", 0, {}, ["not_one"]),
    ("refused at the door", "receive", 0, {"refused": "warm"}, ["refused_by_receiver", "gap"]),
    ("two refused", "receive", 2, {"refused": "warm"}, ["not_one", "already_received"]),
]


@pytest.mark.parametrize("unit", [UNIT, P])
@pytest.mark.parametrize(("name", "type", "quantity", "attributes", "marks"), ONE)
def test_one_code_is_one_unit(
    unit: str, name: str, type: str, quantity: int, attributes: dict[str, object], marks: list[str]
) -> None:
    """A serial or a pallet is one thing: it moves as one, and what says otherwise is marked."""
    line = replace(_line(quantity=quantity, **attributes), unit=unit)
    decision = decide(fact(type, to_gln=B), line, holding=at(A), effective=at(A), issued=ISSUED)
    assert (list(decision.marks), decision.blocked) == (marks, False)
    assert only_lasting(type, decision.marks, {}) == tuple(mark for mark in marks if mark == "not_one")


def test_a_lot_has_any_quantity_and_what_is_barred_says_so_alone() -> None:
    lot = replace(_line(quantity=50), unit="(01)19521234543210(10)L1")
    assert lasting_marks(fact("ship"), lot, issued=ISSUED) == ()
    assert lasting_marks(fact("ship", permitted=False), _line(quantity=50), issued=ISSUED) == ("not_permitted",)
    assert CASE_OF[Mark.NOT_ONE] is CaseKind.QUANTITY_MISMATCH


USED_UP = is_("transformed", left_g=0)
INPUT = [
    ("all of it", at(A), {}, USED_UP, []),
    ("all of its weight", at(A), {"net_g": 20_000}, USED_UP, []),
    ("a part of its weight", at(A), {"net_g": 19_999}, is_("opened", left_g=1), []),
    ("the rest of an opened case", is_("opened", left_g=500), {}, USED_UP, []),
    ("a part of the rest", is_("opened", left_g=500), {"net_g": 200}, is_("opened", left_g=300), []),
    ("exactly the rest", is_("opened", left_g=500), {"net_g": 500}, USED_UP, []),
    ("a scale's error", at(A), {"net_g": 20_200}, USED_UP, []),
    ("more than it weighs", at(A), {"net_g": 20_201}, USED_UP, ["mass_balance"]),
    ("more than is left", is_("opened", left_g=500), {"net_g": 600}, USED_UP, ["mass_balance"]),
    ("off its pallet", at(A, P), {}, USED_UP, ["still_packed"]),
    ("from elsewhere", at(B), {}, USED_UP, ["not_here"]),
    ("never bound", BLANK, {}, USED_UP, ["not_commissioned"]),
    ("twice", USED_UP, {}, USED_UP, ["after_end"]),
    ("twice, weighed", USED_UP, {"net_g": 20_000}, USED_UP, ["after_end", "mass_balance"]),
]


@pytest.mark.parametrize(("name", "before", "attributes", "after", "marks"), INPUT)
def test_what_goes_in(
    name: str, before: Holding, attributes: dict[str, object], after: Holding, marks: list[str]
) -> None:
    decision = decide(fact("transform"), _line("input", **attributes), holding=before, effective=before, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


def source(
    before: Holding, *, around: frozenset[str] = frozenset(), here: bool = True, blocked: bool = False
) -> Source:
    return Source(unit_id=UNIT, holding=before, around=around, expires_on=date(2028, 9, 3), here=here, blocked=blocked)


BREACH = frozenset({"temp_breach"})
OUTPUT = [
    ("a new code", BLANK, source(at(A)), at(A), []),
    ("a code that is in use", at(B), source(at(A)), at(B), ["already_commissioned"]),
    ("of goods that were blocked", BLANK, source(at(A), blocked=True), BLANK, ["input_blocked"]),
    (
        "of goods that were too warm",
        BLANK,
        source(replace(at(A), overlays=BREACH)),
        replace(at(A), overlays=BREACH),
        [],
    ),
    ("of a pallet that was too warm", BLANK, source(at(A, P), around=BREACH), replace(at(A), overlays=BREACH), []),
]


@pytest.mark.parametrize(("name", "before", "of", "after", "marks"), OUTPUT)
def test_what_comes_out(name: str, before: Holding, of: Source, after: Holding, marks: list[str]) -> None:
    decision = move(fact("transform"), Said(role="output"), holding=before, effective=before, sources=(of,))
    made = after if marks else replace(after, expires_on=date(2028, 9, 3))
    assert (decision.holding, list(decision.marks)) == (made, marks)


HELD = frozenset({f"hold:firm@{FIRM}"})
RELABEL = [
    ("in its place", source(at(A)), at(A)),
    ("on its pallet", source(at(A, P)), at(A, P)),
    ("under its hold", source(replace(at(A), overlays=HELD)), replace(at(A), overlays=HELD)),
    ("its pallet's hold stays on the pallet", source(at(A, P), around=HELD), at(A, P)),
    ("opened at its counter", source(is_("opened", counter=COUNTER)), is_("opened", counter=COUNTER)),
    ("off a pallet that the record has elsewhere", source(at(B, P), here=False, around=HELD),
     replace(at(A), overlays=HELD)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "of", "after"), RELABEL)
def test_a_new_label_takes_the_place_of_the_old(name: str, of: Source, after: Holding) -> None:
    decision = move(fact("relabel"), Said(role="output"), holding=BLANK, effective=BLANK, sources=(of,))
    assert (decision.holding, decision.marks) == (replace(after, expires_on=date(2028, 9, 3)), ())


def test_of_several_old_labels_the_new_one_names_its_own() -> None:
    other = replace(source(at(A, X)), unit_id=NEW)
    said = Said(role="output", details={"from": UNIT})
    decision = move(fact("relabel"), said, holding=BLANK, effective=BLANK, sources=(source(at(A, P)), other))
    assert decision.holding.parent == P


@pytest.mark.parametrize("named", [None, "(01)19521234543210(21)7QK4M2ZX9RTX"])
def test_where_nobody_can_tell_which_all_that_lay_on_any_lies_on_the_new_one(named: str | None) -> None:
    said = Said(role="output", details={} if named is None else {"from": named})
    lot = replace(source(at(A)), unit_id=OLD, of_lot=frozenset({"recall@X"}), expires_on=date(2028, 1, 1))
    of = (source(replace(at(A), overlays=HELD)), lot, source(at(A, P), around=BREACH))
    decision = move(fact("relabel"), said, holding=BLANK, effective=BLANK, sources=of)
    lies = HELD | BREACH | {"recall@X"}
    assert decision.holding == replace(at(A), overlays=lies, expires_on=date(2028, 1, 1))


def test_what_lies_on_its_lot_lies_on_a_new_label_of_another() -> None:
    of = replace(source(at(A)), of_lot=frozenset({"recall@X"}))
    decision = move(fact("relabel"), Said(role="output"), holding=BLANK, effective=BLANK, sources=(of,))
    assert decision.holding.overlays == {"recall@X"}


DAYS = [
    ("of its input", {}, date(2028, 9, 3)),
    ("an earlier one of its own", {"expiry": "2028-03-01"}, date(2028, 3, 1)),
    ("a later one does not count", {"expiry": "2029-03-01"}, date(2028, 9, 3)),
    ("but by a document", {"expiry": "2029-03-01", "paper": True}, date(2029, 3, 1)),
]


@pytest.mark.parametrize(("name", "details", "day"), DAYS)
def test_the_last_day_of_what_comes_out(name: str, details: dict[str, str | bool], day: date) -> None:
    said = Said(role="output", details=details)
    decision = move(fact("transform"), said, holding=BLANK, effective=BLANK, sources=(source(at(A)),))
    assert decision.holding.expires_on == day


@pytest.mark.parametrize(("said", "after"), [("2029-01-01", date(2028, 9, 3)), ("2028-01-01", date(2028, 1, 1))])
def test_taking_goods_in_makes_them_last_no_longer(said: str, after: date) -> None:
    before = replace(sent(B, A), expires_on=date(2028, 9, 3))
    decision = decide(fact("adopt"), _line(expiry=said), holding=before, effective=before, issued=None)
    assert decision.holding.expires_on == after


BLOCKED_INTO_LOT = [
    ("transform", UNIT, True, "hold:firm@X", "held"),
    ("transform", UNIT, True, "temp_breach", "temp_breach"),
    ("transform", UNIT, False, "temp_breach", None),
    ("relabel", UNIT, True, "hold:firm@X", "held"),
    ("relabel", UNIT, True, "recall@X", "recalled"),
    ("relabel", UNIT, True, "clone_suspect", "clone_suspect"),
    ("relabel", UNIT, False, "hold:firm@X", None),
]


@pytest.mark.parametrize(("type", "unit", "into_lot", "lies", "mark"), BLOCKED_INTO_LOT)
def test_what_something_lies_on_becomes_no_part_of_a_lot(
    type: str, unit: str, into_lot: bool, lies: str, mark: str | None
) -> None:
    before = replace(at(A), overlays=frozenset({lies}))
    said = Said(role="input", details={"into_lot": True} if into_lot else {})
    decision = move(fact(type), said, holding=before, effective=before)
    assert decision.marks == (() if mark is None else (mark,))


@pytest.mark.parametrize(
    ("attributes", "earliest", "marks"),
    [
        ({}, date(2028, 9, 3), []),
        ({"expiry": "2028-09-03"}, date(2028, 9, 3), []),
        ({"expiry": "2028-09-04"}, date(2028, 9, 3), ["outlives_input"]),
        ({"expiry": "2028-09-04", "shelf_life_paper": "LAB-7"}, date(2028, 9, 3), []),
        ({"expiry": "2028-09-04"}, None, []),
        ({"expiry": "soon"}, date(2028, 9, 3), []),
    ],
)
def test_nothing_outlives_what_it_is_made_of(
    attributes: dict[str, object], earliest: date | None, marks: list[str]
) -> None:
    found = lasting_marks(fact("transform"), _line("output", **attributes), issued=ISSUED, earliest_input=earliest)
    assert list(found) == marks


WEIGHTS = [
    ("nothing is weighed", [None], [None], {}, []),
    ("one is not weighed", [1000, None], [5000], {}, []),
    ("all of it", [1000], [600, 400], {}, []),
    ("a scale's error", [1000], [1010], {}, []),
    ("more than a scale's error", [1000], [1011], {}, ["mass_balance"]),
    ("a small loss", [600, 400], [970], {}, []),
    ("a loss", [1000], [969], {}, ["loss_unexplained"]),
    ("a loss with its reason", [1000], [500], {"loss_reason": "bones"}, []),
    ("something of nothing", [0], [1], {}, ["mass_balance"]),
]


@pytest.mark.parametrize(("name", "went_in", "came_out", "more", "marks"), WEIGHTS)
def test_weights(
    name: str, went_in: list[int | None], came_out: list[int | None], more: dict[str, object], marks: list[str]
) -> None:
    lines = [
        *(_line("input") for _ in went_in),
        *(_line("output", **more) for _ in came_out),
    ]
    assert [*weight_marks(lines, dict(enumerate([*went_in, *came_out])))] == marks


PAIRS = [
    ("one for one", [UNIT], [None], []),
    ("each names its own", [UNIT, OLD], [OLD, UNIT], []),
    ("several and no names", [UNIT, OLD], [None, None], ["labels_unpaired"]),
    ("two of one", [UNIT], [UNIT, UNIT], ["labels_unpaired"]),
    ("one that none takes the place of", [UNIT, OLD], [UNIT], ["labels_unpaired"]),
    ("one that none takes the place of, and none is named", [UNIT, OLD], [None], ["labels_unpaired"]),
    ("goods by lot have no labels of their own", [LOT, LOT], [None], []),
]


@pytest.mark.parametrize(("name", "old", "named", "marks"), PAIRS)
def test_new_labels_are_named_one_for_one(name: str, old: list[str], named: list[str | None], marks: list[str]) -> None:
    lines = [
        *(_line("input", unit=unit) for unit in old),
        *(_line("output", unit=NEW, **({} if unit is None else {"from": unit})) for unit in named),
    ]
    assert statement_marks("relabel", level=Level.FIRM, fields={}, lines=lines) == [Mark(mark) for mark in marks]


REASONS = [
    ("hold", Level.FIRM, {"reason": "damp cartons"}, []),
    ("hold", Level.FIRM, {}, ["reason_missing"]),
    ("hold", Level.FIRM, {"reason": "  "}, ["reason_missing"]),
    ("hold", Level.REGULATOR, {"reason": "lab"}, ["reason_missing"]),
    ("recall", Level.REGULATOR, {"reason": "lab", "order_no": "TJ-2026-7"}, []),
    ("recall", Level.FIRM, {"reason": 7}, ["reason_missing"]),
    ("destroy", Level.FIRM, {"method": "burnt", "witness": "W2", "staff": "W1"}, []),
    ("destroy", Level.FIRM, {"method": "burnt", "witness": "W1", "staff": "W1"}, ["witness_missing"]),
    ("destroy", Level.FIRM, {"method": "burnt"}, ["witness_missing"]),
    ("destroy", Level.FIRM, {"witness": "W2"}, ["witness_missing"]),
    ("release", Level.FIRM, {}, []),
    ("lose", Level.FIRM, {"reason": "stolen"}, []),
    ("lose", Level.FIRM, {"record_no": "P-7"}, ["reason_missing"]),
    ("sample", Level.REGULATOR, {}, ["reference_missing"]),
    ("sample", Level.FIRM, {"record_no": "S-7"}, []),
    ("sample", Level.FIRM, {"order_no": "TJ-7"}, []),
    ("return", Level.FIRM, {"reason": "thawed"}, ["reference_missing"]),
    *(("return", Level.FIRM, {name: "7"}, []) for name in ("voucher", "order_no", "record_no", "ref")),
]

BURNT = {"method": "burnt", "witness": "W2", "staff": "W1"}
DESTROYED: list[tuple[str, dict[str, JsonValue], dict[str, object], list[str]]] = [
    (UNIT, {}, {}, []),
    ("(00)395212340000000014", {}, {}, []),
    (LOT, {}, {}, ["reference_missing"]),
    (LOT, {"net_g": 20_000}, {}, []),
    (LOT, {}, {"record_no": "D-7"}, []),
    ("zjcold:91%2F0042", {}, {"order_no": "TJ-7"}, []),
    ("zjcold:91%2F0042", {"net_g": "heavy"}, {}, ["reference_missing"]),
]


@pytest.mark.parametrize(("unit", "said", "fields", "marks"), DESTROYED)
def test_it_follows_how_much_was_destroyed(
    unit: str, said: dict[str, JsonValue], fields: dict[str, object], marks: list[str]
) -> None:
    found = statement_marks("destroy", level=Level.FIRM, fields=BURNT | fields, lines=[_line(unit=unit, **said)])
    assert found == [Mark(mark) for mark in marks]


def test_a_reference_that_is_missing_is_only_noted() -> None:
    assert kinds_of(["reference_missing"]) == set()
    assert kinds_of(["reason_missing"]) == {CaseKind.CONFLICT}


def test_a_refusal_without_a_reason_is_one_case_and_not_two() -> None:
    marks = ["refused_by_receiver", "reason_missing"]
    assert kinds_of(marks) == {CaseKind.REFUSED_HANDOVER}
    assert marks_of(CaseKind.REFUSED_HANDOVER, marks) == marks


@pytest.mark.parametrize(("type", "level", "fields", "marks"), REASONS)
def test_reasons_and_witnesses(type: str, level: Level, fields: dict[str, object], marks: list[str]) -> None:
    assert statement_marks(type, level=level, fields=fields, lines=[]) == [Mark(mark) for mark in marks]


@pytest.mark.parametrize(
    ("unit", "marks"),
    [("nobody:91%2F0042", ["unknown_scheme"]), ("zjcold:91%2F0042", []), (UNIT, []), ("(00)395212340000000014", [])],
)
def test_a_foreign_code_is_of_a_known_scheme(unit: str, marks: list[str]) -> None:
    found = lasting_marks(fact("adopt"), _line(unit=unit), issued=None)
    assert list(found) == marks


def test_what_is_on_a_destroyed_pallet_is_destroyed() -> None:
    decision = move(fact("receive"), Said(role="unit"), holding=at(A, P), effective=is_("destroyed"))
    assert (decision.holding, decision.marks) == (at(A, P), (Mark.TERMINAL,))


def test_a_serial_that_was_made_up_under_a_gtin_that_is_coded_here() -> None:
    assert lasting_marks(fact("adopt"), _line(), issued=None, looks_issued=True) == (Mark.NOT_ISSUED,)
    assert lasting_marks(fact("adopt"), _line(), issued=None) == ()
    assert lasting_marks(fact("receive"), _line(), issued=None, looks_issued=True) == ()
    assert only_lasting("adopt", ("not_issued", "gap"), {}) == (Mark.NOT_ISSUED,)
