"""Two hosts on one database, each killed at the moment at which it holds the sequencer's lock: the other carries on.

Two real services with data folders of their own and the same keys.  Devices send each request to either, as behind a
load balancer, so that what one host took just before it died is sent again to the other.  `make test` kills each host
once, `make soak` 20 times in all.
"""

import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from coldtrace.db.engine import read_url
from coldtrace.env import FIRST_LOG
from coldtrace.ledger.store import SEQUENCER_LOCK
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.merkle import Frontier
from coldtrace.seal.tile_path import TILE_WIDTH, hash_tile_path
from coldtrace.seal.vkey import Vkey
from support.kills import PATIENCE_S, Killed, Load, wait_for, wait_until
from support.live_house import LiveHouse, make_hosts

SEED = 20261129
DEVICES = 4
HELD_S = 1.0
"""A lock of one transaction that outlives this while one host stands still is that host's."""

_HOLDER = """
SELECT l.pid, a.xact_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class Readers:
    """Strangers who keep every checkpoint that they see: those served and those in the published folders."""

    hosts: Sequence[Killed]
    vkey: Vkey
    seen: dict[str, list[str]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to stop."""
        with httpx.Client(timeout=5) as client:
            while not self.stop.wait(0.03):
                for number, host in enumerate(self.hosts):
                    with suppress(FileNotFoundError):
                        self._keep(f"folder {number}", (published(host, self.vkey) / "checkpoint").read_text())
                    with suppress(httpx.TransportError):
                        answer = client.get(host.log_address(self.vkey, "checkpoint"))
                        if answer.status_code == httpx.codes.OK:
                            self._keep(f"served {number}", answer.text)

    def _keep(self, where: str, note: str) -> None:
        notes = self.seen.setdefault(where, [])
        if not notes or notes[-1] != note:
            notes.append(note)


@pytest.fixture
def houses(tmp_path: Path, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[LiveHouse]:
    """Two data folders with the same keys, and nothing yet in the database that both are told of."""
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", empty_database_url)
    return make_hosts(tmp_path, "first host", "second host")


def test_the_host_with_the_lock_is_killed_and_the_other_carries_on(
    houses: list[LiveHouse], empty_database_url: str, scale: str, minutes: float
) -> None:
    kills, seed = (20, random.SystemRandom().randrange(10**9)) if scale == "full" else (2, SEED)
    print(f"seed {seed}")
    chance = random.Random(seed)
    database = read_url(empty_database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with ExitStack() as stack:
        hosts = [Killed(house, stack) for house in houses]
        with ThreadPoolExecutor(len(hosts)) as both:
            list(both.map(Killed.start, hosts))  # the first start of both, at the same moment
        vkey = houses[0].found()
        assert hosts[0].service is not None
        with httpx.Client(base_url=hosts[0].url, timeout=30) as client:
            devices = [houses[0].enrol(client, hosts[0].service.token or "", log=vkey) for _ in range(DEVICES)]
        readers = Readers(hosts, vkey)
        reading = threading.Thread(target=readers.run, daemon=True)
        reading.start()
        load = Load(lambda: chance.choice(hosts).url, seed)
        stack.callback(load.abandon)
        load.start(devices)
        over = time.monotonic() + minutes * 60
        done = 0
        while done < kills and time.monotonic() < over:
            victim, other = hosts[done % 2], hosts[(done + 1) % 2]
            time.sleep(chance.uniform(0.2, 1.0))
            was_holder = kill_when_it_holds_the_lock(victim, database, chance)
            size, held = size_of(published(other, vkey), vkey), len(load.held)
            grows = f"seed {seed}: the other host does not carry on"
            wait_until(lambda size=size, other=other: size_of(published(other, vkey), vkey) > size, grows)
            wait_until(lambda held=held: len(load.held) > held, grows)
            victim.start()
            done += was_holder
            assert load.failures == [], f"seed {seed}"
        time.sleep(0.5)
        load.finish()
        assert load.sent_again > 0, "no kill met a request"
        wait_until(lambda: is_all_published(hosts, vkey, database), f"seed {seed}: not everything is published by both")
        readers.stop.set()
        reading.join(PATIENCE_S)
        said = f"{len(load.held)} receipts, {load.sent_again} requests sent again, seed {seed}"
        print(f"counted: {done} of {kills} kills of the host that held the sequencer's lock, {said}")
        assert done > 0
        leaves = [check_folder(published(host, vkey), vkey, load, seed) for host in hosts]
        assert leaves[0] == leaves[1], f"seed {seed}"
        check_same_files(*(published(host, vkey) for host in hosts))
        check_seen(readers, vkey, leaves[0], seed)
        assert_no_entry_twice(database)
        for house, place in zip(houses, (published(hosts[0], vkey), hosts[1].log_address(vkey, "")), strict=True):
            assert [row["state"] for row in house.run("ledger", "list")[1]["logs"]] == ["open"], f"seed {seed}"
            status, told = house.run("custody", "rebuild", "--check")
            assert (status, told["examples"]) == (0, []), f"seed {seed}"
            status, told = house.run("ledger", "audit", "--vkey", vkey.text(), "--url", place)
            assert (status, told["findings"]) == (0, []), f"seed {seed}"
        for host in hosts:
            assert httpx.get(f"{host.url}/readyz", timeout=30).status_code == httpx.codes.OK, f"seed {seed}"


def kill_when_it_holds_the_lock(host: Killed, database: str, chance: random.Random) -> bool:
    """Kill a host that stands still with the sequencer's lock; return whether the lock really was its own.

    The host is stopped and looked at until it holds the lock of a transaction that does not end: then it is killed in
    the middle of a tick.  That the server's process for that transaction ends with it is the proof.
    """
    assert host.service is not None
    process = host.service.process
    with psycopg.connect(database, autocommit=True) as connection:

        def holder() -> tuple[Any, ...] | None:
            return connection.execute(_HOLDER, (SEQUENCER_LOCK, FIRST_LOG)).fetchone()

        def stopped_with_the_lock() -> tuple[Any, ...] | None:
            time.sleep(chance.uniform(0, 0.03))
            process.send_signal(signal.SIGSTOP)
            found, until = holder(), time.monotonic() + HELD_S
            while found is not None and time.monotonic() < until:
                time.sleep(0.02)
                found = found if holder() == found else None
            if found is None:
                process.send_signal(signal.SIGCONT)
            return found

        pid, _ = wait_for(stopped_with_the_lock, "the host never holds the lock")
        host.kill()
        ended = time.monotonic() + 10
        while time.monotonic() < ended:
            if connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() is None:
                return True
            time.sleep(0.02)
    return False


def published(host: Killed, vkey: Vkey) -> Path:
    return host.house.data_dir / "logs" / vkey.name.rpartition("/")[2]


def size_of(folder: Path, vkey: Vkey) -> int:
    """Return the size of the checkpoint that a folder publishes, 0 before the first."""
    try:
        return open_checkpoint((folder / "checkpoint").read_bytes(), log=vkey).checkpoint.size
    except FileNotFoundError:
        return 0


def is_all_published(hosts: Sequence[Killed], vkey: Vkey, database: str) -> bool:
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute(
            "SELECT tree_size, (SELECT count(*) FROM ledger_pending) FROM ledger_head WHERE log_id = %s", (FIRST_LOG,)
        ).fetchone()
    assert row is not None
    size, pending = row
    return pending == 0 and all(size_of(published(host, vkey), vkey) == size for host in hosts)


def check_folder(folder: Path, vkey: Vkey, load: Load, seed: int) -> list[bytes]:
    """A stranger finds each statement with a receipt once in the tree of the folder's tiles; return all leaf hashes."""
    head = open_checkpoint((folder / "checkpoint").read_bytes(), log=vkey).checkpoint
    paths = [hash_tile_path(0, at, size=head.size).text() for at in range(0, head.size, TILE_WIDTH)]
    data = b"".join((folder / path).read_bytes() for path in paths)
    leaves = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
    frontier = Frontier()
    frontier.extend(leaves)
    assert (frontier.size, frontier.root()) == (head.size, head.root), f"seed {seed}"
    assert len(set(leaves)) == len(leaves), f"seed {seed}: a leaf stands in the tree twice"
    missing = [str(id) for id, leaf in load.held.items() if leaf not in set(leaves)]
    assert missing == [], f"seed {seed}"
    assert len(set(load.held.values())) == len(load.held), f"seed {seed}"
    return leaves


def check_same_files(first: Path, second: Path) -> None:
    """What both folders publish is the same; of partial tiles each has those of the sizes at which it published."""
    files = [
        {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}
        for folder in (first, second)
    ]
    common = files[0].keys() & files[1].keys()
    assert [name for name in sorted(common) if files[0][name].read_bytes() != files[1][name].read_bytes()] == []
    assert "checkpoint" in common
    lonely = [name for name in files[0].keys() ^ files[1].keys() if ".p/" not in name]
    assert lonely == []


def check_seen(readers: Readers, vkey: Vkey, leaves: list[bytes], seed: int) -> None:
    """Every checkpoint seen anywhere is one of this one tree, and nowhere did a smaller one follow a greater."""
    assert sorted(readers.seen) == ["folder 0", "folder 1", "served 0", "served 1"]
    notes: dict[int, str] = {}
    roots: dict[int, bytes] = {}
    for where, seen in readers.seen.items():
        heads = [open_checkpoint(note, log=vkey).checkpoint for note in seen]
        assert [head.size for head in heads] == sorted(head.size for head in heads), f"seed {seed}: {where} went back"
        for head, note in zip(heads, seen, strict=True):
            assert notes.setdefault(head.size, note) == note, f"seed {seed}: two checkpoints of {head.size} leaves"
            roots[head.size] = head.root
    frontier = Frontier()
    for size in sorted(roots):
        frontier.extend(leaves[frontier.size : size])
        assert frontier.root() == roots[size], f"seed {seed}: another history of {size} leaves"
    assert len(roots) > 2


def assert_no_entry_twice(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        twice = connection.execute(
            "SELECT entry_id FROM ledger_leaf GROUP BY log_id, entry_id HAVING count(*) > 1"
        ).fetchall()
    assert twice == []
