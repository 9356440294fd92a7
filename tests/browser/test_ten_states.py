"""The ten states of the consumer's page, as the real service shows them: what Lighthouse would look at, by script.

The states come about by statements, imports and a recall; `support/ten_states.py` does the same in a demo world, for
the pictures of the guide.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from coldtrace.codes.counter_name import counter_name
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import stops
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.parties.model import SiteRole
from support import consignments as goods
from support.browser import open_browser, set_clock
from support.call_scene import fresh_declaration
from support.databases import Databases
from support.house import GLNS, unit_line
from support.page_checks import CONTRAST, NAMES, OVERFLOW, SMALL_TARGETS, WATCH_SHIFTS
from support.ten_states import STATUSES
from support.ticking import START
from support.web_house import WebHouse, web_house

SHOP = GLNS[SiteRole.RETAILER]
EVERY = [pytest.param(state, lang, id=f"{state}-{lang}") for state in STATUSES for lang in ("zh", "en")]
WIDTHS = (320, 390, 1280)


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("states"), anonymous_requests_per_minute=100_000) as made:
        yield made


@pytest.fixture(scope="module")
def pages(web: WebHouse) -> dict[str, str]:
    """The address of each state."""

    def made(lot: str, cartons: int = 1, **more: object) -> goods.Consignment:
        return web.consignment(declaration=fresh_declaration(), cartons=cartons, lot=lot, **more)

    walked = made("STATE1", cartons=4)
    web.walk(walked.pallets[0])
    fresh, sold, twice, loose = walked.pallets[0].cartons
    web.sell(sold.unit_id)
    web.sell(twice.unit_id)
    market = web.device(SiteRole.MARKET)
    web.send(market, [market.say(type, [unit_line(twice.unit_id)]) for type in (T.RECEIVE, T.SELL)])
    web.tell(SiteRole.RETAILER, T.OPEN, [unit_line(loose.unit_id, counter=counter_name("C1"))])
    recalled, loaded = made("STATE2"), made("STATE3", cartons=2)
    expired = made("STATE4", produced=CalendarDate(2024, 9, 3))
    for each in (recalled, loaded, expired):
        web.commission(each.pallets[0])
    with web.sessions.begin() as session:
        stops.recall_lot(session, web.env, gtin=goods.GTIN, lot="STATE2", reason="Listeria monocytogenes")
    web.settle()
    paths = {
        "fresh": fresh.uri,
        "sold": sold.uri,
        "recalled": recalled.carton.uri,
        "expired": expired.carton.uri,
        "no-temperature": fresh.uri,
        "cloned": twice.uri,
        "tampered": sold.uri.replace("/10/STATE1", "/10/STATE9"),
        "unknown": web.signed([("01", goods.GTIN), ("10", "STATE1"), ("21", "7QK4M2ZX9RTB")]),
        "counter": web.signed([("414", SHOP), ("254", "C1")]),
        "pallet": loaded.pallets[0].label.uri,
    }
    base = str(web.client.base_url).rstrip("/")
    return {state: base + web.path(uri) for state, uri in paths.items()}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("states")) as started:
        yield started


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Page]:
    """A page that may be given styles of a test's own."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    set_clock(context, START)
    yield context.new_page()
    context.close()


def opened(page: Page, pages: dict[str, str], state: str, lang: str) -> Page:
    """Open a state; where there is a proof, wait until the browser has checked it."""
    page.goto(f"{pages[state]}&lang={lang}", wait_until="load")
    assert page.locator("body").get_attribute("data-status") == STATUSES[state]
    if page.locator("[data-proof-url]").count():
        page.wait_for_selector("section[data-proof-state]", timeout=60_000)
        assert page.get_attribute("section[data-proof-state]", "data-proof-state") == "ok", state
    return page


@pytest.mark.parametrize(("state", "lang"), EVERY)
def test_contrast_widths_targets_and_names(shared: Page, pages: dict[str, str], state: str, lang: str) -> None:
    page = opened(shared, pages, state, lang)
    for fold in page.locator("main details").all():
        fold.evaluate("e => { e.open = true }")
    assert page.evaluate(NAMES) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        assert page.evaluate(CONTRAST) == [], scheme
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(OVERFLOW) == [], width
        assert page.evaluate(SMALL_TARGETS) == [], width
    page.add_style_tag(content="html { font-size: 200% }")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(OVERFLOW) == [], f"{width} at 200 %"


@pytest.mark.parametrize("scripts", [True, False], ids=["with the verifier", "without scripts"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_once_it_is_shown(browser: Browser, pages: dict[str, str], width: int, scripts: bool) -> None:
    """While the page loads and the verifier writes its result; scrolled through, too."""
    # Without scripts of the page the observer still runs: it is the test's, not the page's.
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    set_clock(context, START)
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()
    if not scripts:
        page.route("**/static/verify*/**", lambda route: route.abort())
        page.route("**/static/verify.js*", lambda route: route.abort())
    for state, address in pages.items():
        page.goto(f"{address}&lang=zh", wait_until="load")
        if scripts and page.locator("[data-proof-url]").count():
            page.wait_for_selector("section[data-proof-state]", timeout=60_000)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        height = page.evaluate("() => document.documentElement.scrollHeight")
        for top in range(0, height, 800):
            page.evaluate("top => window.scrollTo(0, top)", top)
        page.wait_for_timeout(100)
        assert page.evaluate("() => window.shifted") == 0, state
    context.close()


WEIGHT_MAX = 60_000
"""Bytes of one visit with everything that it loads, as they come over the wire."""


@pytest.mark.parametrize("state", list(STATUSES))
def test_a_visit_weighs_no_more_than_sixty_kilobytes_with_scripts_and_proof(
    browser: Browser, pages: dict[str, str], state: str
) -> None:
    """A first visit, then another of the same phone: headers, page, style, scripts, pictures and the proof."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    set_clock(context, START)
    weights = [weighed(context.new_page(), pages, state) for _ in range(2)]
    context.close()
    print(f"{state}: {weights[0]} bytes at first, {weights[1]} again")
    assert 3_000 < weights[0] <= WEIGHT_MAX
    assert weights[1] <= weights[0]


def weighed(page: Page, pages: dict[str, str], state: str) -> int:
    """Open a state; return how many bytes came, none of them from anybody else."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    came: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, pages, state, "zh")
    page.wait_for_load_state("networkidle")
    host = pages[state].split("/")[2]
    assert [url for url in asked if url.split("/")[2] != host] == []
    assert len(came) >= 2
    return round(sum(came))


@pytest.mark.parametrize("state", list(STATUSES))
def test_printed(browser: Browser, pages: dict[str, str], state: str) -> None:
    """On paper: the status in words, no coloured field, no button, few sheets."""
    context = browser.new_context(locale="zh-CN")
    set_clock(context, START)
    page = opened(context.new_page(), pages, state, "zh")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator(".button:visible").count() == 0
    assert page.locator(".top__lang").is_hidden()
    face = page.evaluate("() => getComputedStyle(document.querySelector('.banner__face')).backgroundColor")
    assert face == "rgba(0, 0, 0, 0)"
    assert 1 <= page.pdf(format="A4").count(b"/Type /Page\n") <= 5
    context.close()
