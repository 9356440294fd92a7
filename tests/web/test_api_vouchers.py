"""Vouchers: what a sender says is sent, what of it came, and what differs."""

import json
import re
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.custody import vouchers
from coldtrace.custody.erasure import erase
from coldtrace.db.engine import make_sessions
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.web.api import vouchers as api
from support.consignments import Consignment
from support.house import GLNS, unit_line
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()


def id_of(statement: Statement) -> str:
    return str(json.loads(statement.header)["id"])


def ask(web: WebHouse, role: SiteRole, path: str) -> httpx.Response:
    target = web.client.build_request("GET", path).url.raw_path.decode()
    return web.client.get(path, headers=web.signed_by(web.device(role), "GET", target))


def send(web: WebHouse, role: SiteRole, type: T, lines: list[Line], **more: Any) -> Statement:
    device = web.device(role)
    said = device.say(type, lines, **more)
    (result,) = web.send(device, [said])
    assert result["status"] == "accepted", result
    return said


def opened(web: WebHouse, voucher: Statement, role: SiteRole = SiteRole.COLD_STORE) -> dict[str, Any]:
    answer = ask(web, role, f"/api/v1/vouchers/{id_of(voucher)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def states(found: dict[str, Any]) -> list[str]:
    return [item["state"] for item in found["items"]]


@pytest.fixture
def goods(web: WebHouse) -> Consignment:
    """Three pallets at the port, of two cartons each."""
    made = web.consignment(cartons=2, pallets=3)
    for pallet in made.pallets:
        web.commission(pallet)
    return made


@pytest.fixture
def voucher(web: WebHouse, goods: Consignment) -> Statement:
    """All three pallets sent to the cold store under one number."""
    lines = [unit_line(pallet.label.unit_id) for pallet in goods.pallets]
    return send(web, SiteRole.FIRST_STATION, T.SHIP, lines, to=STORE, more=[("voucher", "DN-2026-17")])


def test_an_out_scan_fills_the_in_scan_and_the_in_scan_empties_it(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    (listed,) = ask(web, SiteRole.COLD_STORE, f"/api/v1/sites/{STORE}/vouchers").json()["vouchers"]
    assert (listed["id"], listed["number"], listed["from"], listed["to"], listed["lines"]) == (
        id_of(voucher), "DN-2026-17", PORT, STORE, 3,
    )  # fmt: skip
    found = opened(web, voucher)
    assert {name: found[name] for name in listed} == listed
    assert [(item["unit"], item["quantity"], item["inside"], item["state"]) for item in found["items"]] == [
        (pallet.label.unit_id, 1, 2, "expected") for pallet in goods.pallets
    ]
    assert (found["discrepancies"], found["extra"]) == ({}, [])
    lines = [unit_line(item["unit"]) for item in found["items"]]
    receive = send(web, SiteRole.COLD_STORE, T.RECEIVE, lines)
    after = opened(web, voucher)
    assert (after["states"], after["discrepancies"]) == ({"received": 3}, {})
    assert {item["received"]["id"] for item in after["items"]} == {id_of(receive)}
    # What happens to the goods afterwards is no more of this voucher's business.
    web.tell(SiteRole.COLD_STORE, T.SHIP, [lines[0]], to=TRADER)
    web.tell(SiteRole.DISTRIBUTOR, T.RECEIVE, [lines[0]])
    assert opened(web, voucher) == after


def test_what_does_not_come_is_missing_from_the_first_arrival_on(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(goods.pallets[1].label.unit_id)])
    found = opened(web, voucher)
    assert states(found) == ["expected", "received", "expected"]
    assert found["discrepancies"] == {"missing": 2}


def test_cartons_that_come_without_their_pallet_are_counted(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    first, second = goods.pallets[0].cartons
    send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(first.unit_id)])
    found = opened(web, voucher)
    assert (states(found)[0], found["items"][0]["inside"], found["items"][0]["inside_received"]) == ("partly", 2, 1)
    assert found["discrepancies"] == {"missing": 2, "partly": 1}
    send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(second.unit_id)])
    assert states(opened(web, voucher))[0] == "received"


def test_goods_that_went_to_another_door_are_elsewhere(web: WebHouse, goods: Consignment, voucher: Statement) -> None:
    """At which door is told to whom they were taken from, not to whom they did not reach."""
    receive = send(web, SiteRole.DISTRIBUTOR, T.RECEIVE, [unit_line(goods.pallets[2].label.unit_id)])
    sender, named = opened(web, voucher, SiteRole.FIRST_STATION), opened(web, voucher)
    for found in (sender, named):
        assert states(found) == ["expected", "expected", "elsewhere"]
        assert found["discrepancies"] == {"missing": 2, "elsewhere": 1}
    told = sender["items"][2]["received"]
    assert (told["site"], told["id"]) == (TRADER, id_of(receive))
    assert named["items"][2]["received"] is None
    assert not {TRADER, id_of(receive)} & set(re.findall(r"[0-9a-z-]+", json.dumps(named)))


def test_what_others_did_with_goods_since_is_not_told_by_the_voucher(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    """One pallet was lost by its sender, one sent to somebody else, and one sold by a third firm."""
    lost, sent, astray = ([unit_line(pallet.label.unit_id)] for pallet in goods.pallets)
    send(web, SiteRole.FIRST_STATION, T.LOSE, lost, more=[("reason", "missing")])
    send(web, SiteRole.FIRST_STATION, T.SHIP, sent, to=MARKET)
    send(web, SiteRole.RETAILER, T.SELL, astray)
    assert states(opened(web, voucher, SiteRole.FIRST_STATION)) == ["lost", "sent_again", "elsewhere"]
    assert states(opened(web, voucher)) == ["elsewhere"] * 3
    send(web, SiteRole.MARKET, T.SHIP, sent, to=SHOP)
    assert states(opened(web, voucher, SiteRole.FIRST_STATION)) == ["lost", "sent_again", "elsewhere"]


def test_cartons_that_another_door_took_are_not_counted_for_the_receiver(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    send(web, SiteRole.DISTRIBUTOR, T.RECEIVE, [unit_line(goods.pallets[0].cartons[0].unit_id)])
    seen = {
        role: opened(web, voucher, role)["items"][0]["inside_received"]
        for role in (SiteRole.FIRST_STATION, SiteRole.COLD_STORE)
    }
    assert seen == {SiteRole.FIRST_STATION: 1, SiteRole.COLD_STORE: 0}


def test_what_came_from_another_firm_under_the_same_number_is_not_told_to_the_sender(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    """Two senders number their vouchers alike: what one of them sent is extra to the receiver alone."""
    stray = web.consignment(cartons=1, pallets=1, declaration="020220261000000778").pallets[0]
    web.commission(stray)
    for role, type, more in (
        (SiteRole.FIRST_STATION, T.SHIP, {"to": TRADER}),
        (SiteRole.DISTRIBUTOR, T.RECEIVE, {}),
        (SiteRole.DISTRIBUTOR, T.SHIP, {"to": STORE, "more": [("voucher", "DN-2026-17")]}),
    ):
        web.tell(role, type, [unit_line(stray.label.unit_id)], **more)
    lines = [unit_line(unit) for unit in (stray.label.unit_id, goods.pallets[0].label.unit_id)]
    send(web, SiteRole.COLD_STORE, T.RECEIVE, lines, more=[("voucher", "DN-2026-17")])
    assert [each["unit"] for each in opened(web, voucher)["extra"]] == [stray.label.unit_id]
    assert opened(web, voucher, SiteRole.FIRST_STATION)["extra"] == []


def test_the_sender_reads_why_goods_were_refused(web: WebHouse, goods: Consignment, voucher: Statement) -> None:
    """In the receipt of the line and in the case, in one line; who gives no reason is asked for one."""
    thawed, silent = (pallet.label.unit_id for pallet in goods.pallets[:2])
    said = [
        Line(role="unit", unit=thawed, parent=None, quantity=0, attributes={"refused": "解冻 thawed,\u0000 -3 °C\n"}),
        Line(role="unit", unit=silent, parent=None, quantity=0),
    ]
    refusal = send(web, SiteRole.COLD_STORE, T.RECEIVE, said)
    found = opened(web, voucher, SiteRole.FIRST_STATION)
    assert states(found) == ["refused", "refused", "expected"]
    receipts = [item["received"] for item in found["items"][:2]]
    assert [each["refused_for"] for each in receipts] == ["解冻 thawed, -3 °C", None]
    assert [each["marks"] for each in receipts] == [
        ["refused_by_receiver"],
        ["reason_missing", "refused_by_receiver"],
    ]
    assert {each["id"] for each in receipts} == {id_of(refusal)}
    cases = [each for each in ask(web, SiteRole.FIRST_STATION, "/api/v1/cases").json()["cases"] if each["type"]]
    assert [(each["kind"], each["refused_for"]) for each in cases] == [("refused_handover", ["解冻 thawed, -3 °C"])]
    assert [mark["code"] for mark in cases[0]["marks"]] == ["reason_missing", "refused_by_receiver"]


@pytest.mark.parametrize("cited", ["number", "id"])
def test_what_is_not_on_the_voucher_that_a_receiver_cites_is_extra(
    web: WebHouse, goods: Consignment, voucher: Statement, cited: str
) -> None:
    stray = web.consignment(cartons=1, pallets=1, declaration="020220261000000777")
    web.commission(stray.pallets[0])
    pallet, other = goods.pallets[0].label.unit_id, stray.carton.unit_id
    said = [("voucher", "DN-2026-17" if cited == "number" else id_of(voucher))]
    # A carton of the pallet is on the voucher too: it is inside.
    lines = [unit_line(unit) for unit in (pallet, goods.pallets[1].cartons[0].unit_id, other)]
    receive = send(web, SiteRole.COLD_STORE, T.RECEIVE, lines, more=said)
    found = opened(web, voucher)
    assert [(each["unit"], each["received"]["id"]) for each in found["extra"]] == [(other, id_of(receive))]
    assert found["discrepancies"] == {"missing": 1, "partly": 1, "extra": 1}


def test_what_is_extra_comes_page_by_page_and_is_counted_whole(
    web: WebHouse, goods: Consignment, voucher: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vouchers, "EXTRA_MAX", 2)
    monkeypatch.setattr(api, "EXTRA_MAX", 2)
    strays = [code.unit_id for code in web.consignment(cartons=5, declaration="020220261000000779").pallets[0].cartons]
    for part in (strays[:3], strays[3:]):
        send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(u) for u in part], more=[("voucher", id_of(voucher))])
    found, sizes, after = [], [], ""
    while True:
        page = ask(web, SiteRole.COLD_STORE, f"/api/v1/vouchers/{id_of(voucher)}?limit=1{after}").json()
        assert page["discrepancies"]["extra"] == 5
        found += [each["unit"] for each in page["extra"]]
        sizes.append(len(page["extra"]))
        if page["extra_next"] is None:
            break
        after = f"&extra_after={page['extra_next']}"
    assert (found, sizes) == (strays, [2, 2, 1])
    wrong = ask(web, SiteRole.COLD_STORE, f"/api/v1/vouchers/{id_of(voucher)}?extra_after=7")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_request")


def test_a_pallet_that_was_sent_twice_belongs_to_its_last_voucher(
    web: WebHouse, goods: Consignment, voucher: Statement
) -> None:
    again = send(web, SiteRole.FIRST_STATION, T.SHIP, [unit_line(goods.pallets[0].label.unit_id)], to=STORE)
    assert states(opened(web, voucher)) == ["sent_again", "expected", "expected"]
    send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(goods.pallets[0].label.unit_id)])
    assert states(opened(web, voucher)) == ["sent_again", "expected", "expected"]
    assert states(opened(web, again)) == ["received"]


def test_a_late_out_scan_finds_the_in_scan_that_came_before_it(web: WebHouse, goods: Consignment) -> None:
    port = web.device(SiteRole.FIRST_STATION)
    late = port.say(T.SHIP, [unit_line(goods.pallets[0].label.unit_id)], to=STORE)
    send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(goods.pallets[0].label.unit_id)])
    web.send(port, [late])
    assert states(opened(web, late)) == ["received"]


def test_what_was_an_error_counts_for_nothing(web: WebHouse, goods: Consignment, voucher: Statement) -> None:
    lines = [unit_line(goods.pallets[0].label.unit_id)]
    wrong = send(web, SiteRole.COLD_STORE, T.RECEIVE, lines)
    assert states(opened(web, voucher))[0] == "received"
    store, port = web.device(SiteRole.COLD_STORE), web.device(SiteRole.FIRST_STATION)
    for device, one, said in ((store, wrong, lines), (port, voucher, [])):
        header = sha256(one.header.encode()).digest()
        correction = device.say(T.CORRECT, said, corrects=Corrects(header=header, mode=CorrectionMode.DID_NOT_OCCUR))
        (result,) = web.send(device, [correction])
        assert result["status"] == "accepted", result
        if one is wrong:
            assert states(opened(web, voucher)) == ["expected"] * 3
    found = opened(web, voucher)
    assert (found["annulled"], found["states"], found["discrepancies"]) == (True, {"annulled": 3}, {})


def test_a_voucher_is_for_its_two_ends_alone(web: WebHouse, voucher: Statement) -> None:
    path = f"/api/v1/vouchers/{id_of(voucher)}"
    status = {role: ask(web, role, path).status_code for role in (*GLNS,)}
    assert status == {
        SiteRole.FIRST_STATION: 200,
        SiteRole.COLD_STORE: 200,
        SiteRole.DISTRIBUTOR: 404,
        SiteRole.MARKET: 404,
        SiteRole.RETAILER: 404,
    }
    assert ask(web, SiteRole.RETAILER, path).json()["code"] == "voucher_unknown"
    assert ask(web, SiteRole.RETAILER, f"/api/v1/sites/{STORE}/vouchers").json()["code"] == "site_unknown"


def test_what_is_no_out_scan_is_no_voucher(web: WebHouse, goods: Consignment) -> None:
    said = send(web, SiteRole.COLD_STORE, T.RECEIVE, [unit_line(goods.pallets[0].label.unit_id)])
    for id in (id_of(said), str(UUID(int=7))):
        assert ask(web, SiteRole.COLD_STORE, f"/api/v1/vouchers/{id}").status_code == 404


def test_lists_and_lines_go_page_by_page(web: WebHouse, goods: Consignment) -> None:
    sent = [
        send(web, SiteRole.FIRST_STATION, T.SHIP, [unit_line(c.unit_id) for c in pallet.cartons], to=STORE)
        for pallet in goods.pallets
    ]
    for role, gln, direction in ((SiteRole.COLD_STORE, STORE, "in"), (SiteRole.FIRST_STATION, PORT, "out")):
        seen, after = [], ""
        while True:
            page = ask(web, role, f"/api/v1/sites/{gln}/vouchers?direction={direction}&limit=1{after}").json()
            seen += [one["id"] for one in page["vouchers"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == [id_of(one) for one in reversed(sent)]
    assert ask(web, SiteRole.COLD_STORE, f"/api/v1/sites/{STORE}/vouchers?direction=out").json()["vouchers"] == []
    whole = opened(web, sent[0])
    first = ask(web, SiteRole.COLD_STORE, f"/api/v1/vouchers/{id_of(sent[0])}?limit=1").json()
    rest = ask(web, SiteRole.COLD_STORE, f"/api/v1/vouchers/{id_of(sent[0])}?limit=1&after={first['next']}").json()
    assert first["items"] + rest["items"] == whole["items"]
    assert (rest["next"], whole["next"]) == (None, None)


def test_a_number_finds_its_vouchers_until_it_is_erased(web: WebHouse, voucher: Statement) -> None:
    path = f"/api/v1/sites/{STORE}/vouchers?number="
    assert [one["id"] for one in ask(web, SiteRole.COLD_STORE, path + "DN-2026-17").json()["vouchers"]] == [
        id_of(voucher)
    ]
    assert ask(web, SiteRole.COLD_STORE, path + "DN-2026").json()["vouchers"] == []
    with make_sessions(web.engine).begin() as session:
        erase(session, web.env, UUID(id_of(voucher)), fields=["voucher"], ground="PIPL 47")
    assert ask(web, SiteRole.COLD_STORE, path + "DN-2026-17").json()["vouchers"] == []
    assert opened(web, voucher)["number"] is None
    with web.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM statement_voucher")).scalar_one() == 0


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("DN-1", "DN-1"),
        ("  出库 17\n", "出库 17"),
        ("a\x00b", "ab"),
        ("x" * 300, "x" * vouchers.NUMBER_CHARACTERS_MAX),
        ("\n\t", None),
        (17, None),
        (None, None),
    ],
)
def test_a_number_is_kept_as_one_line(said: object, kept: str | None) -> None:
    assert vouchers.number_of(said) == kept


# Lots by quantity

LOT = "(01)19521234543210(10)L2409A17"


def packages(count: int, **attributes: Any) -> list[Line]:
    return [Line(role="unit", unit=LOT, parent=None, quantity=count, attributes=attributes)]


def test_a_lot_is_received_package_by_package_the_first_voucher_first(web: WebHouse) -> None:
    send(web, SiteRole.FIRST_STATION, T.FIND, packages(100))
    first = send(web, SiteRole.FIRST_STATION, T.SHIP, packages(40), to=STORE)
    second = send(web, SiteRole.FIRST_STATION, T.SHIP, packages(20), to=STORE)
    send(web, SiteRole.FIRST_STATION, T.SHIP, packages(10), to=TRADER)

    def told(voucher: Statement) -> tuple[str, int, int]:
        (item,) = opened(web, voucher)["items"]
        return item["state"], item["received_quantity"], item["over"]

    seen = [(told(first), told(second))]
    for count in (15, 30, 20):
        send(web, SiteRole.COLD_STORE, T.RECEIVE, packages(count))
        seen.append((told(first), told(second)))
    assert seen == [
        (("expected", 0, 0), ("expected", 0, 0)),
        (("partly", 15, 0), ("expected", 0, 0)),
        (("received", 40, 0), ("partly", 5, 0)),
        (("received", 40, 0), ("received", 20, 5)),
    ]
    assert opened(web, first)["discrepancies"] == {}
    assert opened(web, second)["discrepancies"] == {"over": 1}


def test_a_line_of_a_lot_names_the_lot_and_its_last_day(web: WebHouse, goods: Consignment) -> None:
    send(web, SiteRole.FIRST_STATION, T.FIND, packages(100))
    carton = goods.pallets[0].cartons[0]
    lines = [*packages(40), unit_line(carton.unit_id)]
    by_lot, by_serial = opened(web, send(web, SiteRole.FIRST_STATION, T.SHIP, lines, to=STORE))["items"]
    named = {name: by_lot[name] for name in ("gtin", "lot", "expiry")}
    assert named == {name: by_serial[name] for name in named}
    assert (f"(01){named['gtin']}(10){named['lot']}", named["expiry"] is not None) == (LOT, True)


def test_what_a_receiver_does_not_take_stays_in_transit_and_is_refused(web: WebHouse, goods: Consignment) -> None:
    pallet = goods.pallets[0].label.unit_id
    send(web, SiteRole.FIRST_STATION, T.FIND, packages(9))
    sent = send(web, SiteRole.FIRST_STATION, T.SHIP, [unit_line(pallet), *packages(9)], to=STORE)
    refused = [
        Line(role="unit", unit=unit, parent=None, quantity=0, attributes={"refused": "-9 °C"}) for unit in (pallet, LOT)
    ]
    send(web, SiteRole.COLD_STORE, T.RECEIVE, refused)
    found = opened(web, sent)
    assert (states(found), found["discrepancies"]) == (["refused", "refused"], {"refused": 2})
    expected = web.client.get(f"/api/v1/sites/{STORE}/expected", headers=web.bearer).json()["expected"]
    assert [(row["unit"], row["quantity"], row["state"]) for row in expected] == [
        (pallet, 1, "in_transit"),
        (LOT, 9, "in_transit"),
    ]
