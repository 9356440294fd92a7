"""Short links of other platforms: which scheme an address belongs to, and the value that it carries.

Provinces print addresses of their own on packages.  They mean nothing to us but can be told apart: a table says which
address belongs to which scheme, and statements then name the unit `scheme:value` (`events/unit_id.py`).  The table is
data.  One comes with the install, with placeholders only, since no platform publishes its form; an operator names a
file with what is really printed.

    {"schemes":[{"scheme":"zjcold","name_zh":...,"name_en":...,"address":ADDRESS,"confirmed":false}...]}
    ADDRESS     [*.]HOST/[PATH/]{value}  or  [*.]HOST/[PATH]?NAME={value}     without `https://`

>>> table = parse_schemes('{"schemes":[{"scheme":"zjcold","name_zh":"浙冷链","name_en":"ZJ",'
...                       '"address":"*.zj-cold.example/q/{value}","confirmed":false}]}')
>>> [(found.scheme, value) for found, value in match_scheme("https://a.zj-cold.example/q/91%2F0042", table)]
[('zjcold', '91/0042')]
>>> match_scheme("zjcold:91/0042", table)[0][1]
'91/0042'
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from coldtrace.errors import Refusal, Words

VALUE_MAX: Final = 90
SCHEMES_MAX: Final = 200

_NAME: Final = re.compile(r"[a-z][a-z0-9]{1,15}", re.ASCII)
_ADDRESS: Final = re.compile(
    r"(?P<wild>\*\.)?(?P<host>[a-z0-9][a-z0-9.-]*[a-z0-9])/(?P<path>[A-Za-z0-9._~/-]*)"
    r"(?:(?P<tail>\{value\})|\?(?P<query>[A-Za-z0-9_]+)=\{value\})",
    re.ASCII,
)
_LINK: Final = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_KEYS: Final = frozenset({"scheme", "name_zh", "name_en", "address", "confirmed"})


class MalformedSchemes(Refusal):
    """The table of other platforms' addresses is not as it should be."""

    code = "malformed_schemes"
    title = Words("外部编码表格式有误", "Malformed table of foreign schemes")
    detail = Words(
        "外部编码表在 {where} 处有误；格式见 docs/formats/codes.md 第 7 节。",
        "The table of foreign schemes is wrong at {where}; docs/formats/codes.md, section 7, has the form.",
    )


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One platform's codes.  `confirmed` says that somebody has seen such a code on real goods."""

    scheme: str
    name_zh: str
    name_en: str
    confirmed: bool
    host: str
    any_subdomain: bool
    path: str
    query: str | None

    def value_of(self, text: str) -> str | None:
        """Return the value in an address of this scheme, None if the address is not of its form."""
        try:
            link = urlsplit(text)
            host = (link.hostname or "").lower()
        except ValueError:
            return None
        if host != self.host and not (self.any_subdomain and host.endswith(f".{self.host}")):
            return None
        if self.query is not None:
            found = [value for name, value in parse_qsl(link.query) if name == self.query]
            value = found[0] if len(found) == 1 and link.path == f"/{self.path}" else ""
        else:
            before, after = f"/{self.path}", link.path
            value = unquote(after.removeprefix(before)) if after.startswith(before) else ""
            value = "" if "/" in after.removeprefix(before) else value
        return _usable(value)


def parse_schemes(text: str) -> tuple[Scheme, ...]:
    """Return the table in a JSON text; raise MalformedSchemes."""
    try:
        table = json.loads(text)
        rows = table["schemes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise MalformedSchemes(where="$") from None
    if not isinstance(rows, list) or len(rows) > SCHEMES_MAX:
        raise MalformedSchemes(where="schemes")
    schemes = tuple(_scheme(row, f"schemes[{number}]") for number, row in enumerate(rows))
    if len({each.scheme for each in schemes}) != len(schemes):
        raise MalformedSchemes(where="schemes: scheme")
    return schemes


def load_schemes(path: Path | None) -> tuple[Scheme, ...]:
    """Return the table in an operator's file, or the one that comes with the install; raise MalformedSchemes."""
    if path is None:
        return known_schemes()
    try:
        return parse_schemes(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise MalformedSchemes(where=path.name) from None


@lru_cache(maxsize=1)
def known_schemes() -> tuple[Scheme, ...]:
    """Return the table that comes with the install."""
    return parse_schemes((files("coldtrace.codes") / "foreign_schemes.json").read_text(encoding="utf-8"))


def match_scheme(text: str, schemes: Sequence[Scheme]) -> list[tuple[Scheme, str]]:
    """Return every scheme that an address, or a text `scheme:value`, belongs to, each with the value."""
    if _LINK.match(text):
        return [(each, value) for each in schemes if (value := each.value_of(text)) is not None]
    name, colon, rest = text.partition(":")
    value = _usable(rest)
    return [(each, value) for each in schemes if colon and value is not None and each.scheme == name]


def _usable(value: str) -> str | None:
    return value if 0 < len(value) <= VALUE_MAX and value.isprintable() else None


def _scheme(row: object, where: str) -> Scheme:
    if not isinstance(row, dict) or row.keys() != _KEYS:
        raise MalformedSchemes(where=where)
    for name in ("scheme", "name_zh", "name_en", "address"):
        if not isinstance(row[name], str) or not row[name].strip():
            raise MalformedSchemes(where=f"{where}.{name}")
    form = _ADDRESS.fullmatch(row["address"])
    if form is None:
        raise MalformedSchemes(where=f"{where}.address")
    if not _NAME.fullmatch(row["scheme"]) or not isinstance(row["confirmed"], bool):
        raise MalformedSchemes(where=f"{where}.scheme" if isinstance(row["confirmed"], bool) else f"{where}.confirmed")
    return Scheme(
        scheme=row["scheme"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        confirmed=row["confirmed"],
        host=form["host"],
        any_subdomain=form["wild"] is not None,
        path=form["path"],
        query=form["query"],
    )
