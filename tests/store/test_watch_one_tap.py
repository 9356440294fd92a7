"""Pressing a proposal: the site's gateway states it and the case is closed by it, once, by its office, or nothing."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody.lookups import count_stray, day_of
from coldtrace.custody.model import CaseKind
from coldtrace.errors import Refusal
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement, read_statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties import service as parties
from coldtrace.parties.gateways import open_gateway
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, NOTHING, Scope
from coldtrace.seal.hashing import sha256
from coldtrace.watch import one_tap, work
from coldtrace.watch.cases import PAGE_MAX, Case, Wanted, find_case, list_cases
from coldtrace.watch.evidence import evidence_of
from coldtrace.watch.model import CaseState, Explanation, SweepTimes
from coldtrace.watch.scans import AskedScan, answer_scan
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.consignments import GTIN, LOT, commission_line, facts_of
from support.house import OFFICE_GLN, install_office
from support.road import MARKET, PORT, SHOP, STORE, Road

ANNE = Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)
AT_STORE = Scope(sites=frozenset({STORE}))


def coded(road: Road, *, cartons: int = 2) -> list[str]:
    codes = road.consignment(cartons=cartons).pallets[0].cartons
    for code in codes:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return sorted(code.unit_id for code in codes)


def only(road: Road, kind: CaseKind) -> Case:
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX, wanted=Wanted(kind=kind))
    return case


def gateway(road: Road, gln: str) -> None:
    site = next(site for site in road.sites.values() if site.gln == gln)
    open_gateway(road.session, road.env, site, made_by="tests")
    road.clock.forward(timedelta(minutes=1))


def offered(road: Road, case: Case, speak: Scope = EVERYTHING, worker: Worker = ANNE) -> dict[str, bool]:
    found = one_tap.proposals_for(road.session, road.env, worker, case, speak=speak)
    return {each.name: each.ready for each in found}


def press(
    road: Road, case: Case, key: str, gln: str = STORE, *, speak: Scope = EVERYTHING, worker: Worker = ANNE
) -> Case:
    road.clock.forward(timedelta(minutes=1))
    return one_tap.press(road.session, road.env, worker, case.case_id, proposal=f"{key}@{gln}", speak=speak)


def refused(road: Road, case: Case, key: str, gln: str = STORE, **by: object) -> str:
    before = road.count("statement")
    with pytest.raises(Refusal) as found, road.session.begin_nested():
        press(road, case, key, gln, **by)  # type: ignore[arg-type]
    assert road.count("statement") == before
    return found.value.code


@pytest.fixture
def gap(road: Road) -> Case:
    """A box that was received though nobody had sent it."""
    box, _ = coded(road)
    gateway(road, STORE)
    road.done(STORE, T.RECEIVE, box)
    return only(road, CaseKind.GAP)


def told_by(road: Road, entry_id: UUID | None) -> tuple[str, str, str]:
    """Return type and site of a statement, and who spoke by its signed public piece."""
    row = road.session.execute(
        text(
            "SELECT s.type, s.gln, convert_from(p.bytes, 'UTF8') AS public FROM statement s JOIN statement_piece p"
            " ON p.entry_id = s.entry_id AND p.piece = 'public' WHERE s.entry_id = :id"
        ),
        {"id": entry_id},
    ).one()
    return row.type, row.gln, "gateway" if '"by":"gateway"' in row.public else "device"


def test_a_press_is_a_signed_statement_that_closes_the_case(road: Road, gap: Case) -> None:
    assert offered(road, gap) == {f"observe-here@{STORE}": True, f"correct-own@{STORE}": True}
    closed = press(road, gap, "observe-here")
    assert (closed.state, closed.is_live) == (CaseState.RESOLVED, False)
    assert told_by(road, closed.resolved_by) == ("observe", STORE, "gateway")
    assert "observe" in [line.type for line in road.story(gap.units[0])]


def test_pressed_twice_it_is_said_once(road: Road, gap: Case) -> None:
    first = press(road, gap, "observe-here")
    before = road.count("statement")
    assert press(road, gap, "observe-here") == first
    assert road.count("statement") == before
    assert refused(road, gap, "correct-own") == "case_closed"


def test_a_correction_at_one_press_takes_back_what_was_said(road: Road, gap: Case) -> None:
    closed = press(road, gap, "correct-own")
    assert (closed.state, closed.note) == (CaseState.RESOLVED, None)
    assert told_by(road, closed.resolved_by) == ("correct", STORE, "gateway")
    assert road.where(gap.units[0])[:2] == ("active", PORT)


def test_without_a_gateway_it_is_said_what_to_scan(road: Road) -> None:
    box, _ = coded(road)
    road.done(STORE, T.RECEIVE, box)
    case = only(road, CaseKind.GAP)
    assert set(offered(road, case).values()) == {False}
    assert refused(road, case, "observe-here") == "gateway_closed"


def test_who_may_press(road: Road, gap: Case) -> None:
    """Its office, with the right to speak through the gateway of that site; a device's caller speaks for none."""
    assert offered(road, gap, NOTHING) == {}
    assert refused(road, gap, "observe-here", speak=NOTHING) == "proposal_unfit"
    assert refused(road, gap, "observe-here", speak=Scope(sites=frozenset({SHOP}))) == "proposal_unfit"
    port = Worker(actor="person:p", scope=Scope(sites=frozenset({PORT})), statements=EVERYTHING)
    assert find_case(road.session, port.scope, gap.case_id) is not None
    operator = road.sites[SiteRole.FIRST_STATION].operator_id
    other = Worker(actor="person:o", scope=Scope(areas=frozenset({"310000"})), statements=EVERYTHING)
    assert refused(road, gap, "observe-here", worker=other) == "case_unknown"
    regulator = Worker(actor="person:r", scope=Scope(areas=frozenset({"12"})), statements=EVERYTHING, over=True)
    mine = Scope(kinds_of=frozenset({(operator, "regulator")}))
    assert offered(road, gap, mine, regulator) == {}
    assert refused(road, gap, "observe-here", worker=regulator, speak=mine) == "proposal_unfit"


def test_only_the_office_presses(road: Road, gap: Case) -> None:
    """The port held the box: it reads the case, and presses nothing."""
    names = {"name_zh": "某公司", "name_en": "Other", "city_zh": "天津", "city_en": "Tianjin"}
    other = parties.register_operator(road.session, road.env, uscc="91120116MA0000003A", **names)
    move = text("UPDATE site SET operator_id = :other WHERE gln = :gln")
    road.session.execute(move, {"other": other.operator_id, "gln": PORT})
    road.session.execute(text("DELETE FROM case_party WHERE gln = :gln"), {"gln": STORE})
    port = Worker(actor="person:p", scope=Scope(sites=frozenset({PORT})), statements=EVERYTHING)
    case = find_case(road.session, port.scope, gap.case_id)
    assert case is not None
    assert offered(road, case, EVERYTHING, port) == {}
    assert refused(road, gap, "observe-here", worker=port) == "not_the_office"


def test_a_regulator_states_from_its_own_office(road: Road, gap: Case) -> None:
    office = install_office(road.session, road.env)
    road.sites[SiteRole.REGULATOR] = office
    gateway(road, OFFICE_GLN)
    regulator = Worker(actor="person:r", scope=Scope(areas=frozenset({"12"})), statements=EVERYTHING, over=True)
    mine = Scope(kinds_of=frozenset({(office.operator_id, "regulator")}))
    assert offered(road, gap, mine, regulator) == {
        f"observe-here@{OFFICE_GLN}": True,
        f"correct-own@{OFFICE_GLN}": True,
    }
    closed = press(road, gap, "observe-here", OFFICE_GLN, worker=regulator, speak=mine)
    assert told_by(road, closed.resolved_by) == ("observe", OFFICE_GLN, "gateway")


def test_a_regulator_is_offered_no_correction_out_of_its_area(road: Road, gap: Case) -> None:
    """It would take no effect: a correction counts as a regulator's in the area of its office alone."""
    office = install_office(road.session, road.env, district="120103")
    road.sites[SiteRole.REGULATOR] = office
    gateway(road, OFFICE_GLN)
    regulator = Worker(actor="person:r", scope=EVERYTHING, statements=EVERYTHING, over=True)
    mine = Scope(kinds_of=frozenset({(office.operator_id, "regulator")}))
    assert offered(road, gap, mine, regulator) == {f"observe-here@{OFFICE_GLN}": True}
    assert refused(road, gap, "correct-own", OFFICE_GLN, worker=regulator, speak=mine) == "proposal_unfit"


def test_codes_that_were_never_issued_are_looked_into_at_one_press(road: Road) -> None:
    coded(road)
    office = install_office(road.session, road.env)
    road.sites[SiteRole.REGULATOR] = office
    gateway(road, OFFICE_GLN)
    count_stray(
        road.session,
        unit_id=f"(01){GTIN}(21)7QK4M2ZX9RTB",
        gtin=GTIN,
        lot=LOT,
        signed=True,
        network=(1).to_bytes(16),
        day=day_of(road.clock.next),
    )
    sweep(road.session, road.env, SweepTimes())
    case = only(road, CaseKind.OVER_RUN)
    assert case.units == (str(lot_unit(gtin=GTIN, lot=LOT)),)
    regulator = Worker(actor="person:r", scope=EVERYTHING, statements=EVERYTHING, over=True)
    mine = Scope(kinds_of=frozenset({(office.operator_id, "regulator")}))
    assert offered(road, case, mine, regulator) == {f"inspect-lot-1@{OFFICE_GLN}": True}
    closed = press(road, case, "inspect-lot-1", OFFICE_GLN, worker=regulator, speak=mine)
    assert told_by(road, closed.resolved_by) == ("inspect", OFFICE_GLN, "gateway")


def test_what_merely_came_late_is_not_called_false(road: Road) -> None:
    box, _ = coded(road)
    gateway(road, PORT)
    road.clock.forward(timedelta(days=5))
    road.done(PORT, T.OBSERVE, box, at=road.clock.next - timedelta(days=4))
    case = only(road, CaseKind.LATE)
    assert offered(road, case) == {}
    assert Explanation.SEEN_AND_RIGHT in case.explanations
    closed = work.explain(road.session, road.env, ANNE, case.case_id, note=Explanation.SEEN_AND_RIGHT)
    assert closed.state is CaseState.EXPLAINED


def test_goods_on_the_road_are_taken_in_late_at_one_press(road: Road) -> None:
    one, other = coded(road)
    for gln in (PORT, STORE):
        gateway(road, gln)
    road.done(PORT, T.SHIP, one, other, to=STORE)
    road.done(STORE, T.RECEIVE, one)
    road.clock.forward(timedelta(hours=30))
    sweep(road.session, road.env, SweepTimes())
    case = only(road, CaseKind.QUANTITY_MISMATCH)
    # What the out-scan said is past 24 hours: taken back with a reason, which a press gives.
    assert list(offered(road, case)) == [
        f"lose-sent@{PORT}", f"correct-own@{PORT}", f"receive-coming@{STORE}", f"lose-coming@{STORE}",
    ]  # fmt: skip
    closed = press(road, case, "receive-coming")
    assert closed.state is CaseState.RESOLVED
    assert road.where(other)[:2] == ("active", STORE)


def test_the_missing_packages_of_a_lot_are_lost_at_one_press(road: Road) -> None:
    lot = "(01)19521234543210(10)L1"
    gateway(road, STORE)
    road.done(STORE, T.RECEIVE, Line("unit", lot, None, 10))
    road.done(STORE, T.COUNT, Line("unit", lot, None, 8))
    case = only(road, CaseKind.QUANTITY_MISMATCH)
    assert list(offered(road, case)) == [f"lose-lot-1@{STORE}", f"count-lot-1@{STORE}", f"correct-own@{STORE}"]
    press(road, case, "lose-lot-1")
    left = road.session.execute(text("SELECT sum(quantity) FROM lot_stock WHERE kind = 'here'")).scalar_one()
    assert left == 8


@pytest.mark.parametrize("what", ["sold since", "two owners", "of one owner"])
def test_a_count_that_says_no_more_what_is_missing_loses_nothing(road: Road, what: str) -> None:
    """What the books lack is known only while nothing moved, and of one owner's goods."""
    lot = "(01)19521234543210(10)L1"
    other = {"owner": "91120116MA0000003A"}
    gateway(road, STORE)
    road.done(STORE, T.RECEIVE, Line("unit", lot, None, 10))
    if what == "two owners":
        road.done(STORE, T.RECEIVE, Line("unit", lot, None, 5, other))
    said = other if what == "of one owner" else {}
    road.done(STORE, T.COUNT, Line("unit", lot, None, 8, said))
    if what == "sold since":
        road.done(STORE, T.SHIP, Line("unit", lot, None, 4), to=MARKET)
    case = only(road, CaseKind.QUANTITY_MISMATCH)
    here = [each for each in offered(road, case) if each.endswith(STORE)]
    assert [each.partition("-")[0] for each in here] == ["count", "correct"]


def test_what_changed_meanwhile_is_not_stated(road: Road, gap: Case) -> None:
    road.done(STORE, T.SHIP, gap.units[0], to=MARKET)
    assert refused(road, gap, "observe-here") == "proposal_unfit"
    assert refused(road, gap, "destroy-here") == "proposal_unfit"
    assert refused(road, gap, "observe-here", "nowhere") == "proposal_unfit"


def id_of(statement: Statement) -> UUID:
    return read_statement(statement.to_json()).header.id


def test_statements_told_since_are_offered_as_choices(road: Road, gap: Case) -> None:
    box = gap.units[0]
    said = [road.say(STORE, type, box) for type in (T.COUNT, T.STORE, T.OBSERVE)]
    road.tell(*said)
    taken_back = Corrects(header=sha256(said[0].header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    road.done(STORE, T.CORRECT, corrects=taken_back)
    found = work.choices(road.session, ANNE, gap)
    assert [(each.entry_id, each.type, each.gln) for each in found] == [(id_of(said[2]), "observe", STORE)]
    hidden = Worker(actor="x", scope=EVERYTHING, statements=Scope(sites=frozenset({SHOP})))
    assert work.choices(road.session, hidden, gap) == []
    closed = work.resolve(road.session, road.env, ANNE, gap.case_id, statement=found[0].entry_id)
    assert closed.state is CaseState.RESOLVED


def scanned(road: Road, scan: str) -> Case:
    answered = answer_scan(road.session, road.env, AskedScan(text=scan, scope=EVERYTHING, by="device:a", gln=SHOP))
    assert answered.case is not None
    case = find_case(road.session, EVERYTHING, answered.case)
    assert case is not None
    return case


def settles(road: Road, case: Case, statement: Statement) -> str | None:
    try:
        with road.session.begin_nested():
            work.resolve(road.session, road.env, ANNE, case.case_id, statement=id_of(statement))
    except Refusal as refusal:
        return str(refusal.facts.get("why"))
    return None


def test_an_unreadable_scan_is_settled_by_what_is_said_of_it(road: Road) -> None:
    box, _ = coded(road)
    road.done(PORT, T.SHIP, box, to=SHOP)
    road.done(SHOP, T.RECEIVE, box)
    case = scanned(road, "hello")
    other = road.say(SHOP, T.OBSERVE, box)
    elsewhere = road.say(STORE, T.OBSERVE, box, more=[("case", str(case.case_id))])
    named = road.say(SHOP, T.OBSERVE, box, more=[("case", str(case.case_id))])
    road.tell(other, elsewhere, named)
    assert settles(road, case, other) == "other_goods"
    assert settles(road, case, elsewhere) == "other_goods"
    assert [each.entry_id for each in work.choices(road.session, ANNE, case)] == [id_of(named)]
    assert settles(road, case, named) is None


def test_a_scan_that_names_a_unit_is_settled_by_a_statement_about_it(road: Road) -> None:
    """A code with a changed signature: the box that it names is looked at."""
    box, other = coded(road)
    code = road.session.execute(text("SELECT uri FROM issued_code WHERE unit_id = :unit"), {"unit": box}).scalar_one()
    case = scanned(road, code[:-2] + ("AA" if not code.endswith("AA") else "BB"))
    assert case.kind is CaseKind.REFUSED_CODE
    gateway(road, SHOP)
    about_other, about_it = road.say(SHOP, T.OBSERVE, other), road.say(SHOP, T.OBSERVE, box)
    road.tell(about_other, about_it)
    assert settles(road, case, about_other) == "other_goods"
    assert settles(road, case, about_it) is None


def test_goods_under_a_foreign_code_are_seen_or_held_at_one_press(road: Road) -> None:
    gateway(road, STORE)
    road.done(STORE, T.RECEIVE, "bjcold:A1")
    case = only(road, CaseKind.UNKNOWN_CODE)
    assert list(offered(road, case)) == [f"observe-here@{STORE}", f"hold-here@{STORE}", f"correct-own@{STORE}"]
    press(road, case, "hold-here")
    assert len(road.unit("bjcold:A1").effective.overlays) == 1


def test_a_blocked_case_says_so_and_which_box_it_is(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    road.bind_all(consignment)
    pallet = consignment.pallets[0]
    held, _ = sorted(code.unit_id for code in pallet.cartons)
    road.done(PORT, T.HOLD, held, more=[("reason", "x")])
    road.done(PORT, T.SHIP, pallet.label.unit_id, to=STORE)
    case = only(road, CaseKind.BLOCKED)
    assert case.status == "blocked"
    assert case.units == (pallet.label.unit_id,)
    found = evidence_of(road.session, case, statements=EVERYTHING, units=EVERYTHING)
    assert found.blocked_inside == ((held, ("hold:firm",)),)
    assert [each.status for each in found.statements] == ["blocked"]
    stranger = Scope(sites=frozenset({SHOP}))
    assert evidence_of(road.session, case, statements=stranger, units=stranger).blocked_inside == ()


def test_a_hold_of_ones_own_is_released_at_one_press(road: Road) -> None:
    box, _ = coded(road)
    gateway(road, PORT)
    road.done(PORT, T.HOLD, box, more=[("reason", "x")])
    road.done(PORT, T.SHIP, box, to=STORE)
    case = only(road, CaseKind.BLOCKED)
    # Of goods on hold only a regulator takes a statement back.
    assert list(offered(road, case)) == [f"observe-here@{PORT}", f"release-held@{PORT}"]
    press(road, case, "release-held", PORT)
    assert road.unit(box).effective.overlays == frozenset()
