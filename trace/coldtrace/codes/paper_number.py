"""What all number readers of the paperwork share: tidying, the family of refusals, and notices.

Rule of thumb (domain guide, section 3): a *format* error blocks and is raised as a `MalformedPaperNumber`; what is
only *implausible* comes back as a `Notice` beside the value and never stops a box at a cold-store door.
"""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

from coldtrace.errors import Fact, Refusal, Words

LONGEST_TEXT = 200
"""Nobody types a longer number; the rest is cut before any work is done on it."""

_APOSTROPHES = "'`´‘’‛＇"
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_UPPER = {ord(small): ord(small) - 32 for small in "abcdefghijklmnopqrstuvwxyz"}


class MalformedPaperNumber(Refusal):
    """Family of all refusals of paper numbers; the facts always hold `text`, what was read."""

    code: ClassVar[str] = "paper_number_malformed"
    title: ClassVar[Words] = Words("编号格式不对", "Malformed number")
    detail: ClassVar[Words] = Words(
        "编号“{text}”无法识别，请对照单证重新输入。",
        'The number "{text}" cannot be read; type it again from the paper.',
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A plausibility remark about a number that is accepted all the same."""

    code: str
    zh: str
    en: str


def notice(code: str, words: Words, **facts: Fact) -> Notice:
    """Build a `Notice` from a pair of sentence templates."""
    return Notice(code=code, zh=words.say("zh", **facts), en=words.say("en", **facts))


def tidy_number(text: str, *, drop: str = "") -> str:
    """Return `text` as a number is meant: half-width, without blanks, apostrophes or signs in `drop`, in
    capitals.

    >>> tidy_number("’ ｔxgu 000001 4 ")
    'TXGU0000014'
    """
    kept = (
        sign
        for sign in unicodedata.normalize("NFKC", text[:LONGEST_TEXT])
        if not sign.isspace() and sign not in _INVISIBLE and sign not in drop
    )
    return "".join(kept).strip(_APOSTROPHES).translate(_UPPER)


def shown(text: str) -> str:
    """Return `text` short and printable enough to stand inside a sentence."""
    line = "".join(sign if sign.isprintable() else "·" for sign in text.strip()[:LONGEST_TEXT])
    return line if len(line) <= 40 else line[:39] + "…"
