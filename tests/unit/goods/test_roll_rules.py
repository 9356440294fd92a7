"""Rolls: what binding comes to, which numbers are on which list, and how numbers are written."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.goods.roll_refusals import MalformedNumbers
from coldtrace.goods.roll_rules import (
    BindLot,
    BindStatus,
    NumberList,
    RollCode,
    RollNumber,
    decide_bind,
    fits,
    format_ranges,
    number_lists,
    parse_numbers,
    ranges_of,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ID = UUID(int=7)
PORT, OTHER, GTIN = "6901234567892", "6901234567908", "19521234543210"


def code(**changed: object) -> RollCode:
    """Return an unbound label of a roll, with changes."""
    usual: dict[str, object] = {
        "unit_id": "U:7QK4M2ZX9RTB5",
        "run_id": ID,
        "number": 17,
        "station_gln": PORT,
        "gtin": None,
        "bind_until": NOW + timedelta(days=1),
        "lot_id": None,
        "voided": False,
    }
    return RollCode(**(usual | changed))  # type: ignore[arg-type]


def lot(**changed: object) -> BindLot:
    """Return the lot to bind to, with changes."""
    usual: dict[str, object] = {"lot_id": 1, "consignment_id": ID, "station_gln": PORT, "gtin": GTIN, "lot": "L1"}
    return BindLot(**(usual | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "to", "comes_to"),
    [
        (code(), lot(), BindStatus.BOUND),
        (code(gtin=GTIN), lot(), BindStatus.BOUND),
        (code(), lot(gtin=None), BindStatus.BOUND),
        (code(lot_id=1), lot(), BindStatus.REPEAT),
        (code(lot_id=1, bind_until=NOW), lot(), BindStatus.REPEAT),
        (code(lot_id=2), lot(), BindStatus.DOUBLE_BOUND),
        (code(lot_id=2, bind_until=NOW), lot(), BindStatus.DOUBLE_BOUND),
    ],
)
def test_what_binding_comes_to(label: RollCode, to: BindLot, comes_to: BindStatus) -> None:
    assert decide_bind(label, to, now=NOW) is comes_to


@pytest.mark.parametrize(
    ("label", "to", "refused"),
    [
        (code(bind_until=None), lot(), "not_on_roll"),
        (code(bind_until=None, lot_id=1), lot(), "not_on_roll"),
        (code(voided=True), lot(), "code_voided"),
        (code(voided=True, lot_id=1), lot(), "code_voided"),
        (code(bind_until=NOW), lot(), "roll_over"),
        (code(station_gln=OTHER), lot(), "other_station"),
        (code(station_gln=OTHER, lot_id=2), lot(), "other_station"),
        (code(gtin=GTIN), lot(gtin="09506000134352"), "gtin_differs"),
        (code(gtin=GTIN), lot(gtin=None), "gtin_differs"),
    ],
)
def test_what_cannot_be_bound(label: RollCode, to: BindLot, refused: str) -> None:
    with pytest.raises(Refusal) as caught:
        decide_bind(label, to, now=NOW)
    assert caught.value.code == refused
    assert fits(label, to) is (refused not in ("other_station", "gtin_differs"))


def number(number: int, what: str) -> RollNumber:
    """Return a number: `u`sed, `d`ouble-bound, `v`oid, `b`ound and then void, or free."""
    return RollNumber(number=number, used=what in "udb", double_bound=what == "d", voided=what in "vb")


@pytest.mark.parametrize(
    ("roll", "unused", "skipped", "double", "voided"),
    [
        ("....", "1-4", "", "", ""),
        ("uu..", "3-4", "", "", ""),
        ("u.u.", "2, 4", "2", "", ""),
        (".u.d.", "1, 3, 5", "1, 3", "4", ""),
        ("uv.u", "3", "3", "", "2"),
        ("u.v.", "2, 4", "", "", "3"),
        ("u.b.", "2, 4", "2", "", "3"),
        ("uuuu", "", "", "", ""),
        ("", "", "", "", ""),
    ],
)
def test_the_lists_of_a_roll(roll: str, unused: str, skipped: str, double: str, voided: str) -> None:
    lists = number_lists(number(place, what) for place, what in enumerate(roll, 1))
    shown = {name: format_ranges(ranges_of(numbers)) for name, numbers in lists.items()}
    assert shown == {
        NumberList.UNUSED: unused,
        NumberList.SKIPPED: skipped,
        NumberList.DOUBLE_BOUND: double,
        NumberList.VOIDED: voided,
    }


@given(st.sets(st.integers(1, 500)))
def test_ranges_are_read_as_they_are_written(numbers: set[int]) -> None:
    ranges = ranges_of(sorted(numbers))
    assert [n for first, last in ranges for n in range(first, last + 1)] == sorted(numbers)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))
    if numbers:
        assert parse_numbers(format_ranges(ranges), last=500) == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("5", [5]), ("1-3", [1, 2, 3]), (" 1 - 2 ，4、6;6 ", [1, 2, 4, 6]), ("3-5, 4-6", [3, 4, 5, 6])],
)
def test_how_people_write_numbers(text: str, numbers: list[int]) -> None:
    assert parse_numbers(text, last=9) == numbers


@pytest.mark.parametrize(
    "text", ["", "0", "10", "3-1", "1--3", "1-", "a", "1,,2", "１", "1-99999999", "\ud800", ",".join("1" * 1001)]
)
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(MalformedNumbers) as caught:
        parse_numbers(text, last=9)
    caught.value.say("zh").encode("utf-8")


@given(st.text(max_size=40))
def test_any_text_names_numbers_or_is_refused(text: str) -> None:
    try:
        numbers = parse_numbers(text, last=50)
    except MalformedNumbers:
        return
    assert numbers
    assert set(numbers) <= set(range(1, 51))
