"""The lines of the table: each cell through its own reader, merged and "same as above" cells filled from above."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from coldtrace.codes.gtin import Gtin
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.shelf_life import ShelfLife
from coldtrace.interop.workbook.block import Given, is_blank, says_none
from coldtrace.interop.workbook.carton_ranges import read_carton_ranges, show_ranges
from coldtrace.interop.workbook.dates import Order, order_of, read_date
from coldtrace.interop.workbook.figures import read_count, read_line_number
from coldtrace.interop.workbook.findings import Findings, Place, Unreadable, naming, plain
from coldtrace.interop.workbook.grid import CellValue, is_error_value
from coldtrace.interop.workbook.identifiers import read_gtin, read_name
from coldtrace.interop.workbook.layout import Table
from coldtrace.interop.workbook.periods import read_shelf_life, unit_in_heading
from coldtrace.interop.workbook.text import is_ditto, split_languages, tidy_text
from coldtrace.interop.workbook.weights import Weight, read_spec_grams, read_weight, show_kg, weight_unit_in_heading

Read = TypeVar("Read")

_FIGURES = frozenset({"cartons", "carton_range", "carton_from", "carton_to", "net", "net_each", "gross", "gross_each"})
"""What a merged cell may not give to the lines below it: it would be counted twice."""


@dataclass(kw_only=True)
class Draft:
    """A line as far as it could be read; None where a cell was empty or wrong."""

    sheet: str
    row: int
    number: int | None
    places: dict[str, Place] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    pallet: str | None = None
    ranges: tuple[tuple[int, int], ...] = ()
    product_zh: str | None = None
    product_en: str | None = None
    gtin: Gtin | None = None
    lot: str | None = None
    production_date: CalendarDate | None = None
    shelf_life: ShelfLife | None = None
    stated_expiry: CalendarDate | None = None
    expiry: date | None = None
    spec: str | None = None
    spec_g: int | None = None
    cartons: int | None = None
    """As read, which may be below zero; `wrong` then holds `cartons`."""
    net: Weight | None = None
    net_g: int | None = None
    gross: Weight | None = None
    gross_g: int | None = None
    remark: str | None = None

    @property
    def product(self) -> str:
        """The name for sentences and comparisons."""
        return self.product_zh or self.product_en or ""

    def place(self, name: str) -> Place:
        """Where the value of a field stands, or the row when it has no cell."""
        return self.places.get(name, Place(sheet=self.sheet, row=self.row, line=self.number))


class LineReader:
    """Reads the lines of one table in order."""

    def __init__(self, table: Table, defaults: Mapping[str, Given], findings: Findings) -> None:
        self.table = table
        self.defaults = defaults
        self.findings = findings
        self.above: dict[str, CellValue] = {}
        self.products: dict[str, tuple[str | None, str | None]] = {}
        self.units = {name: weight_unit_in_heading(self._heading(name)) for name in _FIGURES}
        self.orders: dict[str, Order | None] = {
            name: order_of(value for row in table.lines if (value := self._own(name, row)) is not None)
            for name in ("production_date", "expiry_date")
        }
        self.used = {name for name in table.columns if any(self._is_filled(name, row) for row in table.lines)}
        """Columns with anything in them: a whole empty column counts as absent."""

    def read(self, row: int) -> Draft:
        """Return the line in `row`; what is wrong with its cells goes to the findings."""
        number = read_line_number(self._own("line", row))
        draft = Draft(sheet=self.table.sheet.name, row=row, number=number)
        if row in self.table.sheet.hidden_rows:
            self.findings.warn(Place(sheet=draft.sheet, row=row, line=number), "row_hidden")
        self._read_names(draft)
        self._read_dates(draft)
        self._read_quantities(draft)
        return draft

    def says_none(self, name: str, row: int) -> bool:
        """Tell whether the cell of a field says that there is none."""
        value = self._own(name, row)
        return value is not None and says_none(value)

    def _read_names(self, draft: Draft) -> None:
        draft.pallet = self._take(draft, "pallet", lambda v: read_name(v).replace(" ", "").upper(), shown=str)
        draft.lot = self._take(draft, "lot", read_name, shown=str)
        draft.gtin = self._take(draft, "gtin", read_gtin, shown=str)
        draft.spec = self._take(draft, "spec", lambda v: tidy_text(v, limit=100), shown=str)
        draft.spec_g = read_spec_grams(draft.spec) if draft.spec else None
        draft.remark = self._take(draft, "remark", lambda v: tidy_text(v, limit=500))
        self._read_product(draft)

    def _read_product(self, draft: Draft) -> None:
        columns = self.table.product_columns
        parts = [self._take_from(draft, "product", column, tidy_text, shown=str) for column in columns]
        if not any(parts):
            parts = [self._take(draft, "product", tidy_text, shown=str)]
        for part in filter(None, parts):
            zh, en = split_languages(part)
            draft.product_zh = draft.product_zh or zh
            draft.product_en = draft.product_en or en
        key = draft.gtin or draft.lot
        if key is None or "product" in draft.wrong:
            return
        if draft.product:
            self.products.setdefault(key, (draft.product_zh, draft.product_en))
        elif key in self.products:
            # Named once, on the first line of the same GTIN or lot.
            draft.product_zh, draft.product_en = self.products[key]
            self.findings.change(draft.place("product"), "", draft.product)

    def _read_dates(self, draft: Draft) -> None:
        epoch = self.table.sheet.date_1904
        order = self.orders["production_date"]
        draft.production_date = self._take(
            draft, "production_date", lambda v: read_date(v, order=order, date_1904=epoch), shown=CalendarDate.iso
        )
        order_of_expiry = self.orders["expiry_date"] or order
        draft.stated_expiry = self._take(
            draft, "expiry_date", lambda v: read_date(v, order=order_of_expiry, date_1904=epoch), shown=CalendarDate.iso
        )
        unit = unit_in_heading(self._heading("shelf_life"))
        draft.shelf_life = self._take(draft, "shelf_life", lambda v: read_shelf_life(v, unit=unit), shown=_show_life)

    def _read_quantities(self, draft: Draft) -> None:
        draft.cartons = self._take(draft, "cartons", read_count, shown=str)
        draft.ranges = self._take(draft, "carton_range", read_carton_ranges, shown=show_ranges) or ()
        if not draft.ranges:
            first = self._take(draft, "carton_from", read_carton_ranges)
            last = self._take(draft, "carton_to", read_carton_ranges)
            if first and last and first[0][0] <= last[-1][1]:
                draft.ranges = ((first[0][0], last[-1][1]),)
                draft.places["carton_range"] = draft.place("carton_from")
        draft.net = self._weight(draft, "net")
        draft.gross = self._weight(draft, "gross")

    def _weight(self, draft: Draft, name: str) -> Weight | None:
        unit = self.units[name]
        total = self._take(draft, name, lambda v: read_weight(v, unit=unit), shown=_show_weight)
        if total is not None or name in draft.wrong:
            return total
        unit_each = self.units[f"{name}_each"]
        each = self._take(draft, f"{name}_each", lambda v: read_weight(v, unit=unit_each), shown=_show_weight)
        if each is None:
            draft.wrong |= {name} if f"{name}_each" in draft.wrong else set()
            return None
        draft.places[name] = draft.place(f"{name}_each")
        return Weight(each.grams, True)

    def _take(
        self,
        draft: Draft,
        name: str,
        read: Callable[[CellValue], Read],
        *,
        shown: Callable[[Read], str] | None = None,
    ) -> Read | None:
        column = self.table.columns.get(name)
        if column is not None and (name in self.used or name not in self.defaults):
            return self._take_from(draft, name, column, read, shown=shown)
        given = self.defaults.get(name)
        if given is None:
            return None
        draft.places[name] = given.place
        return self._judge(draft, name, given.value, read, shown)

    def _take_from(
        self,
        draft: Draft,
        name: str,
        column: int,
        read: Callable[[CellValue], Read],
        *,
        shown: Callable[[Read], str] | None = None,
    ) -> Read | None:
        place = Place(sheet=draft.sheet, row=draft.row, column=column, line=draft.number)
        draft.places.setdefault(name, place)
        key = f"{name}:{column}"
        value = self.table.sheet.at(draft.row, column)
        if value is None:
            anchor = self.table.sheet.anchors.get((draft.row, column))
            if anchor is not None and anchor[1] == column and anchor[0] > self.table.header_end:
                if name in _FIGURES:
                    self.findings.error(place, "value_merged", **naming(_named(name)))
                    draft.wrong.add(name)
                    return None
                value = self.table.sheet.at(*anchor)
            elif (draft.row, column) in self.table.sheet.uncached:
                self.findings.error(place, "formula_without_value")
                draft.wrong.add(name)
                return None
        elif is_ditto(value):
            value = self.above.get(key)
        if value is None or is_blank(value):
            return None
        self.above[key] = value
        return self._judge(draft, name, value, read, shown, place=place)

    def _judge(
        self,
        draft: Draft,
        name: str,
        value: CellValue,
        read: Callable[[CellValue], Read],
        shown: Callable[[Read], str] | None,
        *,
        place: Place | None = None,
    ) -> Read | None:
        where = place or draft.place(name)
        try:
            if is_error_value(value):
                raise Unreadable("cell_error", text=plain(value))
            result = read(value)
        except Unreadable as problem:
            self.findings.unreadable(where, problem, field=_named(name))
            draft.wrong.add(name)
            return None
        if shown is not None and where.row == draft.row:
            self._change(where, name, value, shown(result))
        return result

    def _change(self, place: Place, name: str, value: CellValue, after: str) -> None:
        """Record a change, but not that a plain number got the unit of its own column."""
        own = self.table.sheet.at(place.row or 0, place.column or 0)
        before = value if own is None or is_ditto(own) else own
        if name in _FIGURES and not isinstance(before, str):
            return
        self.findings.change(place, before, after)

    def _heading(self, name: str) -> str:
        return self.table.headings.get(self.table.columns.get(name, 0), "")

    def _own(self, name: str, row: int) -> CellValue | None:
        column = self.table.columns.get(name)
        return None if column is None else self.table.sheet.at(row, column)

    def _is_filled(self, name: str, row: int) -> bool:
        column = self.table.columns[name]
        return not is_blank(self.table.sheet.spread(row, column)) or (row, column) in self.table.sheet.uncached


def _named(name: str) -> str:
    """The field whose name a sentence uses for a column."""
    return {"carton_from": "carton_range", "carton_to": "carton_range"}.get(name, name.removesuffix("_each"))


def _show_life(life: ShelfLife) -> str:
    return life.words().zh


def _show_weight(weight: Weight) -> str:
    return f"{show_kg(weight.grams)} kg" + ("/箱" if weight.each else "")
