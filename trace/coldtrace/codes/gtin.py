"""GTIN: the number of a trade item (GS1 General Specifications, section 3.3.2), always kept with 14 digits.

Restricted prefixes are refused here, where a number enters as the name of public goods, and not in the parsers:
a scanned Digital Link with such a number is well formed, it only names nothing outside one shop or firm.

>>> parse_gtin("9506000134352")
'09506000134352'
"""

from typing import Final, NewType

from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.codes.refusals import MalformedNumber, RestrictedNumber

Gtin = NewType("Gtin", str)

LENGTHS: Final = (8, 12, 13, 14)

# First and last GS1 prefix of a range that never names a public trade item (General Specifications, table 1.4.2):
# in-store and company-internal numbers, EPC managers, coupons, serials, books, refund receipts.
_RESTRICTED: Final = ((20, 29), (40, 59), (200, 299), (951, 951), (977, 984), (990, 999))


def parse_gtin(text: str) -> Gtin:
    """Return the 14-digit GTIN of 8, 12, 13 or 14 digits.

    Raises MalformedNumber for other lengths, characters or a wrong check digit, and RestrictedNumber for a
    number that may not name public goods.
    """
    if len(text) not in LENGTHS or not has_valid_check_digit(text):
        raise MalformedNumber(kind="GTIN", lengths="8/12/13/14")
    gtin = text.zfill(14)
    prefix = restricted_prefix(gtin)
    if prefix is not None:
        raise RestrictedNumber(gtin=gtin, prefix=prefix)
    return Gtin(gtin)


def restricted_prefix(gtin: str) -> str | None:
    """Return the GS1 prefix of a 14-digit GTIN if it is restricted, else None."""
    if gtin.startswith("000000"):
        # A GTIN-8 has prefixes of its own; there 2xx is for use inside one shop.
        prefix = gtin[6:9]
        return prefix if prefix.startswith("2") or gtin == "0" * 14 else None
    prefix = gtin[1:4]
    return prefix if any(first <= int(prefix) <= last for first, last in _RESTRICTED) else None
