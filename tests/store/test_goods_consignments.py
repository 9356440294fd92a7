"""Consignments in the database: all or nothing, once for a declaration, undone until something left."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.clock import new_id
from coldtrace.codes.gtin import parse_gtin
from coldtrace.events.facts import facts_hash, read_facts
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import run_labels, service, store, work
from coldtrace.goods.packing_list import PackingList
from coldtrace.goods.refusals import (
    AlreadyShipped,
    AlreadyUndone,
    ConsignmentUnknown,
    DeclarationImported,
    PaperMissing,
    RunUnknown,
    StationUnknown,
)
from coldtrace.interop.imports import undo_import
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import Verdict, verify_code
from support.consignments import Consignment, commission_line, facts_of, packing_list
from support.house import pack_lines
from support.road import CARTONS, MARKET, PALLETS, PORT, SHOP, STORE, Road, at_site, binding, make_road, whole

TABLES = ("operator", "product", "consignment", "lot", "code_run", "issued_code")


def opening(packing: PackingList, **changes: Any) -> service.OpenConsignment:
    command = service.OpenConsignment(
        packing=packing,
        station_gln=None,
        scope=EVERYTHING,
        source_name="装箱单.xlsx",
        source_hash=bytes(32),
        normalised=[{"what": "date"}],
        warnings=[],
    )
    return replace(command, **changes)


def counts(road: Road) -> dict[str, int]:
    return {table: road.count(table) for table in TABLES}


def test_a_consignment_is_kept_with_all_that_belongs_to_it(road: Road) -> None:
    before = counts(road)
    opened = service.open_consignment(road.session, road.env, opening(packing_list(pallets=2, cartons=5)))
    assert (opened.cartons, opened.pallets, opened.lots, opened.net_g) == (10, 2, 1, 200_000)
    after = counts(road)
    assert {table: after[table] - before[table] for table in TABLES} == {
        "operator": 1, "product": 1, "consignment": 1, "lot": 1, "code_run": 1, "issued_code": 12
    }  # fmt: skip
    row = road.session.execute(text("SELECT * FROM consignment")).one()
    assert (row.declaration_no, row.container_no, row.state) == ("020220261000000123", "CSQU3054383", "open")
    assert row.papers["entry_date"] == "2026-11-20"
    assert row.papers["storage_zh"] == "-18℃以下冷冻保存"
    assert "seal_number" in row.papers
    assert "plant_name" not in row.papers
    lot = road.session.execute(text("SELECT * FROM lot")).one()
    assert (lot.lot, lot.maker_lot, lot.production_date, str(lot.expiry_date)) == (
        "L2409A17", "L2409A17", "2026-09-03", "2028-09-03"
    )  # fmt: skip
    assert bytes(lot.facts_hash) == facts_hash(lot.facts)
    assert read_facts(lot.facts)["gtin"] == "19521234543210"


def test_every_kept_code_verifies_against_the_published_list(road: Road) -> None:
    consignment = road.consignment(pallets=2, cartons=10)
    row = parties_store.newest_trust_list(road.session)
    assert row is not None
    trust = open_trust_list(row.envelope, root=None)
    for code in store.codes_of_run(road.session, consignment.run_id):
        report = verify_code(code.uri, trust=trust, now=road.clock.next)
        assert report.verdict is Verdict.VALID
        assert report.code is not None
        assert report.code.unit_id == code.unit_id
        assert store.issued_code(road.session, code.unit_id) == code


def without(name: str) -> PackingList:
    packing = packing_list()
    missing: dict[str, Any] = {name: None}
    return replace(packing, papers=replace(packing.papers, **missing))


INCOMPLETE: dict[str, tuple[Callable[[], service.OpenConsignment], type[Exception]]] = {
    "no declaration": (lambda: opening(without("declaration_number")), PaperMissing),
    "no container": (lambda: opening(without("container_number")), PaperMissing),
    "no importer": (lambda: opening(without("importer_uscc")), PaperMissing),
    "no quarantine certificate": (lambda: opening(without("quarantine_certificate")), PaperMissing),
    "no overseas registration": (lambda: opening(without("overseas_registration")), PaperMissing),
    "a station that is none": (lambda: opening(packing_list(), station_gln=STORE), StationUnknown),
    "a station that nobody knows": (lambda: opening(packing_list(), station_gln="x"), StationUnknown),
}  # fmt: skip


@pytest.mark.parametrize("kind", INCOMPLETE)
def test_what_cannot_be_coded_keeps_nothing(road: Road, kind: str) -> None:
    command, refusal = INCOMPLETE[kind]
    before = counts(road)
    with pytest.raises(refusal):
        service.open_consignment(road.session, road.env, command())
    assert counts(road) == before


def test_a_fault_half_way_keeps_nothing(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
    packing = packing_list(pallets=2)
    doubled = replace(packing.lines[1], lot="X" * 20)
    odd = replace(packing, lines=(packing.lines[0], replace(doubled, net_g=-1, cartons=2)))

    def import_it(packing: PackingList) -> None:
        with sessions.begin() as session:
            service.open_consignment(session, road.env, opening(packing))
            if packing is odd:
                raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        import_it(odd)
    with sessions() as session:
        for table in ("consignment", "lot", "code_run", "issued_code"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    import_it(packing)


def test_two_first_stations_must_be_told_apart(road: Road) -> None:
    parties.register_site(
        road.session,
        road.env,
        parties.RegisterSite(
            gln="9521234000075",
            operator=parties_store.operators(road.session)[0],
            name_zh="空港冷库",
            name_en="Airport",
            role=SiteRole.FIRST_STATION,
            district="120110",
        ),
    )
    with pytest.raises(StationUnknown):
        service.open_consignment(road.session, road.env, opening(packing_list()))
    service.open_consignment(road.session, road.env, opening(packing_list(), station_gln="9521234000075"))
    assert road.session.execute(text("SELECT station_gln FROM code_run")).scalar_one() == "9521234000075"


def test_a_declaration_is_imported_once(road: Road) -> None:
    first = road.consignment()
    with road.session.begin_nested() as savepoint:
        with pytest.raises(DeclarationImported) as caught:
            road.consignment(cartons=9)
        savepoint.rollback()
    assert caught.value.facts["consignment"] == str(first.consignment_id)
    assert road.count("consignment") == 1
    road.consignment(declaration="020220261000000999")
    assert road.count("product") == 1, "the product is known by its GTIN"


def test_two_imports_of_one_declaration_at_once(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
    barrier = threading.Barrier(3)
    outcome: list[str] = []

    def import_it() -> None:
        barrier.wait()
        try:
            with sessions.begin() as session:
                service.open_consignment(session, road.env, opening(packing_list()))
            outcome.append("opened")
        except DeclarationImported:
            outcome.append("refused")

    racing = [threading.Thread(target=import_it) for _ in range(3)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    assert sorted(outcome) == ["opened", "refused", "refused"]


def test_ssccs_of_two_consignments_differ(road: Road) -> None:
    one = road.consignment(pallets=3)
    other = road.consignment(pallets=3, declaration="020220261000000999")
    labels = [pallet.label.unit_id for each in (one, other) for pallet in each.pallets]
    assert len(set(labels)) == 6


def test_lots_to_bind_until_all_is_bound(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    facts = consignment.carton.facts
    assert work.open_lots(road.session, at_site(PORT)) == [
        {"gtin": "19521234543210", "lot": "L2409A17", "facts": facts}
    ]
    assert work.open_lots(road.session, at_site(STORE)) == []
    first, second = consignment.pallets[0].cartons
    road.done(PORT, T.COMMISSION, commission_line(first), facts=facts_of(first))
    assert len(work.open_lots(road.session, at_site(PORT))) == 1
    road.done(PORT, T.COMMISSION, commission_line(second), facts=facts_of(second))
    assert work.open_lots(road.session, at_site(PORT)) == []


def test_codes_drawn_here_are_bound_without_a_mark(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    code = consignment.carton
    assert road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code)).marks == ()
    other = consignment.pallets[0].cartons[1]
    assert road.done(PORT, T.COMMISSION, binding(other.unit_id)).marks == ("code_mismatch", "facts_unknown")


def undone(road: Road, consignment: Consignment) -> None:
    undo_import(road.session, road.env, consignment.consignment_id, EVERYTHING)


def test_an_import_is_undone_and_may_come_again(road: Road) -> None:
    consignment = road.consignment()
    undone(road, consignment)
    row = road.session.execute(text("SELECT state, undone_at FROM consignment")).one()
    assert row.state == "undone"
    assert row.undone_at is not None
    with pytest.raises(AlreadyUndone):
        undone(road, consignment)
    again = road.consignment()
    old = {code.unit_id for pallet in consignment.pallets for code in (*pallet.cartons, pallet.label)}
    new = {code.unit_id for pallet in again.pallets for code in (*pallet.cartons, pallet.label)}
    assert not old & new


def test_a_lot_that_came_twice_is_named_carton_by_carton(road: Road) -> None:
    """Each consignment has facts of its own, and the code of a carton says the lot alone."""
    one, other = (road.consignment(cartons=2, declaration=f"02022026100000{number}") for number in ("0123", "0999"))
    assert one.carton.facts != other.carton.facts
    for each in (one, other):
        (named,) = [
            found for found in work.open_units(road.session, at_site(PORT)) if found["facts"] == each.carton.facts
        ]
        assert set(named["units"]) == {carton.unit_id for carton in each.pallets[0].cartons}  # type: ignore[call-overload]
    for carton in one.pallets[0].cartons:
        result = road.done(PORT, T.COMMISSION, commission_line(carton), facts=facts_of(carton))
        assert result.marks == ()
    assert work.open_units(road.session, at_site(PORT)) == [], (
        "the other one's facts are the only ones of this name now"
    )


def test_codes_of_an_undone_import_are_unregistered(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    bound, other = consignment.pallets[0].cartons
    road.done(PORT, T.COMMISSION, commission_line(bound), facts=facts_of(bound))
    undone(road, consignment)
    assert store.issued_code(road.session, bound.unit_id) is None
    assert list(store.codes_of_run(road.session, consignment.run_id)) == []
    assert work.open_lots(road.session, at_site(PORT)) == []
    with pytest.raises(RunUnknown):
        run_labels.run_labels(road.session, consignment.run_id, EVERYTHING)
    late = road.done(PORT, T.COMMISSION, commission_line(other), facts=facts_of(other))
    assert (late.status, late.marks) == ("accepted", ("not_issued",))
    assert [line.type for line in road.story(bound.unit_id)] == ["commission"], "what was said stays said"


def bind_and_pack(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)


def sent_on_its_pallet(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)
    road.done(PORT, T.SHIP, consignment.pallets[0].label.unit_id, to=STORE)


def sent_on_a_foreign_pallet(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [consignment.carton.unit_id]))
    road.done(PORT, T.SHIP, PALLETS[0], to=STORE)


def seen_elsewhere(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)
    road.done(STORE, T.RECEIVE, consignment.pallets[0].label.unit_id)


def sold_at_the_port(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)
    road.done(MARKET, T.SELL, consignment.carton.unit_id)


LEFT: list[tuple[Callable[[Road, Consignment], None], int]] = [
    (sent_on_its_pallet, 4),
    (sent_on_a_foreign_pallet, 1),
    (seen_elsewhere, 4),
    (sold_at_the_port, 1),
]


@pytest.mark.parametrize(("happened", "units"), LEFT)
def test_what_has_left_keeps_its_import(road: Road, happened: Callable[[Road, Consignment], None], units: int) -> None:
    consignment = road.consignment(cartons=3)
    happened(road, consignment)
    with pytest.raises(AlreadyShipped) as caught:
        undone(road, consignment)
    assert caught.value.facts["count"] == units
    assert store.issued_code(road.session, consignment.carton.unit_id) is not None


def repacked_and_only_the_old_pallet_left(road: Road, consignment: Consignment) -> None:
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:1]))
    road.bind_all(consignment)
    road.done(PORT, T.UNPACK, whole(consignment.pallets[0].label.unit_id))
    road.done(PORT, T.SHIP, PALLETS[0], to=STORE)


def shipped_by_one_who_may_not(road: Road, consignment: Consignment) -> None:
    road.bind_all(consignment)
    road.device(SHOP)
    road.session.connection().exec_driver_sql(f"UPDATE device SET operations = '{{sell}}' WHERE gln = '{SHOP}'")
    assert road.done(SHOP, T.SHIP, consignment.carton.unit_id, to=STORE).status == "blocked"


@pytest.mark.parametrize("happened", [bind_and_pack, repacked_and_only_the_old_pallet_left, shipped_by_one_who_may_not])
def test_what_is_still_at_the_station_can_be_undone(road: Road, happened: Callable[[Road, Consignment], None]) -> None:
    consignment = road.consignment(cartons=3)
    happened(road, consignment)
    undone(road, consignment)
    assert store.consignment_state(road.session, consignment.consignment_id, EVERYTHING) == "undone"


def test_an_unknown_consignment_cannot_be_undone(road: Road) -> None:
    with pytest.raises(ConsignmentUnknown):
        undo_import(road.session, road.env, new_id(), EVERYTHING)


def test_nothing_leaves_while_an_import_is_undone(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """Undoing holds the goods: a ship that comes meanwhile waits, and then finds codes that nobody issued."""
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        consignment = road.consignment(cartons=1)
        road.bind_all(consignment)
        said = road.say(PORT, T.SHIP, consignment.pallets[0].label.unit_id, to=STORE)
    shipped = threading.Event()

    def ship() -> None:
        with sessions.begin() as session:
            replace(road, session=session).tell(said)
        shipped.set()

    late = threading.Thread(target=ship)
    with sessions.begin() as session:
        undo_import(session, road.env, consignment.consignment_id, EVERYTHING)
        late.start()
        assert not shipped.wait(0.3)
    late.join()
    assert shipped.is_set()
    with sessions() as session:
        assert store.consignment_state(session, consignment.consignment_id, EVERYTHING) == "undone"


def test_labels_of_a_run_in_the_order_of_packing(road: Road) -> None:
    consignment = road.consignment(pallets=2, cartons=3)
    labels = list(run_labels.run_labels(road.session, consignment.run_id, EVERYTHING))
    assert [label.kind.value for label in labels] == ["unit", "unit", "unit", "pallet"] * 2
    assert [label.uri for label in labels[:3]] == [code.uri for code in consignment.pallets[0].cartons]
    assert [(labels[3].count, labels[3].net_g), (labels[0].count, labels[0].net_g)] == [(3, 60_000), (None, 20_000)]
    assert labels[0].short_code.count("-") == 3
    with pytest.raises(RunUnknown):
        run_labels.run_labels(road.session, new_id(), EVERYTHING)


def test_a_label_states_no_weight_that_nobody_weighed(road: Road) -> None:
    packing = packing_list(cartons=3)
    variable = replace(packing.lines[0], gtin=parse_gtin("99521234543216"), net_g=61_234)
    opened = service.open_consignment(road.session, road.env, opening(replace(packing, lines=(variable,))))
    labels = list(run_labels.run_labels(road.session, opened.run_id, EVERYTHING))
    assert [label.net_g for label in labels] == [None, None, None, 61_234]
    road.bound(CARTONS[0])
