"""Random worlds against a small model: whatever is said in whatever order, two independent tellings agree."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import lot_checkpoints
from coldtrace.custody.model import BLOCKING
from coldtrace.events.header import read_header
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties import service as parties
from coldtrace.parties.model import Site, SiteRole
from coldtrace.seal.hashing import sha256
from support.consignments import EXPIRY
from support.custody_model import REGULATOR, Act, Coded, CustodyModel
from support.house import Handheld, pack_lines, unit_line
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, STORE, Road, binding, child, make_road, whole

MADE = [f"(01)19521234543210(21)8QK4M2ZX9RT{n}" for n in "BCDEF"]
FOREIGN = "zjcold:91%2F0042"
LOT = lot_unit(gtin="09521234543213", lot="MINCE-7")
CODED = ["coded 0", "coded 1"]
THINGS = [*CARTONS, *PALLETS, CONTAINER, *MADE, FOREIGN]
CITY, CANTEEN = "9521234000099", "9521234000105"
FIRM, OTHER_FIRM = "91120116MA05TE5T1N", "91120118MA00000011"
KEEPERS = [PORT, STORE, MARKET, CANTEEN]
MORE = {
    T.HOLD: [("reason", "residue"), ("order_no", "JS-1")],
    T.RECALL: [("reason", "residue"), ("order_no", "JS-1")],
    T.DESTROY: [("method", "incineration"), ("witness", "W-1"), ("staff", "S-1")],
    T.SAMPLE: [("record_no", "CY-1")],
}

things = st.sampled_from(THINGS)
some = st.lists(things, min_size=1, max_size=2, unique=True)
some_made = st.lists(st.sampled_from(MADE), min_size=1, max_size=2, unique=True)
keepers = st.sampled_from(KEEPERS)
later = st.booleans()
grams = st.sampled_from([None, 300, 700, 1_000])
days = st.sampled_from([None, date(2031, 1, 1), date(2030, 1, 1)])
packages = st.integers(min_value=1, max_value=9)


class CustodyMachine(RuleBasedStateMachine):
    """Everything is said twenty seconds after the last thing; some of it arrives at the end, in another order."""

    road: ClassVar[Road]
    coded: ClassVar[list[str]]
    """Two cartons of an import, with codes that the port drew."""

    def __init__(self) -> None:
        super().__init__()
        self.save = self.road.session.begin_nested()
        self.chains = {gln: (device.seq, device.prev) for gln, device in self.road.devices.items()}
        self.acts: list[Act] = []
        self.ids: dict[UUID, int] = {}
        self.said: list[Statement] = []
        self.kept: list[Statement] = []

    def _say(
        self, gln: str, type: T, lines: list[Line], *, late: bool, to: str | None = None, corrects: int | None = None
    ) -> None:
        details: dict[str, Any] = {"more": MORE[type]} if type in MORE else {}
        if corrects is not None:
            mode = CorrectionMode.INCORRECT_DATA if lines else CorrectionMode.DID_NOT_OCCUR
            header = sha256(self.said[corrects].header.encode())
            details["corrects"] = Corrects(header=header, mode=mode)
        statement = self.road.say(gln, type, *lines, to=to, **details)
        act = Act(
            at=self.road.clock.next,
            gln=gln,
            firm=OTHER_FIRM if gln in (CITY, CANTEEN) else FIRM,
            type=type,
            pairs=[(line.unit, line.parent) for line in lines if line.role != "output"],
            made=[line.unit for line in lines if line.role == "output"],
            to=to,
            level=REGULATOR if gln == CITY else "firm",
            quantity=max((line.quantity for line in lines), default=1),
            grams={line.unit: line.attributes["net_g"] for line in lines if "net_g" in line.attributes},  # type: ignore[misc]
            days={
                line.unit: date.fromisoformat(str(line.attributes["expiry"]))
                for line in lines
                if "expiry" in line.attributes
            },
            corrects=corrects,
            holds=any("hold" in line.attributes for line in lines),
        )
        self.ids[read_header(statement.header).id] = len(self.acts)
        self.acts.append(act)
        self.said.append(statement)
        if late:
            self.kept.append(statement)
        else:
            self._arrive([statement])

    def _arrive(self, statements: list[Statement]) -> None:
        for result in self.road.tell(*statements):
            assert result.status in ("accepted", "blocked"), result
            assert result.receipt is not None

    @rule(carton=st.sampled_from(CARTONS), late=later)
    def bind(self, carton: str, late: bool) -> None:
        self._say(PORT, T.COMMISSION, [binding(carton)], late=late)

    @rule(
        gln=keepers, pallet=st.sampled_from(PALLETS), cartons=st.lists(st.sampled_from(CARTONS), min_size=1, max_size=3,
        unique=True), late=later,
    )  # fmt: skip
    def pack(self, gln: str, pallet: str, cartons: list[str], late: bool) -> None:
        self._say(gln, T.PACK, pack_lines(pallet, cartons), late=late)

    @rule(gln=keepers, pallet=st.sampled_from(PALLETS), late=later)
    def load(self, gln: str, pallet: str, late: bool) -> None:
        self._say(gln, T.PACK, pack_lines(CONTAINER, [pallet]), late=late)

    @rule(gln=keepers, pallet=st.sampled_from(PALLETS), carton=st.sampled_from(CARTONS), late=later)
    def take_off(self, gln: str, pallet: str, carton: str, late: bool) -> None:
        self._say(gln, T.UNPACK, [child(carton, pallet)], late=late)

    @rule(gln=keepers, pallet=st.sampled_from([*PALLETS, CONTAINER]), late=later)
    def unpack(self, gln: str, pallet: str, late: bool) -> None:
        self._say(gln, T.UNPACK, [whole(pallet)], late=late)

    @rule(type=st.sampled_from([T.SHIP, T.RETURN]), gln=keepers, names=some, to=keepers, late=later)
    def send(self, type: T, gln: str, names: list[str], to: str, late: bool) -> None:
        self._say(gln, type, [unit_line(name) for name in names], to=to, late=late)

    @rule(gln=keepers, names=some, late=later)
    def receive(self, gln: str, names: list[str], late: bool) -> None:
        self._say(gln, T.RECEIVE, [unit_line(name) for name in names], late=late)

    @rule(type=st.sampled_from([T.SELL, T.OPEN]), gln=st.sampled_from([MARKET, CANTEEN]), name=things, late=later)
    def sell(self, type: T, gln: str, name: str, late: bool) -> None:
        self._say(gln, type, [unit_line(name)], late=late)

    @rule(name=things, late=later)
    def use(self, name: str, late: bool) -> None:
        self._say(CANTEEN, T.USE, [unit_line(name)], late=late)

    @rule(type=st.sampled_from([T.OBSERVE, T.STORE, T.COUNT, T.FIND, T.LOSE]), gln=keepers, name=things, late=later)
    def look(self, type: T, gln: str, name: str, late: bool) -> None:
        self._say(gln, type, [unit_line(name)], late=late)

    @rule(gln=keepers, name=things, late=later)
    def destroy(self, gln: str, name: str, late: bool) -> None:
        self._say(gln, T.DESTROY, [unit_line(name)], late=late)

    @rule(type=st.sampled_from([T.HOLD, T.RELEASE, T.RECALL, T.LIFT]), gln=st.sampled_from([PORT, CITY]), name=things,
        late=later)  # fmt: skip
    def stop(self, type: T, gln: str, name: str, late: bool) -> None:
        self._say(gln, type, [unit_line(name)], late=late)

    @rule(type=st.sampled_from([T.HOLD, T.RELEASE]), gln=st.sampled_from([STORE, CANTEEN]), name=things,
        late=later)  # fmt: skip
    def stop_own(self, type: T, gln: str, name: str, late: bool) -> None:
        self._say(gln, type, [unit_line(name)], late=late)

    @rule(gln=keepers, name=st.sampled_from([FOREIGN, *MADE, *CARTONS]), grams=grams, day=days, late=later)
    def adopt(self, gln: str, name: str, grams: int | None, day: date | None, late: bool) -> None:
        self._say(gln, T.ADOPT, [_part("unit", name, grams, day)], late=late)

    @rule(gln=keepers, data=st.data(), late=later)
    def repack(self, gln: str, data: st.DataObject, late: bool) -> None:
        used = data.draw(st.lists(things, min_size=1, max_size=2, unique=True))
        new = data.draw(st.lists(st.sampled_from(MADE), min_size=1, max_size=2, unique=True))
        lines = [_part("input", name, data.draw(grams), None) for name in used]
        lines += [_part("output", name, data.draw(grams), data.draw(days)) for name in new if name not in used]
        if len(lines) > len(used):
            self._say(gln, T.TRANSFORM, lines, late=late)

    @rule(gln=keepers, used=some, new=some_made, late=later)
    def relabel(self, gln: str, used: list[str], new: list[str], late: bool) -> None:
        lines = [_part("input", name) for name in used] + [_part("output", name) for name in new if name not in used]
        if len(lines) > len(used):
            self._say(gln, T.RELABEL, lines, late=late)

    @rule(type=st.sampled_from([T.TRANSFORM, T.RELABEL]), gln=keepers, used=some, quantity=packages, late=later)
    def make_lot(self, type: T, gln: str, used: list[str], quantity: int, late: bool) -> None:
        lines = [*(_part("input", name) for name in used), _packages(quantity, "output")]
        self._say(gln, type, lines, late=late)

    @rule(type=st.sampled_from([T.ADOPT, T.FIND, T.RECEIVE, T.SELL, T.LOSE, T.DESTROY]), gln=keepers,
        quantity=packages, late=later)  # fmt: skip
    def move_packages(self, type: T, gln: str, quantity: int, late: bool) -> None:
        self._say(gln, type, [_packages(quantity)], late=late)

    @rule(type=st.sampled_from([T.SHIP, T.RETURN]), gln=keepers, to=keepers, quantity=packages, late=later)
    def send_packages(self, type: T, gln: str, to: str, quantity: int, late: bool) -> None:
        self._say(gln, type, [_packages(quantity)], to=to, late=late)

    @rule(type=st.sampled_from([T.HOLD, T.RELEASE]), late=later)
    def stop_lot(self, type: T, late: bool) -> None:
        self._say(CITY, type, [_packages(1)], late=late)

    @rule(gln=st.sampled_from([PORT, STORE]), name=st.sampled_from([*CODED, *CODED, *CARTONS]), late=later)
    def void(self, gln: str, name: str, late: bool) -> None:
        self._say(gln, T.VOID, [unit_line(self._called(name))], late=late)

    @rule(type=st.sampled_from([T.COMMISSION, T.ADOPT, T.SHIP, T.USE, T.HOLD]), gln=keepers,
        name=st.sampled_from(CODED), late=later)  # fmt: skip
    def move_coded(self, type: T, gln: str, name: str, late: bool) -> None:
        unit = self._called(name)
        line = binding(unit) if type is T.COMMISSION else unit_line(unit)
        self._say(gln, type, [line], to=STORE if type is T.SHIP else None, late=late)

    @rule(type=st.sampled_from([T.TRANSFORM, T.RELABEL]), gln=keepers, name=st.sampled_from(CODED), grams=grams,
        new=st.sampled_from(MADE), late=later)  # fmt: skip
    def make_of_coded(self, type: T, gln: str, name: str, grams: int | None, new: str, late: bool) -> None:
        self._say(gln, type, [_part("input", self._called(name), grams), _part("output", new)], late=late)

    @rule(gln=st.sampled_from([PORT, STORE, MARKET, CITY]), name=st.sampled_from([*THINGS, *CODED]),
        holds=st.booleans(), late=later)  # fmt: skip
    def sample(self, gln: str, name: str, holds: bool, late: bool) -> None:
        line = unit_line(self._called(name))
        self._say(gln, T.SAMPLE, [replace(line, attributes={"hold": True}) if holds else line], late=late)

    @precondition(lambda self: self.acts)
    @rule(gln=st.sampled_from([PORT, STORE, CITY, CITY]), data=st.data(), late=later)
    def correct(self, gln: str, data: st.DataObject, late: bool) -> None:
        """Say of anything said before, corrections among it, that it was an error."""
        self._say(gln, T.CORRECT, [], late=late, corrects=data.draw(st.integers(0, len(self.acts) - 1)))

    @precondition(lambda self: self.acts)
    @rule(type=st.sampled_from([T.RECEIVE, T.OBSERVE, T.ADOPT, T.USE]), gln=st.sampled_from([STORE, CANTEEN]),
        name=things, data=st.data(), late=later)  # fmt: skip
    def amend(self, type: T, gln: str, name: str, data: st.DataObject, late: bool) -> None:
        """Say what is true instead of something said before, mostly of the same place."""
        own = [number for number, act in enumerate(self.acts) if act.gln == gln]
        corrects = data.draw(st.sampled_from(own or range(len(self.acts))))
        self._say(gln, type, [unit_line(name)], late=late, corrects=corrects)

    def _called(self, name: str) -> str:
        """Return the unit of a thing; codes are drawn anew for each run."""
        return self.coded[CODED.index(name)] if name in CODED else name

    def teardown(self) -> None:
        """Let the rest arrive, the last first, and compare."""
        try:
            for statement in reversed(self.kept):
                self._arrive([statement])
            coded = Coded(names=self.coded, station=PORT, until=EXPIRY, weighs_g=20_000)
            self._compare(CustodyModel(THINGS, LOT, coded=coded).tell(self.acts, barred=self._barred()))
        finally:
            self.save.rollback()
            self.road.session.expire_all()
            for gln, (seq, prev) in self.chains.items():
                self.road.devices[gln].seq, self.road.devices[gln].prev = seq, prev

    def _barred(self) -> set[int]:
        """Return the corrections that were not permitted, after a look at whose they are."""
        rows = self.road.session.execute(text("SELECT entry_id, permitted FROM correction")).all()
        found = {self.ids[row.entry_id]: row.permitted for row in rows}
        assert found.keys() == {number for number, act in enumerate(self.acts) if act.corrects is not None}
        for number, is_permitted in found.items():
            gln, corrects = self.acts[number].gln, self.acts[number].corrects
            assert corrects is not None
            assert is_permitted or gln != CITY
            assert not is_permitted or gln in (CITY, self.acts[corrects].gln)
        return {number for number, is_permitted in found.items() if not is_permitted}

    def _compare(self, model: CustodyModel) -> None:
        session = self.road.session
        rows = session.execute(
            text(
                "SELECT u.unit_id, u.overlays, u.left_g, u.expires_on, p.unit_id AS parent,"
                " COALESCE(r.state, u.state) AS state,"
                " COALESCE(r.gln, u.gln) AS gln, CASE WHEN r.unit_pk IS NULL THEN u.to_gln ELSE r.to_gln END AS to_gln"
                " FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk LEFT JOIN unit r ON r.unit_pk = u.root_pk"
            )
        ).all()
        of_lot = [row for row in rows if row.unit_id == LOT]
        for row in of_lot:
            assert ({"@".join(each) for each in model.lot_lies}, model.lot_day) == (set(row.overlays), row.expires_on)
        stock = session.execute(text("SELECT kind, gln, to_gln, owner, quantity FROM lot_stock")).all()
        assert {tuple(each[:4]): each.quantity for each in stock} == model.books
        for row in rows:
            if row in of_lot:
                continue
            thing = model.things[row.unit_id]
            assert (row.left_g, row.expires_on) == (thing.left_g, thing.day), row.unit_id
            assert (row.state, row.gln, row.to_gln, row.parent) == model.place(row.unit_id), row.unit_id
            lies = {"@".join(each).rstrip("@") for each in model.things[row.unit_id].lies}
            assert set(row.overlays) == lies, row.unit_id
        assert {row.unit_id for row in rows} == {name for act in self.acts for name in act.names}
        assert self._blocked(session) == {(act.at, name) for act, name in model.blocked}
        assert self._odd_stays(session) == []

    def _blocked(self, session: Session) -> set[tuple[object, str]]:
        rows = session.execute(
            text(
                "SELECT l.entry_id, u.unit_id FROM statement_line l JOIN unit u USING (unit_pk)"
                " WHERE l.marks && CAST(:blocking AS text[])"
            ),
            {"blocking": sorted(BLOCKING)},
        )
        return {(self.acts[self.ids[row.entry_id]].at, row.unit_id) for row in rows}

    @staticmethod
    def _odd_stays(session: Session) -> list[object]:
        """Return the units with two holders, or in a parent that their stays do not name."""
        return list(
            session.execute(
                text(
                    "SELECT u.unit_id FROM unit u LEFT JOIN containment c ON c.child_pk = u.unit_pk"
                    " AND c.to_at = 'infinity' GROUP BY u.unit_pk HAVING count(c.parent_pk) > 1"
                    " OR max(c.parent_pk) IS DISTINCT FROM u.parent_pk"
                )
            ).scalars()
        )


def _part(role: str, name: str, grams: int | None = None, day: date | None = None) -> Line:
    """Return a line with what it says of weight and last day."""
    said: dict[str, str | int | bool] = {} if grams is None else {"net_g": grams}
    if day is not None:
        said["expiry"] = day.isoformat()
    return replace(unit_line(name), role=role, attributes=said)


def _packages(quantity: int, role: str = "unit") -> Line:
    return replace(unit_line(LOT), role=role, quantity=quantity)


def _extra_site(road: Road, gln: str, role: SiteRole) -> Site:
    operator = parties.register_operator(
        road.session, road.env, uscc=OTHER_FIRM, name_zh="别家", name_en="Another", city_zh="天津", city_en="Tianjin"
    )
    return parties.register_site(
        road.session,
        road.env,
        parties.RegisterSite(
            gln=gln, operator=operator, name_zh="别处", name_en="Elsewhere", role=role, district="120000"
        ),
    )


@pytest.fixture
def machine(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[CustodyMachine]:
    # So short a story has no checkpoint else.
    monkeypatch.setattr(lot_checkpoints, "EVERY", 2)
    road = make_road(session, tmp_path / "keys")
    for gln in (PORT, STORE, MARKET):
        road.device(gln)
    for gln, role in ((CITY, SiteRole.REGULATOR), (CANTEEN, SiteRole.CATERER)):
        road.devices[gln] = Handheld.enrol(session, road.env, _extra_site(road, gln, role))
    session.execute(text("UPDATE device SET operations = CAST(:all AS text[])"), {"all": [type.value for type in T]})
    opened = road.consignment(importer="11120116MB0000001E", cartons=len(CODED))
    CustodyMachine.coded = [code.unit_id for code in opened.pallets[0].cartons]
    road.clock.forward(timedelta(hours=1))
    CustodyMachine.road = road
    return CustodyMachine


def test_random_worlds_agree_with_the_model(machine: type[CustodyMachine], scale: str) -> None:
    examples, steps = (2_000, 60) if scale == "full" else (25, 30)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, phases=[Phase.generate]),
    )
