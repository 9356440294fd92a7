"""An administrator's day: a firm, its place, a manager who chooses a password, a handheld, a token, and the journal."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from coldtrace.seal.keys import Ed25519Signer
from support.databases import Databases
from support.desk_days import PATIENCE_MS, Desk, at_desk
from support.people import PASSWORD
from support.web_house import WebHouse, web_house

USCC = "91120104MA0DEM06LE"
GLN = "9521234000075"
BOSS = "zhao.lei@example.cn"


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def send(desk: Desk, action: str, submit: str, **fields: str | bool) -> None:
    """Fill in the form that goes to an address, and press its button."""
    form = f"main form[action='{action}']"
    for name, value in fields.items():
        entry = desk.page.locator(f"{form} [name={name}]")
        if value is True:
            entry.check()
        elif entry.evaluate("each => each.tagName") == "SELECT":
            entry.select_option(str(value))
        else:
            entry.fill(str(value))
    desk.press(submit, within=form)


def test_a_day_of_the_platforms_administrator(web: WebHouse, browser: Browser, tmp_path: Path) -> None:
    member = Member(role=Role.ADMINISTRATOR, operator_id=web.sites[SiteRole.FIRST_STATION].operator_id, manages=True)
    with at_desk(browser, web, tmp_path / "shots", member, email="admin@example.cn", lang="en") as desk:
        page = desk.page
        desk.follow("Organisations")
        # A mistyped code is refused with the field's own reason, and nothing is registered.
        send(desk, "/desk/organisations", "Register", uscc=f"{USCC[:-1]}9", name_zh="新港冷库", name_en="New Port Cold")
        assert page.locator("[role=alert]").count() == 1
        assert USCC not in desk.rows("organisations")
        send(desk, "/desk/organisations", "Register", uscc=USCC, name_zh="新港冷库", name_en="New Port Cold")
        assert USCC in desk.rows("organisations")
        desk.shoot("organisations")
        desk.follow("Sites")
        place = {"gln": GLN, "organisation": USCC, "name_zh": "三号库", "name_en": "Store 3", "district": "120104"}
        send(desk, "/desk/sites", "Register", role="cold_store", **place)
        assert GLN in desk.rows("sites"), desk.text
        desk.shoot("sites")
        # Somebody who manages the new firm is invited; where no mail is sent the link stands here once.
        desk.follow("People")
        whom = {"email": BOSS, "name": "赵磊", "mail_lang": "zh", "organisation": USCC, "role": "cold_store"}
        send(desk, "/desk/people", "Invite", manages=True, **whom)
        link = page.locator("[data-secret]").inner_text().strip()
        assert "/invitation/" in link
        desk.shoot("invited")
        desk.follow("People")
        assert page.locator("[data-secret]").count() == 0, "it is shown once"
        _choose_password(browser, desk, link)
        # A handheld of the new place, and a token of the platform's own.
        desk.follow("Devices")
        send(desk, "/desk/devices/invites", "Invite a device", site=GLN)
        _enrol(web, desk.scan())
        desk.follow("Devices")
        (device,) = desk.rows("devices")
        desk.shoot("devices")
        desk.follow("Tokens")
        send(desk, "/desk/tokens", "Make it", name="Backup watch", days="7", role="administrator")
        token = page.locator("[data-secret]").inner_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        assert web.client.get("/api/v1/organisations", headers=bearer).status_code == 200
        desk.shoot("token")
        row = page.locator("tr", has_text="Backup watch")
        row.get_by_role("button", name="Withdraw").click()
        page.wait_for_load_state()
        assert "Backup watch" not in desk.cells("tokens")
        assert web.client.get("/api/v1/organisations", headers=bearer).status_code == 401
        # The handheld is lost: revoked, and it speaks for nobody any more.
        desk.follow("Devices")
        page.locator(f"tr[data-id='{device}']").get_by_role("button", name="Revoke").click()
        page.wait_for_load_state()
        assert "Revoked" in desk.cells("devices")
        # A place closes, and is opened again: what can be undone is.
        desk.follow("Sites")
        send(desk, f"/desk/sites/{GLN}/close", "Close")
        assert "Closed" in page.locator(f"tr[data-id='{GLN}']").inner_text()
        send(desk, f"/desk/sites/{GLN}/reopen", "Reopen")
        assert "Closed" not in page.locator(f"tr[data-id='{GLN}']").inner_text()
        # All of it stands in the journal.
        desk.follow("Journal")
        journal = desk.cells("journal")
        assert "李娜" in journal
        for did in ("Reopened", "Closed", "Signed in"):
            assert did in journal, did
        assert USCC in journal
        assert token not in page.content()
        desk.shoot("journal")
    told = web.client.get("/api/v1/devices", headers=web.bearer).json()["devices"]
    assert [each["state"] for each in told if each["site"] == GLN] == ["revoked"]


def _choose_password(browser: Browser, desk: Desk, link: str) -> None:
    """Follow the link as the one who was invited, in another browser, and sign in."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(desk.base + urlsplit(link).path)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.locator("main form button").last.click()
    page.wait_for_url("**/sign-in*")
    page.fill("[name=email]", BOSS)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/desk")
    page.goto(f"{desk.base}/desk/sites")
    assert GLN in page.inner_text("main")
    context.close()


def _enrol(web: WebHouse, text: str) -> None:
    invite = read_invite(text)
    signer = Ed25519Signer.generate()
    request, signature = make_request(net=invite.net, token=invite.token, signer=signer)
    body = {"request": request, "request_sig": signature, "token": invite.token}
    answer = web.client.post("/api/v1/devices/enrol", json=body)
    assert answer.status_code == 201, answer.text
