"""People at the desk in a real browser: who signs in, goes from page to page and presses, as they would."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page

from coldtrace.events.statement_type import StatementType
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member
from support.browser import take_picture
from support.consignments import commission_line, facts_of
from support.people import PASSWORD, make_somebody
from support.web_house import WebHouse

PATIENCE_MS = 30_000
"""No measure of anything: a machine with much else to do is no failure."""

SIGN_IN = {"zh": "登录", "en": "Sign in"}
TABS = 400
"""More presses of Tab than any page has places to stop at."""

_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e), box = e.getBoundingClientRect();
  const label = e.labels && e.labels.length ? e.labels[0].innerText : "";
  return {
    name: (e.getAttribute("aria-label") || label || e.innerText || e.value || "").trim(),
    tag: e.tagName.toLowerCase(),
    id: e.closest("[data-id]") ? e.closest("[data-id]").dataset.id : null,
    seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight,
  };
}"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Somebody's browser."""

    page: Page
    base: str
    lang: str
    folder: Path

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.base + path)

    def follow(self, name: str) -> None:
        """Click the first link of this name."""
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    def press(self, name: str, *, within: str = "main") -> None:
        """Click the first button of this name in a part of the page."""
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()
        self.page.wait_for_load_state()

    @property
    def text(self) -> str:
        """What stands on the page."""
        return self.page.locator("main").inner_text()

    def rows(self, section: str) -> list[str]:
        """Return the ids of the rows of a section's table, in their order."""
        found = self.page.locator(f"[aria-labelledby={section}] tr[data-id]")
        return [str(each.get_attribute("data-id")) for each in found.all()]

    def cells(self, section: str) -> str:
        """Return the text of a section."""
        return self.page.locator(f"section[aria-labelledby={section}]").first.inner_text()

    def scan(self) -> str:
        """Return what a scanner reads from the one code on the screen."""
        picture = Image.open(io.BytesIO(self.page.locator("svg.label__qr").screenshot())).convert("L")
        (found,) = zxingcpp.read_barcodes(picture.resize((picture.width * 2, picture.height * 2)))
        return str(found.text)

    def shoot(self, name: str) -> None:
        """Take a picture for whoever looks, and see that nothing hangs over the edge."""
        take_picture(self.page, self.folder / f"{name}.png")
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.page.evaluate("window.innerWidth"), name

    def tab_to(self, name: str, *, row: str | None = None, tag: str | None = None) -> None:
        """Press Tab until something of this name has the focus; every stop on the way must be seen to have it."""
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(_FOCUSED)
            if found is None:
                continue
            assert found["seen"], f"nobody sees that {found} has the focus"
            assert found["inside"], f"{found} has the focus outside of the window"
            if found["name"].startswith(name) and row in (None, found["id"]) and tag in (None, found["tag"]):
                return
        raise AssertionError(f"no {name!r} is reached by Tab on {self.page.url}")

    def enter(self) -> None:
        """Press Enter where the focus is, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@contextmanager
def at_desk(
    browser: Browser,
    web: WebHouse,
    folder: Path,
    *members: Member,
    email: str,
    lang: str = "zh",
    width: int = 1280,
    scripts: bool = True,
    phone: bool = False,
    by_keyboard: bool = False,
    name: str = "李娜",
) -> Iterator[Desk]:
    """Make somebody, sign in with e-mail and password, and give the browser; without `scripts` none runs in it."""
    make_somebody(web, email, *members, name=name)
    folder.mkdir(exist_ok=True)
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        locale="zh-CN" if lang == "zh" else "en-GB",
        java_script_enabled=scripts,
        is_mobile=phone,
        has_touch=phone,
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    desk = Desk(page=context.new_page(), base=str(web.client.base_url).rstrip("/"), lang=lang, folder=folder)
    desk.open("/sign-in")
    if by_keyboard:
        desk.tab_to("E-mail" if lang == "en" else "邮箱")
        desk.page.keyboard.type(email)
        desk.page.keyboard.press("Tab")
        desk.page.keyboard.type(PASSWORD)
        desk.enter()
    else:
        desk.page.fill("[name=email]", email)
        desk.page.fill("[name=password]", PASSWORD)
        desk.press(SIGN_IN[lang])
    desk.page.wait_for_url("**/desk")
    try:
        yield desk
    finally:
        context.close()


def bound_box(web: WebHouse, declaration: str) -> IssuedCode:
    """Return a box that the port bound to its goods, and no more."""
    (code,) = web.consignment(cartons=1, declaration=declaration).pallets[0].cartons
    port = web.device(SiteRole.FIRST_STATION)
    said = port.say(StatementType.COMMISSION, [commission_line(code)], facts=facts_of(code))
    assert [each["status"] for each in web.send(port, [said])] == ["accepted"]
    return code


def unit_of(web: WebHouse, unit: str) -> dict[str, Any]:
    """Return how a unit stands by the API, for whoever may see everything."""
    answer = web.client.get(f"/api/v1/units/{unit}", headers=web.bearer)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def public_of(web: WebHouse, statement: str) -> str:
    """Return the public text of a statement, once the log has it with a proof."""
    web.settle()
    proof = web.client.get(f"/logs/{web.settings.log_name}/statements/{statement}/proof")
    assert proof.status_code == 200, proof.text
    assert re.match(r"c2sp.org/tlog-proof@v1\n", proof.text), proof.text[:100]
    told = web.client.get(f"/api/v1/statements/{statement}/pieces", headers=web.bearer).json()
    return str(told["pieces"]["public"])
