"""kill -9 at random points of scanning and sending: nothing lost, nothing doubled, the chain dense.

`make test` does 20 rounds, `make soak` 200.  The seed is in the assertion message.
"""

import json
import random
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

from coldtrace import clock
from coldtrace.events.statement import read_statement
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

SEED = 20261123
CARTONS_A_ROUND = 12


def test_kill_at_random_points_loses_and_doubles_nothing(tmp_path: Path, scale: str) -> None:
    rounds = 200 if scale == "full" else 20
    chance = random.Random(SEED)
    world = World(now=clock.now())
    with ScannerServer(world) as server:
        device = Device(tmp_path / "state")
        assert device.run("enrol", server.invite()).status == 0
        assert device.run("sync").status == 0
        cartons: list[str] = []
        confirmed: set[str] = set()
        for _ in range(rounds):
            fresh = [world.carton() for _ in range(CARTONS_A_ROUND)]
            cartons += fresh
            # Whoever heard no beep scans again, so a round begins with what was never confirmed.
            open_ones = [text for text in cartons if text not in confirmed]
            confirmed |= _scan_and_kill(device, open_ones, chance)
            _sync_and_kill(device, server, chance)
        rest = [text for text in cartons if text not in confirmed]
        ran = _finish_scanning(device, rest)
        assert {each["result"] for each in ran} <= {"saved", "repeat"}, f"seed {SEED}"
        final = device.run("sync")
        assert (final.status, final.json["unsent"]) == (0, 0), f"seed {SEED}: {final.out}"
        _nothing_lost_or_doubled(device, server, cartons)
    print(f"counted: {rounds} kills of scan, {rounds} rounds of sync, {len(cartons)} scans, seed {SEED}")


def _scan_and_kill(device: Device, texts: list[str], chance: random.Random) -> set[str]:
    """Scan until killed at a random moment; return the texts whose answer came out."""
    process = device.start("scan", "--operation", "commission", "--lane", "1")
    # From the first answer on: a busy machine takes its time to start a program, and killing that proves nothing.
    timer = threading.Timer(chance.random() * 0.6, process.kill)
    confirmed: set[str] = set()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # The pile of a round that nobody closes with a pallet is left behind.
        for text in ["CT:NEXT", *texts]:
            process.stdin.write(text + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line.endswith("\n"):
                break
            if timer.ident is None:
                timer.start()
            answer = json.loads(line)
            assert answer["verdict"] == "command" or answer["result"] in ("saved", "repeat"), answer
            confirmed.add(text)
    except BrokenPipeError:
        pass
    finally:
        timer.cancel()
        process.kill()
        process.communicate()
    return confirmed


def _sync_and_kill(device: Device, server: ScannerServer, chance: random.Random) -> None:
    server.temper.lose_replies = chance.choice([0, 0, 1])
    before = len(server.requests)
    process = device.start("sync", "--batch", str(chance.choice([1, 5, 50])))
    while len(server.requests) == before and process.poll() is None:
        time.sleep(0.01)
    try:
        process.communicate(timeout=chance.random() * 0.8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    server.temper.lose_replies = 0


def _finish_scanning(device: Device, texts: list[str]) -> list[dict[str, object]]:
    process = device.start("scan", "--operation", "commission", "--lane", "1")
    # A busy machine leaves much to this last scan.
    # No pile is ever so high that it is full.
    lines = [line for at in range(0, len(texts), 500) for line in ("CT:NEXT", *texts[at : at + 500])]
    out, _ = process.communicate("\n".join(lines) + "\n", timeout=60 + len(texts))
    answers = [json.loads(line) for line in out.splitlines()]
    return [answer for answer in answers if answer["verdict"] != "command"]


def _nothing_lost_or_doubled(device: Device, server: ScannerServer, cartons: list[str]) -> None:
    units = Counter(server.units_of("commission"))
    assert len(units) == len(cartons), f"seed {SEED}: lost {len(cartons) - len(units)}"
    assert set(units.values()) == {1}, f"seed {SEED}: doubled"
    stored = sorted(server.stored.values(), key=lambda each: each.private.seq)
    assert [each.private.seq for each in stored] == list(range(1, len(cartons) + 1))
    prev = None
    for statement in stored:
        assert read_statement(statement.wire).header.prev == prev
        prev = statement.header_hash
    assert device.rows("SELECT state, COUNT(*) FROM statements GROUP BY state") == [("sent", len(cartons))]
    doctor = device.run("doctor").json
    checks = {each["name"]: each["result"] for each in doctor["checks"]}  # type: ignore[attr-defined]
    assert (checks["chain"], checks["queue"]) == ("passed", "passed")
