"""A typed look at what the server answered: each member of its kind, or BadAnswer with its name."""

import json
from collections.abc import Mapping

from coldscan.refusals import BadAnswer


class Members:
    """The members of one JSON object.  Unknown members are left alone: a newer server may say more."""

    def __init__(self, value: object, *, where: str) -> None:
        if not isinstance(value, dict):
            raise BadAnswer(what=where)
        self._value: Mapping[str, object] = value
        self._where = where

    def text(self, name: str) -> str:
        """Return a string."""
        value = self._value.get(name)
        if not isinstance(value, str):
            raise self._wrong(name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None if it is null or missing."""
        return None if self._value.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """Return a whole number that is not negative."""
        value = self._value.get(name)
        if type(value) is not int or value < 0:
            raise self._wrong(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return an array of strings."""
        values = self.items(name)
        if not all(isinstance(each, str) for each in values):
            raise self._wrong(name)
        return [str(each) for each in values]

    def items(self, name: str) -> list[object]:
        """Return an array."""
        value = self._value.get(name)
        if not isinstance(value, list):
            raise self._wrong(name)
        return value

    def objects(self, name: str) -> list["Members"]:
        """Return an array of objects."""
        return [Members(each, where=f"{self._where}.{name}") for each in self.items(name)]

    def inner(self, name: str) -> "Members":
        """Return the object under a name."""
        return Members(self._value.get(name), where=f"{self._where}.{name}")

    def raw(self, name: str) -> object:
        """Return whatever stands there, None if nothing does."""
        return self._value.get(name)

    def _wrong(self, name: str) -> BadAnswer:
        return BadAnswer(what=f"{self._where}.{name}")


def parse_object(body: bytes, *, where: str) -> Members:
    """Return the members of a JSON object; raise BadAnswer."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadAnswer(what=where) from None
    return Members(value, where=where)
