"""What every single line must have and what its figures must mean; fills in what follows from the rest of the line."""

from collections.abc import Iterable
from datetime import date

from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.interop.workbook.carton_ranges import cartons_in, show_ranges
from coldtrace.interop.workbook.findings import Findings, Place, naming
from coldtrace.interop.workbook.lines import Draft, LineReader
from coldtrace.interop.workbook.weights import (
    ABSURD_FACTOR,
    CARTON_G_MAX,
    CARTON_G_MIN,
    LINE_G_MAX,
    Weight,
    show_kg,
)

SPEC_TOLERANCE_PERCENT = 2


def check_columns(reader: LineReader, findings: Findings) -> None:
    """Name the columns without which no line can be read, once for the table."""
    present = reader.used | set(reader.defaults)
    products = any(
        reader.table.sheet.spread(row, column) is not None
        for row in reader.table.lines
        for column in reader.table.product_columns
    )
    place = Place(sheet=reader.table.sheet.name, row=reader.table.header_row)
    if not products and "product" not in present:
        findings.error(place, "column_missing", **naming("product"))
    for name, others in _NEEDED.items():
        if not present & {name, *others}:
            findings.error(place, "column_missing", **naming(name))
    if "gtin" not in present:
        findings.warn(place, "gtin_column_missing")
    if not present & {"shelf_life", "expiry_date"}:
        findings.warn(place, "shelf_life_missing")


_NEEDED: dict[str, tuple[str, ...]] = {
    "lot": (),
    "production_date": (),
    "cartons": ("carton_range", "carton_from"),
    "net": ("net_each", "spec"),
}


def check_line(
    draft: Draft, reader: LineReader, findings: Findings, *, entry: CalendarDate | None, today: date
) -> None:
    """Judge one line: missing cells, counts, weights, dates."""
    _check_missing(draft, reader, findings)
    _check_cartons(draft, findings)
    _check_net(draft, reader, findings)
    _check_gross(draft, findings)
    _check_dates(draft, findings, entry=entry, today=today)
    if draft.gtin is not None and draft.gtin.startswith("0"):
        findings.warn(draft.place("gtin"), "gtin_is_unit", text=draft.gtin)


def _check_missing(draft: Draft, reader: LineReader, findings: Findings) -> None:
    products = any(reader.table.product_columns)
    if (products or "product" in reader.defaults) and not draft.product and "product" not in draft.wrong:
        findings.error(draft.place("product"), "product_missing")
    for name, value, code in (
        ("lot", draft.lot, "lot_missing"),
        ("gtin", draft.gtin, "gtin_missing"),
        ("production_date", draft.production_date, "value_missing"),
        ("pallet", draft.pallet, "value_missing"),
    ):
        if name == "gtin" and reader.says_none(name, draft.row):
            continue  # goods without a GTIN beside others that have one
        if value is None and name in reader.used and name not in draft.wrong:
            findings.error(draft.place(name), code, **naming(name))
    lives = {"shelf_life", "expiry_date"} & (reader.used | set(reader.defaults))
    unread = draft.shelf_life is None and draft.stated_expiry is None
    if lives and unread and not draft.wrong & {"shelf_life", "expiry_date"}:
        findings.warn(draft.place(max(lives)), "shelf_life_missing")


def _check_cartons(draft: Draft, findings: Findings) -> None:
    place = draft.place("cartons")
    counted = cartons_in(draft.ranges) if draft.ranges else None
    if draft.cartons is None:
        if counted is not None and "cartons" not in draft.wrong:
            draft.cartons = counted
        elif not draft.wrong & {"cartons", "carton_range", "carton_from", "carton_to"} and (
            "cartons" in draft.places or "carton_range" in draft.places
        ):
            findings.error(place, "value_missing", **naming("cartons"))
        if draft.cartons is None:
            draft.wrong.add("cartons")
        return
    if draft.cartons <= 0:
        code = "count_zero" if draft.cartons == 0 else "count_negative"
        findings.error(place, code, text=draft.cartons)
        draft.wrong.add("cartons")
    elif counted is not None and counted != draft.cartons:
        text = show_ranges(draft.ranges)
        findings.error(
            draft.place("carton_range"), "carton_range_differs", text=text, range=counted, count=draft.cartons
        )


def _check_net(draft: Draft, reader: LineReader, findings: Findings) -> None:
    place = draft.place("net")
    if draft.net is None:
        if "net" in draft.wrong or draft.wrong & {"net_each"}:
            return
        if reader.used & {"net", "net_each"}:
            findings.error(place, "value_missing", **naming("net"))
        elif draft.gtin is not None and draft.gtin.startswith("9"):
            findings.error(draft.place("gtin"), "variable_measure_weight", text=draft.gtin)
        elif draft.spec_g is not None and "cartons" not in draft.wrong:
            draft.net_g = draft.spec_g * (draft.cartons or 0)
            heading = Place(sheet=draft.sheet, row=reader.table.header_row)
            findings.warn(heading, "net_computed", each=show_kg(draft.spec_g))
        elif "net" not in draft.wrong and "spec" in reader.used:
            findings.error(draft.place("spec"), "value_missing", **naming("net"))
        return
    draft.net_g = _line_grams(draft, draft.net)
    if draft.net_g is None:
        return
    if _is_absurd(draft, draft.net_g):
        findings.error(place, "weight_implausible", text=_as_typed(draft, reader, "net"), kg=show_kg(draft.net_g))
        draft.net_g = None
        return
    if "cartons" in draft.wrong or not draft.cartons:
        return
    each = draft.net_g // draft.cartons
    if not CARTON_G_MIN <= each <= CARTON_G_MAX:
        findings.warn(place, "carton_weight", each=show_kg(each))
    variable = draft.gtin is not None and draft.gtin.startswith("9")
    if draft.spec_g is not None and not variable:
        computed = draft.spec_g * draft.cartons
        if abs(computed - draft.net_g) * 100 > SPEC_TOLERANCE_PERCENT * computed:
            findings.warn(place, "net_differs_from_spec", kg=show_kg(draft.net_g), computed=show_kg(computed))


def _check_gross(draft: Draft, findings: Findings) -> None:
    if draft.gross is None:
        return
    gross_g = _line_grams(draft, draft.gross)
    if gross_g is None:
        return
    if _is_absurd(draft, gross_g):
        findings.error(draft.place("gross"), "weight_implausible", text=show_kg(gross_g), kg=show_kg(gross_g))
    elif draft.net_g is not None and draft.net_g > gross_g:
        findings.error(draft.place("net"), "net_exceeds_gross", net=show_kg(draft.net_g), gross=show_kg(gross_g))
    else:
        draft.gross_g = gross_g


def _check_dates(draft: Draft, findings: Findings, *, entry: CalendarDate | None, today: date) -> None:
    production = draft.production_date
    if production is None:
        return
    if production.first > today:
        findings.warn(draft.place("production_date"), "production_in_future", text=production.iso())
    elif entry is not None and production.first > entry.last:
        findings.warn(
            draft.place("production_date"), "production_after_entry", text=production.iso(), entry=entry.iso()
        )
    candidates: list[date] = []
    if draft.shelf_life is not None:
        candidates.append(draft.shelf_life.expiry(production))
    if draft.stated_expiry is not None:
        candidates.append(draft.stated_expiry.first)
    if len(candidates) == 2 and draft.stated_expiry is not None:
        # One day apart is the question whether the production day counts; a month only leaves its days open.
        slack = 1 if draft.stated_expiry.day is not None and production.day is not None else 31
        if abs((candidates[0] - candidates[1]).days) > slack:
            findings.warn(
                draft.place("expiry_date"),
                "expiry_differs",
                text=draft.stated_expiry.iso(),
                computed=candidates[0].isoformat(),
            )
    draft.expiry = min(candidates, default=None)
    if draft.expiry is not None and draft.expiry < today:
        where = "expiry_date" if draft.stated_expiry is not None else "shelf_life"
        findings.warn(draft.place(where), "expired", text=draft.expiry.isoformat())


def _line_grams(draft: Draft, weight: Weight) -> int | None:
    """Return the weight of the whole line; None when it is per carton and the count is unknown."""
    if not weight.each:
        return weight.grams
    return None if "cartons" in draft.wrong or draft.cartons is None else weight.grams * draft.cartons


def _is_absurd(draft: Draft, grams: int) -> bool:
    if "cartons" in draft.wrong or not draft.cartons:
        return grams > LINE_G_MAX
    each = grams / draft.cartons
    return each > CARTON_G_MAX * ABSURD_FACTOR or each * ABSURD_FACTOR < CARTON_G_MIN


def _as_typed(draft: Draft, reader: LineReader, name: str) -> str:
    place = draft.place(name)
    value = reader.table.sheet.spread(place.row or 0, place.column or 0)
    return str(value).strip() if value is not None else ""


def sum_of(values: Iterable[int | None]) -> int | None:
    """Return the sum, or None when a part is unknown."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total
