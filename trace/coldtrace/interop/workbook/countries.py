"""Countries and regions as packing lists write them: Chinese, English, both, or a code (ISO 3166-1)."""

import gettext
import unicodedata
from dataclasses import dataclass
from functools import cache

import pycountry

from coldtrace.interop.workbook.findings import Unreadable, shorten
from coldtrace.interop.workbook.text import split_languages

# What customs papers and people call them, where the ISO name differs.
_CHINESE = {
    "KR": "韩国",
    "KP": "朝鲜",
    "LA": "老挝",
    "BO": "玻利维亚",
    "IR": "伊朗",
    "VE": "委内瑞拉",
    "MD": "摩尔多瓦",
    "SY": "叙利亚",
    "BD": "孟加拉国",
    "GT": "危地马拉",
    "MT": "马耳他",
    "KG": "吉尔吉斯斯坦",
    "KH": "柬埔寨",
    "CD": "刚果（金）",
    "CG": "刚果（布）",
    "HK": "中国香港",
    "MO": "中国澳门",
    "TW": "中国台湾",
    "PS": "巴勒斯坦",
}
_ENGLISH = {
    "RU": "Russia",
    "KR": "South Korea",
    "HK": "Hong Kong, China",
    "MO": "Macao, China",
    "TW": "Taiwan, China",
    "TR": "Türkiye",
    "VN": "Vietnam",
    "FK": "Falkland Islands",
}
_ALIASES = {
    "US": "USA|U.S.A.|AMERICA|UNITED STATES OF AMERICA|美利坚合众国|美国",
    "GB": "UK|U.K.|GREAT BRITAIN|ENGLAND|SCOTLAND|大不列颠|英格兰|苏格兰",
    "NZ": "NEWZEALAND|N.Z.|纽西兰|新西兰",
    "AU": "澳洲|澳大利亚",
    "RU": "RUSSIA|俄国|俄罗斯联邦",
    "KR": "KOREA|REPUBLIC OF KOREA|SOUTH KOREA|大韩民国|南韩",
    "NL": "HOLLAND|THE NETHERLANDS|尼德兰",
    "BR": "BRASIL|巴西联邦共和国",
    "ES": "ESPANA",
    "TR": "TURKEY",
    "CZ": "CZECH REPUBLIC|捷克共和国",
    "HK": "香港|HONGKONG|HONG KONG SAR",
    "MO": "澳门|MACAU",
    "TW": "台湾|TAIWAN|CHINESE TAIPEI|中国台湾省",
    "CN": "中国大陆|PR CHINA|P.R. CHINA|PRC",
    "TH": "泰王国",
    "DE": "德意志联邦共和国",
}


@dataclass(frozen=True, slots=True)
class Country:
    """One country or region; `numeric` keeps its leading zeros as AI (422) needs them."""

    alpha2: str
    alpha3: str
    numeric: str
    zh: str
    en: str


def read_country(text: str) -> Country:
    """Return the country that a text names in one or both languages; raise Unreadable.

    >>> read_country("巴西 BRAZIL").numeric
    '076'
    """
    index = _index()
    whole = index.get(_folded(text))
    if whole is not None:
        return whole
    parts = [part for part in (*split_languages(text), *_bracketed(text)) if part]
    found = {index[_folded(part)] for part in parts if _folded(part) in index}
    found = found or _inside(text)
    if len(found) > 1:
        raise Unreadable("country_conflict", text=shorten(text))
    if not found:
        raise Unreadable("country_unknown", text=shorten(text))
    return found.pop()


def country_of_alpha3(code: str) -> Country | None:
    """Return the country of a three-letter code, such as the one inside a GACC number."""
    found = _index().get(_folded(code))
    return found if found is not None and found.alpha3 == code else None


@cache
def _index() -> dict[str, Country]:
    chinese = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"])
    index: dict[str, Country] = {}
    for entry in pycountry.countries:
        alpha2 = entry.alpha_2
        iso_zh = chinese.gettext(entry.name)
        iso_en = getattr(entry, "common_name", entry.name)
        country = Country(
            alpha2=alpha2,
            alpha3=entry.alpha_3,
            numeric=entry.numeric,
            zh=_CHINESE.get(alpha2, iso_zh),
            en=_ENGLISH.get(alpha2, iso_en),
        )
        names = [alpha2, entry.alpha_3, entry.name, iso_en, getattr(entry, "official_name", ""), iso_zh]
        for name in (*names, country.zh, country.en, *_ALIASES.get(alpha2, "").split("|")):
            if name:
                index.setdefault(_folded(name), country)
    return index


def _inside(text: str) -> set[Country]:
    """Return the countries whose full names stand somewhere in a longer text, such as "Product of Brazil (MT)"."""
    rest = _folded(text)
    found: set[Country] = set()
    for name in _long_names():
        if name in rest:
            found.add(_index()[name])
            # Niger within Nigeria, or Guinea within Papua New Guinea, is no second country.
            rest = rest.replace(name, "|")
    return found


@cache
def _long_names() -> tuple[str, ...]:
    names = (name for name in _index() if len(name) >= (5 if name.isascii() else 2))
    return tuple(sorted(names, key=len, reverse=True))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:120]).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def _bracketed(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:120])
    pieces = folded.replace("(", "|").replace(")", "|").replace("/", "|").replace(",", "|").split("|")
    return [piece for piece in pieces if piece.strip()]
