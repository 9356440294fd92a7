"""Ports by UN/LOCODE: two letters of the country, three of `A-Z2-9`.

A hand-made table of the ports that frozen food passes; the full list is not needed and not carried.
Tianjin is listed twice in the trade, CNTXG (Xingang, shipping lists) and CNTSN (city and airport): both are
one `place`.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Final

from coldtrace.codes.paper_number import LONGEST_TEXT, MalformedPaperNumber, Notice, notice, shown
from coldtrace.errors import Words


@dataclass(frozen=True, kw_only=True, slots=True)
class Port:
    """One port; `place` is the same for all codes of one place, `listed` says whether our table has it."""

    locode: str
    zh: str
    en: str
    place: str
    listed: bool = True
    notices: tuple[Notice, ...] = ()

    @property
    def country(self) -> str:
        """The alpha-2 code of the port's country."""
        return self.locode[:2]


class UnknownPort(MalformedPaperNumber):
    """Neither a UN/LOCODE nor a name in our table."""

    code: ClassVar[str] = "port_unknown"
    title: ClassVar[Words] = Words("口岸无法识别", "Unknown port")
    detail: ClassVar[Words] = Words(
        "口岸“{text}”无法识别。请写五位口岸代码（UN/LOCODE），如“天津新港 (CNTXG)”。",
        'The port "{text}" is not known. Write its five-letter UN/LOCODE, such as "Tianjin Xingang (CNTXG)".',
    )


NOTICES: Final[dict[str, Words]] = {
    "port_unlisted": Words(
        "口岸代码“{text}”不在本系统的小表中，已照存，请核对。",
        'The port code "{text}" is not in our small table; it is kept. Please check.',
    ),
}
"""What is remarked and accepted all the same."""


_TABLE = """
CNTXG 天津新港 Tianjin Xingang|XINGANG|NEW PORT TIANJIN|天津港|TIANJIN PORT
CNTSN 天津 Tianjin|天津滨海国际机场|TIANJIN BINHAI AIRPORT
CNSHA 上海 Shanghai|上海港|洋山|外高桥
CNTAO 青岛 Qingdao|青岛港
CNDLC 大连 Dalian|大连港
CNNGB 宁波 Ningbo|宁波港|宁波舟山港
CNXMN 厦门 Xiamen|厦门港
CNCAN 广州 Guangzhou|广州港
CNNSA 南沙 Nansha
CNSZX 深圳 Shenzhen|深圳港
CNYTN 盐田 Yantian
CNSHK 蛇口 Shekou
CNQZH 钦州 Qinzhou|钦州港
CNFOC 福州 Fuzhou|福州港
CNYNT 烟台 Yantai|烟台港
CNLYG 连云港 Lianyungang
CNHAK 海口 Haikou|海口港
CNZHA 湛江 Zhanjiang|湛江港
CNPEK 北京首都机场 Beijing Capital Airport
HKHKG 香港 Hong Kong
BRSSZ 桑托斯 Santos
BRPNG 巴拉那瓜 Paranagua
BRITJ 伊塔雅伊 Itajai
BRRIG 里奥格兰德 Rio Grande
ARBUE 布宜诺斯艾利斯 Buenos Aires
UYMVD 蒙得维的亚 Montevideo
CLSAI 圣安东尼奥 San Antonio
ECGYE 瓜亚基尔 Guayaquil
AUMEL 墨尔本 Melbourne
AUBNE 布里斯班 Brisbane
NZAKL 奥克兰 Auckland
NZTRG 陶朗加 Tauranga
NLRTM 鹿特丹 Rotterdam
DEHAM 汉堡 Hamburg
BEANR 安特卫普 Antwerp
NOAES 奥勒松 Alesund
RUVVO 符拉迪沃斯托克 Vladivostok|海参崴
USLAX 洛杉矶 Los Angeles
KRPUS 釜山 Busan
THLCH 林查班 Laem Chabang
"""
_PLACES = {"CNTXG": "CNTXG", "CNTSN": "CNTXG"}
_LOCODE = re.compile(r"(?<![0-9A-Z])([A-Z]{2})[ -]?([A-Z2-9]{3})(?![0-9A-Z])")


def _read_table() -> tuple[dict[str, Port], dict[str, Port]]:
    ports: dict[str, Port] = {}
    names: dict[str, Port] = {}
    for row in _TABLE.strip().splitlines():
        first, *aliases = row.split("|")
        locode, zh, en = first.split(" ", 2)
        ports[locode] = port = Port(locode=locode, zh=zh, en=en, place=_PLACES.get(locode, locode))
        for name in (zh, en, *aliases):
            names[_folded(name)] = port
    return ports, names


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:LONGEST_TEXT]).upper()
    return "".join(sign for sign in plain if sign.isalnum())


PORTS, _NAMES = _read_table()


def parse_port(text: str) -> Port:
    """Read a port from its code, its name, or both; raise `UnknownPort` and nothing else.

    >>> parse_port("天津新港 (CNTXG)").en
    'Tianjin Xingang'
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).upper().strip()
    codes = [country + place for country, place in _LOCODE.findall(plain)]
    for code in codes:
        if code in PORTS:
            return PORTS[code]
    folded = _folded(text)
    if folded in _NAMES:
        return _NAMES[folded]
    inside = [name for name in _NAMES if name in folded]
    if inside:
        return _NAMES[max(inside, key=len)]
    # A bare five-letter word could be any name; it counts as an unlisted code only alone or in brackets.
    alone = re.fullmatch(r"(?:.*\()?([A-Z]{2}[A-Z2-9]{3})\)?", plain, re.DOTALL)
    if alone:
        code = alone.group(1)
        remark = notice("port_unlisted", NOTICES["port_unlisted"], text=code)
        return Port(locode=code, zh=code, en=code, place=code, listed=False, notices=(remark,))
    raise UnknownPort(text=shown(text))
