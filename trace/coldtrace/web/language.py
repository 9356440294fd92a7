"""Which of the two languages a reader gets, and the addresses of the visible switch.

Order: `?lang=` in the address, then the cookie that the switch left, then `Accept-Language`, then Chinese.
A reader who asks only for a third language gets English.
"""

import re
from typing import cast

from coldtrace.errors import Lang

LANGUAGE_COOKIE = "ct_lang"
LANGUAGES: tuple[Lang, ...] = ("zh", "en")
_RANGE = re.compile(r"^([A-Za-z*][A-Za-z0-9-]{0,34})(?:;q=([01](?:\.[0-9]{0,3})?))?$")


def choose_language(*, query: str | None = None, cookie: str | None = None, accept: str | None = None) -> Lang:
    """Return the language for one request; foreign or broken values are passed over, never refused.

    >>> choose_language(query="en", cookie="zh")
    'en'
    >>> choose_language(accept="en-GB,en;q=0.9,zh-CN;q=0.2")
    'en'
    >>> choose_language()
    'zh'
    """
    for asked in (query, cookie):
        if asked in LANGUAGES:
            return asked
    return _from_accept(accept or "")


def language_url(here: str, lang: Lang) -> str:
    """Return the path `here` in another language; every other byte of the query stays as it was.

    The query is cut at `&`, not decoded and rebuilt: a signed code must arrive as it was printed.

    >>> language_url("/01/09521234543210/21/7QK4M2ZX9RTB?s=AB%2DC&lang=zh", "en")
    '/01/09521234543210/21/7QK4M2ZX9RTB?s=AB%2DC&lang=en'
    """
    path, _, query = here.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] != "lang"]
    # A path that begins with two slashes would be read as another host.
    return "/" + path.lstrip("/\\") + "?" + "&".join([*kept, f"lang={lang}"])


def _from_accept(header: str) -> Lang:
    best: dict[Lang, float] = {}
    other = 0.0
    for part in header[:512].split(","):
        match = _RANGE.match(part.replace(" ", ""))
        if match is None or match[1] == "*":
            continue
        weight = float(match[2] or "1")
        tag = match[1].lower().partition("-")[0]
        if tag in LANGUAGES:
            lang = cast(Lang, tag)
            best[lang] = max(best.get(lang, 0.0), weight)
        else:
            other = max(other, weight)
    if best and max(best.values()) > 0:
        return max(LANGUAGES, key=lambda lang: best.get(lang, 0.0))
    return "en" if other > 0 else "zh"
