"""Facts, days, names and codes are worded in the browser exactly as on the page that the server makes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from coldtrace.codes.short_code import format_short_code
from coldtrace.errors import Lang
from coldtrace.web import formats
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.place_words import CITY_DISTRICTS, PROVINCE_DISTRICTS, ROLES, district_words, role_words
from coldtrace.web.render import render
from support.browser import open_browser, serve_pages
from support.story import NOW, build_story
from support.story_page import page_view

LANGS: tuple[Lang, ...] = ("zh", "en")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("same")) as started:
        yield started


_FULL: dict[str, str | int] = {
    "product_zh": " 冷冻  去骨牛肉 ",
    "product_en": "Frozen <b>beef</b> & more",
    "origin_zh": "巴西",
    "storage_en": "-18 °C",
    "importer_zh": "某公司",
    "importer_city_en": "Tianjin",
    "port_zh": "天津新港",
    "port_en": "Tianjin Xingang",
    "spec": "20KG/箱",
    "maker_lot": "M1",
    "lot": "L1",
    "plant": "FRIGORÍFICO",
    "plant_reg": "X" * 300,
    "quarantine_cert": "12000012611180456",
    "quarantine_state": "certificate_verified",
    "source": "official_data",
    "net_g": 19550,
}
_DAYS = (
    "2026-11-26",
    "2026-11-27",
    "2026-11-28",
    "2026-11-25",
    "2026-11-01",
    "2028-02-29",
    "2027-02-29",
    "2026-11",
    "20261105",
    "0000-01-01",
    "0099-03-01",
    "9999-12-31",
    "soon",
    "",
)
FACTS: list[dict[str, str | int]] = [
    {},
    _FULL,
    {
        "product_en": "Only English",
        "port_en": "Only English",
        "source": "__proto__",
        "quarantine_state": "official_data",
    },
    {"product_zh": 5, "net_g": "5", "expiry_date": 20261126, "plant": ""},
    *({**_FULL, "expiry_date": each, "production_date": each, "entry_date": each} for each in _DAYS),
    *(
        {"shelf_life": each}
        for each in ("P24M", "24个月", "1 year", "P1D", "12月", "18 MONTHS", "见包装", "2日", "P1Y")
    ),
    *({"net_g": each} for each in (0, -5, 1, 500, 1000, 20_000, 19_625, 2**53 - 1)),
    *({"quarantine_cert": each} for each in ("A", "1200…0456", "A123456", "12345678901", "123456789012", "…0456")),
]


class _Marked(HTMLParser):
    """Collects the text of every element with a mark."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = dict(attrs).get("data-fact")
        if self._open is not None:
            self.found[self._open] = ""

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.found[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = None


def _said(html: str) -> dict[str, str]:
    reader = _Marked()
    reader.feed(html)
    return {mark: " ".join(text.split()) for mark, text in reader.found.items() if mark != "code"}


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    with serve_pages({"/blank": "<!doctype html><title>blank</title>"}) as base:
        page = browser.new_page()
        page.goto(f"{base}/blank")
        yield page
        page.close()


def call(page: Page, body: str, argument: object) -> Any:
    return page.evaluate(f"async (a) => {{ const m = await import('/static/verify/shown.js'); {body} }}", argument)


@pytest.mark.parametrize("lang", LANGS)
def test_browser_and_page_make_the_same_texts(blank: Page, lang: Lang) -> None:
    today = NOW.astimezone(formats.LOCAL).date()
    view = page_view(build_story().bundle(), url="/x")
    expected = [
        _said(render("consumer/unit.html", replace(view, goods=read_goods(facts, today=today)), lang))
        for facts in FACTS
    ]
    body = """return a.facts.map((facts) => Object.fromEntries([...m.factTexts(facts, a.lang, a.today)]
      .map(([name, text]) => [name, text.replace(/\\s+/g, ' ').trim()])));"""
    found = call(blank, body, {"facts": FACTS, "lang": lang, "today": today.isoformat()})
    for facts, page_says, browser_says in zip(FACTS, expected, found, strict=True):
        assert browser_says == page_says, json.dumps(facts, ensure_ascii=False)
    assert len(expected[1]) == 15


@pytest.mark.parametrize("lang", LANGS)
def test_days_moments_and_names(blank: Page, lang: Lang) -> None:
    stretches = [("2026-11-18", "2026-11-19"), ("2026-11-30", "2026-12-01"), ("2026-11-30", "2026-11-30")]
    districts = [*CITY_DISTRICTS, *PROVINCE_DISTRICTS, "990000", "130100"]
    roles = [*ROLES, "somewhere"]
    body = """return {
      days: a.stretches.map(([first, last]) => m.days(first, last, a.lang)),
      moment: m.moment(a.at, a.lang),
      districts: a.districts.map((each) => m.districtWords(each, a.lang)),
      roles: a.roles.map((each) => m.roleWords(each, a.lang)),
    };"""
    asked = {"stretches": stretches, "at": formats.iso(NOW), "lang": lang, "districts": districts, "roles": roles}
    assert call(blank, body, asked) == {
        "days": [formats.days(first, last, lang) for first, last in stretches],
        "moment": formats.moment(NOW, lang),
        "districts": [getattr(district_words(each), lang) for each in districts],
        "roles": [getattr(role_words(each), lang) for each in roles],
    }


def test_codes_in_signs_for_people(blank: Page) -> None:
    serials = ["7QK4M2ZX9RTB", "000000000000", "8QK4M2ZX9RT0"]
    codes = [[["01", "09506000134352"], ["21", each]] for each in serials]
    codes += [[["00", "106141412345678908"]], [["01", "09506000134352"], ["21", "abc"]], [["414", "9521234000013"]]]
    expected = [*map(format_short_code, serials), "106 141 412 345 678 908", None, None]
    assert call(blank, "return a.map(m.codeLabel)", codes) == expected
