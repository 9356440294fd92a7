"""Devices under whose load a service is killed, and the service that is started again each time.

Devices behave as coldscan does: a statement is sent again and again, the same bytes, until a receipt is held.  What
has a receipt is forgotten by the device, so the log must have it.
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import httpx

from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import Checkpoint, open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.vkey import Vkey
from support.house import Handheld, unit_line
from support.live_house import LiveHouse, send, send_alone
from support.service import Service, running_service

PATIENCE_S = 90
UNITS = [f"(01)19521234543210(21)7QK4M2ZX{number:04}" for number in range(1000)]
AWAY = (502, 503, 504)
Found = TypeVar("Found")


@dataclass
class Load:
    """Devices that speak until told to stop; `held` are the leaf hashes of the receipts that they hold."""

    url: Callable[[], str]
    seed: int
    held: dict[UUID, bytes] = field(default_factory=dict)
    sent_again: int = 0
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, devices: Sequence[Handheld]) -> None:
        """Let devices speak, each in a thread."""
        for number, device in enumerate(devices):
            self.threads.append(threading.Thread(target=self.run, args=(device, number), daemon=True))
            self.threads[-1].start()

    def finish(self) -> None:
        """Let each device deliver what it has said, and fail if one could not."""
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), f"seed {self.seed}: a device is still not done"
        assert self.failures == [], f"seed {self.seed}"

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
    settings: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start it and wait until it is ready."""
        given = {"PORT": self.port, "SEQUENCER_TICK_MS": "20", "PUBLISH_EVERY_MS": "50", "PUBLIC_ENTRIES": "true"}
        given["ANONYMOUS_REQUESTS_PER_MINUTE"] = "1000000"
        given |= self.settings
        self.service = self.stack.enter_context(running_service(self.house.data_dir, demo_world=False, **given))
        self.port = self.service.url.rpartition(":")[2]

    @property
    def url(self) -> str:
        """Where it listens, also while it is dead."""
        return f"http://127.0.0.1:{self.port}"

    def log_address(self, vkey: Vkey, path: str) -> str:
        """Where something of the log is served."""
        return f"{self.url}/logs/{vkey.name.rpartition('/')[2]}/{path}".rstrip("/")

    def kill(self) -> None:
        """Kill the process with front end, sequencer and publisher."""
        assert self.service is not None
        self.service.process.kill()
        self.service.process.wait()

    def kill_service(self) -> None:
        """Kill the process and start it again."""
        self.kill()
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
    """Wait until something is so, and fail with the words when it does not become so."""
    wait_for(lambda: condition() or None, otherwise)


def wait_for(look: Callable[[], Found | None], otherwise: str) -> Found:
    """Look until something is found and return it, and fail with the words when nothing is."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
    return found


def check_growth(address: str, vkey: Vkey, notes: Sequence[str], otherwise: str) -> None:
    """Each checkpoint is a beginning of the next, as the log at this address proves."""
    heads: list[Checkpoint] = [open_checkpoint(note, log=vkey).checkpoint for note in notes]
    with httpx.Client(timeout=30) as client:
        for old, new in pairwise(heads):
            assert old.size <= new.size, otherwise
            query = {"old": old.size, "new": new.size}
            said = client.get(f"{address}/proof/consistency", params=query).json()
            assert verify_consistency(
                old_size=old.size,
                new_size=new.size,
                old_root=old.root,
                new_root=new.root,
                path=[unb64(each) for each in said["path"]],
            ), otherwise
    assert heads[-1].size > heads[0].size, otherwise
