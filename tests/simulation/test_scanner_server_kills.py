"""kill -9 at random moments of the service to which a real coldscan sends, and of the coldscan that sends.

What was confirmed at the gun is at the service once, in a chain without a hole: nothing lost, nothing doubled.
`make test` kills the service 20 times, `make soak` 200 times.
"""

import csv
import json
import random
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from support.kills import Killed
from support.live_house import GLN, LiveHouse
from support.scanner_device import Device

SEED = 20261129
SCANS_A_ROUND = 4


class Sender:
    """Syncs again and again, each a process of its own, as whoever starts `coldscan sync` from a timer does."""

    def __init__(self, device: Device, chance: random.Random) -> None:
        self._device, self._chance = device, chance
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.runs = 0
        self._thread.start()

    def kill(self) -> None:
        """Kill the sync that runs now, wherever it is."""
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """Let the last one end."""
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._process = self._device.start("sync", "--batch", self._chance.choice(["1", "3", "50"]))
            self._process.communicate()
            self.runs += 1


def test_a_service_that_is_killed_while_a_coldscan_sends(tmp_path: Path, scale: str, minutes: float) -> None:
    kills = 200 if scale == "full" else 20
    seed = random.SystemRandom().randrange(10**9) if scale == "full" else SEED
    print(f"seed {seed}")
    chance = random.Random(seed)
    house = LiveHouse(tmp_path / "data")
    house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack)
        killed.start()
        codes = labels_of(house, tmp_path, count=(kills + 1) * SCANS_A_ROUND)
        device = enrolled(killed, tmp_path)
        sender = Sender(device, random.Random(seed + 1))
        gun = device.start("scan", "--operation", "receive", "--lane", "1")
        over, done, ids = time.monotonic() + minutes * 60, 0, []
        while done < kills and time.monotonic() < over:
            ids += scan(gun, [codes.pop() for _ in range(SCANS_A_ROUND)])
            time.sleep(chance.uniform(0.0, 0.9))
            if chance.random() < 0.3:
                sender.kill()
            (killed.kill_both if chance.random() < 0.15 else killed.kill_service)()
            done += 1
        ids += scan(gun, [codes.pop() for _ in range(SCANS_A_ROUND)])
        gun.communicate()
        sender.end()
        final = device.run("sync")
        assert (final.status, final.json["unsent"], final.json["chain"]) == (0, 0, "ok"), f"seed {seed}: {final.out}"
        assert device.rows("SELECT id, state FROM statements ORDER BY seq") == [(id, "sent") for id in ids]
        check_service(killed, device, ids, seed)
        print(f"counted: {done} of {kills} kills of the service, {len(ids)} scans, {sender.runs} syncs, seed {seed}")


def labels_of(house: LiveHouse, folder: Path, *, count: int) -> list[str]:
    """Return signed codes of labels that were printed ahead."""
    status, roll = house.run("rolls", "new", "--count", count)
    assert status == 0, roll
    out = folder / "labels.csv"
    status, told = house.run("labels", "make", "--run", roll["roll"], "--format", "csv", "--out", out)
    assert status == 0, told
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    return [next(cell for cell in row if cell.lower().startswith("https://")) for row in rows[1:]]


def enrolled(killed: Killed, folder: Path) -> Device:
    """Return a device that is enrolled at the running service and has synced."""
    assert killed.service is not None
    bearer = {"Authorization": f"Bearer {killed.service.token}"}
    invite = httpx.post(f"{killed.url}/api/v1/devices/invites", json={"site": GLN}, headers=bearer).json()["invite"]
    device = Device(folder / "state")
    assert device.run("enrol", invite).status == 0
    assert device.run("sync").status == 0
    return device


def scan(gun: "subprocess.Popen[str]", codes: list[str]) -> list[str]:
    """Scan codes; return the ids of the statements, each confirmed."""
    assert gun.stdin is not None
    assert gun.stdout is not None
    ids = []
    for code in codes:
        gun.stdin.write(code + "\n")
        gun.stdin.flush()
        answer = json.loads(gun.stdout.readline())
        assert answer["queued"], answer
        ids.append(answer["statement_id"])
    return ids


def check_service(killed: Killed, device: Device, ids: list[str], seed: int) -> None:
    """The service has each number of the chain once, and under it the statement that was confirmed."""
    assert killed.service is not None
    bearer = {"Authorization": f"Bearer {killed.service.token}"}
    ((key,),) = device.rows("SELECT value FROM cache WHERE name = 'key'")
    with httpx.Client(base_url=killed.url, headers=bearer, timeout=60) as client:
        chain = client.get(f"/api/v1/devices/{key}/chain").json()
        assert (chain["last_seq"], chain["missing"], chain["forks"]) == (len(ids), [], []), f"seed {seed}"
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            page = client.get(f"/api/v1/devices/{key}/statements", params=after).json()
            found += [each["id"] for each in page["statements"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
    assert found == ids, f"seed {seed}"
    status, report = killed.house.run("custody", "rebuild", "--check")
    assert (status, report["statements"]) == (0, len(ids)), f"seed {seed}: {report}"
