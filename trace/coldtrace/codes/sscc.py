"""SSCC: the number of one logistic unit, 18 digits (GS1 General Specifications, section 3.2.1).

    extension digit | company prefix, 4-12 digits | reference | check digit

>>> make_sscc(extension=3, company_prefix="6901234", reference=500000001)
'369012345000000012'
"""

from typing import Final, NewType

from coldtrace.codes.check_digit import check_digit, has_valid_check_digit, is_digits
from coldtrace.codes.refusals import MalformedNumber

Sscc = NewType("Sscc", str)

# The extension digit has no meaning in the standard; whoever builds the unit gives it one.  Ours are told apart by it,
# and the eight others are left to the company's own systems, which number under the same prefix.
PALLET_EXTENSION: Final = 3
CARTON_EXTENSION: Final = 4


def parse_sscc(text: str) -> Sscc:
    """Return the SSCC of 18 digits; raise MalformedNumber for anything else."""
    if len(text) != 18 or not has_valid_check_digit(text):
        raise MalformedNumber(kind="SSCC", lengths="18")
    return Sscc(text)


def make_sscc(*, extension: int, company_prefix: str, reference: int) -> Sscc:
    """Return the SSCC that a company gives to one unit.

    Raises MalformedNumber if the extension is not one digit, the prefix not 4 to 12 digits, or the reference
    does not fit into what is left.  The caller owns the counter: the same reference gives the same number.
    """
    width = 16 - len(company_prefix)
    fits = 0 <= extension <= 9 and 0 <= reference < 10**width if 4 <= len(company_prefix) <= 12 else False
    if not fits or not is_digits(company_prefix):
        raise MalformedNumber(kind="SSCC", lengths="18")
    body = f"{extension}{company_prefix}{reference:0{width}d}"
    return Sscc(body + check_digit(body))


def highest_reference(company_prefix: str) -> int:
    """Return the highest reference that a company prefix leaves room for."""
    return int(10 ** (16 - len(company_prefix))) - 1


def names_carton(sscc: str) -> bool:
    """Tell whether an SSCC that this system gave out names a carton without GTIN, not a pallet.

    Only to be asked about codes that our own signature vouches for: elsewhere the digit means nothing.
    """
    return sscc[:1] == str(CARTON_EXTENSION)
