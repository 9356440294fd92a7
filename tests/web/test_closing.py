"""Closing and reopening persons, organisations and sites, and a lost second step: pages and API, and what it ends."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import httpx
import pyotp
import pytest
from sqlalchemy import text

from coldtrace.events.enrolment import read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.people.persons import LinkPurpose, make_link
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from support.databases import Databases
from support.house import GLNS, unit_line
from support.journal import records
from support.mail_server import mail_server
from support.people import PASSWORD, Visitor, administrator, make_somebody, signed_in, visitor
from support.web_house import WebHouse, web_house

USCC = "91120116MA05TE5T1N"
MARKET = GLNS[SiteRole.MARKET]
_numbers = count(1)


def email() -> str:
    return f"closing-{next(_numbers)}@example.cn"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A house with an administrator at the desk."""

    web: WebHouse
    admin: Visitor
    firm: UUID

    def member(self, *, manages: bool = False) -> Member:
        return Member(role=Role.MARKET, operator_id=self.firm, manages=manages)

    def post(self, path: str, *, on: str = "/desk/people") -> httpx.Response:
        return self.admin.post(path, {}, on=on)

    def api(self, path: str, method: str = "POST") -> httpx.Response:
        return self.web.client.request(method, f"/api/v1{path}", headers=self.web.bearer)


@pytest.fixture(scope="module")
def desk(shared: WebHouse) -> Desk:
    admin = signed_in(shared, email(), administrator(shared))
    return Desk(web=shared, admin=admin, firm=shared.sites[SiteRole.MARKET].operator_id)


@pytest.fixture
def own(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A house that a test may close."""
    with web_house(databases, tmp_path_factory.mktemp("closing")) as web:
        admin = signed_in(web, email(), administrator(web))
        yield Desk(web=web, admin=admin, firm=web.sites[SiteRole.MARKET].operator_id)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(web: WebHouse, *members: Member, person_id: UUID | None = None) -> str:
    with web.sessions.begin() as session:
        return make_token(session, web.env, name="t", life=None, members=members, person_id=person_id)


# A person


@pytest.mark.parametrize("door", ["page", "api"])
def test_a_closed_account_ends_at_once_and_comes_back_with_its_roles(desk: Desk, door: str) -> None:
    web, address = desk.web, email()
    browser = signed_in(web, address, desk.member())
    with web.sessions() as session:
        person_id = session.execute(text("SELECT person_id FROM person WHERE email = :e"), {"e": address}).scalar_one()
    token = token_of(web, person_id=person_id)
    with web.sessions.begin() as session:
        link = make_link(session, web.env, person_id=person_id, purpose=LinkPurpose.RESET)
    statements = "/api/v1/statements"
    assert web.client.get(statements, headers=bearer(token)).status_code == 200

    def act(verb: str) -> None:
        answer = (
            desk.post(f"/desk/people/{person_id}/{verb}") if door == "page" else desk.api(f"/people/{person_id}/{verb}")
        )
        assert answer.status_code == (200 if door == "page" else 204), answer.text
        assert records(web)[-1].act == verb
        assert records(web)[-1].object == str(person_id)
        assert desk.firm in records(web)[-1].subjects

    act("close")
    assert browser.get("/account").status_code == 303, "the session"
    assert web.client.get(statements, headers=bearer(token)).status_code == 401, "the token"
    assert visitor(web).get(f"/reset/{link}").status_code == 404, "the link"
    assert visitor(web).sign_in(address).status_code == 403
    assert "Closed" in desk.admin.get(f"/desk/people/{person_id}").text
    act("close")
    act("reopen")
    assert browser.get("/account").status_code == 303, "a session that ended stays ended"
    assert web.client.get(statements, headers=bearer(token)).status_code == 401, "and so does a token"
    again = visitor(web)
    assert again.sign_in(address).status_code == 303
    assert web.client.get(statements, headers=bearer(token_of(web, person_id=person_id))).status_code == 200, "its role"


def test_only_the_administrator_closes_accounts_and_not_the_last_one(own: Desk) -> None:
    web = own.web
    person_id = make_somebody(web, email(), own.member())
    manager = signed_in(web, email(), own.member(manages=True))
    page = manager.get(f"/desk/people/{person_id}")
    assert (page.status_code, "/close" in page.text) == (200, False)
    assert manager.post(f"/desk/people/{person_id}/close", {}, on="/desk/people").status_code == 403
    with web.sessions() as session:
        admin_id = session.execute(
            text("SELECT person_id FROM membership WHERE role = 'administrator' AND person_id IS NOT NULL")
        ).scalar_one()
    for answer in (own.api(f"/people/{admin_id}/close"), own.post(f"/desk/people/{admin_id}/close")):
        assert answer.status_code == 409
    assert own.admin.get("/account").status_code == 200
    for verb in ("close", "reopen"):
        unknown = own.api(f"/people/{web.env.new_id()}/{verb}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "person_unknown")


def test_somebody_invited_who_was_closed_waits_for_a_password_again(desk: Desk) -> None:
    web, address = desk.web, email()
    desk.admin.post(
        "/desk/people",
        {"email": address, "name": "x", "mail_lang": "zh", "organisation": USCC, "role": "market"},
        on="/desk/people",
    )
    with web.sessions() as session:
        person_id = session.execute(text("SELECT person_id FROM person WHERE email = :e"), {"e": address}).scalar_one()
    for verb, state in (("close", "closed"), ("reopen", "invited")):
        assert desk.api(f"/people/{person_id}/{verb}").status_code == 204
        with web.sessions() as session:
            kept = session.execute(text("SELECT state, closed_at FROM person WHERE person_id = :i"), {"i": person_id})
            row = kept.one()
        assert (row.state, row.closed_at is not None) == (state, state == "closed")


# A lost second step


def test_a_lost_second_step_is_taken_away_and_the_person_is_told(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        mail_server() as post,
        web_house(databases, tmp_path_factory.mktemp("mail"), smtp_url=f"smtp://127.0.0.1:{post.port}") as web,
    ):
        admin = signed_in(web, email(), administrator(web))
        address = email()
        browser = signed_in(web, address, administrator(web))
        page = browser.post("/account/two-steps", {"present": PASSWORD}, on="/account")
        secret = re.search(r"<dt>Secret</dt><dd>\s*<span[^>]*>([A-Z2-7]+)<", page.text)
        assert secret is not None
        code = pyotp.TOTP(secret[1]).at(int(web.env.clock().timestamp()))
        assert "Shown this once" in browser.post("/account/two-steps", {"code": code}, on="/account").text
        with web.sessions() as session:
            person_id = session.execute(
                text("SELECT person_id FROM person WHERE email = :e"), {"e": address}
            ).scalar_one()
        assert visitor(web).sign_in(address).status_code == 403, "the password alone is not enough"
        path = f"/desk/people/{person_id}/second-step/remove"
        assert path in admin.get(f"/desk/people/{person_id}").text
        answer = admin.post(path, {}, on="/desk/people")
        assert (answer.status_code, path in answer.text) == (200, False)
        assert records(web)[-1].act == "remove_second_step"
        assert visitor(web).sign_in(address).status_code == 303
        deadline = time.monotonic() + 20
        while not post.letters and time.monotonic() < deadline:
            time.sleep(0.05)
        (letter,) = post.letters
        assert (letter["To"], letter["Subject"]) == (address, "Your second step was taken away")
        assert "http" not in letter.get_content(), "a notice has no link that somebody could imitate"
        own_step = browser.get(f"/desk/people/{person_id}")
        assert "second-step/remove" not in own_step.text
        own_token = bearer(token_of(web, person_id=person_id))
        own = web.client.delete(f"/api/v1/people/{person_id}/second-step", headers=own_token)
        assert (own.status_code, own.json()["code"]) == (409, "own_second_step"), "a session may be a thief's"
        again = web.client.delete(f"/api/v1/people/{person_id}/second-step", headers=web.bearer)
        assert (again.status_code, again.json()["code"]) == (409, "no_second_step")


# A site


@pytest.mark.parametrize("door", ["page", "api"])
def test_a_closed_site_takes_statements_and_no_new_device(own: Desk, door: str) -> None:
    web = own.web
    consignment = web.consignment(cartons=1)
    web.commission(consignment.pallets[0])
    device = web.device(SiteRole.MARKET)
    invite = web.post_json("/api/v1/devices/invites", {"site": MARKET}, web.bearer)
    text_ = invite.json()["invite"]

    def act(verb: str) -> httpx.Response:
        return (
            own.post(f"/desk/sites/{MARKET}/{verb}", on="/desk/sites")
            if door == "page"
            else own.api(f"/sites/{MARKET}/{verb}")
        )

    assert act("close").status_code == (200 if door == "page" else 204)
    assert web.client.get("/api/v1/devices/invites", headers=web.bearer).json()["invites"] == []
    refused = web.post_json("/api/v1/devices/invites", {"site": MARKET}, web.bearer)
    assert (refused.status_code, refused.json()["code"]) == (409, "site_closed")
    key = web.client.get("/api/v1/devices", headers=web.bearer).json()["devices"]
    (mine,) = [each["key"] for each in key if each["site"] == MARKET]
    rolled = own.api(f"/devices/{mine}/roll")
    assert (rolled.status_code, rolled.json()["code"]) == (409, "site_closed")
    with web.sessions() as session:
        withdrawn = session.execute(text("SELECT withdrawn_at FROM invite WHERE used_at IS NULL")).scalars().all()
    assert None not in withdrawn
    assert read_invite(text_).site == MARKET
    # A fact is a fact.
    (result,) = web.send(device, [device.say(T.RECEIVE, [unit_line(consignment.pallets[0].label.unit_id)])])
    assert result["status"] == "accepted"
    (listed,) = [
        each
        for each in web.client.get("/api/v1/sites?limit=200", headers=web.bearer).json()["sites"]
        if each["gln"] == MARKET
    ]
    assert listed["closed_at"] is not None
    assert f"{MARKET}</option>" not in own.admin.get("/desk/devices").text
    assert act("reopen").status_code == (200 if door == "page" else 204)
    assert web.post_json("/api/v1/devices/invites", {"site": MARKET}, web.bearer).status_code == 201
    assert web.client.get("/api/v1/devices/invites", headers=web.bearer).json()["invites"] != []


def test_a_closed_first_station_gets_no_codes(own: Desk) -> None:
    web = own.web
    assert own.api(f"/sites/{web.station}/close").status_code == 204
    drawn = web.post_json("/api/v1/rolls", {"count": 2, "site": web.station}, web.bearer)
    assert (drawn.status_code, drawn.json()["code"]) == (409, "site_closed")
    assert own.api(f"/sites/{web.station}/reopen").status_code == 204
    assert web.post_json("/api/v1/rolls", {"count": 2, "site": web.station}, web.bearer).status_code == 201


# An organisation


@pytest.mark.parametrize("door", ["page", "api"])
def test_nobody_acts_for_a_closed_organisation(own: Desk, door: str) -> None:
    web = own.web
    member = own.member(manages=True)
    browser, token = signed_in(web, email(), member), token_of(web, member)
    asked, device = "/api/v1/devices", web.device(SiteRole.MARKET)
    assert web.client.get(asked, headers=bearer(token)).status_code == 200

    def act(verb: str) -> httpx.Response:
        if door == "page":
            return own.post(f"/desk/organisations/{USCC}/{verb}", on="/desk/organisations")
        return own.api(f"/organisations/{USCC}/{verb}")

    assert act("close").status_code == (200 if door == "page" else 204)
    assert web.client.get(asked, headers=bearer(token)).status_code == 403
    assert browser.get("/desk/people").status_code == 403
    assert browser.get("/account").status_code == 200, "somebody without a role still has an account"
    assert own.admin.get("/desk/organisations").status_code == 200, "the platform keeps its administrators"
    invited = web.post_json("/api/v1/devices/invites", {"site": MARKET}, web.bearer)
    assert (invited.status_code, invited.json()["code"]) == (409, "site_closed")
    body = {"organisation": USCC, "role": "market", "name": "x"}
    made = web.post_json("/api/v1/tokens", body, web.bearer)
    assert (made.status_code, made.json()["code"]) == (409, "organisation_closed")
    place = {"gln": "9521234000990", "organisation": USCC, "name_zh": "新", "name_en": "New", "role": "market"}
    placed = web.post_json("/api/v1/sites", place | {"district": "120103"}, web.bearer)
    assert placed.status_code in (400, 409)
    (result,) = web.send(device, [device.say(T.RECEIVE, [unit_line("(00)395212340000000014")])])
    assert result["status"] == "accepted"
    assert act("reopen").status_code == (200 if door == "page" else 204)
    assert web.client.get(asked, headers=bearer(token)).status_code == 200
    assert browser.get("/desk/people").status_code == 200


def test_a_closed_organisation_gets_no_site(own: Desk) -> None:
    web = own.web
    assert own.api(f"/organisations/{USCC}/close").status_code == 204
    assert own.api("/organisations/91120116MA00000010/close").status_code == 404
    body = {
        "gln": "9521234000105", "organisation": USCC, "name_zh": "新", "name_en": "New", "role": "market",
        "district": "120103",
    }  # fmt: skip
    refused = web.post_json("/api/v1/sites", body, web.bearer)
    assert (refused.status_code, refused.json()["code"]) == (409, "organisation_closed")
    with web.sessions() as session:
        assert parties.store.site(session, "9521234000105") is None


def test_a_closed_site_inside_a_reopened_organisation_stays_closed(own: Desk) -> None:
    for path in (f"/sites/{MARKET}/close", f"/organisations/{USCC}/close", f"/organisations/{USCC}/reopen"):
        assert own.api(path).status_code == 204
    answer = own.web.post_json("/api/v1/devices/invites", {"site": MARKET}, own.web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "site_closed")
    other = own.web.post_json("/api/v1/devices/invites", {"site": GLNS[SiteRole.RETAILER]}, own.web.bearer)
    assert other.status_code == 201


def test_a_site_that_nobody_registered_is_not_closed(desk: Desk) -> None:
    for verb in ("close", "reopen"):
        answer = desk.api(f"/sites/9521239000018/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (404, "site_unknown")
