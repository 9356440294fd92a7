"""The feeder against real witnesses, slow ones, dead ones and liars."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from coldtrace.ledger.feeder import Fed, Feeder, Outcome, feed, publication
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.note import sign_note, split_note
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.sample_log import SampleLog
from support.ticking import START
from support.tlog_vectors import signer
from support.witness_process import WitnessProcess, witness_command

NAME = "witness.example/liar"
LIAR = witness_vkey(name=NAME, spki=signer("liar").spki)


@pytest.fixture
def feeder() -> Iterator[Feeder]:
    with httpx.Client() as client:
        yield Feeder(client=client, timeout_s=5)


@contextmanager
def answering(status: int, body: Callable[[bytes], bytes], *, wait_s: float = 0) -> Iterator[KnownWitness]:
    """A server that answers every request in one way."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            done.wait(wait_s)
            data = body(asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the feeder hung up, as it should

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield KnownWitness(vkey=LIAR, url=f"http://127.0.0.1:{server.server_port}")
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()


def outcomes(fed: Sequence[Fed]) -> list[Outcome]:
    return [each.outcome for each in fed]


def text_in(body: bytes) -> str:
    return split_note(body.decode().partition("\n\n")[2])[0]


def liar_line(body: bytes, *, at_s: int = int(START.timestamp())) -> bytes:
    return cosign(text_in(body), name=NAME, signer=signer("liar"), at_s=at_s).to_line().encode()


def test_two_witnesses_cosign_as_the_log_grows(witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder) -> None:
    for size in (3, 8, 8, 300):
        fed = feeder.feed(log.note(size), log.proof, [each.known for each in witnesses])
        assert outcomes(fed) == [Outcome.COSIGNED] * 2
        made = publication(log.note(size), fed, k_of_n(2, [each.known for each in witnesses]), strict=True)
        opened = open_checkpoint(made.note, log=log.vkey, witnesses=[each.vkey for each in witnesses])
        assert len(opened.cosignatures) == 2
        assert made.may_publish
    assert set(feeder.sizes.values()) == {300}


def test_a_forgetful_publisher_learns_the_size_and_proves_from_there(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    feeder.feed(log.note(8), log.proof, [witnesses[0].known])
    asked: list[tuple[int, int]] = []

    def proof(old: int, new: int) -> Sequence[bytes]:
        asked.append((old, new))
        return log.proof(old, new)

    lines = feed(log.note(13), log.origin, proof, [each.known for each in witnesses], timeout_s=5)
    assert len(lines) == 2
    assert sorted(asked) == [(0, 13), (0, 13), (8, 13)]


def test_a_witness_that_is_ahead_is_no_fork(witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder) -> None:
    known = [witnesses[0].known]
    feeder.feed(log.note(20), log.proof, known)
    for _ in range(2):
        fed = feeder.feed(log.note(13), log.proof, known)
        assert (outcomes(fed), fed[0].size) == ([Outcome.AHEAD], 20)
    assert outcomes(feeder.feed(log.note(21), log.proof, known)) == [Outcome.COSIGNED]


def test_a_fork_is_told_from_a_race(witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder) -> None:
    fork, known = SampleLog(fork_at=5), [witnesses[0].known]
    feeder.feed(log.note(8), log.proof, known)
    assert outcomes(feeder.feed(fork.note(8), fork.proof, known)) == [Outcome.FORKED]
    longer = feeder.feed(fork.note(12), fork.proof, known)
    assert outcomes(longer) == [Outcome.UNPROVED]
    assert "422" in longer[0].reason


def test_a_dead_witness_does_not_hold_up_the_other(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    witnesses[0].kill()
    known = [each.known for each in witnesses]
    fed = feeder.feed(log.note(8), log.proof, known)
    assert outcomes(fed) == [Outcome.UNREACHABLE, Outcome.COSIGNED]
    loose = publication(log.note(8), fed, k_of_n(2, known), strict=False)
    strict = publication(log.note(8), fed, k_of_n(2, known), strict=True)
    assert (loose.has_quorum, loose.may_publish) == (False, True)
    assert (strict.has_quorum, strict.may_publish) == (False, False)
    assert publication(log.note(8), fed, k_of_n(1, known), strict=True).may_publish
    witnesses[0].start()
    assert outcomes(feeder.feed(log.note(9), log.proof, [each.known for each in witnesses])) == [Outcome.COSIGNED] * 2


def test_a_slow_witness_costs_the_timeout_and_no_more(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    feeder.timeout_s = 1.0
    with answering(200, liar_line, wait_s=30) as slow:
        began = time.monotonic()
        fed = feeder.feed(log.note(8), log.proof, [slow, witnesses[0].known])
        took_s = time.monotonic() - began
    assert outcomes(fed) == [Outcome.UNREACHABLE, Outcome.COSIGNED]
    assert took_s < 15, "the slow one was waited for"


@contextmanager
def dripping(every_s: float) -> Iterator[KnownWitness]:
    """A server whose header never ends: one byte at a time, each within any timeout for a read."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.recv(65_536)
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not done.wait(every_s):
                line.sendall(b"a")

    def serve() -> None:
        with contextlib.suppress(OSError):
            while not done.is_set():
                threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield KnownWitness(vkey=LIAR, url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        done.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_witness_that_drips_costs_the_timeout_and_one_thread(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    feeder.timeout_s = 1.0
    with dripping(0.2) as slow:
        began = time.monotonic()
        for size, why in ((8, "timeout"), (9, "hangs"), (10, "hangs")):
            fed = feeder.feed(log.note(size), log.proof, [slow, witnesses[0].known])
            assert outcomes(fed) == [Outcome.UNREACHABLE, Outcome.COSIGNED]
            assert why in fed[0].reason
        took_s = time.monotonic() - began
        hanging = [each for each in threading.enumerate() if slow.url is not None and slow.url in each.name]
        assert (len(hanging), hanging[0].daemon) == (1, True)
    assert took_s < 8, "each byte was waited for"
    hanging[0].join(10)
    assert not hanging[0].is_alive()


def test_one_feeder_of_two_logs_knows_the_size_of_each(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    other = SampleLog(origin="other.example/log")
    witness_command("logs", "add", other.vkey.text(), "--state", witnesses[0].state)
    proved: list[tuple[int, int]] = []

    def proof_of(each: SampleLog) -> Callable[[int, int], Sequence[bytes]]:
        def proof(old: int, new: int) -> Sequence[bytes]:
            proved.append((old, new))
            return each.proof(old, new)

        return proof

    for number in (1, 2, 3):
        for each, size in ((log, number * 10), (other, number)):
            fed = feeder.feed(each.note(size), proof_of(each), [witnesses[0].known])
            assert outcomes(fed) == [Outcome.COSIGNED]
    assert proved == [(0, 10), (0, 1), (10, 20), (1, 2), (20, 30), (2, 3)], "each request fitted at the first try"


def test_a_doubt_is_told_and_looked_into_until_the_witness_cosigns(
    witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder
) -> None:
    known, looked = [witnesses[0].known], list[str]()
    feeder.look_again = looked.append
    fork = SampleLog(fork_at=5)
    assert len(feeder(log.note(8), log.origin, log.proof, known, 5.0)) == 1
    assert (looked, feeder.doubts) == ([], {})
    for size in (8, 12):
        assert feeder(fork.note(size), fork.origin, fork.proof, known, 5.0) == []
        assert [each.code for each in feeder.doubts.values()] == ["witness_doubts_growth"]
    assert looked == [log.origin] * 2
    assert feeder(log.note(7), log.origin, log.proof, known, 5.0) == []
    assert looked == [log.origin] * 3, "ahead of us: another host, or our database went back"
    assert len(feeder(log.note(13), log.origin, log.proof, known, 5.0)) == 1
    assert (len(looked), feeder.doubts) == (3, {})


def test_an_honest_answer_by_hand(log: SampleLog, feeder: Feeder) -> None:
    """The test server itself can give a good answer: what is refused below is refused for its content."""
    stranger = cosign(
        split_note(log.note(8))[0], name="other.example", signer=signer("other"), at_s=int(START.timestamp())
    )
    for extra in (b"", stranger.to_line().encode()):
        with answering(200, lambda body, extra=extra: liar_line(body) + extra) as witness:  # type: ignore[misc]
            assert outcomes(feeder.feed(log.note(8), log.proof, [witness])) == [Outcome.COSIGNED]


LIES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda body: b"",
    "noise": lambda body: b"\xff\xfe",
    "no dash": lambda body: liar_line(body)[4:],
    "no newline": lambda body: liar_line(body)[:-1],
    "another size": lambda body: liar_line(body.replace(b"\n8\n", b"\n9\n")),
    "another name": lambda body: liar_line(body).replace(b"liar", b"lyre"),
    "another key": lambda body: cosign(text_in(body), name=NAME, signer=signer("x"), at_s=1).to_line().encode(),
    "a log's signature": lambda body: sign_note(text_in(body), NAME, signer("liar")).split("\n\n")[1].encode(),
    "from the future": lambda body: liar_line(body, at_s=2**40),
    "one bit": lambda body: liar_line(body)[:-10] + bytes([liar_line(body)[-10] ^ 1]) + liar_line(body)[-9:],
    "a second text": lambda body: b"text\n\n" + liar_line(body),
    "endless": lambda body: liar_line(body) * 2000,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_counts_for_nothing(log: SampleLog, feeder: Feeder, lie: str) -> None:
    with answering(200, LIES[lie]) as witness:
        fed = feeder.feed(log.note(8), log.proof, [witness])
    assert fed[0].outcome in (Outcome.BAD_ANSWER, Outcome.UNREACHABLE)
    made = publication(log.note(8), fed, k_of_n(1, [witness]), strict=False)
    assert (made.note, made.has_quorum) == (log.note(8), False)


@pytest.mark.parametrize(("status", "said"), [(404, b"unknown"), (500, b""), (409, b"many\n"), (409, b"7"), (302, b"")])
def test_other_answers_are_refusals(log: SampleLog, feeder: Feeder, status: int, said: bytes) -> None:
    with answering(status, lambda body: said) as witness:
        fed = feeder.feed(log.note(8), log.proof, [witness])
    assert outcomes(fed) == [Outcome.REFUSED]
    assert str(status) in fed[0].reason


def test_a_witness_that_changes_its_mind_is_not_asked_for_ever(log: SampleLog, feeder: Feeder) -> None:
    asked = []

    def another(body: bytes) -> bytes:
        asked.append(body)
        return b"%d\n" % (len(asked) % 7)

    with answering(409, another) as witness:
        assert outcomes(feeder.feed(log.note(8), log.proof, [witness])) == [Outcome.REFUSED]
    assert len(asked) == 3


def test_a_witness_without_an_address_is_not_asked(log: SampleLog, feeder: Feeder) -> None:
    assert feeder.feed(log.note(8), log.proof, [KnownWitness(vkey=LIAR)]) == []
    assert feed(log.note(8), log.origin, log.proof, [KnownWitness(vkey=LIAR, url="no address")]) == []


def test_a_publisher_calls_it_as_a_function(witnesses: list[WitnessProcess], log: SampleLog, feeder: Feeder) -> None:
    known = [each.known for each in witnesses]
    for size in (3, 8):
        lines = feeder(log.note(size), log.origin, log.proof, known, 5.0)
        opened = open_checkpoint(log.note(size) + "".join(lines), log=log.vkey, witnesses=[each.vkey for each in known])
        assert len(opened.cosignatures) == 2


def test_a_witness_that_stays_away_is_told_once(
    feeder: Feeder, log: SampleLog, caplog: pytest.LogCaptureFixture
) -> None:
    """A publisher asks every few seconds; its log is for people."""
    with answering(404, lambda _: b"unknown log") as witness:
        for size in (3, 3, 8):
            assert feeder(log.note(size), log.origin, log.proof, [witness], 5) == []
        assert caplog.text.count(f"witness {NAME}: refused") == 1
    feeder(log.note(8), log.origin, log.proof, [witness], 5)
    feeder(log.note(8), log.origin, log.proof, [witness], 5)
    assert caplog.text.count(f"witness {NAME}: unreachable") == 1
