"""The real application over a real database and a real socket, with an installation and devices to call it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.codes.sign import sign_code
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.roles import APP, SEQUENCER
from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.parties import trust
from coldtrace.parties.model import Site, SiteRole
from coldtrace.people import tokens
from coldtrace.people.persons import make_person
from coldtrace.people.sessions import begin_session, set_purpose
from coldtrace.rights.model import Member, Role
from coldtrace.seal.device_request import sign_request
from coldtrace.seal.keys import Signer, kid
from coldtrace.settings import Settings
from coldtrace.web.app import create_app
from coldtrace.web.demo_world import DemoWorld
from support.consignments import Consignment, Pallet, commission_line, facts_of, open_consignment
from support.databases import Databases
from support.house import GLNS, Handheld, install, make_env, pack_lines, unit_line
from support.live_server import live_server
from support.log_entries import grow
from support.ticking import TickingClock

STATEMENTS = "/api/v1/statements"
PROOF = "application/vnd.coldtrace.proof+json"
LINKSET = "application/linkset+json"
PAGE = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass(kw_only=True)
class WebHouse:
    """An application that answers, and everything behind it."""

    settings: Settings
    env: Env
    clock: TickingClock
    engine: Engine
    sessions: sessionmaker[Session]
    sites: dict[SiteRole, Site]
    token: str
    app: FastAPI
    client: httpx.Client
    devices: dict[SiteRole, Handheld] = field(default_factory=dict)

    @property
    def bearer(self) -> dict[str, str]:
        """The header of a caller with a token."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def station(self) -> str:
        """The GLN of the first station."""
        return self.sites[SiteRole.FIRST_STATION].gln

    def device(self, role: SiteRole) -> Handheld:
        """Return the device of a site, enrolled at its first use."""
        if role not in self.devices:
            with self.sessions.begin() as session:
                self.devices[role] = Handheld.enrol(session, self.env, self.sites[role])
        return self.devices[role]

    def signed_by(self, device: Handheld, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """Return the header with which a device vouches for a request."""
        value = sign_request(
            signer=device.signer, net=self.env.net, method=method, path=path, body=body, at=self.env.clock()
        )
        return {"Authorization": value}

    def post_json(self, path: str, value: object, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a JSON value."""
        return self.client.post(path, json=value, headers=headers or {})

    def send(self, device: Handheld, statements: Sequence[Statement], **headers: str) -> list[dict[str, Any]]:
        """Send statements as coldscan does; every one must be answered."""
        body = json.dumps([each.to_json() for each in statements]).encode()
        answer = self.client.post(
            STATEMENTS,
            content=body,
            headers=self.signed_by(device, "POST", STATEMENTS, body) | {"Content-Type": "application/json"} | headers,
        )
        assert answer.status_code == 202, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        assert len(results) == len(statements)
        return results

    def tell(self, role: SiteRole, type: T, lines: Sequence[Any], *, marks: Sequence[str] = (), **more: Any) -> None:
        """Have a site's device say one thing that must be accepted, with these marks."""
        device = self.device(role)
        (result,) = self.send(device, [device.say(type, lines, **more)])
        assert result["status"] == "accepted", result
        assert result["marks"] == list(marks), result

    def consignment(self, **size: Any) -> Consignment:
        """Open a consignment."""
        station = self.sites[SiteRole.FIRST_STATION].gln
        with self.sessions.begin() as session:
            return open_consignment(session, self.env, **({"station": station} | size))

    def commission(self, pallet: Pallet) -> None:
        """Bind the cartons of a pallet and pack them, at the port."""
        port = self.device(SiteRole.FIRST_STATION)
        said = [port.say(T.COMMISSION, [commission_line(c)], facts=facts_of(c)) for c in pallet.cartons]
        said.append(port.say(T.PACK, pack_lines(pallet.label.unit_id, [c.unit_id for c in pallet.cartons])))
        assert {result["status"] for result in self.send(port, said)} == {"accepted"}

    def hand_over(self, unit: str, giver: SiteRole, taker: SiteRole) -> None:
        """Ship a unit from one site and receive it at another."""
        self.tell(giver, T.SHIP, [unit_line(unit)], to=self.sites[taker].gln)
        self.tell(taker, T.RECEIVE, [unit_line(unit)])

    def walk(self, pallet: Pallet) -> None:
        """Take a pallet from the port through every kind of site to the shop, and its cartons off it there."""
        self.commission(pallet)
        road = list(GLNS)
        for giver, taker in pairwise(road):
            self.hand_over(pallet.label.unit_id, giver, taker)
        lines = pack_lines(pallet.label.unit_id, [c.unit_id for c in pallet.cartons])
        self.tell(SiteRole.RETAILER, T.UNPACK, lines[1:])

    def sell(self, unit: str) -> None:
        """Sell a carton in the shop."""
        self.tell(SiteRole.RETAILER, T.SELL, [unit_line(unit)])

    def settle(self) -> None:
        """Let the log cover everything that waits, and publish it; the application's own threads do the same."""
        covered = False
        while not covered:
            with self.engine.begin() as connection:
                grow(connection, self.env)
            with self.sessions() as session:
                waits = ledger.waiting(session, self.env.log)
                covered = not waits and ledger.signed_head(session, self.env.log).size == self.tree_size()

    def tree_size(self) -> int:
        """Return the size of the newest checkpoint."""
        with self.sessions() as session:
            return ledger.checkpoint(session, self.env.log).size

    def signed(self, elements: Sequence[tuple[str, str]], signer: Signer | None = None) -> str:
        """Return a code signed with the first station's key, or with another one."""
        if signer is None:
            with self.sessions() as session:
                signer = trust.code_key(session, self.env, GLNS[SiteRole.FIRST_STATION], self.env.clock()).signer
        return sign_code(
            host=self.env.public_host, elements=elements, algorithm=1, kid=kid(signer.spki), sign=signer.sign
        )

    @property
    def desk(self) -> dict[str, str]:
        """Return the headers of a browser in which somebody with every role in the first firm is signed in."""
        with self.sessions.begin() as session:
            operator_id = next(iter(self.sites.values())).operator_id
            members = [Member(role=role, operator_id=operator_id, area="", manages=True) for role in Role]
            person = make_person(
                session, self.env, email="desk@example.cn", name="值班", lang="zh", members=members, made_by="tests"
            )
            session.execute(text("UPDATE person SET state = 'active' WHERE person_id = :id"), {"id": person.person_id})
            secret = begin_session(session, self.env, person_id=person.person_id, agent="tests")
            set_purpose(session, secret, "tests")
        return {"Cookie": f"coldtrace={secret}"}

    def place_code(self, gln: str) -> str:
        """Return the code that hangs at a site's door."""
        return self.signed([("414", gln)])

    def path(self, uri: str) -> str:
        """Return path and query of a printed code."""
        return "/" + uri.split("/", 3)[3]


@contextmanager
def web_house(
    databases: Databases, folder: Path, *, demo: DemoWorld | None = None, **settings: Any
) -> Iterator[WebHouse]:
    """Give an application with five sites and a token, with a `demo` one that runs it; other settings by name."""
    url = databases.create()
    owner = make_engine(url, pool_size=2)
    engine = make_engine(url, role=APP, pool_size=settings.pop("pool_size", 10), pool_overflow=0)
    sequencer = make_engine(url, role=SEQUENCER, pool_size=4)
    usual = {
        "data_dir": folder / "var",
        "anonymous_requests_per_minute": 100_000,
        "sequencer_tick_ms": 20,
        "publish_every_ms": 20,
    }
    chosen = Settings.model_validate(usual | settings)
    clock = TickingClock(step=timedelta(milliseconds=1))
    env = replace(
        make_env(folder / "keys"),
        clock=clock,
        public_host=chosen.public_host,
        log=Log(id=FIRST_LOG, origin=f"{chosen.public_host}/logs/{chosen.log_name}"),
    )
    sessions = make_sessions(engine)
    try:
        with make_sessions(owner).begin() as session:
            sites = install(session, env)
            token = "ct_dev_tests"
            tokens.keep_development_token(session, env, token=token, name="tests")
        app = create_app(chosen, env, engine, sequencer_engine=sequencer, demo=demo)
        with live_server(app) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield WebHouse(
                settings=chosen,
                env=env,
                clock=clock,
                engine=owner,
                sessions=sessions,
                sites=sites,
                token=token,
                app=app,
                client=client,
            )
    finally:
        for each in (owner, engine, sequencer):
            each.dispose()
        databases.drop(url)
