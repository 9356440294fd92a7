"""kill -9 at random moments of a service under load, of its database, and of both: every receipt is honoured.

Devices behave as coldscan does (`support/kills.py`).  Single statements of several devices share commits
(`web/joined.py`).  Between the kills are clean stops.  `make test` kills the service with its embedded database 5 times
and one with a server of its own, as in production, 5 times; `make soak` 50 times each.  Fewer is a failure, also where
`--minutes` were too few for them.

A service whose database is killed goes on by itself when the database is back, and answers 503 until then.  One that is
started while there is no database ends, and whoever started it (systemd, `Restart=on-failure`) starts it again.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from coldtrace.db.supervisor import run_server
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.vkey import Vkey
from support.house import Handheld
from support.kills import Killed, Load, check_growth, wait_for, wait_until
from support.live_house import LiveHouse

SEED = 20261128
DEVICES = 5


@pytest.fixture
def own_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A database server beside the service, which is started again when it dies."""
    folder = tmp_path / "server"
    with run_server(folder=folder, log=tmp_path / "server.log") as server:
        with psycopg.connect(server.url_of("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE DATABASE coldtrace")
        monkeypatch.setenv("COLDTRACE_DATABASE_URL", server.url)
        yield folder


def test_kills_of_a_service_with_its_embedded_database(tmp_path: Path, scale: str, minutes: float) -> None:
    kill_and_check(tmp_path, kills=50 if scale == "full" else 5, scale=scale, minutes=minutes)


def test_kills_of_a_service_with_a_server_of_its_own(
    tmp_path: Path, own_server: Path, scale: str, minutes: float
) -> None:
    kill_and_check(tmp_path, kills=50 if scale == "full" else 5, scale=scale, minutes=minutes, postgres=own_server)


def kill_and_check(tmp_path: Path, *, kills: int, scale: str, minutes: float, postgres: Path | None = None) -> None:
    """Kill at random moments; nothing that was acknowledged is lost, and the tree only grows."""
    seed = random.SystemRandom().randrange(10**9) if scale == "full" else SEED
    print(f"seed {seed}")
    chance = random.Random(seed)
    house = LiveHouse(tmp_path / "data")
    vkey = house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack, postgres=postgres)
        killed.start()
        saved: list[str] = []
        names: list[str] = []
        known: set[UUID] = set()
        with httpx.Client(base_url=killed.url, timeout=30) as client:
            assert killed.service is not None
            devices = [house.enrol(client, killed.service.token or "", log=vkey) for _ in range(DEVICES)]
        load = Load(lambda: killed.url, seed)
        stack.callback(load.abandon)
        load.start(devices)
        ends = [
            killed.kill_service,
            killed.kill_database,
            killed.kill_both,
            killed.kill_postmaster,
            killed.stop_service,
        ]
        over = time.monotonic() + minutes * 60
        done = 0
        while done < kills and time.monotonic() < over:
            time.sleep(chance.uniform(0.2, 1.2))
            end = ends[len(names)] if len(names) < len(ends) else chance.choice(ends)
            end()
            names.append(end.__name__)
            done += end is not ends[-1]
            known = load.check_kept(devices[0], known=known)
            saved.append(httpx.get(killed.log_address(vkey, "checkpoint"), timeout=30).raise_for_status().text)
            assert load.failures == [], f"seed {seed}"
        time.sleep(0.5)
        load.finish()
        assert load.sent_again > 0, "no kill met a request"
        told = ", ".join(f"{names.count(end.__name__)} {end.__name__}" for end in ends)
        said = f"{len(load.held)} receipts, {load.sent_again} requests sent again, seed {seed}"
        print(f"counted: {done} of {kills} kills ({told}), {said}")
        assert done == kills, f"{done} of {kills} kills, seed {seed}"
        assert len(load.held) > len(names)
        assert len(load.check_kept(devices[0])) == len(load.held)
        check_chains(killed, devices, seed)

        def pending() -> int:
            return int(house.run("ledger", "list")[1]["logs"][0]["pending"])

        wait_until(lambda: pending() == 0, f"seed {seed}: the queue does not drain")
        status, found = house.run("ledger", "audit", "--vkey", vkey.text())
        assert (status, found["findings"]) == (0, []), f"seed {seed}"
        status, found = house.run("custody", "rebuild", "--check")
        assert (status, found["examples"]) == (0, []), f"seed {seed}"
        assert found["statements"] >= len(load.held), f"seed {seed}"
        check_receipts(killed, vkey, load.held, seed)
        newest = httpx.get(killed.log_address(vkey, "checkpoint"), timeout=30).raise_for_status().text
        check_growth(killed.log_address(vkey, ""), vkey, [*saved, newest], f"seed {seed}")
        status, found = house.run("ledger", "audit", "--vkey", vkey.text(), "--url", killed.log_address(vkey, ""))
        assert (status, found["findings"]) == (0, []), f"seed {seed}"


def check_chains(killed: Killed, devices: Sequence[Handheld], seed: int) -> None:
    """Each device has got a receipt for all that it said: its chain reaches to the end and has no hole."""
    assert killed.service is not None
    token = {"Authorization": f"Bearer {killed.service.token}"}
    for device in devices:
        key = b64(key_id(device.signer.spki))
        found = httpx.get(f"{killed.url}/api/v1/devices/{key}/chain", headers=token, timeout=30).json()
        assert (found["last_seq"], found["missing"], found["forks"]) == (device.seq, [], []), f"seed {seed}"


def check_receipts(killed: Killed, vkey: Vkey, held: dict[UUID, bytes], seed: int) -> None:
    """Every statement with a receipt is in the published tree, under the very leaf that the receipt names."""
    with httpx.Client(timeout=30) as client:
        for id, leaf in held.items():
            proof = wait_for(
                partial(_proof, client, killed.log_address(vkey, f"statements/{id}/proof")), f"{id} is lost"
            )
            opened = verify_tlog_proof(proof, leaf_hash=leaf, log=vkey)
            assert opened.checkpoint.size > 0, f"seed {seed}"


def _proof(client: httpx.Client, path: str) -> str | None:
    answer = client.get(path)
    return answer.text if answer.status_code == 200 else None
