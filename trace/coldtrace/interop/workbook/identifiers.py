"""Names and numbers that must come through unchanged: what Excel does to them is undone where it can be, else named."""

from datetime import date, datetime

from coldtrace.codes.check_digit import check_digit, has_valid_check_digit, is_digits
from coldtrace.codes.gtin import LENGTHS, Gtin, restricted_prefix
from coldtrace.codes.paper_number import tidy_number
from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue
from coldtrace.interop.workbook.text import tidy_key

EXCEL_DIGITS = 15
"""A number cell keeps so many digits; the rest has become zeros."""


def read_identifier(value: CellValue, *, limit: int = 60) -> str:
    """Return a number or name as text; raise Unreadable where Excel has cut a long number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= 10**EXCEL_DIGITS:
        raise Unreadable("number_cut", text=shorten(plain(value)))
    text = tidy_key(value, limit=limit)
    if _looks_scientific(text):
        raise Unreadable("number_cut", text=shorten(text))
    return text


def read_name(value: CellValue, *, limit: int = 60) -> str:
    """Return a lot's or pallet's name; raise Unreadable where Excel has made a date of it."""
    if isinstance(value, (datetime, date)):
        raise Unreadable("became_date", text=shorten(plain(value)))
    return read_identifier(value, limit=limit)


def read_gtin(value: CellValue) -> Gtin:
    """Return the 14 digits of a GTIN; leading zeros that a number cell lost are put back.  Raises Unreadable."""
    text = tidy_number(read_identifier(value), drop="-.")
    shown = shorten(plain(value).strip())
    digits = text.removeprefix("(01)")
    if isinstance(value, (int, float)) and 7 < len(digits) < 12:
        # 012345678905 typed as a number has eleven digits; zeros in front do not change the check digit.
        digits = digits.zfill(8 if len(digits) == 8 else 12)
    if not is_digits(digits) or len(digits) not in LENGTHS:
        raise Unreadable("gtin_form", text=shown)
    if not has_valid_check_digit(digits):
        raise Unreadable("gtin_check_digit", text=shown, expected=check_digit(digits[:-1]), found=digits[-1])
    gtin = digits.zfill(14)
    prefix = restricted_prefix(gtin)
    if prefix is not None:
        raise Unreadable("gtin_restricted", text=shown, prefix=prefix)
    return Gtin(gtin)


def _looks_scientific(text: str) -> bool:
    head, sign, tail = text.upper().partition("E+")
    return bool(sign) and tail.isdigit() and head.replace(".", "", 1).isdigit()
