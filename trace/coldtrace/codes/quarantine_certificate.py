"""Number of the entry inspection and quarantine certificate 入境货物检验检疫证明编号.

Its shape is not confirmed by a published rule, so 8 to 24 digits, capitals and hyphens are taken, without a
check.
"""

import re
from typing import ClassVar, NewType

from coldtrace.codes.paper_number import MalformedPaperNumber, shown, tidy_number
from coldtrace.errors import Words

QuarantineCertificate = NewType("QuarantineCertificate", str)

_FORM = re.compile(r"[0-9A-Z-]{8,24}")


class QuarantineCertificateForm(MalformedPaperNumber):
    """Too short, too long, or signs that no certificate number has."""

    code: ClassVar[str] = "quarantine_certificate_form"
    title: ClassVar[Words] = Words("检验检疫证明编号有误", "Wrong quarantine certificate number")
    detail: ClassVar[Words] = Words(
        "入境货物检验检疫证明编号“{text}”应为 8 至 24 位数字、大写字母或连字符。请对照证明改正。",
        'Quarantine certificate number "{text}" must be 8 to 24 digits, capital letters or hyphens. '
        "Correct it from the certificate.",
    )


def parse_quarantine_certificate(text: str) -> QuarantineCertificate:
    """Read a certificate number; raise `QuarantineCertificateForm` and nothing else.

    >>> parse_quarantine_certificate("120000126 1118 0456")
    '12000012611180456'
    """
    number = tidy_number(text)
    if not _FORM.fullmatch(number) or not any(sign.isdigit() for sign in number):
        raise QuarantineCertificateForm(text=shown(text))
    return QuarantineCertificate(number)


def mask_certificate(number: str) -> str:
    """Return what the public may see of a certificate number: its first four and last four characters.

    >>> mask_certificate("12000012611180456")
    '1200…0456'
    """
    return f"{number[:4]}…{number[-4:]}"
