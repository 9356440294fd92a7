"""Working on cases: taken once, closed by a new statement about the same goods, or by a word where that is enough."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody import quarantine
from coldtrace.custody import service as custody
from coldtrace.custody.model import CaseKind
from coldtrace.errors import Refusal
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement, read_statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.hashing import sha256
from coldtrace.watch import work
from coldtrace.watch.cases import LIVE, PAGE_MAX, Case, Wanted, find_case, list_cases
from coldtrace.watch.evidence import evidence_of
from coldtrace.watch.model import DUE_HOURS, CaseState, Explanation, SweepTimes, due_hours
from coldtrace.watch.scans import AskedScan, answer_scan
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.consignments import commission_line, facts_of
from support.house import OFFICE_GLN, install_office
from support.road import CARTONS, MARKET, PORT, SHOP, STORE, Road

ANNE = Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)
BEN = Worker(actor="person:ben", scope=EVERYTHING, statements=EVERYTHING)


def id_of(statement: Statement) -> UUID:
    return read_statement(statement.to_json()).header.id


def coded(road: Road, *, cartons: int = 2) -> list[str]:
    """Bind the codes of a consignment at the port, and put them on no pallet."""
    codes = road.consignment(cartons=cartons).pallets[0].cartons
    for code in codes:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return [code.unit_id for code in codes]


def goods_of(case: Case) -> str:
    return case.units[0]


def other_box(road: Road, case: Case) -> str:
    """Return the other box of the consignment of a case's goods."""
    query = text("SELECT unit_id FROM issued_code WHERE kind = 'unit' AND unit_id <> :unit")
    return str(road.session.execute(query, {"unit": goods_of(case)}).scalar_one())


def cases(road: Road, wanted: Wanted | None = None) -> list[Case]:
    return list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX, wanted=wanted)


@pytest.fixture
def gap(road: Road) -> Case:
    """A box that was received though nobody had sent it."""
    box, _ = coded(road)
    road.done(STORE, T.RECEIVE, box)
    (case,) = cases(road)
    assert (case.kind, case.state, case.gln) == (CaseKind.GAP, CaseState.OPEN, STORE)
    return case


def refused(road: Road, worker: Worker, case: Case, statement: UUID) -> tuple[str, object]:
    with pytest.raises(Refusal) as found:
        work.resolve(road.session, road.env, worker, case.case_id, statement=statement)
    return found.value.code, found.value.facts.get("why")


def test_a_case_is_resolved_by_a_new_statement_about_its_goods(road: Road, gap: Case) -> None:
    counted = road.say(STORE, T.COUNT, goods_of(gap))
    road.tell(counted)
    closed = work.resolve(road.session, road.env, ANNE, gap.case_id, statement=id_of(counted))
    assert (closed.state, closed.resolved_by, closed.is_live) == (CaseState.RESOLVED, id_of(counted), False)
    assert cases(road) == []
    assert [each.case_id for each in cases(road, Wanted(states=(CaseState.RESOLVED,)))] == [gap.case_id]
    assert refused(road, BEN, gap, id_of(counted))[0] == "case_closed"


def test_what_does_not_settle_a_case(road: Road, gap: Case) -> None:
    assert gap.entry_id is not None
    assert refused(road, ANNE, gap, gap.entry_id) == ("resolution_unrelated", "older")
    other = road.say(STORE, T.COUNT, CARTONS[0])
    road.tell(other)
    assert refused(road, ANNE, gap, id_of(other)) == ("resolution_unrelated", "other_goods")
    sold = road.say(STORE, T.SELL, goods_of(gap))
    road.tell(sold)
    assert refused(road, ANNE, gap, id_of(sold))[0] == "not_a_resolution"
    assert refused(road, ANNE, gap, road.env.new_id()) == ("resolution_unrelated", "unknown")
    hidden = Worker(actor="x", scope=EVERYTHING, statements=Scope(sites=frozenset({SHOP})))
    counted = road.say(STORE, T.COUNT, goods_of(gap))
    road.tell(counted)
    assert refused(road, hidden, gap, id_of(counted)) == ("resolution_unrelated", "unknown")
    assert find_case(road.session, EVERYTHING, gap.case_id) == gap


def corrects(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


def closes(road: Road, case: Case, statement: Statement) -> None:
    work.resolve(road.session, road.env, ANNE, case.case_id, statement=id_of(statement))
    assert case.case_id not in [each.case_id for each in cases(road)]


def only(road: Road, kind: CaseKind) -> Case:
    (case,) = cases(road, Wanted(kind=kind))
    return case


def test_what_was_blocked_itself_settles_nothing(road: Road) -> None:
    road.sites[SiteRole.REGULATOR] = install_office(road.session, road.env)
    road.device(OFFICE_GLN)
    box, _ = coded(road)
    road.done(OFFICE_GLN, T.HOLD, box, more=[("reason", "x"), ("order_no", "1")])
    road.done(PORT, T.SELL, box)
    case = only(road, CaseKind.BLOCKED)
    of_firm = road.say(PORT, T.RELEASE, box)
    road.tell(of_firm)
    assert refused(road, ANNE, case, id_of(of_firm)) == ("resolution_unrelated", "blocked")
    released = road.say(OFFICE_GLN, T.RELEASE, box)
    road.tell(released)
    closes(road, case, released)


def test_what_was_taken_back_settles_nothing(road: Road, gap: Case) -> None:
    counted = road.say(STORE, T.COUNT, goods_of(gap))
    road.tell(counted)
    road.done(STORE, T.CORRECT, corrects=corrects(counted))
    assert refused(road, ANNE, gap, id_of(counted)) == ("resolution_unrelated", "annulled")


def test_a_correction_settles_a_case_of_the_statement_that_it_names(road: Road, gap: Case) -> None:
    other = road.say(STORE, T.COUNT, other_box(road, gap))
    road.tell(other)
    elsewhere = road.say(STORE, T.CORRECT, corrects=corrects(other))
    road.tell(elsewhere)
    assert refused(road, ANNE, gap, id_of(elsewhere)) == ("resolution_unrelated", "other_goods")


def test_a_late_correction_is_settled_by_correcting_it(road: Road) -> None:
    box, _ = coded(road)
    sold = road.say(PORT, T.SELL, box)
    road.tell(sold)
    road.clock.forward(timedelta(hours=30))
    late = road.say(PORT, T.CORRECT, corrects=corrects(sold), more=[("reason", "x")])
    road.tell(late)
    case = only(road, CaseKind.CORRECTION)
    assert refused(road, ANNE, case, id_of(late)) == ("resolution_unrelated", "older")
    again = road.say(PORT, T.CORRECT, corrects=corrects(sold), more=[("reason", "x")])
    road.tell(again)
    closes(road, case, again)


def test_only_the_odd_goods_of_a_statement_are_those_of_its_case(road: Road) -> None:
    gone, here = coded(road)
    road.done(PORT, T.SHIP, gone, to=STORE)
    road.done(PORT, T.COUNT, gone, here)
    case = only(road, CaseKind.CONFLICT)
    counted = road.say(PORT, T.COUNT, here)
    road.tell(counted)
    assert refused(road, ANNE, case, id_of(counted)) == ("resolution_unrelated", "other_goods")
    received = road.say(STORE, T.RECEIVE, gone)
    road.tell(received)
    closes(road, case, received)


def test_what_made_a_case_does_not_end_it(road: Road) -> None:
    """The receipt of a part opens the case of the rest, a day later: it is older than the case."""
    one, other = coded(road)
    road.done(PORT, T.SHIP, one, other, to=STORE)
    received = road.say(STORE, T.RECEIVE, one)
    road.tell(received)
    road.clock.forward(timedelta(hours=30))
    sweep(road.session, road.env, SweepTimes())
    case = only(road, CaseKind.QUANTITY_MISMATCH)
    assert refused(road, ANNE, case, id_of(received)) == ("resolution_unrelated", "older")
    told_with = road.say(STORE, T.COUNT, one)
    road.tell(told_with)
    assert refused(road, ANNE, case, id_of(told_with)) == ("resolution_unrelated", "other_goods")
    lost = road.say(PORT, T.LOSE, other)
    road.tell(lost)
    closes(road, case, lost)


def test_what_came_with_a_contradiction_and_was_said_after_it_is_new(road: Road) -> None:
    """A handheld that was offline tells both in one batch."""
    box, _ = coded(road)
    before, received = road.say(STORE, T.OBSERVE, box), road.say(STORE, T.RECEIVE, box)
    after = road.say(STORE, T.COUNT, box)
    road.tell(before, received, after)
    case = only(road, CaseKind.GAP)
    assert refused(road, ANNE, case, id_of(before)) == ("resolution_unrelated", "older")
    closes(road, case, after)


def test_a_case_has_one_hand_on_it(road: Road, gap: Case) -> None:
    taken = work.take(road.session, road.env, ANNE, gap.case_id)
    assert (taken.state, taken.taken_by) == (CaseState.TAKEN, "person:anne")
    assert work.take(road.session, road.env, ANNE, gap.case_id) == taken
    with pytest.raises(Refusal) as found:
        work.take(road.session, road.env, BEN, gap.case_id)
    assert found.value.code == "case_taken"
    counted = road.say(STORE, T.COUNT, goods_of(gap))
    road.tell(counted)
    assert refused(road, BEN, gap, id_of(counted))[0] == "case_taken"
    regulator = Worker(actor="person:reg", scope=EVERYTHING, statements=EVERYTHING, over=True)
    assert work.take(road.session, road.env, regulator, gap.case_id).taken_by == "person:reg"
    assert [each.case_id for each in cases(road, Wanted(taken_by="person:reg"))] == [gap.case_id]
    assert cases(road, Wanted(taken_by="person:anne")) == []


def test_a_case_of_goods_is_not_closed_by_a_word(road: Road, gap: Case) -> None:
    with pytest.raises(Refusal) as found:
        work.explain(road.session, road.env, ANNE, gap.case_id, note=Explanation.SEEN_AND_RIGHT)
    assert found.value.code == "explanation_unfit"


def test_a_scan_that_nothing_reads_is_explained_and_stays_so(road: Road) -> None:
    asked = AskedScan(text="hello", scope=EVERYTHING, by="token:a", gln=SHOP)
    answered = answer_scan(road.session, road.env, asked)
    assert answered.case is not None
    closed = work.explain(road.session, road.env, ANNE, answered.case, note=Explanation.TEST_SCAN)
    assert (closed.state, closed.note) == (CaseState.EXPLAINED, "test_scan")
    assert answer_scan(road.session, road.env, asked).case == answered.case
    assert cases(road) == []


def test_a_late_statement_takes_the_reason_away(road: Road) -> None:
    box, _ = coded(road)
    sent = road.say(PORT, T.SHIP, box, to=STORE)
    road.done(STORE, T.RECEIVE, box)
    (case,) = cases(road)
    work.take(road.session, road.env, ANNE, case.case_id)
    road.tell(sent)
    gone = find_case(road.session, EVERYTHING, case.case_id)
    assert gone is not None
    assert (gone.state, gone.note, gone.taken_by) == (CaseState.EXPLAINED, "told_again", None)
    assert cases(road) == []


def test_what_a_person_closed_stays_closed(road: Road) -> None:
    box, _ = coded(road)
    sent = road.say(PORT, T.SHIP, box, to=STORE)
    road.done(STORE, T.RECEIVE, box)
    (case,) = cases(road)
    counted = road.say(STORE, T.COUNT, box)
    road.tell(counted)
    work.resolve(road.session, road.env, ANNE, case.case_id, statement=id_of(counted))
    road.tell(sent)
    kept = find_case(road.session, EVERYTHING, case.case_id)
    assert kept is not None
    assert (kept.state, kept.resolved_by) == (CaseState.RESOLVED, id_of(counted))


def test_an_office_hands_a_case_to_another_of_its_parties(road: Road, gap: Case) -> None:
    with pytest.raises(Refusal) as found:
        work.hand_over(road.session, ANNE, gap.case_id, uscc="91120118MA00000011")
    assert found.value.code == "not_a_party_of_case"
    assert gap.owner is not None
    work.take(road.session, road.env, ANNE, gap.case_id)
    handed = work.hand_over(road.session, ANNE, gap.case_id, uscc=gap.owner)
    assert (handed.state, handed.taken_by, handed.owner) == (CaseState.OPEN, None, gap.owner)


def test_only_its_office_and_the_regulator_there_end_a_case(road: Road) -> None:
    """The port held the box, so it reads the case; it is the store's to answer."""
    box, _ = coded(road)
    names = {"name_zh": "某公司", "name_en": "Other", "city_zh": "天津", "city_en": "Tianjin"}
    other = parties.register_operator(road.session, road.env, uscc="91120116MA0000003A", **names)
    move = text("UPDATE site SET operator_id = :other WHERE gln = :gln")
    road.session.execute(move, {"other": other.operator_id, "gln": PORT})
    road.done(STORE, T.RECEIVE, box)
    case = only(road, CaseKind.GAP)
    counted = road.say(STORE, T.COUNT, box)
    road.tell(counted)
    outside = [
        Scope(sites=frozenset({PORT})),
        Scope(operators=frozenset({other.operator_id})),
        Scope(areas=frozenset({"120116"})),
    ]
    for scope in outside:
        party = Worker(actor="person:p", scope=scope, statements=EVERYTHING, over=bool(scope.areas))
        assert find_case(road.session, scope, case.case_id) is not None
        assert refused(road, party, case, id_of(counted)) == ("not_the_office", None)
        for act in (
            lambda by=party: work.take(road.session, road.env, by, case.case_id),
            lambda by=party: work.hand_over(road.session, by, case.case_id, uscc=other.uscc),
        ):
            with pytest.raises(Refusal) as found:
                act()
            assert found.value.code == "not_the_office"
    for scope in (Scope(areas=frozenset({"120118"})), Scope(sites=frozenset({STORE}))):
        assert work.is_office(road.session, scope, case)
    handed = work.hand_over(road.session, ANNE, case.case_id, uscc=other.uscc)
    for scope in outside:
        assert work.is_office(road.session, scope, handed), scope
    assert not work.is_office(road.session, Scope(sites=frozenset({STORE})), handed)


def test_what_is_asked_of_a_list(road: Road, gap: Case) -> None:
    road.done(MARKET, T.SELL, other_box(road, gap))
    kinds = [case.kind for case in cases(road)]
    assert kinds == [CaseKind.CONFLICT, CaseKind.GAP]
    assert [case.kind for case in cases(road, Wanted(kind=CaseKind.GAP))] == [CaseKind.GAP]
    assert [case.gln for case in cases(road, Wanted(site=MARKET))] == [MARKET]
    assert [case.kind for case in cases(road, Wanted(owner=gap.owner_id))] == kinds
    assert [case.kind for case in cases(road, Wanted(mark="gap"))] == [CaseKind.GAP]
    assert [case.kind for case in cases(road, Wanted(mark="not_here"))] == [CaseKind.CONFLICT]
    now = road.clock()
    assert cases(road, Wanted(overdue_at=now)) == []
    assert [case.kind for case in cases(road, Wanted(overdue_at=now, hours={CaseKind.GAP: 0}))] == [CaseKind.GAP]
    later = now + timedelta(hours=DUE_HOURS[CaseKind.GAP] + 1)
    assert [case.kind for case in cases(road, Wanted(overdue_at=later))] == kinds
    assert cases(road, Wanted(states=(CaseState.TAKEN,))) == []
    assert len(cases(road, Wanted(states=tuple(CaseState)))) == 2
    assert LIVE == (CaseState.OPEN, CaseState.TAKEN)


def test_clocks_are_chosen_by_kind() -> None:
    assert due_hours({"gap": 48}) == {**DUE_HOURS, CaseKind.GAP: 48}
    with pytest.raises(Refusal) as found:
        due_hours({"gab": 48})
    assert found.value.code == "setting_invalid"


def test_a_case_shows_what_it_rests_on_within_ones_rights(road: Road, gap: Case) -> None:
    found = evidence_of(road.session, gap, statements=EVERYTHING, units=EVERYTHING)
    assert [each.type for each in found.statements] == ["receive"]
    assert [(each.unit_id, [line.type for line in each.lines]) for each in found.units] == [
        (goods_of(gap), ["commission", "receive"])
    ]
    nothing = Scope(sites=frozenset({SHOP}))
    hidden = evidence_of(road.session, gap, statements=nothing, units=nothing)
    assert (hidden.statements, hidden.units) == ((), ())


def test_other_bytes_under_a_known_id_are_a_case_and_are_kept(road: Road) -> None:
    box, _ = coded(road)
    first = road.say(PORT, T.SHIP, box, to=STORE)
    road.tell(first)
    other = road.say(PORT, T.SHIP, box, to=SHOP, id=id_of(first))
    (answer,) = road.tell(other)
    assert answer.refusal is not None
    assert answer.refusal.code == "id_conflict"
    road.tell(other)
    (case,) = cases(road)
    assert (case.kind, case.entry_id, case.key_id) == (
        CaseKind.DUPLICATE_ID,
        id_of(first),
        read_statement(other.to_json()).header.key,
    )
    (kept,) = evidence_of(road.session, case, statements=EVERYTHING, units=EVERYTHING).kept
    assert (kept.reason, kept.times) == ("id_conflict", 2)
    data = quarantine.bytes_of(road.session, kept.sha256)
    assert data is not None
    assert b'\\"id\\":\\"' + str(id_of(first)).encode() in data


def test_strangers_fill_no_disk(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "UNPROVEN_A_DAY", 3)
    custody.capture(road.session, road.env, [{"what": number} for number in range(5)])
    assert road.count("quarantine") == 3
    day = road.session.execute(text("SELECT kept, dropped FROM quarantine_day")).one()
    assert tuple(day) == (3, 2)
    assert road.count("case_file") == 0
