"""Devices under whose load a service is killed, and the service that is started again each time.

Devices behave as coldscan does: a statement is sent again and again, the same bytes, until a receipt is held.  What
has a receipt is forgotten by the device, so the log must have it.  They scan the same goods, late ones among them, so
that their transactions meet.
"""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from coldtrace.codes.check_digit import check_digit
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import Checkpoint, open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.vkey import Vkey
from support.house import Handheld, pack_lines, unit_line
from support.live_house import LiveHouse, send, send_alone
from support.service import DidNotStart, Service, running_service

PATIENCE_S = 90
CARTONS = [f"(01)19521234543210(21)7QK4M2ZY{number:04}" for number in range(40)]
PALLETS = [f"(00){body}{check_digit(body)}" for body in (f"1952123900000{number:04}" for number in range(8))]
UNITS = [f"(01)19521234543210(21)7QK4M2ZX{number:04}" for number in range(1000)]
BATCH = 100
AWAY = (502, 503, 504)
Found = TypeVar("Found")


@dataclass
class Load:
    """Devices that speak until told to stop.

    `held` are the leaf hashes of the receipts that they hold, `kept` whole receipts with what they were given for.
    """

    url: Callable[[], str]
    seed: int
    held: dict[UUID, bytes] = field(default_factory=dict)
    kept: dict[UUID, tuple[Statement, Any]] = field(default_factory=dict)
    sent_again: int = 0
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

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

    def abandon(self) -> None:
        """Let no device try on when the test has ended, so that a failure of this test does not fail the next one."""
        self.stop.set()
        self.abandoned.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)

    def run(self, device: Handheld, number: int) -> None:
        """Speak as one device."""
        chance = random.Random(self.seed * 100 + number)
        try:
            while not self.stop.is_set():
                said = [_something(device, chance) for _ in range(chance.choice([1, 1, 1, 5]))]
                self._deliver(device, said)
        except BaseException as error:
            self.failures.append(repr(error))
            raise

    def _deliver(self, device: Handheld, statements: list[Statement]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.abandoned.is_set():
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
                self._keep(statements, answer)
                return
            self.sent_again += 1
            time.sleep(0.05)

    def _keep(self, statements: list[Statement], answer: httpx.Response) -> None:
        assert answer.status_code in (httpx.codes.ACCEPTED, httpx.codes.OK), answer.text
        for statement, result in zip(statements, answer.json()["results"], strict=True):
            receipt = json.loads(result["receipt"]["text"])
            with self.lock:
                self.kept[UUID(result["id"])] = statement, result["receipt"]
                self.held[UUID(result["id"])] = unb64(receipt["leaf_hash"])

    def check_kept(self, device: Handheld, *, known: Collection[UUID] = ()) -> set[UUID]:
        """Send again what has a receipt, except the known: it is a repeat with the very same receipt.

        Return all that has a receipt.
        """
        # The devices go on: a list of a growing dictionary's items may fail where the collector of garbage runs.
        with self.lock:
            every = [(id, *kept) for id, kept in self.kept.items() if id not in known]
        with httpx.Client(base_url=self.url(), timeout=PATIENCE_S) as client:
            for at in range(0, len(every), BATCH):
                batch = every[at : at + BATCH]
                answer = send(client, device, [statement for _, statement, _ in batch])
                assert answer.status_code in (httpx.codes.ACCEPTED, httpx.codes.OK), answer.text
                for (id, _, receipt), result in zip(batch, answer.json()["results"], strict=True):
                    assert (result["status"], result["receipt"]) == ("repeat", receipt), f"seed {self.seed}: {id}"
        return {*known, *(id for id, _, _ in every)}


def _something(device: Handheld, chance: random.Random) -> Statement:
    """Say something of goods that nobody else scans at present, or of a few that all scan."""
    pallet, cartons = chance.choice(PALLETS), chance.sample(CARTONS, 2)
    match chance.randrange(8):
        case 0:
            return device.say(T.PACK, pack_lines(pallet, cartons))
        case 1:
            return device.say(T.UNPACK, pack_lines(pallet, cartons)[:1])
        case 2:
            return device.say(T.SHIP, [unit_line(pallet)], to=device.site.gln)
        case 3:
            return device.say(T.RECEIVE, [unit_line(each) for each in (pallet, *cartons)])
        case _:
            return device.say(T.RECEIVE, [unit_line(chance.choice(UNITS))])


@dataclass
class Killed:
    """The service of one data folder, started again after each kill at the same address.

    `postgres` is the folder of a server of its own, which somebody else starts again; without one it is the embedded
    server, which the service itself starts again.
    """

    house: LiveHouse
    stack: ExitStack
    service: Service | None = None
    port: str = "0"
    settings: dict[str, str] = field(default_factory=dict)
    postgres: Path | None = None

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

    def kill_postmaster(self) -> None:
        """Kill the postmaster alone; its children notice, and the service finds the new one by itself."""
        before = self._postmaster()
        os.kill(before, signal.SIGKILL)
        self._wait_until_back(before)

    def kill_database(self) -> None:
        """Kill every process of the database at once; the service finds the new one by itself."""
        before = self._postmaster()
        self._kill_postgres(before)
        self._wait_until_back(before)

    def kill_both(self) -> None:
        """Kill every process of the database and the service, as when the power goes, and start the service again."""
        before = self._postmaster()
        self._kill_postgres(before)
        self.kill()
        if self.postgres is None:
            self.start()
            return
        # A service that is started while there is no database ends, and systemd starts it again.
        wait_until(lambda: self._is_up(before), "the database does not come back")
        wait_until(self._starts, "the service does not start beside its database")

    def _starts(self) -> bool:
        try:
            self.start()
        except DidNotStart:
            return False
        return True

    @property
    def _pid_file(self) -> Path:
        return (self.postgres or self.house.data_dir / "postgres") / "postmaster.pid"

    def _postmaster(self) -> int:
        return int(self._pid_file.read_text().split()[0])

    @staticmethod
    def _kill_postgres(postmaster: int) -> None:
        # The children are not of its process group: each has one of its own.
        children = children_of(postmaster)
        for pid in (postmaster, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _wait_until_back(self, before: int) -> None:
        wait_until(
            lambda: self._is_up(before) and httpx.get(f"{self.url}/readyz", timeout=20).status_code == 200,
            "the database does not come back",
        )

    def _is_up(self, before: int) -> bool:
        lines = self._pid_file.read_text().splitlines() if self._pid_file.exists() else []
        return len(lines) >= 8 and int(lines[0]) != before and lines[7].strip() == "ready"


def children_of(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


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
