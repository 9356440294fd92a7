"""A consumer without scripts and an officer at the desk: from a box's page to the closed complaint, as people press."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from support.boxes import World, make_world
from support.browser import take_picture
from support.complaints import CONTACT, SAID, picture
from support.databases import Databases
from support.people import PASSWORD, make_somebody
from support.web_house import WebHouse, web_house

EMAIL = "office@example.cn"


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("complaints")) as made:
        firm = made.sites[SiteRole.MARKET].operator_id
        make_somebody(made, EMAIL, Member(role=Role.REGULATOR, operator_id=firm, area="120101"), name="值班")
        yield made


@pytest.fixture(scope="module")
def world(web: WebHouse) -> World:
    return make_world(web)


def shoot(page: Page, folder: Path, name: str) -> None:
    """Take a picture for whoever looks, and see that nothing hangs over the edge."""
    take_picture(page, folder / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 390), ("en-GB", 1280)])
def test_from_the_box_to_the_closed_complaint(
    world: World, browser: Browser, tmp_path: Path, locale: str, width: int
) -> None:
    base, zh = str(world.web.client.base_url).rstrip("/"), locale == "zh-CN"
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale, java_script_enabled=False)
    page = context.new_page()
    page.goto(base + world.web.path(world.sold))
    page.get_by_role("link", name="在线投诉举报" if zh else "Complain online").click()
    page.wait_for_load_state()
    assert page.locator("[name=district]").input_value() == "120101"
    shoot_still(page, tmp_path, "form")
    page.select_option("[name=subject]", "spoiled")
    page.fill("[name=said]", SAID)
    page.fill("[name=contact]", CONTACT)
    page.set_input_files("[name=photo]", {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": picture((300, 200))})
    press(page, "提交投诉" if zh else "Send the complaint")
    assert page.locator("body").get_attribute("data-state") == "received"
    receipt = page.locator("[data-receipt]").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}-[0-9A-Z]", receipt)
    shoot_still(page, tmp_path, "received")

    office = browser.new_context(viewport={"width": width, "height": 844}, locale=locale)
    desk = office.new_page()
    desk.goto(f"{base}/sign-in?next=/desk/complaints")
    desk.fill("[name=email]", EMAIL)
    desk.fill("[name=password]", PASSWORD)
    press(desk, "登录" if zh else "Sign in")
    desk.wait_for_url("**/desk/purpose*")
    desk.fill("[name=reason]", "投诉核查")
    press(desk, "保存并继续" if zh else "Keep it and go on")
    desk.wait_for_url("**/desk/complaints")
    shoot(desk, tmp_path, "list")
    desk.get_by_role("link", name=receipt).click()
    desk.wait_for_load_state()
    assert SAID in desk.inner_text("main")
    photo = desk.locator("img.photo")
    assert photo.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [300, 200]
    shoot(desk, tmp_path, "one")
    press(desk, "受理" if zh else "Accept")
    press(desk, "开始处理" if zh else "Begin")
    desk.select_option("[name=outcome]", "settled")
    desk.fill("[name=answer]", "商家已退款。")
    shoot(desk, tmp_path, "closing")
    press(desk, "办结" if zh else "Close it")
    shoot(desk, tmp_path, "closed-desk")
    office.close()

    # The consumer comes back with the number alone.
    page.goto(f"{base}/complaints")
    shoot_still(page, tmp_path, "published")
    page.fill("[name=receipt]", receipt.lower())
    press(page, "查看" if zh else "Look up")
    assert page.locator("body").get_attribute("data-state") == "closed"
    assert "商家已退款。" in page.inner_text("main")
    shoot_still(page, tmp_path, "closed")
    press(page, "删除我的联系方式" if zh else "Erase how to reach me")
    assert page.get_by_role("button").count() == 0
    context.close()


def shoot_still(page: Page, folder: Path, name: str) -> None:
    """Take a picture of a page without scripts; its width is looked at where scripts run."""
    take_picture(page, folder / f"{name}.png")
