"""Figures as people type them: full-width, with separators of two worlds, in words, with a unit behind."""

import math
import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue

COUNT_MAX = 100_000
_LONGEST = 60

_NUMBER = re.compile(
    r"(?P<about>约|大约|大概|≈|~|ABOUT|APPROX\.?|APPROXIMATELY|CA\.?|CIRCA|AVG\.?|平均)?\s*"
    r"(?P<open>\()?(?P<sign>[-+−–])?\s*(?P<digits>[0-9](?:[0-9.,]|(?<=[0-9])['’ \u00a0](?=[0-9]{3}))*)(?P<close>\))?\s*"
    r"(?P<unit>[^0-9]*)"
)
_HAN_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")}
_HAN_DIGITS |= {sign: value for value, sign in enumerate("〇壹贰叁肆伍陆柒捌玖")} | {"两": 2, "弍": 2, "貳": 2, "陸": 6}
_HAN_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_HAN_NUMBER = re.compile(f"([{''.join(_HAN_DIGITS)}{''.join(_HAN_POWERS)}万]+)(.*)", re.DOTALL)

_CARTON_UNITS = """
箱 件 纸箱 盒 包 CTN CTNS CARTON CARTONS CASE CASES BOX BOXES CS C/S CT CTS PKG PKGS PACKAGE PACKAGES BULTOS CAJAS
"""
CARTON_UNITS = frozenset(_CARTON_UNITS.split())


class Figure(NamedTuple):
    """A number with the unit that was written behind it, in capitals, and whether it was called approximate."""

    value: Decimal
    unit: str
    approximate: bool = False


def read_figure(value: CellValue) -> Figure | None:
    """Return the figure that a cell states, or None when it states none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Figure(Decimal(value), "")
    if isinstance(value, float):
        return Figure(Decimal(repr(value)), "") if math.isfinite(value) else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", value).strip().strip("'`´‘’").strip().upper()
    if len(text) > _LONGEST:
        return None
    if match := _NUMBER.fullmatch(text):
        digits = _plain_digits(match["digits"].strip())
        if digits is None or (match["open"] is None) != (match["close"] is None):
            return None
        minus = match["sign"] in ("-", "−", "–") or match["open"] is not None
        number = Decimal(digits)
        return Figure(-number if minus else number, match["unit"].strip(" ."), match["about"] is not None)
    if match := _HAN_NUMBER.fullmatch(text):
        number_in_words = read_han_number(match.group(1))
        if number_in_words is not None:
            return Figure(Decimal(number_in_words), match.group(2).strip(" 整正."))
    return None


def read_han_number(text: str) -> int | None:
    """Return the value of a number in Chinese characters below a hundred million, or None.

    >>> read_han_number("五十"), read_han_number("一千二百"), read_han_number("二〇二六"), read_han_number("十百")
    (50, 1200, 2026, None)
    """
    if not text or len(text) > 20:
        return None
    if all(sign in _HAN_DIGITS for sign in text):
        return int("".join(str(_HAN_DIGITS[sign]) for sign in text))
    head, wan, tail = text.partition("万")
    if wan:
        high = _below_wan(head)
        low = _below_wan(tail) if tail else 0
        return None if high is None or low is None else high * 10_000 + low
    return _below_wan(text)


def _below_wan(text: str) -> int | None:
    total = 0
    digit: int | None = None
    power_before = 10_000
    for sign in text:
        if sign in _HAN_POWERS:
            power = _HAN_POWERS[sign]
            if power >= power_before or (digit is None and not (power == 10 and total == 0)):
                return None
            total += (1 if digit is None else digit) * power
            power_before, digit = power, None
        elif sign in _HAN_DIGITS and (digit is None or digit == 0):
            digit = _HAN_DIGITS[sign]
        else:
            return None
    return total + (digit or 0) if text else None


def _plain_digits(text: str) -> str | None:
    """Return `text` with a decimal point only: the last of two kinds of separator is the decimal one."""
    text = re.sub(r"['’\s]", "", text)
    if len(text) > 24:
        return None
    commas, points = text.count(","), text.count(".")
    if commas and points:
        decimal, group = (",", ".") if text.rindex(",") > text.rindex(".") else (".", ",")
        whole, _, fraction = text.rpartition(decimal)
        grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+", whole)
        return f"{whole.replace(group, '')}.{fraction or '0'}" if grouped and group not in fraction else None
    if commas:
        if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+", text):
            return text.replace(",", "")
        return text.replace(",", ".") if commas == 1 and not text.endswith(",") else None
    if points > 1:
        return text.replace(".", "") if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{3})+", text) else None
    return None if text.endswith(".") else text


def read_count(value: CellValue, *, limit: int = COUNT_MAX) -> int:
    """Return how many cartons a cell states, which may be negative or zero; raise Unreadable.

    Sums need the figure even when it is wrong, so whether it is above zero is asked elsewhere.
    """
    figure = read_figure(value)
    shown = shorten(plain(value))
    if figure is None:
        raise Unreadable("count_unreadable", text=shown)
    if figure.unit and figure.unit not in CARTON_UNITS:
        raise Unreadable("count_unit", text=shown)
    if figure.value != figure.value.to_integral_value():
        raise Unreadable("count_not_whole", text=shown)
    if abs(figure.value) > limit:
        raise Unreadable("count_implausible", text=shown, limit=limit)
    return int(figure.value)


def read_line_number(value: CellValue | None) -> int | None:
    """Return a line's own number, or None; a wrong one is no fault."""
    figure = None if value is None else read_figure(value)
    if figure is None or figure.unit or not 0 <= figure.value <= 1_000_000 or figure.value % 1:
        return None
    return int(figure.value)
