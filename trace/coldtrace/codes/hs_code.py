"""Commodity code 商品编码: ten digits of the Chinese tariff (six of the HS, two national, two of
supervision), thirteen with the three of inspection and quarantine that declarations carry since August 2018.

The table is small and ours: the goods that the cold chain of a food port sees.  A code outside it is
accepted; only a heading outside the guide's scope brings a notice.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from coldtrace.codes.paper_number import MalformedPaperNumber, Notice, notice, shown, tidy_number
from coldtrace.errors import Words

_FORM = re.compile(r"[0-9]{10}(?:[0-9]{3})?")

IN_SCOPE = ("02", "03", "04", "07", "08", "16", "1902", "2004", "2105", "2106")
"""Chapters and headings that the system is made for."""

HS_NAMES: dict[str, Words] = {
    "020130": Words("鲜、冷去骨牛肉", "Beef, fresh or chilled, boneless"),
    "020220": Words("冻带骨牛肉", "Beef, frozen, with bone in"),
    "020230": Words("冻去骨牛肉", "Beef, frozen, boneless"),
    "020329": Words("冻猪肉", "Pork, frozen"),
    "020442": Words("冻带骨羊肉", "Mutton or lamb, frozen, with bone in"),
    "020443": Words("冻去骨羊肉", "Mutton or lamb, frozen, boneless"),
    "020629": Words("冻牛杂碎", "Bovine offal, frozen"),
    "020649": Words("冻猪杂碎", "Pig offal, frozen"),
    "020714": Words("冻鸡块及杂碎", "Chicken cuts and offal, frozen"),
    "030214": Words("鲜、冷大西洋鲑鱼", "Atlantic salmon, fresh or chilled"),
    "030313": Words("冻大西洋鲑鱼", "Atlantic salmon, frozen"),
    "030363": Words("冻鳕鱼", "Cod, frozen"),
    "030617": Words("冻其他小虾及对虾", "Other shrimps and prawns, frozen"),
    "030743": Words("冻墨鱼及鱿鱼", "Cuttlefish and squid, frozen"),
    "040510": Words("黄油", "Butter"),
    "040690": Words("其他乳酪", "Other cheese"),
    "071080": Words("其他冷冻蔬菜", "Other vegetables, frozen"),
    "080929": Words("鲜樱桃", "Cherries, fresh"),
    "081060": Words("鲜榴莲", "Durians, fresh"),
    "081190": Words("其他冷冻水果及坚果", "Other fruit and nuts, frozen"),
    "160521": Words("制作或保藏的小虾及对虾", "Shrimps and prawns, prepared"),
    "200410": Words("冷冻马铃薯制品", "Potatoes, prepared, frozen"),
    "210500": Words("冰淇淋及其他冰制食品", "Ice cream and other edible ice"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class HsCode:
    """One commodity code: `value` has the ten digits, `ciq` the three of inspection if they were given."""

    value: str
    ciq: str | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def name(self) -> Words | None:
        """The name of the six-digit subheading, if our small table has it."""
        return HS_NAMES.get(self.value[:6])


class HsCodeForm(MalformedPaperNumber):
    """Not ten or thirteen digits."""

    code: ClassVar[str] = "hs_code_form"
    title: ClassVar[Words] = Words("商品编码有误", "Wrong commodity code")
    detail: ClassVar[Words] = Words(
        "商品编码“{text}”应为 10 位数字（或含 3 位检验检疫附加码的 13 位）。请对照报关单改正。",
        'Commodity code "{text}" must have the 10 digits of the Chinese tariff (13 with the inspection '
        "suffix). Correct it from the declaration.",
    )


NOTICES: Final[dict[str, Words]] = {
    "hs_code_out_of_scope": Words(
        "商品编码“{text}”不在冷链进口食品的常见章目内，请核对。",
        'Commodity code "{text}" is outside the chapters that cold-chain food usually falls under. Please check.',
    ),
}
"""What is remarked and accepted all the same."""


def parse_hs_code(text: str) -> HsCode:
    """Read a commodity code, dots and blanks allowed; raise `HsCodeForm` and nothing else.

    >>> parse_hs_code("0202.3000.90").value
    '0202300090'
    """
    digits = tidy_number(text, drop=".-")
    if not _FORM.fullmatch(digits):
        raise HsCodeForm(text=shown(text))
    remarks = (
        ()
        if digits.startswith(IN_SCOPE)
        else (notice("hs_code_out_of_scope", NOTICES["hs_code_out_of_scope"], text=digits),)
    )
    return HsCode(value=digits[:10], ciq=digits[10:] or None, notices=remarks)
