"""A city for simulations: a port, five cold stores, twenty shops, a repacker, offices, forty devices at them."""

import random
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session

from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.uscc import uscc_check_character
from coldtrace.env import Env
from coldtrace.events.units_piece import Line
from coldtrace.goods import rolls
from coldtrace.goods.store import IssuedCode, codes_of_run
from coldtrace.parties import service as parties
from coldtrace.parties.keys import read_root
from coldtrace.parties.model import Operator, Site, SiteRole
from coldtrace.rights.model import EVERYTHING
from support.consignments import Consignment, commission_line, open_consignment
from support.house import Handheld, make_env
from support.ticking import TickingClock

STORES, SHOPS = 5, 20
DEVICES = {SiteRole.FIRST_STATION: 2, SiteRole.COLD_STORE: 3}
"""Devices at one site of a role; one at any other, and what is missing to forty at the port."""
DEVICE_COUNT = 40


@dataclass
class City:
    """Sites by role, each with its devices, and the goods that come through the port.

    Those of `bulk` are counted by their lot and have no label of their own; `labels` are a roll of the port's.
    """

    env: Env
    clock: TickingClock
    sites: dict[str, Site]
    devices: dict[str, list[Handheld]]
    consignments: list[Consignment]
    bulk: list[Consignment]
    labels: list[IssuedCode]

    def of(self, *roles: SiteRole) -> list[str]:
        """Return the GLNs of the sites with these roles."""
        return [gln for gln, site in self.sites.items() if site.role in roles]

    def label_line(self, unit: str) -> Line:
        """Return the line that binds a label of the roll."""
        return commission_line(next(code for code in self.labels if code.unit_id == unit))

    @property
    def port(self) -> str:
        """The GLN of the first station."""
        return self.of(SiteRole.FIRST_STATION)[0]


def make_city(
    session: Session, folder: Path, *, consignments: int, pallets: int, cartons: int, bulk: int, labels: int
) -> City:
    """Install into an empty database; the same names and numbers every time."""
    clock = TickingClock()
    env = replace(make_env(folder), clock=clock)
    parties.install(session, env, root_text=read_root(folder), development=True)
    sites = {site.gln: site for site in _sites(session, env)}
    devices = {gln: [Handheld.enrol(session, env, site) for _ in range(_count(site))] for gln, site in sites.items()}
    port = next(gln for gln, site in sites.items() if site.role is SiteRole.FIRST_STATION)
    missing = DEVICE_COUNT - sum(len(found) for found in devices.values())
    devices[port] += [Handheld.enrol(session, env, sites[port]) for _ in range(missing)]
    goods = [
        open_consignment(
            session, env, station=port, pallets=pallets, cartons=cartons, declaration=f"02022026100000{number:04}"
        )
        for number in range(consignments)
    ]
    loose = [
        open_consignment(
            session, env, station=port, cartons=90, declaration=f"02022026100001{number:04}", lot=f"BULK{number:02}"
        )
        for number in range(bulk)
    ]
    roll = rolls.new_roll(session, env, rolls.NewRoll(station_gln=port, scope=EVERYTHING, count=labels))
    rolls.finish_roll(lambda: nullcontext(session), env, roll, EVERYTHING)
    return City(
        env=env,
        clock=clock,
        sites=sites,
        devices=devices,
        consignments=goods,
        bulk=loose,
        labels=list(codes_of_run(session, roll)),
    )


def _count(site: Site) -> int:
    return DEVICES.get(site.role, 1)


def _sites(session: Session, env: Env) -> Iterator[Site]:
    chance = random.Random(0)
    roles = [SiteRole.FIRST_STATION, *[SiteRole.COLD_STORE] * STORES, SiteRole.REGULATOR]
    roles += [SiteRole.RETAILER if number % 4 else SiteRole.CATERER for number in range(SHOPS)]
    roles += [SiteRole.REPACKER, SiteRole.LABORATORY]
    for number, role in enumerate(roles):
        body = f"952123400{number + 100:03}"
        yield parties.register_site(
            session,
            env,
            parties.RegisterSite(
                gln=body + check_digit(body),
                operator=_operator(session, env, number),
                name_zh=f"{number} 号站点",
                name_en=f"site {number}",
                role=role,
                district=_district(role, chance.choice(["120116", "120118", "120110", "120103", "120101"])),
            ),
        )


def _district(role: SiteRole, place: str) -> str:
    """Return the district of a place; the office is there for the whole city."""
    return "120000" if role is SiteRole.REGULATOR else place


def _operator(session: Session, env: Env, number: int) -> Operator:
    body = f"91120116MA0{number:06}"
    return parties.register_operator(
        session,
        env,
        uscc=body + uscc_check_character(body),
        name_zh=f"{number} 号企业",
        name_en=f"firm {number}",
        city_zh="天津",
        city_en="Tianjin",
    )
