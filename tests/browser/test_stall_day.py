"""A market stall's day with a phone alone: no handheld, no scripts; goods in, on the counter, sold, and stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from support.databases import Databases
from support.desk_days import Desk, at_desk, bound_box, public_of, unit_of
from support.house import GLNS, unit_line
from support.web_house import WebHouse, web_house

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def do(desk: Desk, act: str, *codes: str, counter: str = "") -> str:
    """Enter codes, press a button, and return how the page says that it went."""
    desk.page.fill("[name=codes]", "\n".join(codes))
    if counter:
        desk.page.fill("[name=counter]", counter)
    desk.press(act)
    return str(desk.page.locator("body").get_attribute("data-status"))


def test_a_day_at_the_stall(web: WebHouse, browser: Browser, tmp_path: Path) -> None:
    good, held = (bound_box(web, f"02022026200000000{number}") for number in (1, 2))
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(good.unit_id), unit_line(held.unit_id)], to=SHOP)
    firm = web.sites[SiteRole.RETAILER].operator_id
    keeper = Member(role=Role.RETAILER, operator_id=firm, sites=frozenset({SHOP}), manages=True)
    with at_desk(
        browser, web, tmp_path / "shots", keeper, email="stall@example.cn", width=390, scripts=False, phone=True
    ) as desk:
        desk.follow("菜单")
        desk.shoot("menu")
        desk.follow("手机收发")
        desk.press("开通")
        desk.shoot("open")
        assert do(desk, "收货", good.uri, held.uri) == "ok", desk.text
        assert {unit_of(web, each.unit_id)["site"] for each in (good, held)} == {SHOP}
        # A mistyped code stops all of it, and what was entered stands there to be mended.
        assert do(desk, "售完", good.uri, "7QK4-M2ZX-9RTB-0") == "stop"
        assert "7QK4-M2ZX-9RTB-0" in desk.page.locator("[name=codes]").input_value()
        assert unit_of(web, good.unit_id)["state"] == "active"
        assert do(desk, "开箱上柜", good.uri, counter="C1") == "ok"
        desk.shoot("opened")
        # The counter's code leads a shopper to the lot that is open there at this moment.
        desk.follow("打印柜台码")
        code = desk.scan()
        desk.shoot("counter")
        assert desk.page.pdf().startswith(b"%PDF-")
        shopper = web.client.get(web.path(code), headers={"Accept": "text/html", "Accept-Language": "zh"})
        assert shopper.status_code == 200
        assert "L2409A17" in shopper.text
        # The importer stops a box: the stall may not sell it, and is told why.
        desk.open("/desk/stall")
        web.tell(SiteRole.RETAILER, T.HOLD, [unit_line(held.unit_id)], more=[("reason", "抽检")])
        assert do(desk, "售完", held.uri) == "stop"
        assert "没有生效" in desk.text
        desk.shoot("stopped")
        assert unit_of(web, held.unit_id)["state"] == "active"
        assert do(desk, "售完", good.uri) == "ok"
        assert unit_of(web, good.unit_id)["state"] == "sold"
        # Sold by mistake: taken back, by a correction that the log keeps.
        sold = str(desk.page.locator("[aria-labelledby=lately] li").first.get_attribute("data-id"))
        desk.press("撤回")
        assert "已撤回" in desk.text
        desk.shoot("taken-back")
        assert unit_of(web, good.unit_id)["state"] == "opened"
        assert '"by":"gateway"' in public_of(web, sold)
        desk.open(f"/desk/stock/{SHOP}")
        assert set(desk.rows("goods")) == {good.unit_id, held.unit_id}
