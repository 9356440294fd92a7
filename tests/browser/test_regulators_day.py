"""A regulator's day: says what for, sees the figures and their formula, follows a code, exports; it is disclosed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from support.databases import Databases
from support.desk_days import at_desk, bound_box
from support.house import GLNS, OFFICE_GLN, install_office
from support.web_house import WebHouse, web_house

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
WHY = "双随机抽查"
ORDER = "津市监〔2026〕12号"


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def test_a_day_at_the_office(web: WebHouse, browser: Browser, tmp_path: Path) -> None:
    pallet = web.consignment(cartons=3).pallets[0]
    web.walk(pallet)
    seen, unseen = pallet.cartons[0], bound_box(web, "020220264000000001")
    with web.sessions.begin() as session:
        office = install_office(session, web.env)
    assert office.gln == OFFICE_GLN
    # Of the market's district alone: the box that never left the port is somebody else's to look at.
    officer = Member(role=Role.REGULATOR, operator_id=office.operator_id, area="120103", manages=True)
    with at_desk(browser, web, tmp_path / "shots", officer, email="officer@example.cn") as desk:
        page = desk.page
        # Nobody looks at others' goods without saying what for.
        desk.follow("监管概览")
        page.wait_for_url("**/desk/purpose*")
        desk.shoot("purpose")
        page.fill("[name=reason]", WHY)
        page.fill("[name=document]", ORDER)
        desk.press("保存并继续")
        page.wait_for_url("**/desk/overview*")
        assert WHY in page.locator("[data-purpose]").inner_text()
        figures = desk.cells("figures")
        assert "100.0 %" in figures
        quality = desk.cells("quality")
        assert "40" in quality
        assert "24 小时" in quality
        assert desk.rows("quality")
        desk.shoot("overview")
        told = web.client.get("/api/v1/oversight/operators?days=30", headers=web.bearer).json()
        assert "24 小时" in told["formula"]["zh"]
        assert told["formula"]["zh"] in quality
        # The history of a box that passed through the district.
        desk.follow("追溯查询")
        page.fill("[name=code]", seen.uri)
        desk.press("查询")
        assert desk.rows("story"), desk.text
        story = desk.cells("story")
        assert web.sites[SiteRole.MARKET].name_zh in story
        assert web.sites[SiteRole.COLD_STORE].name_zh not in story
        assert STORE not in story
        desk.shoot("history")
        # One that did not is answered as one that nobody issued.
        answers = []
        for code in (unseen.unit_id, unseen.unit_id[:-2] + "ZZ"):
            desk.open("/desk/history")
            page.fill("[name=code]", code)
            desk.press("查询")
            answers.append(page.locator("[role=alert]").inner_text().replace(code, "-"))
        assert answers[0] == answers[1]
        assert "-" in answers[0]
        desk.shoot("hidden")
        # All the evidence of the box that one may see is a file, and whoever's goods they are sees who took it.
        desk.open(f"/desk/history?code={seen.unit_id}")
        with page.expect_download() as file:
            page.locator("main a[href*='evidence.csv']").click()
        rows = Path(file.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(rows) > 1
        assert any(MARKET in row for row in rows)
        desk.follow("监管概览")
        exports = desk.cells("exports")
        assert (seen.unit_id in exports, WHY in exports, ORDER in exports) == (True, True, True)
        desk.shoot("disclosed")
    firm = web.sites[SiteRole.MARKET].operator_id
    keeper = Member(role=Role.MARKET, operator_id=firm, manages=True)
    with at_desk(browser, web, tmp_path / "shots", keeper, email="market@example.cn", lang="en", name="王芳") as desk:
        desk.open("/desk/journal?act=export")
        seen_by_firm = desk.cells("journal")
        assert (WHY in seen_by_firm, ORDER in seen_by_firm) == (True, True)
        assert "Regulator" in seen_by_firm
        assert "李娜" not in seen_by_firm, "an authority is named, not its officer"
        desk.shoot("the-firms-journal")
