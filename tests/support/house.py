"""A whole installation for store tests: keys, operators, five sites, devices that sign like coldscan does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from coldtrace import clock
from coldtrace.env import Env, Keyring
from coldtrace.events.canonical import JsonValue
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.header import statement_id
from coldtrace.events.public_piece import Corrects, Place
from coldtrace.events.statement import Statement, draft_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.parties import service as parties
from coldtrace.parties.keys import make_keys, read_root
from coldtrace.parties.model import Site, SiteRole
from coldtrace.seal.keys import Ed25519Signer, key_id
from coldtrace.seal.root_document import net_of
from support.log_entries import LOG

GLNS = {
    SiteRole.FIRST_STATION: "9521234000013",
    SiteRole.COLD_STORE: "9521234000020",
    SiteRole.DISTRIBUTOR: "9521234000037",
    SiteRole.MARKET: "9521234000044",
    SiteRole.RETAILER: "9521234000051",
}
OFFICE_GLN = "9521234000068"
DISTRICTS = {
    SiteRole.FIRST_STATION: "120116",
    SiteRole.COLD_STORE: "120118",
    SiteRole.DISTRIBUTOR: "120110",
    SiteRole.MARKET: "120103",
    SiteRole.RETAILER: "120101",
}


def make_env(folder: Path, *, now: datetime | None = None) -> Env:
    """Return the Env of a fresh installation with development keys in `folder`."""
    make_keys(folder, development=True)
    return Env(
        net=net_of(read_root(folder)),
        log=LOG,
        public_host="trace.example.cn",
        keyring=Keyring(folder),
        clock=clock.now if now is None else lambda: now,
    )


def install(session: Session, env: Env) -> dict[SiteRole, Site]:
    """Install and register one operator with five sites."""
    parties.install(session, env, root_text=read_root(env.keyring.folder), development=True)
    operator = parties.register_operator(
        session,
        env,
        uscc="91120116MA05TE5T1N",
        name_zh="滨海远洋冷链进出口（天津）有限公司",
        name_en="Binhai Ocean Cold Chain Import & Export (Tianjin) Co., Ltd.",
        city_zh="天津",
        city_en="Tianjin",
    )
    return {
        role: parties.register_site(
            session,
            env,
            parties.RegisterSite(
                gln=gln,
                operator=operator,
                name_zh=f"{role.value} 站",
                name_en=role.value,
                role=role,
                district=DISTRICTS[role],
            ),
        )
        for role, gln in GLNS.items()
    }


def install_office(session: Session, env: Env, *, district: str = "120000") -> Site:
    """Register a regulator with its office, which is there for the whole city unless one district is named."""
    operator = parties.register_operator(
        session, env, uscc="11120116MB0000001E", name_zh="监管局", name_en="Office", city_zh="天津", city_en="Tianjin"
    )
    return parties.register_site(
        session,
        env,
        parties.RegisterSite(
            gln=OFFICE_GLN,
            operator=operator,
            name_zh="监管局",
            name_en="Office",
            role=SiteRole.REGULATOR,
            district=district,
        ),
    )


@dataclass
class Handheld:
    """A device that signs and chains statements."""

    env: Env
    site: Site
    signer: Ed25519Signer
    seq: int = 0
    prev: bytes | None = None
    sent: list[Statement] = field(default_factory=list)

    @classmethod
    def enrol(cls, session: Session, env: Env, site: Site) -> "Handheld":
        """Invite and enrol a device for a site."""
        invitation = parties.invite_device(session, env, gln=site.gln, url="http://127.0.0.1:8000")
        token = read_invite(invitation.text).token
        signer = Ed25519Signer.generate()
        request, request_sig = make_request(net=env.net, token=token, signer=signer)
        parties.enrol_device(
            session,
            env,
            parties.Enrol(request=request, request_sig=request_sig, token=token, name=f"H-{site.role.value}"),
        )
        return cls(env=env, site=site, signer=signer)

    def say(
        self,
        type: StatementType,
        lines: Sequence[Line],
        *,
        at: datetime | None = None,
        facts: bytes | None = None,
        to: str | None = None,
        place: Place | None = None,
        seq: int | None = None,
        net: bytes | None = None,
        site: str | None = None,
        id: UUID | None = None,
        corrects: Corrects | None = None,
        cold: str = "unknown",
        more: Sequence[tuple[str, JsonValue]] = (),
    ) -> Statement:
        """Return the next signed statement of this device's chain; `more` are further private fields."""
        moment = at or self.env.clock()
        self.seq += 1
        fields: list[tuple[str, JsonValue]] = [
            ("at", clock.format_utc(moment)),
            ("offset", "+08:00"),
            ("seq", self.seq if seq is None else seq),
            ("site", site or self.site.gln),
        ]
        if to is not None:
            fields.append(("to", to))
        fields += more
        draft = draft_statement(
            id=id or statement_id(moment),
            net=net or self.env.net,
            key=key_id(self.signer.spki),
            prev=self.prev,
            seen=None,
            type=type,
            date=(moment + timedelta(hours=8)).date().isoformat(),
            place=place or Place(role=self.site.role.value, district=self.site.district),
            by="device",
            cold=cold,
            facts=facts,
            corrects=corrects,
            fields=fields,
            lines=lines,
            random=clock.random_bytes,
        )
        self.prev = draft.header_hash
        statement = sign_statement(draft, self.signer)
        self.sent.append(statement)
        return statement


def unit_line(unit: str, **attributes: str) -> Line:
    """Return a line about one unit."""
    return Line(role="unit", unit=unit, parent=None, quantity=1, attributes=attributes)


def pack_lines(parent: str, children: Sequence[str]) -> list[Line]:
    """Return the lines of a pack or unpack of these children."""
    return [
        Line(role="parent", unit=parent, parent=None, quantity=1),
        *(Line(role="child", unit=child, parent=parent, quantity=1) for child in children),
    ]
