"""Anomalies planted among honest days: each with boxes of its own, and the case that must come of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from coldtrace.custody.model import CaseKind
from coldtrace.events.header import read_header
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import key_id
from support.city_days import Plot
from support.city_lots import CityLots
from support.consignments import GTIN
from support.house import unit_line
from support.road_simulation import Box

FOREVER = timedelta(days=8)
"""After that nobody believes any more that something arrives."""


class Plotter:
    """Plants one anomaly of every kind into days that are otherwise honest."""

    def __init__(self, days: CityLots) -> None:
        self.days = days
        self.made_up = 0
        self.delayed: list[tuple[str, Statement]] = []

    def schemes(self) -> list[Callable[[], None]]:
        """Return all of them."""
        return [
            self.sold_twice,
            self.never_shipped,
            self.lost_for_good,
            self.days_late,
            self.clock_ahead,
            self.two_contents,
            self.faster_than_the_road,
            self.never_issued,
            self.shipped_on_hold,
            self.received_destroyed,
            self.refused_at_the_door,
            self.corrected_by_a_stranger,
            self.more_than_was_sent,
        ]

    def finish(self) -> None:
        """Eight days later the forgotten handhelds are found, and the sweep has looked at everything."""
        self.days.finish()
        self.days.clock.forward(FOREVER)
        for name, statement in self.delayed:
            self.days.send_now(self.days.terminals[name], statement)
        self.days.look_for_gaps()

    def _fresh(self) -> Box:
        """Return a box that nobody else touches, bound at the port."""
        box = self.days.stock.pop()
        line, facts = self.days.lines[box.unit]
        self.days._say(self.days.port, T.COMMISSION, line, facts=facts)
        box.state = "active"
        return box

    def _store(self) -> str:
        return self.days.rng.choice(self.days.city.of(SiteRole.COLD_STORE))

    def _brought(self, gln: str) -> Box:
        """Return a fresh box, shipped to a site and received there."""
        box = self._fresh()
        self.days._say(self.days.port, T.SHIP, box.unit, to=gln)
        self.days.clock.forward(timedelta(hours=3))
        self.days._say(gln, T.RECEIVE, box.unit)
        box.gln = gln
        return box

    def _plot(self, kind: CaseKind, about: str, *beside: str) -> None:
        self.days.plots.append(Plot(kind=kind, about=about, beside=beside))

    def sold_twice(self) -> None:
        """A shop sells the same box on two days."""
        box = self._brought(self.days.rng.choice(self.days.sellers))
        self.days._say(box.gln, T.SELL, box.unit)
        self.days.clock.forward(timedelta(hours=20))
        self.days._say(box.gln, T.SELL, box.unit)
        box.state = "sold"
        self._plot(CaseKind.CONFLICT, box.unit)

    def never_shipped(self) -> None:
        """A store receives what nobody shipped, a day later."""
        box, gln = self._fresh(), self._store()
        self.days.clock.forward(timedelta(hours=20))
        self.days._say(gln, T.RECEIVE, box.unit)
        box.gln = gln
        self._plot(CaseKind.GAP, box.unit)

    def lost_for_good(self) -> None:
        """A device says something that never arrives; what it says next shows the hole."""
        terminal = self.days._terminal(self._store())
        terminal.device.say(T.MARK, [], at=self.days.clock.next)
        terminal.device.sent.pop()  # nobody sends it again either
        terminal.queue.append(terminal.device.say(T.MARK, [], at=self.days.clock.next))
        self.days.said += 1
        self._plot(CaseKind.GAP, b64(key_id(terminal.device.signer.spki)))

    def days_late(self) -> None:
        """A statement is found in a forgotten handheld four days later."""
        box = self._fresh()
        terminal = self.days._terminal(self.days.port)
        self.days.clock.forward(timedelta(seconds=1))
        name = next(name for name, each in self.days.terminals.items() if each is terminal)
        statement = terminal.device.say(T.OBSERVE, [unit_line(box.unit)], at=self.days.clock.next)
        terminal.device.sent.remove(statement)
        self.delayed.append((name, statement))
        self._plot(CaseKind.LATE, box.unit)

    def clock_ahead(self) -> None:
        """A handheld whose clock is three days ahead."""
        box = self._fresh()
        terminal = self.days._terminal(self.days.port)
        ahead = self.days.clock.next + timedelta(days=3)
        statement = terminal.device.say(T.OBSERVE, [unit_line(box.unit)], at=ahead)
        self.days.send_now(terminal, statement)
        self._plot(CaseKind.CLOCK_SKEW, box.unit)

    def two_contents(self) -> None:
        """The same id twice, with different goods."""
        box, other = self._fresh(), self._fresh()
        terminal = self.days._terminal(self.days.port)
        first = terminal.device.say(T.OBSERVE, [unit_line(box.unit)], at=self.days.clock.next)
        self.days.send_now(terminal, first)
        id = read_header(first.header).id
        second = terminal.device.say(T.OBSERVE, [unit_line(other.unit)], at=self.days.clock.next, id=id)
        terminal.device.seq -= 1
        terminal.device.prev = read_header(second.header).prev
        terminal.device.sent.remove(second)  # it has no receipt, and is not sent again as if it had one
        self.days.send_refused(second, "id_conflict")
        self._plot(CaseKind.DUPLICATE_ID, box.unit)

    def faster_than_the_road(self) -> None:
        """Two shops have the same box within a minute."""
        here = self.days.rng.choice(self.days.sellers)
        district = self.days.city.sites[here].district
        far = [gln for gln in self.days.sellers if self.days.city.sites[gln].district != district]
        there = self.days.rng.choice(far)
        box = self._brought(here)
        self.days.clock.forward(timedelta(seconds=50))
        self.days._say(there, T.RECEIVE, box.unit)
        box.gln = there
        self._plot(CaseKind.IMPOSSIBLE_TRAVEL, box.unit)

    def never_issued(self) -> None:
        """A store receives a code that nobody issued."""
        self.made_up += 1
        unit = f"(01){GTIN}(21)FORGED{self.made_up:06}"
        self.days._say(self._store(), T.RECEIVE, unit)
        self._plot(CaseKind.UNKNOWN_CODE, unit)

    def shipped_on_hold(self) -> None:
        """A regulator holds a box, the port ships it all the same."""
        box = self._fresh()
        regulator = self.days.city.of(SiteRole.REGULATOR)[0]
        self.days._say(regulator, T.HOLD, box.unit, more=[("reason", "residue"), ("order_no", "JS-2026-7")])
        self.days.clock.forward(timedelta(hours=1))
        self.days._say(self.days.port, T.SHIP, box.unit, to=self._store())
        self._plot(CaseKind.BLOCKED, box.unit)

    def received_destroyed(self) -> None:
        """What was destroyed is received at a store."""
        box = self._fresh()
        how = [("method", "incineration"), ("witness", "W-77"), ("staff", "S-12")]
        self.days._say(self.days.port, T.DESTROY, box.unit, more=how)
        self.days.clock.forward(timedelta(hours=20))
        self.days._say(self._store(), T.RECEIVE, box.unit)
        box.state = "destroyed"
        self._plot(CaseKind.BLOCKED, box.unit)

    def refused_at_the_door(self) -> None:
        """A store refuses what was shipped to it."""
        box, gln = self._fresh(), self._store()
        self.days._say(self.days.port, T.SHIP, box.unit, to=gln)
        refused = Line(role="unit", unit=box.unit, parent=None, quantity=0, attributes={"refused": "thawed"})
        self.days.clock.forward(timedelta(hours=3))
        self.days._say(gln, T.RECEIVE, refused)
        box.state, box.to = "in_transit", gln
        self._plot(CaseKind.REFUSED_HANDOVER, box.unit)

    def corrected_by_a_stranger(self) -> None:
        """A shop declares that what the port said did not occur."""
        box = self._fresh()
        seen = self.days._say(self.days.port, T.OBSERVE, box.unit)
        named = Corrects(header=sha256(seen.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
        shop = self.days.rng.choice(self.days.sellers)
        self.days._say(shop, T.CORRECT, box.unit, corrects=named, more=[("reason", "mistake")])
        self._plot(CaseKind.CORRECTION, box.unit)

    def more_than_was_sent(self) -> None:
        """A store counts twelve where the port shipped ten."""
        self.made_up += 1
        lot, gln = f"(01){GTIN}(10)LOOSE{self.made_up:03}", self._store()
        bound = Line(role="unit", unit=lot, parent=None, quantity=10, attributes={"code": b64(bytes(32))})
        self.days._say(self.days.port, T.COMMISSION, bound)
        self.days._say(self.days.port, T.SHIP, replace(bound, attributes={}), to=gln)
        self.days.clock.forward(timedelta(hours=3))
        self.days._say(gln, T.RECEIVE, replace(bound, quantity=12, attributes={}))
        self._plot(CaseKind.QUANTITY_MISMATCH, lot)
