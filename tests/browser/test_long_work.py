"""A page of long work keeps up in place by its script, and stops asking when the work is done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from support.call_scene import Scene
from support.databases import Databases
from support.web_house import WebHouse, web_house

PATIENCE_MS = 60_000


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def test_the_numbers_move_without_the_page_being_loaded_again(web: WebHouse, browser: Browser) -> None:
    scene = Scene.make(web)
    base = str(web.client.base_url).rstrip("/")
    name, _, secret = web.desk["Cookie"].partition("=")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies([{"name": name, "value": secret, "url": base}])
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    with web.sessions() as session:
        found = session.execute(
            text("SELECT run_id, wanted FROM code_run WHERE consignment_id = :id"),
            {"id": scene.consignment.consignment_id},
        ).one()
    drawn(web, found.run_id, 2)
    page.goto(f"{base}/desk/runs/{found.run_id}?lang=en")
    page.evaluate("window.here = true")
    assert number_of(page) == f"2 / {found.wanted}"

    drawn(web, found.run_id, 3)
    page.locator(".gauge .number", has_text=f"3 / {found.wanted}").first.wait_for()
    drawn(web, found.run_id, found.wanted)
    page.locator("body[data-status=done]").wait_for()
    assert number_of(page) == f"{found.wanted} / {found.wanted}"
    assert page.evaluate("window.here") is True

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4_000)
    assert asked == []
    context.close()


def drawn(web: WebHouse, run_id: object, number: int) -> None:
    with web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET drawn = :n WHERE run_id = :run"), {"n": number, "run": run_id})


def number_of(page: Page) -> str:
    return page.locator(".gauge .number").first.inner_text()
