"""What one label says: the code and the words a person reads beside it.

Field names are those of a lot's facts piece, so a caller can pass them straight on.  Every word is optional but
the name: a field that nobody stated is left off the label, never filled in.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal
from urllib.parse import unquote

from coldtrace.labels.refusals import CodeNotPrintable, TextsDisagree

Level = Literal["M", "Q"]

_COMMAND_VERSION = 10
_ELEMENT = re.compile(r"\((\d{2,4}|U)\)([^()]*)")


class LabelKind(StrEnum):
    """What the label sticks to."""

    UNIT = "unit"
    PALLET = "pallet"
    PLACE = "place"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True)
class LabelContent:
    """One label.

    `uri` is the exact text of the QR code.  `gs1_text` is its bracket form, `(01)...(10)...(21)...` or `(00)...`;
    a pallet's GS1-128 bars are drawn from it.  `short_code` is printed as given: `7QK4-M2ZX-9RTB-5`.  A place
    carries its name, a command its word, in `product_zh` and `product_en`; `note_zh` and `note_en` say what a
    scan of it does.  `net_g` is the net weight in grams, `count` the number of cartons on a pallet.

    A label of a pre-issued roll has a `roll_number` out of `roll_count` and names the station the roll belongs to;
    its lot is not known yet, so the label leaves a line to write one on.
    """

    uri: str
    kind: LabelKind = LabelKind.UNIT
    product_zh: str
    product_en: str = ""
    gs1_text: str = ""
    lot: str = ""
    production_date: str = ""
    expiry_date: str = ""
    origin_zh: str = ""
    origin_en: str = ""
    net_g: int | None = None
    storage_zh: str = ""
    storage_en: str = ""
    importer_zh: str = ""
    importer_en: str = ""
    plant_reg: str = ""
    short_code: str = ""
    count: int | None = None
    note_zh: str = ""
    note_en: str = ""
    retail: bool = False
    roll_number: int | None = None
    roll_count: int | None = None
    station_zh: str = ""
    station_en: str = ""

    @property
    def level(self) -> Level:
        """Error correction: Q outdoors and in the cold, M on a retail pack where space is short."""
        return "M" if self.retail else "Q"

    @property
    def version(self) -> int | None:
        """The size of a command's QR code: its few letters would fit version 1, in which one splash hides a corner."""
        return _COMMAND_VERSION if self.kind is LabelKind.COMMAND else None

    @property
    def sscc(self) -> str:
        """The 18 digits of a pallet's SSCC, or nothing."""
        return next((value for ai, value in _ELEMENT.findall(self.gs1_text) if ai == "00"), "")

    @property
    def roll_text(self) -> str:
        """`No. 118 / 1000`, or nothing."""
        if self.roll_number is None:
            return ""
        return f"No. {self.roll_number}" + (f" / {self.roll_count}" if self.roll_count else "")

    @property
    def handle(self) -> str:
        """The shortest text that names this label to a person."""
        return self.short_code or self.gs1_text or self.uri[:40]

    def shared(self) -> "LabelContent":
        """The part that all labels of a lot have in common; drawn once."""
        number = None if self.roll_number is None else 0
        return replace(self, uri="", short_code="", gs1_text="", roll_number=number)

    def checked(self) -> "LabelContent":
        """Return self when the printed words agree with the code, else raise `TextsDisagree`.

        A person keys in what is printed and a scanner sends what is encoded: both must name the same thing.
        """
        if not self.uri or not self.uri.isascii() or not self.uri.isprintable():
            raise CodeNotPrintable(length=len(self.uri))
        path, _, query = unquote(self.uri).partition("?")
        pairs = query.split("&")
        for ai, value in _ELEMENT.findall(self.gs1_text):
            if f"/{ai}/{value}/" not in path + "/" and f"{ai}={value}" not in pairs:
                raise TextsDisagree(text=f"({ai}){value}", uri=self.uri)
        serial = re.search(r"/(?:21|U)/([^/]+)", path)
        keyed = self.short_code.replace("-", "")
        # The id of a /U/ code may be a serial with its check character already behind it.
        if keyed and serial and serial[1] not in (keyed[:-1], keyed if "/U/" in path else ""):
            raise TextsDisagree(text=self.short_code, uri=self.uri)
        return self


def weight_text(net_g: int) -> str:
    """Return grams as people read them, without rounding.

    >>> weight_text(27_500), weight_text(1_350_000), weight_text(850)
    ('27.5 kg', '1,350 kg', '850 g')
    """
    if net_g < 1000:
        return f"{net_g} g"
    whole, rest = divmod(net_g, 1000)
    return f"{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "") + " kg"
