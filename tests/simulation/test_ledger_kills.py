"""kill -9 at random moments of a service under load, and of its database: the log loses nothing and only grows.

Devices behave as coldscan does: a statement is sent again and again, the same bytes, until a receipt is held.  What
has a receipt is forgotten by the device, so the log must have it.  Single statements of several devices share commits
(`db/group_commit.py`).  Some ends are clean stops.  `make test` ends something 6 times, `make soak` 50.
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import httpx

from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import Checkpoint, open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.vkey import Vkey
from support.house import Handheld, unit_line
from support.live_house import LiveHouse, send, send_alone
from support.service import Service, running_service

SEED = 20261128
DEVICES = 5
PATIENCE_S = 90
UNITS = [f"(01)19521234543210(21)7QK4M2ZX{number:04}" for number in range(1000)]
AWAY = (502, 503, 504)


@dataclass
class Load:
    """Devices that speak until told to stop; `held` are the leaf hashes of the receipts that they hold."""

    url: Callable[[], str]
    seed: int
    held: dict[UUID, bytes] = field(default_factory=dict)
    sent_again: int = 0
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, device: Handheld, number: int) -> None:
        """Speak as one device."""
        chance = random.Random(self.seed * 100 + number)
        try:
            while not self.stop.is_set():
                lines = [[unit_line(chance.choice(UNITS))] for _ in range(chance.choice([1, 1, 1, 5]))]
                self._deliver(device, [device.say(T.RECEIVE, each) for each in lines])
        except BaseException as error:
            self.failures.append(repr(error))
            raise

    def _deliver(self, device: Handheld, statements: list[Statement]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline, "nobody answers"
            try:
                with httpx.Client(base_url=self.url(), timeout=20) as client:
                    if len(statements) == 1:
                        answer = send_alone(client, device, statements[0])
                    else:
                        answer = send(client, device, statements)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code not in AWAY:
                break
            self.sent_again += 1
            time.sleep(0.05)
        assert answer.status_code in (httpx.codes.ACCEPTED, httpx.codes.OK), answer.text
        for result in answer.json()["results"]:
            receipt = json.loads(result["receipt"]["text"])
            self.held[UUID(result["id"])] = unb64(receipt["leaf_hash"])


@dataclass
class Killed:
    """The service of one data folder, started again after each kill at the same address."""

    house: LiveHouse
    stack: ExitStack
    service: Service | None = None
    port: str = "0"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        given = {"PORT": self.port, "SEQUENCER_TICK_MS": "20", "PUBLISH_EVERY_MS": "50", "PUBLIC_ENTRIES": "true"}
        given["ANONYMOUS_REQUESTS_PER_MINUTE"] = "1000000"
        self.service = self.stack.enter_context(running_service(self.house.data_dir, demo_world=False, **given))
        self.port = self.service.url.rpartition(":")[2]

    @property
    def url(self) -> str:
        """Where it listens, also while it is dead."""
        return f"http://127.0.0.1:{self.port}"

    def kill_service(self) -> None:
        """Kill the process with front end, sequencer and publisher, and start it again."""
        assert self.service is not None
        self.service.process.kill()
        self.service.process.wait()
        self.start()

    def stop_service(self) -> None:
        """Ask the process to end, as a system that goes down does, and start it again."""
        assert self.service is not None
        self.service.process.terminate()
        assert self.service.process.wait(60) == 0
        self.start()

    def kill_database(self) -> None:
        """Kill the postmaster; the service must bring it back by itself."""
        pid_file = self.house.data_dir / "postgres" / "postmaster.pid"
        before = pid_file.read_text().split()[0]
        os.kill(int(before), signal.SIGKILL)
        wait_until(lambda: self._is_back(pid_file, before), "the database does not come back")

    def _is_back(self, pid_file: Path, before: str) -> bool:
        words = pid_file.read_text().split() if pid_file.exists() else [before]
        return bool(words) and words[0] != before and httpx.get(f"{self.url}/readyz", timeout=20).status_code == 200


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def test_kills_at_random_moments_lose_nothing_and_the_tree_only_grows(tmp_path: Path, scale: str) -> None:
    kills, seed = (50, random.SystemRandom().randrange(10**9)) if scale == "full" else (6, SEED)
    print(f"seed {seed}")
    chance = random.Random(seed)
    house = LiveHouse(tmp_path / "data")
    vkey = house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack)
        killed.start()
        saved: list[str] = []
        with httpx.Client(base_url=killed.url, timeout=30) as client:
            assert killed.service is not None
            devices = [house.enrol(client, killed.service.token or "", log=vkey) for _ in range(DEVICES)]
        load = Load(lambda: killed.url, seed)
        threads = [
            threading.Thread(target=load.run, args=(device, number), daemon=True)
            for number, device in enumerate(devices)
        ]
        for thread in threads:
            thread.start()
        ends = [killed.kill_service, killed.kill_database, killed.stop_service]
        for number in range(kills):
            time.sleep(chance.uniform(0.2, 1.2))
            (ends[number] if number < len(ends) else chance.choice(ends))()
            saved.append(httpx.get(log_address(killed, vkey, "checkpoint"), timeout=30).raise_for_status().text)
            assert load.failures == [], f"seed {seed}"
        time.sleep(0.5)
        load.stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert load.failures == [], f"seed {seed}"
        assert load.sent_again > 0, "no kill met a request"
        print(f"{kills} kills, {len(load.held)} receipts, {load.sent_again} requests sent again")
        assert len(load.held) > kills

        def pending() -> int:
            return int(house.run("ledger", "list")[1]["logs"][0]["pending"])

        wait_until(lambda: pending() == 0, f"seed {seed}: the queue does not drain")
        status, told = house.run("ledger", "audit", "--vkey", vkey.text())
        assert (status, told["findings"]) == (0, []), f"seed {seed}"
        check_receipts(killed, vkey, load.held, seed)
        check_growth(killed, vkey, saved, seed)
        status, told = house.run("ledger", "audit", "--vkey", vkey.text(), "--url", log_address(killed, vkey, ""))
        assert (status, told["findings"]) == (0, []), f"seed {seed}"


def log_address(killed: Killed, vkey: Vkey, path: str) -> str:
    return f"{killed.url}/logs/{vkey.name.rpartition('/')[2]}/{path}".rstrip("/")


def check_receipts(killed: Killed, vkey: Vkey, held: dict[UUID, bytes], seed: int) -> None:
    """Every statement with a receipt is in the published tree, under the very leaf that the receipt names."""
    with httpx.Client(timeout=30) as client:
        for id, leaf in held.items():
            path = log_address(killed, vkey, f"statements/{id}/proof")
            wait_until(lambda path=path: client.get(path).status_code == 200, f"seed {seed}: {id} is lost")
            opened = verify_tlog_proof(client.get(path).text, leaf_hash=leaf, log=vkey)
            assert opened.checkpoint.size > 0


def check_growth(killed: Killed, vkey: Vkey, saved: list[str], seed: int) -> None:
    """Each checkpoint that was seen is a beginning of the next."""
    notes = [*saved, httpx.get(log_address(killed, vkey, "checkpoint"), timeout=30).text]
    heads: list[Checkpoint] = [open_checkpoint(note, log=vkey).checkpoint for note in notes]
    for old, new in pairwise(heads):
        assert old.size <= new.size, f"seed {seed}"
        query = {"old": old.size, "new": new.size}
        said = httpx.get(log_address(killed, vkey, "proof/consistency"), params=query, timeout=30).json()
        assert verify_consistency(
            old_size=old.size,
            new_size=new.size,
            old_root=old.root,
            new_root=new.root,
            path=[unb64(each) for each in said["path"]],
        ), f"seed {seed}"
    assert heads[-1].size > heads[0].size
