"""What stands at a place, what comes and what left: pages, edges, and answers that say that nothing changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.web.api import units
from support.call_scene import fresh_declaration
from support.consignments import GTIN, Consignment
from support.house import GLNS, pack_lines, unit_line
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()


def ask(web: WebHouse, path: str, **headers: str) -> httpx.Response:
    return web.client.get(f"/api/v1/sites/{path}", headers=web.bearer | headers)


def rows(web: WebHouse, gln: str, what: str) -> list[dict[str, Any]]:
    """Return a whole list, read one row a page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = ask(web, f"{gln}/{what}?limit=1{after}").json()
        assert page["site"] == gln
        found += page[what.replace("-", "_")]
        if page["next"] is None:
            break
        after = f"&after={httpx.QueryParams({'a': page['next']})['a'].replace('+', '%2B')}"
    whole = ask(web, f"{gln}/{what}?limit=200").json()
    assert whole[what.replace("-", "_")] == found
    assert whole["next"] is None
    return found


def names(found: list[dict[str, Any]]) -> list[str]:
    return [row["unit"] for row in found]


@pytest.fixture
def goods(web: WebHouse) -> Consignment:
    """Two pallets at the port, of two cartons each."""
    made = web.consignment(cartons=4, pallets=2)
    for pallet in made.pallets:
        web.commission(pallet)
    return made


def test_a_pallet_is_one_row_and_goes_from_stock_to_transit_to_stock(web: WebHouse, goods: Consignment) -> None:
    first, second = sorted(goods.pallets, key=lambda pallet: pallet.label.unit_id)
    assert names(rows(web, PORT, "stock")) == [first.label.unit_id, second.label.unit_id]
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(first.label.unit_id)], to=STORE)
    assert names(rows(web, PORT, "stock")) == [second.label.unit_id]
    (sent,), (comes,) = rows(web, PORT, "in-transit"), rows(web, STORE, "expected")
    assert sent == comes
    assert (sent["unit"], sent["state"], sent["from"], sent["to"], sent["inside"]) == (
        first.label.unit_id,
        "in_transit",
        PORT,
        STORE,
        len(first.cartons),
    )
    newest = web.client.get("/api/v1/statements?limit=1", headers=web.bearer).json()["statements"][0]
    assert (newest["type"], newest["id"]) == ("ship", sent["voucher"])
    web.tell(SiteRole.COLD_STORE, T.RECEIVE, [unit_line(first.label.unit_id)])
    assert rows(web, PORT, "in-transit") == rows(web, STORE, "expected") == []
    (held,) = rows(web, STORE, "stock")
    assert (held["unit"], held["state"]) == (first.label.unit_id, "active")
    assert "voucher" not in held


def test_cartons_off_their_pallet_are_rows_with_their_lot_and_sold_ones_are_none(
    web: WebHouse, goods: Consignment
) -> None:
    pallet, other = goods.pallets
    cartons = [carton.unit_id for carton in pallet.cartons]
    web.tell(SiteRole.FIRST_STATION, T.UNPACK, pack_lines(pallet.label.unit_id, cartons)[1:])
    found = {row["unit"]: row for row in rows(web, PORT, "stock")}
    assert set(found) == {*cartons, pallet.label.unit_id, other.label.unit_id}
    carton = found[cartons[0]]
    assert (carton["lot"], carton["inside"]) == (pallet.cartons[0].lot, 0)
    assert carton["unit"].startswith(f"(01){carton['gtin']}(21)")
    assert carton["expiry"] is not None
    assert unit(web, cartons[0])["expires_on"] == carton["expiry"]
    assert found[pallet.label.unit_id]["inside"] == 0
    shop = web.device(SiteRole.RETAILER)
    web.send(shop, [shop.say(T.RECEIVE, [unit_line(cartons[0])]), shop.say(T.SELL, [unit_line(cartons[0])])])
    assert rows(web, SHOP, "stock") == []
    assert cartons[0] not in names(rows(web, PORT, "stock"))


def unit(web: WebHouse, unit_id: str) -> dict[str, Any]:
    """Return what a unit's own address says."""
    found: dict[str, Any] = web.client.get(f"/api/v1/units/{unit_id}", headers=web.bearer).json()
    return found


def test_a_lot_has_its_last_day_in_the_list_and_at_its_own_address(web: WebHouse, goods: Consignment) -> None:
    carton = goods.carton
    lot = lot_unit(gtin=GTIN, lot=carton.lot or "")
    some = [Line(role="unit", unit=lot, parent=None, quantity=12)]
    web.tell(SiteRole.FIRST_STATION, T.FIND, some, marks=["count_differs"])
    row = next(each for each in rows(web, PORT, "stock") if each["unit"] == lot)
    assert (row["gtin"], row["lot"], row["quantity"]) == (GTIN, carton.lot, 12)
    assert row["expiry"] == unit(web, lot)["expires_on"] == unit(web, carton.unit_id)["expires_on"] is not None


def test_a_lots_last_time_is_that_of_this_place_and_not_of_what_other_firms_do(
    web: WebHouse, goods: Consignment
) -> None:
    lot = lot_unit(gtin=GTIN, lot=goods.carton.lot or "")

    def last(gln: str, what: str = "stock") -> str:
        found: str = next(row["last_at"] for row in rows(web, gln, what) if row["unit"] == lot)
        return found

    def some(quantity: int) -> list[Line]:
        return [Line(role="unit", unit=lot, parent=None, quantity=quantity)]

    web.tell(SiteRole.FIRST_STATION, T.FIND, some(12), marks=["count_differs"])
    found = last(PORT)
    web.tell(SiteRole.FIRST_STATION, T.SHIP, some(8), to=STORE)
    sent = last(PORT)
    assert found < sent == last(STORE, "expected") == last(PORT, "in-transit")
    web.tell(SiteRole.COLD_STORE, T.RECEIVE, some(5))
    received = last(PORT)
    assert sent < received == last(STORE), "what came of its own goods is the sender's to see"
    web.tell(
        SiteRole.COLD_STORE, T.DESTROY, some(1), more=[("method", "burnt"), ("witness", "K17"), ("record_no", "D-7")]
    )
    web.tell(SiteRole.COLD_STORE, T.SHIP, some(1), to=SHOP)
    assert last(PORT) == received < last(STORE)


def test_goods_that_nobody_is_named_for_are_expected_nowhere(web: WebHouse, goods: Consignment) -> None:
    port = web.device(SiteRole.FIRST_STATION)
    web.send(port, [port.say(T.SHIP, [unit_line(goods.pallets[0].label.unit_id)])])
    assert [row["to"] for row in rows(web, PORT, "in-transit")] == [None]
    assert [rows(web, gln, "expected") for gln in GLNS.values()] == [[]] * 5


@pytest.mark.parametrize(
    ("gln", "status", "code"),
    [
        ("9521239000018", 404, "site_unknown"),
        ("9521234000014", 400, "malformed_number"),
        ("x", 400, "malformed_number"),
    ],
)
def test_places_that_are_not_there(shared: WebHouse, gln: str, status: int, code: str) -> None:
    for what in ("stock", "expected", "in-transit"):
        answer = ask(shared, f"{gln}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_cursor_of_nothing_begins_behind_where_it_would_stand(web: WebHouse, goods: Consignment) -> None:
    every = names(rows(web, PORT, "stock"))
    assert names(ask(web, f"{PORT}/stock?after={every[0]}0").json()["stock"]) == every[1:]
    assert names(ask(web, f"{PORT}/stock?after=zzz").json()["stock"]) == []


# Answers that say that nothing changed


READS = (
    "/api/v1/sites?limit=2",
    "/api/v1/statements?limit=2",
    "/api/v1/cases",
    "/api/v1/devices",
    "/api/v1/organisations",
    "/api/v1/runs",
    "/api/v1/rolls",
    f"/api/v1/sites/{PORT}/stock",
)


@pytest.mark.parametrize("path", READS)
def test_an_answer_that_the_caller_has_is_304_without_a_body(shared: WebHouse, path: str) -> None:
    first = shared.client.get(path, headers=shared.bearer)
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Authorization, Cookie, Accept-Language"
    for wanted in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = shared.client.get(path, headers=shared.bearer | {"If-None-Match": wanted})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in again.headers
        assert again.headers["x-request-id"]
    for other in ('"other"', tag.strip('"'), ""):
        again = shared.client.get(path, headers=shared.bearer | {"If-None-Match": other})
        assert (again.status_code, again.json()) == (200, first.json())


def test_a_tag_changes_with_the_answer_and_head_has_the_same(web: WebHouse, goods: Consignment) -> None:
    tags = []
    for giver, taker in pairwise([SiteRole.FIRST_STATION, SiteRole.COLD_STORE, SiteRole.DISTRIBUTOR]):
        got = ask(web, f"{STORE}/stock")
        head = web.client.head(f"/api/v1/sites/{STORE}/stock", headers=web.bearer)
        assert (head.status_code, head.headers["etag"], head.content) == (200, got.headers["etag"], b"")
        tags.append(got.headers["etag"])
        web.hand_over(goods.pallets[0].label.unit_id, giver, taker)
        assert ask(web, f"{STORE}/stock", **{"If-None-Match": tags[-1]}).status_code == 200
    assert len(set(tags)) == 2


def test_what_is_refused_or_not_json_has_no_tag(shared: WebHouse) -> None:
    assert "etag" not in ask(shared, "9521239000018/stock").headers
    assert "etag" not in shared.client.get("/api/v1/imports/template", headers=shared.bearer).headers
    assert shared.client.get("/api/v1/sites", headers={"If-None-Match": "*"}).status_code == 401


# Lots by quantity, and what lies on goods


def packages(count: int, **attributes: Any) -> list[Line]:
    return [Line(role="unit", unit=LOT, parent=None, quantity=count, attributes=attributes)]


LOT = "(01)19521234543210(10)L2409A17"
OTHERS = "91120116MA00000027"


def send(web: WebHouse, role: SiteRole, type: T, lines: list[Line], **more: Any) -> None:
    device = web.device(role)
    (result,) = web.send(device, [device.say(type, lines, **more)])
    assert result["status"] == "accepted", result


def test_a_lot_is_one_row_with_the_packages_of_all_owners(web: WebHouse, goods: Consignment) -> None:
    send(web, SiteRole.FIRST_STATION, T.FIND, packages(30))
    send(web, SiteRole.FIRST_STATION, T.FIND, packages(12, owner=OTHERS))
    found = {row["unit"]: row for row in rows(web, PORT, "stock")}
    assert set(found) == {LOT, *(pallet.label.unit_id for pallet in goods.pallets)}
    lot = found[LOT]
    assert (lot["state"], lot["quantity"], lot["gtin"], lot["lot"]) == ("active", 42, "19521234543210", "L2409A17")
    assert {part["owner"]: part["quantity"] for part in lot["parts"]} == {OTHERS: 12, "91120116MA05TE5T1N": 30}
    send(web, SiteRole.FIRST_STATION, T.SHIP, packages(25), to=STORE)
    (sent,), (comes,) = rows(web, PORT, "in-transit"), rows(web, STORE, "expected")
    assert sent == comes
    assert (sent["state"], sent["quantity"]) == ("in_transit", 25)
    assert [(part["from"], part["to"], part["quantity"]) for part in sent["parts"]] == [(PORT, STORE, 25)]
    send(web, SiteRole.COLD_STORE, T.RECEIVE, packages(20))
    assert [row["quantity"] for row in rows(web, STORE, "expected")] == [5]
    assert [row["quantity"] for row in rows(web, STORE, "stock")] == [20]
    assert {row["unit"]: row["quantity"] for row in rows(web, PORT, "stock")}[LOT] == 17


def test_where_a_lot_lies_is_told_a_page_at_a_time(
    web: WebHouse, goods: Consignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in (f"91120116MA0000{number:04}" for number in range(5)):
        send(web, SiteRole.FIRST_STATION, T.FIND, packages(3, owner=owner))
    send(web, SiteRole.FIRST_STATION, T.SHIP, packages(2, owner="91120116MA00000003"), to=STORE)
    whole = web.client.get(f"/api/v1/units/{LOT}", headers=web.bearer).json()
    assert [(each["kind"], each["quantity"]) for each in whole["stock"]] == [
        *[("here", 3)] * 3, ("here", 1), ("here", 3), ("transit", 2),
    ]  # fmt: skip
    assert whole["stock_next"] is None
    monkeypatch.setattr(units, "STOCK_MAX", 2)
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    for _ in range(5):
        page = web.client.get(f"/api/v1/units/{LOT}", params=after, headers=web.bearer).json()
        found += page["stock"]
        if page["stock_next"] is None:
            break
        assert len(page["stock"]) == 2
        after = {"stock_after": page["stock_next"]}
    assert found == whole["stock"]
    wrong = web.client.get(f"/api/v1/units/{LOT}", params={"stock_after": "here"}, headers=web.bearer)
    assert wrong.status_code == 422


def test_a_unit_says_whose_place_it_is_at(web: WebHouse, goods: Consignment) -> None:
    """As far as the reader is told the place."""
    mine, sent = (pallet.label.unit_id for pallet in goods.pallets)
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(sent)], to=STORE)
    for unit in (mine, sent):
        told = web.client.get(f"/api/v1/units/{unit}", headers=web.bearer).json()
        assert (told["site"], told["holder"]) == (PORT, "91120116MA05TE5T1N")
    web.tell(SiteRole.COLD_STORE, T.RECEIVE, [unit_line(sent)])
    web.tell(SiteRole.COLD_STORE, T.SHIP, [unit_line(sent)], to=TRADER)
    web.tell(SiteRole.DISTRIBUTOR, T.RECEIVE, [unit_line(sent)])
    web.tell(SiteRole.DISTRIBUTOR, T.SHIP, [unit_line(sent)], to=SHOP)
    web.tell(SiteRole.RETAILER, T.RECEIVE, [unit_line(sent)])
    path = f"/api/v1/units/{sent}"
    target = web.client.build_request("GET", path).url.raw_path.decode()
    headers = web.signed_by(web.device(SiteRole.COLD_STORE), "GET", target)
    hidden = web.client.get(path, headers=headers).json()
    assert (hidden["site"], hidden["holder"]) == (None, None)
    assert "site" in hidden["hidden"]


def test_pages_of_a_story_join_to_the_whole_and_have_tags(web: WebHouse, goods: Consignment) -> None:
    unit = goods.pallets[0].label.unit_id
    for _ in range(4):
        web.tell(SiteRole.FIRST_STATION, T.STORE, [unit_line(unit)])
    path = f"/api/v1/units/{unit}"
    whole = web.client.get(path, headers=web.bearer).json()
    assert (len(whole["history"]) >= 5, whole["next"]) == (True, None)
    found: list[dict[str, Any]] = []
    params: dict[str, str | int] = {"limit": 2}
    while True:
        page = web.client.get(path, params=params, headers=web.bearer)
        tagged = web.bearer | {"If-None-Match": page.headers["etag"]}
        assert web.client.get(path, params=params, headers=tagged).status_code == 304
        found += page.json()["history"]
        if page.json()["next"] is None:
            break
        params["after"] = page.json()["next"]
    assert found == whole["history"]
    nowhere = web.client.get(path, params={"after": str(web.env.new_id())}, headers=web.bearer).json()
    assert (nowhere["history"], nowhere["next"], nowhere["state"]) == ([], None, whole["state"])


def test_what_lies_on_goods_and_on_what_is_in_them_is_told(web: WebHouse, goods: Consignment) -> None:
    first, second = sorted(goods.pallets, key=lambda pallet: pallet.label.unit_id)
    why = [("reason", "抽检未完成")]
    send(web, SiteRole.FIRST_STATION, T.HOLD, [unit_line(first.label.unit_id)], more=why)
    send(web, SiteRole.FIRST_STATION, T.HOLD, [unit_line(second.cartons[0].unit_id)], more=why)
    assert [(row["overlays"], row["overlays_inside"]) for row in rows(web, PORT, "stock")] == [
        (["hold:firm"], []),
        ([], ["hold:firm"]),
    ]


def test_what_lies_on_the_lot_of_what_is_in_goods_is_told(web: WebHouse, goods: Consignment) -> None:
    """What keeps a pallet from going on is seen before anybody tries: the answer to shipping it is `blocked_inside`."""
    pallet = goods.pallets[0]
    lot = lot_unit(gtin=GTIN, lot=pallet.cartons[0].lot or "")
    send(web, SiteRole.FIRST_STATION, T.HOLD, [unit_line(lot)], more=[("reason", "抽检未完成")])
    listed = {row["unit"]: (row["overlays"], row["overlays_inside"]) for row in rows(web, PORT, "stock")}
    others = {each.label.unit_id for each in goods.pallets if lot in {_lot_of(carton) for carton in each.cartons}}
    assert {unit for unit, told in listed.items() if told == ([], ["hold:firm"])} == others
    assert pallet.label.unit_id in others
    device = web.device(SiteRole.FIRST_STATION)
    (result,) = web.send(device, [device.say(T.SHIP, [unit_line(pallet.label.unit_id)], to=STORE)])
    assert (result["status"], result["marks"]) == ("blocked", ["blocked_inside"])


def _lot_of(code: Any) -> str:
    return lot_unit(gtin=GTIN, lot=code.lot or "")


def test_what_is_past_its_last_day_is_told_as_expired(web: WebHouse) -> None:
    made = web.consignment(declaration=fresh_declaration(), cartons=1)
    web.commission(made.pallets[0])
    unit, sscc = made.carton.unit_id, made.pallets[0].label.unit_id
    web.tell(SiteRole.FIRST_STATION, T.UNPACK, pack_lines(sscc, [unit])[1:])

    def overlays() -> tuple[list[str], list[str]]:
        told = web.client.get(f"/api/v1/units/{unit}", headers=web.bearer).json()
        rows = web.client.get(f"/api/v1/sites/{web.station}/stock", headers=web.bearer).json()["stock"]
        return told["overlays"], next(row["overlays"] for row in rows if row["unit"] == unit)

    assert overlays() == ([], [])
    last_day = datetime(2028, 9, 3, 15, 0, tzinfo=UTC)
    web.clock.forward(last_day - web.clock.next)
    assert overlays() == ([], []), "on its last day, 23:00 in China, it is good"
    web.clock.forward(timedelta(hours=2))
    assert overlays() == (["expired"], ["expired"])
    before = web.client.get(f"/api/v1/units/{unit}?as_of=2028-09-03T15:00:00Z", headers=web.bearer).json()
    assert before["overlays"] == []
