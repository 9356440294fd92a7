"""One line of a statement, shown to whom it concerns."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.events.disclosure import disclose_line, disclose_lines, read_disclosed_line
from coldtrace.events.refusals import MalformedStatement
from coldtrace.events.statement import read_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.seal.b64 import b64
from support.story import GTIN, PALLET, UNIT, build_story

PACK = read_statement(build_story().logged[1].statement)
ROOT: dict[str, Any] = {"root": PACK.header.units, "width": PACK.header.units_width}


def shown(**changes: Any) -> dict[str, Any]:
    return {**disclose_lines(PACK.units, [1])[0], **changes}


def test_every_line_can_be_shown() -> None:
    for each in disclose_lines(PACK.units, range(3), tree=PACK.units.tree()):
        line = read_disclosed_line(each)
        assert line.is_under(**ROOT)
        assert line.opens()


def test_one_line_by_its_text() -> None:
    assert disclose_line(PACK.wire.units, 1, StatementType.PACK) == shown()


def test_a_line_says_nothing_about_the_others() -> None:
    text = json.dumps(shown())
    assert f"(01){GTIN}(21)8QK4M2ZX9RT0" not in text
    assert b64(PACK.units.salt) not in text
    assert len(shown()["path"]) == 4


def test_a_closed_line_is_still_in_the_statement() -> None:
    closed = read_disclosed_line(disclose_lines(PACK.units, [1], opened=False)[0])
    assert closed.opening is None
    assert closed.opens()
    assert closed.is_under(**ROOT)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": PALLET},
        {"parent": UNIT},
        {"parent": None},
        {"role": "unit"},
        {"s": b64(bytes(16))},
        {"q": b64(bytes(32))},
        {"index": 16},
        {"path": []},
        {"path": [b64(bytes(32))] * 4},
    ],
)
def test_a_changed_line_is_not_in_the_statement(changes: dict[str, Any]) -> None:
    assert not read_disclosed_line(shown(**changes)).is_under(**ROOT)


@pytest.mark.parametrize(
    "changes", [{"quantity": 2}, {"attributes": {"a": 1}}, {"salt": b64(bytes(16))}, {"attributes": {"a": "é"}}]
)
def test_a_changed_opening_does_not_open(changes: dict[str, Any]) -> None:
    assert not read_disclosed_line(shown(open={**shown()["open"], **changes})).opens()


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"role": "box"},
        {"unit": "\ud800"},
        {"unit": ""},
        {"open": 1},
        {"open": {"salt": b64(bytes(16)), "quantity": 1, "attributes": []}},
        {"index": -1},
        {"path": [b64(bytes(32))] * 14},
        {"s": "A"},
    ],
)
def test_malformed_lines(changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedStatement):
        read_disclosed_line(shown(**changes))


@given(st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_is_refused(value: Any) -> None:
    with pytest.raises(MalformedStatement):
        read_disclosed_line(value)
