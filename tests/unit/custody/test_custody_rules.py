"""What one statement does to one unit: the business table of domain guide section 4, line by line.

Each line: a name, where the unit is, the statement, where the unit is then, the marks.  Places are one letter: `A` is
where the statement is made, `B` and `C` are elsewhere.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from coldtrace.custody.model import Fact, Holding, Inside, Issued, Mark, Said, UnitState
from coldtrace.custody.moves import move
from coldtrace.custody.rules import decide, lasting_marks, only_lasting
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64

A, B, C = "9521234000013", "9521234000020", "9521234000037"
CODE, FACTS = b"c" * 32, b"f" * 32
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
TODAY = date(2026, 11, 23)
P, Q = "(00)395212340000000014", "(00)395212340000000021"
UNIT = "(01)19521234543210(21)7QK4M2ZX9RTB"

UNKNOWN = Holding(state=UnitState.UNKNOWN)
BLANK = Holding(state=UnitState.BLANK)
DESTROYED = Holding(state=UnitState.DESTROYED, gln=A)
VOID = Holding(state=UnitState.VOID, gln=A)
ISSUED = Issued(station_gln=A, code_hash=CODE, facts_hash=FACTS, expiry=date(2028, 9, 3))


def at(gln: str, parent: str | None = None) -> Holding:
    return Holding(state=UnitState.ACTIVE, gln=gln, parent=parent)


def sent(gln: str, to: str | None, parent: str | None = None) -> Holding:
    return Holding(state=UnitState.IN_TRANSIT, gln=gln, to_gln=to, parent=parent)


def sold(gln: str) -> Holding:
    return Holding(state=UnitState.SOLD, gln=gln)


def fact(type: str, **changes: object) -> Fact:
    said = Fact(type=type, gln=A, to_gln=None, event_at=AT, local_date=TODAY, permitted=True, facts_hash=FACTS)
    return replace(said, **changes)  # type: ignore[arg-type]


def line(role: str = "unit", parent: str | None = None, code: bytes | None = CODE) -> Line:
    return Line(role=role, unit=UNIT, parent=parent, quantity=1, attributes={} if code is None else {"code": b64(code)})


COMMISSION = [
    ("a drawn code", BLANK, fact("commission"), ISSUED, at(A), []),
    ("a code of nobody", UNKNOWN, fact("commission"), None, at(A), ["not_issued"]),
    ("a code whose import was undone", BLANK, fact("commission"), None, at(A), ["not_issued"]),
    ("at another station", BLANK, fact("commission", gln=B), ISSUED, at(B), ["wrong_station"]),
    ("other facts", BLANK, fact("commission", facts_hash=b"x" * 32), ISSUED, at(A), ["facts_unknown"]),
    ("no facts", BLANK, fact("commission", facts_hash=None), ISSUED, at(A), ["facts_unknown"]),
    ("a pallet has no facts", BLANK, fact("commission"), replace(ISSUED, facts_hash=None), at(A), []),
    ("twice", at(A), fact("commission"), ISSUED, at(A), ["already_commissioned"]),
    ("after it left", sent(A, B), fact("commission"), ISSUED, sent(A, B), ["already_commissioned"]),
    ("all wrong", BLANK, fact("commission", gln=B, facts_hash=None), ISSUED, at(B), ["wrong_station", "facts_unknown"]),
    ("past its expiry is no matter yet", BLANK, fact("commission", local_date=date(2030, 1, 1)), ISSUED, at(A), []),
]


@pytest.mark.parametrize(("name", "before", "statement", "issued", "after", "marks"), COMMISSION)
def test_commission(
    name: str, before: Holding, statement: Fact, issued: Issued | None, after: Holding, marks: list[str]
) -> None:
    decision = decide(statement, line(), holding=before, effective=before, issued=issued)
    assert (decision.holding, list(decision.marks)) == (after, marks)


@pytest.mark.parametrize(("code", "marks"), [(CODE, []), (b"x" * 32, ["code_mismatch"]), (None, ["code_mismatch"])])
def test_commission_names_the_printed_code(code: bytes | None, marks: list[str]) -> None:
    assert list(lasting_marks(fact("commission"), line(code=code), issued=ISSUED)) == marks


PACK_PARENT = [
    ("a new pallet", BLANK, BLANK, at(A), []),
    ("a pallet without a code of ours", UNKNOWN, UNKNOWN, at(A), []),
    ("more onto a pallet that is here", at(A), at(A), at(A), []),
    ("a pallet in a container that is here", at(B, Q), at(A), at(B, Q), []),
    ("a pallet that is elsewhere", at(B), at(B), at(A), ["not_here"]),
    ("a pallet in a container elsewhere", at(A, Q), at(B), at(A), ["not_here", "still_packed"]),
    ("a pallet in transit", sent(B, A), sent(B, A), at(A), ["not_here"]),
    ("a pallet that was sold", sold(A), sold(A), at(A), ["after_sale"]),
]


@pytest.mark.parametrize(("name", "before", "effective", "after", "marks"), PACK_PARENT)
def test_pack_parent(name: str, before: Holding, effective: Holding, after: Holding, marks: list[str]) -> None:
    decision = decide(fact("pack"), line("parent"), holding=before, effective=effective, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


PACK_CHILD = [
    ("a loose carton", at(A), at(A), at(A, P), []),
    ("a carton that was never bound", BLANK, BLANK, at(A, P), ["not_commissioned"]),
    ("a carton that nobody knows", UNKNOWN, UNKNOWN, at(A, P), ["not_commissioned"]),
    ("a carton from elsewhere", at(B), at(B), at(A, P), ["not_here"]),
    ("a carton in transit", sent(B, A), sent(B, A), at(A, P), ["not_here"]),
    ("a carton that was sold", sold(A), sold(A), at(A, P), ["after_sale"]),
    ("from another pallet here", at(A, Q), at(A), at(A, P), ["already_packed"]),
    ("from another pallet elsewhere", at(A, Q), at(B), at(A, P), ["not_here", "already_packed"]),
    ("onto the same pallet again", at(A, P), at(A), at(A, P), []),
]


@pytest.mark.parametrize(("name", "before", "effective", "after", "marks"), PACK_CHILD)
def test_pack_child(name: str, before: Holding, effective: Holding, after: Holding, marks: list[str]) -> None:
    decision = decide(fact("pack"), line("child", P), holding=before, effective=effective, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


UNPACK = [
    ("off its pallet", at(A, P), at(A), at(A), []),
    ("off its pallet, which came from elsewhere", at(B, P), at(A), at(A), []),
    ("off a pallet that is elsewhere", at(A, P), at(B), at(A), ["not_here"]),
    ("off a pallet that is still in transit", at(A, P), sent(B, A), at(A), ["not_here"]),
    ("off a pallet it was not on", at(A), at(A), at(A), ["not_in_parent"]),
    ("off the wrong pallet", at(A, Q), at(A), at(A), ["not_in_parent"]),
    ("never bound", BLANK, BLANK, at(A), ["not_commissioned", "not_in_parent"]),
    ("sold", sold(A), sold(A), at(A), ["after_sale", "not_in_parent"]),
]


@pytest.mark.parametrize("role", ["child", "implied"])
@pytest.mark.parametrize(("name", "before", "effective", "after", "marks"), UNPACK)
def test_unpack(name: str, before: Holding, effective: Holding, after: Holding, marks: list[str], role: str) -> None:
    decision = decide(fact("unpack"), line(role, P), holding=before, effective=effective, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


def test_unpacking_leaves_the_pallet_where_it_is() -> None:
    decision = decide(fact("unpack"), line("parent"), holding=at(B), effective=at(B), issued=ISSUED)
    assert (decision.holding, decision.marks) == (at(B), ())


SHIP = [
    ("stock", at(A), at(A), {}, sent(A, B), []),
    ("a pallet in a container here", at(B, Q), at(A), {}, sent(A, B), ["still_packed"]),
    ("not here", at(C), at(C), {}, sent(A, B), ["not_here"]),
    ("never bound", BLANK, BLANK, {}, sent(A, B), ["not_commissioned"]),
    ("nobody's", UNKNOWN, UNKNOWN, {}, sent(A, B), ["not_commissioned"]),
    ("twice", sent(A, C), sent(A, C), {}, sent(A, B), ["already_shipped"]),
    ("on a pallet that has left", at(A, P), sent(A, C), {}, sent(A, B), ["already_shipped", "still_packed"]),
    ("sold", sold(A), sold(A), {}, sent(A, B), ["after_sale"]),
    ("to nobody we know", at(A), at(A), {"receiver_registered": False}, sent(A, B), ["receiver_unregistered"]),
    ("on the last day", at(A), at(A), {"local_date": date(2028, 9, 3)}, sent(A, B), []),
    ("a day too late", at(A), at(A), {"local_date": date(2028, 9, 4)}, at(A), ["expired"]),
    ("too late, to nobody", at(A, P), at(C), {"local_date": date(2029, 1, 1), "receiver_registered": False},
     at(A, P), ["expired"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "effective", "changes", "after", "marks"), SHIP)
def test_ship(
    name: str, before: Holding, effective: Holding, changes: dict[str, object], after: Holding, marks: list[str]
) -> None:
    decision = decide(fact("ship", to_gln=B, **changes), line(), holding=before, effective=effective, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)
    assert decision.blocked is ("expired" in marks)


def test_goods_without_an_expiry_never_expire() -> None:
    late = fact("ship", to_gln=B, local_date=date(2099, 1, 1))
    for issued in (None, replace(ISSUED, expiry=None)):
        assert not decide(late, line(), holding=at(A), effective=at(A), issued=issued).blocked


@pytest.mark.parametrize(
    ("type", "inside", "expired"),
    [
        ("ship", None, False),
        ("ship", TODAY, False),
        ("ship", date(2026, 11, 22), True),
        ("sell", date(2026, 11, 22), True),
        ("receive", date(2026, 11, 22), False),
        ("unpack", date(2026, 11, 22), False),
    ],
)
def test_what_is_inside_counts_too(type: str, inside: date | None, expired: bool) -> None:
    for issued in (None, replace(ISSUED, expiry=None), ISSUED):
        decision = decide(
            fact(type), line(), holding=at(A), effective=at(A), issued=issued, inside=Inside(expiry=inside)
        )
        assert (Mark.EXPIRED in decision.marks) is expired


RECEIVE = [
    ("sent here", sent(B, A), sent(B, A), at(A), []),
    ("sent to nobody by name", sent(B, None), sent(B, None), at(A), []),
    ("sent elsewhere", sent(B, C), sent(B, C), at(A), ["not_addressed_here"]),
    ("never sent", at(B), at(B), at(A), ["gap"]),
    ("received before", at(A), at(A), at(A), ["already_received"]),
    ("never bound", BLANK, BLANK, at(A), ["not_commissioned"]),
    ("nobody's", UNKNOWN, UNKNOWN, at(A), ["not_issued"]),
    ("sold before", sold(B), sold(B), at(A), ["after_sale"]),
    ("on a pallet that was sent here", at(B, P), sent(B, A), at(A), ["still_packed"]),
    ("on a pallet that is elsewhere", at(A, P), at(B), at(A), ["gap", "still_packed"]),
]


@pytest.mark.parametrize(("name", "before", "effective", "after", "marks"), RECEIVE)
def test_receive(name: str, before: Holding, effective: Holding, after: Holding, marks: list[str]) -> None:
    decision = decide(fact("receive"), line(), holding=before, effective=effective, issued=None)
    assert (decision.holding, list(decision.marks)) == (after, marks)


SELL = [
    ("stock", at(A), at(A), {}, sold(A), []),
    ("off a pallet here", at(B, P), at(A), {}, sold(A), ["still_packed"]),
    ("from elsewhere", at(B), at(B), {}, sold(A), ["not_here"]),
    ("in transit", sent(B, A), sent(B, A), {}, sold(A), ["not_here"]),
    ("never bound", BLANK, BLANK, {}, sold(A), ["not_commissioned"]),
    (
        "twice at one till",
        sold(A),
        sold(A),
        {},
        replace(sold(A), overlays=frozenset({"clone_suspect"})),
        ["sold_twice"],
    ),
    (
        "twice in two shops: two boxes with one code",
        sold(B),
        sold(B),
        {},
        replace(sold(B), overlays=frozenset({"clone_suspect"})),
        ["sold_twice"],
    ),
    ("on its last day", at(A), at(A), {"local_date": date(2028, 9, 3)}, sold(A), []),
    ("past its expiry", at(A), at(A), {"local_date": date(2028, 9, 4)}, at(A), ["expired"]),
]


@pytest.mark.parametrize(("name", "before", "effective", "changes", "after", "marks"), SELL)
def test_sell(
    name: str, before: Holding, effective: Holding, changes: dict[str, object], after: Holding, marks: list[str]
) -> None:
    decision = decide(fact("sell", **changes), line(), holding=before, effective=effective, issued=ISSUED)
    assert (decision.holding, list(decision.marks)) == (after, marks)


EVERY_LINE = [
    ("commission", "unit", None),
    ("pack", "parent", None),
    ("pack", "child", P),
    ("unpack", "parent", None),
    ("unpack", "child", P),
    ("ship", "unit", None),
    ("receive", "unit", None),
    ("sell", "unit", None),
    *(
        (type, "unit", None)
        for type in (
            "adopt",
            "store",
            "observe",
            "count",
            "open",
            "sample",
            "inspect",
            "hold",
            "release",
            "recall",
            "lift",
            "destroy",
            "lose",
            "find",
            "return",
            "use",
            "void",
            "temperature",
        )
    ),
    *((type, role, None) for type in ("transform", "relabel") for role in ("input", "output")),
    ("relabel", "unit", None),
]


@pytest.mark.parametrize(("type", "role", "parent"), EVERY_LINE)
def test_who_may_not_moves_nothing(type: str, role: str, parent: str | None) -> None:
    refused = fact(type, permitted=False, receiver_registered=False, local_date=date(2099, 1, 1))
    decision = decide(refused, line(role, parent), holding=at(B, Q), effective=at(C), issued=None)
    assert (decision.holding, decision.marks, decision.blocked) == (at(B, Q), (Mark.NOT_PERMITTED,), True)


@pytest.mark.parametrize("end", [DESTROYED, VOID])
@pytest.mark.parametrize(("type", "role", "parent"), EVERY_LINE)
def test_the_end_is_the_end(type: str, role: str, parent: str | None, end: Holding) -> None:
    decision = decide(fact(type), line(role, parent), holding=end, effective=end, issued=ISSUED)
    assert decision.holding == end
    assert decision.marks[-1] is Mark.TERMINAL
    assert decision.blocked


@pytest.mark.parametrize(("type", "role", "parent"), EVERY_LINE)
def test_what_lasts_can_be_told_from_the_rest(type: str, role: str, parent: str | None) -> None:
    """A stored line's marks split into what it earned alone and what came before it, whatever that was."""
    said = fact(type, to_gln=B, receiver_registered=False, facts_hash=None, gln=C)
    alone = lasting_marks(said, line(role, parent, code=None), issued=ISSUED)
    for before in (UNKNOWN, BLANK, at(A), at(B, Q), sent(A, B), sold(A), DESTROYED):
        decision = move(said, Said(role=role, parent=parent), holding=before, effective=before, lasting=alone)
        kept = {"past_day": True} if Mark.EXPIRED in alone else {}
        assert only_lasting(type, tuple(mark.value for mark in decision.marks), kept) == alone
