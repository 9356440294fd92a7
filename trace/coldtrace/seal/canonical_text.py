"""JCS (RFC 8785) in the narrow profile of our signed texts.

Strings, booleans, null, arrays, objects with printable ASCII keys, integers up to 2^53-1; no floats.  Inside
that profile the standard library prints exactly what JCS asks for (tests compare it with the reference
implementation), and ASCII keys sort the same in code points and in UTF-16.

>>> print_canonical({"v": 1, "name": "冷库"})
'{"name":"冷库","v":1}'
"""

import json
from typing import NoReturn

MAX_INTEGER = 2**53 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
MAX_DEPTH = 16  # far beyond any of our texts, and the same on every machine, unlike the end of a stack


class NotInProfile(ValueError):
    """The text or value is outside the profile.  Callers turn it into the refusal of their own format."""


def print_canonical(value: object) -> str:
    """Return the canonical text of `value`; raise NotInProfile."""
    try:
        _check(value, MAX_DEPTH)
        text = _ENCODER.encode(value)
        text.encode("utf-8")
    except (RecursionError, UnicodeEncodeError):
        raise NotInProfile() from None
    return text


def read_canonical(text: str) -> object:
    """Return what a canonical text says; raise NotInProfile if it is not the text that we would print."""
    value = read_json(text)
    if print_canonical(value) != text:
        raise NotInProfile()
    return value


def read_json(text: str) -> object:
    """Return what any JSON text of the profile says, however it is spaced; raise NotInProfile.

    A repeated key is refused: two readers could take different ones for the truth.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotInProfile() from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotInProfile()
    return members


def _refuse(text: str) -> NoReturn:
    raise NotInProfile()


def _check(value: object, depth: int) -> None:
    if depth == 0:
        raise NotInProfile()
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotInProfile()
    elif isinstance(value, list | tuple):
        for each in value:
            _check(each, depth - 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            if not (isinstance(key, str) and key.isascii() and key.isprintable()):
                raise NotInProfile()
            _check(each, depth - 1)
    else:
        raise NotInProfile()
