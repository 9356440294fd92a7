"""More uploads than the service can keep up with: it says so at once, and loses nothing that it took."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.store import lock_devices
from coldtrace.seal.keys import key_id
from support.databases import Databases
from support.house import unit_line
from support.web_house import STATEMENTS, WebHouse, web_house

WAITING = 3


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application where few may wait."""
    with web_house(databases, tmp_path, capture_waiting_max=WAITING) as made:
        yield made


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.005)


def test_beyond_the_bound_an_upload_is_503_with_retry_after_and_the_others_are_kept(web: WebHouse) -> None:
    device = web.device(SiteRole.FIRST_STATION)
    said = [device.say(T.RECEIVE, [unit_line(f"(01)19521234543210(21)7QK4M2ZX{n:04}")]) for n in range(WAITING + 1)]

    def send(number: int) -> httpx.Response:
        return web.client.post(STATEMENTS, json=said[number].to_json(), headers=web.bearer)

    with ThreadPoolExecutor(WAITING) as pool:
        with web.sessions.begin() as session:
            assert lock_devices(session, [key_id(device.signer.spki)])
            waiting = [pool.submit(send, number) for number in range(WAITING)]
            until(lambda: web.app.state.captures.waiting == WAITING)
            refused = send(WAITING)
            assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
            assert web.client.get("/healthz").status_code == 200
        answers = [each.result(20) for each in waiting]
    assert [answer.status_code for answer in answers] == [202] * WAITING
    assert all(answer.json()["results"][0]["receipt"] for answer in answers)
    assert web.app.state.captures.waiting == 0
    assert send(WAITING).status_code == 202, "nothing of it was kept before"
