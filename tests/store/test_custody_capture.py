"""Capturing statements into a real database: what is kept, what is refused, what is marked."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from coldtrace import clock
from coldtrace.custody import service as custody
from coldtrace.env import Env
from coldtrace.events.receipt import verify_receipt
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.ledger import service as ledger
from coldtrace.parties.model import Site, SiteRole
from coldtrace.seal.b64 import b64
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.keys import load_public_key
from support.house import GLNS, Handheld, install, make_env, pack_lines, unit_line
from support.log_entries import grow

SSCC = "(00)395212340000000014"
CARTONS = [f"(01)19521234543210(21)7QK4M2ZX9RT{n}" for n in "BCD"]


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return make_env(tmp_path / "keys")


@pytest.fixture
def sites(session: Session, env: Env) -> dict[SiteRole, Site]:
    return install(session, env)


def bound(carton: str) -> Line:
    return unit_line(carton, code=b64(bytes(32)))


def status(session: Session, unit: str) -> tuple[str, str | None, str | None]:
    row = session.execute(text("SELECT state, gln, to_gln FROM unit WHERE unit_id = :u"), {"u": unit}).one()
    return row.state, row.gln, row.to_gln


def test_a_box_travels_and_every_step_is_receipted_and_provable(
    session: Session, engine: Engine, env: Env, sites: dict[SiteRole, Site]
) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    market = Handheld.enrol(session, env, sites[SiteRole.MARKET])
    said = [port.say(T.COMMISSION, [bound(c)]) for c in CARTONS]
    said.append(port.say(T.PACK, pack_lines(SSCC, CARTONS)))
    said.append(port.say(T.SHIP, [unit_line(SSCC)], to=GLNS[SiteRole.MARKET]))
    said.append(market.say(T.RECEIVE, [unit_line(SSCC)]))
    said.append(market.say(T.UNPACK, pack_lines(SSCC, CARTONS[:1])[1:]))
    said.append(market.say(T.SELL, [unit_line(CARTONS[0])]))
    results = custody.capture(session, env, [s.to_json() for s in said])
    assert [r.status for r in results] == ["accepted"] * len(said)
    assert status(session, CARTONS[0]) == ("sold", GLNS[SiteRole.MARKET], None)
    assert status(session, SSCC) == ("active", GLNS[SiteRole.MARKET], None)
    receipt_key = load_public_key(env.keyring.signer("receipt").spki)
    for statement, result in zip(said, results, strict=True):
        header = json.loads(statement.header)
        verify_receipt(
            result.receipt, public_key=receipt_key, net=env.net, id=UUID(header["id"]), header=statement.header
        )
    session.commit()
    with engine.begin() as connection:
        assert grow(connection, env) > len(said)
    head = ledger.checkpoint(session, env.log)
    ids = [clock_id(s) for s in said]
    proofs = ledger.prove(session, env.log, ids, head)
    assert len(proofs) == len(said)
    for proof in proofs.values():
        assert verify_inclusion(
            leaf_hash=proof.leaf_hash, index=proof.index, size=head.size, path=proof.path, root=head.root
        )


def clock_id(statement: Statement) -> UUID:
    return UUID(json.loads(statement.header)["id"])


def test_a_repeat_gets_the_first_receipt_and_other_bytes_are_refused(
    session: Session, env: Env, sites: dict[SiteRole, Site]
) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    said = port.say(T.COMMISSION, [bound(CARTONS[0])])
    first, twin = custody.capture(session, env, [said.to_json(), said.to_json()])
    again = custody.capture(session, env, [said.to_json()])[0]
    assert (first.status, twin.status, again.status) == ("accepted", "repeat", "repeat")
    assert first.receipt == twin.receipt == again.receipt
    assert session.execute(text("SELECT count(*) FROM statement")).scalar_one() == 1


def test_a_late_out_scan_clears_the_gap_that_its_absence_had_caused(
    session: Session, env: Env, sites: dict[SiteRole, Site]
) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    store = Handheld.enrol(session, env, sites[SiteRole.COLD_STORE])
    start = env.clock()
    minute = timedelta(seconds=1)
    begun = port.say(T.COMMISSION, [bound(CARTONS[0])], at=start)
    shipped = port.say(T.SHIP, [unit_line(CARTONS[0])], at=start + minute, to=GLNS[SiteRole.COLD_STORE])
    received = store.say(T.RECEIVE, [unit_line(CARTONS[0])], at=start + 2 * minute)
    custody.capture(session, env, [begun.to_json()])
    early = custody.capture(session, env, [received.to_json()])[0]
    assert early.marks == ("gap",)
    late = custody.capture(session, env, [shipped.to_json()])[0]
    assert late.status == "accepted"
    assert status(session, CARTONS[0]) == ("active", GLNS[SiteRole.COLD_STORE], None)
    left = session.execute(text("SELECT marks FROM statement_line WHERE marks <> '{}'")).all()
    assert [row.marks for row in left] == [["not_issued"]]


def test_a_clock_years_off_is_kept_and_marked(session: Session, env: Env, sites: dict[SiteRole, Site]) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    for year in (2001, 2071):
        said = port.say(T.COMMISSION, [bound(CARTONS[0])], at=clock.now().replace(year=year, day=1))
        result = custody.capture(session, env, [said.to_json()])[0]
        assert result.status == "accepted"
        assert "clock_skew" in result.marks


def test_a_fork_logs_both_and_suspends_the_key(session: Session, env: Env, sites: dict[SiteRole, Site]) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    one = port.say(T.COMMISSION, [bound(CARTONS[0])])
    other = port.say(T.COMMISSION, [bound(CARTONS[1])], seq=1 + 1)
    clash = port.say(T.COMMISSION, [bound(CARTONS[2])], seq=2)
    results = custody.capture(session, env, [s.to_json() for s in (one, other, clash)])
    assert [r.status for r in results] == ["accepted"] * 3
    assert "chain_fork" in results[2].marks
    assert session.execute(text("SELECT state FROM device")).scalar_one() == "suspended"


def test_what_a_device_may_not_say_is_kept_but_moves_nothing(
    session: Session, env: Env, sites: dict[SiteRole, Site]
) -> None:
    shop = Handheld.enrol(session, env, sites[SiteRole.RETAILER])
    result = custody.capture(session, env, [shop.say(T.COMMISSION, [bound(CARTONS[0])]).to_json()])[0]
    assert (result.status, result.marks) == ("blocked", ("not_permitted",))
    assert status(session, CARTONS[0])[0] == "unknown"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"net": bytes(32)}, "other_network"),
        ({"site": "9521234000020"}, "certificate_mismatch"),
    ],
)
def test_what_no_honest_device_sends_is_refused(
    session: Session, env: Env, sites: dict[SiteRole, Site], change: dict[str, object], code: str
) -> None:
    port = Handheld.enrol(session, env, sites[SiteRole.FIRST_STATION])
    good = port.say(T.COMMISSION, [bound(CARTONS[0])])
    bad = port.say(T.COMMISSION, [bound(CARTONS[1])], **change)  # type: ignore[arg-type]
    results = custody.capture(session, env, [bad.to_json(), good.to_json()])
    assert [r.status for r in results] == ["refused", "accepted"]
    assert results[0].refusal is not None
    assert results[0].refusal.code == code
