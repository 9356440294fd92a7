"""Scopes as conditions: what stands in the text, and that no value ever does."""

from uuid import UUID

import pytest

from coldtrace.rights.model import NOTHING, Kind, Scope
from coldtrace.rights.scopes import EVERY_ROW, NO_ROW, Within

OPERATOR = UUID(int=7)
FULL = Scope(
    operators=frozenset({OPERATOR}),
    sites=frozenset({"6901234567892"}),
    markets_of=frozenset({OPERATOR}),
    markets=frozenset({"6901234567908"}),
    areas=frozenset({"1201"}),
    kinds_of=frozenset({(OPERATOR, "caterer")}),
    kinds_at=frozenset({("6901234567915", "caterer")}),
)


def conditions(scope: Scope) -> list[str]:
    within = Within(scope=scope)
    return [
        within.site("s.gln"),
        within.organisation("c.importer_id"),
        within.whole_country(),
        within.thing(Kind.RUN, at="r.station_gln", importer="c.importer_id"),
        *(within.statement(kind, "s") for kind in (Kind.STATEMENT, Kind.PIECES, Kind.DEVICE)),
    ]


def test_a_scope_of_everything_asks_nothing() -> None:
    assert set(conditions(Scope(everything=True, areas=frozenset({"12"})))) == {EVERY_ROW}


def test_an_empty_scope_answers_nothing() -> None:
    assert set(conditions(NOTHING)) == {NO_ROW}


def test_no_value_stands_in_a_text() -> None:
    said = " ".join(conditions(FULL))
    for value in (str(OPERATOR), OPERATOR.hex, "6901234567892", "6901234567908", "6901234567915", "1201", "caterer"):
        assert value not in said
    for name in Within(scope=FULL).values:
        assert f":{name} " in said, name


def test_values_are_arrays_in_order() -> None:
    scope = Scope(areas=frozenset({"31", "12"}), operators=frozenset({UUID(int=9), OPERATOR}))
    assert Within(scope=scope, name="seen").values == {
        "seen_operators": [OPERATOR, UUID(int=9)],
        "seen_sites": [],
        "seen_markets_of": [],
        "seen_markets": [],
        "seen_areas": ["12", "31"],
        "seen_kinds_of_1": [],
        "seen_kinds_of_2": [],
        "seen_kinds_at_1": [],
        "seen_kinds_at_2": [],
    }


def test_only_parties_that_count_are_asked_about() -> None:
    within = Within(scope=FULL)
    assert "statement_party" in within.statement(Kind.STATEMENT, "s")
    pieces = within.statement(Kind.PIECES, "s")
    assert "statement_party" not in pieces
    assert "s.to_gln" in pieces
    device = within.thing(Kind.DEVICE, at="d.gln", to="d.to_gln", importer="d.importer_id")
    assert "d.gln" in device
    assert "d.to_gln" not in device
    assert "d.importer_id" not in device


def test_named_sites_reach_no_organisation() -> None:
    assert Within(scope=Scope(sites=FULL.sites)).organisation("c.importer_id") == NO_ROW


def test_only_names_of_columns_enter_a_text() -> None:
    with pytest.raises(ValueError, match="no name of a column"):
        Within(scope=FULL).site("s.gln) OR (TRUE")
