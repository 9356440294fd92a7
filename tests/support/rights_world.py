"""Two firms of the same names, a market with a stall, regulators near and far: who asks, what there is, what is right.

What an answer should be is worked out here from the pure rules alone (`rights.rules`), never from the application.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Site, SiteRole
from coldtrace.people import tokens
from coldtrace.people.members import ROLE_OF_SITE
from coldtrace.people.persons import make_person
from coldtrace.people.sessions import begin_session, set_purpose
from coldtrace.rights.granting import may_end
from coldtrace.rights.model import Member, Party, Reader, Relation, Role, Thing
from coldtrace.rights.rules import permits, reaches, scope_of
from coldtrace.seal.keys import Ed25519Signer
from support.call_scene import SAMPLE_IMPORTER, Scene
from support.house import GLNS, Handheld
from support.page_calls import PAGES
from support.rights_lists import held
from support.web_calls import Call
from support.web_house import WebHouse

AT, TO, FROM, IMPORTER = Relation.AT, Relation.TO, Relation.FROM, Relation.IMPORTER

OTHER_USCC = "91120116MA00000027"
OTHER_IMPORTER_USCC = "91120116MA0000003A"
MARKET_USCC = "91120116MA0000004D"
OTHER_GLNS = {role: gln for role, gln in zip(GLNS, (
    "9521235000012", "9521235000029", "9521235000036", "9521235000043", "9521235000050"
), strict=True)}  # fmt: skip
MARKET_GLN = "9521236000011"
OTHER_DISTRICTS = dict.fromkeys(GLNS, "310115")
"""The other firm is in Shanghai."""

NEVER = UUID("0199f3c1-0000-7000-8000-00000000dead")


@dataclass(kw_only=True)
class Asker:
    """Somebody who calls: by a token with members, or as a device."""

    name: str
    reader: Reader
    token: str = ""
    secret: str = ""
    """Of a session with the same roles, for pages; a narrowed token has no person like it."""
    device: Handheld | None = None


@dataclass(kw_only=True)
class World:
    """What there is."""

    web: WebHouse
    ours: Scene
    theirs: Scene
    market: Site
    askers: dict[str, Asker] = field(default_factory=dict)

    @classmethod
    def make(cls, web: WebHouse) -> "World":
        """Make both firms walk a consignment from their port to their shop; our shop stands in a stranger's market."""
        with web.sessions.begin() as session:
            ours = parties_store.operators(session)[0]
            names = {name: getattr(ours, name) for name in ("name_zh", "name_en", "city_zh", "city_en")}
            other = parties.register_operator(session, web.env, uscc=OTHER_USCC, **names)
            keeper = parties.register_operator(session, web.env, uscc=MARKET_USCC, **names)
            sites = {
                role: parties.register_site(
                    session,
                    web.env,
                    parties.RegisterSite(
                        gln=gln,
                        operator=other,
                        name_zh=web.sites[role].name_zh,
                        name_en=web.sites[role].name_en,
                        role=role,
                        district=OTHER_DISTRICTS[role],
                    ),
                )
                for role, gln in OTHER_GLNS.items()
            }
            market = parties.register_site(
                session,
                web.env,
                parties.RegisterSite(
                    gln=MARKET_GLN,
                    operator=keeper,
                    name_zh="市场",
                    name_en="Market",
                    role=SiteRole.MARKET,
                    district="120104",
                ),
            )
        with web.engine.begin() as connection:
            connection.execute(
                text("UPDATE site SET market_gln = :market WHERE gln = :shop"),
                {"market": MARKET_GLN, "shop": GLNS[SiteRole.RETAILER]},
            )
        web.sites[SiteRole.RETAILER] = replace(web.sites[SiteRole.RETAILER], market_gln=MARKET_GLN)
        world = cls(
            web=web,
            ours=Scene.make(web),
            theirs=Scene.make(replace(web, sites=sites, devices={}), importer=OTHER_IMPORTER_USCC),
            market=market,
        )
        world.askers = {asker.name: asker for asker in world._askers()}
        return world

    def thing(self, scene: Scene, about: str) -> list[Thing]:
        """Return the things that a word of `Call.about` stands for: reaching one of them is enough."""
        sites = scene.web.sites
        station, importer = self.party(sites[SiteRole.FIRST_STATION]), Party(operator_id=self.operator(scene.importer))
        if about in ("run", "consignment", "statement"):
            return [Thing(parties={AT: station, IMPORTER: importer})]
        if about == "pieces":
            return [Thing(parties={AT: station})]
        if about == "voucher":
            return [
                Thing(parties={AT: self.party(sites[SiteRole.DISTRIBUTOR]), TO: self.party(sites[SiteRole.MARKET])})
            ]
        if about == "workbook":
            return [Thing(parties={AT: station, IMPORTER: Party(operator_id=self.operator(SAMPLE_IMPORTER))})]
        if about == "station":
            return [Thing(parties={AT: station})]
        if about == "product":
            return [Thing(parties={IMPORTER: importer})]
        if about == "person":
            return [Thing(parties={AT: Party(operator_id=sites[SiteRole.FIRST_STATION].operator_id)})]
        if about == "market":
            return [Thing(parties={AT: self.party(sites[SiteRole.MARKET])})]
        assert about == "unit"
        return list(self._journey(scene, importer))

    def _journey(self, scene: Scene, importer: Party) -> Iterator[Thing]:
        """What was said of a carton: bound and packed at the port, shipped and received all the way to the shop."""
        road = [self.party(scene.web.sites[role]) for role in GLNS]
        yield Thing(parties={AT: road[0], IMPORTER: importer})
        for giver, taker in pairwise(road):
            yield Thing(parties={AT: giver, TO: taker})
            yield Thing(parties={AT: taker, FROM: giver})
        yield Thing(parties={AT: road[-1]})

    def party(self, site: Site) -> Party:
        """Return a site as rights look at it."""
        in_market = site.market_gln is not None
        return Party(
            operator_id=site.operator_id,
            gln=site.gln,
            district=site.district,
            kind=site.role.value,
            market_gln=site.market_gln,
            market_operator_id=self.market.operator_id if in_market else None,
        )

    def operator(self, uscc: str) -> UUID | None:
        """Return the organisation of a credit code."""
        with self.web.sessions() as session:
            found = parties_store.operator_of_uscc(session, uscc)
        return None if found is None else found.operator_id

    def runs(self, kind: str | None = None) -> dict[str, Thing]:
        """Return every run there is, by id."""
        sites = {site.gln: site for scene in (self.ours, self.theirs) for site in scene.web.sites.values()}
        with self.web.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT r.run_id, r.station_gln, c.importer_id FROM code_run r LEFT JOIN consignment c"
                    " USING (consignment_id) WHERE (r.consignment_id IS NULL OR c.state = 'open')"
                    " AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)"
                ),
                {"kind": kind},
            ).all()
        return {
            str(row.run_id): Thing(
                parties={AT: self.party(sites[row.station_gln])}
                | ({} if row.importer_id is None else {IMPORTER: Party(operator_id=row.importer_id)})
            )
            for row in rows
        }

    def expected(self, asker: Asker, call: Call, scene: Scene) -> tuple[int, str | None]:
        """Return status and code of what a good call should be answered."""
        assert call.right is not None
        is_device = asker.device is not None
        if call in PAGES and not asker.secret:
            return 401, "sign_in_required"
        if is_device and call.token_only:
            return 401, "authentication_required"
        if not permits(asker.reader, *call.right):
            return 403, "right_missing"
        if call.device_only and not is_device:
            return 401, "authentication_required"
        scope = scope_of(asker.reader, *call.right)
        if call.ends_roles and not may_end(
            asker.reader, Member(role=Role.RETAILER, operator_id=scene.web.sites[SiteRole.FIRST_STATION].operator_id)
        ):
            return call.hidden
        if call.about and not any(reaches(scope, call.right[0], thing) for thing in self.thing(scene, call.about)):
            return call.hidden
        return call.status, None

    def visible(self, asker: Asker, call: Call) -> list[str]:
        """Return the ids that the first page of a list should hold, in its order."""
        assert call.right is not None
        with self.web.sessions() as session:
            return held(session, call.lists, scope_of(asker.reader, *call.right))

    def unknown(self, scene: Scene) -> Scene:
        """Return a scene of which nothing exists, with ids as good as those of this one."""
        station, market = replace_site(scene, SiteRole.FIRST_STATION, "9521239000018"), "9521239000025"
        sites = scene.web.sites | {
            SiteRole.FIRST_STATION: station,
            SiteRole.MARKET: replace(scene.web.sites[SiteRole.MARKET], gln=market),
        }
        carton = scene.consignment.carton
        assert carton.serial is not None
        fake = carton.serial[:-4] + ("2345" if carton.serial[-4:] != "2345" else "6789")
        pallet = scene.consignment.pallets[0]
        made = replace(
            carton,
            unit_id=carton.unit_id.replace(carton.serial, fake),
            serial=fake,
            uri=carton.uri.replace(carton.serial, fake),
        )
        nobody = Handheld(env=scene.web.env, site=station, signer=Ed25519Signer.generate())
        return replace(
            scene,
            web=replace(scene.web, sites=sites, devices=scene.web.devices | {SiteRole.MARKET: nobody}),
            consignment=replace(
                scene.consignment,
                consignment_id=NEVER,
                run_id=NEVER,
                pallets=(replace(pallet, cartons=(made, *pallet.cartons[1:])), *scene.consignment.pallets[1:]),
            ),
            entry_id=NEVER,
            roll_id=NEVER,
            exists=False,
        )

    def asker(self, name: str, *members: Member, narrowed: frozenset[str] | None = None) -> Asker:
        """Make a token with these members."""
        with self.web.sessions.begin() as session:
            scopes = ("all",) if narrowed is None else tuple(sorted(narrowed))
            token = tokens.make_token(
                session, self.web.env, name=name, life=None, members=members, scopes=scopes, made_by="test"
            )
            secret = "" if narrowed is not None else self._session(session, name, members)
        return Asker(name=name, reader=Reader(members=members, narrowed=narrowed), token=token, secret=secret)

    def _session(self, session: Session, name: str, members: Sequence[Member]) -> str:
        env = self.web.env
        person = make_person(
            session,
            env,
            email=f"asker-{abs(hash(name))}@example.cn",
            name=name,
            lang="zh",
            members=members,
            made_by="test",
        )
        session.execute(text("UPDATE person SET state = 'active' WHERE person_id = :id"), {"id": person.person_id})
        secret = begin_session(session, env, person_id=person.person_id, agent="test")
        set_purpose(session, secret, "matrix")
        return secret

    def _askers(self) -> Iterator[Asker]:
        ours = self.web.sites[SiteRole.FIRST_STATION].operator_id
        port = frozenset({self.web.station})
        for role in Role:
            yield self.asker(f"{role}", Member(role=role, operator_id=ours, manages=True))
            yield self.asker(f"{role} who does not manage", Member(role=role, operator_id=ours))
            yield self.asker(f"{role} of the port alone", Member(role=role, operator_id=ours, sites=port, manages=True))
            yield self.asker(
                f"{role} by a narrowed token",
                Member(role=role, operator_id=ours, manages=True),
                narrowed=frozenset({"run:read", "device:write"}),
            )
        for role in (Role.REGULATOR, Role.CUSTOMS):
            for area in ("", "12", "120116", "310115", "44"):
                yield self.asker(f"{role} of {area or 'the country'}", Member(role=role, operator_id=ours, area=area))
        importer = self.operator(self.ours.importer)
        yield self.asker("the importer of ours", Member(role=Role.IMPORTER, operator_id=importer, manages=True))
        keeper = self.market.operator_id
        yield self.asker("the market's operator", Member(role=Role.MARKET, operator_id=keeper, manages=True))
        yield self.asker("the market", Member(role=Role.MARKET, operator_id=keeper, sites=frozenset({MARKET_GLN})))
        yield self.asker(
            "a port here and a shop there",
            Member(role=Role.FIRST_STATION, operator_id=ours),
            Member(role=Role.RETAILER, operator_id=self.theirs.web.sites[SiteRole.RETAILER].operator_id),
        )
        yield self.asker("nobody")
        for scene, whose in ((self.ours, "our"), (self.theirs, "their")):
            for kind in GLNS:
                site = scene.web.sites[kind]
                member = Member(role=ROLE_OF_SITE[kind], operator_id=site.operator_id, sites=frozenset({site.gln}))
                reader, device = Reader(members=(member,)), scene.web.device(kind)
                yield Asker(name=f"{whose} {kind} device", reader=reader, device=device)


ASKERS = (
    *(
        f"{role}{how}"
        for role in Role
        for how in ("", " who does not manage", " of the port alone", " by a narrowed token")
    ),
    *(
        f"{role} of {area}"
        for role in (Role.REGULATOR, Role.CUSTOMS)
        for area in ("the country", "12", "120116", "310115", "44")
    ),
    "the importer of ours",
    "the market's operator",
    "the market",
    "a port here and a shop there",
    "nobody",
    *(f"{whose} {role} device" for whose in ("our", "their") for role in GLNS),
)
"""Their names, for tests that are made before there is a world; a test compares."""


def replace_site(scene: Scene, role: SiteRole, gln: str) -> Site:
    """Return a site of a scene under another number."""
    return replace(scene.web.sites[role], gln=gln)
