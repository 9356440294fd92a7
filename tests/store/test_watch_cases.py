"""Cases: what contradicts the record, newest first, as long as it does; and how often a code was looked up."""

from datetime import timedelta

from coldtrace.clock import new_id
from coldtrace.custody.model import MARK_WORDS, CaseKind, Mark
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch.cases import PAGE_MAX, list_cases
from support.road import CARTONS, MARKET, PORT, SHOP, STORE, Road, binding


def marks_of(road: Road) -> list[tuple[str | None, tuple[str, ...]]]:
    found = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    return sorted((case.type, tuple(case.marks)) for case in found)


def test_only_what_contradicts_is_a_case(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    road.bind_all(consignment)
    assert marks_of(road) == []
    road.done(SHOP, T.RECEIVE, consignment.carton.unit_id)
    assert marks_of(road) == [("receive", ("gap",)), ("receive", ("still_packed",))]
    for case in list_cases(road.session, EVERYTHING, after=None, limit=2):
        assert (case.gln, case.status, case.units) == (SHOP, "accepted", (consignment.carton.unit_id,))
        mark = {CaseKind.GAP: Mark.GAP, CaseKind.CONFLICT: Mark.STILL_PACKED}[case.kind]
        assert case.words() == [{"code": mark.value, "zh": MARK_WORDS[mark].zh, "en": MARK_WORDS[mark].en}]


def test_a_case_closes_itself_when_the_missing_scan_arrives(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.bind_all(consignment)
    pallet = consignment.pallets[0].label.unit_id
    shipped = road.say(PORT, T.SHIP, pallet, to=STORE)
    road.done(STORE, T.RECEIVE, pallet)
    assert marks_of(road) == [("receive", ("gap",))]
    road.tell(shipped)
    assert marks_of(road) == []


def test_newest_first_and_page_by_page(road: Road) -> None:
    for carton in CARTONS:
        road.done(MARKET, T.SELL, carton)
    everything = [case.case_id for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)]
    assert len(everything) == len(CARTONS)
    recorded = [case.recorded_at for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)]
    assert recorded == sorted(recorded, reverse=True)
    found, after = [], None
    while page := list_cases(road.session, EVERYTHING, after=after, limit=4):
        found += [case.case_id for case in page]
        after = page[-1].case_id
    assert found == everything
    assert list_cases(road.session, EVERYTHING, after=new_id(), limit=4) == []


def test_statements_of_one_batch_keep_their_order(road: Road) -> None:
    said = [road.say(MARKET, T.SELL, carton) for carton in CARTONS]
    road.tell(*said)
    units = [case.units[0] for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)]
    assert units == list(reversed(CARTONS))


def test_marks_of_the_statement_and_of_its_lines(road: Road) -> None:
    road.bound(CARTONS[0])
    said = road.say(PORT, T.SHIP, CARTONS[0], CARTONS[1])
    road.clock.forward(timedelta(days=4))
    road.tell(said)
    assert marks_of(road)[-2:] == [("ship", ("late",)), ("ship", ("not_commissioned",))]
    newest = list_cases(road.session, EVERYTHING, after=None, limit=1)[0]
    assert newest.units == (CARTONS[0], CARTONS[1])


def test_a_long_case_names_its_first_units(road: Road) -> None:
    many = [f"(01)19521234543210(21)A{number:011}" for number in range(30)]
    road.done(PORT, T.COMMISSION, *[binding(unit) for unit in many])
    assert list_cases(road.session, EVERYTHING, after=None, limit=1)[0].units == tuple(many[:20])
