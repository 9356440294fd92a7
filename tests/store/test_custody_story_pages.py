"""A unit's story page by page: all pages joined are the whole, and each costs what is on it."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from coldtrace.custody import story_pages
from coldtrace.custody.history import HistoryLine, View
from coldtrace.custody.story_pages import backwards, history, read_page
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.hashing import sha256
from support.house import pack_lines
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, SHOP, STORE, TRADER, Road, at_site, child, whole

A, B, C = CARTONS[:3]
P = PALLETS[0]
MINCE = lot_unit(gtin="09521234543213", lot="MINCE-7")
MANY = 6_000


def error_of(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


@pytest.fixture
def told(road: Road) -> Road:
    """A carton on its way on a pallet in a container, with ties in time, errors, and errors about errors."""
    road.bound(A, B, C)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B, C]))
    road.done(PORT, T.PACK, *pack_lines(CONTAINER, [P]))
    road.done(PORT, T.SHIP, CONTAINER, to=STORE)
    road.done(STORE, T.RECEIVE, CONTAINER)
    road.done(STORE, T.UNPACK, whole(CONTAINER))
    at = road.clock.next
    road.tell(*(road.say(gln, T.OBSERVE, P, A, at=at) for gln in (STORE, MARKET, STORE, SHOP, STORE)))
    wrong = road.say(STORE, T.SHIP, P, to=SHOP)
    denial = road.say(STORE, T.CORRECT, corrects=error_of(wrong))
    again = road.say(STORE, T.CORRECT, corrects=error_of(denial))
    road.tell(wrong)
    road.tell(denial)
    road.tell(again)
    other = road.say(STORE, T.SHIP, P, to=MARKET)
    road.tell(other)
    road.tell(road.say(STORE, T.RECEIVE, B, corrects=error_of(other)))
    road.done(STORE, T.UNPACK, child(A, P))
    road.done(STORE, T.OBSERVE, P)
    road.done(STORE, T.SHIP, A, to=SHOP)
    road.done(SHOP, T.RECEIVE, A)
    road.done(SHOP, T.SELL, A)
    return road


def ids(lines: list[HistoryLine] | tuple[HistoryLine, ...]) -> list[str]:
    return [str(line.entry_id) for line in lines]


def pages(road: Road, unit: str, scope: Scope, view: View, limit: int) -> Iterator[story_pages.StoryPage]:
    after, more = None, True
    while more:
        page = read_page(road.session, road.unit(unit).unit_pk, scope, view=view, after=after, limit=limit)
        assert len(page.lines) == limit or not page.more
        yield page
        after, more = page.lines[-1].entry_id if page.lines else None, page.more


@pytest.mark.parametrize("view", list(View), ids=str)
@pytest.mark.parametrize("unit", [A, B, P], ids=["carton", "another", "pallet"])
def test_all_pages_joined_are_the_whole(told: Road, unit: str, view: View) -> None:
    whole_story = history(told.session, told.unit(unit).unit_pk, EVERYTHING, view=view)
    order = [(line.event_at, line.recorded_at) for line in whole_story]
    assert order == sorted(order)
    assert len(set(ids(whole_story))) == len(whole_story) >= 10
    for limit in (1, 2, 3, 7, 100):
        found = [line for page in pages(told, unit, EVERYTHING, view, limit) for line in page.lines]
        assert found == whole_story
        newest = read_page(told.session, told.unit(unit).unit_pk, EVERYTHING, view=view, limit=limit, newest=True)
        assert list(newest.lines) == whole_story[-limit:]
        assert newest.more == (limit < len(whole_story))


@pytest.mark.parametrize("view", list(View), ids=str)
@pytest.mark.parametrize("gln", [PORT, STORE, MARKET, SHOP])
def test_a_reader_gets_on_pages_what_it_may_see_and_learns_where_something_is_hidden(
    told: Road, gln: str, view: View
) -> None:
    scope = at_site(gln)
    whole_story = history(told.session, told.unit(A).unit_pk, scope, view=view)
    seen = [line for line in whole_story if line.seen]
    assert 0 < len(seen) < len(whole_story)
    for limit in (1, 3, 100):
        found = list(pages(told, A, scope, view, limit))
        assert [line for page in found for line in page.lines] == seen
        assert any(page.hides for page in found)
        assert not any(page.hides for page in pages(told, A, EVERYTHING, view, limit))


def test_each_page_tells_whether_something_is_hidden_between_its_own_statements(told: Road) -> None:
    """The port sees all of its own at first, and nothing of what came later."""
    first, *_, last = pages(told, A, at_site(PORT), View.CORRECTED, 2)
    assert (first.hides, last.hides) == (False, True)
    view = view_unit(told.session, at_site(PORT), A, inside_max=0, limit=2)
    assert view is not None
    assert ("history" in view.hidden, view.more) == (False, True)


def test_the_story_from_its_end(told: Road) -> None:
    whole_story = history(told.session, told.unit(A).unit_pk, EVERYTHING)
    for at_once in (1, 4, 50):
        assert list(backwards(told.session, told.unit(A).unit_pk, EVERYTHING, at_once=at_once)) == whole_story[::-1]


def test_nothing_comes_behind_what_is_not_in_the_story(told: Road) -> None:
    story = history(told.session, told.unit(B).unit_pk, EVERYTHING)
    strange = next(
        line.entry_id for line in history(told.session, told.unit(A).unit_pk, EVERYTHING) if line not in story
    )
    for scope, after in ((EVERYTHING, strange), (at_site(SHOP), story[0].entry_id)):
        page = read_page(told.session, told.unit(B).unit_pk, scope, view=View.CORRECTED, after=after, limit=5)
        assert page == story_pages.NOTHING
    # Whoever sees some of it is told so all the same.
    assert view_unit(told.session, at_site(PORT), A, inside_max=0, after=strange) is not None
    assert view_unit(told.session, at_site(TRADER), C, inside_max=0, after=strange) is None


def test_a_statement_with_two_lines_about_one_lot_is_one_place(road: Road) -> None:
    for _ in range(3):
        road.done(STORE, T.TRANSFORM, Line("input", MINCE, None, 2), Line("output", MINCE, None, 1))
    found = [page.lines for page in pages(road, MINCE, EVERYTHING, View.CORRECTED, 1)]
    assert [len(lines) for lines in found] == [1, 1, 1]
    assert len(set(ids([line for lines in found for line in lines]))) == 3


def grown(road: Road) -> int:
    """Give a lot thousands of statements, some at the very same moment; return how many it has."""
    road.done(STORE, T.ADOPT, Line("unit", MINCE, None, 5))
    road.session.execute(
        text(
            "WITH one AS (SELECT * FROM statement ORDER BY recorded_at DESC LIMIT 1), made AS (INSERT INTO statement"
            " (entry_id, header_hash, key_id, seq, prev, type, claimed_at, event_at, recorded_at, gln, status, marks)"
            " SELECT gen_random_uuid(), sha256(CAST(CAST(n AS text) AS bytea)), key_id, 100 + n, NULL, 'observe',"
            " event_at + (n / 3) * interval '1 second', event_at + (n / 3) * interval '1 second',"
            " recorded_at + n * interval '1 second', gln, status, '{}' FROM one, generate_series(1, :many) n"
            " RETURNING entry_id, event_at) INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity,"
            " event_at, marks) SELECT entry_id, 0, (SELECT unit_pk FROM unit WHERE unit_id = :unit), 'unit', 1,"
            " event_at, '{}' FROM made"
        ),
        {"many": MANY, "unit": MINCE},
    )
    road.session.execute(text("ANALYZE statement, statement_line"))
    return MANY + 1


def rows_read(plan: dict[str, object]) -> int:
    """Return the most rows that any step of a plan gave, all its loops together."""
    own = int(plan["Actual Rows"]) * int(plan["Actual Loops"])  # type: ignore[call-overload]
    removed = int(plan.get("Rows Removed by Filter", 0))  # type: ignore[call-overload]
    below = [rows_read(each) for each in plan.get("Plans", [])]  # type: ignore[attr-defined]
    return max([own + removed, *below])


@pytest.fixture
def costs(road: Road) -> Iterator[list[int]]:
    """How many rows the dearest step of each query of a story read, by EXPLAIN."""
    found: list[int] = []
    session: Session = road.session
    connection = session.connection()
    busy: list[bool] = []

    def explain(conn: object, cursor: object, statement: str, parameters: object, context: object, many: bool) -> None:
        if "WITH RECURSIVE chain" not in statement or busy:
            return
        busy.append(True)
        asked = connection.connection.cursor()
        asked.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
        (answer,) = asked.fetchone()
        plan = answer if isinstance(answer, list) else json.loads(answer)
        found.append(rows_read(plan[0]["Plan"]))
        busy.clear()

    event.listen(connection, "before_cursor_execute", explain)
    yield found
    event.remove(connection, "before_cursor_execute", explain)


def test_each_page_of_a_long_story_costs_the_same(road: Road, costs: list[int]) -> None:
    count = grown(road)
    pk = road.unit(MINCE).unit_pk
    middle = history(road.session, pk, EVERYTHING)[count // 2]
    costs.clear()
    for scope in (EVERYTHING, at_site(STORE)):
        for more in ({}, {"after": middle.entry_id}, {"newest": True}):
            view = view_unit(road.session, scope, MINCE, inside_max=0, limit=100, **more)  # type: ignore[arg-type]
            assert view is not None
            assert (len(view.lines), view.more, "history" in view.hidden) == (100, True, False)
    assert len(costs) >= 12
    assert max(costs) <= 450, costs


def test_a_long_story_is_read_with_bounded_memory(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    count = grown(road)
    most: list[int] = []
    read = story_pages.lines_of

    def counted(rows: object) -> dict[int, list[HistoryLine]]:
        found = read(rows)  # type: ignore[arg-type]
        most.append(max(map(len, found.values()), default=0))
        return found

    monkeypatch.setattr(story_pages, "lines_of", counted)
    lines = story_pages.seen_lines(road.session, road.unit(MINCE).unit_pk, EVERYTHING, view=View.ALL)
    assert sum(1 for _ in lines) == count
    assert max(most) <= story_pages.PAGE
    road.clock.forward(timedelta(seconds=1))
