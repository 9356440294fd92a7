"""The devices of `coldtrace bench capture`: they sign beforehand, and send what they signed over one connection each.

Two processes, as pgbench has two threads.  Every client sends its next request when it has the answer to the last one;
or, with a rate, requests come when they are due, whether or not the service keeps up, and what was told 503 comes again
as it is, behind all others: as a handheld keeps what has no receipt.
"""

import asyncio
import json
import multiprocessing
import re
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import uvloop

from coldtrace import clock
from coldtrace.cli.bench.capture_world import DISTRICT, Speaker, carton_id, pallet_id
from coldtrace.events.header import statement_id
from coldtrace.events.public_piece import Place
from coldtrace.events.statement import draft_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.seal.device_request import sign_request
from coldtrace.seal.keys import Ed25519Signer, key_id

PROCESSES = 2
PATH = "/api/v1/statements"
DUE_EVERY_S = 0.005
PATIENCE_S = 30.0

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = re.compile(rb'"id":"([0-9a-f-]{36})","status":"accepted","code":null,"marks":\[\]')


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to sign: for each speaker so many requests of `per_request` statements, from the number in `firsts` on.

    With `authorised` the device signs each request as well, as coldscan does.
    """

    firsts: Sequence[int]
    requests: int
    per_request: int = 1
    pallets: bool = False
    authorised: bool = True


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Requests that need no signature, for each client in turn."""

    of_clients: Sequence[Sequence[bytes]]


@dataclass(frozen=True, kw_only=True)
class Load:
    """How to send what was signed.  Without `per_s` each of the first `clients` speakers waits for its answers."""

    ports: Sequence[int]
    clients: int
    seconds: float
    per_s: float | None = None
    connections: int = 0


@dataclass(kw_only=True)
class Took:
    """What came of a load: ids accepted without a mark, other answers by status, how long each answer took."""

    accepted: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    waits_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    offered: int = 0
    without_retry: int = 0
    """How many 503 came without `Retry-After`."""

    @property
    def per_s(self) -> float:
        """Statements a second."""
        return len(self.accepted) / self.seconds if self.seconds else 0.0

    def wait_ms(self, share: float) -> float:
        """Return how long all but the slowest had to wait at most; `share` is 0.5 for the median."""
        return sorted(self.waits_ms)[int(len(self.waits_ms) * share)] if self.waits_ms else 0.0


class Clients:
    """The processes; `with` starts and ends them."""

    def __init__(self, net: bytes, speakers: Sequence[Speaker]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Any] = []
        self._processes = []
        for number in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=_run, args=(net, speakers, number, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        self._answers()

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()

    def sign(self, order: Order | Ready) -> None:
        """Have everything signed, or take what needs no signature; what is left of an order before is dropped."""
        for pipe in self._pipes:
            pipe.send(order)
        self._answers()

    def run(self, load: Load) -> Took:
        """Have it sent, and put together what came of it."""
        for pipe in self._pipes:
            pipe.send(load)
        whole = Took()
        for part in self._answers():
            whole.accepted += part.accepted
            whole.others += part.others
            whole.waits_ms += part.waits_ms
            whole.seconds = max(whole.seconds, part.seconds)
            whole.offered += part.offered
            whole.without_retry += part.without_retry
        return whole

    def _answers(self) -> list[Any]:
        return [pipe.recv() for pipe in self._pipes]


def _run(net: bytes, speakers: Sequence[Speaker], number: int, pipe: Any) -> None:
    mine = {index: _Voice(net, speaker) for index, speaker in enumerate(speakers) if index % PROCESSES == number}
    signed: dict[int, deque[bytes]] = {}
    pipe.send(None)
    while (asked := pipe.recv()) is not None:
        if isinstance(asked, Order):
            signed = {
                index: deque(mine[index].requests(asked, first))
                for index, first in enumerate(asked.firsts)
                if index in mine
            }
            pipe.send(None)
        elif isinstance(asked, Ready):
            signed = {
                index: deque(requests) for index, requests in enumerate(asked.of_clients) if index % PROCESSES == number
            }
            pipe.send(None)
        else:
            pipe.send(uvloop.run(_send(asked, signed)))


class _Voice:
    """A device with its chain."""

    def __init__(self, net: bytes, speaker: Speaker) -> None:
        self._net, self._gln = net, speaker.gln
        self._signer = Ed25519Signer.from_seed(speaker.seed)
        self._key = key_id(self._signer.spki)
        self._seq = 0
        self._prev: bytes | None = None

    def requests(self, order: Order, first: int) -> Iterator[bytes]:
        name = pallet_id if order.pallets else carton_id
        for at in range(first, first + order.requests * order.per_request, order.per_request):
            wires = [self._receive(name(number)) for number in range(at, at + order.per_request)]
            body = json.dumps(wires[0] if order.per_request == 1 else wires).encode()
            head = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            if order.authorised:
                said = sign_request(
                    signer=self._signer, net=self._net, method="POST", path=PATH, body=body, at=clock.now()
                )
                head += f"Authorization: {said}\r\n"
            yield f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def _receive(self, unit: str) -> Mapping[str, str]:
        now = clock.now()
        self._seq += 1
        draft = draft_statement(
            id=statement_id(now),
            net=self._net,
            key=self._key,
            prev=self._prev,
            seen=None,
            type=StatementType.RECEIVE,
            date=(now + timedelta(hours=8)).date().isoformat(),
            place=Place(role=SiteRole.COLD_STORE.value, district=DISTRICT),
            by="device",
            cold="ok",
            facts=None,
            corrects=None,
            fields=[("at", clock.format_utc(now)), ("offset", "+08:00"), ("seq", self._seq), ("site", self._gln)],
            lines=[Line(role="unit", unit=unit, parent=None, quantity=1)],
            random=clock.random_bytes,
        )
        self._prev = draft.header_hash
        return sign_statement(draft, self._signer).to_json()


async def _send(load: Load, signed: Mapping[int, deque[bytes]]) -> Took:
    sender = _OpenSender(load, signed) if load.per_s is not None else _ClosedSender(load, signed)
    return await sender.run()


class _Sender:
    """What both ways to send have in common: connections, and what came of it."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.took = Took()
        self.waiting = 0
        self.last_at = time.perf_counter()

    async def connect(self, number: int) -> "_Connection":
        port = self.load.ports[number // PROCESSES % len(self.load.ports)]
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", port)
        return connection

    def answered(self, connection: "_Connection", head: bytes, body: bytes) -> None:
        """Note an answer; whoever extends this goes on with the connection."""
        self.last_at = time.perf_counter()
        self.waiting -= 1
        self.took.waits_ms.append((self.last_at - connection.sent_at) * 1000)
        status = head[9:12].decode()
        if status == "202":
            found = _ACCEPTED.findall(body)
            self.took.accepted += [each.decode() for each in found]
            marked = body.count(b'"receipt":') - len(found)
            if marked:
                self.took.others["marked or refused"] += marked
        else:
            self.took.others[status] += 1
            if status == "503" and b"\r\nretry-after:" not in head.lower():
                self.took.without_retry += 1

    def lost(self, connection: "_Connection") -> None:
        """Note a connection that ended with its answer outstanding."""
        if connection.is_waiting:
            self.waiting -= 1
            self.took.others["lost"] += 1

    async def finish(self, started: float, deadline: float) -> Took:
        while self.waiting and time.perf_counter() < deadline + PATIENCE_S:
            await asyncio.sleep(0.002)
        if self.waiting:
            self.took.others["unanswered"] += self.waiting
        self.took.seconds = self.last_at - started
        return self.took


class _ClosedSender(_Sender):
    def __init__(self, load: Load, signed: Mapping[int, deque[bytes]]) -> None:
        super().__init__(load)
        self._signed = {index: requests for index, requests in signed.items() if index < load.clients}
        self._queues: dict[_Connection, deque[bytes]] = {}
        self._over = False

    async def run(self) -> Took:
        for index, requests in self._signed.items():
            self._queues[await self.connect(index)] = requests
        started = time.perf_counter()
        deadline = started + self.load.seconds
        for connection in self._queues:
            self._next(connection)
        while not self._over and time.perf_counter() < deadline:
            await asyncio.sleep(0.002)
        self._over = True
        took = await self.finish(started, deadline)
        for connection in self._queues:
            connection.close()
        return took

    def answered(self, connection: "_Connection", head: bytes, body: bytes) -> None:
        super().answered(connection, head, body)
        self._next(connection)

    def _next(self, connection: "_Connection") -> None:
        requests = self._queues[connection]
        if not requests:
            self._over = True  # rather a short run than one with fewer clients
        if not self._over:
            self.took.offered += 1
            self.waiting += 1
            connection.send(requests.popleft())


class _OpenSender(_Sender):
    def __init__(self, load: Load, signed: Mapping[int, deque[bytes]]) -> None:
        super().__init__(load)
        self._requests: deque[bytes] = deque()
        for group in zip(*signed.values(), strict=True):
            self._requests.extend(group)
        self._free: deque[_Connection] = deque()
        self._due: deque[bytes] = deque()

    async def run(self) -> Took:
        assert self.load.per_s is not None
        per_s = self.load.per_s / PROCESSES
        for number in range(self.load.connections // PROCESSES):
            self._free.append(await self.connect(number * PROCESSES))
        connections = list(self._free)
        started = time.perf_counter()
        deadline = started + self.load.seconds
        # Until then also when all of it is on its way: some comes back.
        while (present := time.perf_counter()) < deadline and (self._requests or self.waiting):
            wanted = int((present - started) * per_s) - self.took.offered
            for _ in range(min(wanted, len(self._requests))):
                self._due.append(self._requests.popleft())
                self.took.offered += 1
            self._send_due()
            await asyncio.sleep(DUE_EVERY_S)
        self._due.clear()  # for want of a connection; nobody has heard of these
        took = await self.finish(started, deadline)
        for connection in connections:
            connection.close()
        return took

    def answered(self, connection: "_Connection", head: bytes, body: bytes) -> None:
        super().answered(connection, head, body)
        if head.startswith(b"HTTP/1.1 503"):
            self._requests.append(connection.request)
        self._free.append(connection)
        self._send_due()

    def _send_due(self) -> None:
        while self._due and self._free:
            self.waiting += 1
            self._free.popleft().send(self._due.popleft())


class _Connection(asyncio.Protocol):
    """One connection that has one request under way at most."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._transport: Any = None
        self._got = b""
        self._closing = False
        self.is_waiting = False
        self.sent_at = 0.0
        self.request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, request: bytes) -> None:
        self.is_waiting, self.request = True, request
        self.sent_at = time.perf_counter()
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._got, self.is_waiting = b"", False
        self._sender.answered(self, head, body)

    def connection_lost(self, error: Exception | None) -> None:
        self._sender.lost(self)
