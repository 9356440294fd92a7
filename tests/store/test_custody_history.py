"""Where units are and what their story is: pallets, containers, whole unpackings, partial loads."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from coldtrace.custody import history
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from support.house import pack_lines
from support.road import (
    CARTONS,
    CONTAINER,
    MARKET,
    PALLETS,
    PORT,
    SHOP,
    STORE,
    TRADER,
    Road,
    binding,
    child,
    statuses,
    whole,
)

P, Q = PALLETS
A, B, C = CARTONS[:3]


def packed_and_sent(road: Road) -> None:
    """Three cartons on a pallet, on their way from the port to the market."""
    road.bound(A, B, C)
    road.done(PORT, T.PACK, *pack_lines(P, [A, B, C]))
    road.done(PORT, T.SHIP, P, to=MARKET)


def test_a_carton_is_where_its_pallet_is(road: Road) -> None:
    packed_and_sent(road)
    assert road.where(A) == ("in_transit", PORT, P)
    assert road.unit(A).effective.to_gln == MARKET
    road.done(MARKET, T.RECEIVE, P)
    assert road.where(A) == ("active", MARKET, P)
    assert road.unit(A).holding.gln == PORT
    assert history.children(road.session, road.unit(P).unit_pk, EVERYTHING, limit=10)[0] == [A, B, C]


def test_a_pallet_scan_writes_one_line(road: Road) -> None:
    packed_and_sent(road)
    before = road.count("statement_line")
    road.done(MARKET, T.RECEIVE, P)
    assert road.count("statement_line") == before + 1


def test_a_whole_pallet_is_unpacked(road: Road) -> None:
    packed_and_sent(road)
    road.done(MARKET, T.RECEIVE, P)
    road.done(MARKET, T.UNPACK, child(A, P))
    result = road.done(MARKET, T.UNPACK, whole(P))
    assert result.marks == ()
    assert [road.where(unit) for unit in (A, B, C)] == [("active", MARKET, None)] * 3
    assert history.children(road.session, road.unit(P).unit_pk, EVERYTHING, limit=10)[0] == []
    assert [line.role for line in road.story(A)] == ["unit", "child", "unit", "unit", "child"]
    assert [line.role for line in road.story(B)] == ["unit", "child", "unit", "unit", "implied"]
    assert road.done(MARKET, T.SELL, B).marks == ()


def test_a_whole_pallet_unpacked_where_it_never_arrived(road: Road) -> None:
    packed_and_sent(road)
    assert road.done(STORE, T.UNPACK, whole(P)).marks == ("not_here",)
    assert road.where(A) == ("active", STORE, None)


def test_who_may_not_unpack_empties_nothing(road: Road) -> None:
    packed_and_sent(road)
    road.session.connection().exec_driver_sql("UPDATE device SET operations = '{ship}'")
    assert road.done(PORT, T.UNPACK, whole(P)).status == "blocked"
    assert road.where(A)[2] == P


def test_an_empty_pallet_can_be_unpacked(road: Road) -> None:
    assert road.done(PORT, T.UNPACK, whole(P)).status == "accepted"
    assert road.count("statement_line") == 1


def test_two_pallets_emptied_in_one_statement(road: Road) -> None:
    road.bound(A, B)
    road.done(PORT, T.PACK, *pack_lines(P, [A]))
    road.done(PORT, T.PACK, *pack_lines(Q, [B]))
    road.done(PORT, T.UNPACK, whole(P), whole(Q))
    assert road.where(A) == road.where(B) == ("active", PORT, None)
    assert [line.shown for line in (*road.story(A)[-1:], *road.story(B)[-1:])] == [(0,), (1,)]


def test_what_happened_to_the_pallet_counts_only_while_the_box_was_on_it(road: Road) -> None:
    road.done(PORT, T.PACK, *pack_lines(P, [B]))
    road.done(PORT, T.SHIP, P, to=STORE)
    road.done(STORE, T.RECEIVE, P)
    road.done(STORE, T.RECEIVE, A)
    road.done(STORE, T.PACK, *pack_lines(P, [A]))
    road.done(STORE, T.SHIP, P, to=MARKET)
    road.done(MARKET, T.RECEIVE, P)
    road.done(MARKET, T.UNPACK, child(A, P))
    road.done(MARKET, T.SHIP, P, to=SHOP)
    road.done(SHOP, T.RECEIVE, P)
    road.done(MARKET, T.SELL, A)
    assert road.acts(A) == [
        "store receive carton",
        "store pack carton",
        "store ship pallet",
        "market receive pallet",
        "market unpack carton",
        "market sell carton",
    ]
    assert road.acts(B)[-1] == "retailer receive pallet"
    assert "market unpack pallet" not in road.acts(B)


def test_statements_of_one_moment_are_told_apart_by_their_order(road: Road) -> None:
    """A feed with whole seconds: pack and ship, receive and unpack claim the same time."""
    now = road.clock.next + timedelta(minutes=30)
    said = [
        road.say(PORT, T.SHIP, P, to=STORE, at=now),
        road.say(STORE, T.RECEIVE, P, at=now),
        road.say(STORE, T.PACK, *pack_lines(P, [A]), at=now),
        road.say(STORE, T.SHIP, P, to=MARKET, at=now),
        road.say(MARKET, T.RECEIVE, P, at=now),
        road.say(MARKET, T.UNPACK, whole(P), at=now),
        road.say(MARKET, T.SHIP, P, to=SHOP, at=now),
    ]
    road.clock.forward(timedelta(hours=1))
    road.tell(*said)
    expected = ["store pack carton", "store ship pallet", "market receive pallet", "market unpack carton"]
    assert road.acts(A) == expected
    assert road.where(A) == ("active", MARKET, None)


def test_a_pallet_in_a_container(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.PACK, *pack_lines(P, [A]))
    road.done(PORT, T.PACK, *pack_lines(CONTAINER, [P]))
    road.done(PORT, T.SHIP, CONTAINER, to=TRADER)
    assert road.where(A) == ("in_transit", PORT, P)
    road.done(TRADER, T.RECEIVE, CONTAINER)
    road.done(TRADER, T.UNPACK, child(P, CONTAINER))
    road.done(TRADER, T.SHIP, P, to=SHOP)
    road.done(STORE, T.RECEIVE, CONTAINER)
    assert road.where(A) == ("in_transit", TRADER, P)
    assert road.acts(A) == [
        "station commission carton",
        "station pack carton",
        "station pack pallet",
        "station ship pallet",
        "distributor receive pallet",
        "distributor unpack pallet",
        "distributor ship pallet",
    ]
    assert [line.unit for line in road.story(A)[2:]] == [P, CONTAINER, CONTAINER, P, P]


def test_packed_twice_in_one_statement_shows_both_lines(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.PACK, child(A, P), child(P, CONTAINER))
    road.done(PORT, T.SHIP, CONTAINER, to=TRADER)
    story = road.story(A)
    assert [line.shown for line in story] == [(0,), (0, 1), (0,)]
    assert len(story[2].inside_by) == 2


def test_a_pallet_by_its_parent_role_is_part_of_the_story(road: Road) -> None:
    """Imported events name a pallet as parent where handhelds say unit."""
    packed_and_sent(road)
    road.done(MARKET, T.RECEIVE, whole(P))
    assert road.acts(A)[-1] == "market receive pallet"


def test_handled_apart_while_packed(road: Road) -> None:
    packed_and_sent(road)
    assert road.done(MARKET, T.RECEIVE, A).marks == ("still_packed",)
    assert road.where(A) == ("active", MARKET, None)
    road.done(STORE, T.RECEIVE, P)
    assert road.acts(A)[-1] == "market receive carton"
    assert road.acts(B)[-1] == "store receive pallet"


def test_part_of_a_load(road: Road) -> None:
    road.bound(A, B, C)
    road.done(PORT, T.SHIP, A, B, C, to=STORE)
    road.done(STORE, T.RECEIVE, A, B)
    assert [road.where(unit)[0] for unit in (A, B, C)] == ["active", "active", "in_transit"]


def test_an_expired_box_among_others_stays_and_is_named(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    road.bind_all(consignment)
    old, other = (code.unit_id for code in consignment.pallets[0].cartons)
    fresh = A
    road.bound(fresh)
    road.clock.forward(timedelta(days=729))
    result = road.tell(
        road.say(PORT, T.UNPACK, whole(consignment.pallets[0].label.unit_id)),
        road.say(PORT, T.SHIP, old, fresh, to=SHOP),
        road.say(PORT, T.SHIP, other, to=SHOP),
    )
    assert statuses(result) == ["accepted", "blocked", "blocked"]
    assert result[1].marks[0] == "expired"
    assert [road.where(unit)[0] for unit in (old, other, fresh)] == ["active", "active", "in_transit"]
    assert [(line.type, line.status) for line in road.story(old)][-1] == ("ship", "blocked")
    assert [(line.type, line.status) for line in road.story(fresh)][-1] == ("ship", "accepted")


@pytest.mark.parametrize("together", [True, False])
def test_an_expired_box_keeps_its_pallet_here(road: Road, together: bool) -> None:
    consignment = road.consignment(cartons=2)
    road.bind_all(consignment)
    pallet = consignment.pallets[0].label.unit_id
    road.done(PORT, T.PACK, *pack_lines(CONTAINER, [pallet]))
    road.clock.forward(timedelta(days=700))
    said = [
        road.say(PORT, T.SHIP, CONTAINER, to=STORE),
        road.say(PORT, T.UNPACK, whole(CONTAINER)),
        road.say(PORT, T.SHIP, CONTAINER, to=STORE),
        road.say(PORT, T.SHIP, pallet, to=STORE),
        road.say(PORT, T.UNPACK, whole(pallet)),
        road.say(PORT, T.SHIP, pallet, to=STORE),
    ]
    results = road.tell(*said) if together else [road.tell(statement)[0] for statement in said]
    assert statuses(results) == ["blocked", "accepted", "accepted", "blocked", "accepted", "accepted"]
    assert road.where(consignment.carton.unit_id) == ("active", PORT, None)


def test_an_expired_box_packed_and_sent_in_one_upload(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.bind_all(consignment)
    road.clock.forward(timedelta(days=720))
    said = [
        road.say(PORT, T.UNPACK, whole(consignment.pallets[0].label.unit_id)),
        road.say(PORT, T.PACK, *pack_lines(P, [consignment.carton.unit_id])),
        road.say(PORT, T.SHIP, P, to=STORE),
    ]
    assert statuses(road.tell(*said)) == ["accepted", "accepted", "blocked"]


def test_who_sold_it(road: Road) -> None:
    road.bound(A, B)
    assert history.seller_of(road.session, road.unit(A).unit_pk) is None
    road.done(PORT, T.SHIP, A, B, to=SHOP)
    road.done(SHOP, T.RECEIVE, A, B)
    road.done(SHOP, T.SELL, A)
    road.done(MARKET, T.SELL, A)
    first = history.seller_of(road.session, road.unit(A).unit_pk)
    assert first is not None
    assert first[0] == SHOP
    assert history.seller_of(road.session, road.unit(B).unit_pk) is None


def test_an_expired_sale_is_nobodys_sale(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.bind_all(consignment)
    old = consignment.carton.unit_id
    road.bound(A)
    road.clock.forward(timedelta(days=729))
    assert road.done(MARKET, T.SELL, old, A).status == "blocked"
    assert history.seller_of(road.session, road.unit(old).unit_pk) is None
    assert history.seller_of(road.session, road.unit(A).unit_pk) is not None


def test_nothing_is_known_of_what_was_never_named(road: Road) -> None:
    assert history.find_unit(road.session, A) is None


@pytest.mark.parametrize("count", [1, 60])
@pytest.mark.parametrize(("marked", "most"), [(False, 13), (True, 16)], ids=["clean", "a case for each"])
def test_questions_do_not_grow_with_the_batch(road: Road, count: int, marked: bool, most: int) -> None:
    seen: list[object] = []

    def listen(*args: object) -> None:
        seen.append(args[2])

    units = [f"(01)19521234543210(21)A{n:011}" for n in range(count)]
    if not marked:
        road.tell(*(road.say(PORT, T.COMMISSION, binding(unit)) for unit in units))
    said = [
        road.say(PORT, T.COMMISSION, binding(unit)) if marked else road.say(PORT, T.PACK, whole(unit)) for unit in units
    ]
    engine = road.session.get_bind()
    event.listen(engine, "before_cursor_execute", listen)
    results = road.tell(*said)
    event.remove(engine, "before_cursor_execute", listen)
    assert {bool(result.marks) for result in results} == {marked}
    assert len(seen) <= most
