"""Weights and the specification of a carton, in grams."""

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from coldtrace.interop.workbook.figures import CARTON_UNITS, read_figure
from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue

GRAMS: dict[str, Decimal] = {}
for _names, _grams_each in (
    ("KG KGS KGM KILO KILOS KILOGRAM KILOGRAMS K.G K.G.S 公斤 千克", "1000"),
    ("G GR GRS GRAM GRAMS GM 克", "1"),
    ("T TON TONS TONNE TONNES MT MTS M/T TNE 吨 公吨", "1000000"),
    ("斤 市斤", "500"),
    ("LB LBS POUND POUNDS 磅", "453.59237"),
):
    GRAMS.update(dict.fromkeys(_names.split(), Decimal(_grams_each)))

CARTON_G_MIN, CARTON_G_MAX = 500, 60_000
"""Plausible net weight of a carton; outside it a remark is made."""
ABSURD_FACTOR = 10
"""So many times outside the plausible range is a mistake of figure or unit, not an odd carton."""
LINE_G_MAX = 40_000_000
"""More than a whole container holds."""

_PER_CARTON = re.compile(r"(?P<unit>.*?)\s*(?:/|每|PER)\s*(?P<each>[^/]+)")
_NET = re.compile(r"净重?|\bN\.?W\.?(?:\b|$)|\bNET\b")
_PRODUCT = re.compile(r"(?P<left>[^×X*]+?)\s*[×X*]\s*(?P<right>[^×X*]+)")
_SPAN = re.compile(r"[0-9.]+\s*[A-Z公斤千克]*\s*[-~～–—至]\s*[0-9.]+.*")


class Weight(NamedTuple):
    """A weight in whole grams; `each` when it was written as per carton."""

    grams: int
    each: bool = False


def read_weight(value: CellValue, *, unit: str = "KG") -> Weight:
    """Return the weight that a cell states; `unit` is the column's. Raises Unreadable."""
    figure = read_figure(value)
    if figure is None:
        raise Unreadable("weight_unreadable", text=shorten(plain(value)))
    written, each = _unit_of(figure.unit)
    factor = GRAMS.get(written or unit)
    if factor is None:
        raise Unreadable("weight_unreadable", text=shorten(plain(value)))
    grams = int((figure.value * factor).to_integral_value(ROUND_HALF_EVEN))
    if grams <= 0:
        raise Unreadable("weight_not_positive", text=shorten(plain(value)))
    return Weight(grams, each)


def weight_unit_in_heading(heading: str) -> str:
    """Return the unit that a column's heading states, such as KG in "净重 (KG)"; kilograms when it states none."""
    words = re.findall(r"[A-Z/.]+|[\u4e00-\u9fff]+", unicodedata.normalize("NFKC", heading[:100]).upper())
    units = [word.strip("./") for word in words[1:] if word.strip("./") in GRAMS]
    return units[-1] if units else "KG"


def read_spec_grams(text: str) -> int | None:
    """Return the net weight of a carton that a specification states, or None when it states none or a span.

    >>> [read_spec_grams(text) for text in ("约20kg/ctn", "500g×40袋/箱", "4 x 5 KG", "18-22kg")]
    [20000, 20000, 20000, None]
    """
    folded = unicodedata.normalize("NFKC", text[:100]).upper().strip()
    if _SPAN.fullmatch(folded):
        return None
    if product := _PRODUCT.fullmatch(folded):
        return _product_grams(product["left"], product["right"])
    figure = read_figure(folded)
    if figure is None or figure.value <= 0:
        return None
    unit, _ = _unit_of(figure.unit)
    return _grams(figure.value, unit)


def show_kg(grams: int) -> str:
    """Return grams as kilograms without needless zeros: 18500 as 18.5."""
    text = f"{Decimal(grams) / 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _product_grams(left: str, right: str) -> int | None:
    """Ten packs of two kilograms, whichever is written first."""
    figures = read_figure(left), read_figure(right)
    if figures[0] is None or figures[1] is None:
        return None
    weights = [figure for figure in figures if figure and _unit_of(figure.unit)[0] in GRAMS]
    counts = [figure for figure in figures if figure and _unit_of(figure.unit)[0] not in GRAMS]
    if len(weights) != 1 or len(counts) != 1 or min(weights[0].value, counts[0].value) <= 0:
        return None
    return _grams(weights[0].value * counts[0].value, _unit_of(weights[0].unit)[0])


def _grams(value: Decimal, unit: str) -> int | None:
    factor = GRAMS.get(unit)
    return None if factor is None else int((value * factor).to_integral_value(ROUND_HALF_EVEN))


def _unit_of(text: str) -> tuple[str, bool]:
    """Return the unit without "per carton" and "net", and whether the former was said."""
    text = _NET.sub("", text).strip(" .()")
    if match := _PER_CARTON.fullmatch(text):
        return match["unit"].strip(" ."), match["each"].strip(" .") in CARTON_UNITS
    return text, False
