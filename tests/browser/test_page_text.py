"""The page beside its proof: what the visitor reads is what was signed, or the visitor's browser says that it is not.

The page is that of a real service; what an operator who lies would change of it is changed on the way to the browser.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from coldtrace.errors import Lang
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.web import formats
from coldtrace.web.pages.views import JourneyStop, Temperature
from coldtrace.web.place_words import district_words
from support.browser import NO_ED25519, open_browser, serve_pages, set_clock
from support.call_scene import fresh_declaration
from support.cold_road import arrived
from support.databases import Databases
from support.house import unit_line
from support.story import NOW, build_story
from support.story_page import page_view, story_page
from support.ticking import START
from support.web_house import WebHouse, web_house

LANGS: tuple[Lang, ...] = ("zh", "en")
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("text"), anonymous_requests_per_minute=100_000) as made:
        yield made


@pytest.fixture(scope="module")
def box(web: WebHouse) -> str:
    """The address of a box that went all the way and was sold."""
    made = web.consignment(cartons=2)
    web.walk(made.pallets[0])
    web.sell(made.carton.unit_id)
    web.settle()
    return str(web.client.base_url).rstrip("/") + web.path(made.carton.uri)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("text")) as started:
        yield started


def looked_at(browser: Browser, url: str, change: Change | None = None) -> tuple[str, tuple[str, str], list[str]]:
    """Open a page; return how its proof ended, result and reason of the check `page`, and the texts in red."""
    page = browser.new_page()
    set_clock(page, START)

    def changed(route: Route) -> None:
        answer = route.fetch()
        assert change is not None
        body = change(answer.text())
        assert body != answer.text(), "the change is one"
        route.fulfill(response=answer, body=body)

    if change is not None:
        page.route(lambda asked: asked.startswith(url.partition("?")[0]) and "linkType" not in asked, changed)
    page.goto(url)
    page.wait_for_selector("section[data-proof-state]", timeout=60_000)
    state = page.get_attribute("section[data-proof-state]", "data-proof-state") or ""
    line = page.locator('[data-check="page"]')
    said = (line.get_attribute("data-result") or "", line.get_attribute("data-reason") or "")
    red = page.locator("[data-differs]").all_text_contents()
    page.close()
    return state, said, red


@pytest.mark.parametrize("lang", LANGS)
def test_a_true_page_passes(browser: Browser, box: str, lang: str) -> None:
    assert looked_at(browser, f"{box}&lang={lang}") == ("ok", ("passed", ""), [])


def swap(old: str, new: str) -> Change:
    """Return the change of all of a text as a reader sees it, and of nothing in an address or an attribute."""
    return lambda html: re.sub(rf">([^<>]*){re.escape(old)}([^<>]*)<", rf">\g<1>{new}\g<2><", html)


MARKED = [
    "code",
    "product_zh",
    "product_en",
    "origin_zh",
    "origin_en",
    "expiry_date",
    "days_left",
    "production_date",
    "shelf_life",
    "storage_zh",
    "storage_en",
    "spec",
    "net_g",
    "lot",
    "plant",
    "plant_reg",
    "importer_zh",
    "importer_en",
    "importer_city",
    "port",
    "entry_date",
    "quarantine_cert",
    "quarantine_state",
    "source",
]


def test_every_fact_on_the_page_is_marked(web: WebHouse, box: str) -> None:
    """What is missing here of the list is missing in the test below."""
    html = web.client.get(box, headers={"Accept": "text/html"}).text
    assert set(re.findall(r'data-fact="(\w+)"', html)) == set(MARKED)


_EACH = """async (marks) => {
  const { verifyBundle } = await import('/static/verify.js');
  const { comparePage } = await import('/static/verify/compare.js');
  const answer = await fetch(document.querySelector('[data-proof-url]').dataset.proofUrl);
  const report = await verifyBundle(await answer.text(), { byOwnRoot: true });
  const judge = (change, restore) => {
    change();
    const { result, reason } = comparePage(document, report, 'zh');
    const red = document.querySelectorAll('[data-differs]').length;
    document.querySelectorAll('[data-differs]').forEach((each) => delete each.dataset.differs);
    restore();
    return [result, reason, red > 0];
  };
  return marks.flatMap((mark) => {
    const element = document.querySelector(`[data-fact="${mark}"]`);
    const said = element.textContent;
    return [
      judge(() => { element.textContent = 'Otherwise'; }, () => { element.textContent = said; }),
      judge(() => { delete element.dataset.fact; }, () => { element.dataset.fact = mark; }),
      judge(() => { element.style.visibility = 'hidden'; }, () => { element.style.visibility = ''; }),
      judge(() => {}, () => {}),
    ].map((found) => [mark, ...found]);
  });
}"""


def test_each_fact_with_another_text_without_its_mark_or_out_of_sight_is_refused(browser: Browser, box: str) -> None:
    page = browser.new_page()
    set_clock(page, START)
    page.goto(f"{box}&lang=zh")
    page.wait_for_selector("section[data-proof-state]", timeout=60_000)
    found = page.evaluate(_EACH, MARKED)
    page.close()
    differs, same = ["failed", "page_differs", True], ["passed", "", False]
    assert found == [[mark, *each] for mark in MARKED for each in (differs, differs, differs, same)]


@pytest.fixture
def told(browser: Browser) -> Iterator[Callable[..., tuple[str, dict[str, list[str]], str]]]:
    """Opens a page with another proof or at another time: how it ended, each check, and what is said in sight."""
    opened: list[Page] = []

    def look(
        url: str, proof: Callable[[Any], Any] | None = None, *, at: datetime = START, change: Change | None = None,
        script: str = "",
    ) -> tuple[str, dict[str, list[str]], str]:  # fmt: skip
        page = browser.new_page()
        opened.append(page)
        set_clock(page, at)
        if script:
            page.add_init_script(script)

        def answered(route: Route) -> None:
            if "linkType=proof" in route.request.url and proof is None:
                route.continue_()
                return
            answer = route.fetch()
            if "linkType=proof" in route.request.url:
                assert proof is not None
                route.fulfill(response=answer, json=proof(answer.json()))
            else:
                body = (change or (lambda html: html))(answer.text())
                assert change is None or body != answer.text(), "the change is one"
                route.fulfill(response=answer, body=body)

        page.route(lambda asked: asked.startswith(url.partition("?")[0]), answered)
        page.goto(url)
        page.wait_for_selector("section[data-proof-state]", timeout=60_000)
        checks = page.locator("[data-check]").evaluate_all(
            "all => Object.fromEntries(all.map(e => [e.dataset.check, [e.dataset.result, e.dataset.reason ?? '']]))"
        )
        state = page.get_attribute("section[data-proof-state]", "data-proof-state") or ""
        said = " ".join(page.locator(".proof__said:visible, .banner__local:visible").all_inner_texts())
        green = page.evaluate(
            "() => [getComputedStyle(document.querySelector('.banner__face')).backgroundColor,"
            " getComputedStyle(document.documentElement).getPropertyValue('--ok')]"
        )
        probe = page.evaluate(
            "c => { const e = document.createElement('i'); e.style.color = c; document.body.append(e);"
            " return getComputedStyle(e).color; }",
            green[1],
        )
        return state, checks, said + (" [green]" if green[0] == probe else "")

    yield look
    for page in opened:
        page.close()


def _without_facts(bundle: Any) -> Any:
    return {**bundle, "facts": None}


OTHER_NAME = r"""<span data-fact="product_zh" translate="no">神户和牛</span>"""


def _another_product(html: str) -> str:
    return re.sub(r'<span[^>]*data-fact="product_zh"[^>]*>[^<]*</span>', OTHER_NAME, html)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("不能说这一箱没有问题", "商品信息与首站记录一致（商品信息未随凭证提供）", "本页文字（")),
        (
            "en",
            ("cannot say that this box is in order", "(the product facts are not in the file)", "Text of this page ("),
        ),
    ],
)
def test_a_proof_without_its_facts_makes_no_page_green(told: Any, box: str, lang: str, words: tuple[str, ...]) -> None:
    """A server that withholds them could name any product."""
    assert "[green]" in told(f"{box}&lang={lang}")[2], "the true one is"
    state, checks, said = told(f"{box}&lang={lang}", _without_facts, change=_another_product)
    assert (state, checks["facts"], checks["page"]) == (
        "incomplete",
        ["not_checked", "facts_not_shown"],
        ["not_checked", "page_not_compared"],
    )
    assert "failed" not in [result for result, _ in checks.values()]
    for each in words:
        assert each in said
    assert "[green]" not in said


@pytest.mark.parametrize(("lang", "word"), [("zh", "列表已过期"), ("en", "the list has expired")])
def test_a_list_past_its_end_makes_no_page_green(told: Any, web: WebHouse, box: str, lang: str, word: str) -> None:
    """An old list says nothing of a key that was stolen since; the page itself is of today."""
    late = START + timedelta(days=10)
    renew: Change = lambda html: re.sub(  # noqa: E731
        r"<time datetime=\"[^\"]*\" title=\"UTC\+08:00\">[^<]*<",
        f'<time datetime="{formats.iso(late)}" title="UTC+08:00">'
        + ("查询时间 " if lang == "zh" else "Looked up ")
        + f"{formats.moment(late, 'zh' if lang == 'zh' else 'en')}<",
        html,
    )
    state, checks, said = told(f"{box}&lang={lang}", at=late, change=renew)
    assert checks["trust_list_fresh"] == ["not_checked", "list_expired"]
    assert (state, "[green]" in said) == ("incomplete", False)
    assert word in said


@pytest.mark.parametrize(("lang", "word"), [("zh", "没有证明任何事"), ("en", "it has proved nothing")])
def test_a_browser_without_ed25519_says_that_it_proved_nothing(told: Any, box: str, lang: str, word: str) -> None:
    state, checks, said = told(f"{box}&lang={lang}", script=NO_ED25519)
    assert (state, checks["trust_list"]) == ("limited", ["not_checked", "browser_lacks_ed25519"])
    assert word in said
    assert "Ed25519" in said


def test_a_page_of_another_day_is_refused(told: Any, box: str) -> None:
    """Its days left would fit its own moment, and the goods be past their date."""
    state, checks, _ = told(f"{box}&lang=zh", at=START + timedelta(days=2))
    assert (state, checks["page"]) == ("failed", ["failed", "page_old"])


_PAST = """async (banner) => {
  const { verifyBundle } = await import('/static/verify.js');
  const { comparePage } = await import('/static/verify/compare.js');
  const { factTexts, localDay } = await import('/static/verify/shown.js');
  const answer = await fetch(document.querySelector('[data-proof-url]').dataset.proofUrl);
  const report = await verifyBundle(await answer.text(), { byOwnRoot: true });
  report.facts.expiry_date = '2026-11-20';
  const told = factTexts(report.facts, 'en', localDay(document.querySelector('.banner__when time').dateTime));
  for (const mark of ['expiry_date', 'days_left']) {
    document.querySelector(`[data-fact="${mark}"]`).textContent = told.get(mark);
  }
  const section = document.querySelector('.banner');
  if (banner.tone) section.className = `banner banner--${banner.tone}`;
  if (banner.word) section.querySelector('h1').textContent = banner.word;
  const { result, reason } = comparePage(document, report, 'en');
  return [result, reason, 'differs' in section.dataset];
}"""


@pytest.mark.parametrize(
    ("tone", "word", "found"),
    [
        ("", "", ["failed", "page_differs", True]),
        ("stop", "", ["failed", "page_differs", True]),
        ("", "Past its date: do not eat", ["failed", "page_differs", True]),
        ("stop banner--ok", "Past its date: do not eat", ["failed", "page_differs", True]),
        ("stop", "Past its date: do not eat", ["passed", "", False]),
        ("stop", "Recalled: do not eat", ["passed", "", False]),
    ],
)
def test_goods_past_their_signed_date_stand_under_no_banner_that_lets_them_pass(
    browser: Browser, box: str, tone: str, word: str, found: list[object]
) -> None:
    page = browser.new_page()
    set_clock(page, START)
    page.goto(f"{box}&lang=en")
    page.wait_for_selector("section[data-proof-state]", timeout=60_000)
    assert page.evaluate(_PAST, {"tone": tone, "word": word}) == found
    page.close()


def _hidden(html: str) -> str:
    """The true product name out of sight, another one in sight."""
    return re.sub(r'(<span)( data-fact="product_zh"[^>]*>)', r"<b>神户和牛</b>\1 hidden\2", html)


def _another_row(html: str) -> str:
    return html.replace(
        '<dl class="facts">', '<dl class="facts"><div class="fact"><dt>Organic</dt><dd>yes</dd></div>', 1
    )


LIES: dict[str, Change] = {
    "a name out of sight": _hidden,
    "another row": _another_row,
    "a fact": lambda html: re.sub(r'(data-fact="importer_en"[^>]*>)[^<]*<', r"\g<1>Somebody else<", html),
    "a row left out": lambda html: html.replace('data-row="8"', 'data-row="80"'),
    "a row twice": lambda html: html.replace('data-row="10"', 'data-row="9"'),
    "who checked it": swap("进口商申报，未经核验", "官方数据"),
    "not stated": lambda html: re.sub(
        r'<span class="raw" data-fact="plant"[^<]*<', '<span class="missing">未提供<', html
    ),
    "the moment": lambda html: re.sub(r"(<time[^>]*>查询时间 )\d{4}", r"\g<1>2020", html),
    "a date": lambda html: re.sub(r'(data-fact="expiry_date">)[^<]*<', r"\g<1>2099年1月1日 到期<", html),
    "a stop's place": swap(district_words("120116").zh, "天津市宁河区"),
    "a stop's kind": lambda html: html.replace('<span class="stop__role">冷库', '<span class="stop__role">海关', 1),
    "a stop's act": lambda html: re.sub(
        r'(class="stop__did">.*?<span>)[^<]*<', r"\g<1>查验<", html, count=1, flags=re.S
    ),
    "a stop's day": lambda html: re.sub(
        r'(<span class="stop__date"><time[^>]*>)[^<]*<', r"\g<1>2026年1月1日<", html, count=1
    ),
    "a stop's day in both": lambda html: html.replace('data-first="2026-', 'data-first="2025-', 1),
    "row 12 at another place": lambda html: html.replace(
        '<dl class="facts">',
        '<dl class="facts"><div class="fact" data-row="12"><dt>分装</dt><dd>有机认证</dd></div>',
        1,
    ),
    "row 12 twice": lambda html: re.sub(
        r'(<div class="fact" data-row="12">)',
        r'<div class="fact" data-row="12"><dd>有机认证</dd></div>\1',
        html,
        count=1,
    ),
    "another name for row 12": lambda html: re.sub(r'(data-row="12">\s*<dt>)[^<]*<', r"\1有机认证<", html, count=1),
    "a warm stop": swap("温度：无数据", "温度：合规"),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_page_that_says_otherwise_is_refused(browser: Browser, box: str, lie: str) -> None:
    state, said, _ = looked_at(browser, f"{box}&lang=zh", LIES[lie])
    assert (state, said) == ("failed", ("failed", "page_differs"))


@pytest.fixture(scope="module")
def warm(web: WebHouse) -> str:
    """The address of a box that was cold at the port, and too warm by the word of the store's own system."""
    pallet = arrived(web, "breach", port="ok")
    web.settle()
    return str(web.client.base_url).rstrip("/") + web.path(pallet.cartons[0].uri)


def _cold_card(html: str) -> str:
    return re.sub(r'(class="band__word">)超温<', r"\g<1>合规<", html)


COLD_LIES: dict[str, tuple[Change, str]] = {
    "another stop's word": (swap("温度：合规", "温度：超温"), "page_differs"),
    "no data where there is": (swap("温度：合规", "温度：无数据"), "page_lacks_records"),
    "no data of a breach": (swap("温度：超温", "温度：无数据"), "page_lacks_records"),
    "within limits for a breach": (swap("温度：超温", "温度：合规"), "page_differs"),
    "a word out of sight": (lambda html: html.replace('"stop__cold"', '"stop__cold" hidden'), "page_differs"),
    "no data all the way": (
        lambda html: re.sub(r'(class="band__word">)超温<', r"\g<1>无数据<", html), "page_lacks_records"
    ),
    "within limits all the way": (_cold_card, "page_differs"),
    "no row 14": (lambda html: html.replace('data-row="14"', 'data-row="140"'), "page_differs"),
}  # fmt: skip


def test_a_signed_breach_is_compared_stop_by_stop(browser: Browser, warm: str) -> None:
    for lang in LANGS:
        assert looked_at(browser, f"{warm}&lang={lang}") == ("ok", ("passed", ""), [])
    found = {name: looked_at(browser, f"{warm}&lang=zh", lie)[1] for name, (lie, _) in COLD_LIES.items()}
    assert found == {name: ("failed", reason) for name, (_, reason) in COLD_LIES.items()}


def test_a_stop_that_is_left_out_is_refused(browser: Browser, box: str) -> None:
    """It might have come about meanwhile, so the page is loaded again once."""
    change: Change = lambda html: re.sub(r'<li class="stop[^>]*data-stop="market".*?</li>', "", html, flags=re.S)  # noqa: E731
    state, said, _ = looked_at(browser, box, change)
    assert (state, said) == ("failed", ("failed", "page_lacks_records"))


def test_goods_that_move_while_the_page_is_shown_are_no_lie(browser: Browser, web: WebHouse, box: str) -> None:
    """The page is from before the box was opened, its proof from after: it is loaded again and is right."""
    made = web.consignment(declaration=fresh_declaration(), cartons=1)
    web.walk(made.pallets[0])
    web.settle()
    url = str(web.client.base_url).rstrip("/") + web.path(made.carton.uri)
    before = web.client.get(url, headers={"Accept": "text/html", "Accept-Language": "en"}).text
    web.tell(SiteRole.RETAILER, T.SELL, [unit_line(made.carton.unit_id)])
    web.settle()
    page = browser.new_page(locale="en-GB")
    set_clock(page, START)
    shown: list[str] = []

    def old_once(route: Route) -> None:
        shown.append(route.request.url)
        answer = route.fetch()
        route.fulfill(response=answer, body=before if len(shown) == 1 else answer.text())

    page.route(lambda asked: asked.startswith(url.partition("?")[0]) and "linkType" not in asked, old_once)
    page.goto(url)
    page.wait_for_selector("section[data-proof-state]", timeout=60_000)
    assert page.get_attribute("section[data-proof-state]", "data-proof-state") == "ok"
    assert page.get_attribute('[data-check="page"]', "data-result") == "passed"
    assert len(shown) == 2
    page.close()


def test_a_stop_that_is_not_in_the_log_yet_says_so_and_passes(browser: Browser) -> None:
    bundle = build_story().bundle()
    later = JourneyStop(
        role="market", district="120103", first_date="2026-11-26", last_date="2026-11-26", acts=("find",)
    )
    journey = page_view(bundle, url="/good.json").journey
    partly = Temperature(state="unknown", in_part=True)
    pages = {"/good.json": bundle}
    for name, waiting in (("said", True), ("unsaid", False)):
        stops = (*journey, replace(later, waiting=waiting))
        pages[f"/{name}"] = story_page(bundle, "zh", url="/good.json", journey=stops, temperature=partly)
        assert ("可下载的凭证里没有这一站的全部记录" in pages[f"/{name}"]) is waiting
    with serve_pages(pages) as base:
        found = {name: _checked(browser, f"{base}/{name}") for name in ("said", "unsaid")}
    assert found == {"said": ["passed", ""], "unsaid": ["failed", "page_differs"]}


def _checked(browser: Browser, url: str) -> list[str]:
    page = browser.new_page()
    page.clock.set_fixed_time(NOW)
    page.goto(url)
    line = page.locator('[data-check="page"]')
    line.wait_for()
    found = [line.get_attribute("data-result") or "", line.get_attribute("data-reason") or ""]
    page.close()
    return found
