"""HTTP requests to several witnesses at once, every answer by one deadline.

The timeouts of an HTTP client are for each read: a witness that sends one byte now and then could hold its caller for
hours.  So each request has a thread of its own, and whoever has not answered in time is left alone.  A witness whose
request still hangs is not asked again before that one has ended: there is never more than one thread for each.
"""

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: POST when there is a body, GET otherwise."""

    url: str
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back in time."""

    status: int
    data: bytes


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """Nothing came back, or not in time, or too much; `reason` is for people."""

    reason: str


class WitnessCalls:
    """Makes requests over one client.  Answers longer than `answer_max_bytes` are none."""

    def __init__(self, client: httpx.Client, *, answer_max_bytes: int) -> None:
        self._client, self._answer_max_bytes = client, answer_max_bytes
        self._lock = threading.Lock()
        self._hanging: set[str] = set()
        self._closed = False

    def make(self, calls: Mapping[str, Call], *, deadline: float) -> dict[str, Answer | NoAnswer]:
        """Return the answer of each witness, named by the same keys; `deadline` is a time of `time.monotonic`."""
        found: dict[str, Answer | NoAnswer] = {key: NoAnswer(reason="timeout") for key in calls}
        if deadline <= time.monotonic():
            return found
        came: queue.SimpleQueue[tuple[str, Answer | NoAnswer]] = queue.SimpleQueue()
        waiting = 0
        for key, call in calls.items():
            with self._lock:
                if key in self._hanging:
                    found[key] = NoAnswer(reason="the request before still hangs")
                    continue
                self._hanging.add(key)
            waiting += 1
            threading.Thread(
                target=self._run, args=(key, call, deadline, came), name=f"witness {call.url}", daemon=True
            ).start()
        while waiting:
            try:
                key, answer = came.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                break
            found[key] = answer
            waiting -= 1
        return found

    def close(self) -> None:
        """Close the client, as soon as nothing hangs on it any more."""
        with self._lock:
            self._closed = True
            idle = not self._hanging
        if idle:
            self._client.close()

    def _run(
        self, key: str, call: Call, deadline: float, came: "queue.SimpleQueue[tuple[str, Answer | NoAnswer]]"
    ) -> None:
        answer = self._ask(call, deadline)
        with self._lock:
            self._hanging.discard(key)
            last = self._closed and not self._hanging
        came.put((key, answer))
        if last:
            self._client.close()

    def _ask(self, call: Call, deadline: float) -> Answer | NoAnswer:
        left_s = max(deadline - time.monotonic(), 0.001)
        method = "GET" if call.body is None else "POST"
        data = bytearray()
        try:
            with self._client.stream(method, call.url, content=call.body, timeout=left_s) as response:
                for part in response.iter_bytes():
                    data += part
                    if len(data) > self._answer_max_bytes:
                        return NoAnswer(reason="too long")
                    if time.monotonic() > deadline:
                        return NoAnswer(reason="timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NoAnswer(reason=type(error).__name__)
        return Answer(status=response.status_code, data=bytes(data))
