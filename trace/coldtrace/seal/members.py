"""Take the members out of a parsed JSON object, each with the type it must have, or refuse and say where.

The refusal belongs to the format that is read, so the caller passes its class; it gets one fact, `where`.
"""

from coldtrace.errors import Refusal
from coldtrace.seal.b64 import MalformedBase64, unb64


class Members:
    """The members of one object; `close` refuses whatever was not asked for."""

    def __init__(self, value: object, *, where: str, refusal: type[Refusal]) -> None:
        self._where, self._refusal = where, refusal
        if not isinstance(value, dict):
            raise refusal(where=where or "$")
        self._members: dict[str, object] = value
        self._asked: set[str] = set()

    @property
    def value(self) -> dict[str, object]:
        """The object itself."""
        return self._members

    def refuse(self, name: str) -> Refusal:
        """Return the refusal that points at member `name`."""
        return self._refusal(where=self.path(name))

    def path(self, name: str) -> str:
        """Return where member `name` is, as in `keys[3].spki`."""
        return f"{self._where}.{name}" if self._where else name

    def has(self, name: str) -> bool:
        """Tell whether the member is there and not null."""
        self._asked.add(name)
        return self._members.get(name) is not None

    def text(self, name: str) -> str:
        """Return a string member."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self.refuse(name)
        return value

    def number(self, name: str, *, at_least: int = 0) -> int:
        """Return an integer member that is not below `at_least`."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
            raise self.refuse(name)
        return value

    def data(self, name: str, *, length: int) -> bytes:
        """Return the bytes of a b64 member of exactly `length` bytes."""
        try:
            value = unb64(self.text(name))
        except MalformedBase64:
            raise self.refuse(name) from None
        if len(value) != length:
            raise self.refuse(name)
        return value

    def items(self, name: str) -> list[object]:
        """Return an array member."""
        value = self._take(name)
        if not isinstance(value, list):
            raise self.refuse(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an array of strings."""
        texts = self.items(name)
        if not all(isinstance(each, str) for each in texts):
            raise self.refuse(name)
        return tuple(str(each) for each in texts)

    def objects(self, name: str) -> "list[Members]":
        """Return an array of objects."""
        return [
            Members(each, where=f"{self.path(name)}[{at}]", refusal=self._refusal)
            for at, each in enumerate(self.items(name))
        ]

    def inner(self, name: str) -> "Members":
        """Return an object member."""
        return Members(self._take(name), where=self.path(name), refusal=self._refusal)

    def close(self) -> None:
        """Refuse members that nobody asked for: what a reader does not know, it cannot have obeyed."""
        for name in self._members:
            if name not in self._asked:
                raise self.refuse(name[:40] if name.isascii() and name.isprintable() else "?")

    def _take(self, name: str) -> object:
        self._asked.add(name)
        return self._members.get(name)
