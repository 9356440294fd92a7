"""What queries give a reader is what the pure rule leaves of the whole world, over worlds and readers of chance."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from sqlmodel import Session

from coldtrace.custody.history import find_unit, history
from coldtrace.custody.statement_list import has_pieces, list_statements
from coldtrace.custody.unit_view import PLACE, view_unit
from coldtrace.db.engine import make_engine
from coldtrace.rights.model import EVERYTHING, Kind, Reader, Scope, Verb
from coldtrace.rights.rules import covers, reaches, scope_of
from coldtrace.watch.cases import list_cases
from support.databases import Databases
from support.road import make_road
from support.scope_world import World, make_world, readers


@pytest.fixture(scope="module")
def worlds(databases: Databases, tmp_path_factory: pytest.TempPathFactory, scale: str) -> Iterator[list[World]]:
    with ExitStack() as stack:
        made = []
        for seed in range(12 if scale == "full" else 2):
            url = databases.create()
            stack.callback(databases.drop, url)
            engine = make_engine(url, pool_size=1)
            stack.callback(engine.dispose)
            session = stack.enter_context(Session(engine))
            made.append(make_world(make_road(session, tmp_path_factory.mktemp("keys") / "keys"), seed))
        yield made


def every_page(ask: Callable[..., list[Any]], session: Session, scope: Scope, *, limit: int) -> list[Any]:
    """Return all rows of a list, page by page."""
    found: list[Any] = []
    while True:
        page = ask(session, scope, after=found[-1].entry_id if found else None, limit=limit)
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found


def own_lines(world: World, scope: Scope, entry: UUID) -> list[str]:
    """Return the units of a statement's lines that a reader may see."""
    whole = world.reached(scope, Kind.PIECES, entry)
    return [
        unit
        for unit, source, importer in world.lines.get(entry, [])
        if whole or (source and covers(scope, world.sites[source])) or importer in scope.operators
    ]


@given(reader=readers())
def test_statements_and_how_many_lines_they_have(worlds: list[World], reader: Reader) -> None:
    scope = scope_of(reader, Kind.STATEMENT, Verb.READ)
    for world in worlds:
        found = every_page(list_statements, world.session, scope, limit=3)
        expected = world.newest(entry for entry in world.statements if world.reached(scope, Kind.STATEMENT, entry))
        assert [each.entry_id for each in found] == expected
        for each in found:
            mine = own_lines(world, scope, each.entry_id)
            assert (each.lines, list(each.units)) == (len(mine), mine)


@given(reader=readers())
def test_cases(worlds: list[World], reader: Reader) -> None:
    scope = scope_of(reader, Kind.CASE, Verb.READ)
    for world in worlds:
        found = every_page(list_cases, world.session, scope, limit=4)
        stated = {entry for entry in world.marked if world.reached(scope, Kind.CASE, entry)}
        scanned = {scan for scan, thing in world.scans.items() if reaches(scope, Kind.CASE, thing)}
        assert [case.entry_id for case in found] == world.newest(stated | scanned)
        for case in found:
            assert list(case.units) == (own_lines(world, scope, case.entry_id) if case.entry_id in stated else [])


@given(reader=readers())
def test_pieces(worlds: list[World], reader: Reader) -> None:
    scope = scope_of(reader, Kind.PIECES, Verb.READ)
    for world in worlds:
        found = {entry for entry in world.statements if has_pieces(world.session, scope, entry)}
        assert found == {entry for entry in world.statements if world.reached(scope, Kind.PIECES, entry)}


@given(reader=readers())
def test_units_with_their_stories(worlds: list[World], reader: Reader) -> None:
    scope = scope_of(reader, Kind.UNIT, Verb.READ)
    for world in worlds:
        for unit in world.units:
            record = find_unit(world.session, unit)
            assert record is not None
            story = history(world.session, record.unit_pk, EVERYTHING)
            expected = [line.entry_id for line in story if world.reached(scope, Kind.UNIT, line.entry_id)]
            view = view_unit(world.session, scope, unit, inside_max=100)
            if view is None:
                assert not expected
                continue
            assert [line.entry_id for line in view.lines] == expected
            assert ("history" in view.hidden) == (len(expected) < len(story))
            if "state" in view.hidden:
                assert set(PLACE) <= set(view.hidden)
                assert view.state is view.gln is view.to_gln is None
            else:
                now = record.effective
                assert (view.state, view.gln, view.to_gln) == (now.state.value, now.gln, now.to_gln)
                assert now.gln in {None, *(line.gln for line in view.lines)}
            assert view.parent in (None, record.holding.parent)
            assert view.parent in {None, *(line.parent for line in view.lines)}


def test_the_worlds_have_what_the_rules_are_about(worlds: list[World]) -> None:
    relations = {
        relation
        for world in worlds
        for things in world.statements.values()
        for thing in things
        for relation in thing.parties
    }
    assert {relation.value for relation in relations} == {"at", "to", "from", "importer"}
    assert all(world.marked and world.scans and len(world.units) > 5 for world in worlds)
    assert any(len(things) > 1 for world in worlds for things in world.statements.values())
