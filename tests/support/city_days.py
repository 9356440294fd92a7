"""Days in a city: honest work of forty devices over a bad link, and plots that somebody should find out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import service as custody
from coldtrace.custody.model import CaseKind
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.watch.model import SweepTimes
from coldtrace.watch.sweep import sweep
from support.city import City
from support.road_simulation import Box, Simulation, Terminal, boxes_of

ROAD = timedelta(minutes=45)
"""No lorry is faster."""
REASON = ("reason", "temperature_check")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A planted anomaly: the case that must come of it, and what it is about; `beside` are other goods in the plot."""

    kind: CaseKind
    about: str
    beside: tuple[str, ...] = ()


@dataclass
class CityDays(Simulation):
    """Honest days.  `stock` are boxes that nobody else touches; `plots` what was planted."""

    city: City = field(kw_only=True)
    stock: list[Box] = field(kw_only=True)
    plots: list[Plot] = field(default_factory=list)
    held: list[Box] = field(default_factory=list)
    shipped: dict[str, datetime] = field(default_factory=dict)
    number: int = 0

    @classmethod
    def of(cls, city: City, sessions: sessionmaker[Session], seed: int) -> Self:
        """Return a city on its first morning; the goods of its last consignment are kept for plots."""
        boxes: list[Box] = []
        pallets: list[Box] = []
        lines = {}
        for consignment in city.consignments:
            found, labels, told = boxes_of(consignment)
            boxes += found
            pallets += labels
            lines.update(told)
        for box in (*boxes, *pallets):
            box.gln = city.port
        kept = sum(len(pallet.cartons) for pallet in city.consignments[-1].pallets)
        terminals = {
            f"{gln}/{number}": Terminal(device=device)
            for gln, devices in city.devices.items()
            for number, device in enumerate(devices)
        }
        return cls(
            seed=seed,
            sessions=sessions,
            env=city.env,
            clock=city.clock,
            terminals=terminals,
            boxes=boxes[:-kept],
            pallets=pallets,
            lines=lines,
            port=city.port,
            sites=[city.port, *city.of(SiteRole.COLD_STORE, SiteRole.REPACKER)],
            sellers=city.of(SiteRole.RETAILER),
            city=city,
            stock=boxes[-kept:],
            # What came before it may still be on its way: a hold whose goods nobody knows yet is blocked until then.
            answers=("accepted", "repeat", "blocked"),
        )

    def day(self, number: int, *, acts: int) -> None:
        """Let a day pass; in the evening each handheld that has a network delivers what it holds."""
        self.number = number
        super().day(number, acts=acts)
        for terminal in self.terminals.values():
            if number >= terminal.offline_until:
                self._bring_home(terminal)

    def bring_all_home(self) -> None:
        """Let every handheld deliver what it holds, before so much time passes that it would be late."""
        for terminal in self.terminals.values():
            self._bring_home(terminal)

    def _may_go_offline(self, terminal: Terminal, number: int) -> bool:
        # Honest devices are home within 72 hours, so there is an evening with a network between two times without.
        return number > terminal.offline_until

    def look_for_gaps(self) -> None:
        """Let the sweep look at all that came."""
        more = True
        while more:
            with self.sessions.begin() as session:
                more = sweep(session, self.env, SweepTimes()).more

    def send_now(self, terminal: Terminal, statement: Statement) -> None:
        """Let one statement arrive at this very moment."""
        terminal.queue.append(statement)
        self.said += 1
        self.clock.forward(timedelta(seconds=1))
        self._send(terminal, [statement])

    def send_refused(self, statement: Statement, code: str) -> None:
        """Send what must be refused."""
        with self.sessions.begin() as session:
            (result,) = custody.capture(session, self.env, [statement.to_json()])
        assert result.refusal is not None, (self.seed, result)
        assert result.refusal.code == code, (self.seed, result)

    def _acts(self) -> list[Callable[[], bool]]:
        return [
            *super()._acts() * 3,
            *[self._receive] * 6,
            self._open,
            self._use,
            self._hold,
            self._release,
            self._store,
            self._lose,
        ]

    def _terminal(self, gln: str) -> Terminal:
        return self.rng.choice([each for name, each in self.terminals.items() if name.startswith(f"{gln}/")])

    def _ship(self) -> bool:
        gln = self.rng.choice(self.sites)
        ready = (b for b in (*self.pallets, *self.boxes) if self._may_leave(b, gln))
        found = self._some(ready, 3)
        if not found:
            return False
        self._send_off(gln, T.SHIP, found, self._destination(gln))
        return True

    def _destination(self, gln: str) -> str:
        """Return where goods of a site go next."""
        if gln == self.port:
            return self.rng.choice(self.city.of(SiteRole.COLD_STORE, SiteRole.REPACKER))
        return self.rng.choice(self.city.of(SiteRole.RETAILER, SiteRole.CATERER))

    def _send_off(self, gln: str, type: T, found: Sequence[Box], to: str, **details: Any) -> None:
        self._say(gln, type, *[b.unit for b in found], to=to, **details)
        for each in found:
            each.state, each.to = "in_transit", to
            self.shipped[each.unit] = self.clock.next

    def _come(self) -> list[Box]:
        """Return what has had the time to come to where it goes."""
        since = self.clock.next - ROAD
        return [b for b in (*self.pallets, *self.boxes) if b.state == "in_transit" and self.shipped[b.unit] < since]

    def _receive(self) -> bool:
        """Take in all that has come to one place."""
        come = self._come()
        if not come:
            return False
        gln = self.rng.choice(come).to
        self._take_in([b for b in come if b.to == gln])
        return True

    def _take_in(self, here: Sequence[Box], type: T = T.RECEIVE, **details: Any) -> None:
        """Receive what came to one place."""
        gln = here[0].to
        assert gln is not None
        assert {each.to for each in here} == {gln}, (self.seed, "somebody takes in what goes elsewhere")
        self._say(gln, type, *[b.unit for b in here], **details)
        for each in here:
            each.state, each.gln, each.to = "active", gln, None

    def _may_leave(self, box: Box, gln: str) -> bool:
        if box.state != "active" or box.gln != gln or box.parent is not None or box in self.held:
            return False
        return not any(each.outermost is box for each in self.held)

    def _at(self, *roles: SiteRole) -> list[Box]:
        places = set(self.city.of(*roles))
        return [b for b in self.boxes if b.state == "active" and b.parent is None and b.gln in places]

    def _one(self, found: Sequence[Box]) -> Box | None:
        free = [box for box in found if box not in self.held]
        return self.rng.choice(free) if free else None

    def _open(self) -> bool:
        box = self._one(self._at(SiteRole.RETAILER))
        if box is None:
            return False
        self._say(box.gln, T.OPEN, box.unit)
        box.state = "opened"
        return True

    def _use(self) -> bool:
        box = self._one(self._at(SiteRole.CATERER))
        if box is None:
            return False
        self._say(box.gln, T.USE, box.unit)
        box.state = "used"
        return True

    def _sell(self) -> bool:
        opened = [b for b in self.boxes if b.state == "opened"]
        if not opened or self.rng.random() < 0.5:
            return super()._sell()
        box = self.rng.choice(opened)
        self._say(box.gln, T.SELL, box.unit)
        box.state = "sold"
        return True

    def _hold(self) -> bool:
        box = self._one(self._at(SiteRole.COLD_STORE, SiteRole.FIRST_STATION))
        if box is None or len(self.held) > 5:
            return False
        self._say(box.gln, T.HOLD, box.unit, more=[REASON])
        self.held.append(box)
        return True

    def _release(self) -> bool:
        if not self.held:
            return False
        box = self.held.pop(self.rng.randrange(len(self.held)))
        self._say(box.gln, T.RELEASE, box.unit, more=[REASON])
        return True

    def _store(self) -> bool:
        box = self._one(self._at(SiteRole.COLD_STORE))
        if box is None:
            return False
        self._say(box.gln, self.rng.choice([T.STORE, T.OBSERVE, T.COUNT]), box.unit)
        return True

    def _lose(self) -> bool:
        box = self._one(self._at(SiteRole.COLD_STORE))
        if box is None:
            return False
        self._say(box.gln, T.LOSE, box.unit, more=[REASON])
        self._say(box.gln, T.FIND, box.unit)
        return True
