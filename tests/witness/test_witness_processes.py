"""Witnesses as processes: the protocol over HTTP, killed and started again."""

import random
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from coldtrace.seal.add_checkpoint import SIZE_TYPE, monitor_path
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.cosignature import open_cosignatures
from support.sample_log import ORIGIN, SampleLog
from support.witness_process import WitnessProcess, witness_command

FORK_AT = 5
FORK = SampleLog(fork_at=FORK_AT)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=20) as made:
        yield made


def post(client: httpx.Client, witness: WitnessProcess, body: bytes) -> httpx.Response:
    return client.post(f"{witness.url}/add-checkpoint", content=body)


def test_the_protocol_as_it_is_written(witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client) -> None:
    one = witnesses[0]
    monitor = f"{one.url}/{monitor_path(ORIGIN)}"
    assert client.get(monitor).status_code == 404
    assert client.get(f"{one.url}/").text == f"{one.vkey.text()}\n"
    answer = post(client, one, log.request(0, 5))
    assert answer.status_code == 200
    assert open_checkpoint(log.note(5) + answer.text, log=log.vkey, witnesses=[one.vkey]).cosignatures
    assert client.get(monitor).text == log.note(5) + answer.text
    statuses = {
        "unknown": post(client, one, SampleLog(origin="o.example/l").request(0, 1)).status_code,
        "other key": post(client, one, SampleLog(key="thief").request(0, 1)).status_code,
        "backwards": post(client, one, log.request(9, 5)).status_code,
        "unproved": post(client, one, log.request(5, 9, proof=[bytes(32)])).status_code,
        "garbage": post(client, one, b"\xff\x00").status_code,
        "get": client.get(f"{one.url}/add-checkpoint").status_code,
        "elsewhere": client.get(f"{one.url}/add-checkpoint/").status_code,
        "post to a monitor's path": client.post(monitor).status_code,
    }
    assert statuses == {
        "unknown": 404, "other key": 403, "backwards": 400, "unproved": 422, "garbage": 400, "get": 405,
        "elsewhere": 404, "post to a monitor's path": 405,
    }  # fmt: skip
    for body in (log.request(0, 7), FORK.request(5, 5)[:0] + log.request(3, 7)):
        conflict = post(client, one, body)
        assert (conflict.status_code, conflict.headers["content-type"], conflict.text) == (409, SIZE_TYPE, "5\n")


def test_a_body_without_end_is_cut_off(witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client) -> None:
    one = witnesses[0]
    assert post(client, one, b"old 0\n" + bytes(70_000)).status_code == 413
    assert post(client, one, log.request(0, 5)).status_code == 200


def test_a_caller_who_leaves_does_no_harm(
    witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client
) -> None:
    one = witnesses[0]
    address = urlsplit(one.url)
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port)) as line:
            line.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 5000\r\n\r\nold 0\n")
    assert post(client, one, log.request(0, 5)).status_code == 200


def test_each_witness_has_its_own_word(witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client) -> None:
    lines = [post(client, each, log.request(0, 5)).text for each in witnesses]
    opened = open_checkpoint(log.note(5) + "".join(lines), log=log.vkey, witnesses=[each.vkey for each in witnesses])
    assert {each.witness for each in opened.cosignatures} == {each.vkey for each in witnesses}


def test_after_a_kill_it_signs_no_older_and_no_other_head(
    witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client
) -> None:
    """Killed at random moments under load, it has kept whatever anybody got a signature for."""
    one, chance = witnesses[0], random.Random(4)
    signed: list[tuple[int, int]] = [(0, 0)]
    size = 0
    for enough in (2, 6, 7, 15, 30):
        done = threading.Event()

        def load(start: int, done: threading.Event = done) -> None:
            at = start
            with httpx.Client(timeout=20) as mine:
                while not done.is_set():
                    try:
                        answer = post(mine, one, log.request(at, at + 1))
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 409:
                        at = int(answer.text)
                        continue
                    assert answer.status_code == 200, answer.text
                    at += 1
                    at_s = open_cosignatures(log.note(at) + answer.text, [one.vkey])[1][0].at_s
                    signed.append((at, at_s))

        worker = threading.Thread(target=load, args=(size,))
        worker.start()
        while len(signed) < enough and worker.is_alive():
            done.wait(chance.uniform(0.001, 0.05))
        one.kill()
        done.set()
        worker.join()
        one.start()
        size = int(post(client, one, log.request(0, 600)).text)
        newest, latest_s = max(signed)
        assert size in (newest, newest + 1), "what it answered for is kept; one more may have been kept unanswered"
        if newest > 1:
            assert post(client, one, log.request(newest - 1, newest - 1)).status_code == 409
        if size > FORK_AT:
            assert post(client, one, FORK.request(size, size)).status_code == 409
            assert post(client, one, FORK.request(size, size + 3)).status_code == 422
        again = post(client, one, log.request(size, size))
        assert open_cosignatures(log.note(size) + again.text, [one.vkey])[1][0].at_s >= latest_s
    assert len(signed) >= 30


def test_it_stops_cleanly(witnesses: list[WitnessProcess], log: SampleLog, client: httpx.Client) -> None:
    assert post(client, witnesses[0], log.request(0, 5)).status_code == 200
    assert witnesses[0].stop() == 0


def test_a_log_that_is_added_is_followed_at_once(witnesses: list[WitnessProcess], client: httpx.Client) -> None:
    other = SampleLog(origin="other.example/log")
    assert post(client, witnesses[0], other.request(0, 2)).status_code == 404
    witness_command("logs", "add", other.vkey.text(), "--state", witnesses[0].state)
    assert post(client, witnesses[0], other.request(0, 2)).status_code == 200
