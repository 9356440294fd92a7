"""`coldtrace bench audit`: how many leaves a second the auditor checks, step by step, and what limits the dearest step.

A log of real statements by five devices, each about one carton, with the installation's own enrolments and trust
lists; kept in an embedded server of its own on a real disk.  The audits run as `coldtrace ledger audit` runs them.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from coldtrace import clock
from coldtrace.audit.service import Order, audit
from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.bench.rows import Goal, Row
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.migrate import upgrade
from coldtrace.db.supervisor import run_server
from coldtrace.env import FIRST_LOG, Env, Keyring, Log
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.header import statement_id
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.public_piece import Place
from coldtrace.events.statement import draft_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.unit_id import serial_unit
from coldtrace.events.units_piece import Line
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry
from coldtrace.ledger.sequencer import tick
from coldtrace.parties import service as parties
from coldtrace.parties.keys import make_keys, read_root
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import unb64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import Ed25519Signer, key_id
from coldtrace.seal.public_key import load_public_key
from coldtrace.seal.root_document import net_of
from coldtrace.seal.vkey import vkey_of

DISTRICT, GTIN = "120116", "09521234543213"
SITES = {
    "9521234000013": SiteRole.FIRST_STATION,
    "9521234000020": SiteRole.COLD_STORE,
    "9521234000037": SiteRole.DISTRIBUTOR,
    "9521234000044": SiteRole.MARKET,
    "9521234000051": SiteRole.RETAILER,
}
IN_A_CALL = 1000
TREE_GOAL = Goal(limit=40_000, better="high", of="value")


@dataclass(frozen=True)
class Scale:
    """`leaves` of statements in the log, `tail` of them for the audit that goes on, `rounds` of each figure."""

    leaves: int
    tail: int
    rounds: int


SMALL, FULL = Scale(leaves=40_000, tail=2_000, rounds=3), Scale(leaves=200_000, tail=10_000, rounds=3)


@dataclass(kw_only=True)
class _Device:
    gln: str
    signer: Ed25519Signer
    seq: int = 0
    prev: bytes | None = None


def bench_audit(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with _ground() as (url, engine, env):
        say(f"1/3 {scale.leaves:,} statements are made / 生成记录")
        devices = _devices(engine, env)
        _speak(engine, env, devices, scale.leaves)
        vkey = vkey_of(name=env.origin, spki=env.keyring.signer("log").spki)
        order = Order(database_url=url, vkey=vkey)
        say("2/3 audits of the whole / 全量审计")
        rows = _whole(order, scale)
        say("3/3 audits that go on / 增量审计")
        with tempfile.TemporaryDirectory() as name:
            saved = replace(order, saved_file=Path(name) / "auditor.json")
            _audit(saved)
            _speak(engine, env, devices, scale.tail)
            # Once: it is saved again when it is clean, and then there is nothing left to go on to.
            took_s = _took_s(replace(saved, since_saved=True))
        rows.append(Row(name=f"everything, the last {scale.tail:,} after a saved audit", value=took_s, unit="s"))
    return rows


def _whole(order: Order, scale: Scale) -> list[Row]:
    """Each step beside the whole with one process; rounds in turn."""
    kinds = {
        "tree, nodes, checkpoints, texts, chains": replace(order, signatures=False, pieces=False),
        "and the pieces": replace(order, signatures=False),
        "and the devices' signatures (no pieces)": replace(order, pieces=False),
        "everything": order,
        "everything, one process": replace(order, processes=1),
    }
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(scale.rounds):
        for name, each in kinds.items():
            taken[name].append(scale.leaves / _took_s(each))
    floor = _signatures_per_s()
    rows = []
    for name, figures in taken.items():
        goal = TREE_GOAL if name.startswith("tree") else None
        beside = floor if "signatures" in name else None
        rows.append(Row(name=name, value=statistics.median(figures), unit="leaves/s", floor=beside, goal=goal))
    rows.append(Row(name="Ed25519 checks alone, one thread (OpenSSL)", value=floor, unit="1/s"))
    return rows


def _took_s(order: Order) -> float:
    started = time.perf_counter()
    _audit(order)
    return time.perf_counter() - started


def _audit(order: Order) -> None:
    report = audit(order).report
    assert report.ok, report.findings[:3]


def _signatures_per_s() -> float:
    signer = Ed25519Signer.generate()
    key, data = load_public_key(signer.spki), bytes(500)
    signature = signer.sign(data)
    started, count = time.perf_counter(), 2000
    for _ in range(count):
        assert key.verify(signature, data)
    return count / (time.perf_counter() - started)


@contextmanager
def _ground() -> Iterator[tuple[str, Engine, Env]]:
    """Give a database with an installation in it: its address, an engine, its Env."""
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        with run_server(folder=folder / "postgres", log=folder / "postgres.log") as server:
            url = server.url_of(DATABASE)
            upgrade(url)
            make_keys(folder / "keys", development=True)
            env = Env(
                net=net_of(read_root(folder / "keys")),
                log=Log(id=FIRST_LOG, origin="trace.example.cn/logs/bench"),
                public_host="trace.example.cn",
                keyring=Keyring(folder / "keys"),
            )
            engine = make_engine(url)
            try:
                yield url, engine, env
            finally:
                engine.dispose()


def _devices(engine: Engine, env: Env) -> list[_Device]:
    """Install, register five sites and enrol a device at each."""
    made = []
    with make_sessions(engine).begin() as session:
        parties.install(session, env, root_text=read_root(env.keyring.folder), development=True)
        operator = parties.register_operator(
            session, env, uscc="91120116MA05TE5T1N", name_zh="远洋", name_en="Ocean", city_zh="天津", city_en="Tianjin"
        )
        for gln, role in SITES.items():
            site = parties.RegisterSite(
                gln=gln, operator=operator, name_zh="站", name_en="Site", role=role, district=DISTRICT
            )
            parties.register_site(session, env, site)
            invitation = parties.invite_device(session, env, gln=gln, url="http://127.0.0.1:8000")
            token, signer = read_invite(invitation.text).token, Ed25519Signer.generate()
            request, sig = make_request(net=env.net, token=token, signer=signer)
            parties.enrol_device(
                session, env, parties.Enrol(request=request, request_sig=sig, token=token, name=role.value)
            )
            made.append(_Device(gln=gln, signer=signer))
    return made


def _speak(engine: Engine, env: Env, devices: list[_Device], count: int) -> None:
    """Let the devices say `count` things in turn, and place everything in the log."""
    for first in range(0, count, IN_A_CALL):
        numbers = range(first, min(first + IN_A_CALL, count))
        entries = [_statement(env, devices[number % len(devices)], number) for number in numbers]
        with engine.begin() as connection:
            assert store.insert_entries(connection, env.log.id, entries)
        with engine.begin() as connection:
            tick(connection, env, env.log, now=env.clock())


def _statement(env: Env, device: _Device, number: int) -> Entry:
    """Return the next statement of a device, about one carton."""
    now = env.clock()
    device.seq += 1
    id = statement_id(now)
    draft = draft_statement(
        id=id,
        net=env.net,
        key=key_id(device.signer.spki),
        prev=device.prev,
        seen=None,
        type=StatementType.RECEIVE,
        date=(now + timedelta(hours=8)).date().isoformat(),
        place=Place(role=SITES[device.gln].value, district=DISTRICT),
        by="device",
        cold="unknown",
        facts=None,
        corrects=None,
        fields=[("at", clock.format_utc(now)), ("offset", "+08:00"), ("seq", device.seq), ("site", device.gln)],
        lines=[Line(role="unit", unit=serial_unit(gtin=GTIN, serial=f"B{number:09}"), parent=None, quantity=1)],
        random=clock.random_bytes,
    )
    device.prev = draft.header_hash
    said = sign_statement(draft, device.signer)
    leaf = leaf_bytes(LeafKind.CTE1, said.header, unb64(said.sig), now)
    pieces = {name: getattr(said, name).encode() for name in ("public", "private", "units")}
    return Entry(entry_id=id, leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now, pieces=pieces)
