"""Registration of the overseas manufacturer 境外生产企业注册编号.

The form of the Chinese customs (GACC) has 18 characters: `C`, three letters of the country, four digits of
the product type, six digits of a date (YYMMDD), four of a serial.  Old meat and fish plants keep the number
of their own authority (a SIF number, say): accepted as free text of at most 30 characters, kind `foreign`.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from coldtrace.codes.paper_number import LONGEST_TEXT, MalformedPaperNumber, Notice, notice, shown, tidy_number
from coldtrace.errors import Words

_GACC = re.compile(r"C[A-Z]{3}[0-9]{14}")
_NEARLY_GACC = re.compile(r"C[A-Z]{3}[0-9]{8,20}")
_LONGEST_FOREIGN = 30
_TITLE = Words("境外生产企业注册编号有误", "Wrong overseas registration number")


@dataclass(frozen=True, kw_only=True, slots=True)
class OverseasRegistration:
    """One registration; `country` is the alpha-3 code inside a GACC number, unknown for a foreign one."""

    value: str
    kind: Literal["gacc", "foreign"]
    country: str | None = None
    notices: tuple[Notice, ...] = ()


class OverseasRegistrationForm(MalformedPaperNumber):
    """Neither a GACC number nor a short foreign one."""

    code: ClassVar[str] = "overseas_registration_form"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "境外生产企业注册编号“{text}”无法识别：应为 18 位海关注册编号（C＋3 位国家代码＋14 位数字），"
        "或不超过 30 个字符的原厂注册号。请对照注册名单改正。",
        'Overseas registration "{text}" cannot be read: give the 18-character customs number (C, 3 '
        "letters of the country, 14 digits) or the plant's own number of at most 30 characters. Correct "
        "it from the list of registered plants.",
    )


NOTICES: Final[dict[str, Words]] = {
    "overseas_registration_length": Words(
        "境外生产企业注册编号“{text}”像海关注册编号，但有 {length} 位（应为 18 位）；已按原厂注册号保存，请核对。",
        'Overseas registration "{text}" looks like a customs number but has {length} characters instead of '
        "18; it is kept as the plant's own number. Please check.",
    ),
    "overseas_registration_date": Words(
        "境外生产企业注册编号“{text}”第 9–14 位“{date}”不像日期（年月日），请核对。",
        'Overseas registration "{text}": positions 9 to 14, "{date}", are not a date (YYMMDD). Please check.',
    ),
}
"""What is remarked and accepted all the same."""


def parse_overseas_registration(text: str) -> OverseasRegistration:
    """Read a registration number; raise `OverseasRegistrationForm` and nothing else.

    >>> parse_overseas_registration("CBRA01012201010001").country
    'BRA'
    >>> parse_overseas_registration("SIF 0337").kind
    'foreign'
    """
    number = tidy_number(text, drop="-")
    if _GACC.fullmatch(number):
        date = number[8:14]
        odd = not ("01" <= date[2:4] <= "12" and "01" <= date[4:6] <= "31")
        remarks = (
            (notice("overseas_registration_date", NOTICES["overseas_registration_date"], text=number, date=date),)
            if odd
            else ()
        )
        return OverseasRegistration(value=number, kind="gacc", country=number[1:4], notices=remarks)
    own = " ".join(unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).split())
    if not own or len(own) > _LONGEST_FOREIGN or not own.isprintable() or not any(map(str.isalnum, own)):
        raise OverseasRegistrationForm(text=shown(text))
    remarks = ()
    if _NEARLY_GACC.fullmatch(number):
        remarks = (
            notice(
                "overseas_registration_length", NOTICES["overseas_registration_length"], text=number, length=len(number)
            ),
        )
    return OverseasRegistration(value=own, kind="foreign", notices=remarks)
