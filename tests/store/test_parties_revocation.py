"""Revoking a device, changing the public host: what the next trust list says."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from coldtrace.custody import service as custody
from coldtrace.env import Env
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties import trust
from coldtrace.parties.keys import read_root
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import DeviceNotFound, MalformedDistrict
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import open_trust_list
from support.house import Handheld, install, make_env, unit_line
from support.log_entries import grow

SSCC = "(00)395212340000000014"


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return make_env(tmp_path / "keys")


def newest(session: Session, env: Env) -> TrustList:
    row = parties_store.newest_trust_list(session)
    assert row is not None
    return open_trust_list(row.envelope, root=parse_root(read_root(env.keyring.folder)))


def test_a_revoked_device_is_refused_and_cut_where_the_log_stood(session: Session, engine: Engine, env: Env) -> None:
    sites = install(session, env)
    market = Handheld.enrol(session, env, sites[SiteRole.MARKET])
    before = custody.capture(session, env, [market.say(T.RECEIVE, [unit_line(SSCC)]).to_json()])[0]
    session.commit()
    with engine.begin() as connection:
        grow(connection, env)
    size = ledger.checkpoint(session, env.log).size
    seq = newest(session, env).seq
    key = key_id(market.signer.spki)
    assert parties.revoke_device(session, env, key) == size
    assert parties.revoke_device(session, env, key) == size
    listed = newest(session, env)
    cut = listed.cut_of(key)
    assert cut is not None
    assert (cut.origin, cut.size) == (env.origin, size)
    assert listed.seq == seq + 1
    after = custody.capture(session, env, [market.say(T.SHIP, [unit_line(SSCC)]).to_json()])[0]
    assert (before.status, after.status) == ("accepted", "refused")
    assert after.refusal is not None
    assert after.refusal.code == "device_revoked"


def test_what_waits_for_the_log_counts_as_said_before(session: Session, env: Env) -> None:
    sites = install(session, env)
    market = Handheld.enrol(session, env, sites[SiteRole.MARKET])
    custody.capture(session, env, [market.say(T.RECEIVE, [unit_line(SSCC)]).to_json()])
    waiting = ledger.waiting(session, env.log)
    assert waiting > 0
    assert (
        parties.revoke_device(session, env, key_id(market.signer.spki))
        == ledger.checkpoint(session, env.log).size + waiting
    )


def test_a_key_that_nobody_has_cannot_be_revoked(session: Session, env: Env) -> None:
    install(session, env)
    with pytest.raises(DeviceNotFound):
        parties.revoke_device(session, env, bytes(32))


def test_an_older_host_stays_on_the_list(session: Session, env: Env) -> None:
    install(session, env)
    moved = replace(env, public_host="codes.example.cn")
    trust.current(session, moved)
    assert newest(session, env).hosts == ("codes.example.cn", "trace.example.cn")
    seq = newest(session, env).seq
    trust.current(session, moved)
    assert newest(session, env).seq == seq


@pytest.mark.parametrize("district", ["", "12011", "1201160", "１２０１１６", "12011x"])
def test_a_district_has_six_digits(session: Session, env: Env, district: str) -> None:
    sites = install(session, env)
    operator = parties_store.operators(session)[0]
    with pytest.raises(MalformedDistrict):
        parties.register_site(
            session,
            env,
            parties.RegisterSite(
                gln=sites[SiteRole.MARKET].gln,
                operator=operator,
                name_zh="x",
                name_en="x",
                role=SiteRole.MARKET,
                district=district,
            ),
        )
