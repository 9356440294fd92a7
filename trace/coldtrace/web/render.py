"""Jinja2 for the pages: one environment a language, autoescape always, an undefined name is an error.

Words and formats are bound to the environment's language, so macros need no context and compiled templates are
shared by all requests.  Static addresses carry a digest of the file, so that browsers may keep them for ever.
"""

import re
from functools import cache
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined

from coldtrace.errors import Fact, Lang, Words
from coldtrace.web import formats
from coldtrace.web.language import language_url
from coldtrace.web.linkset import verify_command
from coldtrace.web.pages.views import Bilingual, PageView
from coldtrace.web.place_words import COLD, SOURCES, act_words, district_words, repack_words, role_words
from coldtrace.web.static_texts import static_texts
from coldtrace.web.status_words import RECALL_STEPS
from coldtrace.web.words import page_words

LANG_TAGS: dict[Lang, str] = {"zh": "zh-CN", "en": "en"}


def render(template: str, view: PageView, lang: Lang) -> str:
    """Return the page `template` (a path below `templates/`) filled with `view` in `lang`."""
    return environment(lang).get_template(template).render(view=view)


@cache
def static_url(path: str) -> str:
    """Return the address of a file below `static/`, with the first digits of its digest as its version.

    A file that is not there has no digest; its plain address is returned, and the browser gets a 404.
    """
    text = static_texts().get(path)
    return f"/static/{path}" if text is None else f"/static/{path}?v={sha256(text).hexdigest()[:10]}"


def web_address(url: str | None) -> str | None:
    """Return an address that may stand in a link: a path of ours or http(s); nothing else passes."""
    if url is None or re.match(r"https?://|/(?![/\\])", url) is None:
        return None
    return url


@cache
def environment(lang: Lang) -> Environment:
    """Return the environment of one language."""
    env = Environment(
        loader=PackageLoader("coldtrace.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=[],
    )

    def say(words: Words) -> str:
        return words.zh if lang == "zh" else words.en

    def t(key: str, **facts: Fact) -> str:
        return page_words(key, lang, **facts)

    def named(name: Bilingual) -> list[tuple[str, str]]:
        """Return (language tag, text) of a stated name, the reader's language first."""
        pairs = [(LANG_TAGS["zh"], name.zh), (LANG_TAGS["en"], name.en)]
        if lang == "en":
            pairs.reverse()
        return [(tag, text) for tag, text in pairs if text]

    env.globals.update(
        lang=lang,
        lang_tag=LANG_TAGS[lang],
        t=t,
        named=named,
        static_url=static_url,
        language_url=language_url,
        verify_command=verify_command,
        recall_steps=RECALL_STEPS,
    )
    env.filters.update(
        say=say,
        day=lambda value: formats.day(value, lang),
        days=lambda first, last: formats.days(first, last, lang),
        moment=lambda value: formats.moment(value, lang),
        hour=lambda value: formats.hour(value, lang),
        iso=formats.iso,
        weight=lambda value: formats.weight(value, lang),
        degrees=formats.degrees,
        shelf_life=lambda value: formats.shelf_life(value, lang),
        address=web_address,
        role=lambda value: say(role_words(value)),
        repack=lambda value: say(repack_words(value)),
        district=lambda value: say(district_words(value)),
        act=lambda value: say(act_words(value)),
        cold=lambda value: say(COLD[value]),
        source=lambda value: say(SOURCES[value]),
    )
    return env
