"""The packing list of one consignment, as understood from a broker's workbook: facts only, nothing about its layout."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from coldtrace.codes.gtin import Gtin
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.shelf_life import ShelfLife


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentPapers:
    """What the papers say about the whole consignment; None where the workbook does not say."""

    declaration_number: str | None = None
    declaration_status: Literal["final", "legacy", "provisional"] | None = None
    container_number: str | None = None
    seal_number: str | None = None
    bill_of_lading: str | None = None
    port_code: str | None = None
    port_zh: str | None = None
    port_en: str | None = None
    entry_date: CalendarDate | None = None
    importer_uscc: str | None = None
    importer_zh: str | None = None
    importer_en: str | None = None
    overseas_registration: str | None = None
    overseas_registration_kind: Literal["gacc", "foreign"] | None = None
    plant: str | None = None
    plant_name: str | None = None
    origin: str | None = None
    """Alpha-2 code of the country (region) of origin."""
    origin_zh: str | None = None
    origin_en: str | None = None
    quarantine_certificate: str | None = None
    health_certificate: str | None = None
    storage_zh: str | None = None
    storage_en: str | None = None
    storage_max_mdegc: int | None = None
    storage_min_mdegc: int | None = None
    hs_code: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedLine:
    """One line of the list: so many cartons of one lot, as a rule on one pallet."""

    sheet: str
    row: int
    number: int | None
    """The line's own number (序号), if the list has such a column."""
    pallet: str | None
    carton_ranges: tuple[tuple[int, int], ...]
    """First and last carton number, when the list numbers cartons instead of pallets."""
    product_zh: str | None
    product_en: str | None
    gtin: Gtin | None
    lot: str
    intake_lot: str | None
    """What codes carry instead of `lot` when the lot has signs that our codes do not print."""
    production_date: CalendarDate
    shelf_life: ShelfLife | None
    expiry: date | None
    spec: str | None
    cartons: int
    net_g: int
    gross_g: int | None
    remark: str | None

    @property
    def printed_lot(self) -> str:
        """The lot as codes carry it."""
        return self.intake_lot or self.lot

    @property
    def variable_measure(self) -> bool:
        """Whether cartons of this GTIN differ in weight (indicator digit 9), so that each needs its own."""
        return self.gtin is not None and self.gtin.startswith("9")

    @property
    def carton_net_g(self) -> int | None:
        """Net weight of one carton, unless cartons differ or the line does not divide evenly."""
        each, rest = divmod(self.net_g, self.cartons)
        return each if rest == 0 and not self.variable_measure else None


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedLot:
    """All lines of one lot of one product together."""

    product_zh: str | None
    product_en: str | None
    gtin: Gtin | None
    lot: str
    intake_lot: str | None
    production_date: CalendarDate
    shelf_life: ShelfLife | None
    expiry: date | None
    spec: str | None
    cartons: int
    net_g: int
    carton_net_g: int | None
    lines: tuple[PackedLine, ...] = field(repr=False)

    @property
    def printed_lot(self) -> str:
        """The lot as codes carry it."""
        return self.intake_lot or self.lot


@dataclass(frozen=True, kw_only=True, slots=True)
class PackingList:
    """One consignment: its papers and its lines in the order of the sheet."""

    papers: ConsignmentPapers
    lines: tuple[PackedLine, ...]

    @property
    def cartons(self) -> int:
        """How many cartons all lines hold."""
        return sum(line.cartons for line in self.lines)

    @property
    def net_g(self) -> int:
        """Net weight of all lines."""
        return sum(line.net_g for line in self.lines)

    @property
    def gross_g(self) -> int | None:
        """Gross weight of all lines, if every line states one."""
        weights = [line.gross_g for line in self.lines if line.gross_g is not None]
        return sum(weights) if len(weights) == len(self.lines) else None

    @property
    def pallets(self) -> tuple[str, ...]:
        """The pallet names, each once, in the order of the sheet."""
        return tuple(dict.fromkeys(line.pallet for line in self.lines if line.pallet is not None))

    @property
    def lots(self) -> tuple[PackedLot, ...]:
        """The lots, each once, in the order of the sheet."""
        groups: dict[tuple[str, str], list[PackedLine]] = {}
        for line in self.lines:
            # Without a GTIN the product's name tells two products of one lot name apart.
            product = line.gtin or f"{line.product_zh}|{line.product_en}"
            groups.setdefault((product, line.lot), []).append(line)
        return tuple(_lot_of(tuple(lines)) for lines in groups.values())


def _lot_of(lines: tuple[PackedLine, ...]) -> PackedLot:
    first = lines[0]
    each = {line.carton_net_g for line in lines}
    expiries = [line.expiry for line in lines if line.expiry is not None]
    return PackedLot(
        product_zh=next((line.product_zh for line in lines if line.product_zh), None),
        product_en=next((line.product_en for line in lines if line.product_en), None),
        gtin=first.gtin,
        lot=first.lot,
        intake_lot=first.intake_lot,
        production_date=first.production_date,
        shelf_life=next((line.shelf_life for line in lines if line.shelf_life), None),
        expiry=min(expiries, default=None),
        spec=first.spec,
        cartons=sum(line.cartons for line in lines),
        net_g=sum(line.net_g for line in lines),
        carton_net_g=each.pop() if len(each) == 1 else None,
        lines=lines,
    )
