"""The trust list: numbers rise, the root signs, readers find the keys they need."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.events.leaf import trust_body
from coldtrace.ledger import service as ledger
from coldtrace.parties import service as parties
from coldtrace.parties import store, trust
from coldtrace.parties.keys import make_log_key, name_station_keys, read_root
from coldtrace.parties.model import CodeKey, SiteRole
from coldtrace.parties.refusals import NoCodeKey
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.root_document import parse_root, write_root
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import TrustListRolledBack, UntrustedTrustList, WrongRootSigner, open_trust_list
from coldtrace.seal.witness_policy import KnownWitness, k_of_n, parse_witness_policy
from support.road import PORT, Road, make_road


def newest(road: Road) -> TrustList:
    """Return the newest list as a verifier with the pinned root opens it."""
    row = store.newest_trust_list(road.session)
    assert row is not None
    return open_trust_list(row.envelope, root=parse_root(read_root(road.env.keyring.folder)))


def code_key(road: Road, gln: str) -> CodeKey:
    return trust.code_key(road.session, road.env, gln, road.clock())


def register(road: Road, gln: str, role: SiteRole) -> None:
    parties.register_site(
        road.session,
        road.env,
        parties.RegisterSite(
            gln=gln,
            operator=store.operators(road.session)[0],
            name_zh="新站",
            name_en="New",
            role=role,
            district="120116",
        ),
    )


def test_the_list_names_stations_keys_hosts_and_the_log(road: Road) -> None:
    found = newest(road)
    assert (found.net, found.hosts) == (road.env.net, ("trace.example.cn",))
    assert [(station.gln, station.status) for station in found.stations] == [(PORT, "active")]
    code = found.keys_for(code_key(road, PORT).kid, "code")
    assert [(key.stn, key.scope) for key in code] == [(PORT, ("01", "00", "414", "U"))]
    assert {key.use for key in found.keys} == {"code", "enrolment", "receipt", "status"}
    log = found.log(road.env.origin)
    assert log is not None
    assert log.vkey.spki == road.env.keyring.signer("log").spki


def test_numbers_rise_with_every_station_and_with_time(road: Road) -> None:
    first = newest(road).seq
    register(road, "9521234000068", SiteRole.RETAILER)
    assert newest(road).seq == first
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    assert newest(road).seq == first + 1
    assert len(newest(road).stations) == 2
    road.clock.forward(timedelta(days=3))
    trust.current(road.session, road.env)
    assert newest(road).seq == first + 1
    road.clock.forward(timedelta(days=1))
    trust.current(road.session, road.env)
    trust.current(road.session, road.env)
    assert newest(road).seq == first + 2
    assert not newest(road).is_stale(road.clock.next + timedelta(days=6))
    assert newest(road).is_stale(road.clock.next + timedelta(days=8))
    assert [row[0] for row in road.session.execute(text("SELECT seq FROM trust_list ORDER BY seq"))] == list(
        range(1, first + 3)
    )


def test_an_older_list_is_told_from_a_newer_one(road: Road) -> None:
    old = store.newest_trust_list(road.session)
    assert old is not None
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    root = parse_root(read_root(road.env.keyring.folder))
    with pytest.raises(TrustListRolledBack):
        open_trust_list(old.envelope, root=root, lowest_seq=newest(road).seq)


def test_another_root_does_not_verify_it(road: Road) -> None:
    row = store.newest_trust_list(road.session)
    assert row is not None
    stranger = write_root(roots={"r1": Ed25519Signer.generate().spki}, threshold=1)
    with pytest.raises(UntrustedTrustList):
        open_trust_list(row.envelope, root=stranger)


def test_every_list_is_a_leaf(road: Road) -> None:
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    leaves = [json.loads(bytes(row[0])) for row in road.session.execute(text("SELECT leaf FROM ledger_entry"))]
    bodies = {leaf["body"] for leaf in leaves if leaf["kind"] == "trust"}
    lists = road.session.execute(text("SELECT seq, envelope FROM trust_list")).all()
    assert bodies == {trust_body(list_text=json.loads(row.envelope)["list"], seq=row.seq) for row in lists}


def test_a_swapped_root_key_signs_nothing(road: Road) -> None:
    """The signer is held against the root document before anybody gets a list that nobody can verify."""
    forged = replace(road.env, keyring=type(road.env.keyring)(road.env.keyring.folder))
    forged.keyring._signers["root"] = Ed25519Signer.generate()
    with pytest.raises(WrongRootSigner):
        trust.publish(road.session, forged)


def test_a_station_keeps_its_key_when_its_registration_is_tried_again(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        register(road, "9521234000075", SiteRole.FIRST_STATION)
        first = code_key(road, "9521234000075").kid
        savepoint.rollback()
    road.session.expire_all()
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    assert [row.kid for row in store.code_keys_of(road.session, "9521234000075")] == [first]
    assert first in {key.kid for key in newest(road).keys}
    assert [path.stem for path in road.env.keyring.folder.glob("station-9521234000075-*")] == [
        f"station-9521234000075-{first}"
    ]


@pytest.mark.parametrize(("days", "prints"), [(-2, False), (0, True), (37, True), (38, False)])
def test_a_key_prints_in_its_window_only(road: Road, days: int, prints: bool) -> None:
    made = code_key(road, PORT)
    assert (made.alg, made.scope, made.company_prefixes) == ("Ed25519", ("01", "00", "414", "U"), (PORT[:7],))
    now = road.clock.next + timedelta(days=days)
    if prints:
        assert trust.code_key(road.session, road.env, PORT, now) == made
        return
    with pytest.raises(NoCodeKey) as refusal:
        trust.code_key(road.session, road.env, PORT, now)
    assert f"coldtrace keys rotate --site {PORT}" in refusal.value.say("zh")


@pytest.mark.parametrize("state", ["retired", "revoked"])
def test_a_retired_or_revoked_key_prints_nothing(road: Road, state: str) -> None:
    road.session.execute(text("UPDATE signing_key SET state = :state WHERE use = 'code'"), {"state": state})
    with pytest.raises(NoCodeKey):
        code_key(road, PORT)
    trust.publish(road.session, road.env)
    assert [key.st for key in newest(road).keys if key.use == "code"] == [trust.LISTED_STATE[state]]


def test_a_consignment_is_not_opened_without_a_key_that_may_print(road: Road) -> None:
    road.clock.forward(timedelta(days=38))
    with pytest.raises(NoCodeKey):
        road.consignment()


def test_a_key_file_named_after_the_station_alone_gets_its_kid(road: Road) -> None:
    folder, made = road.env.keyring.folder, code_key(road, PORT)
    (folder / f"station-{PORT}-{made.kid}.pem").rename(folder / f"station-{PORT}.pem")
    name_station_keys(folder, None)
    name_station_keys(folder, None)
    again = replace(road.env, keyring=type(road.env.keyring)(folder))
    assert trust.code_key(road.session, again, PORT, road.clock()).signer.spki == made.signer.spki


def test_two_publishers_at_once_never_use_one_number(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        before = newest(road).seq
    road.clock.forward(timedelta(days=5))
    barrier = threading.Barrier(4)
    failed: list[Exception] = []

    def renew() -> None:
        barrier.wait()
        try:
            with sessions.begin() as session:
                trust.current(session, road.env)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failed.append(error)

    renewals = [threading.Thread(target=renew) for _ in range(4)]
    for each in renewals:
        each.start()
    for each in renewals:
        each.join()
    assert failed == []
    with sessions() as session:
        assert session.execute(text("SELECT max(seq) FROM trust_list")).scalar_one() == before + 1


def witnesses_of(road: Road) -> list[tuple[tuple[str, ...], int]]:
    """Return the witnesses of each log on the newest list, and how many are enough."""
    return [(tuple(key.name for key in log.witnesses), log.quorum) for log in newest(road).logs]


def test_only_an_explicit_setting_changes_the_witnesses_of_the_list(road: Road) -> None:
    """A command without COLDTRACE_WITNESSES, such as a key rotated from a shell, must not take them off the list."""
    known = [
        KnownWitness(vkey=witness_vkey(name=f"witness.example/{name}", spki=Ed25519Signer.generate().spki))
        for name in ("one", "two")
    ]
    assert witnesses_of(road) == [((), 0)]
    trust.publish(road.session, replace(road.env, policy=k_of_n(1, known)))
    assert road.env.policy is None
    listed = [(("witness.example/one", "witness.example/two"), 1)]
    for _ in range(2):
        trust.publish(road.session, road.env)
        assert witnesses_of(road) == listed
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    assert witnesses_of(road) == listed
    make_log_key(road.env, "north")
    ledger.open_named_log(road.session, road.env, origin="trace.example.cn/logs/north")
    trust.publish(road.session, road.env)
    assert witnesses_of(road) == listed * 2, "a new log takes over those of the log before it"
    trust.publish(road.session, replace(road.env, policy=parse_witness_policy("quorum none\n")))
    assert witnesses_of(road) == [((), 0)] * 2
