"""Unit ids: one spelling for one unit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.trace_code import unit_id_of
from coldtrace.events.unit_id import (
    MalformedUnitId,
    UnitKind,
    foreign_unit,
    lot_unit,
    own_unit,
    parse_unit_id,
    read_unit_id,
    serial_unit,
    sscc_unit,
)
from support.published import own_vectors_dir
from support.story import GTIN

VECTORS = json.loads((own_vectors_dir() / "events" / "unit_ids.json").read_text("utf-8"))


@pytest.mark.parametrize("text", VECTORS["accepted"])
def test_accepted(text: str) -> None:
    assert parse_unit_id(text) == text


@pytest.mark.parametrize("text", VECTORS["refused"])
def test_refused(text: str) -> None:
    with pytest.raises(MalformedUnitId):
        parse_unit_id(text)


def test_parts() -> None:
    assert read_unit_id(sscc_unit("106141412345678908")).kind is UnitKind.SSCC
    assert read_unit_id(own_unit("7QK4M2ZX9RTB5")).value == "7QK4M2ZX9RTB5"
    lot = read_unit_id(lot_unit(gtin=GTIN, lot="A/1"))
    assert (lot.kind, lot.gtin, lot.value) == (UnitKind.LOT, GTIN, "A/1")


def test_codes_name_units_the_same_way() -> None:
    assert unit_id_of({"01": GTIN, "21": "A/1+(b)"}) == serial_unit(gtin=GTIN, serial="A/1+(b)")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_foreign_values_come_back(value: str) -> None:
    assert read_unit_id(foreign_unit(scheme="zjcold", value=value)).value == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_unit_id(text)
    except MalformedUnitId as refusal:
        refusal.say("zh").encode("utf-8")


@given(st.text(max_size=30))
def test_builders_refuse_or_make_readable_ids(value: str) -> None:
    try:
        unit = foreign_unit(scheme="zjcold", value=value)
    except MalformedUnitId:
        return
    assert read_unit_id(unit).value == value
