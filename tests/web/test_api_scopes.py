"""What a caller sees of a road that others went too: its own, one step up, one step down, and nothing else."""

import json
from typing import Any

import httpx
import pytest

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from support.consignments import Consignment
from support.house import GLNS, unit_line
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
NEVER = "(01)19521234543210(21)7QK4M2ZX9RTZ"


@pytest.fixture(scope="module")
def walked(shared: WebHouse) -> tuple[WebHouse, Consignment]:
    """A pallet that went from the port through every site to the shop."""
    consignment = shared.consignment()
    shared.walk(consignment.pallets[0])
    return shared, consignment


def ask(web: WebHouse, role: SiteRole, path: str) -> httpx.Response:
    """Ask as the device of a site."""
    return web.client.get(path, headers=web.signed_by(web.device(role), "GET", path))


def unit_path(unit: str) -> str:
    return f"/api/v1/units/{unit}"


def acts(unit: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["site"], line["type"]) for line in unit["history"]]


def test_a_shop_sees_what_came_to_it_and_where_it_is(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked
    found = ask(web, SiteRole.RETAILER, unit_path(consignment.carton.unit_id)).json()
    assert acts(found) == [(MARKET, "ship"), (SHOP, "receive"), (SHOP, "unpack")]
    assert (found["state"], found["site"], found["parent"]) == ("active", SHOP, None)
    assert found["hidden"] == ["history"]


def test_a_store_sees_one_step_down_and_not_where_goods_are_now(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked
    found = ask(web, SiteRole.COLD_STORE, unit_path(consignment.carton.unit_id)).json()
    assert acts(found) == [(PORT, "ship"), (STORE, "receive"), (STORE, "ship"), (TRADER, "receive")]
    assert (found["state"], found["site"], found["to"], found["parent"]) == (None, None, None, None)
    assert found["hidden"] == ["state", "site", "to", "parent", "history"]


def test_a_pallet_shows_its_cartons_to_whoever_packed_them(web: WebHouse) -> None:
    consignment = web.consignment()
    pallet = consignment.pallets[0]
    web.commission(pallet)
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(pallet.label.unit_id)], to=STORE)
    ours = ask(web, SiteRole.FIRST_STATION, unit_path(pallet.label.unit_id)).json()
    assert sorted(ours["children"]) == sorted(each.unit_id for each in pallet.cartons)
    assert ours["hidden"] == []
    theirs = ask(web, SiteRole.COLD_STORE, unit_path(pallet.label.unit_id)).json()
    assert (theirs["state"], theirs["to"], theirs["children"]) == ("in_transit", STORE, [])
    assert theirs["hidden"] == ["children", "history"]


def test_what_is_in_a_pallet_comes_page_by_page(web: WebHouse) -> None:
    pallet = web.consignment(cartons=5).pallets[0]
    web.commission(pallet)
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(pallet.label.unit_id)], to=STORE)
    path = f"{unit_path(pallet.label.unit_id)}/children"
    seen: list[str] = []
    after = ""
    while True:
        page = web.client.get(f"{path}?limit=2{after}", headers=web.bearer).json()
        seen += page["children"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(each.unit_id for each in pallet.cartons)
    assert ask(web, SiteRole.FIRST_STATION, path).json()["children"] == seen
    assert ask(web, SiteRole.COLD_STORE, path).json() == {"id": pallet.label.unit_id, "children": [], "next": None}
    refused = ask(web, SiteRole.RETAILER, path)
    assert (refused.status_code, refused.json()["code"]) == (404, "unit_unknown")
    carton = pallet.cartons[0].unit_id
    assert web.client.get(f"{unit_path(carton)}/children", headers=web.bearer).json()["children"] == []


def test_a_unit_out_of_scope_is_answered_like_one_that_does_not_exist(web: WebHouse) -> None:
    consignment = web.consignment()
    web.commission(consignment.pallets[0])
    hidden = consignment.carton.unit_id
    answers = [ask(web, SiteRole.RETAILER, unit_path(unit)) for unit in (hidden, NEVER)]
    said = [answer.text.replace(unit, "UNIT") for answer, unit in zip(answers, (hidden, NEVER), strict=True)]
    assert answers[0].status_code == answers[1].status_code == 404
    assert said[0] == said[1]
    headers = [{name for name in answer.headers if name != "date"} for answer in answers]
    assert headers[0] == headers[1]


def test_a_code_is_read_by_everybody_and_its_place_by_whom_it_concerns(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked

    def resolved(role: SiteRole) -> dict[str, Any]:
        body = json.dumps({"text": consignment.carton.uri}).encode()
        path = "/api/v1/codes/resolve"
        headers = web.signed_by(web.device(role), "POST", path, body) | {"Content-Type": "application/json"}
        answer: dict[str, Any] = web.client.post(path, content=body, headers=headers).json()
        return answer

    shop, store = resolved(SiteRole.RETAILER), resolved(SiteRole.COLD_STORE)
    assert (shop["state"], shop["site"]) == ("active", SHOP)
    assert (store["state"], store["site"]) == (None, None)
    assert shop | {"state": None, "site": None} == store


def test_a_list_of_statements_is_ones_own_and_one_step(walked: tuple[WebHouse, Consignment]) -> None:
    web, _ = walked
    found = ask(web, SiteRole.RETAILER, "/api/v1/statements").json()
    assert [(one["site"], one["type"]) for one in found["statements"]] == [
        (SHOP, "unpack"),
        (SHOP, "receive"),
        (MARKET, "ship"),
    ]
    assert found["next"] is None
    first = ask(web, SiteRole.RETAILER, "/api/v1/statements?limit=2").json()
    rest = ask(web, SiteRole.RETAILER, f"/api/v1/statements?limit=2&after={first['next']}").json()
    assert [*first["statements"], *rest["statements"]] == found["statements"]
    seen = ask(web, SiteRole.RETAILER, f"/api/v1/statements?after={_first_of(web, SiteRole.FIRST_STATION)}").json()
    assert seen["statements"] == []


def test_a_case_is_seen_by_its_parties(web: WebHouse) -> None:
    consignment = web.consignment()
    web.commission(consignment.pallets[0])
    shop = web.device(SiteRole.RETAILER)
    web.send(shop, [shop.say(T.RECEIVE, [unit_line(consignment.carton.unit_id)])])
    seen = {
        role: [(case["site"], case["units"]) for case in ask(web, role, "/api/v1/cases").json()["cases"]]
        for role in (SiteRole.RETAILER, SiteRole.FIRST_STATION, SiteRole.COLD_STORE)
    }
    # Received without an out-scan, and taken off no pallet: whoever held it by the record has to see that.
    both = [(SHOP, [consignment.carton.unit_id])] * 2
    assert seen == {SiteRole.RETAILER: both, SiteRole.FIRST_STATION: both, SiteRole.COLD_STORE: []}
    # It is a case of theirs, and no statement.
    told = ask(web, SiteRole.FIRST_STATION, "/api/v1/statements").json()["statements"]
    assert {one["site"] for one in told} == {PORT}


def test_a_device_sees_the_chains_of_its_site_and_no_other(web: WebHouse) -> None:
    port, shop = web.device(SiteRole.FIRST_STATION), web.device(SiteRole.RETAILER)
    own, others, nobodys = (b64(key) for key in (key_id(shop.signer.spki), key_id(port.signer.spki), bytes(32)))
    assert ask(web, SiteRole.RETAILER, f"/api/v1/devices/{own}/chain").json()["last_seq"] == 0
    answers = [ask(web, SiteRole.RETAILER, f"/api/v1/devices/{key}/chain") for key in (others, nobodys)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].text.replace(others, "K") == answers[1].text.replace(nobodys, "K")


def _first_of(web: WebHouse, role: SiteRole) -> str:
    """Return the id of the first statement of a site's device."""
    return str(json.loads(web.device(role).sent[0].header)["id"])
