"""Rolls: drawn, certified, bound by a desk and by statements, listed, and what becomes of an undone import."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import format_short_code
from coldtrace.custody.model import CaseKind
from coldtrace.errors import Refusal
from coldtrace.events.facts import facts_hash
from coldtrace.events.roll_certificate import open_roll_certificate
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import roll_store, rolls, stops, store
from coldtrace.goods.roll_refusals import LotAmbiguous, LotUnknown, RollTooLong, RollUnfinished, RollUnknown
from coldtrace.goods.roll_rules import BindStatus, NumberList
from coldtrace.goods.rolls import NewRoll
from coldtrace.goods.run_labels import run_labels
from coldtrace.goods.store import IssuedCode
from coldtrace.interop.imports import undo_import
from coldtrace.parties import store as parties
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.watch.cases import PAGE_MAX, list_cases
from support.consignments import GTIN, LOT, Consignment, commission_line
from support.road import MARKET, PORT, SHOP, Road, at_site
from support.rolls import bind, drawn, labels, number_lists, statuses

OTHER = "020220261000000777"


def facts(consignment: Consignment) -> bytes:
    assert consignment.carton.facts is not None
    return facts_hash(consignment.carton.facts)


def test_a_roll_is_drawn_and_certified(road: Road) -> None:
    for gtin in (None, GTIN):
        roll = drawn(road, count=3, gtin=gtin)
        trust = parties.newest_trust_list(road.session)
        assert trust is not None
        opened = open_roll_certificate(
            rolls.certificate_of(road.session, road.env, roll, EVERYTHING),
            trust=open_trust_list(trust.envelope, root=None),
            now=road.clock(),
        )
        units = [code.unit_id for code in labels(road, roll)]
        assert [opened.unit_id(number) for number in (1, 2, 3)] == units
        assert (opened.site, opened.gtin, opened.last) == (PORT, gtin, 3)
        for code in labels(road, roll):
            printed = parse_trace_code(code.uri)
            assert printed.unit_id == code.unit_id
            assert printed.value("10") is None
    record = rolls.find_roll(road.session, roll, EVERYTHING)
    assert (record.used, record.voided, record.certified, record.drawn) == (0, 0, True, 3)


def test_the_certificate_is_made_once(road: Road) -> None:
    roll = drawn(road)
    first = rolls.certificate_of(road.session, road.env, roll, EVERYTHING)
    road.clock.forward(timedelta(days=3))
    assert rolls.certificate_of(road.session, road.env, roll, EVERYTHING) == first


def test_a_roll_that_is_not_drawn_to_its_end_has_no_certificate(road: Road) -> None:
    roll = rolls.new_roll(road.session, road.env, NewRoll(station_gln=PORT, scope=EVERYTHING, count=2_001))
    with pytest.raises(RollUnfinished):
        rolls.certificate_of(road.session, road.env, roll, EVERYTHING)


@pytest.mark.parametrize("count", [0, 20_001])
def test_the_length_of_a_roll(road: Road, count: int) -> None:
    with pytest.raises(RollTooLong):
        rolls.new_roll(road.session, road.env, NewRoll(station_gln=None, scope=EVERYTHING, count=count))


def test_no_such_roll(road: Road) -> None:
    for ask in (rolls.find_roll, rolls.report):
        with pytest.raises(RollUnknown):
            ask(road.session, UUID(int=1), EVERYTHING)


def test_a_desk_binds(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road)
    one, two, three, *_ = labels(road, roll)
    assert one.serial is not None
    assert statuses(bind(road, one.uri, format_short_code(one.serial), three.uri)) == ["bound", "repeat", "bound"]
    assert statuses(bind(road, one.uri)) == ["repeat"]
    bound, free = store.issued_code(road.session, one.unit_id), store.issued_code(road.session, two.unit_id)
    assert bound is not None
    assert free is not None
    assert (bound.lot, free.lot) == (LOT, None)
    assert bound.facts == consignment.carton.facts
    assert number_lists(road, roll) == {"unused": "2, 4-5", "skipped": "2"}
    assert rolls.find_roll(road.session, roll, EVERYTHING).used == 2


def test_what_a_desk_cannot_bind(road: Road) -> None:
    consignment = road.consignment()
    roll, other_product = drawn(road), drawn(road, gtin="09506000134352")
    good, voided = labels(road, roll)[0].uri, labels(road, roll)[1]
    stops.revoke_unit(road.session, road.env, voided.unit_id, "spoiled")
    forged = good.replace("?s=C", "?s=D")
    texts = [
        consignment.carton.uri,
        consignment.pallets[0].label.uri,
        labels(road, other_product)[0].uri,
        voided.uri,
        forged,
        good.partition("?")[0],
        "7QK4-M2ZX-9RTB-5",
        "hello",
        "CT:IN",
    ]
    assert statuses(bind(road, *texts)) == [
        "not_on_roll",
        "not_on_roll",
        "gtin_differs",
        "revoked_unit",
        "alg_mismatch",
        "unsigned",
        "code_not_issued",
        "unknown_code",
        "malformed_uri",
    ]
    assert rolls.find_roll(road.session, roll, EVERYTHING).used == 0


def test_after_its_time_a_roll_is_not_bound_by_a_desk(road: Road) -> None:
    road.consignment()
    roll = drawn(road, days=1)
    first, second, *_ = labels(road, roll)
    bind(road, first.uri)
    road.clock.forward(timedelta(days=2))
    assert statuses(bind(road, first.uri, second.uri)) == ["repeat", "roll_over"]


def test_which_lot_is_meant(road: Road) -> None:
    roll = drawn(road)
    code = labels(road, roll)[0].uri
    with pytest.raises(LotUnknown):
        bind(road, code)
    first = road.consignment()
    second = road.consignment(declaration=OTHER)
    with pytest.raises(LotAmbiguous) as caught:
        bind(road, code)
    assert str(first.consignment_id) in str(caught.value.facts["choices"])
    with pytest.raises(LotUnknown):
        bind(road, code, gtin="09506000134352")
    assert statuses(bind(road, code, consignment_id=second.consignment_id)) == ["bound"]


def test_a_device_means_the_lot_of_its_own_station(road: Road) -> None:
    first, second = road.consignment(), road.consignment(declaration=OTHER)
    code = labels(road, drawn(road))[0].uri
    road.session.execute(
        text("UPDATE consignment SET station_gln = :gln WHERE consignment_id = :id"),
        {"gln": SHOP, "id": second.consignment_id},
    )
    with pytest.raises(LotAmbiguous):
        bind(road, code)
    assert statuses(bind(road, code, scope=at_site(PORT))) == ["bound"]
    kept = store.issued_code(road.session, parse_trace_code(code).unit_id or "")
    assert kept is not None
    assert kept.facts == first.carton.facts
    with pytest.raises(LotUnknown):
        bind(road, code, scope=at_site(MARKET))


def test_a_second_lot_is_kept_and_a_case(road: Road) -> None:
    first, second = road.consignment(), road.consignment(declaration=OTHER)
    roll = drawn(road)
    code = labels(road, roll)[1]
    assert statuses(bind(road, code.uri, consignment_id=first.consignment_id)) == ["bound"]
    for _ in range(2):
        assert statuses(bind(road, code.uri, consignment_id=second.consignment_id)) == ["double_bound"]
    kept = store.issued_code(road.session, code.unit_id)
    assert kept is not None
    assert kept.facts == first.carton.facts
    assert number_lists(road, roll)["double_bound"] == "2"
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert (case.kind, case.units, case.by, case.lots) == (
        CaseKind.DOUBLE_BOUND,
        (code.unit_id,),
        "token:desk",
        (LOT, LOT),
    )


def test_an_undone_import_frees_its_labels(road: Road) -> None:
    first = road.consignment()
    roll = drawn(road)
    code = labels(road, roll)[0]
    bind(road, code.uri)
    undo_import(road.session, road.env, first.consignment_id, EVERYTHING)
    assert number_lists(road, roll) == {"unused": "1-5"}
    freed = store.issued_code(road.session, code.unit_id)
    assert freed is not None
    assert freed.facts is None
    again = road.consignment()
    assert statuses(bind(road, code.uri)) == ["bound"]
    bound = store.issued_code(road.session, code.unit_id)
    assert bound is not None
    assert bound.facts == again.carton.facts


def test_an_import_stands_once_a_label_bound_to_it_has_left(road: Road) -> None:
    consignment = road.consignment()
    code = labels(road, drawn(road))[0]
    road.done(PORT, T.COMMISSION, commission_line(code), facts=facts(consignment))
    road.done(PORT, T.SHIP, code.unit_id, to=SHOP)
    with pytest.raises(Refusal) as caught:
        undo_import(road.session, road.env, consignment.consignment_id, EVERYTHING)
    assert caught.value.code == "already_shipped"


# Statements


def marks(road: Road, code: IssuedCode, consignment: Consignment, **more: object) -> tuple[str, ...]:
    """State a commission, and return its marks."""
    result = road.done(PORT, T.COMMISSION, commission_line(code), facts=facts(consignment), **more)
    assert result.status == "accepted"
    return tuple(result.marks)


def test_the_first_commission_binds(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road, gtin=GTIN)
    code = labels(road, roll)[2]
    assert marks(road, code, consignment) == ()
    assert road.where(code.unit_id) == ("active", PORT, None)
    assert road.unit(code.unit_id).lot_id is not None
    bound = store.issued_code(road.session, code.unit_id)
    assert bound is not None
    assert bound.facts == consignment.carton.facts
    assert number_lists(road, roll) == {"unused": "1-2, 4-5", "skipped": "1-2"}
    assert statuses(bind(road, code.uri)) == ["repeat"]
    assert list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX) == []


def test_a_commission_after_a_desk_bound_the_same_lot(road: Road) -> None:
    consignment = road.consignment()
    code = labels(road, drawn(road))[0]
    bind(road, code.uri)
    assert marks(road, code, consignment) == ()


def test_a_commission_that_names_another_lot_is_marked(road: Road) -> None:
    first, second = road.consignment(), road.consignment(declaration=OTHER)
    roll = drawn(road)
    code = labels(road, roll)[0]
    bind(road, code.uri, consignment_id=first.consignment_id)
    assert marks(road, code, second) == ("double_bound",)
    assert number_lists(road, roll)["double_bound"] == "1"
    kept = store.issued_code(road.session, code.unit_id)
    assert kept is not None
    assert kept.facts == first.carton.facts
    (case,) = list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
    assert (case.kind, case.marks) == (CaseKind.DOUBLE_BOUND, ("double_bound",))


def test_two_lots_in_one_upload(road: Road) -> None:
    first, second = road.consignment(), road.consignment(declaration=OTHER)
    code = labels(road, drawn(road))[0]
    said = [road.say(PORT, T.COMMISSION, commission_line(code), facts=facts(each)) for each in (first, second)]
    results = road.tell(*said)
    assert [result.marks for result in results] == [(), ("double_bound", "already_commissioned")]


def test_facts_that_are_no_lot_here_bind_nothing(road: Road) -> None:
    road.consignment()
    roll = drawn(road)
    code = labels(road, roll)[0]
    result = road.done(PORT, T.COMMISSION, commission_line(code), facts=bytes(32))
    assert result.marks == ("facts_unknown",)
    assert number_lists(road, roll) == {"unused": "1-5"}


def test_the_lot_of_another_product_binds_nothing(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road, gtin="09506000134352")
    assert marks(road, labels(road, roll)[0], consignment) == ("facts_unknown",)
    assert number_lists(road, roll) == {"unused": "1-5"}


def test_a_commission_elsewhere_binds_nothing(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road)
    code = labels(road, roll)[0]
    result = road.done(SHOP, T.COMMISSION, commission_line(code), facts=facts(consignment))
    assert "not_permitted" in result.marks
    assert number_lists(road, roll) == {"unused": "1-5"}


def test_another_code_than_the_one_issued_binds_nothing(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road)
    one, two, *_ = labels(road, roll)
    line = commission_line(two)
    wrong = type(line)(role=line.role, unit=one.unit_id, parent=None, quantity=1, attributes=line.attributes)
    result = road.done(PORT, T.COMMISSION, wrong, facts=facts(consignment))
    assert set(result.marks) == {"code_mismatch", "facts_unknown"}
    assert number_lists(road, roll) == {"unused": "1-5"}


def test_a_late_binding_is_kept_and_marked(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road, days=1)
    in_time, late = labels(road, roll)[:2]
    said = road.say(PORT, T.COMMISSION, commission_line(in_time), facts=facts(consignment))
    road.clock.forward(timedelta(days=2))
    assert marks(road, late, consignment) == ("bound_late",)
    assert road.tell(said)[0].marks == ()
    assert rolls.find_roll(road.session, roll, EVERYTHING).used == 2


def test_a_label_that_was_seen_before_it_was_bound_gets_its_lot(road: Road) -> None:
    road.consignment()
    code = labels(road, drawn(road))[0]
    road.done(SHOP, T.RECEIVE, code.unit_id)
    assert road.unit(code.unit_id).lot_id is None
    bind(road, code.uri)
    assert road.unit(code.unit_id).lot_id is not None


def test_labels_before_and_after_binding(road: Road) -> None:
    road.consignment()
    roll = drawn(road, count=2)
    bind(road, labels(road, roll)[1].uri)
    blank, bound = run_labels(road.session, roll, EVERYTHING)
    assert (blank.roll_text, blank.lot, blank.product_zh) == ("No. 1 / 2", "", "冷链货物")
    assert blank.station_zh
    assert (bound.roll_text, bound.lot) == ("", LOT)
    assert bound.product_zh
    for label in (blank, bound):
        assert label.checked() is label
        assert label.short_code


def test_rolls_page_by_page(road: Road) -> None:
    made = [drawn(road, count=1) for _ in range(5)]
    found: list[UUID] = []
    while page := roll_store.list_rolls(road.session, EVERYTHING, after=found[-1] if found else None, limit=2):
        found += [roll.run_id for roll in page]
    assert found == sorted(made, reverse=True)


def test_every_binding_is_kept(road: Road) -> None:
    first, second = road.consignment(), road.consignment(declaration=OTHER)
    code = labels(road, drawn(road))[0]
    for each in (first, second, first):
        bind(road, code.uri, consignment_id=each.consignment_id)
    rows = road.session.execute(text("SELECT applied FROM roll_binding ORDER BY bound_at")).scalars().all()
    assert list(rows) == [True, False]
    assert BindStatus.DOUBLE_BOUND.value in number_lists(road, list_roll(road))
    assert NumberList.DOUBLE_BOUND.value == BindStatus.DOUBLE_BOUND.value


def list_roll(road: Road) -> UUID:
    """Return the only roll."""
    (roll,) = roll_store.list_rolls(road.session, EVERYTHING, after=None, limit=10)
    return roll.run_id
