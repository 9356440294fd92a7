"""The intake lot: a lot name of our own for lots whose name our codes do not print (codes.md, section 4).

Our codes carry `0-9 A-Z - .` and at most 20 characters.  A lot such as `BR337/0909` keeps its name in the database; its
codes carry this stand-in, which is the same wherever the same lot enters, so that recall works by either.
"""

import hashlib
import re

PRINTABLE_LOT = re.compile(r"[0-9A-Z.-]{1,20}")

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READABLE = 14
_TAIL = 5


def intake_lot(lot: str) -> str | None:
    """Return the stand-in that codes carry, or None when the lot itself can be printed.

    A readable part is kept; five characters of a hash behind it tell `BR337/0909` from `BR337 0909`.

    >>> intake_lot("L2609A") is None, intake_lot("BR337/0909")
    (True, 'BR337-0909.4CXTR')
    """
    if PRINTABLE_LOT.fullmatch(lot):
        return None
    readable = re.sub(r"[^0-9A-Z]+", "-", lot.upper()).strip("-")[:_READABLE]
    number = int.from_bytes(hashlib.sha256(lot.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    tail = "".join(_CROCKFORD[number >> 5 * place & 31] for place in range(_TAIL))
    return f"{readable or 'LOT'}.{tail}"
