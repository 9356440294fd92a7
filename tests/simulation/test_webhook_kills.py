"""kill -9 of the service: what was committed and not told yet is told by the next one."""

import signal
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from coldtrace.db.supervisor import run_server
from coldtrace.events.statement_type import StatementType as T
from support.hook_receiver import is_signed_by, receiver
from support.house import unit_line
from support.live_house import LiveHouse, send
from support.service import running_service

BOXES = [f"(01)19521234543210(21)7QK4M2ZW{number:04}" for number in range(3)]
PATIENCE_S = 180
INSIDE = {"WEBHOOK_INSIDE_HOSTS": "127.0.0.1"}


def test_what_was_committed_is_told_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server(folder=tmp_path / "server", log=tmp_path / "server.log") as server, receiver() as came:
        admin = server.url_of("postgres").replace("+psycopg", "")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE coldtrace")
        monkeypatch.setenv("COLDTRACE_DATABASE_URL", server.url)
        house = LiveHouse(tmp_path / "data")
        log = house.found()
        with running_service(tmp_path / "data", demo_world=False, **INSIDE) as first:
            bearer = {"Authorization": f"Bearer {first.token}"}
            with httpx.Client(base_url=first.url, timeout=60) as client:
                device = house.enrol(client, first.token or "", log=log)
                asked = {
                    "name": "x",
                    "organisation": "91120116MA05TE5T1N",
                    "role": "first_station",
                    "url": came.url,
                    "events": ["voucher.received"],
                }
                answer = client.post("/api/v1/webhooks", json=asked, headers=bearer)
                assert answer.status_code == 201, answer.text
                secret = answer.json()["secret"]
                # The receiver takes what comes and never answers: the kill comes between commit and delivery.
                came.stalls.set()
                for box in BOXES:
                    assert send(client, device, [device.say(T.RECEIVE, [unit_line(box)])]).status_code == 202
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(60)
        came.stalls.clear()
        came.released.set()
        before = len(came.came)
        with running_service(tmp_path / "data", demo_world=False, **INSIDE):
            deadline = time.monotonic() + PATIENCE_S
            while len({each.headers["webhook-id"] for each in came.came[before:]}) < len(BOXES):
                assert time.monotonic() < deadline, "what was committed is not told"
                time.sleep(0.1)
    told = came.came[before:]
    assert all(is_signed_by(secret, each) for each in told)
    assert len({each.body for each in told}) == len(BOXES)
