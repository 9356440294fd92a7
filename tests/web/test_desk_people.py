"""The desk's pages of people, places, devices and tokens: real forms over HTTP, and what they lead to."""

import re
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.parties import service as parties
from coldtrace.parties.model import Operator, SiteRole
from coldtrace.people.members import keep_members
from coldtrace.people.persons import LinkPurpose, make_link, make_person
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from coldtrace.seal.keys import Ed25519Signer
from support.house import GLNS
from support.people import PASSWORD, Visitor, administrator, signed_in, visitor
from support.web_house import WebHouse

USCC, OTHER_USCC, NEW_USCC = "91120116MA05TE5T1N", "91310000MA1FL0X00B", "91440300MA5EXAMP0C"
OTHER_GLN, STALL_GLN = "9521234000105", "9521234000112"
_numbers = count(1)


def email() -> str:
    return f"desk-{next(_numbers)}@example.cn"


@dataclass(frozen=True, kw_only=True)
class Firms:
    """Two organisations with the same names; ours has the house's sites."""

    ours: UUID
    theirs: UUID


@pytest.fixture(scope="module")
def firms(shared: WebHouse) -> Firms:
    with shared.sessions.begin() as session:
        ours = session.execute(text("SELECT * FROM operator WHERE uscc = :uscc"), {"uscc": USCC}).one()
        names = {name: getattr(ours, name) for name in ("name_zh", "name_en", "city_zh", "city_en")}
        theirs = parties.register_operator(session, shared.env, uscc=OTHER_USCC, **names)
        register(shared, session, OTHER_GLN, theirs, SiteRole.MARKET)
    return Firms(ours=ours.operator_id, theirs=theirs.operator_id)


def register(web: WebHouse, session: object, gln: str, operator: Operator, role: SiteRole) -> None:
    parties.register_site(
        session,  # type: ignore[arg-type]
        web.env,
        parties.RegisterSite(gln=gln, operator=operator, name_zh="他", name_en="Other", role=role, district="310101"),
    )


@pytest.fixture(scope="module")
def admin(shared: WebHouse, firms: Firms) -> Visitor:
    return signed_in(shared, email(), administrator(shared))


@pytest.fixture(scope="module")
def manager(shared: WebHouse, firms: Firms) -> Visitor:
    """Who manages our organisation as its market."""
    return signed_in(shared, email(), Member(role=Role.MARKET, operator_id=firms.ours, manages=True))


@pytest.fixture(scope="module")
def regulator(shared: WebHouse, firms: Firms) -> Visitor:
    """Who manages an authority of one city."""
    return signed_in(shared, email(), Member(role=Role.REGULATOR, operator_id=firms.ours, area="12", manages=True))


def shown_secret(answer: httpx.Response) -> str:
    found = re.search(r"data-secret[^>]*>([^<]+)<", answer.text)
    assert found is not None, answer.text[:2000]
    return found[1]


def rows_of(page: httpx.Response) -> dict[str, str]:
    """Return the rows of a page's tables by their ids."""
    return dict(re.findall(r'<tr data-id="([^"]+)">(.*?)</tr>', page.text, re.DOTALL))


def row_with(page: httpx.Response, words: str) -> tuple[str, str]:
    (found,) = [(id, row) for id, row in rows_of(page).items() if words in row]
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def invited(browser: Visitor, address: str, **fields: str) -> httpx.Response:
    wanted = {"email": address, "name": "王芳", "mail_lang": "en", "organisation": USCC, "role": "market"} | fields
    return browser.post("/desk/people", wanted, on="/desk/people")


def person_of(web: WebHouse, address: str) -> UUID | None:
    with web.sessions() as session:
        found = session.execute(text("SELECT person_id FROM person WHERE email = :e"), {"e": address})
        return found.scalar_one_or_none()


def roles_of(web: WebHouse, address: str) -> list[str]:
    with web.sessions() as session:
        return list(
            session.execute(
                text(
                    "SELECT m.role FROM membership m JOIN person p USING (person_id)"
                    " WHERE p.email = :e AND m.ended_at IS NULL ORDER BY 1"
                ),
                {"e": address},
            ).scalars()
        )


# Inviting


def test_somebody_is_invited_chooses_a_password_and_sees_only_the_own_firm(
    shared: WebHouse, firms: Firms, manager: Visitor
) -> None:
    address, foreign = email(), email()
    with shared.sessions.begin() as session:
        make_person(
            session,
            shared.env,
            email=foreign,
            name="外人",
            lang="zh",
            members=[Member(role=Role.MARKET, operator_id=firms.theirs)],
            made_by="tests",
        )
    answer = invited(manager, address, manages="yes")
    assert answer.status_code == 200, answer.text
    link = shown_secret(answer)
    path = "/" + link.split("/", 3)[3]
    assert path.startswith("/invitation/")
    assert path not in manager.get("/desk/people").text, "once"

    browser = visitor(shared)
    assert browser.sign_in(address).status_code == 403, "no password yet"
    chosen = browser.post(path, {"password": PASSWORD, "again": PASSWORD}, on=path)
    assert chosen.status_code == 303, chosen.text
    assert browser.sign_in(address, next="/desk/people").headers["location"] == "/desk/people"
    page = browser.get("/desk/people")
    assert page.status_code == 200
    assert address in page.text
    assert foreign not in page.text
    assert browser.get(path).status_code == 404, "a link is good once"
    assert browser.get("/desk/organisations").text.count(OTHER_USCC) == 0


def test_a_link_is_not_for_whoever_could_not_give_those_roles(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    """Somebody whom the administrator invited as one is not taken over by a manager of the same firm."""
    address, own = email(), email()
    with shared.sessions.begin() as session:
        made = make_person(
            session, shared.env, email=address, name="新", lang="zh", members=[administrator(shared)], made_by="tests"
        )
        before = make_link(session, shared.env, person_id=made.person_id, purpose=LinkPurpose.INVITATION)
    answer = invited(manager, address)
    assert answer.status_code == 200
    assert "data-secret" not in answer.text
    assert visitor(shared).get(f"/invitation/{before}").status_code == 404, "a further role ends open links"
    token = made_token(shared, Member(role=Role.MARKET, operator_id=firms.ours, manages=True))
    body = {"email": address, "name": "新", "organisation": USCC, "role": "market"}
    told = shared.post_json("/api/v1/people", body, bearer(token))
    assert (told.status_code, told.json()["link"]) == (201, None)
    # One's own are invited again with a new link.
    assert invited(manager, own).status_code == 200
    assert "/invitation/" in shown_secret(invited(manager, own))


def test_somebody_of_another_firm_is_not_drawn_in(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    address = email()
    signed_in(shared, address, Member(role=Role.MARKET, operator_id=firms.theirs))
    answer = invited(manager, address)
    assert (answer.status_code, roles_of(shared, address)) == (409, ["market"])


# Granting


def made_token(web: WebHouse, *members: Member, rights: tuple[str, ...] = ("all",)) -> str:
    with web.sessions.begin() as session:
        return make_token(session, web.env, name="made", life=None, members=members, scopes=rights)


BEYOND: dict[str, dict[str, str]] = {
    "a role": {"role": "retailer"},
    "the administrator's": {"role": "administrator"},
    "an organisation": {"organisation": OTHER_USCC},
    "a site of another": {"sites": OTHER_GLN},
    "a site that there is not": {"sites": "9521234000990"},
    "an area for a role that has none": {"area": "12"},
}


@pytest.mark.parametrize("what", BEYOND)
def test_a_manager_gives_nothing_that_it_has_not(shared: WebHouse, firms: Firms, manager: Visitor, what: str) -> None:
    more, address, known = BEYOND[what], email(), email()
    assert invited(manager, address, **more).status_code == 403
    assert person_of(shared, address) is None, "nobody is made by what is refused"
    assert invited(manager, known).status_code == 200
    person_id = person_of(shared, known)
    fields = {"organisation": USCC, "role": "market"} | more
    grant = manager.post(f"/desk/people/{person_id}/memberships", fields, on="/desk/people")
    assert (grant.status_code, roles_of(shared, known)) == (403, ["market"])
    token = manager.post("/desk/tokens", {"name": "x", "days": "3"} | fields, on="/desk/tokens")
    assert (token.status_code, "data-secret" in token.text) == (403, False)

    headers = bearer(made_token(shared, Member(role=Role.MARKET, operator_id=firms.ours, manages=True)))
    body = fields | ({"sites": [fields["sites"]]} if "sites" in fields else {})  # type: ignore[dict-item]
    for path, extra in (
        ("/api/v1/people", {"email": address, "name": "x"}),
        (f"/api/v1/people/{person_id}/memberships", {}),
        ("/api/v1/tokens", {"name": "x"}),
    ):
        refused = shared.post_json(path, body | extra, headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "grant_refused"), path
    assert (person_of(shared, address), roles_of(shared, known)) == (None, ["market"])


@pytest.mark.parametrize(("area", "status"), [("12", 200), ("120116", 200), ("31", 403), ("", 403)])
def test_a_regulator_gives_its_own_area_or_less(shared: WebHouse, regulator: Visitor, area: str, status: int) -> None:
    address = email()
    assert invited(regulator, address, role="regulator", area=area).status_code == status
    assert roles_of(shared, address) == (["regulator"] if status == 200 else [])


def test_who_manages_one_site_gives_that_site(shared: WebHouse, firms: Firms) -> None:
    mine = GLNS[SiteRole.MARKET]
    few = frozenset({mine})
    browser = signed_in(shared, email(), Member(role=Role.MARKET, operator_id=firms.ours, sites=few, manages=True))
    address = email()
    assert invited(browser, address).status_code == 403, "all sites are more than one"
    assert invited(browser, address, sites=f"{mine}，{GLNS[SiteRole.RETAILER]}").status_code == 403
    assert invited(browser, address, sites=mine).status_code == 200


def test_a_narrowed_token_makes_no_wider_one(shared: WebHouse, firms: Firms) -> None:
    """Also an administrator's: a token that may make tokens is not thereby one that may do everything."""
    for member in (administrator(shared), Member(role=Role.MARKET, operator_id=firms.ours, manages=True)):
        headers = bearer(made_token(shared, member, rights=("token:write", "person:write", "unit:read")))
        body = {"name": "x", "organisation": USCC, "role": "market"}
        for rights, status in ((None, 403), (["case:read"], 403), (["unit:read"], 201)):
            told = shared.post_json("/api/v1/tokens", body | {"rights": rights}, headers)
            assert told.status_code == status, (member, rights)
        address = email()
        assert shared.post_json("/api/v1/people", body | {"email": address}, headers).status_code == 403
        assert person_of(shared, address) is None


def test_roles_are_granted_and_ended(shared: WebHouse, firms: Firms, admin: Visitor) -> None:
    address = email()
    browser = signed_in(shared, address, Member(role=Role.MARKET, operator_id=firms.ours), name="孙一")
    person_id = person_of(shared, address)
    assert browser.get("/desk/people").status_code == 403, "only managers"
    fields = {"organisation": USCC, "role": "retailer", "manages": "yes"}
    for _ in range(2):
        assert admin.post(f"/desk/people/{person_id}/memberships", fields, on="/desk/people").status_code == 200
    assert roles_of(shared, address) == ["market", "retailer"], "the same again changes nothing"
    page = browser.get("/desk/people")
    assert page.status_code == 200, "from the next request on"
    (ends,) = [id for id, row in rows_of(page).items() if address in row and "Retailer" in row]
    assert admin.post(f"/desk/memberships/{ends}/end", {}, on="/desk/people").status_code == 200
    assert browser.get("/desk/people").status_code == 403
    assert admin.post(f"/desk/memberships/{ends}/end", {}, on="/desk/people").status_code == 404


def test_a_manager_does_not_unmake_an_administrator(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    address = email()
    signed_in(shared, address, administrator(shared))
    with shared.sessions() as session:
        membership_id = session.execute(
            text("SELECT m.membership_id FROM membership m JOIN person p USING (person_id) WHERE p.email = :e"),
            {"e": address},
        ).scalar_one()
    assert manager.post(f"/desk/memberships/{membership_id}/end", {}, on="/desk/people").status_code == 404
    headers = bearer(made_token(shared, Member(role=Role.MARKET, operator_id=firms.ours, manages=True)))
    told = shared.client.delete(f"/api/v1/memberships/{membership_id}", headers=headers)
    assert (told.status_code, told.json()["code"]) == (404, "membership_unknown")
    assert roles_of(shared, address) == ["administrator"]


# Organisations, sites, devices, tokens


def test_two_organisations_of_one_name_are_told_apart(shared: WebHouse, firms: Firms, admin: Visitor) -> None:
    page = admin.get("/desk/organisations")
    ours, theirs = (row for row in rows_of(page).values() if "Binhai" in row)
    assert {USCC in ours, USCC in theirs} == {OTHER_USCC in ours, OTHER_USCC in theirs} == {True, False}
    first, second = email(), email()
    assert invited(admin, first).status_code == 200
    assert invited(admin, second, organisation=OTHER_USCC).status_code == 200
    people = admin.get("/desk/people")
    assert USCC in row_with(people, first)[1]
    assert OTHER_USCC in row_with(people, second)[1]


def test_an_organisation_and_a_stall_in_its_market_are_registered(
    shared: WebHouse, firms: Firms, admin: Visitor
) -> None:
    fresh = {"uscc": NEW_USCC, "name_zh": "甲食品", "name_en": "A Foods"}
    assert admin.post("/desk/organisations", fresh, on="/desk/organisations").status_code == 200
    assert "A Foods" in row_with(admin.get("/desk/organisations"), NEW_USCC)[1]
    place = {"organisation": OTHER_USCC, "name_zh": "十号摊", "name_en": "Stall 10", "district": "310101"}
    stall = place | {"gln": STALL_GLN, "role": "retailer", "market": OTHER_GLN}
    answer = admin.post("/desk/sites", stall, on="/desk/sites")
    assert answer.status_code == 200, answer.text
    assert STALL_GLN in admin.get("/desk/sites").text
    with shared.sessions() as session:
        kept = session.execute(text("SELECT market_gln FROM site WHERE gln = :gln"), {"gln": STALL_GLN}).scalar_one()
    assert kept == OTHER_GLN
    bad = place | {"gln": "9521234000120", "role": "market"}
    assert admin.post("/desk/sites", bad, on="/desk/sites").status_code in (400, 422), "check digit"


def test_a_device_is_invited_rolled_and_revoked(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    on = "/desk/devices"
    theirs = manager.post("/desk/devices/invites", {"site": OTHER_GLN, "hours": "2"}, on=on)
    assert theirs.status_code == 404
    answer = manager.post("/desk/devices/invites", {"site": GLNS[SiteRole.MARKET], "hours": "2"}, on=on)
    assert answer.status_code == 200, answer.text
    secret = shown_secret(answer)
    withdraw = re.findall(r"/desk/devices/invites/[^\"]+/withdraw", manager.get(on).text)
    assert len(withdraw) == 1
    token = read_invite(secret).token
    assert manager.post(withdraw[0], {}, on=on).status_code == 200
    assert enrolled(shared, token) != 201, "withdrawn"
    again = manager.post("/desk/devices/invites", {"site": GLNS[SiteRole.MARKET], "hours": "2"}, on=on)
    assert enrolled(shared, read_invite(shown_secret(again)).token) == 201
    page = manager.get(on)
    (roll,) = re.findall(r"/desk/devices/[^\"]+/roll", page.text)
    assert "data-secret" in manager.post(roll, {}, on=on).text
    assert manager.post(roll.replace("/roll", "/revoke"), {}, on=on).status_code == 200
    assert "Revoked" in manager.get(on).text


def enrolled(web: WebHouse, token: str) -> int:
    asked, sig = make_request(net=web.env.net, token=token, signer=Ed25519Signer.generate())
    body = {"request": asked, "request_sig": sig, "token": token, "name": "H-1"}
    return web.post_json("/api/v1/devices/enrol", body).status_code


def test_a_token_works_until_it_is_withdrawn(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    fields = {"name": "ERP 7", "days": "3", "organisation": USCC, "role": "market"}
    answer = manager.post("/desk/tokens", fields, on="/desk/tokens")
    token = shown_secret(answer)
    assert token not in manager.get("/desk/tokens").text
    assert shared.client.get("/api/v1/statements", headers=bearer(token)).status_code == 200
    assert shared.client.get("/api/v1/people", headers=bearer(token)).status_code == 403, "it manages nothing"
    id, _ = row_with(manager.get("/desk/tokens"), "ERP 7")
    foreign = signed_in(shared, email(), Member(role=Role.MARKET, operator_id=firms.theirs, manages=True))
    assert foreign.post(f"/desk/tokens/{id}/withdraw", {}, on="/desk/tokens").status_code == 404
    assert shared.client.get("/api/v1/statements", headers=bearer(token)).status_code == 200
    assert manager.post(f"/desk/tokens/{id}/withdraw", {}, on="/desk/tokens").status_code == 200
    assert shared.client.get("/api/v1/statements", headers=bearer(token)).status_code == 401


# A person's own data


def test_a_person_downloads_the_own_data(shared: WebHouse, firms: Firms) -> None:
    address = email()
    browser = signed_in(shared, address, Member(role=Role.MARKET, operator_id=firms.ours))
    assert 'href="/account/data' in browser.get("/account").text
    answer = browser.get("/account/data")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    told = answer.json()
    assert told["person"]["email"] == address
    assert [each["role"] for each in told["memberships"]] == ["market"]
    assert "export" in [each["act"] for each in told["journal"]], "this one too"
    assert visitor(shared).get("/account/data").status_code == 303


def test_data_of_a_member_is_exported_and_erased_by_its_own_manager_alone(shared: WebHouse, firms: Firms) -> None:
    address = email()
    browser = signed_in(shared, address, Member(role=Role.MARKET, operator_id=firms.ours), name="钱七")
    person_id = person_of(shared, address)
    mine, theirs, plain = (
        bearer(made_token(shared, Member(role=Role.MARKET, operator_id=firm, manages=manages)))
        for firm, manages in ((firms.ours, True), (firms.theirs, True), (firms.ours, False))
    )
    path = f"/api/v1/people/{person_id}"
    for headers, status in ((theirs, 404), (plain, 403)):
        assert shared.client.get(f"{path}/data", headers=headers).status_code == status
        assert shared.client.delete(path, headers=headers).status_code == status
    told = shared.client.get(f"{path}/data", headers=mine)
    assert (told.status_code, told.json()["person"]["name"]) == (200, "钱七")
    assert browser.get("/account").status_code == 200
    assert shared.client.delete(path, headers=mine).status_code == 204
    assert browser.get("/account").status_code == 303, "every session is gone"
    assert person_of(shared, address) is None


def test_an_erasure_on_the_page_takes_a_word(shared: WebHouse, firms: Firms, manager: Visitor) -> None:
    address = email()
    signed_in(shared, address, Member(role=Role.MARKET, operator_id=firms.ours), name="周八")
    page = f"/desk/people/{person_of(shared, address)}"
    path = f"{page}/erase"
    assert path in manager.get(page).text
    for word in ("", "yes", "删"):
        assert manager.post(path, {"confirm": word}, on="/desk/people").status_code == 422
    foreign = signed_in(shared, email(), Member(role=Role.MARKET, operator_id=firms.theirs, manages=True))
    assert foreign.post(path, {"confirm": "erase"}, on="/desk/people").status_code == 404
    assert address in manager.get("/desk/people").text
    answer = manager.post(path, {"confirm": " 删除 "}, on="/desk/people")
    assert (answer.status_code, address in answer.text) == (200, False)


def test_no_manager_is_offered_an_administrators_erasure(shared: WebHouse, manager: Visitor) -> None:
    address = email()
    signed_in(shared, address, administrator(shared))
    person_id = person_of(shared, address)
    assert address in manager.get("/desk/people").text
    page = manager.get(f"/desk/people/{person_id}")
    assert (address in page.text, f"/desk/people/{person_id}/erase" in page.text) == (True, False)
    assert manager.post(f"/desk/people/{person_id}/erase", {"confirm": "erase"}, on="/desk/people").status_code == 404


def test_the_last_administrator_stays(web: WebHouse) -> None:
    address = email()
    browser = signed_in(web, address, administrator(web))
    person_id = person_of(web, address)
    told = web.client.delete(f"/api/v1/people/{person_id}", headers=web.bearer)
    assert (told.status_code, told.json()["code"]) == (409, "last_administrator")
    answer = browser.post(f"/desk/people/{person_id}/erase", {"confirm": "erase"}, on="/desk/people")
    assert answer.status_code == 409
    (membership,) = [id for id, row in rows_of(browser.get("/desk/people")).items() if address in row]
    assert browser.post(f"/desk/memberships/{membership}/end", {}, on="/desk/people").status_code == 409
    assert roles_of(web, address) == ["administrator"]


# Moving


@pytest.fixture
def moved(web: WebHouse) -> tuple[WebHouse, Visitor, str, str]:
    """A house with goods, and somebody who managed its firm and is now at another one, with a token from before."""
    with web.sessions.begin() as session:
        other = parties.register_operator(
            session, web.env, uscc=OTHER_USCC, name_zh="乙", name_en="B", city_zh="上海", city_en="Shanghai"
        )
    consignment = web.consignment()
    web.walk(consignment.pallets[0])
    address, old = email(), Member(role=Role.MARKET, operator_id=administrator(web).operator_id, manages=True)
    browser = signed_in(web, address, old)
    made = browser.post("/account/tokens", {"name": "ERP", "days": "5", "present": PASSWORD}, on="/account")
    token, unit = shown_secret(made), consignment.carton.unit_id
    assert web.client.get(f"/api/v1/units/{unit}", headers=bearer(token)).status_code == 200
    admin = signed_in(web, email(), administrator(web))
    id, _ = row_with(admin.get("/desk/people"), address)
    assert admin.post(f"/desk/memberships/{id}/end", {}, on="/desk/people").status_code == 200
    with web.sessions.begin() as session:
        new = Member(role=Role.MARKET, operator_id=other.operator_id, manages=True)
        keep_members(session, web.env, [new], made_by="tests", person_id=person_of(web, address))
    return web, browser, token, unit


def test_who_moved_sees_nothing_old(moved: tuple[WebHouse, Visitor, str, str]) -> None:
    web, browser, token, unit = moved
    headers = bearer(token)
    hidden = web.client.get(f"/api/v1/units/{unit}", headers=headers)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unit_unknown")
    assert web.client.get("/api/v1/statements", headers=headers).json()["statements"] == []
    people = web.client.get("/api/v1/people", headers=headers).json()["people"]
    assert {each["organisation"] for person in people for each in person["memberships"]} == {OTHER_USCC}
    assert [
        each["uscc"] for each in web.client.get("/api/v1/organisations", headers=headers).json()["organisations"]
    ] == [OTHER_USCC]
    assert web.client.get("/api/v1/devices", headers=headers).json()["devices"] == []
    old = str(administrator(web).operator_id)
    for record in web.client.get("/api/v1/journal", headers=headers).json()["records"]:
        assert old not in str(record), record
    for page in ("/desk/people", "/desk/organisations", "/desk/devices", "/desk/tokens"):
        shown = browser.get(page)
        assert (shown.status_code, USCC in shown.text) == (200, False), page
