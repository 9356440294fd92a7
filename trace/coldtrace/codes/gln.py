"""GLN: the number of a place or party, 13 digits (GS1 General Specifications, section 3.4.1).

>>> parse_gln("6901234567892")
'6901234567892'
"""

from typing import NewType

from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.codes.refusals import MalformedNumber

Gln = NewType("Gln", str)


def parse_gln(text: str) -> Gln:
    """Return the GLN of 13 digits; raise MalformedNumber for anything else."""
    if len(text) != 13 or not has_valid_check_digit(text):
        raise MalformedNumber(kind="GLN", lengths="13")
    return Gln(text)
