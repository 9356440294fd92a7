"""Customs declaration number 报关单号: 18 digits, of which the ninth says import (1) or export (0).

    positions  1-4 customs office | 5-8 year | 9 direction | 10-18 serial

There is no known check digit.  Nine-digit numbers of the old kind exist: kept, with a notice.  A two-step
declaration may have no final number yet: it is *provisional* and is completed later.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from coldtrace.codes.paper_number import MalformedPaperNumber, Notice, notice, shown, tidy_number
from coldtrace.errors import Words

_FINAL = re.compile(r"[0-9]{4}20[0-9]{2}[01][0-9]{9}")
_LEGACY = re.compile(r"[0-9]{9}")
_PROVISIONAL = re.compile(
    r"(?:预录入(?:编?号)?|临时(?:编?号)?|暂无|待报关?|待申报|未申报|两步申报"
    r"|PROVISIONAL|PENDING|TBA|TBD|TOBEADVISED|N/A)[:：]?([0-9A-Z]{0,20})"
)
_TITLE = Words("报关单号有误", "Wrong customs declaration number")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclarationNumber:
    """One declaration number; `value` is empty only while it is provisional."""

    value: str
    status: Literal["final", "legacy", "provisional"]
    notices: tuple[Notice, ...] = ()

    @property
    def customs_office(self) -> str | None:
        """The four digits of the customs office, if the number is a final one."""
        return self.value[:4] if self.status == "final" else None

    @property
    def year(self) -> int | None:
        """The year of the declaration, if the number is a final one."""
        return int(self.value[4:8]) if self.status == "final" else None


class DeclarationForm(MalformedPaperNumber):
    """Not 18 digits of the known structure."""

    code: ClassVar[str] = "declaration_form"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "报关单号“{text}”应为 18 位数字（4 位关区、4 位年份、1 位进出口标志、9 位流水号），现为 {length} "
        "位。请对照报关单改正；尚未申报可写“预录入”。",
        'Declaration number "{text}" must be 18 digits (4 customs office, 4 year, 1 direction, 9 serial); '
        'it has {length} characters. Correct it from the declaration, or write "provisional" if there is '
        "none yet.",
    )


class DeclarationIsExport(MalformedPaperNumber):
    """An export declaration offered for an import."""

    code: ClassVar[str] = "declaration_export"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "报关单号“{text}”第 9 位是 0，表示出口报关单；进口报关单第 9 位应为 1。请核对是否用错了报关单。",
        'Declaration number "{text}": position 9 is 0, which marks an export declaration; an import has 1 '
        "there. Check that the right declaration was used.",
    )


class DeclarationIsImport(MalformedPaperNumber):
    """An import declaration offered for an export."""

    code: ClassVar[str] = "declaration_import"
    title: ClassVar[Words] = _TITLE
    detail: ClassVar[Words] = Words(
        "报关单号“{text}”第 9 位是 1，表示进口报关单；出口报关单第 9 位应为 0。请核对是否用错了报关单。",
        'Declaration number "{text}": position 9 is 1, which marks an import declaration; an export has 0 '
        "there. Check that the right declaration was used.",
    )


NOTICES: Final[dict[str, Words]] = {
    "declaration_legacy": Words(
        "报关单号“{text}”是 9 位旧号，已照存；如有 18 位号码请补录。",
        'Declaration number "{text}" is of the old 9-digit kind; it is kept. Add the 18-digit number if there is one.',
    ),
    "declaration_provisional": Words(
        "报关单号尚未正式取得，先按预录入登记，取得后请补录。",
        "There is no final declaration number yet; it is kept as provisional. Add it when it is known.",
    ),
}
"""What is remarked and accepted all the same."""


def parse_declaration_number(text: str, *, direction: Literal["import", "export"] = "import") -> DeclarationNumber:
    """Read a declaration number; raise one of the refusals above and nothing else.

    >>> parse_declaration_number("’020220261000000123").customs_office
    '0202'
    """
    number = tidy_number(text, drop="-")
    if _FINAL.fullmatch(number):
        if direction == "import" and number[8] == "0":
            raise DeclarationIsExport(text=shown(text))
        if direction == "export" and number[8] == "1":
            raise DeclarationIsImport(text=shown(text))
        return DeclarationNumber(value=number, status="final")
    if _LEGACY.fullmatch(number):
        remark = notice("declaration_legacy", NOTICES["declaration_legacy"], text=number)
        return DeclarationNumber(value=number, status="legacy", notices=(remark,))
    if provisional := _PROVISIONAL.fullmatch(number):
        return provisional_declaration(provisional.group(1))
    raise DeclarationForm(text=shown(text), length=len(number))


def provisional_declaration(reference: str = "") -> DeclarationNumber:
    """Return the stand-in for a declaration without a final number, with its pre-entry reference if known."""
    remark = notice("declaration_provisional", NOTICES["declaration_provisional"])
    return DeclarationNumber(value=reference, status="provisional", notices=(remark,))
