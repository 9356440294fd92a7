"""Text as people type it in two scripts: tidied without harm to Chinese punctuation, split into its two languages."""

import re
import unicodedata

from coldtrace.interop.workbook.findings import Unreadable, plain
from coldtrace.interop.workbook.grid import CellValue

TEXT_MAX = 200

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
# Full-width letters, digits and the signs that belong to numbers; brackets and commas of Chinese text stay.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()}
_HALF_WIDTH |= {ord("－"): ord("-"), ord("．"): ord("."), ord("／"): ord("/"), ord("％"): ord("%"), ord("＋"): ord("+")}
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_DITTO = frozenset({"〃", '"', "''", "″", "”", "同上", "同前", "DITTO", "DO.", "-DO-", "AS ABOVE", "SAME AS ABOVE"})


def tidy_text(value: CellValue, *, limit: int = TEXT_MAX) -> str:
    """Return a cell's text on one line, half-width letters and digits, single blanks; raise Unreadable if too long."""
    text = " ".join(plain(value).translate(_INVISIBLE).translate(_HALF_WIDTH).split())
    text = "".join(sign for sign in text if sign.isprintable())
    if len(text) > limit:
        raise Unreadable("text_too_long", length=len(text), limit=limit)
    return text.strip()


def tidy_key(value: CellValue, *, limit: int = 60) -> str:
    """Return a name such as a pallet's or a lot's: half-width throughout, blanks single, capitals left as they are."""
    folded = unicodedata.normalize("NFKC", plain(value)[: limit * 20]).translate(_INVISIBLE)
    text = "".join(sign for sign in " ".join(folded.split()) if sign.isprintable()).strip(" '`´‘’")
    if len(text) > limit:
        raise Unreadable("text_too_long", length=len(text), limit=limit)
    return text


def is_ditto(value: CellValue) -> bool:
    """Tell whether the cell says "as above"."""
    return isinstance(value, str) and value.strip().upper() in _DITTO


def has_han(text: str) -> bool:
    """Tell whether there is any Chinese character."""
    return _HAN.search(text) is not None


def split_languages(text: str) -> tuple[str | None, str | None]:
    """Return the Chinese and the English part of a bilingual text; one of them is None when it has only the other.

    >>> split_languages("冷冻去骨牛腱 FROZEN BEEF SHIN")
    ('冷冻去骨牛腱', 'FROZEN BEEF SHIN')
    >>> split_languages("牛肉 M12")
    ('牛肉 M12', None)
    """
    if not has_han(text):
        return None, text or None
    for pattern in (_HAN_FIRST, _LATIN_FIRST):
        match = pattern.fullmatch(text)
        # A code such as M12 or 500g belongs to the Chinese name; an English name has at least one real word.
        if match and _WORD.search(match.group("en")):
            return match.group("zh").strip(_BETWEEN), match.group("en").strip(_BETWEEN)
    return text, None


_BETWEEN = " /|,，;；:：-–—"
_LATIN = r"[^\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_HAN_FIRST = re.compile(rf"(?P<zh>.*[\u4e00-\u9fff）)】0-9])[\s/|,，;；:：(（-]+(?P<en>[A-Za-zÀ-ÿ]{_LATIN}*?)[)）]?")
_LATIN_FIRST = re.compile(rf"(?P<en>[A-Za-zÀ-ÿ]{_LATIN}*?)[\s/|,，;；:：(（-]*(?P<zh>[\u4e00-\u9fff].*?)[)）]?")
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{4}")
