"""Five handhelds upload at the same time, each in its own order: the record is the one of a quiet day.

Also while some of them correct what they said.
"""

import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import lot_checkpoints, rebuild
from coldtrace.custody import service as custody
from coldtrace.custody.corrections import settle_missed
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.seal.hashing import sha256
from coldtrace.web.database_trouble import attempts
from support.consignments import GTIN, LOT
from support.custody_story import Goods, random_story, record_of, sensible_story
from support.house import GLNS, Handheld
from support.road import CARTONS, CONTAINER, PALLETS, PORT, SHOP, STORE, Road, make_road
from support.ticking import START

GOODS = Goods(cartons=CARTONS, pallets=PALLETS, containers=[CONTAINER])
BEGIN = START + timedelta(hours=1)


def upload(sessions: sessionmaker[Session], road: Road, batch: list[Statement]) -> None:
    """Send a batch as the door does: a batch that met another one over the same goods is told again."""
    for _ in attempts(road.env, 20):
        try:
            with sessions.begin() as session:
                results = custody.capture(session, road.env, [statement.to_json() for statement in batch])
                assert {result.status for result in results} <= {"accepted", "blocked", "repeat"}
            return
        except OperationalError as error:
            if not isinstance(error.orig, DeadlockDetected):
                raise
    raise AssertionError("twenty deadlocks in a row")


@pytest.mark.parametrize("seed", [1, 2])
def test_uploads_at_the_same_time(sessions: sessionmaker[Session], tmp_path: Path, seed: int, scale: str) -> None:
    rng = random.Random(seed)
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        devices = [road.device(site.gln) for site in road.sites.values()]
    assert len(devices) == len(GLNS)
    said = sensible_story(devices, GOODS, start=BEGIN)
    said += random_story(rng, devices, GOODS, start=BEGIN + timedelta(minutes=30), length=60 if scale == "full" else 10)
    road.clock.next = START + timedelta(hours=5)
    with sessions() as session:
        custody.capture(session, road.env, [statement.to_json() for statement in said])
        expected = record_of(session)
        session.rollback()
    send_at_once(sessions, road, devices, rng)
    with sessions() as session:
        assert record_of(session) == expected, f"seed {seed}"


@pytest.mark.parametrize("seed", [3, 4])
def test_corrections_at_the_same_time(sessions: sessionmaker[Session], tmp_path: Path, seed: int, scale: str) -> None:
    """Every third statement is an error, which its own device says at any time."""
    rng = random.Random(seed)
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        devices = [road.device(site.gln) for site in road.sites.values()]
    said = random_story(rng, devices, GOODS, start=BEGIN, length=90 if scale == "full" else 24)
    road.clock.next = START + timedelta(hours=5)
    for device in devices:
        for false in rng.sample(device.sent, len(device.sent) // 3):
            naming = Corrects(header=sha256(false.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
            said.append(device.say(StatementType.CORRECT, [], at=road.clock.next, corrects=naming))
    with sessions() as session:
        custody.capture(session, road.env, [statement.to_json() for statement in said])
        expected = record_of(session)
        session.rollback()
    send_at_once(sessions, road, devices, rng)
    with sessions.begin() as session:
        settle_missed(session)
    with sessions() as session:
        found = record_of(session)
        assert rebuild.check(session).ok, f"seed {seed}"
    for name in ("units", "stays", "lines"):
        assert found[name] == expected[name], f"seed {seed}"


@pytest.mark.parametrize("seed", [5, 6])
def test_checkpoints_of_a_lot_of_which_two_speak_at_the_same_time(
    sessions: sessionmaker[Session], tmp_path: Path, seed: int, scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two devices say late and early things of the same lots, corrections among them: told as on a quiet day."""
    monkeypatch.setattr(lot_checkpoints, "_every", lambda unit: 3)
    rng = random.Random(seed)
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        devices = [road.device(PORT), road.device(STORE)]
        session.execute(text("UPDATE device SET operations = '{adopt,ship,receive,count,sell,transform,correct}'"))
    lots = [lot_unit(gtin="09521234543213", lot=name) for name in ("MINCE-7", "MINCE-8")]
    for number in range(150 if scale == "full" else 40):
        device, at = rng.choice(devices), BEGIN + timedelta(seconds=20 * (number // 2))
        used, made = rng.sample(lots, 2)
        match rng.choice([*"aaassrct"]):
            case "a":
                device.say(StatementType.ADOPT, [Line("unit", used, None, rng.randint(1, 9))], at=at)
            case "s":
                device.say(StatementType.SHIP, [Line("unit", used, None, 2)], at=at, to=STORE)
            case "r":
                device.say(StatementType.RECEIVE, [Line("unit", used, None, 3)], at=at)
            case "t":
                lines = [Line("input", used, None, 2), Line("output", made, None, 1)]
                device.say(StatementType.TRANSFORM, lines, at=at)
            case _ if device.sent:
                false = rng.choice(device.sent)
                naming = Corrects(header=sha256(false.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
                device.say(StatementType.CORRECT, [], at=at, corrects=naming)
    road.clock.next = START + timedelta(hours=5)
    send_at_once(sessions, road, devices, rng)
    with sessions.begin() as session:
        settle_missed(session)
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM lot_checkpoint")).scalar_one() > 2
        report = rebuild.check(session)
        assert report.ok, (seed, report.examples)


def test_nobody_ships_beside_a_stop_of_the_whole_lot(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """A scan that arrives while a lot is being recalled waits for the recall, and is judged by it."""
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        road.bind_all(opened := road.consignment(cartons=2))
        lot = Line(role="unit", unit=lot_unit(gtin=GTIN, lot=LOT), parent=None, quantity=0)
        recall = road.say(PORT, StatementType.RECALL, lot, more=[("reason", "laboratory")])
        ship = road.say(STORE, StatementType.SHIP, opened.carton.unit_id, to=SHOP)
        session.execute(text("UPDATE device SET operations = '{ship,recall}'"))
    marks: list[tuple[str, ...]] = []

    def scan() -> None:
        with sessions.begin() as session:
            marks.append(custody.capture(session, road.env, [ship.to_json()])[0].marks)

    worker = threading.Thread(target=scan)
    with sessions.begin() as session:
        assert custody.capture(session, road.env, [recall.to_json()])[0].marks == ()
        worker.start()
        worker.join(timeout=1)
        assert marks == [], "it waits"
    worker.join()
    assert marks == [("recalled",)]
    with sessions() as session:
        assert rebuild.check(session).ok


def send_at_once(sessions: sessionmaker[Session], road: Road, devices: Sequence[Handheld], rng: random.Random) -> None:
    """Let every device send all it said, in an order of its own and partly twice, while the others do."""
    shares: list[list[Statement]] = [rng.sample(device.sent, len(device.sent)) for device in devices]
    failed: list[Exception] = []

    def work(share: list[Statement]) -> None:
        try:
            while share:
                upload(sessions, road, share[:3])
                del share[: rng.randint(1, 3)]
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failed.append(error)

    workers = [threading.Thread(target=work, args=(share,)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
