"""What the values of application identifiers must say, beyond length and characters.

Check digits, dates, countries, currencies and the like (GS1 General Specifications, section 3; the names of the
rules are those of the GS1 Barcode Syntax Dictionary).  `biip` reads most of these without refusing a wrong one.

Not checked here: the inner grammar of North American coupons (8110, 8112), and whether a company prefix has been
given to anybody (only a register knows; `has_company_prefix` takes one).
"""

import re
from collections.abc import Callable
from typing import Final

from coldtrace.codes.calendar import is_hhmi, is_yymmd0, is_yymmdd, is_yyyymmdd
from coldtrace.codes.check_digit import has_valid_check_digit, is_digits
from coldtrace.codes.iso_codes import COUNTRY_LETTERS, COUNTRY_NUMBERS, CURRENCY_NUMBERS
from coldtrace.codes.package_types import PACKAGE_TYPES

Check = Callable[[str], bool]

# CSET 82 and CSET 32 in the order of their values (General Specifications, section 7.9.5).
_CSET82: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CSET32: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
_IMPORTER_INDEX: Final = re.compile(r"[0-9A-Za-z_-]", re.ASCII)
_CSET64: Final = re.compile(r"[0-9A-Za-z_-]*(={0,2})", re.ASCII)
# The shortest GS1 Company Prefix.
_PREFIX_DIGITS_MIN: Final = 4


def has_right_content(ai: str, value: str) -> bool:
    """Tell whether `value`, which has the form of this AI, also says something that this AI can say."""
    check = _CHECKS.get(ai) or _CHECKS.get(ai[:3] + "n")
    return check is None or check(value)


def has_check_characters(value: str) -> bool:
    """Tell whether the last two characters are the check pair of the others (GMN; section 7.9.5)."""
    body, pair = value[:-2], value[-2:]
    if not 1 <= len(body) <= len(_PRIMES) or any(character not in _CSET82 for character in body):
        return False
    weights = _PRIMES[: len(body)][::-1]
    total = sum(_CSET82.index(sign) * weight for sign, weight in zip(body, weights, strict=True)) % 1021
    return pair == _CSET32[total >> 5] + _CSET32[total & 31]


def is_iban(value: str) -> bool:
    """Tell whether `value` is an IBAN: known country, and ISO/IEC 7064 MOD 97-10 over the turned text."""
    if len(value) <= 10 or re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]+", value, re.ASCII) is None:
        return False
    turned = value[4:] + value[:4]
    return value[:2] in COUNTRY_LETTERS and int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def has_whole_escapes(value: str) -> bool:
    """Tell whether each percent sign is followed by two hex digits."""
    return _BROKEN_ESCAPE.search(value) is None


def has_company_prefix(value: str, *, at: int, register: Callable[[str], bool | None] | None = None) -> bool:
    """Tell whether a GS1 Company Prefix can begin at place `at` of `value`.

    `register` answers whether one of the digits' beginnings was given to a company, None if it cannot be asked: a
    caller who brings one wants to be sure.
    """
    digits = value[at:]
    if len(digits) < _PREFIX_DIGITS_MIN or not is_digits(digits[:_PREFIX_DIGITS_MIN]):
        return False
    return register is None or register(digits) is True


def is_cset64(value: str) -> bool:
    """Tell whether `value` is of CSET 64 (file-safe base64), padded, if at all, to a multiple of three."""
    found = _CSET64.fullmatch(value)
    return found is not None and (not found[1] or (value != found[1] and len(value) % 3 == 0))


def is_importer_index(value: str) -> bool:
    """Tell whether `value` is the one character of an importer index (AI 7040)."""
    return _IMPORTER_INDEX.fullmatch(value) is not None


def is_minus(value: str) -> bool:
    """Tell whether `value` is nothing but hyphens: the sign behind a temperature below zero."""
    return value != "" and not value.strip("-")


def is_package_type(value: str) -> bool:
    """Tell whether `value` is a package type code."""
    return value in PACKAGE_TYPES


def is_piece_of_total(value: str) -> bool:
    """Tell whether the first half, counted from 1, is not above the second."""
    half = len(value) // 2
    if not value or len(value) % 2 or not is_digits(value):
        return False
    return 0 < int(value[:half]) <= int(value[half:])


def _digit(start: int, stop: int) -> Check:
    return lambda value: has_valid_check_digit(value[start:stop])


def _company_prefix(value: str) -> bool:
    return has_company_prefix(value, at=0)


def _countries(value: str) -> bool:
    return all(value[at : at + 3] in COUNTRY_NUMBERS for at in range(0, len(value), 3))


def _processor(value: str) -> bool:
    return value[:3] in COUNTRY_NUMBERS or value[:3] == "999"


def _country(value: str) -> bool:
    return value[:3] in COUNTRY_NUMBERS


def _country_letters(value: str) -> bool:
    return value in COUNTRY_LETTERS


def _currency(value: str) -> bool:
    return value[:3] in CURRENCY_NUMBERS


def _day_and_time(value: str) -> bool:
    return is_yymmdd(value[:6]) and (len(value) == 6 or is_hhmi(value[6:]))


def _delivery_time(value: str) -> bool:
    # 9999 says that no time is given (General Specifications, AI 4324).
    return is_yymmd0(value[:6]) and (is_hhmi(value[6:]) or value[6:] == "9999")


def _one_or_two_days(value: str) -> bool:
    return is_yymmdd(value[:6]) and (len(value) == 6 or is_yymmdd(value[6:]))


def _production_time(value: str) -> bool:
    return is_yymmdd(value[:6]) and is_hhmi(value[6:8] + (value[8:10] or "00")) and (value[10:12] or "0") < "60"


def _birth_time(value: str) -> bool:
    return is_yyyymmdd(value[:8]) and is_hhmi(value[8:])


def _coordinates(value: str) -> bool:
    return int(value[:10]) <= 1_800_000_000 and int(value[10:]) <= 3_600_000_000


def _roll(value: str) -> bool:
    width, length, core, winding = value[:4], value[4:9], value[9:12], value[12]
    return all(part.strip("0") for part in (width, length, core)) and winding in "019"


def _birth_position(value: str) -> bool:
    position, total = int(value[0]), int(value[2])
    return 0 < position <= total


def _media_type(value: str) -> bool:
    return 1 <= int(value) <= 10 or 80 <= int(value) <= 99


def _trade_item_piece(value: str) -> bool:
    return has_valid_check_digit(value[:14]) and is_piece_of_total(value[14:])


def _each(ais: str, check: Check) -> dict[str, Check]:
    return dict.fromkeys(ais.split(), check)


# `391n` stands for the AIs 3910 to 3919.
_CHECKS: Final[dict[str, Check]] = {
    **_each("00 8017 8018", _digit(0, 18)),
    **_each("01 02 03", _digit(0, 14)),
    **_each("253 255 410 411 412 413 414 415 416 417", _digit(0, 13)),
    "402": _digit(0, 17),
    "8003": _digit(1, 14),
    **_each("8006 8026", _trade_item_piece),
    **_each("401 7023 8004 8010", _company_prefix),
    "8013": lambda value: _company_prefix(value) and has_check_characters(value),
    "8014": lambda value: _company_prefix(value) and has_check_characters(value) and not is_digits(value),
    **_each("11 12 13 15 16 17", is_yymmd0),
    **_each("4326 7006", is_yymmdd),
    **_each("4324 4325", _delivery_time),
    **_each("7003 7011", _day_and_time),
    "7007": _one_or_two_days,
    "8008": _production_time,
    "7250": is_yyyymmdd,
    "7251": _birth_time,
    **_each("422 423 424 425 426", _countries),
    "421": _country,
    **_each("7030 7031 7032 7033 7034 7035 7036 7037 7038 7039", _processor),
    **_each("4307 4317", _country_letters),
    **_each("391n 393n", _currency),
    "4309": _coordinates,
    **_each(
        "4300 4301 4302 4303 4304 4305 4306 4310 4311 4312 4313 4314 4315 4316 4320 7253 7254 7256 7257 7259",
        has_whole_escapes,
    ),
    **_each("4330 4331 4332 4333", lambda value: len(value) == 6 or is_minus(value[6:])),
    "7040": lambda value: is_importer_index(value[3]),
    "7041": is_package_type,
    "7241": _media_type,
    "7252": lambda value: value in "0129",
    "7258": _birth_position,
    "8001": _roll,
    "8007": is_iban,
    "8011": lambda value: not value.startswith("0"),
    "8030": is_cset64,
}
