"""Language, formats, facts and journey: the small decisions before a page."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coldtrace.errors import Lang
from coldtrace.web import formats
from coldtrace.web.language import choose_language, language_url
from coldtrace.web.pages.goods_facts import days_left, masked_number, read_goods
from coldtrace.web.pages.journey import JourneyStep, is_in_transit, journey_stops, temperature
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.views import Bilingual, Goods
from coldtrace.web.render import static_url


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        (None, None, None, "zh"),
        ("en", "zh", "zh-CN", "en"),
        ("zh", "en", "en", "zh"),
        ("fr", "en", "zh", "en"),
        ("EN", None, None, "zh"),
        (None, "xx", "en", "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "en-US,en;q=0.9,zh-CN;q=0.2", "en"),
        (None, None, "en;q=0.2, zh-TW;q=0.8", "zh"),
        (None, None, "fr-FR,fr;q=0.9", "en"),
        (None, None, "ja,zh;q=0.3,en;q=0.1", "zh"),
        (None, None, "*", "zh"),
        (None, None, "en;q=0", "zh"),
        (None, None, ";;q=,,=", "zh"),
    ],
)
def test_choice_of_language(query: str | None, cookie: str | None, accept: str | None, expected: str) -> None:
    """The address, then the cookie, then the browser, then Chinese."""
    assert choose_language(query=query, cookie=cookie, accept=accept) == expected


@given(st.text(), st.text(), st.text())
def test_choice_of_language_takes_anything(query: str, cookie: str, accept: str) -> None:
    """No header makes it fail."""
    assert choose_language(query=query, cookie=cookie, accept=accept) in ("zh", "en")


@given(st.text(min_size=1).map("/{}".format), st.sampled_from(["zh", "en"]))
def test_the_switch_stays_on_this_site_and_is_stable(here: str, lang: Lang) -> None:
    """A path stays a path of ours; switching there and back ends at the same address."""
    there = language_url(here, lang)
    assert there.startswith("/")
    assert not there.startswith(("//", "/\\"))
    assert language_url(there, lang) == there
    assert language_url(language_url(there, "en"), lang) == there


def test_the_switch_keeps_repeated_and_odd_parameters() -> None:
    """Only `lang` is replaced; order, case and encoding of all else stay."""
    assert language_url("/x?lang=zh&17=271231&S=%2B&lang=en&a", "en") == "/x?17=271231&S=%2B&a&lang=en"
    assert language_url("/x?language=1&xlang=2", "zh") == "/x?language=1&xlang=2&lang=zh"
    assert language_url("//evil.example/x", "zh") == "/evil.example/x?lang=zh"


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("24个月", "24 个月", "24 months"),
        (" 1 月 ", "1 个月", "1 month"),
        ("730天", "730 天", "730 days"),
        ("2年", "2 年", "2 years"),
        ("18 months", "18 个月", "18 months"),
        ("1 year", "1 年", "1 year"),
        ("P24M", "24 个月", "24 months"),
        ("见包装", "见包装", "见包装"),
        ("", "", ""),
    ],
)
def test_shelf_life(text: str, zh: str, en: str) -> None:
    """The forms that workbooks use are translated; others are shown as stated."""
    assert formats.shelf_life(text, "zh") == zh
    assert formats.shelf_life(text, "en") == en


@given(st.text(), st.text(), st.sampled_from(["zh", "en"]))
def test_formats_show_what_they_cannot_read(first: str, last: str, lang: Lang) -> None:
    """Days and shelf lives of any text: shown, never an error."""
    assert isinstance(formats.shelf_life(first, lang), str)
    assert isinstance(formats.day(first, lang), str)
    assert first == last or (formats.day(first, lang) in formats.days(first, last, lang) or first[:7] == last[:7])


@given(st.dates(min_value=date(1000, 1, 1)), st.dates(min_value=date(1000, 1, 1)))
def test_a_stretch_of_days_names_both_ends(first: date, last: date) -> None:
    """Year and both days can be read from it in either language."""
    for lang in ("zh", "en"):
        text = formats.days(first.isoformat(), last.isoformat(), "zh" if lang == "zh" else "en")
        for end in (first, last):
            assert str(end.year) in text
            assert str(end.day) in text


@pytest.mark.parametrize(
    ("value_mdegc", "text"),
    [(0, "0.0 °C"), (-49, "0.0 °C"), (-50, "−0.1 °C"), (-18_000, "−18.0 °C"), (-17_960, "−18.0 °C"), (4_149, "4.1 °C")],
)
def test_degrees(value_mdegc: int, text: str) -> None:
    """One decimal, rounded, with a minus sign that a screen reader knows; no minus zero."""
    assert formats.degrees(value_mdegc) == text


def test_moments_are_local_and_first_look_ups_coarse() -> None:
    """Beijing time by a fixed offset, the first look-up only to the hour."""
    late = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)
    assert formats.moment(late, "zh") == "2027年1月1日 00:59"
    assert formats.hour(late, "zh") == "2027年1月1日 0 时"
    assert formats.hour(late, "en") == "1 Jan 2027, in the hour after 00:00"
    assert formats.iso(late) == "2026-12-31T16:59:00Z"


# Facts

_JSON = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text()))
_KEYS = st.sampled_from(
    [
        *("product_zh", "product_en", "origin_zh", "expiry_date", "production_date", "net_g", "spec", "lot", "source"),
        *("quarantine_cert", "quarantine_state", "plant", "importer_zh", "salt", "price"),
    ]
)


@given(st.dictionaries(_KEYS, _JSON))
def test_any_facts_make_a_view(facts: dict[str, object]) -> None:
    """A value of the wrong type is not stated, and nothing fails."""
    goods = read_goods(facts, today=date(2026, 11, 23))
    assert isinstance(goods, Goods)
    assert goods.net_g is None or goods.net_g > 0
    assert goods.source in (None, "importer_declared", "certificate_verified", "official_data")


def test_facts_are_read_by_name() -> None:
    """Names come in pairs, blanks are not a value, the expiry gives the days left."""
    goods = read_goods(
        {
            "product_zh": " 冷冻虾 ",
            "product_en": "",
            "expiry_date": "2026-12-01",
            "net_g": True,
            "source": "official_data",
        },
        today=date(2026, 11, 23),
    )
    assert goods == Goods(
        product=Bilingual(zh="冷冻虾", en=None), expiry_date="2026-12-01", days_left=8, source="official_data"
    )
    assert days_left("2026-12", today=date(2026, 11, 23)) is None


@given(st.text(min_size=1))
def test_a_masked_number_is_never_whole(number: str) -> None:
    """However long it is, not all of a paper's number gets through, and masking twice changes nothing."""
    masked = masked_number(number)
    assert "…" in masked
    assert len(masked) <= 9
    assert masked_number(masked) == masked
    if len(number) > 2 and "…" not in number:
        assert number not in masked


# Journey


def step(kind: str, role: str = "cold_store", day: str = "2026-11-19", **more: object) -> JourneyStep:
    """One statement, with what matters for a case."""
    return replace(JourneyStep(statement_type=kind, role=role, district="120118", date=day), **more)  # type: ignore[arg-type]


def test_statements_of_one_stay_are_one_stop() -> None:
    """Doings are named once each, the days span the stay, housekeeping is silent."""
    stops = journey_stops(
        [
            step("receive"),
            step("mark"),
            step("pack", day="2026-11-20"),
            step("pack", day="2026-11-20"),
            step("ship", day="2026-11-21"),
        ]
    )
    assert [(s.acts, s.first_date, s.last_date) for s in stops] == [
        (("receive", "pack", "ship"), "2026-11-19", "2026-11-21")
    ]


def test_a_second_stay_at_the_same_place_is_a_new_stop() -> None:
    """After it was sent out, a box that comes back has a new stay."""
    stops = journey_stops([step("receive"), step("ship"), step("receive", day="2026-11-25")])
    assert [stop.first_date for stop in stops] == ["2026-11-19", "2026-11-25"]
    assert not stops[1].gap_before


def test_a_receipt_without_a_shipment_is_a_gap() -> None:
    """Nobody said that it left the first place; two sites of one kind are still two."""
    stops = journey_stops([step("receive", site="a"), step("receive", site="b"), step("ship", site="b")])
    assert [stop.gap_before for stop in stops] == [False, True]
    assert is_in_transit([step("receive"), step("ship"), step("close")])
    assert not is_in_transit([step("receive")])
    assert not is_in_transit([])


@pytest.mark.parametrize(
    ("first", "second", "stay"),
    [
        ("ok", "ok", "ok"),
        ("ok", "unknown", "ok"),
        ("unknown", "unknown", "unknown"),
        ("breach", "ok", "breach"),
        ("unknown", "breach", "breach"),
    ],
)
def test_a_stay_is_what_was_said_there(first: str, second: str, stay: str) -> None:
    """No data is what nothing said there has any of; one breach is a breach."""
    assert journey_stops([step("receive", cold=first), step("store", cold=second)])[0].cold == stay


def test_whoever_measures_where_the_box_is_speaks_of_that_stay() -> None:
    """A reading moves nothing; one that is taken elsewhere, or while the box is on its way, is of no stay."""
    there = [step("receive", site="a"), step("temperature", site="a", cold="breach", day="2026-11-30")]
    assert [(stop.cold, stop.last_date) for stop in journey_stops(there)] == [("breach", "2026-11-19")]
    for elsewhere in ([step("receive", site="a")], [step("receive", site="b"), step("ship", site="b")]):
        steps = [*elsewhere, step("temperature", site="b", cold="breach")]
        assert [stop.cold for stop in journey_stops(steps)] == ["unknown"]
        assert temperature(steps, journey_stops(steps)).state == "breach"


@pytest.mark.parametrize(
    ("stays", "warm", "state", "in_part"),
    [
        (["ok", "ok"], False, "ok", True),
        (["ok", "unknown"], False, "unknown", True),
        (["unknown", "unknown"], False, "unknown", False),
        (["ok", "breach"], False, "breach", True),
        (["ok", "ok"], True, "breach", True),
        ([], False, "unknown", False),
    ],
)
def test_all_the_way_is_within_limits_only_if_every_stay_is(
    stays: list[str], warm: bool, state: str, in_part: bool
) -> None:
    """A stay without data is a gap, and no gap is green; what lies on the goods counts too."""
    steps = [step("receive", site=str(number), cold=cold) for number, cold in enumerate(stays)]
    found = temperature(steps, journey_stops(steps), warm=warm)
    assert (found.state, found.in_part) == (state, in_part)


def test_a_qr_picture_decodes_to_its_text() -> None:
    """The path on the page is a symbol that a scanner reads."""
    text = "https://TRACE.EXAMPLE.CN/01/09521234543210/21/7QK4M2ZX9RTB?s=ABC"
    picture = qr_picture(text)
    image = Image.new("L", (picture.size, picture.size), 255)
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", picture.path):
        for dx in range(int(run)):
            image.putpixel((int(x) + dx, int(y)), 0)
    found = zxingcpp.read_barcodes(image.resize((picture.size * 4, picture.size * 4), Image.Resampling.NEAREST))
    assert [code.text for code in found] == [text]


def test_a_missing_static_file_has_no_version() -> None:
    """The page is still shown when a script was not built."""
    assert static_url("verify/no-such.js") == "/static/verify/no-such.js"
    assert static_url("icon.svg").startswith("/static/icon.svg?v=")
