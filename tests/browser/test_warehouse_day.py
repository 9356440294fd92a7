"""A warehouse's day without scripts: arrivals, receiving, a handheld, sending on, a gap, the place's code."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from coldtrace.seal.keys import Ed25519Signer
from support.databases import Databases
from support.desk_days import Desk, at_desk, bound_box, public_of, unit_of
from support.house import GLNS, Handheld, unit_line
from support.web_house import WebHouse, web_house

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def receive(desk: Desk, *codes: str) -> None:
    """Enter codes on the page of receiving by phone."""
    desk.open(f"/desk/stall/{STORE}")
    desk.page.fill("[name=codes]", "\n".join(codes))
    desk.press("收货")


def enrol_from_screen(web: WebHouse, desk: Desk) -> Handheld:
    """Invite a handheld at the desk, read the code off the screen as it does, and enrol it."""
    desk.follow("设备")
    desk.page.select_option("[name=site]", STORE)
    desk.press("邀请设备")
    desk.shoot("invited")
    invite = read_invite(desk.scan())
    assert invite.url == desk.base
    signer = Ed25519Signer.generate()
    request, signature = make_request(net=invite.net, token=invite.token, signer=signer)
    body = {"request": request, "request_sig": signature, "token": invite.token}
    answer = web.client.post("/api/v1/devices/enrol", json=body)
    assert answer.status_code == 201, answer.text
    return Handheld(env=web.env, site=web.sites[SiteRole.COLD_STORE], signer=signer)


def test_a_day_at_the_cold_store(web: WebHouse, browser: Browser, tmp_path: Path) -> None:
    pallet = web.consignment(cartons=3).pallets[0]
    web.commission(pallet)
    whole = pallet.label.unit_id
    box, unsent = (bound_box(web, f"02022026100000000{number}") for number in (1, 2))
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(whole), unit_line(box.unit_id)], to=STORE)
    firm = web.sites[SiteRole.COLD_STORE].operator_id
    keeper = Member(role=Role.COLD_STORE, operator_id=firm, sites=frozenset({STORE}), manages=True)
    with at_desk(browser, web, tmp_path / "shots", keeper, email="keeper@example.cn", scripts=False) as desk:
        # In the morning: what is on its way here, line by line.
        assert "待收货物" in desk.text
        desk.shoot("today")
        desk.follow("待收")
        assert set(desk.rows("goods")) == {whole, box.unit_id}
        desk.shoot("expected")
        desk.page.locator("main a[href^='/desk/vouchers/']").first.click()
        assert desk.cells("lines").count("待收") == 2
        # The handheld is flat: the pallet is received at the desk, one code for all that is on it.
        desk.open(f"/desk/stall/{STORE}")
        desk.press("开通")
        receive(desk, whole)
        assert desk.page.locator("body").get_attribute("data-status") == "ok", desk.text
        assert (unit_of(web, whole)["site"], unit_of(web, pallet.cartons[0].unit_id)["site"]) == (STORE, STORE)
        # Somebody enters a box that is not here, and takes it back.
        receive(desk, box.unit_id)
        assert unit_of(web, box.unit_id)["site"] == STORE
        desk.press("撤回")
        assert "已撤回" in desk.text
        assert unit_of(web, box.unit_id)["site"] == PORT
        desk.open(f"/desk/stock/{STORE}")
        assert desk.rows("goods") == [whole]
        desk.shoot("stock")
        # A handheld is enrolled from the screen, and sends the pallet on.
        handheld = enrol_from_screen(web, desk)
        (sent,) = web.send(handheld, [handheld.say(T.SHIP, [unit_line(whole)], to=TRADER)])
        assert sent["status"] == "accepted"
        desk.follow("在途")
        assert desk.rows("goods") == [whole]
        assert unit_of(web, whole)["state"] == "in_transit"
        # A box arrives that nobody sent: it is received all the same, and somebody looks at it.
        receive(desk, unsent.unit_id)
        assert desk.page.locator("body").get_attribute("data-status") == "look"
        desk.follow("异常")
        (case,) = desk.rows("cases")
        desk.page.locator(f"tr[data-id='{case}'] a").first.click()
        assert unsent.unit_id in desk.cells("evidence")
        desk.shoot("case")
        desk.press("记录并结案")
        assert "以此记录结案" in desk.text
        told = web.client.get(f"/api/v1/cases/{case}", headers=web.bearer).json()
        assert told["state"] == "resolved"
        assert '"type":"observe"' in public_of(web, told["resolved_by"])
        # In the evening the place's own code is printed anew, for its door.
        desk.open(f"/desk/stall/{STORE}/sign")
        code = desk.scan()
        desk.shoot("sign")
        assert desk.page.pdf().startswith(b"%PDF-")
        shown = web.client.get(web.path(code), headers={"Accept": "text/html"})
        assert (shown.status_code, STORE in shown.text) == (200, True)
