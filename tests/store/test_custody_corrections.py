"""Corrections: the record is as if the false statement had never been made, and nothing of it is lost."""

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.custody import rebuild
from coldtrace.custody.corrections import settle_missed
from coldtrace.custody.history import View, seller_of
from coldtrace.custody.retelling import retell
from coldtrace.custody.statement_list import list_statements
from coldtrace.custody.story_pages import history
from coldtrace.custody.unit_store import EARLIEST
from coldtrace.events.private_piece import read_private
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.goods import stops
from coldtrace.goods.refusals import AlreadyShipped, AlreadyUndone
from coldtrace.interop.imports import undo_import
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.hashing import sha256
from coldtrace.watch.cases import list_cases
from support.custody_story import Goods, random_story, record_of
from support.house import pack_lines
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, SHOP, STORE, TRADER, Road, at_site, statuses, whole

A, B, C, D = CARTONS[:4]
P, Q = PALLETS
LAST_AT = 6
"""Where `record_of` has the time of the last word about a unit."""


def naming(statement: Statement, mode: CorrectionMode = CorrectionMode.DID_NOT_OCCUR) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=mode)


def told(road: Road, gln: str, type: T, *lines: object, **details: object) -> Statement:
    """Say one thing and let it arrive at once; return the statement."""
    said = road.say(gln, type, *lines, **details)  # type: ignore[arg-type]
    assert statuses(road.tell(said)) == ["accepted"]
    return said


def undone(road: Road, gln: str, statement: Statement, **details: object) -> Statement:
    """Declare a statement an error."""
    return told(road, gln, T.CORRECT, corrects=naming(statement), **details)


def marks_of(road: Road, statement: Statement) -> list[str]:
    own = "SELECT s.marks || COALESCE((SELECT array_agg(m) FROM statement_line l, unnest(l.marks) m"
    of_lines = " WHERE l.entry_id = s.entry_id), '{}') FROM statement s WHERE s.header_hash = :hash"
    values = {"hash": sha256(statement.header.encode())}
    return list(road.session.execute(text(own + of_lines), values).scalar_one())


def without(road: Road, *left_out: Statement) -> dict[str, list[tuple[object, ...]]]:
    """Return the record but for what it says of these statements themselves."""
    gone = {
        row.entry_id
        for row in road.session.execute(
            text("SELECT entry_id FROM statement WHERE header_hash = ANY(:hashes)"),
            {"hashes": [sha256(each.header.encode()) for each in left_out]},
        )
    }
    found = record_of(road.session)
    kept = {name: [row for row in rows if not gone.intersection(row)] for name, rows in found.items()}
    # When something was last said of a unit is no part of where it is.
    kept["units"] = [(*row[:LAST_AT], *row[LAST_AT + 1 :]) for row in kept["units"]]
    return kept


@pytest.fixture
def loaded(road: Road) -> Road:
    """Two cartons on a pallet at the store."""
    road.bound(A, B)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    road.done(PORT, T.SHIP, P, to=STORE)
    road.done(STORE, T.RECEIVE, P)
    return road


def test_a_sale_that_did_not_happen(loaded: Road) -> None:
    loaded.done(STORE, T.SHIP, P, to=SHOP)
    loaded.done(SHOP, T.RECEIVE, P)
    loaded.done(SHOP, T.UNPACK, whole(P))
    sold = told(loaded, SHOP, T.SELL, A)
    assert loaded.where(A)[0] == "sold"
    undone(loaded, SHOP, sold)
    assert loaded.where(A) == ("active", SHOP, None)
    assert seller_of(loaded.session, loaded.unit(A).unit_pk) is None
    assert marks_of(loaded, told(loaded, SHOP, T.SELL, A)) == []
    assert loaded.count("correction") == 1


def test_a_pallet_sent_to_the_wrong_receiver_in_one_statement(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=SHOP)
    at = loaded.clock.next
    right = told(loaded, STORE, T.SHIP, P, to=MARKET, at=at, corrects=naming(sent, CorrectionMode.INCORRECT_DATA))
    assert marks_of(loaded, right) == []
    assert loaded.unit(A).effective.to_gln == MARKET
    got = told(loaded, MARKET, T.RECEIVE, P)
    assert marks_of(loaded, got) == []
    assert loaded.where(B) == ("active", MARKET, P)


def test_a_pack_that_did_not_happen_lets_the_pallet_go_alone(loaded: Road) -> None:
    loaded.done(STORE, T.UNPACK, whole(P))
    packed = told(loaded, STORE, T.PACK, *pack_lines(Q, [A, B]))
    loaded.done(STORE, T.SHIP, Q, to=MARKET)
    assert loaded.where(A) == ("in_transit", STORE, Q)
    undone(loaded, STORE, packed)
    assert loaded.where(A) == ("active", STORE, None)
    assert loaded.where(Q)[0] == "in_transit"
    assert loaded.story(A)[-1].type == "unpack"


def test_a_whole_unpacking_that_did_not_happen_takes_its_implied_lines_along(loaded: Road) -> None:
    emptied = told(loaded, STORE, T.UNPACK, whole(P))
    assert loaded.count("statement_line WHERE role = 'implied'") == 2
    correction = undone(loaded, STORE, emptied)
    assert loaded.count("statement_line WHERE role = 'implied'") == 0
    assert loaded.where(A) == ("active", STORE, P)
    undone(loaded, STORE, correction)
    assert loaded.count("statement_line WHERE role = 'implied'") == 2
    assert loaded.where(A) == ("active", STORE, None)


def test_a_correction_that_is_corrected_annuls_nothing_and_so_on(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    chain = [sent]
    for number in range(1, 6):
        chain.append(undone(loaded, STORE, chain[-1]))
        expected = "active" if number % 2 else "in_transit"
        assert loaded.where(A)[0] == expected, number
    assert loaded.count("correction WHERE in_force") == 3


def test_a_whole_chain_of_corrections_in_one_batch_and_backwards(loaded: Road) -> None:
    sent = loaded.say(STORE, T.SHIP, P, to=MARKET)
    first = loaded.say(STORE, T.CORRECT, corrects=naming(sent))
    second = loaded.say(STORE, T.CORRECT, corrects=naming(first))
    with loaded.session.begin_nested() as savepoint:
        loaded.tell(sent, first, second)
        assert loaded.where(A)[0] == "in_transit"
        savepoint.rollback()
    with loaded.session.begin_nested() as savepoint:
        loaded.tell(sent, first)
        assert loaded.where(A)[0] == "active"
        savepoint.rollback()
    loaded.tell(second)
    loaded.tell(first)
    loaded.tell(sent)
    assert loaded.where(A)[0] == "in_transit"
    assert loaded.count("correction WHERE corrected IS NULL") == 0


def test_a_correction_that_comes_first_waits_for_what_it_corrects(loaded: Road) -> None:
    sent = loaded.say(STORE, T.SHIP, P, to=MARKET)
    correction = loaded.say(STORE, T.CORRECT, corrects=naming(sent))
    assert loaded.tell(correction)[0].marks == ("corrects_unknown",)
    assert loaded.tell(sent)[0].status == "accepted"
    assert loaded.where(A) == ("active", STORE, P)
    assert loaded.count("case_file WHERE kind = 'correction' AND live") == 0, "what it waited for has come"
    assert checked(loaded).ok


def test_a_stranger_s_correction_that_comes_first_does_nothing_once_its_statement_is_here(loaded: Road) -> None:
    sent = loaded.say(STORE, T.SHIP, P, to=MARKET)
    wrong = loaded.say(SHOP, T.RECEIVE, P, corrects=naming(sent, CorrectionMode.INCORRECT_DATA))
    assert loaded.tell(wrong)[0].status == "accepted"
    assert loaded.where(A)[1] == SHOP
    assert loaded.tell(sent)[0].status == "accepted"
    assert loaded.where(A) == ("in_transit", STORE, P)
    assert marks_of(loaded, wrong) == ["corrects_unknown", "correction_not_permitted"]
    assert loaded.count("case_file WHERE kind = 'correction' AND live") == 1
    assert checked(loaded).ok


def test_what_missed_each_other_is_settled_with_the_next_correction(loaded: Road) -> None:
    """Two requests at the very same moment do not see each other's rows."""
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    other = told(loaded, MARKET, T.RECEIVE, Q)
    undone(loaded, STORE, sent)

    def miss() -> None:
        loaded.session.execute(text("UPDATE correction SET corrected = NULL, permitted = NULL, in_force = FALSE"))
        retell(loaded.session, [loaded.unit(P).unit_pk], since=EARLIEST)
        assert loaded.where(A)[0] == "in_transit"

    miss()
    assert not checked(loaded).ok
    assert settle_missed(loaded.session) == 1
    assert loaded.where(A)[0] == "active"
    assert settle_missed(loaded.session) == 0
    miss()
    undone(loaded, MARKET, other)
    assert loaded.where(A)[0] == "active"
    assert checked(loaded).ok


def checked(road: Road) -> rebuild.RebuildReport:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    return report


def test_not_permitted_annuls_nothing_and_says_so(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    foreign = loaded.done(MARKET, T.CORRECT, corrects=naming(sent))
    assert (foreign.status, foreign.marks) == ("blocked", ("correction_not_permitted",))
    other = loaded.done(MARKET, T.RECEIVE, P, corrects=naming(sent, CorrectionMode.INCORRECT_DATA))
    assert other.status == "blocked"
    assert loaded.where(A)[0] == "in_transit"
    loaded.clock.forward(timedelta(hours=25))
    assert loaded.done(STORE, T.CORRECT, corrects=naming(sent)).status == "blocked"
    late = loaded.done(STORE, T.CORRECT, corrects=naming(sent), more=[("reason", "送错单")])
    assert (late.status, late.marks) == ("accepted", ("corrected_late",))
    assert loaded.where(A)[0] == "active"


def city_office(road: Road, gln: str) -> None:
    """Let a site be the office of the whole city."""
    role = "UPDATE site SET role = 'regulator', district = '120000' WHERE gln = :gln"
    road.session.execute(text(role), {"gln": gln})


def test_once_it_is_recalled_only_a_regulator_corrects(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    loaded.device(TRADER)
    city_office(loaded, TRADER)
    stops.revoke_unit(loaded.session, loaded.env, A, "x")
    assert loaded.done(STORE, T.CORRECT, corrects=naming(sent)).marks == ("correction_not_permitted",)
    assert loaded.where(A)[0] == "in_transit"
    assert loaded.done(TRADER, T.CORRECT, corrects=naming(sent)).status == "accepted"
    assert loaded.where(A) == ("active", STORE, P)


def test_an_import_of_which_nothing_really_left_can_be_undone(road: Road) -> None:
    consignment = road.consignment()
    road.bind_all(consignment)
    sent = told(road, PORT, T.SHIP, consignment.pallets[0].label.unit_id, to=STORE)
    with pytest.raises(AlreadyShipped):
        undo_import(road.session, road.env, consignment.consignment_id, EVERYTHING)
    undone(road, PORT, sent)
    undo_import(road.session, road.env, consignment.consignment_id, EVERYTHING)
    with pytest.raises(AlreadyUndone):
        undo_import(road.session, road.env, consignment.consignment_id, EVERYTHING)


def test_what_is_corrected_keeps_its_own_bytes_and_receipt(loaded: Road) -> None:
    sent = loaded.say(STORE, T.SHIP, P, to=MARKET)
    first = loaded.tell(sent)[0]
    undone(loaded, STORE, sent)
    again = loaded.tell(sent)[0]
    assert again.status == "repeat"
    assert again.receipt is not None
    assert first.receipt is not None
    assert again.receipt["text"] == first.receipt["text"]


def test_both_views(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=SHOP)
    right = told(loaded, STORE, T.SHIP, P, to=MARKET, corrects=naming(sent, CorrectionMode.INCORRECT_DATA))
    wrong = undone(loaded, STORE, right)
    undone(loaded, STORE, wrong)
    pk = loaded.unit(A).unit_pk
    corrected = [line for line in history(loaded.session, pk, EVERYTHING) if line.type in ("ship", "correct")]
    assert [(line.gln, line.to_gln, line.annulled) for line in corrected] == [
        (PORT, STORE, False),
        (STORE, MARKET, False),
    ]
    whole_story = history(loaded.session, pk, EVERYTHING, view=View.ALL)[-4:]
    assert [(line.type, line.to_gln, line.annulled) for line in whole_story] == [
        ("ship", SHOP, True),
        ("ship", MARKET, False),
        ("correct", None, True),
        ("correct", None, False),
    ]
    assert [line.corrects for line in whole_story[1:]] == [line.entry_id for line in whole_story[:-1]]
    assert all(line.unit == P for line in whole_story)


def test_a_correction_that_was_put_out_of_force_by_hand_is_found(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=SHOP)
    undone(loaded, STORE, sent)
    with loaded.session.begin_nested() as savepoint:
        assert rebuild.check(loaded.session).ok
        savepoint.rollback()
    loaded.session.execute(text("UPDATE correction SET in_force = FALSE, header = sha256('x')"))
    counts = rebuild.check(loaded.session).counts
    assert (counts["statement"], counts["correction"], counts["unit"]) == (1, 1, 1)


def arrive(road: Road, order: Sequence[Statement]) -> None:
    for statement in order:
        assert {result.status for result in road.tell(statement)} <= {"accepted", "blocked"}


@pytest.mark.parametrize("seed", range(6))
def test_the_record_is_as_if_the_false_ones_had_never_been(road: Road, seed: int, scale: str) -> None:
    """Random stories with random corrections, in random order of arrival, against the story without the false ones."""
    rng = random.Random(seed)
    devices = {site.gln: road.device(site.gln) for site in road.sites.values()}
    goods = Goods(cartons=CARTONS, pallets=PALLETS, containers=[CONTAINER])
    length = 60 if scale == "full" else 16
    said = random_story(rng, list(devices.values()), goods, start=road.clock.next, length=length)
    owner = {id(one): devices[read_private(one.private).site] for one in said}
    false = rng.sample(said, length // 4)
    road.clock.forward(timedelta(hours=2))
    corrections = [owner[id(one)].say(T.CORRECT, [], at=road.clock.next, corrects=naming(one)) for one in false]
    with road.session.begin_nested() as savepoint:
        arrive(road, [one for one in said if one not in false])
        expected = without(road)
        savepoint.rollback()
    road.session.expire_all()
    for order in ([*said, *corrections], [*corrections, *said], rng.sample([*said, *corrections], length + len(false))):
        with road.session.begin_nested() as savepoint:
            arrive(road, order)
            found = without(road, *false, *corrections)
            found["units"] = [row for row in found["units"] if row in expected["units"] or is_told(row)]
            assert found == expected, seed
            assert rebuild.check(road.session).ok, seed
            savepoint.rollback()
        road.session.expire_all()


def is_told(row: tuple[object, ...]) -> bool:
    """Tell whether something is known of a unit; what only a false statement named is there and as in the beginning."""
    return row[1] != "unknown"


# Goods of every kind


LOT = "(01)19521234543210(10)L1"


def lot_lines(count: int) -> Line:
    return Line(role="unit", unit=LOT, parent=None, quantity=count)


def stock(road: Road) -> list[tuple[object, ...]]:
    rows = road.session.execute(text("SELECT kind, gln, to_gln, quantity FROM lot_stock ORDER BY kind, gln"))
    return [tuple(row) for row in rows]


def test_a_hold_is_released_before_the_firm_corrects(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    told(loaded, STORE, T.HOLD, A, more=[("reason", "抽检")])
    assert loaded.done(STORE, T.CORRECT, corrects=naming(sent)).marks == ("correction_not_permitted",)
    told(loaded, STORE, T.RELEASE, A)
    undone(loaded, STORE, sent)
    assert loaded.where(A) == ("active", STORE, P)


def test_a_hold_on_the_pallet_reaches_what_was_said_of_its_cartons(loaded: Road) -> None:
    seen = told(loaded, STORE, T.OBSERVE, A)
    told(loaded, STORE, T.HOLD, P, more=[("reason", "抽检")])
    assert loaded.done(STORE, T.CORRECT, corrects=naming(seen)).marks == ("correction_not_permitted",)


def test_a_release_that_was_none_brings_the_hold_back(loaded: Road) -> None:
    told(loaded, STORE, T.HOLD, P, more=[("reason", "抽检")])
    released = told(loaded, STORE, T.RELEASE, P)
    sent = loaded.say(STORE, T.SHIP, P, to=MARKET)
    loaded.tell(sent)
    undone(loaded, STORE, released)
    assert marks_of(loaded, sent) == ["held"]
    assert loaded.where(A) == ("active", STORE, P)


def test_quantities_of_a_lot_are_as_before(road: Road) -> None:
    told(road, STORE, T.ADOPT, lot_lines(20))
    before = stock(road)
    sent = told(road, STORE, T.SHIP, lot_lines(12), to=MARKET)
    got = told(road, MARKET, T.RECEIVE, lot_lines(12))
    assert stock(road) != before
    undone(road, MARKET, got)
    undone(road, STORE, sent)
    assert stock(road) == before
    foreign = road.done(STORE, T.SHIP, lot_lines(10), to=MARKET, corrects=naming(got))
    assert foreign.status == "blocked"
    assert stock(road) == before


def test_a_new_label_that_was_none_leaves_the_old_one_in_its_place(road: Road) -> None:
    road.bound(A, B)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    lines = [Line(role="input", unit=A, parent=None, quantity=1), Line(role="output", unit=D, parent=None, quantity=1)]
    made = told(road, PORT, T.RELABEL, *lines)
    assert road.where(A)[0] == "transformed"
    assert road.where(D) == ("active", PORT, P)
    undone(road, PORT, made)
    assert road.where(A) == ("active", PORT, P)
    assert road.where(D) == ("unknown", None, None)


def test_whom_the_corrected_statement_concerned_sees_the_correction(loaded: Road) -> None:
    sent = told(loaded, STORE, T.SHIP, P, to=MARKET)
    loaded.clock.forward(timedelta(hours=30))
    correction = loaded.done(STORE, T.CORRECT, corrects=naming(sent), more=[("reason", "送错单")])
    for gln in (STORE, MARKET):
        listed = list_statements(loaded.session, at_site(gln), after=None, limit=10)
        found = {str(one.entry_id): one.marks for one in listed}
        assert found.get(correction.id or "") == ("corrected_late",), gln
    assert str(correction.id) not in {
        str(one.entry_id) for one in list_statements(loaded.session, at_site(SHOP), after=None, limit=10)
    }
    for gln in (STORE, MARKET):
        cases = list_cases(loaded.session, at_site(gln), after=None, limit=10)
        assert [case.entry_id for case in cases if case.kind == "correction"] == [UUID(str(correction.id))], gln
    assert checked(loaded).ok
