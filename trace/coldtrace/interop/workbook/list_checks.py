"""What can only be seen by looking at several lines: pallets and carton numbers used twice, a lot with two dates."""

import re
from collections.abc import Sequence

from coldtrace.interop.workbook.carton_ranges import show_ranges
from coldtrace.interop.workbook.findings import Findings, shorten
from coldtrace.interop.workbook.lines import Draft

_NUMBERED = re.compile(r"(.*?)([0-9]{1,6})")


def check_list(drafts: Sequence[Draft], findings: Findings) -> None:
    """Name contradictions between lines, always at the later one."""
    _check_pallets(drafts, findings)
    _check_carton_ranges(drafts, findings)
    _check_lots(drafts, findings)
    _check_products(drafts, findings)


def _check_pallets(drafts: Sequence[Draft], findings: Findings) -> None:
    last_seen: dict[str, tuple[int, Draft]] = {}
    hint_zh, hint_en = _hint(drafts)
    for index, draft in enumerate(drafts):
        if draft.pallet is None:
            continue
        before = last_seen.get(draft.pallet)
        # Lines of a mixed pallet stand together.
        if before is not None and before[0] != index - 1:
            findings.error(
                draft.place("pallet"),
                "pallet_repeated",
                text=draft.pallet,
                other=before[1].row,
                hint_zh=hint_zh,
                hint_en=hint_en,
            )
        last_seen[draft.pallet] = (index, draft)


def _hint(drafts: Sequence[Draft]) -> tuple[str, str]:
    """Name the one pallet that a numbered series leaves out, since it may be the one that is meant."""
    numbers: dict[str, set[int]] = {}
    widths: dict[str, int] = {}
    for draft in drafts:
        if draft.pallet and (match := _NUMBERED.fullmatch(draft.pallet)):
            numbers.setdefault(match.group(1), set()).add(int(match.group(2)))
            widths[match.group(1)] = len(match.group(2))
    missing: list[str] = []
    for prefix, seen in numbers.items():
        if max(seen) - min(seen) > len(drafts):
            continue
        missing += [f"{prefix}{n:0{widths[prefix]}}" for n in range(min(seen), max(seen) + 1) if n not in seen]
    if len(missing) != 1:
        return "", ""
    return f"{missing[0]} 没有出现，可能应为 {missing[0]}。", f"{missing[0]} does not occur; perhaps it is meant."


def _check_carton_ranges(drafts: Sequence[Draft], findings: Findings) -> None:
    runs = sorted(
        ((first, last, draft) for draft in drafts for first, last in draft.ranges),
        key=lambda run: (run[0], run[2].row),
    )
    reach: tuple[int, Draft] | None = None
    for first, last, draft in runs:
        if reach is not None and first <= reach[0]:
            later, other = (draft, reach[1]) if draft.row >= reach[1].row else (reach[1], draft)
            findings.error(
                later.place("carton_range"),
                "carton_range_overlaps",
                text=shorten(show_ranges(later.ranges)),
                other=other.row,
                other_text=shorten(show_ranges(other.ranges)),
            )
        elif reach is not None and first > reach[0] + 1:
            missing = show_ranges(((reach[0] + 1, first - 1),))
            findings.warn(draft.place("carton_range"), "carton_range_gap", text=first, missing=missing)
        if reach is None or last > reach[0]:
            reach = (last, draft)


def _check_lots(drafts: Sequence[Draft], findings: Findings) -> None:
    dates: dict[tuple[str, str], Draft] = {}
    expiries: dict[tuple[str, str], Draft] = {}
    alike: dict[str, Draft] = {}
    for draft in drafts:
        if draft.lot is None:
            continue
        key = (draft.gtin or draft.product, draft.lot)
        if draft.production_date is not None:
            first = dates.setdefault(key, draft)
            if first.production_date is not None and first.production_date != draft.production_date:
                findings.error(
                    draft.place("production_date"),
                    "lot_two_dates",
                    text=draft.lot,
                    other=first.row,
                    other_text=first.production_date.iso(),
                    here=draft.production_date.iso(),
                )
                continue
        if draft.expiry is not None:
            first = expiries.setdefault(key, draft)
            if first.expiry is not None and first.expiry != draft.expiry:
                findings.error(
                    draft.place("shelf_life" if draft.shelf_life is not None else "expiry_date"),
                    "lot_two_expiries",
                    text=draft.lot,
                    other=first.row,
                    other_text=first.expiry.isoformat(),
                    here=draft.expiry.isoformat(),
                )
        folded = re.sub(r"[^0-9A-Z\u4e00-\u9fff]", "", draft.lot.upper()) or draft.lot
        twin = alike.setdefault(folded, draft)
        if twin.lot is not None and twin.lot != draft.lot:
            findings.warn(draft.place("lot"), "lot_looks_alike", text=draft.lot, other=twin.row, other_text=twin.lot)


def _check_products(drafts: Sequence[Draft], findings: Findings) -> None:
    names: dict[str, Draft] = {}
    unnamed: set[str] = set()
    for draft in drafts:
        if draft.product_zh is None and draft.product_en is not None and draft.product_en not in unnamed:
            unnamed.add(draft.product_en)
            findings.warn(draft.place("product"), "product_not_chinese", text=shorten(draft.product_en))
        if draft.gtin is None or not draft.product:
            continue
        first = names.setdefault(draft.gtin, draft)
        if _same_name(first, draft):
            continue
        findings.warn(
            draft.place("product"),
            "gtin_two_names",
            text=draft.gtin,
            other=first.row,
            other_text=shorten(first.product),
            here=shorten(draft.product),
        )


def _same_name(first: Draft, second: Draft) -> bool:
    def folded(draft: Draft) -> str:
        return re.sub(r"\W", "", draft.product).casefold()

    return folded(first) == folded(second)
