"""How units stood at another moment: told again, and the same as what was read at that moment."""

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from coldtrace.custody import as_of
from coldtrace.custody.as_of import NOW, Moment
from coldtrace.custody.history import View
from coldtrace.custody.refusals import StoryTooBig
from coldtrace.custody.unit_view import UnitView, view_unit
from coldtrace.events.private_piece import read_private
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.hashing import sha256
from support.custody_story import Goods, random_story
from support.house import pack_lines
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, STORE, Road, at_site, child, whole

A, B = CARTONS[:2]
P = PALLETS[0]


def naming(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


def view(
    road: Road, unit: str, moment: Moment = NOW, *, scope: Scope = EVERYTHING, shown: View = View.CORRECTED
) -> UnitView | None:
    with road.session.begin_nested() as savepoint:
        found = view_unit(road.session, scope, unit, inside_max=100, view=shown, moment=moment)
        savepoint.rollback()
    return found


def place(found: UnitView | None) -> tuple[str | None, str | None, str | None]:
    assert found is not None
    return found.state, found.gln, found.parent


def test_where_a_carton_was_at_each_moment_of_its_way(road: Road) -> None:
    expected: dict[datetime, object] = {}
    steps = [
        (PORT, T.PACK, pack_lines(P, [A, B]), None, ("active", PORT, P)),
        (PORT, T.SHIP, [P], STORE, ("in_transit", PORT, P)),
        (STORE, T.RECEIVE, [P], None, ("active", STORE, P)),
        (STORE, T.UNPACK, [child(A, P)], None, ("active", STORE, None)),
        (STORE, T.SHIP, [A], MARKET, ("in_transit", STORE, None)),
        (STORE, T.UNPACK, [whole(P)], None, ("in_transit", STORE, None)),
    ]
    road.bound(A, B)
    for gln, type, lines, to, found in steps:
        road.done(gln, type, *lines, to=to)  # type: ignore[misc]
        expected[road.clock.next] = found
    for at, found in expected.items():
        seen = view(road, A, Moment(as_of=at))
        assert place(seen) == found, at
        assert seen is not None
        assert all(line.event_at <= at for line in seen.lines)
    packed, shipped = list(expected)[:2]
    inside = view(road, P, Moment(as_of=shipped))
    assert inside is not None
    assert inside.inside == (A, B)
    nothing = view(road, P)
    assert nothing is not None
    assert nothing.inside == ()
    assert place(view(road, A, Moment(as_of=packed - timedelta(seconds=90)))) == ("active", PORT, None)
    assert place(view(road, A)) == ("in_transit", STORE, None)


def test_what_arrives_late_was_there_at_its_time_and_was_not_known(road: Road) -> None:
    road.bound(A)
    sent = road.say(PORT, T.SHIP, A, to=STORE)
    shipped_at = road.clock.next
    road.clock.forward(timedelta(hours=1))
    known_before = road.clock.next
    road.clock.forward(timedelta(hours=1))
    road.tell(sent)
    assert place(view(road, A, Moment(as_of=shipped_at))) == ("in_transit", PORT, None)
    assert place(view(road, A, Moment(known_at=known_before))) == ("active", PORT, None)
    assert place(view(road, A, Moment(as_of=shipped_at, known_at=known_before))) == ("active", PORT, None)


def test_a_correction_counts_from_when_it_was_known(road: Road) -> None:
    road.bound(A)
    sent = road.say(PORT, T.SHIP, A, to=STORE)
    road.tell(sent)
    believed = road.clock.next
    road.clock.forward(timedelta(hours=1))
    road.done(PORT, T.CORRECT, corrects=naming(sent))
    assert place(view(road, A, Moment(as_of=believed))) == ("active", PORT, None)
    then = view(road, A, Moment(known_at=believed), shown=View.ALL)
    assert place(then) == ("in_transit", PORT, None)
    assert then is not None
    assert [(line.type, line.annulled) for line in then.lines] == [("commission", False), ("ship", False)]
    now = view(road, A, shown=View.ALL)
    assert now is not None
    assert [(line.type, line.annulled) for line in now.lines] == [
        ("commission", False),
        ("ship", True),
        ("correct", False),
    ]


def test_nobody_sees_more_of_another_moment_than_of_now(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.SHIP, A, to=STORE)
    shipped = road.clock.next
    road.done(STORE, T.RECEIVE, A)
    found = view(road, A, Moment(as_of=shipped), scope=at_site(STORE))
    assert found is not None
    assert (found.state, [line.type for line in found.lines]) == ("in_transit", ["ship"])
    assert view(road, A, Moment(as_of=shipped - timedelta(minutes=1)), scope=at_site(STORE)) is None
    assert view(road, A, Moment(as_of=shipped), scope=at_site(MARKET)) is None
    assert view(road, "(00)195212390000000046", Moment(as_of=shipped)) is None


def test_the_record_is_the_same_afterwards(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.SHIP, A, to=STORE)
    for _ in range(7):
        assert place(view(road, A, Moment(as_of=road.clock.next - timedelta(seconds=30)))) == ("active", PORT, None)
        assert place(view(road, A)) == ("in_transit", PORT, None)


def test_what_would_take_too_long_is_refused(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_of, "UNITS_MAX", 2)
    road.bound(A, B)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    with pytest.raises(StoryTooBig), road.session.begin_nested():
        view(road, P, Moment(as_of=road.clock.next))
    assert place(view(road, A, Moment(as_of=road.clock.next))) == ("active", PORT, P)


def test_however_much_is_said_of_one_thing_a_question_is_bounded(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_of, "STATEMENTS_MAX", 2)
    road.bound(A)
    early = road.clock.next
    road.done(PORT, T.SHIP, A, to=STORE)
    road.done(STORE, T.RECEIVE, A)
    with pytest.raises(StoryTooBig), road.session.begin_nested():
        view(road, A, Moment(as_of=road.clock.next))
    assert place(view(road, A, Moment(as_of=early - timedelta(seconds=1)))) == ("active", PORT, None)
    assert place(view(road, A)) == ("active", STORE, None)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_known_then_is_what_was_read_then(road: Road, seed: int, scale: str) -> None:
    """Random stories in random order with corrections: each unit, read after each arrival and asked for at the end."""
    rng = random.Random(seed)
    devices = {site.gln: road.device(site.gln) for site in road.sites.values()}
    goods = Goods(cartons=CARTONS, pallets=PALLETS, containers=[CONTAINER])
    length = 50 if scale == "full" else 14
    said = random_story(rng, list(devices.values()), goods, start=road.clock.next, length=length)
    road.clock.forward(timedelta(hours=2))
    false = rng.sample(said, length // 4)
    corrections = [
        devices[read_private(one.private).site].say(T.CORRECT, [], at=road.clock.next, corrects=naming(one))
        for one in false
    ]
    order = rng.sample([*said, *corrections], length + len(false))
    read: list[tuple[datetime, dict[str, UnitView | None]]] = []
    for statement in order:
        road.clock.forward(timedelta(seconds=10))
        road.tell(statement)
        known_at = road.session.execute(text("SELECT max(recorded_at) FROM statement")).scalar_one()
        read.append((known_at, {unit: view(road, unit, shown=View.ALL) for unit in goods.everything}))
    assert all(before < after for (before, _), (after, _) in pairwise(read))
    for known_at, units in read if scale == "full" else rng.sample(read, 6):
        for unit, then in units.items():
            assert view(road, unit, Moment(known_at=known_at), shown=View.ALL) == then or (
                then is None and is_untold(view(road, unit, Moment(known_at=known_at)))
            ), (seed, unit)


def is_untold(found: UnitView | None) -> bool:
    """Tell whether nothing is said of a unit of which something became known later."""
    return found is not None and found.lines == () and found.state == "unknown"
