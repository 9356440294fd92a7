"""Every template with short, long, missing and hostile data, in both languages: what is there and what is not."""

import gzip
import re
from dataclasses import fields, is_dataclass, replace
from datetime import date
from importlib.resources import files
from itertools import pairwise, product
from typing import Any, get_args, get_type_hints

import pytest

from coldtrace.errors import Lang
from coldtrace.web.pages import views
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.render import render
from coldtrace.web.status_words import STATUSES, VERDICTS, Status, Tone
from support.hostile_views import with_every_text
from support.html_tree import Node, read_page
from support.page_samples import (
    BREACH,
    FOREIGN,
    FRESH,
    FRONT,
    GOODS,
    HERE,
    LONG,
    MISSING,
    PAGES,
    PRODUCT,
    RECALLED_BY_NUMBER,
    REFUSED,
    SOLD,
)

LANGS: tuple[Lang, ...] = ("zh", "en")
EVERY = [pytest.param(name, lang, id=f"{name}-{lang}") for name, lang in product(PAGES, LANGS)]
UNITS = [name for name in PAGES if name.startswith("unit")]
UNIT = "consumer/unit.html"


def page(name: str, lang: Lang) -> Node:
    """Return the tree of one of the sample pages."""
    template, view = PAGES[name]
    return read_page(render(template, view, lang))


def one(tree: Node, tag: str, **attributes: str) -> Node:
    """Return the only such element."""
    found = tree.all(tag, **attributes)
    assert len(found) == 1, f"{len(found)} <{tag}> {attributes}"
    return found[0]


# What every page has


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_frame_and_landmarks(name: str, lang: Lang) -> None:
    """One language, one title, one main, header, footer, one h1, headings without a gap, a way past the header."""
    tree = page(name, lang)
    assert one(tree, "html").attributes["lang"] == {"zh": "zh-CN", "en": "en"}[lang]
    assert one(tree, "title").text
    for landmark in ("main", "header", "footer", "h1"):
        one(tree, landmark)
    assert "data-status" in one(tree, "body").attributes
    levels = [int(node.tag[1]) for node in tree.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tree.all("a")[0].attributes["href"] == "#" + one(tree, "main").attributes["id"]


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_names_for_those_who_listen(name: str, lang: Lang) -> None:
    """Ids are unique, references lead somewhere, links and buttons have words, fields have labels, pictures a twin."""
    tree = page(name, lang)
    ids = [node.attributes["id"] for node in tree.having("id")]
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby", "for"):
        assert {node.attributes[attribute] for node in tree.having(attribute)} <= set(ids)
    for node in tree.all("a", "button"):
        assert node.text or node.attributes.get("aria-label"), node
    for field in tree.all("input", "select", "textarea"):
        if field.attributes.get("type") != "hidden":
            assert tree.all("label", **{"for": field.attributes["id"]}), field
    for picture in tree.all("svg"):
        assert picture.attributes["aria-hidden"] == "true"
    for section in tree.all("section"):
        assert section.having("aria-labelledby") or "aria-labelledby" in section.attributes or section.attributes


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_language_switch_keeps_the_address(name: str, lang: Lang) -> None:
    """Both languages are links in sight, the present one is marked, and the code's address stays byte for byte."""
    tree = page(name, lang)
    links = one(tree, "nav", **{"class": "top__lang"}).all("a")
    assert [link.text for link in links] == ["中文", "English"]
    assert [link.attributes["lang"] for link in links] == ["zh-CN", "en"]
    assert [i for i, link in enumerate(links) if "aria-current" in link.attributes] == [LANGS.index(lang)]
    here = PAGES[name][1].here
    for link, other in zip(links, LANGS, strict=True):
        assert link.attributes["href"] == f"{here}{'&' if '?' in here else '?'}lang={other}"


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_nothing_from_elsewhere_and_nothing_inline(name: str, lang: Lang) -> None:
    """All that a browser loads is ours; no style or script stands in the page, so that the CSP can stay strict."""
    tree = page(name, lang)
    loaded = [n.attributes["href"] for n in tree.all("link")] + [n.attributes["src"] for n in tree.having("src")]
    assert all(address.startswith("/static/") for address in loaded)
    assert not tree.all("style", "iframe", "object", "embed", "base", "img")
    for script in tree.all("script"):
        assert script.attributes["type"] == "module"
        assert not script.text
    for node in tree.walk():
        assert not [key for key in node.attributes if key == "style" or key.startswith("on")]
    outside = [a for n in tree.all("a") if not re.match(r"/(?!/)|#", a := n.attributes["href"])]
    registered = {link.href for link in PRODUCT.links}
    allowed = {"tel:12315", "https://example.gov.cn/recall/17", FOREIGN.platform_url, *registered}
    assert set(outside) <= allowed
    assert all(re.match(r"/(?!/)", n.attributes["action"]) for n in tree.all("form"))
    for each in tree.all("form", method="post"):
        if each.attributes["action"].startswith("/complaints"):
            # No session stands behind it; a page of strangers is refused by its origin.
            continue
        assert each.all("input", type="hidden", name="csrf"), "no form changes anything without its token"


_CJK = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
# Proper names and what has no Chinese word: the product's command, formats, the published host.
_NAMES = re.compile(
    r"https?://\S+|[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]|coldtrace demo|Cookie|OpenAPI|PDF|CSV|JSON|JPEG"
    r"|PNG|WebP|MB|UTC\+08:00|English"
)


def told(tree: Node) -> list[tuple[str | None, str]]:
    """Return (language, text) of all that a reader sees or hears, data of others left out."""
    found: list[tuple[str | None, str]] = []
    for node, text in tree.texts():
        if node.nearest("translate") != "no" and node.tag not in ("code", "pre"):
            found.append((node.nearest("lang"), text))
    for attribute in ("aria-label", "title", "data-label"):
        found += [(node.nearest("lang"), node.attributes[attribute]) for node in tree.having(attribute)]
    return found


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_no_stray_words_of_the_other_language(name: str, lang: Lang) -> None:
    """A Chinese page says nothing in English but names, an English page nothing in Chinese."""
    for tag, text in told(page(name, lang)):
        if tag == "zh-CN":
            assert not _LATIN.search(_NAMES.sub("", text)), text
        else:
            assert not _CJK.search(text), text


# Hostile data

_XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(1)></textarea>{{ 7 * 7 }}{% x %}{zh}&amp;&#60;b"


@pytest.mark.parametrize("hostile", [_XSS, "/" + _XSS], ids=["text", "path"])
@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_hostile_text_stays_text(name: str, lang: Lang, hostile: str) -> None:
    """Every free text of every view is shown as it is and never becomes a part of the page."""
    template, view = PAGES[name]
    plain = page(name, lang)
    tree = read_page(render(template, with_every_text(view, hostile), lang))
    for tag in ("script", "img", "b", "textarea"):
        assert len(tree.all(tag)) <= len(plain.all(tag))
    assert not tree.having("onerror")
    assert "{{ 7 * 7 }}" in tree.text or not [text for text in _free_texts(view) if text in plain.text]
    for node in tree.having("href"):
        assert re.match(r"/(?![/\\])|#|tel:12315$", node.attributes["href"])


def _free_texts(value: object) -> list[str]:
    if isinstance(value, str) and type(value) is str:
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in _free_texts(item)]
    if is_dataclass(value):
        names = [f.name for f in fields(value) if f.name not in ("here", "host", "verdict")]
        return [text for name in names for text in _free_texts(getattr(value, name))]
    return []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example/", "/\\evil.example", "x"])
def test_a_link_is_a_path_or_http(url: str) -> None:
    """An address of another kind is left out, with its button."""
    assert RECALLED_BY_NUMBER.recall is not None
    recalled = replace(RECALLED_BY_NUMBER, recall=replace(RECALLED_BY_NUMBER.recall, url=url), complaint_url=url)
    for template, view in (
        (UNIT, recalled),
        ("consumer/foreign.html", replace(FOREIGN, platform_url=url)),
        ("door/front.html", replace(FRONT, here=url, samples=(views.Sample(kind="box", url=url),))),
    ):
        for lang in LANGS:
            tree = read_page(render(template, view, lang))
            hrefs = [node.attributes["href"] for node in tree.having("href")]
            assert not [href for href in hrefs if href == url or not re.match(r"/(?![/\\])|#|tel:12315$", href)]


# The consumer's rows


@pytest.mark.parametrize(("name", "lang"), [p for p in product(UNITS, LANGS)])
def test_all_rows_in_order(name: str, lang: Lang) -> None:
    """Rows 1 to 18 of the domain guide are there, once each, in order, and none is empty."""
    rows = page(name, lang).having("data-row")
    assert [row.attributes["data-row"] for row in rows] == [str(number) for number in range(1, 19)]
    assert all(row.text for row in rows)


@pytest.mark.parametrize("lang", LANGS)
def test_each_fact_names_its_source(lang: Lang) -> None:
    """Rows 3 to 11 carry who stated them; a fact from elsewhere says so in sight."""
    rows = {node.attributes["data-row"]: node for node in page("unit-breach", lang).having("data-row")}
    for number in range(3, 11):
        row = rows[str(number)]
        assert row.attributes.get("data-source") == "official_data" or row.all("p", data_source="official_data")
        assert {"zh": "官方数据", "en": "Official data"}[lang] in row.text
    assert {"zh": "已与证书核对", "en": "Checked against the certificate"}[lang] in rows["11"].text


@pytest.mark.parametrize("lang", LANGS)
def test_the_banner_is_first_and_speaks_for_machines(lang: Lang) -> None:
    """Status, tone and verdict stand on the body; the banner is the first thing in main and has the only h1."""
    for name, (_, view) in PAGES.items():
        if not isinstance(view, views.CodePageView):
            continue
        tree = page(name, lang)
        body = one(tree, "body").attributes
        assert (body["data-status"], body["data-tone"]) == (view.status, view.advice.tone)
        assert body["data-verdict"] == view.verdict
        first = one(tree, "main").all("section")[0]
        assert first.attributes["data-row"] == "1"
        assert one(first, "h1").text == (view.advice.headline.zh if lang == "zh" else view.advice.headline.en)
        assert first.all("svg")


def test_temperature_without_data_is_grey() -> None:
    """No data is a state of its own and never the colour of a good one."""
    row = one(page("unit-sold", "zh"), "section", data_row="14")
    assert row.attributes["data-cold"] == "unknown"
    assert row.all("div", **{"class": "band band--unknown"})
    assert "无数据" in row.text
    assert "合规" not in row.text
    for stop in one(page("unit-sold", "en"), "section", data_row="13").having("data-stop"):
        assert stop.attributes["data-cold"] == "unknown"
        assert "No data" in stop.text


def test_look_ups_say_the_number_and_the_hour_of_the_first() -> None:
    """The first visitor is told so; a later one gets the number and when it began, to the hour."""
    assert "首次查询" in one(page("unit-fresh", "zh"), "section", data_row="2").text
    row = one(page("unit-sold", "zh"), "section", data_row="2").text
    assert "第 3 次查询" in row
    assert "2026年11月23日 12 时" in row
    assert "12:04" not in row


def test_journey_shows_kind_district_days_and_doings() -> None:
    """The line has a stop for each stay; a missing hand-over and a box on its way are said in words."""
    stops = one(page("unit-sold", "en"), "section", data_row="13").having("data-stop")
    assert [stop.attributes["data-stop"] for stop in stops] == [
        "first_station", "cold_store", "distributor", "market", "retailer",
    ]  # fmt: skip
    assert "Tianjin, Binhai New Area" in stops[0].text
    assert "18–19 Nov 2026" in stops[0].text
    assert "Code applied Put on a pallet Sent out" in stops[0].text
    assert "Nobody signed a hand-over" in one(page("unit-breach", "en"), "section", data_row="13").text
    assert "On the way" in one(page("unit-fresh", "en"), "section", data_row="13").text


@pytest.mark.parametrize("lang", LANGS)
def test_recall_says_first_what_to_do(lang: Lang) -> None:
    """The steps stand in the banner when it is recalled, and below, for the day it happens, when it is not."""
    banner = one(page("unit-recalled", lang), "section", data_row="1")
    assert len(banner.all("li")) == 5
    assert "12315" in banner.text
    notice = one(page("unit-sold", lang), "section", data_row="18")
    assert len(notice.all("li")) == 5


def test_proof_for_scripts_and_without() -> None:
    """The list is empty for the script; without it the server's verdict, the download and the command are there."""
    tree = page("unit-sold", "en")
    section = one(tree, "section", id="proof")
    assert section.attributes["data-proof-url"] == SOLD.proof.url
    assert not one(section, "ul").text
    assert "data-proof-list" in one(section, "ul").attributes
    assert "11 checks passed, 0 failed, 1 not checked" in section.text
    # The command as printed holds a file to a root and to this code; without, a forged one would hold as well.
    code = f"https://{SOLD.host}{SOLD.proof.url}"
    assert f'coldtrace verify FILE --root root.json --code "{code}"' in section.text
    proof, root = section.all("a")
    assert proof.attributes["href"] == SOLD.proof.url
    assert (root.attributes["href"], root.attributes["download"]) == ("/api/v1/root", "root.json")
    assert one(section, "noscript").text
    assert [s.attributes["src"].partition("?")[0] for s in tree.all("script")] == ["/static/verify/whole.js"]
    for quiet in (FRESH, MISSING):
        tree = read_page(render(UNIT, quiet, "en"))
        assert not tree.having("data-proof-url")
        assert not tree.all("script")


def test_complaint_has_the_code_and_no_dead_button() -> None:
    """Until complaints are taken on the page there is a number to call, and the code to say."""
    row = one(page("unit-sold", "zh"), "section", data_row="17")
    assert "7QK4-M2ZX-9RTB-5" in row.text
    assert [link.attributes["href"] for link in row.all("a")] == ["tel:12315"]
    open_desk = read_page(render(UNIT, replace(SOLD, complaint_url="/complaints/new?code=x"), "zh"))
    assert len(one(open_desk, "section", data_row="17").all("a")) == 2


# What is never shown

SECRETS = {
    "price_cents": 4_711_00,
    "quantity": 1_199,
    "to_name": "GEHEIM Kunde GmbH",
    "supplier": "GEHEIM Lieferant",
    "invoice_no": "INV-99417",
    "contract_no": "CTR-77123",
    "declaration_no": "020220261000000123",
    "bl_no": "MOLU13900781226",
    "container_no": "TXGU0000014",
    "seal_no": "SL-0098831",
    "vehicle": "津A88888",
    "driver": "张三",
    "staff": "李四",
    "phone": "13800138000",
    "stock": 31_337,
    "at": "2026-11-23T04:31:07.000Z",
    "health_certificate": "CSI-BR 00451/2026",
    "salt": "c2VjcmV0c2FsdA",
}


@pytest.mark.parametrize("lang", LANGS)
def test_no_secret_of_the_facts_reaches_the_page(lang: Lang) -> None:
    """Only named facts pass, and a paper's number that came unmasked is masked here."""
    facts: dict[str, object] = {
        **SECRETS,
        "product_zh": "冷冻去骨牛肉",
        "importer_zh": "滨海远洋冷链进出口（天津）有限公司",
        "quarantine_cert": "12000012611180456",
        "quarantine_state": "importer_declared",
    }
    view = replace(SOLD, goods=read_goods(facts, today=date(2026, 11, 23)))
    shown = render(UNIT, view, lang)
    assert "冷冻去骨牛肉" in shown
    assert "1200…0456" in shown
    for secret in [*SECRETS.values(), "12000012611180456"]:
        assert str(secret) not in shown


def test_no_view_of_a_code_has_a_field_for_a_secret() -> None:
    """A field that does not exist cannot be filled by mistake."""
    forbidden = re.compile(
        r"price|amount|quantity|count|customer|supplier|invoice|contract|declaration|container|vehicle|driver|staff"
        r"|phone|stock|visitor|address|time$|_at$"
    )
    allowed = {"queries.count", "queries.first_at", "decided_at"}
    seen: set[str] = set()

    def walk(kind: Any, path: str) -> None:
        for name, hint in get_type_hints(kind).items():
            where = f"{path}.{name}" if path else name
            assert where in allowed or not forbidden.search(name), where
            seen.add(where)
            for inner in (hint, *get_args(hint)):
                if is_dataclass(inner) and inner not in (kind,):
                    walk(inner, name)

    for kind in (views.ConsumerView, views.PalletView):
        walk(kind, "")
    assert {"journey", "journey.role", "temperature.state"} <= seen


@pytest.mark.parametrize("lang", LANGS)
def test_no_hour_of_custody_and_no_number_of_boxes(lang: Lang) -> None:
    """The journey tells days only, and a pallet's page what it carries, not how much."""
    for name in ("unit-sold", "unit-breach", "unit-long", "pallet"):
        tree = page(name, lang)
        journey = one(tree, "section", data_row="13")
        assert not re.search(r"\d{1,2}:\d\d|\d 时", journey.text)
        for node in journey.having("datetime"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", node.attributes["datetime"])
    lots = one(page("pallet", lang), "section", data_row="3").text
    assert set(re.findall(r"\b\d+\b", lots)) <= {"3", "9521234", "000000001", "4", "2028", "11", "8"}


def test_a_refused_code_shows_no_goods() -> None:
    """Neither facts nor journey: a code that does not pass may point to any box."""
    for view in (REFUSED, replace(REFUSED, code_label="7QK4-M2ZX-9RTB-5")):
        tree = read_page(render("consumer/refused.html", view, "zh"))
        rows = {node.attributes["data-row"] for node in tree.having("data-row")}
        assert rows == {"1", "17"}


# Single values


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (-42, "已过期 42 天", "42 days past its date"),
        (-1, "已过期 1 天", "1 day past its date"),
        (0, "今天到期", "Expires today"),
        (1, "还剩 1 天", "1 day left"),
        (627, "还剩 627 天", "627 days left"),
    ],
)
def test_days_left(days: int, zh: str, en: str) -> None:
    """The days left are counted in words that fit the number."""
    view = replace(SOLD, goods=replace(GOODS, days_left=days))
    assert zh in one(read_page(render(UNIT, view, "zh")), "div", data_row="5").text
    assert en in one(read_page(render(UNIT, view, "en")), "div", data_row="5").text


def test_missing_expiry_is_said_in_the_banner() -> None:
    """In order, but nobody stated a date: the banner must not sound surer than it is."""
    assert "到期日没有登记" in one(page("unit-missing", "zh"), "section", data_row="1").text
    assert "到期日没有登记" not in one(page("unit-sold", "zh"), "section", data_row="1").text


def test_several_statuses_are_all_named() -> None:
    """The worst is the headline; what else holds stands below it, without the quiet ones."""
    text = one(page("unit-long", "en"), "section", data_row="1").text
    assert "Past its date" in text
    assert text.count("Also: ") == len(LONG.also)
    assert "Also" not in one(page("unit-recalled", "en"), "section", data_row="1").text
    assert BREACH.also_advice[0] is STATUSES[Status.CLONE_SUSPECT]


def test_other_language_of_a_name_is_marked() -> None:
    """The reader's language stands first, the other one below with its own `lang`."""
    name = one(page("unit-sold", "en"), "div", data_row="3")
    spans = [node for node in one(name, "h2").all("span")]
    assert [span.text for span in spans] == [GOODS.product.en, GOODS.product.zh]
    assert spans[1].attributes["lang"] == "zh-CN"
    only = replace(SOLD, goods=replace(GOODS, product=views.Bilingual(zh="冷冻牛肉")))
    span = one(one(read_page(render(UNIT, only, "en")), "h2", id="product"), "span")
    assert (span.text, span.attributes["lang"]) == ("冷冻牛肉", "zh-CN")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("verdict", [*VERDICTS, "some_new_word"])
def test_every_verdict_is_explained(verdict: str, lang: Lang) -> None:
    """A refused code says what its verdict means and what to do; an unknown word still gets an answer."""
    tree = read_page(render("consumer/refused.html", replace(REFUSED, verdict=verdict), lang))
    assert one(tree, "code").text == verdict
    banner = one(tree, "section", data_row="1")
    assert len(banner.all("p")) >= 2
    if verdict != "valid":
        assert banner.all("li")
        assert one(tree, "body").attributes["data-tone"] == (Tone.LOOK if verdict == "untrusted_host" else Tone.STOP)


def test_front_page_shows_only_doors_that_open() -> None:
    """Without a demo world there is no sample, no search and no label to click."""
    bare = page("front-bare", "en")
    assert not bare.all("form")
    assert "/api/docs" in {link.attributes["href"] for link in bare.all("a")}
    full = page("front", "en")
    hrefs = [link.attributes["href"] for link in full.all("a")]
    assert f"{HERE}&lang=en" in hrefs
    assert one(full, "form").attributes["method"] == "get"


def test_static_addresses_change_with_the_file() -> None:
    """A stylesheet may be kept for ever, since its address names its bytes."""
    for link in page("unit-sold", "zh").all("link"):
        assert re.fullmatch(r"/static/[a-z.]+\?v=[0-9a-f]{10}", link.attributes["href"])


@pytest.mark.parametrize("name", UNITS)
def test_page_stays_light(name: str) -> None:
    """Page, stylesheet and icon together stay under the 60 KB of the issue, compressed."""
    template, view = PAGES[name]
    static = files("coldtrace.web").joinpath("static")
    parts = [render(template, view, "zh").encode(), static.joinpath("coldtrace.css").read_bytes()]
    assert sum(len(gzip.compress(part)) for part in parts) < 30_000
