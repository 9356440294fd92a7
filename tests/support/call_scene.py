"""What calls are made of: a world in which every route has something to answer, and requests as they go out."""

import json
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import count
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import text

from coldtrace.events.enrolment import make_request, read_invite, token_hash
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import product_links, rolls
from coldtrace.goods import store as goods_store
from coldtrace.goods.paper_rules import PaperKind
from coldtrace.goods.papers import DeclarePaper, declare_paper
from coldtrace.goods.product_link_rules import LinkType, NewLink
from coldtrace.goods.rolls import NewRoll
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Operator, SiteRole
from coldtrace.parties.tables import SiteRow
from coldtrace.people import tokens
from coldtrace.people.persons import make_person
from coldtrace.people.tables import ApiTokenRow
from coldtrace.rights.model import EVERYTHING, Member, Reader, Role
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.watch.scans import AskedScan, answer_scan
from coldtrace.webhooks import service as webhooks
from coldtrace.webhooks import store as webhook_store
from coldtrace.webhooks.model import EventType
from coldtrace.webhooks.service import NewWebhook
from support.complaints import make_complaint
from support.consignments import GTIN, IMPORTER_USCC, Consignment
from support.house import Handheld, unit_line
from support.web_house import WebHouse

SAMPLE = (files("coldtrace.interop") / "samples" / "packing-list-a.xlsx").read_bytes()
SAMPLE_IMPORTER = "91120116MA05TE5T1N"
BOUNDARY = "a-boundary-of-our-own"
PLACE_UNIT = "(01)19521234543210(21)7QK4M2ZX9RTB"

_numbers = count(200)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it goes over the wire."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Scene:
    """A world in which every route has something to answer."""

    web: WebHouse
    consignment: Consignment
    entry_id: UUID
    roll_id: UUID
    importer: str = IMPORTER_USCC
    undoable: UUID | None = None
    exists: bool = True
    """False for a scene whose ids were never given out (`support/rights_world.py`)."""

    @classmethod
    def make(cls, web: WebHouse, *, importer: str = IMPORTER_USCC) -> "Scene":
        """Open a consignment, walk it to the shop and log it."""
        consignment = web.consignment(importer=importer, declaration=fresh_declaration())
        web.walk(consignment.pallets[0])
        web.settle()
        said = json.loads(web.device(SiteRole.FIRST_STATION).sent[0].header)
        (web.settings.data_dir).mkdir(exist_ok=True)
        (web.settings.data_dir / "sample-labels.pdf").write_bytes(b"%PDF-1.7\n")
        with web.sessions.begin() as session:
            roll_id = rolls.new_roll(session, web.env, NewRoll(station_gln=web.station, scope=EVERYTHING, count=3))
        return cls(web=web, consignment=consignment, entry_id=UUID(said["id"]), roll_id=roll_id, importer=importer)

    @property
    def voucher_id(self) -> UUID:
        """The out-scan of the trader, to the market."""
        if not self.exists:
            return self.entry_id
        sent = self.web.device(SiteRole.DISTRIBUTOR).sent
        return next(UUID(json.loads(one.header)["id"]) for one in sent if json.loads(one.public)["type"] == "ship")

    def to_undo(self) -> UUID:
        """Return a consignment that can be undone: a new one when the last one was."""
        if not self.exists:
            return self.consignment.consignment_id
        with self.web.sessions() as session:
            last = self.undoable
            if last is not None and goods_store.consignment_state(session, last, EVERYTHING) == "open":
                return last
        made = self.web.consignment(importer=self.importer, declaration=fresh_declaration(), cartons=1)
        self.undoable = made.consignment_id
        return made.consignment_id

    def uscc(self) -> str:
        """Return the credit code of the scene's firm."""
        operator_id = self.web.sites[SiteRole.FIRST_STATION].operator_id
        with self.web.sessions() as session:
            return next(each.uscc for each in parties_store.operators_by_id(session, [operator_id]))

    def somebody(self, kind: str) -> UUID:
        """Return a new person, membership or token of the scene's firm; of one that does not exist, any id."""
        web = self.web
        if not self.exists:
            return web.env.new_id()
        member = Member(role=Role.RETAILER, operator_id=web.sites[SiteRole.FIRST_STATION].operator_id)
        with web.sessions.begin() as session:
            if kind == "token":
                secret = tokens.make_token(session, web.env, name="spare", life=None, members=[member])
                return session.get_one(ApiTokenRow, token_hash(secret)).token_id
            email = f"spare-{next(_numbers)}@example.cn"
            person = make_person(
                session, web.env, email=email, name="备用", lang="zh", members=[member], made_by="tests"
            )
            if kind == "person of two steps":
                session.execute(
                    text("UPDATE person SET totp_secret = '-', totp_confirmed_at = created_at WHERE person_id = :id"),
                    {"id": person.person_id},
                )
            if kind.startswith("person"):
                return person.person_id
            found: UUID = session.execute(
                text("SELECT membership_id FROM membership WHERE person_id = :id"), {"id": person.person_id}
            ).scalar_one()
            return found

    def spare_site(self) -> str:
        """Return the number of a new site of the scene's firm; of one that does not exist, any number."""
        gln = f"95212{next(_numbers):08}"
        if self.exists:
            with self.web.sessions.begin() as session:
                known = session.get_one(SiteRow, self.web.station)
                facts = known.model_dump(exclude={"gln", "role", "company_prefixes"})
                session.add(SiteRow(gln=gln, role="retailer", company_prefixes=[], **facts))
        return gln

    def spare_organisation(self) -> str:
        """Return the code of a new organisation; of one that does not exist, any code."""
        uscc = f"9112{next(_numbers):014}"
        if self.exists:
            with self.web.sessions.begin() as session:
                made = Operator(
                    operator_id=self.web.env.new_id(), uscc=uscc, name_zh="备", name_en="Spare", city_zh="", city_en=""
                )
                parties_store.insert_operator(session, made, at=self.web.env.clock())
        return uscc

    def spare_device(self) -> Handheld:
        """Return a new device of the scene's market; of one that does not exist, a key that nobody enrolled."""
        if not self.exists:
            return self.web.device(SiteRole.MARKET)
        with self.web.sessions.begin() as session:
            return Handheld.enrol(session, self.web.env, self.web.sites[SiteRole.MARKET])

    def open_case(self) -> UUID:
        """Return the id of a new case of the scene's market, something that nothing reads; else any id."""
        if not self.exists:
            return self.web.env.new_id()
        asked = AskedScan(
            text=f"https://qr.example/{next(_numbers)}",
            by="tests",
            scope=EVERYTHING,
            gln=self.web.sites[SiteRole.MARKET].gln,
        )
        with self.web.sessions.begin() as session:
            found = answer_scan(session, self.web.env, asked)
        assert found.case is not None, "nothing reads this"
        return found.case

    def seen_for(self, case: UUID) -> UUID:
        """Return the id of a new statement of the scene's market for a case; where nothing exists, any id."""
        if not self.exists:
            return self.web.env.new_id()
        market = self.web.device(SiteRole.MARKET)
        said = market.say(StatementType.OBSERVE, [unit_line(PLACE_UNIT)], more=[("case", str(case))])
        self.web.send(market, [said])
        return UUID(json.loads(said.header)["id"])

    def complaint(self, *done: str) -> UUID:
        """Return a complaint about the scene's market in the state that these steps lead to; else any id.

        The last one that is there is given again: most calls of it are refused.
        """
        if not self.exists:
            return self.web.env.new_id()
        market = self.web.sites[SiteRole.MARKET]
        state = {"": "received", "accept": "accepted", "close": "closed"}[done[-1] if done else ""]
        with self.web.sessions.begin() as session:
            last = session.execute(
                text(
                    "SELECT complaint_id FROM complaint WHERE gln = :gln AND state = :state AND unpublished IS NULL"
                    " AND (state <> 'closed' OR publication_id IS NOT NULL)"
                    " ORDER BY received_at LIMIT 1"
                ),
                {"gln": market.gln, "state": state},
            ).scalar_one_or_none()
            if last is not None:
                found: UUID = last
                return found
            return make_complaint(session, self.web.env, market, *done)

    def paper(self) -> UUID:
        """Return a paper of the scene's consignment that nobody of it declared; where nothing exists, any id."""
        if not self.exists:
            return self.web.env.new_id()
        command = DeclarePaper(
            consignment_id=self.consignment.consignment_id,
            kind=PaperKind.HEALTH_CERTIFICATE,
            issuer="MAPA",
            number="BR-1",
            data=b"%PDF-1.4\n%%EOF\n",
        )
        with self.web.sessions.begin() as session:
            declared, _ = declare_paper(
                session, self.web.env, EVERYTHING, command, by="tests", limit_bytes=len(command.data)
            )
        return declared.paper_id

    def product_link(self) -> UUID:
        """Return the id of a link of the scene's importer, a new one when the last one ended; else any id."""
        if not self.exists:
            return self.web.env.new_id()
        with self.web.sessions() as session:
            live = product_links.listed(session, EVERYTHING, gtin=GTIN, after=None, limit=200)
        for link in live:
            if (link.uscc, link.type) == (self.importer, LinkType.RECIPE_INFO):
                return link.link_id
        new = NewLink(
            gtin=GTIN,
            lot=None,
            type=LinkType.RECIPE_INFO,
            href=f"https://recipes.example/{next(_numbers)}",
            title_zh="食谱",
            title_en="Recipes",
            media_type="text/html",
            language=None,
            uscc=self.importer,
        )
        with self.web.sessions.begin() as session:
            return product_links.register(session, self.web.env, EVERYTHING, new, by="tests").link_id

    def webhook(self) -> UUID:
        """Return a webhook of the scene's firm in the role of its shop, a new one when the last ended; else any id."""
        if not self.exists:
            return self.web.env.new_id()
        operator_id = self.web.sites[SiteRole.FIRST_STATION].operator_id
        with self.web.sessions.begin() as session:
            for each in webhook_store.listed(session, EVERYTHING, after=None, limit=200):
                if (each.operator_id, each.name, each.state) == (operator_id, "scene", "active"):
                    return each.webhook_id
            new = NewWebhook(
                member=Member(role=Role.RETAILER, operator_id=operator_id),
                name="scene",
                url="https://192.0.2.1/hook",
                events=[EventType.CASE_OPENED],
                by=Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),)),
                made_by="tests",
            )
            return webhooks.make(session, self.web.env, new, inside=["192.0.2.1"])[0]

    def webhook_message(self, webhook_id: UUID) -> UUID:
        """Return a new message of a webhook of the scene; else any id."""
        if not self.exists:
            return self.web.env.new_id()
        with self.web.sessions.begin() as session:
            webhook = webhooks.held(session, EVERYTHING, webhook_id)
            return webhooks.test(session, self.web.env, webhook, base_url="https://trace.example.cn")

    def open_invite(self) -> str:
        """Return the id of a new invitation to the scene's market; of one that does not exist, any id."""
        if not self.exists:
            return b64(self.web.env.random(32))
        gln = self.web.sites[SiteRole.MARKET].gln
        with self.web.sessions.begin() as session:
            made = parties.invite_device(session, self.web.env, gln=gln, url="http://127.0.0.1:8000")
        return b64(token_hash(read_invite(made.text).token))


def as_json(path: str, value: object) -> Request:
    """Return a request with a JSON body."""
    return Request(path=path, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def as_form(path: str, data: bytes, *, filename: str = "list.xlsx", **fields: str) -> Request:
    """Return a request with a file in a form, and fields beside it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    body = _parts(fields) + head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Request(path=path, body=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def with_token(request: Request, token: str) -> Request:
    """Return the form of a page with the token of a session."""
    if request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return replace(request, body=_parts({"csrf": token}) + request.body)
    return replace(request, body=request.body + b"&csrf=" + token.encode())


def _parts(fields: dict[str, str]) -> bytes:
    part = '--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    return "".join(part.format(boundary=BOUNDARY, name=name, value=fields[name]) for name in fields).encode()


def fresh_declaration() -> str:
    """Return a declaration number that was not used before."""
    return f"020220261{next(_numbers):09}"


def as_fields(path: str, **fields: str) -> Request:
    """Return a request with a form of a page; whoever sends it adds the token of the session."""
    kind = "application/x-www-form-urlencoded"
    return Request(path=path, body=urlencode(fields).encode(), headers={"Content-Type": kind})


def enrol_request(web: WebHouse, *, name: str = "H-9", signer: Ed25519Signer | None = None) -> Request:
    """Return a good enrolment with a fresh invitation."""
    with web.sessions.begin() as session:
        made = parties.invite_device(session, web.env, gln=web.sites[SiteRole.MARKET].gln, url="http://127.0.0.1:8000")
    token = read_invite(made.text).token
    asked, sig = make_request(net=web.env.net, token=token, signer=signer or Ed25519Signer.generate())
    return as_json("/api/v1/devices/enrol", {"request": asked, "request_sig": sig, "token": token, "name": name})
