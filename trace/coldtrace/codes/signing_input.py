"""The bytes that the signature of a trace code covers.

    "CCTRACE1" 00 | token bytes 0-4 | for each element: AI digits, value (percent-decoded ASCII), 1D

Order: primary key, qualifiers as in the path, then query AIs by number; `/U/` signs `U`, id, 1D.  The host is
not signed (it is checked against the trust list), nor are query keys that are not numbers.

The input is injective: 1D is in no value, every AI is one of a short list, and no AI of that list is the
beginning of another, so the bytes fall apart in one way only.  With any all-digit key allowed,
`/21/S?17=261231` and `/21/S?1=7261231` would sign the same bytes; with control characters allowed,
`/21/S%1D17261231` too.
"""

from collections.abc import Sequence
from typing import Final

from coldtrace.codes.trace_code import Element, check_elements

PREFIX: Final = b"CCTRACE1\x00"
SEPARATOR: Final = b"\x1d"


def signing_input(header: bytes, elements: Sequence[Element]) -> bytes:
    """Return the signed bytes; raise MalformedUri unless `elements` are those of a trace code, in order."""
    check_elements(elements)
    return PREFIX + header + b"".join((ai + value).encode("ascii") + SEPARATOR for ai, value in elements)
