"""Continuity: which orders of statements make one story of one box."""

from datetime import date
from typing import Any

import pytest

from coldtrace.events.public_piece import CorrectionMode, Corrects, Place
from coldtrace.events.statement_type import StatementType
from coldtrace.verify.continuity import Step, check_continuity, standing_steps
from coldtrace.verify.report import Failed

SHOP = Place(role="retailer", district="120101")
BOX, PALLET, TRUCK = "box", "pallet", "truck"
Say = tuple[str, list[tuple[str, str, str | None]]]

make: Say = ("commission", [("unit", BOX, None)])
pack: Say = ("pack", [("parent", PALLET, None), ("child", BOX, PALLET)])
load: Say = ("pack", [("child", PALLET, TRUCK)])
unload: Say = ("unpack", [("child", PALLET, TRUCK)])
unpack: Say = ("unpack", [("child", BOX, PALLET)])
unpack_all: Say = ("unpack", [("parent", PALLET, None)])
ship: Say = ("ship", [("unit", PALLET, None)])
drive: Say = ("receive", [("unit", TRUCK, None)])
sell: Say = ("sell", [("unit", BOX, None)])


def steps(*said: Say) -> list[Step]:
    return [step(number, kind, lines) for number, (kind, lines) in enumerate(said)]


def step(number: int, kind: str, lines: list[tuple[str, str, str | None]], **changes: Any) -> Step:
    parts: dict[str, Any] = {
        "header_hash": bytes([number]) * 32,
        "key": b"key",
        "prev": bytes([number]),
        "type": StatementType(kind),
        "date": date(2026, 11, 23),
        "place": SHOP,
        "corrects": None,
        "lines": lines,
    }
    return Step(**{**parts, **changes})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((make,), ""),
        ((make, sell), ""),
        ((make, pack, ship, unpack, sell), ""),
        ((make, pack, ship), "open_as_far_as_shown"),
        ((make, pack, unpack, pack, unpack), ""),
        ((make, pack, load, drive, unload, ship, unpack, sell), ""),
        ((make, pack, load, drive, unpack, sell), ""),
        ((make, pack, load, drive), "open_as_far_as_shown"),
        ((make, pack, unpack_all, sell), ""),
        ((make, pack, unpack_all, pack, unpack), ""),
        ((make, pack, load, unpack_all, sell), ""),
        ((make, pack, sell), "open_as_far_as_shown"),
    ],
)
def test_stories(said: tuple[Say, ...], reason: str) -> None:
    assert check_continuity(steps(*said), BOX) == reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((), "no_statements"),
        ((make, ship), "parent_not_open"),
        ((make, pack, unpack, ship), "parent_not_open"),
        ((make, pack, drive), "parent_not_open"),
        ((make, pack, pack), "packed_twice"),
        ((make, unpack), "unpack_without_pack"),
        ((make, pack, unload), "unpack_without_pack"),
        ((make, pack, unpack_all, ship), "parent_not_open"),
        ((make, unpack_all), "parent_not_open"),
        ((make, pack, unpack_all, unpack), "unpack_without_pack"),
        ((make, load), "line_about_other_goods"),
        ((make, ("unpack", [("child", "other", PALLET)])), "parent_not_open"),
        ((make, ("sell", [("unit", "other", None)])), "parent_not_open"),
        ((make, ("pack", [("child", BOX, BOX)])), "packed_twice"),
    ],
)
def test_no_stories(said: tuple[Say, ...], reason: str) -> None:
    with pytest.raises(Failed) as caught:
        check_continuity(steps(*said), BOX)
    assert caught.value.reason == reason


def undo(target: Step, place: Place = SHOP, mode: CorrectionMode = CorrectionMode.DID_NOT_OCCUR) -> Step:
    corrects = Corrects(header=target.header_hash, mode=mode)
    return step(99, "correct", [("unit", BOX, None)], corrects=corrects, place=place)


def test_a_corrected_statement_does_not_stand() -> None:
    told = steps(make, pack, sell)
    assert [each.type for each in standing_steps([*told, undo(told[1])])] == ["commission", "sell"]
    assert check_continuity([*told, undo(told[1])], BOX) == ""


def test_wrong_data_still_happened() -> None:
    told = steps(make, pack)
    mend = undo(told[1], mode=CorrectionMode.INCORRECT_DATA)
    assert check_continuity([*told, mend], BOX) == "open_as_far_as_shown"


def test_only_the_place_itself_or_a_regulator_corrects() -> None:
    told = steps(make, pack, sell)
    elsewhere = undo(told[1], Place(role="retailer", district="310101"))
    assert told[1] in standing_steps([*told, elsewhere])
    with pytest.raises(Failed, match="correction_from_elsewhere"):
        check_continuity([*told, elsewhere], BOX)
    assert check_continuity([*told, undo(told[1], Place(role="regulator", district="120000"))], BOX) == ""


def test_a_correction_of_something_not_shown() -> None:
    told = steps(make, sell)
    assert check_continuity([*told, undo(step(50, "sell", []))], BOX) == ""


@pytest.mark.parametrize(
    ("days", "right"),
    [
        ((23, 23), True),
        ((24, 23), True),  # Beijing in the morning, then a handheld on UTC
        ((24, 22), True),  # +14:00, then -12:00
        ((25, 22), False),
        ((24, 23, 24, 23), True),
        ((25, 23, 22), False),  # each is near the one before it, and the last is not near the first
        ((22, 25, 24, 23), True),
    ],
)
def test_days_go_forward_as_far_as_zones_can_be_told_apart(days: tuple[int, ...], right: bool) -> None:
    told = [step(at, *(sell if at else make), date=date(2026, 11, day)) for at, day in enumerate(days)]
    if right:
        assert check_continuity(told, BOX) == ""
        return
    with pytest.raises(Failed, match="dates_out_of_order"):
        check_continuity(told, BOX)


def test_the_ends_of_the_calendar() -> None:
    told = [step(0, *make, date=date(1, 1, 3)), step(1, *sell, date=date(1, 1, 1))]
    assert check_continuity(told, BOX) == ""
    last = [step(0, *make, date=date.max), step(1, *sell, date=date.max)]
    assert check_continuity(last, BOX) == ""


def test_one_key_has_one_chain() -> None:
    with pytest.raises(Failed, match="forked_chain"):
        check_continuity([step(0, *make, prev=None), step(1, *sell, prev=None)], BOX)
    assert check_continuity([step(0, *make, prev=None), step(1, *sell, prev=None, key=b"other")], BOX) == ""


def test_a_statement_counts_once() -> None:
    with pytest.raises(Failed, match="repeated_statement"):
        check_continuity([step(0, *make), step(0, *make)], BOX)
