"""The short code: what a person keys in when the QR code is iced over.

    serial           12 characters of Crockford's base32, 60 bits from a CSPRNG; AI 21 of the printed code
    check character  ISO/IEC 7064 MOD 37,36 over the serial
    printed          7QK4-M2ZX-9RTB-5

A serial whose check character would be I, L, O or U is drawn again, so that every character of a short code
survives the usual confusions: I and l are read as 1, O as 0.  Serials are unique in the whole installation
and are never sequential, so a page cannot be found by counting.

>>> check_character("7QK4M2ZX9RTB")
'5'
>>> format_short_code("7QK4M2ZX9RTB")
'7QK4-M2ZX-9RTB-5'
>>> parse_short_code("7qk4 m2zx 9rtb 5")
'7QK4M2ZX9RTB'
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from coldtrace.codes.refusals import MalformedShortCode

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CONFUSED: Final = str.maketrans({"I": "1", "L": "1", "O": "0"})
_MOD36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SERIAL: Final = re.compile(rf"[{ALPHABET}]{{12}}", re.ASCII)
_SHAPE: Final = re.compile(rf"[{ALPHABET}]{{13}}", re.ASCII)
_SPACING: Final = re.compile(r"[\s\-_.‐-―−]")
_ATTEMPTS: Final = 1000
_BATCH: Final = 512
# What ten bits are written as.
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)


def new_serial(random: Callable[[int], bytes]) -> str:
    """Return a fresh serial; `random` gives bytes of a CSPRNG.  The caller checks that it is not taken."""
    for _ in range(_ATTEMPTS):
        bits = int.from_bytes(random(8), "big") >> 4
        serial = "".join(ALPHABET[bits >> shift & 31] for shift in range(55, -1, -5))
        if check_character(serial) in ALPHABET:
            return serial
    raise RuntimeError("the random source repeats itself")


def new_short_codes(random: Callable[[int], bytes]) -> Iterator[str]:
    """Yield fresh serials, each with its check character behind it, without end.

    They are those that `new_serial` would draw from the same bytes, at a fifth of its cost.

    Each serial is 60 bits of its own eight bytes, and one with a confusable check character is passed over, so
    every serial that may be drawn stays equally likely.
    """
    after = _steps()
    while True:
        drawn = random(8 * _BATCH)
        kept = 0
        for at in range(0, len(drawn), 8):
            bits = int.from_bytes(drawn[at : at + 8], "big") >> 4
            a, b, c = bits >> 50, bits >> 40 & 1023, bits >> 30 & 1023
            d, e, f = bits >> 20 & 1023, bits >> 10 & 1023, bits & 1023
            product = after[after[after[after[after[after[36][a]][b]][c]][d]][e]][f]
            check = _MOD36[(37 - product) % 36]
            if check in ALPHABET:
                kept += 1
                yield _PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _PAIRS[e] + _PAIRS[f] + check
        if not kept:
            raise RuntimeError("the random source repeats itself")


@cache
def _steps() -> tuple[tuple[int, ...], ...]:
    """Return, for each state of the check and each pair of characters, the state behind them."""
    return tuple(tuple(_product(pair, after=product) for pair in _PAIRS) for product in range(37))


def check_character(serial: str) -> str:
    """Return the ISO/IEC 7064 MOD 37,36 check character of upper-case letters and digits."""
    return _MOD36[(37 - _product(serial, after=36)) % 36]


def _product(characters: str, *, after: int) -> int:
    product = after
    for character in characters:
        total = (product + _MOD36.index(character)) % 36 or 36
        product = total * 2 % 37
    return product


def format_short_code(serial: str) -> str:
    """Return the printed form of a serial: groups of four and the check character."""
    return f"{serial[:4]}-{serial[4:8]}-{serial[8:]}-{check_character(serial)}"


def parse_short_code(text: str) -> str:
    """Return the serial of a keyed-in short code.

    Full-width characters, letter case, spaces, dashes and the confusions of I, L and O are forgiven; a wrong
    length, alphabet or check character raises MalformedShortCode.
    """
    if not is_short_code(text):
        raise MalformedShortCode()
    return _plain(text)[:12]


def looks_like_short_code(text: str) -> bool:
    """Tell whether `text` has the length and alphabet of a short code, right or wrong."""
    return _SHAPE.fullmatch(_plain(text)) is not None


def is_short_code(text: str) -> bool:
    """Tell whether `text` is a short code with its right check character."""
    plain = _plain(text)
    return _SHAPE.fullmatch(plain) is not None and plain[12] == check_character(plain[:12])


def is_serial(text: str) -> bool:
    """Tell whether `text` could have come from `new_serial`."""
    return _SERIAL.fullmatch(text) is not None and check_character(text) in ALPHABET


def _plain(text: str) -> str:
    # Full-width forms are forgiven for what a person keys in, never inside a scanned code.
    return _SPACING.sub("", unicodedata.normalize("NFKC", text[:100])).upper().translate(_CONFUSED)
