"""More uploads than the service can keep up with: it says so at once, and loses nothing that it took."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from starlette.types import Scope

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.store import lock_devices
from coldtrace.seal.keys import key_id
from coldtrace.web.busy_answers import KEPT_MAX, BusyAnswers
from coldtrace.web.captures import LARGE_BYTES, Captures
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


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_a_scan_that_is_not_taken_in_is_told_the_same_as_one_that_was_looked_at(web: WebHouse, lang: str) -> None:
    """Short requests are answered before their body is read, others by the route: in the same words and headers."""
    captures = web.app.state.captures
    said = web.device(SiteRole.FIRST_STATION).say(T.RECEIVE, [unit_line("(01)19521234543210(21)7QK4M2ZX0001")])
    headers = web.bearer | {"Accept-Language": lang}
    captures.waiting += WAITING
    try:
        short = [web.client.post(STATEMENTS, json=said.to_json(), headers=headers) for _ in range(3)]
        long = web.client.post(STATEMENTS, content=b" " * (LARGE_BYTES + 1), headers=headers)
    finally:
        captures.waiting -= WAITING
    differing = {"x-request-id", "date"}
    for answer in short:
        assert (answer.status_code, answer.content) == (503, long.content)
        kept = [{name: one.headers[name] for name in one.headers if name not in differing} for one in (answer, long)]
        assert kept[0] == kept[1]
    assert len({answer.headers["x-request-id"] for answer in short}) == 3
    assert lang[:2] == short[0].headers["content-language"]
    # The same connection goes on: what was not read is not taken for the next request.
    assert web.client.post(STATEMENTS, json=said.to_json(), headers=headers).status_code == 202


def test_a_full_house_reads_no_body_that_is_short_and_leaves_streams_to_their_route() -> None:
    captures = SimpleNamespace(is_full=True)
    shut = BusyAnswers(cast(Captures, captures))

    def scope(*headers: tuple[bytes, bytes]) -> Scope:
        return {"type": "http", "method": "POST", "path": STATEMENTS, "query_string": b"", "headers": list(headers)}

    short = shut(scope((b"content-length", b"2400")))
    assert short is not None
    assert short.status_code == 503
    assert shut(scope((b"content-length", b"2400"))) is short
    for others in (
        [],
        [(b"content-length", str(LARGE_BYTES + 1).encode())],
        [(b"content-length", b"24"), (b"expect", b"100-continue")],
        [(b"content-length", b"24"), (b"content-type", b"application/x-NDJSON")],
    ):
        assert shut(scope(*others)) is None
    for number in range(KEPT_MAX + 5):
        assert shut(scope((b"content-length", b"1"), (b"cookie", b"x=%d" % number))) is not None
    assert len(shut._made) <= KEPT_MAX
    captures.is_full = False
    assert shut(scope((b"content-length", b"2400"))) is None
