"""An importer's day in a real browser: a list with faults, its copy, the good list, codes, labels; both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.browser import take_picture
from support.call_scene import SAMPLE
from support.databases import Databases
from support.web_house import WebHouse, web_house

WITH_ERRORS = Path(__file__).resolve().parents[1] / "data" / "packing-list-a-with-errors.xlsx"
PATIENCE_MS = 240_000
SAY = {
    "zh": {
        "import": "导入装箱单",
        "try": "试读",
        "confirm": "导入这份文件",
        "drawn": "追溯码已生成",
        "copy": "下载批注副本",
    },
    "en": {
        "import": "Import a packing list",
        "try": "Try it",
        "confirm": "Import this file",
        "drawn": "Codes drawn",
        "copy": "Download the copy",
    },
}


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path / "house") as made:
        yield made


def shoot(page: Page, folder: Path, name: str) -> None:
    """Take a picture for whoever looks, and see that nothing hangs over the edge."""
    take_picture(page, folder / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


@pytest.mark.parametrize(("lang", "width"), [("zh", 390), ("en", 1024), ("zh", 1440)])
def test_from_the_brokers_file_to_the_labels(
    web: WebHouse, browser: Browser, tmp_path: Path, lang: str, width: int
) -> None:
    say, base = SAY[lang], str(web.client.base_url).rstrip("/")
    name, _, secret = web.desk["Cookie"].partition("=")
    context = browser.new_context(viewport={"width": width, "height": 844}, java_script_enabled=False)
    context.add_cookies([{"name": name, "value": secret, "url": base}])
    context.set_default_timeout(PATIENCE_MS)
    good = tmp_path / "list.xlsx"
    good.write_bytes(SAMPLE)
    page = context.new_page()

    page.goto(f"{base}/desk/consignments?lang={lang}")
    shoot(page, tmp_path, "empty")
    page.get_by_role("link", name=say["import"]).click()
    shoot(page, tmp_path, "choose")
    page.set_input_files("input[type=file]", WITH_ERRORS)
    page.get_by_role("button", name=say["try"], exact=True).click()
    assert page.locator("#errors").count() == 1
    assert page.locator("[data-id^=errors-]").count() >= 8
    shoot(page, tmp_path, "faults")
    with page.expect_download() as copied:
        page.get_by_role("link", name=say["copy"]).click()
    assert copied.value.suggested_filename == "annotated.xlsx"

    page.goto(f"{base}/desk/consignments/import?lang={lang}")
    page.set_input_files("input[type=file]", good)
    page.get_by_role("button", name=say["try"], exact=True).click()
    shoot(page, tmp_path, "tried")
    page.get_by_role("button", name=say["confirm"], exact=True).click()
    page.get_by_text(say["drawn"]).first.wait_for()
    assert page.locator("#lots").count() == 1
    shoot(page, tmp_path, "consignment")
    page.locator("[aria-labelledby=runs] a").first.click()
    with page.expect_download() as labels:
        page.locator("a[download]").last.click()
    assert labels.value.suggested_filename.startswith("labels-")
    page.goto(f"{base}/desk/consignments?search=0202&lang={lang}")
    assert page.locator("[aria-labelledby=consignments] [data-id]").count() == 1
    shoot(page, tmp_path, "list")
    context.close()
