"""What settles a case at one press, as a table: kind of case, where the goods are, what is proposed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coldtrace.custody.correction_rules import Corrected
from coldtrace.custody.model import CaseKind, Level, UnitState
from coldtrace.events.statement_type import StatementType
from coldtrace.parties.model import SiteRole
from coldtrace.parties.rules import OPERATIONS
from coldtrace.watch.model import EXPLANATIONS, LOOKED_AT, RESOLUTIONS, Explanation
from coldtrace.watch.proposals import NOT_FALSE, OFFERS, Doubted, Goods, Proposal, Site, propose
from support.ticking import TickingClock

HERE, THERE = "9521234000013", "9521234000020"
FIRM = "91120116MA05TE5T1N"
NOW = TickingClock().next
BOX, LOT, FOREIGN = "(01)19521234543210(21)7QK4M2ZX9RTB", "(01)19521234543210(10)L1", "bjcold:1"
DISTRICT = "120116"
STORE = Site(gln=HERE, firm=FIRM, district=DISTRICT, operations=frozenset(OPERATIONS[SiteRole.COLD_STORE]))
OFFICE = Site(
    gln="9521234000099",
    firm="x",
    district="120000",
    operations=frozenset(OPERATIONS[SiteRole.REGULATOR]),
    level=Level.REGULATOR,
)


def doubted(gln: str = HERE, *, stopped: bool = False, district: str = DISTRICT) -> Doubted:
    return Doubted(header=bytes(32), corrected=Corrected(gln=gln, recorded_at=NOW, stopped=stopped), district=district)


def box(state: UnitState, gln: str | None = HERE, to_gln: str | None = None, *overlays: str) -> Goods:
    return Goods(unit_id=BOX, state=state, gln=gln, to_gln=to_gln, overlays=frozenset(overlays))


def keys(found: tuple[Proposal, ...]) -> list[str]:
    return [each.key for each in found]


ACTIVE, ROAD = UnitState.ACTIVE, UnitState.IN_TRANSIT
STOCK_HERE, STOCK_THERE = box(ACTIVE), box(ACTIVE, THERE)
TO_HERE, FROM_HERE = box(ROAD, THERE, HERE), box(ROAD, HERE, THERE)
LOST, DEAD = box(UnitState.LOST), box(UnitState.DESTROYED)
OWN_HOLD = box(ACTIVE, HERE, None, f"hold:firm@{FIRM}")
OTHERS_HOLD = box(ACTIVE, HERE, None, "hold:firm@91120118MA00000011")
NEW = Goods(unit_id=FOREIGN)

TABLE = [
    (CaseKind.BLOCKED, STOCK_HERE, ["observe-here", "correct-own"]),
    (CaseKind.BLOCKED, OWN_HOLD, ["observe-here", "release-held", "correct-own"]),
    (CaseKind.BLOCKED, OTHERS_HOLD, ["observe-here", "correct-own"]),
    (CaseKind.BLOCKED, DEAD, ["correct-own"]),
    (CaseKind.CONFLICT, STOCK_HERE, ["observe-here", "lose-here", "correct-own"]),
    (CaseKind.CONFLICT, STOCK_THERE, ["receive-elsewhere", "correct-own"]),
    (CaseKind.CONFLICT, TO_HERE, ["receive-coming", "correct-own"]),
    (CaseKind.CONFLICT, LOST, ["find-lost", "correct-own"]),
    (CaseKind.CONFLICT, DEAD, ["correct-own"]),
    (CaseKind.GAP, STOCK_HERE, ["observe-here", "correct-own"]),
    (CaseKind.GAP, TO_HERE, ["receive-coming", "lose-coming", "correct-own"]),
    (CaseKind.GAP, FROM_HERE, ["lose-sent", "correct-own"]),
    (CaseKind.LATE, STOCK_HERE, []),
    (CaseKind.CLOCK_SKEW, STOCK_HERE, []),
    (CaseKind.DUPLICATE_ID, STOCK_HERE, ["correct-own"]),
    (CaseKind.IMPOSSIBLE_TRAVEL, STOCK_HERE, ["observe-here", "hold-here", "correct-own"]),
    (CaseKind.UNKNOWN_CODE, NEW, ["adopt-new", "correct-own"]),
    (CaseKind.UNKNOWN_CODE, STOCK_HERE, ["observe-here", "hold-here", "correct-own"]),
    (CaseKind.REFUSED_CODE, STOCK_HERE, ["hold-here", "observe-here", "correct-own"]),
    (CaseKind.QUANTITY_MISMATCH, STOCK_HERE, ["observe-here", "correct-own"]),
    (CaseKind.QUANTITY_MISMATCH, FROM_HERE, ["lose-sent", "correct-own"]),
    (CaseKind.CORRECTION, STOCK_HERE, ["correct-own"]),
    (CaseKind.REFUSED_HANDOVER, TO_HERE, ["receive-coming", "correct-own"]),
    (CaseKind.REFUSED_HANDOVER, FROM_HERE, ["receive-sent", "lose-sent", "correct-own"]),
    (CaseKind.DOUBLE_BOUND, STOCK_HERE, ["observe-here", "correct-own"]),
    (CaseKind.CLONE_SUSPECT, STOCK_HERE, ["observe-here", "hold-here"]),
    (CaseKind.OVER_RUN, STOCK_HERE, []),
]


@pytest.mark.parametrize(("kind", "goods", "expected"), TABLE)
def test_what_a_site_is_offered(kind: CaseKind, goods: Goods, expected: list[str]) -> None:
    found = propose(kind, site=STORE, goods=[goods], own=doubted(), at=NOW)
    assert keys(found) == expected
    assert {each.type for each in found} <= set(RESOLUTIONS[kind])
    for each in found:
        assert each.ready
        assert "{" not in each.says.zh + each.says.en
        assert (each.corrects is None) == bool(each.lines)


def test_every_kind_has_a_row() -> None:
    assert {kind for kind, _, _ in TABLE} == set(CaseKind) == set(OFFERS)


def test_another_site_speaks_only_of_what_it_keeps() -> None:
    """The store's own statement is not in the case: what is elsewhere is none of its business, nor is the statement."""
    for goods in (STOCK_THERE, box(ROAD, THERE, "9521234000037")):
        assert propose(CaseKind.CONFLICT, site=STORE, goods=[goods], own=doubted(THERE), at=NOW) == ()
    assert keys(propose(CaseKind.GAP, site=STORE, goods=[FROM_HERE], own=doubted(THERE), at=NOW)) == ["lose-sent"]


def test_of_two_statements_each_site_takes_back_its_own() -> None:
    found = propose(
        CaseKind.IMPOSSIBLE_TRAVEL, site=STORE, goods=[STOCK_THERE], own=doubted(THERE), other=doubted(), at=NOW
    )
    assert keys(found) == ["correct-other"]


def test_of_stopped_goods_only_a_regulator_takes_back_what_was_said() -> None:
    own = doubted(stopped=True)
    assert keys(propose(CaseKind.BLOCKED, site=STORE, goods=[OTHERS_HOLD], own=own, at=NOW)) == ["observe-here"]
    assert keys(propose(CaseKind.BLOCKED, site=OFFICE, goods=[OTHERS_HOLD], own=own, at=NOW)) == [
        "observe-here",
        "correct-own",
    ]


def test_a_regulator_takes_back_what_was_said_in_its_area_alone() -> None:
    """A correction of what was said elsewhere takes no effect: it is not offered."""
    own, other = doubted(THERE), doubted(THERE, district="310115")
    found = propose(CaseKind.IMPOSSIBLE_TRAVEL, site=OFFICE, own=own, other=other, at=NOW)
    assert keys(found) == ["correct-own"]
    of_district = replace(OFFICE, district="120103")
    assert propose(CaseKind.IMPOSSIBLE_TRAVEL, site=of_district, own=own, other=other, at=NOW) == ()


def test_what_is_usually_true_ends_by_a_word_that_is_offered() -> None:
    """Nobody is asked to call false what merely came late."""
    for kind in LOOKED_AT:
        assert Explanation.SEEN_AND_RIGHT in EXPLANATIONS[kind], kind
    for kind in NOT_FALSE:
        assert kind in LOOKED_AT
        assert propose(kind, site=OFFICE, goods=[STOCK_THERE], own=doubted(), at=NOW) == ()


def test_an_office_that_looked_into_a_lot_says_so() -> None:
    lot = Goods(unit_id=LOT)
    (found,) = propose(CaseKind.OVER_RUN, site=OFFICE, goods=[lot], at=NOW)
    assert (found.key, found.type, found.lines[0].unit) == ("inspect-lot-1", StatementType.INSPECT, LOT)
    assert propose(CaseKind.OVER_RUN, site=STORE, goods=[lot], at=NOW) == ()
    assert propose(CaseKind.CONFLICT, site=OFFICE, goods=[lot], at=NOW) == ()


def test_a_regulator_looks_and_moves_nothing() -> None:
    for kind in CaseKind:
        for goods in (STOCK_THERE, TO_HERE, LOST, NEW):
            found = propose(kind, site=OFFICE, goods=[goods], own=doubted(), at=NOW)
            assert {each.type.value for each in found} <= {"observe", "inspect", "correct"}, kind


def test_what_a_role_may_not_state_is_not_offered() -> None:
    carrier = Site(gln=HERE, firm=FIRM, district=DISTRICT, operations=frozenset(OPERATIONS[SiteRole.CARRIER]))
    found = propose(CaseKind.IMPOSSIBLE_TRAVEL, site=carrier, goods=[STOCK_HERE], own=doubted(), at=NOW)
    assert keys(found) == ["observe-here", "correct-own"]


@pytest.mark.parametrize(
    ("booked", "counted", "coming", "expected"),
    [
        (10, 8, 0, [("lose", 2), ("count", 10)]),
        (10, 12, 0, [("find", 2), ("count", 10)]),
        (10, 10, 0, [("count", 10)]),
        (10, None, 0, [("count", 10)]),
        (-3, None, 0, [("find", 3)]),
        (10, None, 4, [("receive", 4), ("count", 10)]),
        (None, 5, 0, []),
    ],
)
def test_of_a_lot_by_quantity(
    booked: int | None, counted: int | None, coming: int, expected: list[tuple[str, int]]
) -> None:
    here = {} if booked is None else {HERE: booked}
    lot = Goods(unit_id=LOT, state=ACTIVE, here=here, coming={HERE: coming}, counted=counted)
    found = propose(CaseKind.QUANTITY_MISMATCH, site=STORE, goods=[lot], at=NOW)
    assert [(each.type.value, each.lines[0].quantity) for each in found] == expected


def test_no_more_of_a_lot_came_than_the_voucher_lacks() -> None:
    lot = Goods(unit_id=LOT, state=ACTIVE, coming={HERE: 30}, missing=4)
    (came,) = propose(CaseKind.QUANTITY_MISMATCH, site=STORE, goods=[lot], at=NOW)
    assert (came.type, came.lines[0].quantity) == (StatementType.RECEIVE, 4)
    other = Goods(unit_id=f"{LOT}X", state=ACTIVE, coming={HERE: 30}, missing=4)
    assert propose(CaseKind.QUANTITY_MISMATCH, site=STORE, goods=[lot, other], at=NOW) == ()


def test_many_goods_are_one_statement_and_a_closed_gateway_is_told() -> None:
    two = [STOCK_HERE, Goods(unit_id=BOX[:-1] + "C", state=ACTIVE, gln=HERE)]
    shut = replace(STORE, is_open=False)
    (seen, _) = propose(CaseKind.GAP, site=shut, goods=two, own=doubted(), at=NOW + timedelta(days=2))
    assert (seen.type, len(seen.lines), seen.ready) == (StatementType.OBSERVE, 2, False)
    assert "2" in seen.says.zh
    assert seen.name == f"observe-here@{HERE}"
