"""The GS1 check digit (GS1 General Specifications, section 7.9.1): weights 3 and 1 from the right, modulo 10.

It finds every single wrong digit and most transpositions; it proves nothing about who made the number.

>>> check_digit("0950600013435")
'2'
>>> has_valid_check_digit("106141412345678908")
True
"""

from typing import Final

DIGITS: Final = frozenset("0123456789")
_WORTH: Final = bytes.maketrans(b"0123456789", bytes(range(10)))


def check_digit(body: str) -> str:
    """Return the digit that follows `body`, which must be ASCII digits."""
    digits = body.encode("ascii").translate(_WORTH)
    return str(-(3 * sum(digits[::-2]) + sum(digits[-2::-2])) % 10)


def has_valid_check_digit(digits: str) -> bool:
    """Tell whether `digits` is ASCII digits only and its last one is the check digit of the others."""
    return len(digits) > 1 and is_digits(digits) and check_digit(digits[:-1]) == digits[-1]


def is_digits(text: str) -> bool:
    """Tell whether `text` is one or more ASCII digits; `str.isdigit` would let full-width ones pass."""
    return bool(text) and DIGITS.issuperset(text)
