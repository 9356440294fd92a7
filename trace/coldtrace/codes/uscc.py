"""Unified social credit code 统一社会信用代码 (GB 32100-2015): 18 characters, the last one a check modulo 31.

Our own check: the well-known library refuses codes whose first character is a letter (rural collectives N
and others).
"""

from typing import ClassVar, NewType

from coldtrace.codes.paper_number import MalformedPaperNumber, shown, tidy_number
from coldtrace.errors import Words

Uscc = NewType("Uscc", str)

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_TITLE = Words("统一社会信用代码有误", "Wrong unified social credit code")


class UsccLength(MalformedPaperNumber):
    """The code has not exactly 18 characters."""

    code: ClassVar[str] = "uscc_length"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "统一社会信用代码应为 18 位，“{text}”有 {length} 位。请对照营业执照重新输入。",
        'A unified social credit code has 18 characters; "{text}" has {length}. Type it again from the '
        "business licence.",
    )


class UsccCharacter(MalformedPaperNumber):
    """A character that the code never uses."""

    code: ClassVar[str] = "uscc_character"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "统一社会信用代码“{text}”第 {position} 位“{sign}”不会出现在该代码中（不用 I、O、S、V、Z，可能应为 "
        "1、0、5、U、2）。请对照营业执照改正。",
        'Unified social credit code "{text}": position {position} holds "{sign}", which the code never '
        "uses (no I, O, S, V, Z; perhaps 1, 0, 5, U, 2 is meant). Correct it from the business licence.",
    )


class UsccCheckCharacter(MalformedPaperNumber):
    """The check character does not fit the other seventeen."""

    code: ClassVar[str] = "uscc_check_character"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "统一社会信用代码“{text}”的最后一位校验码应为 {expected}，不是 {found}：至少有一位输错。请对照营业执照改正。",
        'Unified social credit code "{text}": the check character should be {expected}, not {found}, so '
        "at least one character is wrong. Correct it from the business licence.",
    )


def parse_uscc(text: str) -> Uscc:
    """Read a unified social credit code; raise one of the refusals above and nothing else.

    >>> parse_uscc("９１１２０１１６ＭＡ０５ＴＥ５Ｔ１Ｎ")
    '91120116MA05TE5T1N'
    """
    code = tidy_number(text, drop="-")
    if len(code) != 18:
        raise UsccLength(text=shown(text), length=len(code))
    for position, sign in enumerate(code, start=1):
        if sign not in _VALUES:
            raise UsccCharacter(text=shown(text), position=position, sign=sign)
    expected = uscc_check_character(code[:17])
    if code[17] != expected:
        raise UsccCheckCharacter(text=shown(text), expected=expected, found=code[17])
    return Uscc(code)


def uscc_check_character(body: str) -> str:
    """Return the check character for the first 17 characters, which must all be in the code's alphabet."""
    total = sum(_VALUES[sign] * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    # 31 - remainder, where 31 itself stands for 0.
    return _ALPHABET[-total % 31]
