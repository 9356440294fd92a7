"""What for: whoever sees others' goods by an area says it; pages take it from the session, the API from its header."""

from dataclasses import dataclass
from itertools import count
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType
from coldtrace.parties.model import SiteRole
from coldtrace.people.memberships import live_members
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from support.house import GLNS, Handheld, unit_line
from support.journal import records
from support.people import PASSWORD, Visitor, make_somebody, signed_in, visitor
from support.web_house import WebHouse

USCC = "91120116MA05TE5T1N"
PURPOSE = "抽查 · 津市监〔2026〕12号"
_numbers = count(1)


def email() -> str:
    return f"purpose-{next(_numbers)}@example.cn"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A house with goods, and an authority of one city."""

    web: WebHouse
    regulator: Member
    unit: str

    def token(self, *members: Member) -> dict[str, str]:
        with self.web.sessions.begin() as session:
            made = make_token(session, self.web.env, name="watch", life=None, members=members or (self.regulator,))
        return {"Authorization": f"Bearer {made}"}


@pytest.fixture(scope="module")
def watch(shared: WebHouse) -> Watch:
    consignment = shared.consignment()
    shared.walk(consignment.pallets[0])
    firm = shared.sites[SiteRole.MARKET].operator_id
    return Watch(
        web=shared,
        regulator=Member(role=Role.REGULATOR, operator_id=firm, area="12"),
        unit=consignment.pallets[0].cartons[0].unit_id,
    )


# The API


def test_a_regulator_says_what_for_with_each_call(watch: Watch) -> None:
    web, headers = watch.web, watch.token()
    for path in (f"/api/v1/units/{watch.unit}", "/api/v1/statements", "/api/v1/runs", "/api/v1/cases"):
        before = len(records(web))
        refused = web.client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "purpose_required"), path
        assert len(records(web)) == before, "what is refused leaves no record"
        answer = web.client.get(path, headers=headers | {"Coldtrace-Purpose": quote(PURPOSE)})
        assert answer.status_code == 200, path
        assert records(web)[-1].purpose == PURPOSE
    assert web.client.get("/api/v1/sites", headers=headers).status_code == 200, "the directory is for everybody"


def test_whether_a_thing_exists_is_not_told_before_the_purpose(watch: Watch) -> None:
    headers = watch.token()
    for unit in (watch.unit, "(00)395212340000000991"):
        refused = watch.web.client.get(f"/api/v1/units/{unit}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "purpose_required")


def test_another_role_beside_the_area_is_no_way_around(watch: Watch) -> None:
    market = Member(role=Role.MARKET, operator_id=watch.regulator.operator_id)
    both = watch.web.client.get("/api/v1/statements", headers=watch.token(watch.regulator, market))
    assert both.json()["code"] == "purpose_required"
    assert watch.web.client.get("/api/v1/statements", headers=watch.token(market)).status_code == 200


def test_where_goods_are_is_not_told_of_a_scan_without_a_purpose(watch: Watch) -> None:
    """What a code is everybody may know; where the goods are an authority sees by its area alone."""
    web, body = watch.web, {"text": watch.unit}
    refused = web.client.post("/api/v1/codes/resolve", json=body, headers=watch.token())
    assert (refused.status_code, refused.json()["code"]) == (400, "purpose_required")
    answer = web.client.post(
        "/api/v1/codes/resolve", json=body, headers=watch.token() | {"Coldtrace-Purpose": quote(PURPOSE)}
    )
    assert answer.status_code == 200
    assert answer.json()["site"] is not None
    assert records(web)[-1].purpose == PURPOSE
    shop = watch.token(Member(role=Role.RETAILER, operator_id=watch.regulator.operator_id))
    assert web.client.post("/api/v1/codes/resolve", json=body, headers=shop).status_code == 200


def test_a_trial_tells_nothing_by_an_area(watch: Watch) -> None:
    """Nothing of it is recorded, so an authority is told no more of goods than a stranger."""
    web, device = watch.web, watch.web.device(SiteRole.MARKET)
    with web.sessions.begin() as session:
        teller = Handheld.enrol(session, web.env, device.site)
    wire = teller.say(StatementType.RECEIVE, [unit_line(watch.unit)]).to_json()
    told = [
        web.client.post("/api/v1/statements/check", json=[wire], headers=watch.token(member)).json()["results"][0]
        for member in (watch.regulator, Member(role=Role.MARKET, operator_id=watch.regulator.operator_id))
    ]
    assert [each["hidden"] for each in told] == [True, False]


# Pages


def test_a_regulator_is_asked_once_and_every_look_keeps_it(watch: Watch) -> None:
    web, address = watch.web, email()
    browser = signed_in(web, address, watch.regulator)
    asked = browser.get("/desk/runs?lang=en")
    assert (asked.status_code, asked.headers["location"]) == (303, "/desk/purpose?next=%2Fdesk%2Fruns%3Flang%3Den")
    page = browser.get(asked.headers["location"])
    assert 'name="reason"' in page.text
    empty = said(browser, reason=" ")
    assert (empty.status_code, "Say why you look" in empty.text) == (422, True)
    assert said(browser, reason="x" * 201).status_code == 400
    assert browser.get("/desk/runs").status_code == 303, "nothing was kept"
    kept = said(browser, reason="抽查", document="津市监〔2026〕12号", next="/desk/runs?lang=en")
    assert (kept.status_code, kept.headers["location"]) == (303, "/desk/runs?lang=en")
    page = browser.get("/desk/runs")
    assert (page.status_code, PURPOSE in page.text) == (200, True)
    assert records(web)[-1].purpose == PURPOSE
    assert said(browser, reason="召回").status_code == 303
    assert "召回" in browser.get("/desk/devices").text
    assert records(web)[-1].purpose == "召回"
    assert browser.get("/desk/runs?purpose=planted").status_code == 200
    assert records(web)[-1].purpose == "召回", "not what an address says"
    again = visitor(web)
    again.sign_in(address)
    assert again.get("/desk/runs").status_code == 303, "another session is asked anew"


def said(browser: Visitor, **fields: str) -> httpx.Response:
    return browser.post("/desk/purpose", {"reason": "", "document": "", "next": "/desk"} | fields, on="/desk/purpose")


def test_the_form_leads_nowhere_else(watch: Watch) -> None:
    browser = signed_in(watch.web, email(), watch.regulator)
    assert said(browser, reason="抽查", next="https://evil.example").headers["location"] == "/desk"
    with watch.web.sessions() as session:
        count_ = session.execute(text("SELECT count(*) FROM person_session WHERE purpose = '抽查'")).scalar_one()
    assert count_ >= 1
    forged = browser.client.post(
        "/desk/purpose", data={"reason": "planted", "csrf": "x"}, headers={"Accept": "text/html"}
    )
    assert forged.status_code == 403


def test_a_form_that_shows_by_an_area_asks_too(watch: Watch) -> None:
    manager = Member(role=Role.REGULATOR, operator_id=watch.regulator.operator_id, area="12", manages=True)
    browser = signed_in(watch.web, email(), manager)
    answer = browser.post("/desk/devices/invites", {"site": GLNS[SiteRole.MARKET], "hours": "2"}, on="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/purpose?next=%2Fdesk")


def test_an_authority_makes_no_token_for_a_site(watch: Watch) -> None:
    """Its own places are no firm's, so such a token would have no right at all."""
    browser = signed_in(watch.web, email(), watch.regulator)
    assert 'name="site"' not in browser.get("/account").text
    fields = {"name": "x", "days": "5", "present": PASSWORD, "site": GLNS[SiteRole.MARKET]}
    assert browser.post("/account/tokens", fields, on="/account").status_code == 404


def test_a_firm_is_not_asked(watch: Watch) -> None:
    member = Member(role=Role.FIRST_STATION, operator_id=watch.regulator.operator_id)
    page = signed_in(watch.web, email(), member).get("/desk/runs")
    assert (page.status_code, "data-purpose" in page.text) == (200, False)


# The journal


def test_the_journals_page_shows_what_for(watch: Watch) -> None:
    web = watch.web
    firm = web.sites[SiteRole.MARKET].operator_id
    manager = signed_in(web, email(), Member(role=Role.MARKET, operator_id=firm, manages=True), name="周经理")
    headers = watch.token() | {"Coldtrace-Purpose": quote("投诉核查 8号")}
    assert web.client.get(f"/api/v1/units/{watch.unit}", headers=headers).status_code == 200
    page = manager.get("/desk/journal")
    assert page.status_code == 200
    assert "投诉核查 8号" in page.text
    assert "周经理" in manager.get("/desk/journal").text, "one's own look at it"


def test_who_manages_a_site_sees_its_part_of_the_journal(watch: Watch) -> None:
    web = watch.web
    firm = web.sites[SiteRole.MARKET].operator_id
    gln, other = GLNS[SiteRole.MARKET], GLNS[SiteRole.COLD_STORE]
    member = Member(role=Role.MARKET, operator_id=firm, sites=frozenset({gln}), manages=True)
    headers = watch.token(member)
    made = {
        site: web.post_json("/api/v1/devices/invites", {"site": site}, web.bearer).status_code for site in (gln, other)
    }
    assert set(made.values()) == {201}
    found = web.client.get("/api/v1/journal?limit=200", headers=headers).json()["records"]
    assert gln in {each["object"] for each in found if each["act"] == "invite"}
    assert other not in {each["object"] for each in found}
    assert {gln} == {site for each in found for site in each["sites"]}
    first = found[0]["id"]
    older = web.client.get(f"/api/v1/journal?after={first}", headers=headers).json()["records"]
    assert [each["id"] for each in older] == [each["id"] for each in found[1 : 1 + len(older)]]
    page = signed_in(web, email(), member).get("/desk/journal")
    assert (page.status_code, gln in page.text, other in page.text) == (200, True, False)
    nobody = Member(role=Role.MARKET, operator_id=firm, sites=frozenset({"9521239000018"}), manages=True)
    assert web.client.get("/api/v1/journal", headers=watch.token(nobody)).json()["records"] == []


# A person's own token, narrowed


def test_a_persons_own_token_is_narrowed_to_rights_and_a_site(watch: Watch) -> None:
    web, address = watch.web, email()
    firm = web.sites[SiteRole.MARKET].operator_id
    market, store = GLNS[SiteRole.MARKET], GLNS[SiteRole.COLD_STORE]
    browser = signed_in(web, address, Member(role=Role.COLD_STORE, operator_id=firm, manages=True))
    page = browser.get("/account")
    assert 'name="right.unit:read"' in page.text
    assert 'name="right.metrics:read"' not in page.text, "not what one has not"
    base = {"name": "ERP", "days": "5", "present": PASSWORD}
    beyond = browser.post("/account/tokens", base | {"site": "9521239000018"}, on="/account")
    assert beyond.status_code == 404
    odd = browser.post("/account/tokens", base | {"right.unit:fly": "yes"}, on="/account")
    assert odd.status_code == 403

    def token(**more: str) -> dict[str, str]:
        answer = browser.post("/account/tokens", base | more, on="/account")
        assert answer.status_code == 200, answer.text
        return {"Authorization": "Bearer " + answer.text.partition('data-secret translate="no">')[2].partition("<")[0]}

    few = token(**{"right.statement:read": "yes"})
    assert web.client.get("/api/v1/statements", headers=few).status_code == 200
    assert web.client.get("/api/v1/devices", headers=few).status_code == 403
    at = {
        site: {
            each["site"]
            for each in web.client.get("/api/v1/devices?limit=200", headers=token(site=site)).json()["devices"]
        }
        for site in (market, store)
    }
    assert at == {market: {market}, store: {store}}
    with web.sessions() as session:
        person_id = session.execute(text("SELECT person_id FROM person WHERE email = :e"), {"e": address}).scalar_one()
        assert [each.sites for each in live_members(session, person_id)] == [None], "the person is as before"
    shown = browser.get("/account").text
    assert "statement:read" in shown
    assert market in shown


# Tokens of somebody who left


def test_tokens_of_who_left_are_marked_and_ended_with_one_act(watch: Watch) -> None:
    web, firm = watch.web, watch.web.sites[SiteRole.MARKET].operator_id
    member, address = Member(role=Role.RETAILER, operator_id=firm, manages=True), email()
    leaver, stays = signed_in(web, address, member, name="要走的人"), signed_in(web, email(), member, name="留下的人")
    fields = {"days": "5", "organisation": USCC, "role": "retailer"}
    secrets = {}
    for browser, name in ((leaver, "ERP of who leaves"), (stays, "ERP of who stays")):
        answer = browser.post("/desk/tokens", fields | {"name": name, "right.unit:read": "yes"}, on="/desk/tokens")
        secrets[name] = answer.text.partition('data-secret translate="no">')[2].partition("<")[0]
    page = stays.get("/desk/tokens").text
    assert ("要走的人" in page, "withdraw-left" in page) == (True, False)
    with web.sessions() as session:
        person_id: UUID = session.execute(
            text("SELECT person_id FROM person WHERE email = :e"), {"e": address}
        ).scalar_one()
    assert web.client.post(f"/api/v1/people/{person_id}/close", headers=web.bearer).status_code == 204
    page = stays.get("/desk/tokens").text
    assert ("Somebody who left" in page, "End these 1 tokens" in page) == (True, True)
    path = f"/api/v1/units/{watch.unit}"
    alive = {
        name: web.client.get(path, headers={"Authorization": f"Bearer {each}"}).status_code
        for name, each in secrets.items()
    }
    assert set(alive.values()) == {200}, "machines go on"
    listed = {
        each["name"]: (each["made_by"], each["maker_left"], each["rights"])
        for each in web.client.get("/api/v1/tokens?limit=200", headers=watch.token(member)).json()["tokens"]
    }
    assert listed["ERP of who leaves"] == ("要走的人", True, ["unit:read"])
    assert listed["ERP of who stays"] == ("留下的人", False, ["unit:read"])
    assert stays.post("/desk/tokens/withdraw-left", {}, on="/desk/tokens").status_code == 200
    assert records(web)[-1].detail == '{"tokens":1}'
    alive = {
        name: web.client.get(path, headers={"Authorization": f"Bearer {each}"}).status_code
        for name, each in secrets.items()
    }
    assert alive == {"ERP of who leaves": 401, "ERP of who stays": 200}
    assert web.client.post("/api/v1/tokens/withdraw-left", headers=watch.token(member)).json() == {"withdrawn": []}


def test_a_token_that_was_made_with_a_token_is_of_whoever_made_the_first(watch: Watch) -> None:
    web, firm = watch.web, watch.web.sites[SiteRole.MARKET].operator_id
    member, address = Member(role=Role.CARRIER, operator_id=firm, manages=True), email()
    leaver = make_somebody(web, address, member, name="走了两步的人")
    with web.sessions.begin() as session:
        first = make_token(session, web.env, name="first", life=None, members=[member], made_by=f"person:{leaver}")
    body = {"organisation": USCC, "role": "carrier", "manages": True}
    headers = {"Authorization": f"Bearer {first}"}
    for name in ("second", "third"):
        made = web.client.post("/api/v1/tokens", json=body | {"name": name}, headers=headers)
        assert made.status_code == 201
        headers = {"Authorization": f"Bearer {made.json()['token']}"}
    asker, names = watch.token(member), ("first", "second", "third")

    def marked() -> dict[str, tuple[str | None, bool]]:
        found = web.client.get("/api/v1/tokens?limit=200", headers=asker).json()["tokens"]
        return {each["name"]: (each["made_by"], each["maker_left"]) for each in found if each["name"] in names}

    assert marked() == dict.fromkeys(names, ("走了两步的人", False))
    assert web.client.post(f"/api/v1/people/{leaver}/close", headers=web.bearer).status_code == 204
    assert marked() == dict.fromkeys(names, ("走了两步的人", True))
    gone = web.client.post("/api/v1/tokens/withdraw-left", headers=asker)
    assert len(gone.json()["withdrawn"]) == 3
    assert web.client.get("/api/v1/sites", headers=headers).status_code == 401


def test_a_name_is_not_told_to_whom_it_does_not_concern(watch: Watch) -> None:
    """Whoever made a token for a firm from outside is somebody of the platform."""
    web, firm = watch.web, watch.web.sites[SiteRole.MARKET].operator_id
    with web.sessions.begin() as session:
        other = web.env.new_id()
        session.execute(
            text(
                "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
                " VALUES (:id, '91310000MA1FL0X00B', '平台', 'Platform', '', '', :now)"
            ),
            {"id": other, "now": web.env.clock()},
        )
    admin = make_somebody(web, email(), Member(role=Role.ADMINISTRATOR, operator_id=other), name="平台的人")
    with web.sessions.begin() as session:
        make_token(
            session, web.env, name="from outside", life=None, members=[Member(role=Role.REPACKER, operator_id=firm)],
            made_by=f"person:{admin}",
        )  # fmt: skip
    manager = watch.token(Member(role=Role.REPACKER, operator_id=firm, manages=True))
    (listed,) = [
        each
        for each in web.client.get("/api/v1/tokens?limit=200", headers=manager).json()["tokens"]
        if each["name"] == "from outside"
    ]
    assert (listed["made_by"], listed["maker_left"]) == (None, False)
