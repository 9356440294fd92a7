"""Everybody else's codes: GS1 element strings and Digital Links of any host, with or without our AIs.

The table of AIs is `biip`'s; the rules around it are ours, because a food chain may not take a wrong check
digit, a lot without its product or a dropped parameter for a code.  The yardstick is the GS1 Syntax Engine with
its default settings: what it accepts is accepted here, with the same elements in the same order.
"""

import re
from collections.abc import Sequence
from typing import Final

from coldtrace.codes.ai_association import excluding, lacking
from coldtrace.codes.ai_content import has_right_content
from coldtrace.codes.ai_table import find_ai, leading_ai
from coldtrace.codes.check_digit import is_digits
from coldtrace.codes.link_text import decode_value, key_pairs, split_link
from coldtrace.codes.refusals import CodeRefusal, MalformedElements, MalformedUri

Element = tuple[str, str]

GROUP_SEPARATOR: Final = "\x1d"
# What wedges type instead of the group separator.  No AI may hold these characters, so nothing is guessed.
STAND_INS: Final = ("{GS}", "|", "^", "\u241d")

# Primary key of a Digital Link -> the alternative rows of qualifiers, each in its order (URI Syntax, 1.6).
_KEYS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "01": (("22", "10", "21"), ("235",)),
    "8006": (("22", "10", "21"),),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8004": (("7040",),),
    "8010": (("8011",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
    **{ai: () for ai in ("00", "253", "255", "401", "402", "8003", "8013")},
}

# Known AIs that may not be attributes behind the question mark.
_NEVER_ATTRIBUTES: Final = frozenset(
    {"03", "21", "22", "235", "254", "7040", "7041", "8011", "8014", "8019", "8020"}
    | {"8040", "8041", "8042", "8043", "8200"}
)

_BRACKETED: Final = re.compile(r"\s*\(([0-9]{2,4})\)\s*((?:\\\(|[^(\s])+)\s*", re.ASCII)


def read_link(text: str) -> tuple[Element, ...]:
    """Return the elements of a GS1 Digital Link, path first; raise MalformedUri if it is none."""
    link = split_link(text)
    elements: list[Element] = []
    for ai, value in key_pairs(link.segments, _KEYS):
        if find_ai(ai) is None:
            raise MalformedUri(reason="unknown_ai", at=ai)
        if not value:
            raise MalformedUri(reason="missing_value", at=ai)
        elements.append((ai, decode_value(value, plus_is_space=False)))
    path = tuple(ai for ai, _ in elements)
    if not _is_key_sequence(path):
        raise MalformedUri(reason="order", at=path[-1])
    for key, raw in link.query:
        # A parameter without a value or with a name is an extension: legal, and not ours to read.
        if raw is None or not is_digits(key):
            continue
        if find_ai(key) is None:
            raise MalformedUri(reason="unknown_ai", at=key)
        if key in _NEVER_ATTRIBUTES or _belongs_into_path(key, path):
            raise MalformedUri(reason="in_path", at=key)
        if not raw:
            raise MalformedUri(reason="missing_value", at=key)
        elements.append((key, decode_value(raw, plus_is_space=True)))
    seen: set[str] = set()
    for ai, _ in elements:
        if ai in seen:
            raise MalformedUri(reason="repeated", at=ai)
        seen.add(ai)
    return _checked(elements, MalformedUri)


def read_elements(text: str) -> tuple[Element, ...]:
    """Return the elements of a GS1 element string; raise MalformedElements if it is none.

    Taken are the raw form with group separators (or a stand-in for them) and the form with bracketed AIs.  A
    value without a fixed length ends at the next separator and nowhere else.
    """
    if text.startswith("("):
        return _read_bracketed(text)
    for stand_in in STAND_INS:
        text = text.replace(stand_in, GROUP_SEPARATOR)
    elements: list[Element] = []
    rest = text.lstrip(GROUP_SEPARATOR)
    while rest:
        form = leading_ai(rest)
        if form is None:
            raise MalformedElements(reason="unknown_ai", at=rest[:4])
        field = rest[len(form.ai) :].partition(GROUP_SEPARATOR)[0]
        value = form.longest_prefix(field)
        if not value:
            raise MalformedElements(reason="form", at=form.ai)
        if form.separator_required and value != field:
            raise MalformedElements(reason="no_separator", at=form.ai)
        elements.append((form.ai, value))
        # A separator is allowed behind every value, also where none is needed (section 7.8.6).
        rest = rest[len(form.ai) + len(value) :].lstrip(GROUP_SEPARATOR)
    return _checked(_without_repeats(elements), MalformedElements)


def is_marked(text: str) -> bool:
    """Tell whether `text` shows by brackets or separators that it is meant as an element string."""
    return text.startswith("(") or any(mark in text for mark in (GROUP_SEPARATOR, *STAND_INS))


def _read_bracketed(text: str) -> tuple[Element, ...]:
    elements: list[Element] = []
    at = 0
    while at < len(text):
        found = _BRACKETED.match(text, at)
        if found is None:
            raise MalformedElements(reason="form", at=text[at : at + 6])
        elements.append((found[1], found[2].replace("\\(", "(")))
        at = found.end()
    return _checked(_without_repeats(elements), MalformedElements)


def _without_repeats(elements: Sequence[Element]) -> list[Element]:
    """Drop an element that is given twice with one value; raise MalformedElements if the values differ."""
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise MalformedElements(reason="repeated", at=ai)
    return list(values.items())


def _checked(elements: Sequence[Element], refusal: type[CodeRefusal]) -> tuple[Element, ...]:
    for ai, value in elements:
        form = find_ai(ai)
        if form is None:
            raise refusal(reason="unknown_ai", at=ai)
        if not form.fits(value) or not has_right_content(ai, value):
            raise refusal(reason="form", at=ai)
    ais = dict(elements)
    if not ais:
        raise refusal(reason="no_key")
    pair = excluding(ais)
    if pair is not None:
        raise refusal(reason="excludes", at=f"{pair[0]}, {pair[1]}")
    ai_alone = lacking(ais)
    if ai_alone is not None:
        raise refusal(reason="needs", at=ai_alone)
    return tuple(elements)


def _is_key_sequence(path: tuple[str, ...]) -> bool:
    """Tell whether the AIs of a path are a primary key and some of one row of its qualifiers, in order."""
    primary, qualifiers = path[0], path[1:]
    rows = _KEYS.get(primary)
    if rows is None:
        return False
    return not qualifiers or any(_is_subsequence(qualifiers, row) for row in rows)


def _is_subsequence(some: tuple[str, ...], row: tuple[str, ...]) -> bool:
    at = 0
    for ai in some:
        if ai not in row[at:]:
            return False
        at = row.index(ai) + 1
    return True


def _belongs_into_path(ai: str, path: tuple[str, ...]) -> bool:
    """Tell whether this AI could stand in the path: then it must, so that one thing has one address."""
    return any(_is_key_sequence((*path[:at], ai, *path[at:])) for at in range(1, len(path) + 1))
