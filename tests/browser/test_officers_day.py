"""A case officer's day with a keyboard alone: filter, take, look, settle at one press, and many at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Member, Role
from coldtrace.watch.scans import AskedScan, answer_scan
from support.databases import Databases
from support.desk_days import at_desk, bound_box, public_of
from support.house import GLNS, unit_line
from support.web_house import WebHouse, web_house

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def gap(web: WebHouse, declaration: str) -> str:
    """Have the store receive a box that nobody sent; return the case."""
    box = bound_box(web, declaration).unit_id
    device = web.device(SiteRole.COLD_STORE)
    web.send(device, [device.say(T.RECEIVE, [unit_line(box)])])
    found = web.client.get(f"/api/v1/cases?kind=gap&site={STORE}", headers=web.bearer).json()["cases"]
    return next(str(each["id"]) for each in found if each["units"] == [box])


def odd_scan(web: WebHouse, number: int) -> str:
    """Have something scanned at the store that nothing reads; return the case."""
    asked = AskedScan(text=f"https://qr.example/{number}", by="tests", scope=EVERYTHING, gln=STORE)
    with web.sessions.begin() as session:
        return str(answer_scan(session, web.env, asked).case)


def test_a_day_of_cases_by_keyboard(web: WebHouse, browser: Browser, tmp_path: Path) -> None:
    assert web.client.put(f"/api/v1/sites/{STORE}/gateway", headers=web.bearer).status_code == 200
    one, two = gap(web, "020220263000000001"), gap(web, "020220263000000002")
    odd = [odd_scan(web, number) for number in (1, 2)]
    firm = web.sites[SiteRole.COLD_STORE].operator_id
    officer = Member(role=Role.COLD_STORE, operator_id=firm, sites=frozenset({STORE}), manages=True)
    with at_desk(
        browser, web, tmp_path / "shots", officer, email="cases@example.cn", lang="en", by_keyboard=True
    ) as desk:
        keys = desk.page.keyboard
        desk.tab_to("Skip")
        desk.tab_to("Cases", tag="a")
        desk.enter()
        assert set(desk.rows("cases")) == {one, two, *odd}
        # Only what is missing in the record.
        desk.tab_to("What", tag="select")
        keys.type("Something is missing")
        desk.tab_to("Show", tag="button")
        desk.enter()
        assert set(desk.rows("cases")) == {one, two}
        desk.shoot("filtered")
        desk.tab_to(one[-8:], row=one, tag="a")
        desk.enter()
        assert one in desk.page.url
        assert desk.rows("evidence")
        desk.shoot("case")
        desk.tab_to("I take it")
        desk.enter()
        assert web.client.get(f"/api/v1/cases/{one}", headers=web.bearer).json()["state"] == "taken"
        desk.tab_to("State it and close")
        desk.enter()
        assert "Closed by the statement" in desk.text
        told = web.client.get(f"/api/v1/cases/{one}", headers=web.bearer).json()
        public = public_of(web, told["resolved_by"])
        assert ('"by":"gateway"' in public, '"type":"observe"' in public) == (True, True)
        # Two scans of somebody's advertisement: both at once, by a word.
        desk.tab_to("Cases", tag="a")
        desk.enter()
        assert set(desk.rows("cases")) == {two, *odd}
        for case in sorted(odd, key=desk.rows("cases").index):
            desk.tab_to("Choose", row=case, tag="input")
            keys.press("Space")
        desk.tab_to("With the chosen cases", tag="select")
        keys.type("Close: ")
        chosen = desk.page.locator("[name=do]").input_value()
        while chosen != "explain.test_scan":
            keys.press("ArrowDown")
            assert desk.page.locator("[name=do]").input_value() != chosen, "there is such a word"
            chosen = desk.page.locator("[name=do]").input_value()
        desk.shoot("chosen")
        desk.tab_to("Do it with the chosen")
        desk.enter()
        assert set(desk.rows("results")) == set(odd)
        assert "2 in all: 2 done" in desk.text
        desk.shoot("done")
        assert desk.rows("cases") == [two]
        listed = web.client.get(f"/api/v1/cases?site={STORE}", headers=web.bearer).json()["cases"]
        assert {each["id"] for each in listed if each["state"] in ("open", "taken")} == {two}
