"""Batches of statements: repeats, bad neighbours, chains, forks, revoked keys, two uploads at once."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody import chain
from coldtrace.custody import service as custody
from coldtrace.custody.service import Result
from coldtrace.events.certificate import CertificateMismatch
from coldtrace.events.public_piece import Place
from coldtrace.events.receipt import verify_receipt
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.service import CERTIFICATE_LIFE
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import Ed25519Signer, key_id, load_public_key
from support.house import Handheld, pack_lines
from support.road import (
    CARTONS,
    CONTAINER,
    MARKET,
    PALLETS,
    PORT,
    SHOP,
    STORE,
    Road,
    binding,
    make_road,
    statuses,
    whole,
)


def id_of(statement: Statement) -> UUID:
    return UUID(json.loads(statement.header)["id"])


def refusal_code(result: Result) -> str:
    assert result.refusal is not None
    return result.refusal.code


BAD: dict[str, Callable[[Road, Statement], object]] = {
    "not an object": lambda road, good: [1, 2],
    "nothing": lambda road, good: None,
    "a key too many": lambda road, good: good.to_json() | {"more": "x"},
    "a key too few": lambda road, good: {k: v for k, v in good.to_json().items() if k != "sig"},
    "a piece of another statement": lambda road, good: good.to_json() | {"units": road.say(PORT, T.PACK, *pack_lines(
        PALLETS[0], CARTONS[:1])).units},
    "a changed header": lambda road, good: good.to_json() | {"header": good.header.replace('"pw":16', '"pw":32')},
    "a signature of somebody": lambda road, good: good.to_json() | {"sig": b64(bytes(64))},
    "a device that nobody knows": lambda road, good: replace_signer(road, good),
}  # fmt: skip


def replace_signer(road: Road, good: Statement) -> object:
    stranger = Handheld(env=road.env, site=road.device(PORT).site, signer=Ed25519Signer.generate())
    return stranger.say(T.COMMISSION, [binding(CARTONS[2])], at=road.clock.next).to_json()


@pytest.mark.parametrize("kind", BAD)
def test_one_bad_statement_never_touches_the_others(road: Road, kind: str) -> None:
    first = road.say(PORT, T.COMMISSION, binding(CARTONS[0]))
    good = road.say(PORT, T.COMMISSION, binding(CARTONS[1]))
    last = road.say(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:2]))
    bad = BAD[kind](road, road.say(PORT, T.COMMISSION, binding(CARTONS[2])))
    results = custody.capture(road.session, road.env, [first.to_json(), good.to_json(), bad, last.to_json()])
    assert statuses(results) == ["accepted", "accepted", "refused", "accepted"]
    assert road.where(CARTONS[1]) == ("active", PORT, PALLETS[0])
    assert road.count("statement") == 3


def test_nothing_is_kept_of_an_empty_or_wholly_bad_batch(road: Road) -> None:
    before = road.count("ledger_entry")
    assert road.tell() == []
    assert statuses(custody.capture(road.session, road.env, ["x", {}, 7])) == ["refused"] * 3
    assert (road.count("ledger_entry"), road.count("statement"), road.count("unit")) == (before, 0, 0)


def test_a_repeat_in_another_batch_gets_the_very_same_receipt(road: Road) -> None:
    said = [road.say(PORT, T.COMMISSION, binding(carton)) for carton in CARTONS[:3]]
    first = road.tell(*said)
    road.clock.forward(road.clock.step * 86_400)
    new = road.say(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:3]))
    again = road.tell(said[2], new, said[0], said[1])
    assert statuses(again) == ["repeat", "accepted", "repeat", "repeat"]
    assert [again[n].receipt for n in (2, 3, 0)] == [result.receipt for result in first]
    assert road.count("statement") == 4
    assert road.where(CARTONS[0]) == ("active", PORT, PALLETS[0])


def test_other_bytes_under_a_known_id_are_refused_and_the_first_stays(road: Road) -> None:
    said = road.say(PORT, T.COMMISSION, binding(CARTONS[0]))
    other = road.say(PORT, T.COMMISSION, binding(CARTONS[1]), id=id_of(said))
    foreign = road.say(STORE, T.RECEIVE, CARTONS[1], id=id_of(said))
    assert statuses(road.tell(said, other, foreign)) == ["accepted", "refused", "refused"]
    for late in (other, foreign):
        result = road.tell(late)[0]
        assert (refusal_code(result), result.id) == ("id_conflict", str(id_of(said)))
    assert road.where(CARTONS[0])[0] == "active"
    assert road.count("statement") == 1


def test_an_id_that_an_enrolment_has_is_taken(road: Road) -> None:
    road.device(PORT)
    taken = road.session.execute(text("SELECT entry_id FROM ledger_entry LIMIT 1")).scalar_one()
    assert refusal_code(road.tell(road.say(PORT, T.COMMISSION, binding(CARTONS[0]), id=taken))[0]) == "id_conflict"


def test_receipts_promise_what_was_stored(road: Road) -> None:
    key = load_public_key(road.env.keyring.signer("receipt").spki)
    said = [road.say(PORT, T.COMMISSION, binding(carton)) for carton in CARTONS]
    results = road.tell(*said)
    road.sequence()
    for statement, result in zip(said, results, strict=True):
        receipt = verify_receipt(
            result.receipt,
            public_key=key,
            net=road.env.net,
            origin=road.env.origin,
            id=id_of(statement),
            header=statement.header,
            sig=unb64(statement.sig),
        )
        assert (receipt.include_by - receipt.received_at) == custody.INCLUDE_WITHIN
        leaf = road.session.execute(
            text("SELECT leaf_hash FROM ledger_leaf WHERE entry_id = :id"), {"id": receipt.id}
        ).scalar_one()
        assert bytes(leaf) == receipt.leaf_hash


def test_gaps_in_a_chain_are_listed_until_they_are_filled(road: Road) -> None:
    said = [road.say(PORT, T.COMMISSION, binding(carton)) for carton in CARTONS]
    key = key_id(road.device(PORT).signer.spki)
    assert chain.describe(road.session, EVERYTHING, key) == {
        "key": b64(key), "last_seq": 0, "last_header": None, "missing": [], "forks": [],
        "holes": [], "next": None,
    }  # fmt: skip
    road.tell(said[4], said[1])
    found = chain.describe(road.session, EVERYTHING, key)
    assert (found["last_seq"], found["missing"], found["forks"]) == (5, [[1, 1], [3, 4]], [])
    road.tell(said[0], said[2])
    assert chain.describe(road.session, EVERYTHING, key)["missing"] == [[4, 4]]
    road.tell(*said)
    found = chain.describe(road.session, EVERYTHING, key)
    assert (found["last_seq"], found["missing"]) == (6, [])


@pytest.mark.parametrize("together", [True, False])
def test_a_fork_keeps_both_and_suspends_the_key(road: Road, together: bool) -> None:
    first = road.say(PORT, T.COMMISSION, binding(CARTONS[0]))
    second = road.say(PORT, T.COMMISSION, binding(CARTONS[1]))
    clash = road.say(PORT, T.COMMISSION, binding(CARTONS[2]), seq=2)
    results = road.tell(first, second, clash) if together else [*road.tell(first, second), *road.tell(clash)]
    assert statuses(results) == ["accepted"] * 3
    assert ["chain_fork" in result.marks for result in results] == [False, False, True]
    assert chain.describe(road.session, EVERYTHING, key_id(road.device(PORT).signer.spki))["forks"] == [2]
    later = road.done(PORT, T.COMMISSION, binding(CARTONS[3]), seq=3)
    assert (later.status, later.marks[0]) == ("accepted", "key_suspended")
    assert road.where(CARTONS[3])[0] == "active"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
@pytest.mark.parametrize("together", [True, False])
def test_a_statement_that_does_not_follow_the_one_before_is_a_fork(
    road: Road, order: tuple[int, ...], together: bool
) -> None:
    """Restored from a copy: the numbers go on, but behind a statement that nobody else has seen."""
    said = [road.say(PORT, T.COMMISSION, binding(CARTONS[0])), road.say(PORT, T.COMMISSION, binding(CARTONS[1]))]
    road.device(PORT).prev = bytes(32)
    said.append(road.say(PORT, T.COMMISSION, binding(CARTONS[2])))
    sent = [said[number] for number in order]
    results = road.tell(*sent) if together else [road.tell(statement)[0] for statement in sent]
    assert statuses(results) == ["accepted"] * 3
    assert sum("chain_fork" in result.marks for result in results) == 1
    assert road.session.execute(text("SELECT state FROM device")).scalar_one() == "suspended"


def test_an_honest_chain_in_any_order_is_no_fork(road: Road) -> None:
    said = [road.say(PORT, T.COMMISSION, binding(carton)) for carton in CARTONS]
    for number in (3, 0, 5, 4, 1, 2):
        assert "chain_fork" not in road.tell(said[number])[0].marks


def test_a_repeat_is_no_fork(road: Road) -> None:
    said = road.say(PORT, T.COMMISSION, binding(CARTONS[0]))
    road.tell(said, said)
    road.tell(said)
    assert chain.describe(road.session, EVERYTHING, key_id(road.device(PORT).signer.spki))["forks"] == []
    assert road.session.execute(text("SELECT state FROM device")).scalar_one() == "active"


def test_what_a_long_chain_lacks_is_found_in_one_walk(road: Road) -> None:
    """A hole is known since the first statement behind it came, whichever that was; adding up must not begin anew."""
    device = road.device(PORT)
    road.done(PORT, T.OBSERVE, CARTONS[0])
    key = key_id(device.signer.spki)
    road.session.execute(
        text(
            "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln,"
            " status, marks) SELECT gen_random_uuid(), sha256(CAST(CAST(n AS text) AS bytea)), key_id, n, type,"
            # The last half came first.
            " claimed_at, event_at, recorded_at + ((n + :half) % (2 * :half)) * interval '1 second', gln, status, '{}'"
            " FROM statement, generate_series(2, 2 * :half) n WHERE n % 1000 <> 0"
        ),
        {"half": 10_000},
    )
    plan = road.session.execute(text("SELECT recorded_at FROM statement WHERE seq = 1")).scalar_one()
    found = chain.describe(road.session, EVERYTHING, key)
    assert found is not None
    holes = found["holes"]
    assert isinstance(holes, list)
    assert [each["from"] for each in holes] == list(range(1_000, 20_000, 1_000))
    since = [plan + timedelta(seconds=(max(each["from"] + 1, 10_001) + 10_000) % 20_000) for each in holes]
    assert [each["since"] for each in holes] == [format_utc(each) for each in since]
    page = chain.describe(road.session, EVERYTHING, key, after=15_500)
    assert page is not None
    assert page["holes"] == holes[15:]


@pytest.mark.parametrize("state", ["revoked", "retired"])
def test_a_revoked_key_says_nothing_new_but_gets_its_receipts(road: Road, state: str) -> None:
    before = road.say(PORT, T.COMMISSION, binding(CARTONS[0]))
    after = road.say(PORT, T.COMMISSION, binding(CARTONS[1]))
    first = road.tell(before)[0]
    road.session.execute(text("UPDATE device SET state = :state"), {"state": state})
    results = road.tell(before, after)
    assert statuses(results) == ["repeat", "refused"]
    assert results[0].receipt == first.receipt
    assert refusal_code(results[1]) == "device_revoked"
    assert road.count("statement") == 1


def test_a_statement_of_another_installation_is_refused(road: Road) -> None:
    assert refusal_code(road.done(PORT, T.COMMISSION, binding(CARTONS[0]), net=bytes(32))) == "other_network"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"site": STORE}, "certificate_other_site"),
        ({"place": "district"}, "certificate_other_place"),
    ],
)
def test_a_device_speaks_for_its_own_place_only(road: Road, change: dict[str, object], what: str) -> None:
    if change.get("place"):
        change = {"place": Place(role="first_station", district="310101")}
    result = road.done(PORT, T.COMMISSION, binding(CARTONS[0]), **change)
    assert isinstance(result.refusal, CertificateMismatch)
    assert result.refusal.facts["what"] == what


def test_a_device_whose_certificate_is_over_is_believed_and_marked(road: Road) -> None:
    """On the day after its two years a handheld goes on: what it sees is kept, moves goods, and is a case."""
    road.bound(CARTONS[0])
    road.clock.forward(CERTIFICATE_LIFE + timedelta(days=2))
    result = road.done(PORT, T.OBSERVE, CARTONS[0])
    assert (result.status, result.marks) == ("accepted", ("certificate_over",))
    assert result.receipt is not None
    assert road.done(PORT, T.SHIP, CARTONS[1], to=STORE).marks[0] == "certificate_over"


@pytest.mark.parametrize("to", ["", "95", "9521234000021", "\u0000", "上海某公司", 5, None, ["9521234000020"]])
def test_a_receiver_that_is_no_site_names_nobody(road: Road, to: object) -> None:
    road.bound(CARTONS[0])
    result = road.done(PORT, T.SHIP, CARTONS[0], more=[("to", to)])
    assert (result.status, result.marks) == ("accepted", ("receiver_unregistered",))
    assert road.unit(CARTONS[0]).holding.to_gln is None


def test_a_receiver_in_free_text(road: Road) -> None:
    road.bound(CARTONS[0])
    result = road.done(PORT, T.SHIP, CARTONS[0], more=[("to_name", "王记\u0000海鲜\u200b大排档")])
    assert result.marks == ("receiver_unregistered",)
    assert (
        road.session.execute(text("SELECT to_name FROM statement WHERE type = 'ship'")).scalar_one() == "王记海鲜大排档"
    )


def test_a_known_glns_receiver_outside_our_sites(road: Road) -> None:
    road.bound(CARTONS[0])
    assert road.done(PORT, T.SHIP, CARTONS[0], to="6901234567892").marks == ("receiver_unregistered",)
    assert road.unit(CARTONS[0]).holding.to_gln == "6901234567892"


def test_what_blocks_is_named_first(road: Road) -> None:
    shop = road.device(SHOP)
    old = road.clock.next
    road.clock.forward(road.clock.step * 4 * 86_400)
    result = road.tell(shop.say(T.COMMISSION, [binding(CARTONS[0])], at=old))[0]
    assert (result.status, result.marks) == ("blocked", ("not_permitted", "late"))


def test_chain_only_statements_are_kept_without_lines(road: Road) -> None:
    """Every device may speak of its own chain, whatever its site may do with goods."""
    result = road.done(PORT, T.MARK)
    assert (result.status, result.marks) == ("accepted", ())


def test_one_carton_twice_in_one_statement(road: Road) -> None:
    road.bound(CARTONS[0])
    result = road.done(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:1]), *pack_lines(PALLETS[1], CARTONS[:1]))
    assert result.marks == ("already_packed",)
    assert road.where(CARTONS[0]) == ("active", PORT, PALLETS[1])
    assert road.count("containment") == 1


def test_a_pallet_packed_into_itself_is_marked_and_hurts_nobody(road: Road) -> None:
    road.done(PORT, T.PACK, *pack_lines(CONTAINER, PALLETS[:1]))
    assert road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [CONTAINER])).marks == ("packed_in_itself",)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:2]))
    assert road.done(PORT, T.SHIP, PALLETS[0], to=MARKET).status == "accepted"
    assert len(road.story(CARTONS[0])) == 2
    assert road.done(PORT, T.UNPACK, whole(CONTAINER)).status == "accepted"


def test_two_uploads_of_one_statement_at_once_are_one(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """A handheld that lost patience sends again while the first upload is still under way."""
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        said = [road.say(PORT, T.COMMISSION, binding(carton)) for carton in CARTONS]
        said.append(road.say(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS)))
    barrier = threading.Barrier(3)
    found: list[list[Result]] = []

    def upload() -> None:
        barrier.wait()
        with sessions.begin() as session:
            found.append(custody.capture(session, road.env, [statement.to_json() for statement in said]))

    uploads = [threading.Thread(target=upload) for _ in range(3)]
    for each in uploads:
        each.start()
    for each in uploads:
        each.join()
    assert sorted(statuses(results)[0] for results in found) == ["accepted", "repeat", "repeat"]
    assert found[0][3].receipt == found[1][3].receipt == found[2][3].receipt
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM statement")).scalar_one() == len(said)
        assert session.execute(text("SELECT count(*) FROM device WHERE state = 'active'")).scalar_one() == 1


def test_a_fork_in_two_uploads_at_once_is_seen(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        arms = [road.say(PORT, T.COMMISSION, binding(carton), seq=1) for carton in CARTONS[:1]]
        road.device(PORT).prev = None
        arms.append(road.say(PORT, T.COMMISSION, binding(CARTONS[1]), seq=1))
    barrier = threading.Barrier(2)
    found: list[Result] = []

    def upload(arm: Statement) -> None:
        barrier.wait()
        with sessions.begin() as session:
            found.extend(custody.capture(session, road.env, [arm.to_json()]))

    uploads = [threading.Thread(target=upload, args=(arm,)) for arm in arms]
    for each in uploads:
        each.start()
    for each in uploads:
        each.join()
    assert statuses(found) == ["accepted", "accepted"]
    assert sorted("chain_fork" in result.marks for result in found) == [False, True]
