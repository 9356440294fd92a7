"""Take an address apart, the same way for our codes and everybody else's (RFC 3986; GS1 Digital Link 1.6).

Only what an address may hold is let through; `http` and `https` come in lower or in upper case, as readers
give them, and in no mixture.  The path is split before it is percent-decoded, so that an encoded slash is part
of a value.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from coldtrace.codes.refusals import MalformedUri

MAX_CHARACTERS: Final = 8000

_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]", re.ASCII)
_SCHEME: Final = re.compile(r"(https?|HTTPS?)://", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9\-.:\[\]]+", re.ASCII)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})", re.ASCII)
# CSET 82 of the General Specifications (figure 7.11-1): what AIs of type X may hold.
_CSET82: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Link:
    """An address in parts.  `host` is lower case; `segments` and `query` are still percent-encoded."""

    scheme: str
    host: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str | None], ...]


def looks_like_link(text: str) -> bool:
    """Tell whether `text` begins like a web address, in any letter case."""
    return text[:8].lower().startswith(("http://", "https://"))


@lru_cache(maxsize=16)
def split_link(text: str) -> Link:
    """Return the parts of an address; raise MalformedUri if it is none.  The last few are kept.

    A query part without `=` has the value None.  The fragment is dropped, as no reader signs or resolves it.
    """
    if len(text) > MAX_CHARACTERS:
        raise MalformedUri(reason="too_long")
    illegal = _ILLEGAL.search(text)
    if illegal is not None:
        raise MalformedUri(reason="characters", at=illegal[0])
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise MalformedUri(reason="not_a_link")
    rest = text[scheme.end() :].partition("#")[0]
    host, slash, rest = rest.partition("/")
    if _HOST.fullmatch(host) is None:
        raise MalformedUri(reason="host")
    if not slash:
        raise MalformedUri(reason="no_key")
    path, _, query = rest.partition("?")
    return Link(
        scheme=scheme[1].lower(),
        host=host.lower(),
        segments=tuple(path.split("/")),
        query=tuple(_query_part(part) for part in query.split("&") if part),
    )


def key_pairs(segments: tuple[str, ...], keys: Collection[str]) -> list[tuple[str, str]]:
    """Return the pairs of key and value from the last pair whose key is in `keys`; before it is a free stem.

    Pairs are counted from the end, so that a value which looks like a key is not taken for one.  Raises
    MalformedUri if there is none.
    """
    pairs = [(segments[at], segments[at + 1]) for at in range(len(segments) % 2, len(segments), 2)]
    for at in range(len(pairs) - 1, -1, -1):
        if pairs[at][0] in keys:
            return pairs[at:]
    raise MalformedUri(reason="no_key")


def decode_value(text: str, *, plus_is_space: bool) -> str:
    """Return `text` percent-decoded, one character for each byte; what is no escape stays as it is.

    A byte above 7F becomes a character that no AI allows, so it is refused where values are checked.
    """
    if plus_is_space:
        text = text.replace("+", " ")
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def has_broken_escape(text: str) -> bool:
    """Tell whether a percent sign stands without its two hex digits."""
    return "%" in _ESCAPE.sub("", text)


def is_cset82(text: str) -> bool:
    """Tell whether `text` is one or more characters of CSET 82."""
    return _CSET82.fullmatch(text) is not None


def _query_part(part: str) -> tuple[str, str | None]:
    key, equals, value = part.partition("=")
    return key, value if equals else None
