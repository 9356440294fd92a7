"""More of what honest firms and offices do in a city: returns, stops, samples, labels of rolls, corrections, vouchers.

Goods by lot and quantity, and what is made of what, are in `city_lots.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import foreign_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.seal.hashing import sha256
from support.city_days import REASON, ROAD, CityDays
from support.road_simulation import Box, Terminal

ORDER = [("reason", "residue"), ("order_no", "JS-2026-11")]
FOREIGN_G = 10_000
PATIENCE = timedelta(days=4)
"""Nobody waits longer for what should have come."""
STOPPED_MOST = 8
HONEST = frozenset(T) - {T.MARK, T.CLOSE}
"""All that an honest city says about goods."""
ACTS_MOST = 1_500
"""Rather than go on longer a city ends without having said everything."""


@dataclass
class CityTrade(CityDays):
    """Days of all that firms and offices do.  `stops` names who stopped goods that are on hold, and how it ends."""

    stops: dict[str, tuple[str, T]] = field(default_factory=dict)
    ever_stopped: set[str] = field(default_factory=set)
    ever_inside: dict[str, set[str]] = field(default_factory=dict)
    vouchers: dict[str, str] = field(default_factory=dict)
    half_come: set[str] = field(default_factory=set)
    rolled: list[Box] = field(default_factory=list)
    types_said: set[T] = field(default_factory=set)
    numbers: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rolled = [Box(unit=code.unit_id, gln=self.port) for code in self.city.labels]

    def day(self, number: int, *, acts: int) -> None:
        """Let a day pass; in the morning whoever waits for the rest of something takes it in."""
        self._take_in_rests()
        super().day(number, acts=acts)

    def say_what_is_left(self) -> None:
        """Go on until everything that an honest city says has been said once."""
        for _ in range(ACTS_MOST):
            if self.types_said >= HONEST:
                return
            self.clock.forward(timedelta(seconds=self.rng.randint(1, 60)))
            self._act()

    def finish(self) -> None:
        """Bring everything home: goods that are on the road, and statements."""
        self.clock.forward(2 * ROAD)
        self._take_in_rests(everything=True)
        super().finish()

    def _say_with(self, terminal: Terminal, type: T, *lines: Line | str, **details: Any) -> Statement:
        self.types_said.add(type)
        return super()._say_with(terminal, type, *lines, **details)

    def _acts(self) -> list[Callable[[], bool]]:
        return [
            *super()._acts(),
            *[self._ship_by_voucher] * 3,
            *[self._receive_some] * 3,
            self._return,
            self._export,
            self._destroy,
            self._stop,
            self._stop,
            self._sample,
            self._inspect,
            self._measure,
            self._adopt,
            self._adopt_own,
            self._bind_label,
            self._bind_label,
            self._void_label,
            self._relabel,
            self._sell_wrongly,
            self._ship_wrongly,
        ]

    def _next(self, prefix: str) -> str:
        self.numbers += 1
        return f"{prefix}{self.numbers:05}"

    def _ship_by_voucher(self) -> bool:
        gln = self.rng.choice(self.sites)
        found = self._some((b for b in (*self.pallets, *self.boxes) if self._may_leave(b, gln)), 4)
        if not found:
            return False
        number = self._next("CK-")
        self._send_off(gln, T.SHIP, found, self._destination(gln), more=[("voucher", number)])
        self.vouchers |= {each.unit: number for each in found}
        return True

    def _receive_some(self) -> bool:
        """Take in a part of what came by one voucher; the rest is carried in later."""
        come = [b for b in self._come() if b.unit in self.vouchers]
        if not come:
            return False
        number = self.vouchers[self.rng.choice(come).unit]
        of_one = [b for b in come if self.vouchers[b.unit] == number]
        part = self.rng.sample(of_one, self.rng.randint(1, len(of_one)))
        self._take_in(part, more=[("voucher", number), ("from", part[0].gln)] if self.rng.random() < 0.5 else [])
        self.half_come |= {b.unit for b in of_one if b not in part}
        return True

    def _take_in(self, here: Sequence[Box], type: T = T.RECEIVE, **details: Any) -> None:
        super()._take_in(here, type, **details)
        for each in here:  # when it goes on, it is not by this voucher
            self.vouchers.pop(each.unit, None)

    def _take_in_rests(self, *, everything: bool = False) -> None:
        """Take in what was half received, and what is on its way for so long that somebody goes and looks."""
        late = self.clock.next - PATIENCE
        waiting = [b for b in self._come() if everything or b.unit in self.half_come or self.shipped[b.unit] < late]
        for gln in sorted({b.to for b in waiting if b.to is not None}):
            self._take_in([b for b in waiting if b.to == gln])
        self.half_come.clear()

    def _return(self) -> bool:
        """A shop sends back what it does not sell."""
        box = self._one(self._at(SiteRole.RETAILER, SiteRole.CATERER))
        if box is None:
            return False
        self._send_off(box.gln, T.RETURN, [box], self.rng.choice(self.city.of(SiteRole.COLD_STORE)))
        return True

    def _export(self) -> bool:
        box = self._one(self._at(SiteRole.FIRST_STATION))
        if box is None or self.rng.random() < 0.7:
            return False
        self._say(box.gln, T.RETURN, box.unit, more=[("export_country", "BR")])
        box.state = "exported"
        return True

    def _destroy(self) -> bool:
        box = self._one(self._at(SiteRole.COLD_STORE))
        if box is None or self.rng.random() < 0.7:
            return False
        self._say(
            box.gln, T.DESTROY, box.unit, more=[("method", "incineration"), ("witness", "W-77"), ("staff", "S-12")]
        )
        box.state = "destroyed"
        return True

    def _is_free(self, pallet: Box, gln: str) -> bool:
        return super()._is_free(pallet, gln) and pallet not in self.held

    def _may_unpack(self, pallet: Box) -> bool:
        around: Box | None = pallet
        while around is not None:  # whoever leaves a pallet takes its holds along
            if around in self.held:
                return False
            around = around.parent
        return super()._may_unpack(pallet)

    def _stop(self) -> bool:
        """A regulator holds or recalls a carton or a pallet; the port recalls what it coded."""
        lying = [b for b in self.pallets if b.state == "active" and b.parent is None and self._inside(b)]
        box = self._one([*self._at(SiteRole.COLD_STORE, SiteRole.FIRST_STATION), *lying])
        if box is None or len(self.held) > STOPPED_MOST:
            return False
        office = self.city.of(SiteRole.REGULATOR)[0]
        ways = [(office, T.HOLD, T.RELEASE), (office, T.RECALL, T.LIFT)]
        if box.unit in self.lines:
            ways.append((self.port, T.RECALL, T.LIFT))
        gln, begins, ends = self.rng.choice(ways)
        self._say(gln, begins, box.unit, more=ORDER)
        self._keep_stopped(box, gln, ends)
        return True

    def _keep_stopped(self, box: Box, gln: str, ends: T) -> None:
        self.held.append(box)
        self.stops[box.unit] = (gln, ends)
        self.ever_stopped |= {box.unit, *self.ever_inside.get(box.unit, ())}

    def _pack(self) -> bool:
        """Pack, and keep in mind what was in what: whoever unpacked it may tell so days later."""
        if not super()._pack():
            return False
        for each in (*self.boxes, *self.pallets):
            around = each.parent
            while around is not None:
                self.ever_inside.setdefault(around.unit, set()).add(each.unit)
                if around.unit in self.ever_stopped:
                    self.ever_stopped.add(each.unit)
                around = around.parent
        return True

    def _hold(self) -> bool:
        done = super()._hold()
        if done:
            self.ever_stopped.add(self.held[-1].unit)
        return done

    def _release(self) -> bool:
        if not self.held:
            return False
        box = self.held.pop(self.rng.randrange(len(self.held)))
        gln, type = self.stops.pop(box.unit, (box.gln, T.RELEASE))
        self._say(gln, type, box.unit, more=[REASON])
        return True

    def _sample(self) -> bool:
        """The port takes a sample; now and then the carton waits for the result."""
        box = self._one(self._at(SiteRole.FIRST_STATION))
        if box is None:
            return False
        if len(self.held) > STOPPED_MOST or self.rng.random() < 0.5:
            self._say(box.gln, T.SAMPLE, box.unit)
            return True
        line = Line(role="unit", unit=box.unit, parent=None, quantity=1, attributes={"hold": True})
        self._say(box.gln, T.SAMPLE, line)
        self._keep_stopped(box, box.gln, T.RELEASE)
        return True

    def _inspect(self) -> bool:
        """An office looks at goods wherever they are."""
        seen = [b for b in (*self.boxes, *self.pallets) if b.outermost.state in ("active", "in_transit")]
        if not seen:
            return False
        office = self.city.of(SiteRole.REGULATOR)[0]
        type = self.rng.choice([T.OBSERVE, T.INSPECT, T.SAMPLE])
        self._say(office, type, *[b.unit for b in self.rng.sample(seen, min(len(seen), 3))])
        return True

    def _measure(self) -> bool:
        box = self._one(self._at(SiteRole.COLD_STORE))
        if box is None:
            return False
        self._say(box.gln, T.TEMPERATURE, box.unit, cold="ok")
        return True

    def _adopt(self) -> bool:
        """A store takes in goods under the code of another platform."""
        gln = self.rng.choice(self.city.of(SiteRole.COLD_STORE, SiteRole.REPACKER))
        box = Box(unit=foreign_unit(scheme="zjcold", value=self._next("91/")), gln=gln, state="active")
        line = Line(
            role="unit",
            unit=box.unit,
            parent=None,
            quantity=1,
            attributes={"net_g": FOREIGN_G, "expiry": "2027-06-30"},
        )
        self._say(gln, T.ADOPT, line)
        self.boxes.append(box)
        return True

    def _adopt_own(self) -> bool:
        """Whoever receives may adopt what has a code of this platform: it is the same."""
        come = [b for b in self._come() if b in self.boxes]
        if not come:
            return False
        self._take_in([self.rng.choice(come)], T.ADOPT)
        return True

    def _bind_label(self) -> bool:
        """The port binds a label of its roll to a lot of cartons that came without labels."""
        if not self.rolled or not self.boxes:
            return False
        box = self.rolled.pop(0)
        _, facts = self.rng.choice(list(self.lines.values()))
        self._say(self.port, T.COMMISSION, self.city.label_line(box.unit), facts=facts)
        box.state = "active"
        self.boxes.append(box)
        return True

    def _void_label(self) -> bool:
        """A label is torn."""
        if not self.rolled or self.rng.random() < 0.5:
            return False
        self._say(self.port, T.VOID, self.rolled.pop(0).unit, more=[REASON])
        return True

    def _relabel(self) -> bool:
        """A carton at the port gets a new label."""
        box = self._one(self._at(SiteRole.FIRST_STATION))
        if box is None or not self.rolled:
            return False
        new = self.rolled.pop(0)
        self._say(
            self.port,
            T.RELABEL,
            Line(role="input", unit=box.unit, parent=None, quantity=1),
            Line(role="output", unit=new.unit, parent=None, quantity=1),
        )
        box.state, new.state = "transformed", "active"
        self.boxes.append(new)
        if box.unit in self.ever_stopped:
            self.ever_stopped.add(new.unit)
        for inside in self.ever_inside.values():
            if box.unit in inside:
                inside.add(new.unit)
        return True

    def _at_work(self, gln: str) -> Terminal | None:
        """Return a handheld of a site that has a network today."""
        found = [t for name, t in self.terminals.items() if name.startswith(f"{gln}/")]
        return next((t for t in found if t.offline_until <= self.number), None)

    def _correct(
        self, terminal: Terminal, said: Statement, type: T, *lines: Line | str, mode: CorrectionMode, **details: Any
    ) -> None:
        """Say a minute or some later what was wrong, and send it before anything else is done.

        Of goods that somebody stopped in the meantime only a regulator may correct anything, and that is judged when a
        correction arrives (decision 0025).  So whoever lets one lie until evening has something to explain.
        """
        self.clock.forward(timedelta(minutes=self.rng.randint(1, 10)))
        named = Corrects(header=sha256(said.header.encode()), mode=mode)
        self._say_with(terminal, type, *lines, corrects=named, **details)
        self._bring_home(terminal)

    def _take_back(self, terminal: Terminal, said: Statement, unit: str) -> None:
        """Declare that something did not occur: it was the wrong carton."""
        self._correct(terminal, said, T.CORRECT, unit, mode=CorrectionMode.DID_NOT_OCCUR)

    def _mistaken(self, *roles: SiteRole) -> tuple[Box, Terminal] | None:
        """Return a carton that somebody takes for another, and the handheld; nothing ever lay on it."""
        box = self._one([b for b in self._at(*roles) if b.unit not in self.ever_stopped])
        terminal = None if box is None else self._at_work(box.gln)
        return None if box is None or terminal is None else (box, terminal)

    def _sell_wrongly(self) -> bool:
        found = self._mistaken(SiteRole.RETAILER, SiteRole.CATERER)
        if found is None:
            return False
        box, terminal = found
        self._take_back(terminal, self._say_with(terminal, T.SELL, box.unit), box.unit)
        return True

    def _ship_wrongly(self) -> bool:
        found = self._mistaken(SiteRole.COLD_STORE, SiteRole.REPACKER)
        if found is None:
            return False
        box, terminal = found
        said = self._say_with(terminal, T.SHIP, box.unit, to=self._destination(box.gln))
        self._take_back(terminal, said, box.unit)
        return True
