"""Freight container number (ISO 6346): three letters of the owner, category U, J, Z or R, six digits, a
check digit.

Owner codes are letters only: `A1BU...` is refused although a well-known library takes it.
"""

import re
import string
from typing import ClassVar, NewType

from coldtrace.codes.paper_number import MalformedPaperNumber, shown, tidy_number
from coldtrace.errors import Words

ContainerNumber = NewType("ContainerNumber", str)

_FORM = re.compile(r"[A-Z]{3}[UJZR][0-9]{7}")
_WITHOUT_CHECK = re.compile(r"[A-Z]{3}[UJZR][0-9]{6}")
_TITLE = Words("集装箱号有误", "Wrong container number")


def _letter_values() -> dict[str, int]:
    # 10, 12, 13 ... 21, 23 ...: multiples of eleven are left out, since they would vanish modulo 11.
    values = (value for value in range(10, 39) if value % 11)
    return dict(zip(string.ascii_uppercase, values, strict=True))


_VALUES = _letter_values() | {digit: int(digit) for digit in string.digits}


class ContainerForm(MalformedPaperNumber):
    """Not four letters and seven digits."""

    code: ClassVar[str] = "container_form"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "集装箱号“{text}”应为 4 个字母（第 4 个为 U、J、Z 或 R）加 7 个数字，如 TXGU0000014。请对照箱门上的号码改正。",
        'Container number "{text}" must be 4 letters (the fourth U, J, Z or R) and 7 digits, such as '
        "TXGU0000014. Correct it from the number on the container door.",
    )


class ContainerIncomplete(MalformedPaperNumber):
    """The check digit has been left off."""

    code: ClassVar[str] = "container_incomplete"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "集装箱号“{text}”缺少最后一位校验码（若前面无误，应为 {expected}）。请对照箱门上的号码补全。",
        'Container number "{text}" lacks its last digit, the check digit (it would be {expected} if the '
        "rest is right). Complete it from the number on the container door.",
    )


class ContainerCheckDigit(MalformedPaperNumber):
    """The check digit does not fit."""

    code: ClassVar[str] = "container_check_digit"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "集装箱号“{text}”的校验码应为 {expected}，不是 {found}：至少有一位输错。请对照箱门上的号码改正。",
        'Container number "{text}": the check digit should be {expected}, not {found}, so at least one '
        "character is wrong. Correct it from the number on the container door.",
    )


def parse_container_number(text: str) -> ContainerNumber:
    """Read a container number; raise one of the refusals above and nothing else.

    >>> parse_container_number("csqu 305438-3")
    'CSQU3054383'
    """
    number = tidy_number(text, drop="-/.")
    if _WITHOUT_CHECK.fullmatch(number):
        raise ContainerIncomplete(text=shown(text), expected=container_check_digit(number))
    if not _FORM.fullmatch(number):
        raise ContainerForm(text=shown(text))
    expected = container_check_digit(number[:10])
    if number[10] != expected:
        raise ContainerCheckDigit(text=shown(text), expected=expected, found=number[10])
    return ContainerNumber(number)


def container_check_digit(body: str) -> str:
    """Return the check digit of ten characters; remainder 10 gives 0 (about 9 % of all numbers)."""
    total = sum(_VALUES[sign] << place for place, sign in enumerate(body))
    return str(total % 11 % 10)
