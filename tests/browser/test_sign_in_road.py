"""A person's road in a real browser: letter, password, sign-in, second step, sign-out; in both languages."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from coldtrace import clock
from coldtrace.people.mail import post_letter
from coldtrace.people.persons import LinkPurpose, make_person
from coldtrace.rights.model import Member, Role
from support.browser import take_picture
from support.databases import Databases
from support.mail_server import MailServer, mail_server
from support.web_house import WebHouse, web_house

PASSWORD = "tulip harbour nine"
LINK = {"zh": "/invitation/", "en": "/invitation/"}
SAY = {
    "zh": {"sign_in": "登录", "sign_out": "退出登录", "begin": "启用", "confirm": "确认", "refused": "未"},
    "en": {"sign_in": "Sign in", "sign_out": "Sign out", "begin": "Begin", "confirm": "Confirm", "refused": "not"},
}


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory, post: MailServer) -> Iterator[WebHouse]:
    folder = tmp_path_factory.mktemp("people")
    with web_house(databases, folder, smtp_url=f"smtp://127.0.0.1:{post.port}") as made:
        # One-time codes go by the real time: the phone has no other.
        made.clock.next = clock.now()
        yield made


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def shoot(page: Page, folder: Path, name: str) -> None:
    """Take a picture for whoever looks, and see that nothing hangs over the edge."""
    take_picture(page, folder / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


@pytest.mark.parametrize(
    ("lang", "locale", "width"), [("zh", "zh-CN", 390), ("en", "en-GB", 1024), ("zh", "zh-CN", 320)]
)
def test_from_the_letter_to_the_second_step(
    web: WebHouse, post: MailServer, browser: Browser, tmp_path: Path, lang: str, locale: str, width: int
) -> None:
    email, say = f"li.na.{width}@example.cn", SAY[lang]
    with web.sessions.begin() as session:
        operator = session.execute(text("SELECT operator_id FROM operator LIMIT 1")).scalar_one()
        members = [Member(role=Role.FIRST_STATION, operator_id=operator, manages=True)]
        made = make_person(session, web.env, email=email, name="李娜", lang=lang, members=members, made_by="test")
        post_letter(session, web.env, person_id=made.person_id, purpose=LinkPurpose.INVITATION)
    before = len(post.letters)
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale, java_script_enabled=True)
    page = context.new_page()
    for _ in range(200):
        if len(post.letters) > before:
            break
        page.wait_for_timeout(100)
    body = post.letters[-1].get_content()
    link = next(word for word in body.split() if "/invitation/" in word)
    base = str(web.client.base_url).rstrip("/")

    page.goto(base + urlsplit(link).path)
    shoot(page, tmp_path, "invitation")
    page.fill("[name=password]", "password123")
    page.fill("[name=again]", "password123")
    page.locator("main form button").last.click()
    assert page.locator("[aria-invalid=true]").count() == 1
    shoot(page, tmp_path, "weak")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.locator("main form button").last.click()
    page.wait_for_url("**/sign-in*")
    assert page.goto(base + urlsplit(link).path) is not None
    assert page.locator("input[name=password]").count() == 0, "a link is good once"
    shoot(page, tmp_path, "used-link")

    page.goto(f"{base}/sign-in?next=/account")
    page.fill("[name=email]", email)
    page.fill("[name=password]", "a wrong password")
    press(page, say["sign_in"])
    assert page.locator("[role=alert]").count() == 1
    shoot(page, tmp_path, "refused")
    page.fill("[name=password]", PASSWORD)
    press(page, say["sign_in"])
    page.wait_for_url("**/account")
    shoot(page, tmp_path, "account")
    (cookie,) = [each for each in context.cookies() if each["name"] == "coldtrace"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")

    steps = page.locator("section[aria-labelledby=two-steps]")
    steps.locator("[name=present]").fill(PASSWORD)
    press(page, say["begin"])
    secret = steps.locator("dd").first.inner_text().strip()
    shoot(page, tmp_path, "second-step")
    phone = pyotp.TOTP(secret)
    steps.locator("[name=code]").fill(phone.at(web.clock.next))
    press(page, say["confirm"])
    recovery = page.locator("[data-secret]").inner_text().split()
    assert len(recovery) == 8
    shoot(page, tmp_path, "recovery-codes")

    press(page, say["sign_out"])
    page.goto(f"{base}/account")
    page.wait_for_url("**/sign-in*")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    press(page, say["sign_in"])
    shoot(page, tmp_path, "code-wanted")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", recovery[0])
    press(page, say["sign_in"])
    page.wait_for_url("**/account")
    assert page.locator("h1").inner_text().strip()
    context.close()
