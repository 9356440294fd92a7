"""What queries give a reader is what the pure rule leaves of the whole world, over worlds and readers of chance."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from coldtrace.custody import scope_pages
from coldtrace.custody.history import find_unit
from coldtrace.custody.statement_list import has_pieces, list_statements
from coldtrace.custody.story_pages import history
from coldtrace.custody.unit_view import PLACE, view_unit
from coldtrace.db.engine import make_engine
from coldtrace.goods import roll_store, run_store
from coldtrace.journal import store as journal_store
from coldtrace.journal.store import Asked
from coldtrace.parties import directory
from coldtrace.parties.invitations import open_invitations
from coldtrace.people import memberships
from coldtrace.rights.model import EVERYTHING, Kind, Reader, Scope, Verb
from coldtrace.rights.rules import covers, reaches, scope_of
from coldtrace.seal.b64 import b64
from coldtrace.watch.cases import find_case, list_cases
from support.databases import Databases
from support.rights_lists import held
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


def every_page(
    ask: Callable[..., list[Any]], session: Session, scope: Scope, *, limit: int, id: str = "entry_id"
) -> list[Any]:
    """Return all rows of a list, page by page."""
    found: list[Any] = []
    while True:
        page = ask(session, scope, after=getattr(found[-1], id) if found else None, limit=limit)
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
        found = every_page(list_cases, world.session, scope, limit=4, id="case_id")
        stated = world.concerned(scope)
        scanned = {scan for scan, thing in world.scans.items() if reaches(scope, Kind.CASE, thing)}
        assert [case.case_id for case in found] == world.newest(stated | scanned)
        for case in found:
            mine = own_lines(world, scope, world.cases[case.case_id])[:20] if case.case_id in stated else []
            assert list(case.units) == list(dict.fromkeys([*mine, *world.held_by(scope, case.case_id)]))
            assert find_case(world.session, scope, case.case_id) == case
        for case_id in {*world.cases, *world.scans} - stated - scanned:
            assert find_case(world.session, scope, case_id) is None


@settings(max_examples=20)
@given(reader=readers(), sizes=st.sampled_from([(2, 200), (5, 200), (13, 200)]))
def test_pages_that_are_cut_off_where_they_end(worlds: list[World], reader: Reader, sizes: tuple[int, ...]) -> None:
    """Small worlds fit into a page of 50: with smaller ones the first rows of each part bound what the others give."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scope_pages, "SIZES", sizes)
        for world in worlds:
            scope = scope_of(reader, Kind.STATEMENT, Verb.READ)
            found = every_page(list_statements, world.session, scope, limit=sizes[0])
            expected = world.newest(entry for entry in world.statements if world.reached(scope, Kind.STATEMENT, entry))
            assert [each.entry_id for each in found] == expected
            scope = scope_of(reader, Kind.CASE, Verb.READ)
            cases = every_page(list_cases, world.session, scope, limit=sizes[0], id="case_id")
            stated = world.concerned(scope)
            scanned = {scan for scan, thing in world.scans.items() if reaches(scope, Kind.CASE, thing)}
            assert [case.case_id for case in cases] == world.newest(stated | scanned)


@given(reader=readers(), verb=st.sampled_from(Verb))
def test_devices_invitations_sites_and_organisations(worlds: list[World], reader: Reader, verb: Verb) -> None:
    for world in worlds:
        devices, sites = scope_of(reader, Kind.DEVICE, verb), scope_of(reader, Kind.SITE, verb)
        firms, session = scope_of(reader, Kind.ORGANISATION, verb), world.session
        found = {
            "devices.key": [b64(each.key_id) for each in directory.devices(session, scope=devices, limit=200)],
            "invites.id": [
                b64(each.id) for each in open_invitations(session, scope=devices, now=world.road.env.clock(), limit=200)
            ],
            "sites.gln": [each.gln for each in directory.sites(session, scope=sites, limit=200)],
            "organisations.uscc": [each.uscc for each in directory.organisations(session, scope=firms, limit=200)],
        }
        scopes = {"devices.key": devices, "invites.id": devices, "sites.gln": sites, "organisations.uscc": firms}
        assert found == {lists: held(session, lists, scope) for lists, scope in scopes.items()}


@given(reader=readers(), verb=st.sampled_from(Verb))
def test_runs_people_tokens_and_the_journal(worlds: list[World], reader: Reader, verb: Verb) -> None:
    for world in worlds:
        session = world.session
        runs, rolls = scope_of(reader, Kind.RUN, verb), scope_of(reader, Kind.ROLL, verb)
        persons, held_tokens = scope_of(reader, Kind.PERSON, verb), scope_of(reader, Kind.TOKEN, verb)
        journal = scope_of(reader, Kind.JOURNAL, Verb.READ)
        found = {
            "runs.run": [str(each.run_id) for each in run_store.list_runs(session, runs, after=None, limit=200)],
            "rolls.roll": [str(each.run_id) for each in roll_store.list_rolls(session, rolls, after=None, limit=200)],
            "people.id": [str(each.person_id) for each in memberships.people(session, scope=persons, limit=200)],
            "tokens.id": [str(each.token_id) for each in memberships.tokens(session, scope=held_tokens, limit=200)],
            "records.id": [
                str(each.record_id) for each in journal_store.list_records(session, journal, Asked(limit=200))
            ],
        }
        scopes = {
            "runs.run": runs,
            "rolls.roll": rolls,
            "people.id": persons,
            "tokens.id": held_tokens,
            "records.id": journal,
        }
        assert found == {lists: held(session, lists, scope) for lists, scope in scopes.items()}


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
            expected = [
                line.entry_id
                for line in story
                if world.reached(scope, Kind.UNIT, line.entry_id)
                and line.unit in own_lines(world, scope, line.entry_id)
            ]
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
    assert all(world.cases and world.scans and len(world.units) > 5 for world in worlds)
    for lists in ("devices.key", "invites.id", "runs.run", "rolls.roll", "people.id", "tokens.id", "records.id"):
        assert all(len(held(world.session, lists, EVERYTHING)) > 1 for world in worlds), lists
    assert any(len(things) > 1 for world in worlds for things in world.statements.values())
