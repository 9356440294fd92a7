"""Storage conditions in both languages, with the limits that can be taken from them."""

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from coldtrace.interop.workbook.text import has_han, split_languages

_DEGREE = r"\s*(?:°\s*C|℃|度|DEG\.?\s*C|C\b|摄氏度)"
_NUMBER = r"([-−–]?[0-9]{1,3}(?:\.[0-9]{1,3})?)"
_SPAN = re.compile(rf"{_NUMBER}(?:{_DEGREE})?\s*(?:~|～|至|到|TO|-|–)\s*{_NUMBER}{_DEGREE}")
_AT_MOST = re.compile(
    rf"(?:≤|<|不高于|低于|AT OR BELOW|BELOW|NOT ABOVE|MAX\.?)\s*{_NUMBER}{_DEGREE}"
    rf"|{_NUMBER}{_DEGREE}\s*(?:以下|或以下|及以下|OR BELOW|OR LESS|OR LOWER|OR COLDER|AND BELOW|MAX)"
)


class Storage(NamedTuple):
    """Storage conditions: words in both languages and limits in thousandths of a degree Celsius."""

    zh: str
    en: str
    min_mdegc: int | None
    max_mdegc: int | None


def read_storage(text: str) -> Storage:
    """Return the conditions; a language that is missing is written from the limits, or repeats the other.

    >>> read_storage("-18℃以下冷冻保存").en
    'Keep frozen at -18 °C or below'
    """
    plain = unicodedata.normalize("NFKC", text).upper().replace("−", "-").replace("–", "-")
    lowest, highest = _limits(plain)
    zh, en = split_languages(text) if has_han(text) else (None, text)
    said_zh, said_en = _said(lowest, highest)
    return Storage(zh or said_zh or text, en or said_en or text, lowest, highest)


def _limits(plain: str) -> tuple[int | None, int | None]:
    if match := _AT_MOST.search(plain):
        return None, _mdegc(match.group(1) or match.group(2))
    if match := _SPAN.search(plain):
        ends = sorted((_mdegc(match.group(1)), _mdegc(match.group(2))))
        return ends[0], ends[1]
    return None, None


def _said(lowest: int | None, highest: int | None) -> tuple[str | None, str | None]:
    if highest is None:
        return None, None
    if lowest is None:
        frozen = highest <= -10_000
        zh = f"{_show(highest)}℃以下{'冷冻' if frozen else '冷藏'}保存"
        return zh, f"Keep {'frozen' if frozen else 'chilled'} at {_show(highest)} °C or below"
    return f"{_show(lowest)}℃至{_show(highest)}℃保存", f"Keep at {_show(lowest)} to {_show(highest)} °C"


def _mdegc(text: str) -> int:
    return int(Decimal(text) * 1000)


def _show(mdegc: int) -> str:
    text = f"{Decimal(mdegc) / 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
