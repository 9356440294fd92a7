"""kill -9 of the process that keeps the logs, and of the service beside it: no receipt is lost, no process is left."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx

from coldtrace.db.supervisor import is_alive
from coldtrace.events.statement_type import StatementType as T
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.vkey import Vkey
from support.house import unit_line
from support.kills import UNITS, Killed, Load, check_receipts, wait_for, wait_until
from support.live_house import LiveHouse
from support.web_house import STATEMENTS

SEED = 20261130
DEVICES = 3
KILLS = 3


def test_the_keeper_is_killed_under_load_and_the_service_after_it(tmp_path: Path) -> None:
    house = LiveHouse(tmp_path / "data")
    vkey = house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack)
        killed.start()
        assert killed.service is not None
        with httpx.Client(base_url=killed.url, timeout=60) as client:
            devices = [house.enrol(client, killed.service.token or "", log=vkey) for _ in range(DEVICES)]
            load = Load(lambda: killed.url, SEED)
            load.start(devices)
            for _ in range(KILLS):
                keeper = wait_for(killed.keeper, "no keeper")
                wait_until(partial(_is_ready, client), "the keeper is not well")
                wait_until(_growth(killed, client, vkey), "the log does not grow")
                os.kill(keeper, signal.SIGKILL)
                wait_until(partial(_says_away, client), "nobody says that the keeper is gone")
                wait_until(partial(_is_another, killed, keeper), "the keeper does not come back")
                wait_until(_growth(killed, client, vkey), "the log does not go on")
            load.finish()
            # Who waits for a proof waits in the service for what the keeper publishes.
            said = devices[0].say(T.RECEIVE, [unit_line(UNITS[0])])
            answer = client.post(
                STATEMENTS,
                json=said.to_json(),
                headers={"Authorization": f"Bearer {killed.service.token}", "Prefer": "wait=10"},
            )
            assert (answer.status_code, "proof" in answer.json()) == (201, True), answer.text
        check_receipts(killed, vkey, load.held, SEED)

        keeper = wait_for(killed.keeper, "no keeper")
        os.kill(keeper, signal.SIGTERM)  # as a system does that stops all at once: the service says when
        time.sleep(1)
        assert killed.keeper() == keeper
        started = time.monotonic()
        killed.kill()
        wait_until(lambda: not is_alive(keeper), "the keeper outlives its service")
        print(f"the keeper was gone {time.monotonic() - started:.1f} s after its service was killed")

        killed.start()
        keeper = wait_for(killed.keeper, "no keeper")
        assert killed.service is not None
        killed.service.process.terminate()
        assert killed.service.process.wait(60) == 0
        assert not is_alive(keeper), "a clean stop leaves the keeper behind"


def _is_ready(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == httpx.codes.OK


def _says_away(client: httpx.Client) -> bool:
    answer = client.get("/readyz")
    alarms = [each["code"] for each in answer.json().get("alarms", ())]
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "log_keeper_away" in alarms


def _is_another(killed: Killed, gone: int) -> bool:
    return killed.keeper() not in (None, gone)


def _growth(killed: Killed, client: httpx.Client, vkey: Vkey) -> Callable[[], bool]:
    """Return what tells whether the published log has grown since now."""
    size = _size(killed, client, vkey)
    return lambda: _size(killed, client, vkey) > size


def _size(killed: Killed, client: httpx.Client, vkey: Vkey) -> int:
    note = client.get(killed.log_address(vkey, "checkpoint")).raise_for_status().text
    return open_checkpoint(note, log=vkey).checkpoint.size
