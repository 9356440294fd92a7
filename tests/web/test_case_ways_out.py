"""What a case offers at one press: over the API and on its page, to its office, and to nobody else."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.rights.model import Member, Role
from support.consignments import commission_line, facts_of
from support.house import GLNS, unit_line
from support.people import Visitor, signed_in
from support.web_house import PAGE, WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
CASES = "/api/v1/cases"


def open_gateway(web: WebHouse, gln: str) -> None:
    assert web.client.put(f"/api/v1/sites/{gln}/gateway", headers=web.bearer).status_code == 200


def gap(web: WebHouse, role: SiteRole = SiteRole.COLD_STORE) -> tuple[str, str]:
    """Have a site receive a box that nobody sent; return the case's id and the box."""
    (code,) = web.consignment(cartons=1, declaration=f"020220261{next(_numbers):09}").pallets[0].cartons
    web.tell(SiteRole.FIRST_STATION, T.COMMISSION, [commission_line(code)], facts=facts_of(code))
    device = web.device(role)
    web.send(device, [device.say(T.RECEIVE, [unit_line(code.unit_id)])])
    found = web.client.get(f"{CASES}?kind=gap&site={device.site.gln}", headers=web.bearer).json()["cases"]
    return next(each["id"] for each in found if each["units"] == [code.unit_id]), code.unit_id


_numbers = iter(range(500_000, 600_000))


def member(web: WebHouse, role: Role, **limits: Any) -> Member:
    return Member(role=role, operator_id=web.sites[SiteRole.COLD_STORE].operator_id, **limits)


def bearer(web: WebHouse, *members: Member) -> dict[str, str]:
    with web.sessions.begin() as session:
        made = tokens.make_token(session, web.env, name="desk", life=None, members=list(members))
    return {"Authorization": f"Bearer {made}"}


def store_only(web: WebHouse) -> Member:
    return member(web, Role.COLD_STORE, sites=frozenset({STORE}))


@pytest.fixture(scope="module")
def house(shared: WebHouse) -> WebHouse:
    open_gateway(shared, STORE)
    return shared


def test_a_case_lists_what_settles_it_and_a_press_does(house: WebHouse) -> None:
    case, box = gap(house)
    mine = bearer(house, store_only(house))
    told = house.client.get(f"{CASES}/{case}", headers=mine).json()
    seen = next(each for each in told["proposals"] if each["type"] == "observe")
    assert (seen["proposal"], seen["site"], seen["ready"]) == (f"observe-here@{STORE}", STORE, True)
    assert seen["lines"] == [{"unit": box, "quantity": 1}]
    assert seen["says"]["zh"] != seen["says"]["en"]
    answer = house.post_json(f"{CASES}/{case}/resolve", {"proposal": seen["proposal"]}, mine)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "resolved"
    again = house.post_json(f"{CASES}/{case}/resolve", {"proposal": seen["proposal"]}, mine)
    assert (again.status_code, again.json()["resolved_by"]) == (200, answer.json()["resolved_by"])
    closed = house.client.get(f"{CASES}/{case}", headers=mine).json()
    assert (closed["proposals"], closed["choices"]) == ([], [])
    said = house.client.get(f"/api/v1/statements/{answer.json()['resolved_by']}/pieces", headers=mine).json()
    assert '"by":"gateway"' in said["pieces"]["public"]
    assert case in said["pieces"]["private"]


def test_one_of_both_is_asked_for(house: WebHouse) -> None:
    case, _ = gap(house)
    for body in ({}, {"proposal": "x@y", "statement": str(UUID(int=1))}):
        assert house.post_json(f"{CASES}/{case}/resolve", body, house.bearer).status_code == 422
    answer = house.post_json(f"{CASES}/{case}/resolve", {"proposal": "x@y"}, house.bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_unfit")


def test_others_are_offered_nothing_and_state_nothing(house: WebHouse) -> None:
    """The shop of the same firm, a regulator of the area, and a handheld: none of them speaks for the store."""
    case, _ = gap(house)
    body = {"proposal": f"observe-here@{STORE}"}
    shop = bearer(house, member(house, Role.RETAILER, sites=frozenset({SHOP})))
    assert house.post_json(f"{CASES}/{case}/resolve", body, shop).status_code == 404
    office = bearer(house, member(house, Role.REGULATOR, area="12")) | {"Coldtrace-Purpose": "tests"}
    told = house.client.get(f"{CASES}/{case}", headers=office).json()
    assert told["proposals"] == []
    answer = house.post_json(f"{CASES}/{case}/resolve", body, office)
    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_unfit")
    device, path = house.device(SiteRole.COLD_STORE), f"{CASES}/{case}"
    told = house.client.get(path, headers=house.signed_by(device, "GET", path)).json()
    assert (told["proposals"], told["id"]) == ([], case)


def test_many_presses_at_once_are_one_statement(house: WebHouse) -> None:
    case, _ = gap(house)
    path, body = f"{CASES}/{case}/resolve", {"proposal": f"observe-here@{STORE}"}
    mine = bearer(house, store_only(house))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: house.post_json(path, body, mine), range(8)))
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.json()["resolved_by"] for answer in answers}) == 1
    with house.sessions() as session:
        said = text("SELECT count(*) FROM gateway_statement WHERE ref LIKE :ref")
        assert session.execute(said, {"ref": f"case:{case}:%"}).scalar_one() == 1


def test_a_handheld_presses_nothing_with_the_gateways_key(house: WebHouse) -> None:
    case, _ = gap(house)
    device, path = house.device(SiteRole.COLD_STORE), f"{CASES}/{case}/resolve"
    body = json.dumps({"proposal": f"observe-here@{STORE}"}).encode()
    headers = house.signed_by(device, "POST", path, body) | {"Content-Type": "application/json"}
    answer = house.client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_unfit")


@pytest.fixture(scope="module")
def clerk(house: WebHouse) -> Visitor:
    return signed_in(house, "clerk-of-cases@example.cn", store_only(house))


def test_the_page_has_a_button_that_works_without_scripts(house: WebHouse, clerk: Visitor) -> None:
    case, box = gap(house)
    device = house.device(SiteRole.COLD_STORE)
    house.send(device, [device.say(T.OBSERVE, [unit_line(box)])])
    page = clerk.get(f"/desk/cases/{case}")
    assert "At one press" in page.text
    assert "New statements that settle it" in page.text
    assert f'name="proposal" value="observe-here@{STORE}"' in page.text
    chinese = clerk.client.get(f"/desk/cases/{case}", headers=PAGE | {"Accept-Language": "zh"}).text
    assert "一键处理" in chinese
    assert "已到现场看过：1 件货在本站" in chinese
    # Kinds of statements are named, not spelled as the API has them.
    assert "盘点" in chinese
    assert "observe, count" not in page.text
    here = f"/desk/cases/{case}"
    refused = clerk.client.post(f"{here}/resolve", data={"proposal": f"observe-here@{STORE}"}, headers=PAGE)
    assert refused.status_code == 403
    done = clerk.post(f"{here}/resolve", {"proposal": f"observe-here@{STORE}"}, on=here)
    assert done.status_code == 200, done.text
    assert "Closed by the statement" in done.text
    assert "At one press" not in done.text


def test_the_page_of_a_refusal_says_why(house: WebHouse, clerk: Visitor) -> None:
    (code,) = house.consignment(cartons=1, declaration=f"020220261{next(_numbers):09}").pallets[0].cartons
    house.tell(SiteRole.FIRST_STATION, T.COMMISSION, [commission_line(code)], facts=facts_of(code))
    house.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(code.unit_id)], to=STORE)
    refused = Line(role="unit", unit=code.unit_id, parent=None, quantity=0, attributes={"refused": "解冻 <thawed>"})
    house.tell(SiteRole.COLD_STORE, T.RECEIVE, [refused], marks=["refused_by_receiver"])
    (case,) = house.client.get(f"{CASES}?kind=refused_handover", headers=house.bearer).json()["cases"]
    page = clerk.get(f"/desk/cases/{case['id']}").text
    assert "Refused because" in page
    assert "解冻 &lt;thawed&gt;" in page
    chinese = clerk.client.get(f"/desk/cases/{case['id']}", headers=PAGE | {"Accept-Language": "zh"}).text
    assert "拒收理由" in chinese


def test_a_choice_is_pressed(house: WebHouse, clerk: Visitor) -> None:
    case, box = gap(house)
    device = house.device(SiteRole.COLD_STORE)
    (said,) = house.send(device, [device.say(T.OBSERVE, [unit_line(box)])])
    here = f"/desk/cases/{case}"
    assert f'name="statement" value="{said["id"]}"' in clerk.get(here).text
    assert "Closed by the statement" in clerk.post(f"{here}/resolve", {"statement": said["id"]}, on=here).text


def test_without_a_gateway_the_page_says_what_to_scan(house: WebHouse) -> None:
    case, _ = gap(house, SiteRole.RETAILER)
    keeper = signed_in(house, "keeper-of-cases@example.cn", member(house, Role.RETAILER, sites=frozenset({SHOP})))
    page = keeper.get(f"/desk/cases/{case}").text
    assert "To be stated with a handheld" in page
    assert "At one press" not in page
    assert 'name="proposal"' not in page
