"""A typed look at one parsed text: exactly these keys, each of its kind, nothing else.

Every format of ours has a fixed set of keys.  An unknown key would be something signed that nobody checks; a
missing one would be read as a default that nobody signed.  Both are refused, by the refusal of the format that
is being read.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Refusal
from coldtrace.events.canonical import INTEGER_MAX, JsonValue
from coldtrace.seal.b64 import MalformedBase64, unb64

Refuse = Callable[[str], Refusal]

TEXT_MAX: Final = 2000
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
UTC_TEXT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class Shape:
    """One object of a format.  `refuse(where)` makes the refusal that a mismatch raises."""

    def __init__(self, value: JsonValue, keys: frozenset[str], refuse: Refuse, at: str = "") -> None:
        self._refuse = refuse
        self._at = at
        if not isinstance(value, dict) or value.keys() != keys:
            raise refuse(at or "keys")
        self._value = value

    def raw(self, name: str) -> JsonValue:
        """Return the value of a key as it was parsed."""
        return self._value[name]

    def is_null(self, name: str) -> bool:
        """Tell whether the key holds null."""
        return self._value[name] is None

    def version(self, number: int = 1) -> None:
        """Require the key `v` to be this version."""
        self.integer("v", low=number, high=number)

    def text(self, name: str, *, limit: int = TEXT_MAX, pattern: re.Pattern[str] | None = None) -> str:
        """Return a string of at most `limit` characters that matches `pattern` as a whole."""
        value = self._value[name]
        if not isinstance(value, str) or len(value) > limit:
            raise self.wrong(name)
        if pattern is not None and not pattern.fullmatch(value):
            raise self.wrong(name)
        return value

    def choice(self, name: str, allowed: frozenset[str]) -> str:
        """Return a string that is one of the allowed ones."""
        value = self._value[name]
        if not isinstance(value, str) or value not in allowed:
            raise self.wrong(name)
        return value

    def integer(self, name: str, *, low: int = 0, high: int = INTEGER_MAX) -> int:
        """Return an integer between the two bounds."""
        value = self._value[name]
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name)
        return value

    def items(self, name: str, *, limit: int) -> list[JsonValue]:
        """Return an array of at most `limit` items."""
        value = self._value[name]
        if not isinstance(value, list) or len(value) > limit:
            raise self.wrong(name)
        return value

    def octets(self, name: str, count: int | None = None) -> bytes:
        """Return the bytes of a base64url string; `count` of them if given."""
        return read_octets(self._value[name], count, lambda _: self.wrong(name))

    def optional_octets(self, name: str, count: int) -> bytes | None:
        """Return the bytes of a base64url string, or None for null."""
        return None if self._value[name] is None else self.octets(name, count)

    def moment(self, name: str) -> datetime:
        """Return a time written as `2026-11-23T04:00:00.000Z`."""
        return read_moment(self._value[name], lambda _: self.wrong(name))

    def inner(self, name: str, keys: frozenset[str]) -> "Shape":
        """Return the object under a key."""
        return Shape(self._value[name], keys, self._refuse, self._path(name))

    def wrong(self, name: str) -> Refusal:
        """Return the refusal for the value of a key."""
        return self._refuse(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._at}.{name}" if self._at else name


def read_octets(value: JsonValue, count: int | None, refuse: Refuse) -> bytes:
    """Return the bytes of a base64url value, `count` of them if given."""
    if not isinstance(value, str):
        raise refuse("base64")
    try:
        data = unb64(value)
    except MalformedBase64:
        raise refuse("base64") from None
    if count is not None and len(data) != count:
        raise refuse("length")
    return data


def read_moment(value: JsonValue, refuse: Refuse) -> datetime:
    """Return the moment of a UTC text with milliseconds, the only form in which we write times."""
    if not isinstance(value, str) or not UTC_TEXT.fullmatch(value):
        raise refuse("time")
    try:
        moment = parse_utc(value)
        printed = format_utc(moment)
    except (ValueError, OverflowError):
        raise refuse("time") from None
    if printed != value:
        raise refuse("time")
    return moment
