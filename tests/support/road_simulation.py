"""Random days on a road on which everybody scans honestly and the network does what it likes.

The world knows where every box really is.  Devices say what they do, keep it until they hold a receipt, and send it
in any order, again and again, over a link that loses requests and answers.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import service as custody
from coldtrace.env import Env
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from support.consignments import Consignment, commission_line, facts_of
from support.house import Handheld, pack_lines, unit_line
from support.log_entries import grow
from support.road import MARKET, PORT, SHOP, STORE, TRADER, child, whole
from support.ticking import TickingClock

SELLERS = (MARKET, SHOP)
SITES = (PORT, STORE, TRADER, MARKET, SHOP)


@dataclass
class Box:
    """Where something really is.  What is packed is where its outermost parent is."""

    unit: str
    gln: str = PORT
    to: str | None = None
    state: str = "blank"
    parent: "Box | None" = None

    @property
    def outermost(self) -> "Box":
        """The box around all boxes around this one."""
        return self if self.parent is None else self.parent.outermost


@dataclass
class Terminal:
    """A handheld with its queue of unacknowledged statements."""

    device: Handheld
    queue: list[Statement] = field(default_factory=list)
    offline_until: int = 0


@dataclass
class Simulation:
    """A seeded run.  `receipts` are what the server has promised."""

    seed: int
    sessions: sessionmaker[Session]
    env: Env
    clock: TickingClock
    terminals: Mapping[str, Terminal]
    boxes: list[Box]
    pallets: list[Box]
    lines: Mapping[str, tuple[Line, bytes]]
    port: str = PORT
    sites: Sequence[str] = SITES
    sellers: Sequence[str] = SELLERS
    offline_days_max: int = 3
    answers: Sequence[str] = ("accepted", "repeat")
    receipts: dict[UUID, Mapping[str, object]] = field(default_factory=dict)
    said: int = 0
    lost: int = 0
    repeated: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def day(self, number: int, *, acts: int) -> None:
        """Let one day pass: work, uploads, the sequencer, some of them cut short."""
        for terminal in self.terminals.values():
            if self.rng.random() < 0.25 and self._may_go_offline(terminal, number):
                terminal.offline_until = number + self.rng.randint(1, self.offline_days_max)
        for _ in range(acts):
            self.clock.forward(timedelta(seconds=self.rng.randint(1, 40_000 // acts)))
            self._act()
            if self.rng.random() < 0.3:
                self._upload(self.rng.choice(list(self.terminals.values())), number)
            if self.rng.random() < 0.2:
                self._sequence()
        self.clock.forward(timedelta(hours=8))

    def finish(self) -> None:
        """Bring every queue home over a good link and the log up to date."""
        for terminal in self.terminals.values():
            self._bring_home(terminal)
        with self.sessions.begin() as session:
            grow(session.connection(), self.env)

    def _may_go_offline(self, terminal: Terminal, number: int) -> bool:
        """Tell whether a handheld may have no network for some days from this one on."""
        return True

    def _bring_home(self, terminal: Terminal) -> None:
        """Let a handheld deliver all that it holds, over a good link."""
        while terminal.queue:
            self._send(terminal, list(terminal.queue[: self.rng.randint(1, 20)]))

    def _upload(self, terminal: Terminal, day: int) -> None:
        """Send some of a queue, in any order, over a link that may lose the request or the answer."""
        if day < terminal.offline_until or not terminal.queue:
            return
        batch = self.rng.sample(terminal.queue, self.rng.randint(1, min(len(terminal.queue), 12)))
        if self.rng.random() < 0.15:
            self.lost += 1
            return
        if self.rng.random() < 0.3:
            batch += self.rng.sample(terminal.device.sent, min(len(terminal.device.sent), 3))
        self._send(terminal, batch, answer_lost=self.rng.random() < 0.15, crash=self.rng.random() < 0.05)

    def _send(
        self, terminal: Terminal, batch: list[Statement], *, answer_lost: bool = False, crash: bool = False
    ) -> None:
        with self.sessions() as session:
            results = custody.capture(session, self.env, [statement.to_json() for statement in batch])
            if crash:
                session.rollback()
                return
            session.commit()
        if answer_lost:
            self.lost += 1
            return
        for statement, result in zip(batch, results, strict=True):
            assert result.status in self.answers, (self.seed, result)
            assert result.receipt is not None
            self.repeated += result.status == "repeat"
            id = UUID(json.loads(statement.header)["id"])
            assert self.receipts.setdefault(id, result.receipt) == result.receipt, f"seed {self.seed}"
            if statement in terminal.queue:
                terminal.queue.remove(statement)

    def _sequence(self) -> None:
        with self.sessions() as session:
            grow(session.connection(), self.env)
            if self.rng.random() < 0.1:
                session.rollback()
            else:
                session.commit()

    def _say(self, gln: str, type: T, *lines: Line | str, **details: Any) -> Statement:
        """Let a handheld of a site say something now; `details` are those of `Handheld.say`."""
        return self._say_with(self._terminal(gln), type, *lines, **details)

    def _say_with(self, terminal: Terminal, type: T, *lines: Line | str, **details: Any) -> Statement:
        self.clock.forward(timedelta(seconds=1))
        told = [unit_line(line) if isinstance(line, str) else line for line in lines]
        statement = terminal.device.say(type, told, **({"at": self.clock.next} | details))
        terminal.queue.append(statement)
        self.said += 1
        return statement

    def _act(self) -> None:
        """Do one thing that can be done now, and say it."""
        acts = self._acts()
        for act in self.rng.sample(acts, len(acts)):
            if act():
                return

    def _acts(self) -> list[Callable[[], bool]]:
        """Return what people do; an act returns whether it could be done now."""
        return [self._bind, self._pack, self._ship, self._receive, self._unpack, self._sell]

    def _terminal(self, gln: str) -> Terminal:
        """Return a handheld of a site."""
        return self.terminals[gln]

    def _some(self, found: Iterator[Box], most: int) -> list[Box]:
        every = list(found)
        return self.rng.sample(every, self.rng.randint(1, min(len(every), most))) if every else []

    def _loose(self, gln: str) -> Iterator[Box]:
        return (b for b in self.boxes if b.state == "active" and b.gln == gln and b.parent is None)

    def _inside(self, parent: Box) -> list[Box]:
        return [b for b in (*self.boxes, *self.pallets) if b.parent is parent]

    def _bind(self) -> bool:
        blank = next((b for b in self.boxes if b.state == "blank"), None)
        if blank is None:
            return False
        line, facts = self.lines[blank.unit]
        self._say(self.port, T.COMMISSION, line, facts=facts)
        blank.state = "active"
        return True

    def _pack(self) -> bool:
        gln = self.rng.choice(self.sites)
        found = self._some(self._loose(gln), 6)
        pallet = next((p for p in self.pallets if self._is_free(p, gln)), None)
        if not found or pallet is None:
            return False
        self._say(gln, T.PACK, *pack_lines(pallet.unit, [b.unit for b in found]))
        pallet.state, pallet.gln = "active", gln
        for each in found:
            each.parent = pallet
        other = next((p for p in self.pallets if self._is_free(p, gln) and p is not pallet), None)
        if other is not None and self.rng.random() < 0.2:
            self._say(gln, T.PACK, *pack_lines(other.unit, [pallet.unit]))
            other.state, other.gln, pallet.parent = "active", gln, other
        return True

    def _is_free(self, pallet: Box, gln: str) -> bool:
        """Tell whether a pallet may be packed here: never used, or standing here by itself."""
        return pallet.state == "blank" or (pallet.state == "active" and pallet.gln == gln and pallet.parent is None)

    def _ship(self) -> bool:
        gln = self.rng.choice(self.sites)
        ready = (b for b in (*self.pallets, *self.boxes) if b.state == "active" and b.gln == gln and b.parent is None)
        found = self._some(ready, 3)
        if not found:
            return False
        to = self.rng.choice([site for site in self.sites if site != gln])
        self._say(gln, T.SHIP, *[b.unit for b in found], to=to)
        for each in found:
            each.state, each.to = "in_transit", to
        return True

    def _receive(self) -> bool:
        found = self._some((b for b in (*self.pallets, *self.boxes) if b.state == "in_transit"), 1)
        if not found or found[0].to is None:
            return False
        arrived = found[0]
        assert arrived.to is not None
        self._say(arrived.to, T.RECEIVE, arrived.unit)
        arrived.state, arrived.gln, arrived.to = "active", arrived.to, None
        return True

    def _unpack(self) -> bool:
        full = [p for p in self.pallets if self._may_unpack(p) and self._inside(p)]
        if not full:
            return False
        pallet = self.rng.choice(full)
        gln, inside = pallet.outermost.gln, self._inside(pallet)
        if self.rng.random() < 0.4:
            self._say(gln, T.UNPACK, whole(pallet.unit))
        else:
            inside = self.rng.sample(inside, self.rng.randint(1, len(inside)))
            self._say(gln, T.UNPACK, *[child(b.unit, pallet.unit) for b in inside])
        for each in inside:
            each.parent, each.gln, each.state = None, gln, "active"
        return True

    def _may_unpack(self, pallet: Box) -> bool:
        return pallet.outermost.state == "active"

    def _sell(self) -> bool:
        gln = self.rng.choice(self.sellers)
        found = self._some(self._loose(gln), 2)
        for each in found:
            self._say(gln, T.SELL, each.unit)
            each.state = "sold"
        return bool(found)


def boxes_of(consignment: Consignment) -> tuple[list[Box], list[Box], dict[str, tuple[Line, bytes]]]:
    """Return the cartons, the pallets, and for each carton its commission line and facts hash."""
    cartons = [code for pallet in consignment.pallets for code in pallet.cartons]
    return (
        [Box(unit=code.unit_id) for code in cartons],
        [Box(unit=pallet.label.unit_id) for pallet in consignment.pallets],
        {code.unit_id: (commission_line(code), facts_of(code)) for code in cartons},
    )
