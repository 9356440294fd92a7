"""More anomalies among honest days: goods that never arrive, false weights, labels and counts, holds told late."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from coldtrace.custody.model import CaseKind
from coldtrace.events.canonical import JsonValue
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import foreign_unit, lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from coldtrace.watch.scans import AskedScan, answer_scan
from support.city_lots import MADE_GTIN, CityLots
from support.city_plots import Plotter
from support.city_trade import FOREIGN_G, ORDER
from support.house import Handheld, pack_lines, unit_line
from support.road_simulation import Terminal

TIMES = 5
"""How often each scheme is carried out at most."""


def line(unit: str, *, role: str = "unit", quantity: int = 1, said: Mapping[str, JsonValue] | None = None) -> Line:
    """Return a line with attributes of any kind."""
    return Line(role=role, unit=unit, parent=None, quantity=quantity, attributes=said or {})


class Schemer(Plotter):
    """Plants those of `Plotter` and these; its labels and pallets are nobody else's."""

    def __init__(self, days: CityLots) -> None:
        super().__init__(days)
        self.labels = [days.rolled.pop().unit for _ in range(4 * TIMES)]
        self.pallets = [days.pallets.pop().unit for _ in range(2 * TIMES)]

    def schemes(self) -> list[Callable[[], None]]:
        """Return all of them."""
        return [
            *super().schemes(),
            self.never_arrived,
            self.half_arrived,
            self.half_of_a_lot_arrived,
            self.never_came_back,
            self.one_label_two_lots,
            self.labels_in_a_heap,
            self.five_of_one,
            self.more_out_of_it_than_in_it,
            self.meat_gone,
            self.hold_told_late,
            self.held_by_a_stranger,
            self.sold_past_its_day,
            self.sold_warm,
            self.cloned,
            self.miscounted,
            self.sold_more_than_there_was,
            self.destroyed_by_one_alone,
            self.altered_label,
            self.label_of_nobody,
            self.two_handhelds_with_one_key,
            self.pallet_with_a_new_label,
        ]

    def _shop(self) -> str:
        return self.days.rng.choice(self.days.sellers)

    def _named(self, text: str) -> str:
        self.made_up += 1
        return f"{text}{self.made_up:03}"

    def _foreign(self, gln: str, **said: JsonValue) -> str:
        """Return goods that a site took in under a foreign code."""
        unit = foreign_unit(scheme="tjtrace", value=self._named("PLOT"))
        self.days._say(gln, T.ADOPT, line(unit, said=said))
        return unit

    def _lot(self, gln: str, quantity: int) -> str:
        """Return a lot of which a site took in so many."""
        unit = lot_unit(gtin=MADE_GTIN, lot=self._named("PLOT"))
        self.days._say(gln, T.ADOPT, line(unit, quantity=quantity))
        return unit

    def _later(self) -> None:
        self.days.clock.forward(timedelta(hours=3))

    def never_arrived(self) -> None:
        """What the port shipped was never received."""
        box = self._fresh()
        self.days._say(self.days.port, T.SHIP, box.unit, to=self._store())
        self._plot(CaseKind.GAP, box.unit)

    def half_arrived(self) -> None:
        """Of two cartons one is received."""
        one, other, gln = self._fresh(), self._fresh(), self._store()
        self.days._say(self.days.port, T.SHIP, one.unit, other.unit, to=gln)
        self._later()
        self.days._say(gln, T.RECEIVE, one.unit)
        self._plot(CaseKind.QUANTITY_MISMATCH, other.unit, one.unit)

    def half_of_a_lot_arrived(self) -> None:
        """Of ten packages six are received."""
        gln, shop = self._store(), self._shop()
        lot = self._lot(gln, 10)
        self.days._say(gln, T.SHIP, line(lot, quantity=10), to=shop)
        self._later()
        self.days._say(shop, T.RECEIVE, line(lot, quantity=6))
        self._plot(CaseKind.QUANTITY_MISMATCH, lot)

    def never_came_back(self) -> None:
        """A shop returns what no store ever sees."""
        box = self._brought(self._shop())
        self._later()
        self.days._say(box.gln, T.RETURN, box.unit, to=self._store())
        self._plot(CaseKind.GAP, box.unit)

    def one_label_two_lots(self) -> None:
        """Two handhelds of the port bind one label of the roll, each to its own lot."""
        label = self.labels.pop()
        facts = sorted({facts for _, facts in self.days.lines.values()})[:2]
        for number, of_lot in enumerate(facts):
            terminal = self.days.terminals[f"{self.days.port}/{number}"]
            self.days._say_with(terminal, T.COMMISSION, self.days.city.label_line(label), facts=of_lot)
        self._plot(CaseKind.DOUBLE_BOUND, label)

    def labels_in_a_heap(self) -> None:
        """Two cartons get new labels, and nobody says which got which."""
        one, other, new = self._fresh(), self._fresh(), [self.labels.pop(), self.labels.pop()]
        self.days._say(
            self.days.port,
            T.RELABEL,
            *[line(box.unit, role="input") for box in (one, other)],
            *[line(label, role="output") for label in new],
        )
        self._plot(CaseKind.CONFLICT, one.unit, other.unit, *new)

    def five_of_one(self) -> None:
        """One carton under one code is shipped as five."""
        box, gln = self._fresh(), self._store()
        self.days._say(self.days.port, T.SHIP, line(box.unit, quantity=5), to=gln)
        self._later()
        self.days._say(gln, T.RECEIVE, box.unit)
        self._plot(CaseKind.QUANTITY_MISMATCH, box.unit)

    def _portion(self, gln: str, unit: str, *, used: int, made: int) -> str:
        """Make something of a part of a carton; return its lot."""
        out = lot_unit(gtin=MADE_GTIN, lot=self._named("PART"))
        self.days._say(
            gln,
            T.TRANSFORM,
            line(unit, role="input", said={"net_g": used}),
            line(out, role="output", quantity=4, said={"net_g": made}),
        )
        return out

    def more_out_of_it_than_in_it(self) -> None:
        """A repacker uses six of ten kilograms twice."""
        (gln,) = self.days.city.of(SiteRole.REPACKER)
        unit, part = self._foreign(gln, net_g=FOREIGN_G), FOREIGN_G * 6 // 10
        self._plot(
            CaseKind.QUANTITY_MISMATCH, unit, *[self._portion(gln, unit, used=part, made=part) for _ in range(2)]
        )

    def meat_gone(self) -> None:
        """Of ten kilograms eight are left, and nobody says why."""
        (gln,) = self.days.city.of(SiteRole.REPACKER)
        unit = self._foreign(gln, net_g=FOREIGN_G)
        out = self._portion(gln, unit, used=FOREIGN_G, made=FOREIGN_G * 8 // 10)
        self._plot(CaseKind.QUANTITY_MISMATCH, out, unit)

    def hold_told_late(self) -> None:
        """A regulator holds a carton on a pallet, the port ships the pallet; the hold is told after that."""
        box, other, pallet = self._fresh(), self._fresh(), self.pallets.pop()
        self.days._say(self.days.port, T.PACK, *pack_lines(pallet, [box.unit, other.unit]))
        office = self.days._terminal(self.days.city.of(SiteRole.REGULATOR)[0])
        self.days.clock.forward(timedelta(minutes=5))
        hold = office.device.say(T.HOLD, [unit_line(box.unit)], at=self.days.clock.next, more=ORDER)
        office.device.sent.remove(hold)
        self.days.clock.forward(timedelta(minutes=5))
        self.days._say(self.days.port, T.SHIP, pallet, to=self._store())
        self.days.bring_all_home()
        self.days.send_now(office, hold)
        office.device.sent.append(hold)
        self._plot(CaseKind.BLOCKED, pallet, box.unit, other.unit)

    def held_by_a_stranger(self) -> None:
        """A shop holds what lies at the port."""
        box = self._fresh()
        self.days._say(self._shop(), T.HOLD, box.unit, more=ORDER)
        self._plot(CaseKind.BLOCKED, box.unit)

    def sold_past_its_day(self) -> None:
        """A shop sells what was good until last month."""
        gln = self._shop()
        unit = self._foreign(gln, expiry="2026-10-31")
        self.days.bring_all_home()  # what is past its day is judged when it is told
        self.days._say(gln, T.SELL, unit)
        self._plot(CaseKind.BLOCKED, unit)

    def sold_warm(self) -> None:
        """A carton was out of its temperature, and is sold."""
        box = self._brought(self._shop())
        self.days._say(box.gln, T.OBSERVE, box.unit, cold="breach")
        self.days._say(box.gln, T.SELL, box.unit)
        self._plot(CaseKind.BLOCKED, box.unit)

    def cloned(self) -> None:
        """Two shops sell the same code, hours apart."""
        box = self._brought(self._shop())
        self.days._say(box.gln, T.SELL, box.unit)
        self._later()
        other = self.days.rng.choice([gln for gln in self.days.sellers if gln != box.gln])
        self.days._say(other, T.SELL, box.unit)
        self._plot(CaseKind.CONFLICT, box.unit)

    def miscounted(self) -> None:
        """A store counts eight of ten, and leaves it at that."""
        gln = self._store()
        lot = self._lot(gln, 10)
        self.days._say(gln, T.COUNT, line(lot, quantity=8))
        self._plot(CaseKind.QUANTITY_MISMATCH, lot)

    def sold_more_than_there_was(self) -> None:
        """A shop sells twelve of ten."""
        gln = self._shop()
        lot = self._lot(gln, 10)
        self.days._say(gln, T.SELL, line(lot, quantity=12))
        self._plot(CaseKind.QUANTITY_MISMATCH, lot)

    def destroyed_by_one_alone(self) -> None:
        """A store destroys a carton, and who did it is who saw it."""
        box = self._brought(self._store())
        alone = [("method", "incineration"), ("witness", "S-12"), ("staff", "S-12")]
        self.days._say(box.gln, T.DESTROY, box.unit, more=alone)
        self._plot(CaseKind.CONFLICT, box.unit)

    def _scan(self, gln: str, scanned: str) -> str:
        """Let a handheld ask what a text is; return what the case of it is about."""
        key = key_id(self.days._terminal(gln).device.signer.spki)
        asked = AskedScan(text=scanned, by=f"device:{b64(key)}", scope=EVERYTHING, gln=gln)
        with self.days.sessions.begin() as session:
            answered = answer_scan(session, self.days.env, asked)
        assert answered.case is not None, (self.days.seed, scanned)
        return f"scan:{answered.case}"

    def altered_label(self) -> None:
        """A shop scans a code of the port of which somebody altered the lot."""
        codes = [code for each in self.days.city.consignments for pallet in each.pallets for code in pallet.cartons]
        code = self.days.rng.choice(codes)
        altered = code.uri.replace(f"/10/{code.lot}", f"/10/{self._named('FAKE')}")
        assert altered != code.uri
        self._plot(CaseKind.REFUSED_CODE, self._scan(self._shop(), altered))

    def label_of_nobody(self) -> None:
        """A store scans what nothing here reads."""
        self._plot(CaseKind.UNKNOWN_CODE, self._scan(self._store(), self._named("冷冻牛肉")))

    def two_handhelds_with_one_key(self) -> None:
        """A handheld of the port was copied, and both go on; the key is suspended, and what it says next is a case."""
        one, other = self._fresh(), self._fresh()
        with self.days.sessions.begin() as session:
            terminal = Terminal(device=Handheld.enrol(session, self.days.env, self.days.city.sites[self.days.port]))
        self._tell(terminal, T.MARK)
        copy = Terminal(device=replace(terminal.device, sent=[]))
        self._tell(terminal, T.MARK)
        self._tell(copy, T.OBSERVE, one.unit)
        self._tell(terminal, T.OBSERVE, other.unit)
        self._plot(CaseKind.CONFLICT, one.unit)
        self._plot(CaseKind.CONFLICT, other.unit)

    def _tell(self, terminal: Terminal, type: T, *units: str) -> None:
        said = terminal.device.say(type, [unit_line(unit) for unit in units], at=self.days.clock.next)
        self.days.send_now(terminal, said)

    def pallet_with_a_new_label(self) -> None:
        """The port gives a pallet a new label, and two cartons are on it."""
        boxes, pallet, label = [self._fresh(), self._fresh()], self.pallets.pop(), self.labels.pop()
        self.days._say(self.days.port, T.PACK, *pack_lines(pallet, [box.unit for box in boxes]))
        self.days._say(self.days.port, T.RELABEL, line(pallet, role="input"), line(label, role="output"))
        self._plot(CaseKind.BLOCKED, pallet, label, *[box.unit for box in boxes])
