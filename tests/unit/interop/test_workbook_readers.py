"""The readers of single cells: what they understand, and that any text at all gives a value or our own answer."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.intake_lot import PRINTABLE_LOT, intake_lot
from coldtrace.goods.shelf_life import ShelfLife
from coldtrace.interop.workbook.carton_ranges import read_carton_ranges, show_ranges
from coldtrace.interop.workbook.catalogue import ERRORS
from coldtrace.interop.workbook.countries import country_of_alpha3, read_country
from coldtrace.interop.workbook.dates import order_of, read_date
from coldtrace.interop.workbook.figures import read_count, read_figure, read_han_number
from coldtrace.interop.workbook.findings import Unreadable
from coldtrace.interop.workbook.grid import CellValue
from coldtrace.interop.workbook.identifiers import read_gtin, read_identifier, read_name
from coldtrace.interop.workbook.periods import read_shelf_life, unit_in_heading
from coldtrace.interop.workbook.storage import read_storage
from coldtrace.interop.workbook.text import split_languages, tidy_text
from coldtrace.interop.workbook.vocabulary import column_field, is_total, label_field, words_of
from coldtrace.interop.workbook.weights import read_spec_grams, read_weight, show_kg, weight_unit_in_heading

READERS: dict[str, Callable[[CellValue], object]] = {
    "count": read_count,
    "weight": read_weight,
    "date": read_date,
    "shelf life": read_shelf_life,
    "carton range": read_carton_ranges,
    "gtin": read_gtin,
    "identifier": read_identifier,
    "name": read_name,
    "text": tidy_text,
    "country": lambda value: read_country(str(value)),
    "figure": read_figure,
    "storage": lambda value: read_storage(str(value)),
    "spec": lambda value: read_spec_grams(str(value)),
    "languages": lambda value: split_languages(str(value)),
    "column": lambda value: column_field(str(value)),
    "label": lambda value: label_field(str(value)),
    "total": lambda value: is_total(str(value)),
    "unit": lambda value: (weight_unit_in_heading(str(value)), unit_in_heading(str(value))),
    "order": lambda value: order_of([value]),
}

# Signs that occur in such cells, so that chance gets past the first look.
TYPED = st.text(
    "0123456789０１５.,-/:年月日天个kgKGＫ箱约五十百千万零两两吨公斤TJanSeptDEC ()'’+E#~至xX×*%℃", max_size=24
)
CELLS = st.one_of(
    st.text(max_size=40),
    TYPED,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
)


@pytest.mark.parametrize("name", READERS)
@given(value=CELLS)
def test_any_cell_is_read_or_answered_in_the_catalogues_words(name: str, value: CellValue) -> None:
    problem = None
    try:
        READERS[name](value)
    except Unreadable as caught:
        problem = caught
    if problem is not None:
        facts = {"field_zh": "件数", "field_en": "cartons", **problem.facts}
        assert ERRORS[problem.code].say("zh", **facts)
        assert ERRORS[problem.code].say("en", **facts)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("５０", 50),
        ("五十", 50),
        ("伍拾箱", 50),
        ("一千二百", 1200),
        ("1,200", 1200),
        ("1 200", 1200),
        ("1'200 CTNS", 1200),
        ("50.0", 50),
        (50.0, 50),
        ("约50箱", 50),
        ("-50", -50),
        ("(50)", -50),
    ],
)
def test_counts(text: CellValue, count: int) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("1060KG", 1_060_000),
        ("1000.0", 1_000_000),
        ("1,060.5 kgs", 1_060_500),
        ("1.060,50 KG", 1_060_500),
        ("18,5", 18_500),
        ("18.5 公斤", 18_500),
        ("1T", 1_000_000),
        ("两吨", 2_000_000),
        ("500 g", 500),
        ("2000 lbs", 907_185),
        ("40斤", 20_000),
        (812.35, 812_350),
    ],
)
def test_weights(text: CellValue, grams: int) -> None:
    assert read_weight(text).grams == grams


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("20KG/箱", 20_000),
        ("约20kg/ctn", 20_000),
        ("18.5 公斤", 18_500),
        ("10kg×2袋/箱", 20_000),
        ("4 x 5 KG", 20_000),
        ("500g*40", 20_000),
        ("18-22kg", None),
        ("catch weight", None),
        ("", None),
        ("0kg", None),
    ],
)
def test_specifications(text: str, grams: int | None) -> None:
    assert read_spec_grams(text) == grams


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026/9/3", "2026-09-03"),
        ("2026-09-05", "2026-09-05"),
        ("09.09.2026", "2026-09-09"),
        ("2026年11月18日", "2026-11-18"),
        ("二〇二六年九月三日", "2026-09-03"),
        ("２０２６．９．３", "2026-09-03"),
        ("20260903", "2026-09-03"),
        (20260903, "2026-09-03"),
        ("260903", "2026-09-03"),
        ("3-Sep-2026", "2026-09-03"),
        ("03 SEPT 26", "2026-09-03"),
        ("September 3rd, 2026", "2026-09-03"),
        ("2026-09-03T10:00:00Z", "2026-09-03"),
        ("25/12/2026", "2026-12-25"),
        ("12/25/2026", "2026-12-25"),
        ("09/09/2026", "2026-09-09"),
        (46268, "2026-09-03"),
        (date(2026, 9, 3), "2026-09-03"),
        ("2026年9月", "2026-09"),
        ("2026-09", "2026-09"),
        ("Sep 2026", "2026-09"),
        ("09/2026", "2026-09"),
    ],
)
def test_dates(text: CellValue, day: str) -> None:
    assert read_date(text).iso() == day


@given(day=st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_in_every_clear_form(day: date) -> None:
    meant = CalendarDate.of(day)
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%Y年%m月%d日", "%Y%m%d", "%d %b %Y", "%b %d, %Y"):
        assert read_date(day.strftime(form)) == meant
    assert read_date(day.strftime("%d/%m/%Y"), order="day first") == meant
    assert read_date(day.strftime("%m/%d/%Y"), order="month first") == meant
    assert read_date((day - date(1899, 12, 30)).days) == meant
    assert read_date((day - date(1904, 1, 1)).days, date_1904=True) == meant
    assert CalendarDate.parse(meant.iso()) == meant


def test_a_column_proves_its_order_or_does_not() -> None:
    assert order_of(["03/09/2026", "25/09/2026"]) == "day first"
    assert order_of(["03/09/2026", "09/25/2026"]) == "month first"
    assert order_of(["25/09/2026", "09/25/2026"]) is None
    assert order_of(["03/09/2026", 5, "25.09.2026"]) is None


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("24个月", "P24M"),
        ("24 个月", "P24M"),
        ("二十四个月", "P24M"),
        ("24 MONTHS", "P24M"),
        ("730天", "P730D"),
        ("2年", "P2Y"),
        ("两年", "P2Y"),
        ("一年半", "P18M"),
        ("6 weeks", "P42D"),
        ("-18℃冷冻保存24个月", "P24M"),
    ],
)
def test_shelf_lives(text: str, period: str) -> None:
    assert read_shelf_life(text).iso() == period
    assert ShelfLife.parse(period).iso() == period


def test_a_bare_shelf_life_takes_the_unit_of_its_heading() -> None:
    assert unit_in_heading("保质期(月)") == "month"
    assert unit_in_heading("Shelf life, days") == "day"
    assert read_shelf_life(24, unit="month") == ShelfLife(24, "month")


def test_expiry_counts_from_the_day_after_production() -> None:
    produced = CalendarDate(2026, 8, 31)
    assert ShelfLife(18, "month").expiry(produced) == date(2028, 2, 29)
    assert ShelfLife(1, "year").expiry(CalendarDate(2028, 2, 29)) == date(2029, 2, 28)
    assert ShelfLife(730, "day").expiry(produced) == date(2028, 8, 30)
    assert ShelfLife(24, "month").expiry(produced, count_production_day=True) == date(2028, 8, 30)
    assert ShelfLife(6, "month").expiry(CalendarDate(2026, 9)) == date(2027, 3, 1)


@given(number=st.integers(0, 99_999_999))
def test_numbers_in_chinese_words_come_back(number: int) -> None:
    assert read_han_number(_in_words(number)) == number


def _in_words(number: int) -> str:
    digits = "零一二三四五六七八九"
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        return _in_words(high) + "万" + ("" if low == 0 else ("零" if low < 1000 else "") + _in_words(low))
    said = ""
    for power, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            said += digits[digit] + sign
        elif said and number and not said.endswith("零"):
            said += "零"
    return said or "零"


@given(grams=st.integers(1, 40_000_000))
def test_weights_are_shown_as_they_are_read(grams: int) -> None:
    assert read_weight(f"{show_kg(grams)} kg").grams == grams
    assert read_weight(float(Decimal(grams) / 1000)).grams == grams


def test_carton_ranges() -> None:
    assert read_carton_ranges("1-25, 30~54") == ((1, 25), (30, 54))
    assert read_carton_ranges("C/NO. 051-100") == ((51, 100),)
    assert read_carton_ranges(7) == ((7, 7),)
    assert show_ranges(((1, 25), (30, 30))) == "1-25,30"
    for text in ("50-1", "A-B", "1-5-9", "1-10, 5-20", "0-5", ""):
        with pytest.raises(Unreadable):
            read_carton_ranges(text)


def test_gtins_as_excel_hands_them_over() -> None:
    assert read_gtin(19521234543210) == "19521234543210"
    assert read_gtin(19521234543210.0) == "19521234543210"
    assert read_gtin("９５２１２３４ 543213") == "09521234543213"
    assert read_gtin("(01)19521234543210") == "19521234543210"
    # 012345678905 typed as a number has lost its zero.
    assert read_gtin(12345678905) == "00012345678905"


def test_countries() -> None:
    for text in ("巴西 BRAZIL", "Brazil", "BR", "BRA", "Brasil", "巴西（BR）", "brazil/巴西"):
        assert read_country(text).numeric == "076"
    assert (read_country("韩国").alpha2, read_country("中国香港").en) == ("KR", "Hong Kong, China")
    found = country_of_alpha3("ARG")
    assert found is not None
    assert found.numeric == "032"
    assert country_of_alpha3("ZZZ") is None


def test_storage_conditions() -> None:
    frozen = read_storage("-18℃以下冷冻保存")
    assert (frozen.en, frozen.max_mdegc, frozen.min_mdegc) == ("Keep frozen at -18 °C or below", -18_000, None)
    chilled = read_storage("Keep at 0 to 4°C")
    assert (chilled.zh, chilled.min_mdegc, chilled.max_mdegc) == ("0℃至4℃保存", 0, 4_000)
    assert read_storage("阴凉处").max_mdegc is None


def test_intake_lots_are_printable_and_tell_twins_apart() -> None:
    assert intake_lot("L2609A") is None
    for lot in ("BR337/0909", "批次一", "l2609a", "L" * 21, "A B"):
        stand_in = intake_lot(lot)
        assert stand_in is not None
        assert PRINTABLE_LOT.fullmatch(stand_in)
    assert intake_lot("BR337/0909") != intake_lot("BR337 0909")


@given(lot=st.text(min_size=1, max_size=60))
def test_any_lot_can_be_printed_somehow(lot: str) -> None:
    assert PRINTABLE_LOT.fullmatch(intake_lot(lot) or lot)


def test_no_word_of_the_vocabulary_is_listed_for_two_fields() -> None:
    for which in ("columns", "labels"):
        for word, field in words_of(which).items():
            found = column_field(word) if which == "columns" else label_field(word)
            assert found == (field, 100), word


def test_moments_with_a_time_are_days() -> None:
    assert read_date(datetime(2026, 9, 3, 10, 30, tzinfo=None)).iso() == "2026-09-03"  # noqa: DTZ001 - as Excel stores it
