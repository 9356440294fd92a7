"""kill -9 at random moments of a service under load, and of its database: the log loses nothing and only grows.

Devices behave as coldscan does (`support/kills.py`).  Single statements of several devices share commits
(`db/group_commit.py`).  Between the kills are clean stops.  `make test` kills 5 times, `make soak` 50.
"""

import random
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx

from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.vkey import Vkey
from support.kills import Killed, Load, check_growth, wait_for, wait_until
from support.live_house import LiveHouse

SEED = 20261128
DEVICES = 5


def test_kills_at_random_moments_lose_nothing_and_the_tree_only_grows(
    tmp_path: Path, scale: str, minutes: float
) -> None:
    kills, seed = (50, random.SystemRandom().randrange(10**9)) if scale == "full" else (5, SEED)
    print(f"seed {seed}")
    chance = random.Random(seed)
    house = LiveHouse(tmp_path / "data")
    vkey = house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack)
        killed.start()
        saved: list[str] = []
        names: list[str] = []
        with httpx.Client(base_url=killed.url, timeout=30) as client:
            assert killed.service is not None
            devices = [house.enrol(client, killed.service.token or "", log=vkey) for _ in range(DEVICES)]
        load = Load(lambda: killed.url, seed)
        load.start(devices)
        ends = [killed.kill_service, killed.kill_database, killed.stop_service]
        over = time.monotonic() + minutes * 60
        done = 0
        while done < kills and time.monotonic() < over:
            time.sleep(chance.uniform(0.2, 1.2))
            end = ends[len(names)] if len(names) < len(ends) else chance.choice(ends)
            end()
            names.append(end.__name__)
            done += end is not ends[-1]
            saved.append(httpx.get(killed.log_address(vkey, "checkpoint"), timeout=30).raise_for_status().text)
            assert load.failures == [], f"seed {seed}"
        time.sleep(0.5)
        load.finish()
        assert load.sent_again > 0, "no kill met a request"
        told = ", ".join(f"{names.count(end.__name__)} {end.__name__}" for end in ends)
        said = f"{len(load.held)} receipts, {load.sent_again} requests sent again, seed {seed}"
        print(f"counted: {done} of {kills} kills ({told}), {said}")
        assert len(load.held) > len(names) >= 3

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
