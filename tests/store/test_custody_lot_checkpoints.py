"""A lot that is told from a checkpoint is what it would be if it were told from its beginning."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import lot_checkpoints, rebuild, store, unit_store
from coldtrace.custody import service as custody
from coldtrace.custody.model import StockPlace
from coldtrace.env import Env
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.seal.hashing import sha256
from support.consignments import GTIN, LOT, open_consignment
from support.custody_story import record_of, written_story
from support.house import GLNS, Handheld, install, install_office, make_env
from support.road import PALLETS, PORT, STORE, Road
from support.ticking import START, TickingClock

AFTER = START + timedelta(hours=5)
MINCE = lot_unit(gtin="09521234543213", lot="MINCE-7")
NAMES = {
    "L": lot_unit(gtin=GTIN, lot=LOT),
    "M": MINCE,
    "C": "(01)19521234543210(21)7QK4M2ZX9RTB",
    "D": "(01)19521234543210(21)7QK4M2ZX9RTC",
    "P": PALLETS[0],
}

who = st.sampled_from(["port", "store", "market", "shop"])
lot = st.sampled_from("LM")
some = st.integers(min_value=1, max_value=9)
carton = st.sampled_from("ABCD")
moved = st.builds(
    "{} {} {}x{}".format,
    who,
    st.sampled_from(["commission", "adopt", "receive", "sell", "lose", "find", "count", "observe", "destroy", "use"]),
    some,
    lot,
)
sent = st.builds("{} ship {}x{} > {}".format, who, some, lot, who)
together = st.builds("{} ship {}xL {}xM > {}".format, who, some, some, who)
made = st.builds(
    "{} {} {} = {}".format,
    who,
    st.sampled_from(["transform", "relabel"]),
    st.sampled_from(["3xL", "2xM", "A", "A B", "2xL C", "2xM 1xL"]),
    st.sampled_from(["D", "4xM", "2xL", "D 3xM"]),
)
stopped = st.builds(
    "{} {} {}".format,
    st.sampled_from(["office", "office", "port"]),
    st.sampled_from(["hold", "release", "recall", "lift"]),
    st.sampled_from(["1xL", "1xM", "A", "C"]),
)
by_serial = st.builds("{} {} {}".format, who, st.sampled_from(["commission", "receive", "sell", "open"]), carton)
packed = st.sampled_from(
    ["port pack P: A C", "store pack P: L", "store unpack P: *", "port ship P > store", "port pack L:: C",
     "store unpack L: *"]
)  # fmt: skip
stories = st.lists(
    st.one_of(moved, moved, moved, moved, sent, sent, together, made, stopped, by_serial, packed),
    min_size=8,
    max_size=30,
)


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return replace(make_env(tmp_path / "keys"), clock=TickingClock())


@pytest.fixture
def devices(session: Session, env: Env) -> list[Handheld]:
    sites = install(session, env)
    found = [Handheld.enrol(session, env, sites[role]) for role in GLNS]
    found.append(Handheld.enrol(session, env, install_office(session, env)))
    session.execute(text("UPDATE device SET operations = CAST(:all AS text[])"), {"all": [type.value for type in T]})
    assert isinstance(env.clock, TickingClock)
    env.clock.next = AFTER
    return found


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lots each retelling took up at a checkpoint."""
    counts: list[int] = []
    read = lot_checkpoints.read

    def counted(session: Session, starts: dict[int, datetime]) -> dict[int, lot_checkpoints.Checkpoint]:
        counts.append(len(starts))
        return read(session, starts)

    monkeypatch.setattr(lot_checkpoints, "read", counted)
    return counts


def error_of(device: Handheld, statement: Statement) -> Statement:
    """Return the word of a device that a statement was an error."""
    naming = Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    return device.say(T.CORRECT, [], at=AFTER, corrects=naming)


def every(monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    """Have a checkpoint after so many lines of a lot, however many places it lies in."""
    monkeypatch.setattr(lot_checkpoints, "_every", lambda unit: lines)


def arrived(
    session: Session, env: Env, batches: Sequence[Sequence[Statement]], *, rebuilt: bool
) -> dict[str, list[tuple[object, ...]]]:
    """Return what the record is after these batches, compared with what is told from nothing if asked for.

    All is forgotten again.
    """
    with session.begin_nested() as savepoint:
        for batch in batches:
            custody.capture(session, env, [statement.to_json() for statement in batch])
        found = record_of(session)
        if rebuilt:
            report = rebuild.check(session)
            assert report.ok, report.examples
        savepoint.rollback()
    session.expire_all()
    return found


def test_told_from_a_checkpoint_as_from_the_beginning(
    session: Session,
    env: Env,
    devices: list[Handheld],
    begun: list[int],
    monkeypatch: pytest.MonkeyPatch,
    scale: str,
) -> None:
    opened = open_consignment(session, env, cartons=2)
    names = NAMES | dict(zip("AB", (code.unit_id for code in opened.pallets[0].cartons), strict=True))

    @settings(max_examples=2_000 if scale == "full" else 30)
    @given(lines=stories, data=st.data(), often=st.integers(min_value=1, max_value=4))
    def one_world(lines: list[str], data: st.DataObject, often: int) -> None:
        numbers = range(len(lines))
        # Some are of the very moment of the one before, some say what is true instead of an earlier one.
        together = data.draw(st.sets(st.integers(1, len(lines) - 1), max_size=len(lines) // 2))
        amending = data.draw(st.lists(st.integers(1, len(lines) - 1), max_size=2, unique=True))
        correcting = {number: data.draw(st.integers(0, number - 1)) for number in amending}
        said = written_story(
            "\n".join(lines),
            devices,
            names,
            start=START + timedelta(hours=1),
            together=together,
            correcting=correcting,
        )
        # Most come in order, some in the end; some of all are said to be errors, and some of those are errors too.
        late = data.draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=5, unique=True))
        wrong = data.draw(st.lists(st.sampled_from(numbers), max_size=2, unique=True))
        errors = [error_of(devices[-1], said[number]) for number in wrong]
        errors += [error_of(devices[-1], each) for each in errors if data.draw(st.booleans())]
        arrivals = [said[number] for number in numbers if number not in late]
        arrivals += data.draw(st.permutations([*(said[number] for number in late), *errors]))
        size = data.draw(st.integers(min_value=1, max_value=3))
        batches = [arrivals[first : first + size] for first in range(0, len(arrivals), size)]
        every(monkeypatch, often)
        from_checkpoints = arrived(session, env, batches, rebuilt=True)
        every(monkeypatch, 1_000_000)
        assert from_checkpoints == arrived(session, env, batches, rebuilt=False)

    one_world()
    assert sum(count > 0 for count in begun) > 20


@pytest.fixture
def busy(road: Road, monkeypatch: pytest.MonkeyPatch) -> Road:
    """A lot with a checkpoint every ten lines, that the port takes in and sends out."""
    every(monkeypatch, 10)
    for _ in range(30):
        road.done(PORT, T.ADOPT, Line("unit", MINCE, None, 5))
        road.done(PORT, T.SHIP, Line("unit", MINCE, None, 2), to=STORE)
    return road


@pytest.fixture
def lines_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines each retelling read."""
    counts: list[int] = []
    past = store.past_lines

    def counted(*args: object, **more: object) -> list[store.PastLine]:
        found = past(*args, **more)  # type: ignore[arg-type]
        counts.append(len(found))
        return found

    monkeypatch.setattr(store, "past_lines", counted)
    return counts


def moments(road: Road) -> list[datetime]:
    return list(road.session.execute(text("SELECT at FROM lot_checkpoint ORDER BY at")).scalars())


def test_a_late_word_is_told_from_the_last_checkpoint_before_it(busy: Road, lines_read: list[int]) -> None:
    assert len(moments(busy)) == 6
    at = busy.clock.next - timedelta(minutes=3, seconds=30)
    result = busy.done(PORT, T.COUNT, Line("unit", MINCE, None, 1), at=at)
    assert result.marks == ("count_differs",)
    assert len(lines_read) == 1
    assert lines_read[0] <= 2 * 10 + 1


def test_what_came_after_a_late_word_is_told_and_noted_again(busy: Road, lines_read: list[int]) -> None:
    before = moments(busy)
    at = before[2] + timedelta(seconds=1)
    busy.done(PORT, T.ADOPT, Line("unit", MINCE, None, 1_000), at=at)
    assert 30 <= lines_read[0] <= 45
    after = moments(busy)
    assert after[:3] == before[:3]
    assert len(after) >= 5
    stock = busy.session.execute(text("SELECT stock FROM lot_checkpoint ORDER BY at DESC LIMIT 1")).scalar_one()
    assert max(quantity for *_, quantity in stock) > 1_000
    with busy.session.begin_nested() as savepoint:
        report = rebuild.check(busy.session)
        assert report.ok, report.examples
        savepoint.rollback()
    # And the next late word begins there.
    busy.done(PORT, T.COUNT, Line("unit", MINCE, None, 1), at=busy.clock.next - timedelta(minutes=3, seconds=30))
    assert lines_read[1] <= 2 * 10 + 2


def test_a_word_of_the_very_moment_of_a_checkpoint_begins_before_it(busy: Road, lines_read: list[int]) -> None:
    before = moments(busy)
    busy.done(PORT, T.ADOPT, Line("unit", MINCE, None, 7), at=before[-1])
    assert lines_read[0] > 10
    assert rebuilt_well(busy)


def test_what_was_made_of_a_lot_long_ago_is_told_from_before_that(busy: Road, lines_read: list[int]) -> None:
    """A box made of the lot between two checkpoints: when the box is late, the lot is told from the first of them."""
    box = NAMES["C"]
    made_at = busy.clock.next
    busy.done(PORT, T.TRANSFORM, Line("input", MINCE, None, 1), Line("output", box, None, 1))
    for _ in range(15):
        busy.done(PORT, T.ADOPT, Line("unit", MINCE, None, 5))
    busy.done(PORT, T.OBSERVE, box)
    lines_read.clear()
    busy.done(PORT, T.STORE, box, at=made_at + timedelta(minutes=3))
    assert lines_read == [lines_read[0]]
    assert 15 < lines_read[0] < 40
    assert rebuilt_well(busy)


def rebuilt_well(road: Road) -> bool:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples
    return True


def test_a_lot_in_many_places_has_fewer_checkpoints(road: Road) -> None:
    """No more places stand in checkpoints than lines were told."""
    road.done(PORT, T.ADOPT, Line("unit", MINCE, None, 5))
    (unit,) = unit_store.lock_units(road.session, [MINCE], emptied=[])
    assert lot_checkpoints._every(unit) == lot_checkpoints.EVERY
    unit.booked = {StockPlace("here", str(gln), "", ""): 1 for gln in range(2_000)}
    assert lot_checkpoints._every(unit) == 2_000
