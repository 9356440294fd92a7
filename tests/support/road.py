"""An installation with five sites and a device at each, in one session, for tests of the kept rooms."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import service as custody
from coldtrace.custody.history import HistoryLine, UnitRecord, find_unit
from coldtrace.custody.service import Result
from coldtrace.custody.story_pages import history
from coldtrace.env import Env
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import Site, SiteRole
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.b64 import b64
from support.consignments import Consignment, commission_line, facts_of, open_consignment
from support.house import GLNS, Handheld, install, make_env, pack_lines, unit_line
from support.log_entries import grow
from support.ticking import TickingClock

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
CARTONS = [f"(01)19521234543210(21)7QK4M2ZX9RT{n}" for n in "BCDEFG"]
PALLETS = ["(00)195212390000000015", "(00)195212390000000022"]
CONTAINER = "(00)195212390000000039"


@dataclass
class Road:
    """Sites, devices and a clock.  Each thing said is a minute after the one before."""

    session: Session
    env: Env
    clock: TickingClock
    sites: dict[SiteRole, Site]
    devices: dict[str, Handheld] = field(default_factory=dict)

    def device(self, gln: str) -> Handheld:
        """Return the device of a site, enrolled when first asked for."""
        if gln not in self.devices:
            site = next(site for site in self.sites.values() if site.gln == gln)
            self.devices[gln] = Handheld.enrol(self.session, self.env, site)
        return self.devices[gln]

    def say(self, gln: str, type: T, *lines: Line | str, **details: Any) -> Statement:
        """Return the next signed statement of a site's device; a unit id stands for a line about it."""
        device = self.device(gln)
        self.clock.forward(timedelta(minutes=1))
        told = [unit_line(line) if isinstance(line, str) else line for line in lines]
        return device.say(type, told, at=details.pop("at", None) or self.clock.next, **details)

    def tell(self, *statements: Statement) -> list[Result]:
        """Let statements arrive together."""
        return custody.capture(self.session, self.env, [statement.to_json() for statement in statements])

    def done(self, gln: str, type: T, *lines: Line | str, **details: Any) -> Result:
        """Say one thing and let it arrive at once."""
        return self.tell(self.say(gln, type, *lines, **details))[0]

    def bound(self, *cartons: str) -> None:
        """Bind codes at the port, whatever they are."""
        for carton in cartons:
            self.done(PORT, T.COMMISSION, binding(carton))

    def unit(self, unit_id: str) -> UnitRecord:
        """Return the record of a unit that is known."""
        found = find_unit(self.session, unit_id)
        assert found is not None
        return found

    def where(self, unit_id: str) -> tuple[str, str | None, str | None]:
        """Return state, place and parent of a unit, as its outermost parent has them."""
        unit = self.unit(unit_id)
        return unit.effective.state.value, unit.effective.gln, unit.holding.parent

    def story(self, unit_id: str) -> list[HistoryLine]:
        """Return a unit's history."""
        return history(self.session, self.unit(unit_id).unit_pk, EVERYTHING)

    def acts(self, unit_id: str) -> list[str]:
        """Return a unit's history in short: `port ship pallet`."""
        names = {gln: role.value.split("_")[-1] for role, gln in GLNS.items()}
        kinds = {"(01)": "carton", "(00)": "pallet"}
        return [f"{names[line.gln]} {line.type} {kinds.get(line.unit[:4], 'unit')}" for line in self.story(unit_id)]

    def consignment(self, **sizes: Any) -> Consignment:
        """Open a consignment at the port."""
        return open_consignment(self.session, self.env, **sizes)

    def bind_all(self, consignment: Consignment) -> None:
        """Bind and pack every carton of a consignment as it was planned."""
        for pallet in consignment.pallets:
            for code in pallet.cartons:
                self.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
            self.done(PORT, T.PACK, *pack_lines(pallet.label.unit_id, [code.unit_id for code in pallet.cartons]))

    def sequence(self) -> int:
        """Give everything that waits its place in the log."""
        return grow(self.session.connection(), self.env)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def make_road(session: Session, folder: Path) -> Road:
    """Install into an empty database."""
    clock = TickingClock()
    env = replace(make_env(folder), clock=clock)
    return Road(session=session, env=env, clock=clock, sites=install(session, env))


def binding(unit: str) -> Line:
    """Return a commission line with a made-up code hash."""
    return unit_line(unit, code=b64(bytes(32)))


def child(unit: str, parent: str) -> Line:
    """Return a child line."""
    return Line(role="child", unit=unit, parent=parent, quantity=1)


def whole(parent: str) -> Line:
    """Return the line that unpacks a whole pallet."""
    return Line(role="parent", unit=parent, parent=None, quantity=1)


def statuses(results: Sequence[Result]) -> list[str]:
    """Return what became of each statement."""
    return [result.status for result in results]


def at_hour(hour: int) -> datetime:
    """Return an hour of the day on which the clock starts."""
    return TickingClock().next.replace(hour=hour, minute=0, second=0)


def at_site(gln: str) -> Scope:
    """Return what a device of a site reaches."""
    return Scope(sites=frozenset({gln}))
