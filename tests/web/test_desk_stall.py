"""A stall with nothing but a phone: opened, goods received, put on the counter, sold by their codes, and taken back."""

import re
from itertools import count
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from support.call_scene import Scene
from support.people import Visitor, csrf_of, signed_in
from support.web_house import WebHouse

_numbers = count(1)


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


def keeper(web: WebHouse, *, manages: bool = True) -> Visitor:
    """Return the browser of somebody of the shop."""
    shop = web.sites[SiteRole.RETAILER]
    member = Member(role=Role.RETAILER, operator_id=shop.operator_id, sites=frozenset({shop.gln}), manages=manages)
    return signed_in(web, f"stall-{next(_numbers)}@example.cn", member)


def stall(web: WebHouse) -> str:
    return f"/desk/stall/{web.sites[SiteRole.RETAILER].gln}"


@pytest.fixture
def seller(scene: Scene) -> Visitor:
    browser, path = keeper(scene.web), stall(scene.web)
    browser.post(f"{path}/open", {}, on=path)
    return browser


def say(browser: Visitor, path: str, act: str, codes: str, **more: str) -> httpx.Response:
    ref = re.search(r'name="ref" value="([0-9a-f]+)"', browser.get(path).text)
    assert ref is not None
    return browser.post(path, {"act": act, "codes": codes, "ref": ref[1]} | more, on=path)


def status(answer: httpx.Response) -> str:
    found = re.search(r'data-status="([a-z]+)"', answer.text)
    assert found is not None, answer.text[:300]
    return found[1]


def state_of(web: WebHouse, unit: str) -> tuple[str, str | None, str | None]:
    with web.engine.connect() as connection:
        row = connection.execute(text("SELECT state, gln, counter FROM unit WHERE unit_id = :u"), {"u": unit}).one()
    return row.state, row.gln, row.counter


def lately(page: httpx.Response) -> list[str]:
    return re.findall(r'<li data-id="([^"]+)"', page.text)


def test_a_manager_opens_it_and_others_are_told_whom_to_ask(shared: WebHouse) -> None:
    path = f"/desk/stall/{shared.sites[SiteRole.RETAILER].gln}"
    other, manager = keeper(shared, manages=False), keeper(shared)
    asked = other.get(path)
    assert ("Whoever manages your organisation" in asked.text, f'action="{path}/open"' in asked.text) == (True, False)
    sent = other.client.post(f"{path}/open", data={"csrf": csrf_of(other.get("/account"))})
    assert (sent.status_code, sent.json()["code"]) == (403, "right_missing")
    led = manager.post(f"{path}/open", {}, on=path)
    assert (led.status_code, led.headers["location"]) == (303, path)
    assert 'value="receive"' in other.get(path).text


def test_whoever_has_one_place_is_led_to_it(seller: Visitor, scene: Scene) -> None:
    assert seller.get("/desk/stall").headers["location"] == stall(scene.web)


def test_a_box_is_received_opened_to_a_counter_sold_and_that_taken_back(seller: Visitor, scene: Scene) -> None:
    web, path, carton = scene.web, stall(scene.web), scene.consignment.carton
    shop = web.sites[SiteRole.RETAILER].gln
    received = say(seller, path, "receive", carton.uri)
    assert (received.status_code, status(received)) == (200, "look"), "nobody had sent it here, and it says so"
    assert state_of(web, carton.unit_id)[:2] == ("active", shop)
    opened = say(seller, path, "open", carton.unit_id, counter="c1")
    assert status(opened) == "ok"
    assert state_of(web, carton.unit_id) == ("opened", shop, "(254)C1")
    sold = say(seller, path, "sell", carton.unit_id)
    assert status(sold) == "ok"
    assert state_of(web, carton.unit_id)[0] == "sold"
    undone = seller.post(f"{path}/undo", {"statement": lately(sold)[0]}, on=path)
    assert status(undone) == "ok"
    assert "taken back" in undone.text
    assert state_of(web, carton.unit_id)[0] == "opened"


def test_pressing_twice_says_it_once(seller: Visitor, scene: Scene) -> None:
    path, carton = stall(scene.web), scene.consignment.carton
    fields = {"act": "receive", "codes": carton.unit_id, "ref": "0123456789abcdef"}
    first = seller.post(path, fields, on=path)
    again = seller.post(path, fields, on=path)
    assert (first.status_code, again.status_code) == (200, 200)
    assert lately(first) == lately(again)
    assert "nothing was doubled" in again.text
    other = seller.post(path, fields | {"act": "open"}, on=path)
    assert lately(other) != lately(again), "the same page with something else to say says it"


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ("", "Enter or scan 1 to 100 codes"),
        ("\n".join(["x"] * 101), "Enter or scan 1 to 100 codes"),
        ("hello", "is no good code of goods here"),
        ("7QK4-M2ZX-9RTB-0", None),
    ],
    ids=["none", "too many", "no code", "mistyped"],
)
def test_what_is_no_code_is_said_and_kept_for_correction(
    seller: Visitor, scene: Scene, codes: str, code: str | None
) -> None:
    path = stall(scene.web)
    before = lately(seller.get(path))
    answer = say(seller, path, "receive", codes)
    assert (answer.status_code, status(answer)) == (400, "stop")
    assert code is None or code in answer.text
    assert lately(answer) == before, "nothing was said of any"
    assert codes.split("\n")[0] in answer.text


def test_a_forged_code_is_refused(seller: Visitor, scene: Scene) -> None:
    uri = scene.consignment.carton.uri
    forged = uri[:-2] + ("A" if uri[-2] != "A" else "B") + uri[-1]
    answer = say(seller, stall(scene.web), "receive", forged)
    assert (answer.status_code, status(answer)) == (400, "stop")


def test_anothers_statement_is_not_taken_back(seller: Visitor, scene: Scene) -> None:
    path = stall(scene.web)
    for statement in (str(scene.entry_id), str(UUID(int=3)), "no id"):
        answer = seller.post(f"{path}/undo", {"statement": statement}, on=path)
        assert (answer.status_code, status(answer)) == (400, "stop")


def test_another_place_is_unknown(seller: Visitor, scene: Scene) -> None:
    own, other = stall(scene.web), f"/desk/stall/{scene.web.sites[SiteRole.MARKET].gln}"
    assert seller.get(other).status_code == 404
    for tail in ("", "/undo"):
        assert seller.post(other + tail, {"act": "receive", "codes": "x", "ref": "0" * 8}, on=own).status_code == 404


def test_the_sign_for_the_counter(seller: Visitor, scene: Scene) -> None:
    page = seller.get(stall(scene.web) + "/sign")
    assert page.status_code == 200
    assert "<svg" in page.text
    assert f"(414){scene.web.sites[SiteRole.RETAILER].gln}" in page.text


def test_the_stock_shows_what_was_received(seller: Visitor, scene: Scene) -> None:
    gln, unit = scene.web.sites[SiteRole.RETAILER].gln, scene.consignment.carton.unit_id
    say(seller, stall(scene.web), "receive", unit)
    assert seller.get("/desk/stock").headers["location"] == f"/desk/stock/{gln}"
    page = seller.get(f"/desk/stock/{gln}")
    assert f'data-id="{unit}"' in page.text
    assert f'href="/desk/units/{unit}?lang=en"' in page.text
    story = seller.get(f"/desk/units/{unit}")
    assert story.status_code == 200
    assert "Received" in story.text or "received" in story.text
    assert seller.get(f"/desk/stock/{scene.web.sites[SiteRole.MARKET].gln}").status_code == 404


@pytest.mark.parametrize("path", ["/desk/stock", "/desk/expected", "/desk/in-transit"])
def test_whoever_has_several_places_chooses_one_by_its_name(shared: WebHouse, scene: Scene, path: str) -> None:
    site = shared.sites[SiteRole.RETAILER]
    member = Member(role=Role.RETAILER, operator_id=site.operator_id)
    browser = signed_in(shared, f"places-{next(_numbers)}@example.cn", member)
    page = browser.get(f"{path}?lang=en")
    assert page.status_code == 200
    link = re.search(rf'<a class="tap" href="{path}/{site.gln}\?lang=en">(.*?)</a>', page.text, re.S)
    assert link is not None
    assert site.name_en in link[1]
    assert site.gln not in link[1]
