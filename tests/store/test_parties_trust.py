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

from coldtrace.env import station_key
from coldtrace.events.leaf import trust_body
from coldtrace.parties import service as parties
from coldtrace.parties import store, trust
from coldtrace.parties.keys import read_root
from coldtrace.parties.model import SiteRole
from coldtrace.seal.keys import Ed25519Signer, kid
from coldtrace.seal.root_document import parse_root, write_root
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import TrustListRolledBack, UntrustedTrustList, WrongRootSigner, open_trust_list
from support.road import PORT, Road, make_road


def newest(road: Road) -> TrustList:
    """Return the newest list as a verifier with the pinned root opens it."""
    row = store.newest_trust_list(road.session)
    assert row is not None
    return open_trust_list(row.envelope, root=parse_root(read_root(road.env.keyring.folder)))


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
    code = found.keys_for(kid(road.env.keyring.signer(station_key(PORT)).spki), "code")
    assert [(key.stn, key.scope) for key in code] == [(PORT, ("01", "00", "414", "U"))]
    assert {key.use for key in found.keys} == {"code", "enrolment", "receipt"}
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
        first = road.env.keyring.signer(station_key("9521234000075")).spki
        savepoint.rollback()
    road.session.expire_all()
    register(road, "9521234000075", SiteRole.FIRST_STATION)
    row = store.code_key_of(road.session, "9521234000075")
    assert row is not None
    assert row.spki == first
    assert kid(first) in {key.kid for key in newest(road).keys}


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
