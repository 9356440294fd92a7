"""Decisions about rolls: pure, no clock, no database.

A number of a roll is *unused* until a lot is bound to it.  An unused number below one that was used was *skipped*: a
label that was lost, spoiled, or stuck on something that nobody scanned.  Labels come off a roll in order, so the ones
behind the highest used number are simply still there.  A void number is none of these.

>>> format_ranges(ranges_of([17, 18, 19, 23, 40, 41]))
'17-19, 23, 40-41'
>>> parse_numbers("17-19, 40", last=100)
[17, 18, 19, 40]
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from coldtrace.errors import Refusal
from coldtrace.goods.roll_refusals import (
    CodeVoided,
    GtinDiffers,
    MalformedNumbers,
    NotOnRoll,
    OtherStation,
    RollOver,
)

Range = tuple[int, int]

_PART = re.compile(r"\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6})\s*)?", re.ASCII)
PARTS_MAX = 1000


class BindStatus(StrEnum):
    """What became of one code that should be bound to a lot."""

    BOUND = "bound"
    REPEAT = "repeat"
    DOUBLE_BOUND = "double_bound"
    REFUSED = "refused"


class NumberList(StrEnum):
    """The lists of a roll's report."""

    UNUSED = "unused"
    SKIPPED = "skipped"
    DOUBLE_BOUND = "double_bound"
    VOIDED = "voided"


@dataclass(frozen=True, kw_only=True)
class RollCode:
    """What is known of a code that should be bound.

    `bind_until` is None for a code that is not of a roll; `lot_id` is that of an open consignment only, `left_lot_id`
    the one that binding takes it from: of an import that was undone, or of the old label whose place it took.
    """

    unit_id: str
    run_id: UUID
    number: int
    station_gln: str
    gtin: str | None
    bind_until: datetime | None
    lot_id: int | None
    voided: bool
    left_lot_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class BindLot:
    """The lot to bind to."""

    lot_id: int
    consignment_id: UUID
    station_gln: str
    gtin: str | None
    lot: str


@dataclass(frozen=True, kw_only=True)
class RollNumber:
    """One number of a roll."""

    number: int
    used: bool
    double_bound: bool
    voided: bool


def decide_bind(code: RollCode, lot: BindLot, *, now: datetime) -> BindStatus:
    """Return what binding a code to a lot comes to; raise the refusal of a code that cannot be bound at all.

    A second lot never replaces the first, and is no refusal either: somebody has goods in hand that say otherwise.
    """
    if code.bind_until is None:
        raise NotOnRoll(unit=code.unit_id)
    if code.voided:
        raise CodeVoided(unit=code.unit_id, number=code.number)
    refusal = _mismatch(code, lot)
    if refusal is not None:
        raise refusal
    if code.lot_id is None:
        if now >= code.bind_until:
            raise RollOver(number=code.number, roll=str(code.run_id), bind_until=code.bind_until.date().isoformat())
        return BindStatus.BOUND
    return BindStatus.REPEAT if code.lot_id == lot.lot_id else BindStatus.DOUBLE_BOUND


def fits(code: RollCode, lot: BindLot) -> bool:
    """Tell whether this label may stand for goods of this lot: one station, and no other GTIN than its own."""
    return _mismatch(code, lot) is None


def _mismatch(code: RollCode, lot: BindLot) -> Refusal | None:
    if code.station_gln != lot.station_gln:
        return OtherStation(number=code.number, station=code.station_gln, lot=lot.lot, lot_station=lot.station_gln)
    if code.gtin is not None and code.gtin != lot.gtin:
        return GtinDiffers(number=code.number, gtin=code.gtin, lot=lot.lot, lot_gtin=lot.gtin or "-")
    return None


def number_lists(numbers: Iterable[RollNumber]) -> dict[NumberList, list[int]]:
    """Return each list of a roll's report; `numbers` come in order."""
    every = list(numbers)
    last_used = max((each.number for each in every if each.used), default=0)
    unused = [each.number for each in every if not each.used and not each.voided]
    return {
        NumberList.UNUSED: unused,
        NumberList.SKIPPED: [number for number in unused if number < last_used],
        NumberList.DOUBLE_BOUND: [each.number for each in every if each.double_bound],
        NumberList.VOIDED: [each.number for each in every if each.voided],
    }


def ranges_of(numbers: Iterable[int]) -> list[Range]:
    """Return rising numbers as ranges of neighbours, both ends included."""
    found = []
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        found.append((run[0], run[-1]))
    return found


def format_ranges(ranges: Sequence[Range]) -> str:
    """Return ranges as people write them."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def parse_numbers(text: str, *, last: int) -> list[int]:
    """Return the numbers, rising and each once, of a text such as `17-23, 40`; raise MalformedNumbers.

    Every number must be one of the roll's, 1 to `last`.
    """
    parts = re.split(r"[,，、;]", text)
    if len(parts) > PARTS_MAX:
        raise MalformedNumbers(text=f"{text[:40]}…", last=last)
    numbers: set[int] = set()
    for part in parts:
        found = _PART.fullmatch(part)
        first, end = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= end <= last:
            raise MalformedNumbers(text=text[:40].encode("utf-8", "replace").decode(), last=last)
        numbers.update(range(first, end + 1))
    return sorted(numbers)
