"""Rendered pages in a real browser: widths, languages, light and dark, large text, print, keyboard, no script."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from coldtrace.errors import Lang
from coldtrace.web.pages.views import CodePageView
from coldtrace.web.render import render
from support.axe import axe_findings
from support.browser import open_browser, serve_pages, take_picture
from support.page_checks import CONTRAST, OVERFLOW, SMALL_TARGETS
from support.page_samples import PAGES

LANGS: tuple[Lang, ...] = ("zh", "en")
SIZES = ((320, 568), (390, 844), (1024, 768), (1440, 900))
PATHS = {f"/{name}/{lang}": (name, lang) for name, lang in product(PAGES, LANGS)}
EVERY = [pytest.param(path, id=path.strip("/").replace("/", "-")) for path in PATHS]
CODES = [p for p, (name, _) in PATHS.items() if isinstance(PAGES[name][1], CodePageView)]

_LARGEST = """() => {
  const size = e => parseFloat(getComputedStyle(e).fontSize);
  const first = size(document.querySelector("h1"));
  return [...document.querySelectorAll("main *")].filter(e => e.tagName !== "H1" && size(e) >= first && e.innerText)
    .map(e => e.tagName + "." + e.getAttribute("class"));
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The address of a server that has every sample page in both languages."""
    with serve_pages({path: render(*PAGES[name], lang) for path, (name, lang) in PATHS.items()}) as address:
        yield address


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with open_browser(folder) as started:
        yield started


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Page]:
    """A page that may be given styles of a test's own."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", EVERY)
def test_nothing_hinders_whoever_reads_with_a_helping_device(shared: Page, base: str, path: str) -> None:
    """axe finds nothing, in light and in dark."""
    shared.goto(base + path)
    _show_a_proof(shared)
    for scheme in ("light", "dark"):
        shared.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        assert axe_findings(shared) == [], scheme


@pytest.mark.parametrize("path", EVERY)
def test_fits_and_reads_at_every_width_in_light_and_dark(shared: Page, base: str, folder: Path, path: str) -> None:
    """No sideways scrolling, contrast of 4.5 at least, targets big enough, the status in the first view and largest."""
    name, lang = PATHS[path]
    shared.goto(base + path)
    _show_a_proof(shared)
    for (width, height), scheme in product(SIZES, ("light", "dark")):
        shared.set_viewport_size({"width": width, "height": height})
        shared.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        where = f"{path} {width} {scheme}"
        assert shared.evaluate(OVERFLOW) == [], where
        assert shared.evaluate(CONTRAST) == [], where
        if scheme == "light":
            assert shared.evaluate(SMALL_TARGETS) == [], where
            assert shared.evaluate(_LARGEST) == [], where
            assert _bottom(shared, "h1") <= height, where
        if (width, lang, scheme) in ((390, "zh", "light"), (1024, "en", "dark")):
            take_picture(shared, folder / f"{name}-{lang}-{width}-{scheme}.png")


@pytest.mark.parametrize("path", EVERY)
def test_holds_at_twice_the_text_size(shared: Page, base: str, path: str) -> None:
    """At 200 % text nothing is cut off or pushed out, and the status is still in the first view."""
    shared.goto(base + path)
    shared.add_style_tag(content="html { font-size: 200% }")
    for width, height in SIZES:
        shared.set_viewport_size({"width": width, "height": height})
        assert shared.evaluate(OVERFLOW) == [], f"{path} {width}"
        if path in CODES:
            assert _top(shared, "h1") < height / 2, f"{path} {width}"


def test_complete_without_script(browser: Browser, base: str) -> None:
    """With JavaScript off every row is in sight, and a sentence says whose verdict it is."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    for lang, sentence in (("zh", "浏览器没有运行脚本"), ("en", "Your browser runs no scripts")):
        page.goto(f"{base}/unit-sold/{lang}")
        rows = page.locator("[data-row]")
        assert rows.count() == 18
        assert all(rows.nth(index).is_visible() for index in range(18))
        assert page.locator("noscript p").is_visible()
        assert sentence in page.locator("noscript p").inner_text()
        assert page.locator("[data-proof-list]").is_hidden()
    context.close()


def test_nothing_is_refused_by_the_policy_or_asked_elsewhere(browser: Browser, base: str) -> None:
    """Under `default-src 'self'` the pages load whole, and no request leaves the origin."""
    context = browser.new_context()
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    page.on("request", lambda request: requests.append(request.url))
    page.on("console", note)
    for path in PATHS:
        page.goto(base + path, wait_until="load")
    assert complaints == []
    assert [url for url in requests if not url.startswith(base + "/")] == []
    context.close()


def test_language_switch_is_a_link_to_the_same_code(browser: Browser, base: str) -> None:
    """Both languages are in the first view, and the link keeps path and query."""
    context = browser.new_context(viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(f"{base}/unit-sold/zh")
    link = page.get_by_role("navigation", name="语言").get_by_role("link", name="English")
    box = link.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 100
    href = link.get_attribute("href") or ""
    assert href.startswith("/01/09521234543210/10/BR26A17/21/7QK4M2ZX9RTB?s=")
    assert href.endswith("&lang=en")
    context.close()


def test_a_check_that_fails_here_is_said_at_the_top(browser: Browser, base: str) -> None:
    """Whatever the server's banner says: when the visitor's own check fails, the first view says so."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/unit-sold/zh")
    warning, incomplete = page.locator(".banner__local--failed"), page.locator(".banner__local--incomplete")
    assert warning.is_hidden()
    assert incomplete.is_hidden()
    page.evaluate("() => { document.querySelector('[data-proof-url]').dataset.proofState = 'failed' }")
    assert warning.is_visible()
    box = warning.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    assert page.locator(".proof__said--failed").is_visible()
    assert page.locator(".proof__said--ok").is_hidden()
    page.evaluate("() => { document.querySelector('[data-proof-url]').dataset.proofState = 'incomplete' }")
    assert (warning.is_hidden(), incomplete.is_visible()) == (True, True)
    assert page.locator(".proof__said--incomplete").is_visible()
    assert page.locator(".proof__said--ok").is_hidden()
    context.close()


def test_keyboard_reaches_the_content_first(browser: Browser, base: str) -> None:
    """The first Tab shows a link past the header; every stop after it has a visible outline."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/front/zh")
    page.keyboard.press("Tab")
    focused: dict[str, Any] = page.evaluate(
        "() => ({text: document.activeElement.innerText, x: document.activeElement.getBoundingClientRect().x})"
    )
    assert focused == {"text": "跳到正文", "x": 0}
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    context.close()


def test_printed_page_is_black_on_white_without_the_switch(browser: Browser, base: str, folder: Path) -> None:
    """On paper: no coloured fields, no buttons, all rows, at most four sheets."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/unit-sold/zh")
    page.emulate_media(media="print")
    assert page.locator(".top__lang").is_hidden()
    assert page.locator(".button").first.is_hidden()
    assert page.locator("[data-row]").count() == 18
    face = page.evaluate("""() => {
        const style = getComputedStyle(document.querySelector(".banner__face"));
        return [style.color, style.backgroundColor]; }""")
    assert face == ["rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"]
    sheet = page.pdf(path=folder / "unit-sold-zh.pdf", format="A4")
    assert 1 <= sheet.count(b"/Type /Page\n") <= 4
    context.close()


def test_chinese_has_glyphs(shared: Page, base: str) -> None:
    """Different characters look different: not the same empty box for all."""
    shared.goto(f"{base}/unit-sold/zh")
    pictures: list[str] = shared.evaluate(
        """() => ["冷", "链", "箱", "召"].map(sign => {
          const canvas = document.createElement("canvas"); canvas.width = canvas.height = 40;
          const pen = canvas.getContext("2d");
          pen.font = "32px " + getComputedStyle(document.body).fontFamily; pen.fillText(sign, 2, 34);
          return canvas.toDataURL(); })"""
    )
    assert len(set(pictures)) == 4


def _show_a_proof(page: Page) -> None:
    """Fill the list as the page's script does, so that its look is judged too."""
    page.evaluate("""() => {
      const lines = [["passed", "✓", "追溯码的签名", "通过", ""], ["failed", "✕", "Log entry", "failed", "not in it"],
        ["not_checked", "–", "Completeness", "not checked", "a file can only prove what it shows"]];
      for (const list of document.querySelectorAll("[data-proof-list]")) {
        list.replaceChildren(...lines.map(([result, ...texts]) => {
          const line = document.createElement("li");
          line.dataset.check = "x";
          line.dataset.result = result;
          for (const [at, name] of ["icon", "name", "result", "reason"].entries()) {
            const part = document.createElement("span");
            part.className = "proof-" + name;
            part.textContent = texts[at];
            line.append(part);
          }
          return line; }));
        list.closest("[data-proof-url]").dataset.proofState = "failed"; } }""")


def _top(page: Page, selector: str) -> float:
    return float(page.evaluate("s => document.querySelector(s).getBoundingClientRect().top", selector))


def _bottom(page: Page, selector: str) -> float:
    return float(page.evaluate("s => document.querySelector(s).getBoundingClientRect().bottom", selector))
