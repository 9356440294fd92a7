"""Goods by lot and quantity in a city, and what a repacker makes of cartons and of them: all that honest firms do."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from coldtrace.events.public_piece import CorrectionMode
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from support.city_days import REASON, ROAD
from support.city_trade import FOREIGN_G, ORDER, PATIENCE, CityTrade
from support.consignments import EXPIRY, GTIN, facts_of
from support.road_simulation import Box

MADE_GTIN = "09521234543213"
CARTON_G = 20_000


@dataclass
class Cargo:
    """Some of a lot on its way; `begun`: a part of it was taken in."""

    gln: str
    to: str
    quantity: int
    since: datetime
    begun: bool = False


@dataclass
class Bulk:
    """Where some goods without labels of their own really lie.  `facts` are those of an imported lot."""

    unit: str
    facts: bytes | None = None
    here: Counter[str] = field(default_factory=Counter)
    road: list[Cargo] = field(default_factory=list)
    stopped: tuple[str, T] | None = None
    ever_stopped: bool = False

    def line(self, quantity: int, role: str = "unit", **said: str | int) -> Line:
        """Return a line about some of it."""
        return Line(role=role, unit=self.unit, parent=None, quantity=quantity, attributes=said)


@dataclass
class CityLots(CityTrade):
    """Days with lots.  `grams` is what is left of goods of which something was made."""

    lots: list[Bulk] = field(default_factory=list)
    grams: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for consignment, number in zip(self.city.bulk, range(len(self.city.bulk)), strict=True):
            self.lots.append(Bulk(unit=lot_unit(gtin=GTIN, lot=f"BULK{number:02}"), facts=facts_of(consignment.carton)))

    def _acts(self) -> list[Callable[[], bool]]:
        return [
            *super()._acts(),
            self._bind_lot,
            *[self._ship_lot] * 3,
            *[self._receive_lot] * 4,
            self._return_lot,
            self._count_lot,
            self._count_wrongly,
            self._sell_lot,
            self._stop_lot,
            self._go_on_lot,
            *[self._make] * 6,
            self._lose_lot,
        ]

    def _of(self, *roles: SiteRole) -> Iterator[tuple[Bulk, str, int]]:
        """Return each lot that may go on, with each place of these roles where some of it is, and how much."""
        glns = set(self.city.of(*roles))
        for lot in self.lots:
            for gln, quantity in lot.here.items():
                if gln in glns and quantity > 0 and lot.stopped is None:
                    yield lot, gln, quantity

    def _some_of(self, *roles: SiteRole) -> tuple[Bulk, str, int] | None:
        """Return a part of a lot at one place of these roles."""
        found = list(self._of(*roles))
        if not found:
            return None
        lot, gln, quantity = self.rng.choice(found)
        return lot, gln, self.rng.randint(1, quantity)

    def _bind_lot(self) -> bool:
        """The port says how many cartons of a lot came without labels."""
        lot = next((lot for lot in self.lots if lot.facts is not None and not lot.here and lot.stopped is None), None)
        if lot is None:
            return False
        quantity = self.rng.randint(40, 90)
        self._say(self.port, T.COMMISSION, lot.line(quantity, code=b64(bytes(32))), facts=lot.facts)
        lot.here[self.port] += quantity
        return True

    def _ship_lot(self) -> bool:
        part = self._some_of(SiteRole.FIRST_STATION, SiteRole.COLD_STORE, SiteRole.REPACKER)
        if part is None:
            return False
        self._send_lot(T.SHIP, *part, self._destination(part[1]))
        return True

    def _return_lot(self) -> bool:
        part = self._some_of(SiteRole.RETAILER, SiteRole.CATERER)
        if part is None:
            return False
        self._send_lot(T.RETURN, *part, self.rng.choice(self.city.of(SiteRole.COLD_STORE)))
        return True

    def _send_lot(self, type: T, lot: Bulk, gln: str, quantity: int, to: str) -> None:
        self._say(gln, type, lot.line(quantity), to=to, more=[("voucher", self._next("LOT-"))])
        lot.here[gln] -= quantity
        lot.road.append(Cargo(gln, to, quantity, self.clock.next))

    def _receive_lot(self) -> bool:
        come = self._cargo()
        if not come:
            return False
        lot, cargo = self.rng.choice(come)
        # Of two loads of one lot from one place nobody can tell which is which: the first comes first.
        cargo = next(each for each in lot.road if (each.gln, each.to) == (cargo.gln, cargo.to))
        all_of_it = self.rng.random() < 0.6
        self._carry_in(lot, cargo, cargo.quantity if all_of_it else self.rng.randint(1, cargo.quantity))
        return True

    def _cargo(self) -> list[tuple[Bulk, Cargo]]:
        """Return what has had the time to come to where it goes."""
        since = self.clock.next - ROAD
        return [(lot, cargo) for lot in self.lots for cargo in lot.road if cargo.since < since]

    def _carry_in(self, lot: Bulk, cargo: Cargo, quantity: int) -> None:
        senders = {each.gln for each in lot.road if each.to == cargo.to}
        named = [("from", cargo.gln)] if len(senders) > 1 or self.rng.random() < 0.5 else []
        self._say(cargo.to, T.RECEIVE, lot.line(quantity), more=named)
        lot.here[cargo.to] += quantity
        cargo.quantity -= quantity
        cargo.begun = True
        if cargo.quantity == 0:
            lot.road.remove(cargo)

    def _take_in_rests(self, *, everything: bool = False) -> None:
        super()._take_in_rests(everything=everything)
        late = self.clock.next - PATIENCE
        for lot, cargo in self._cargo():
            if everything or cargo.begun or cargo.since < late:
                self._carry_in(lot, cargo, cargo.quantity)

    def _count_lot(self) -> bool:
        """Somebody counts all of a lot at a place, or looks at a part of it."""
        part = self._some_of(SiteRole.COLD_STORE, SiteRole.FIRST_STATION, SiteRole.RETAILER)
        if part is None:
            return False
        lot, gln, quantity = part
        type = self.rng.choice([T.COUNT, T.OBSERVE, T.STORE])
        self._say(gln, type, lot.line(lot.here[gln] if type is T.COUNT else quantity))
        return True

    def _count_wrongly(self) -> bool:
        """Somebody miscounts, and says some minutes later what is right."""
        found = [each for each in self._of(SiteRole.COLD_STORE) if not each[0].ever_stopped]
        if not found:
            return False
        lot, gln, quantity = self.rng.choice(found)
        terminal = self._at_work(gln)
        if terminal is None:
            return False
        said = self._say_with(terminal, T.COUNT, lot.line(quantity + 2))
        at = self.clock.next
        self._correct(terminal, said, T.COUNT, lot.line(quantity), mode=CorrectionMode.INCORRECT_DATA, at=at)
        return True

    def _sell_lot(self) -> bool:
        part = self._some_of(SiteRole.RETAILER, SiteRole.CATERER)
        if part is None:
            return False
        lot, gln, quantity = part
        caters = gln in self.city.of(SiteRole.CATERER)
        self._say(gln, T.USE if caters else T.SELL, lot.line(quantity))
        lot.here[gln] -= quantity
        return True

    def _lose_lot(self) -> bool:
        """A store reports some as lost and finds them again."""
        part = self._some_of(SiteRole.COLD_STORE)
        if part is None:
            return False
        lot, gln, quantity = part
        self._say(gln, T.LOSE, lot.line(quantity), more=[REASON])
        self._say(gln, T.FIND, lot.line(quantity))
        return True

    def _stop_lot(self) -> bool:
        """A regulator or the port stops a whole lot, wherever it lies."""
        free = [lot for lot in self.lots if lot.facts is not None and lot.stopped is None and lot.here]
        if len(free) < 2:
            return False
        lot = self.rng.choice(free)
        gln = self.rng.choice([self.port, self.city.of(SiteRole.REGULATOR)[0]])
        begins, ends = self.rng.choice([(T.HOLD, T.RELEASE), (T.RECALL, T.LIFT)])
        self._say(gln, begins, lot.line(0), more=ORDER)
        lot.stopped, lot.ever_stopped = (gln, ends), True
        return True

    def _go_on_lot(self) -> bool:
        stopped = [lot for lot in self.lots if lot.stopped is not None]
        if not stopped:
            return False
        lot = self.rng.choice(stopped)
        assert lot.stopped is not None
        gln, type = lot.stopped
        self._say(gln, type, lot.line(0), more=[REASON])
        lot.stopped = None
        return True

    def _make(self) -> bool:
        """A repacker makes portions of cartons: of a part of one, or of all that is left of up to three."""
        (gln,) = self.city.of(SiteRole.REPACKER)
        begun = [b for b in self.boxes if b.state == "cut" and b.gln == gln]
        found = self._some((b for b in (*begun, *self._loose(gln)) if self._weight(b) and b not in self.held), 3)
        if not found:
            return False
        part = len(found) == 1 and self.rng.random() < 0.5
        used = {b.unit: self._weight(b) // 2 if part else self._weight(b) for b in found}
        foreign = any(b.unit not in self.lines for b in found)
        lost = self.rng.choice([0, 2, 10])
        made = self._made()
        quantity = self.rng.randint(5, 20)
        out = made.line(
            quantity,
            "output",
            net_g=sum(used.values()) * (100 - lost) // 100,
            expiry="2027-06-30" if foreign else EXPIRY.isoformat(),
            **({"loss_reason": "bones"} if lost > 3 else {}),
        )
        lines = [Line(role="input", unit=u, parent=None, quantity=1, attributes={"net_g": g}) for u, g in used.items()]
        self._say(gln, T.TRANSFORM, *lines, out)
        for box in found:
            box.state = "cut" if part else "transformed"
            self.grams[box.unit] = self._weight(box) - used[box.unit]
        made.here[gln] += quantity
        return True

    def _made(self) -> Bulk:
        """Return the lot of the day's portions: a new one, or one that grows."""
        own = [lot for lot in self.lots if lot.facts is None]
        if not own or self.rng.random() < 0.5:
            own = [Bulk(unit=lot_unit(gtin=MADE_GTIN, lot=self._next("P")))]
            self.lots += own
        return self.rng.choice(own)

    def _weight(self, box: Box) -> int:
        """Return what is left of a carton, 0 where its weight is not known: that of one with a new label."""
        known = CARTON_G if box.unit in self.lines else FOREIGN_G if box.unit.startswith("zjcold:") else 0
        return self.grams.get(box.unit, known)
