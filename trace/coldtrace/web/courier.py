"""Tells webhooks what happened while the service runs; several processes share the work.

Facts become messages, messages are delivered side by side, one of each webhook at a time.  A receiver that is slow or
away rests for longer than it kept a hand (`webhooks/turns.py`), so that the others have theirs.
"""

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from uuid import UUID

from coldtrace.env import Env
from coldtrace.settings import Settings
from coldtrace.web.access import Transactions
from coldtrace.web.page_base import page_base
from coldtrace.webhooks.deliver import claim, deliver
from coldtrace.webhooks.model import Claimed
from coldtrace.webhooks.send import Sender
from coldtrace.webhooks.spread import AT_ONCE, spread
from coldtrace.webhooks.turns import Turns

log = logging.getLogger("coldtrace.webhooks")
EVERY_S = 1.0
SENDINGS_MAX = 8


class Courier:
    """A thread that spreads and delivers what is due, and the threads that send."""

    def __init__(self, begin: Transactions, env: Env, settings: Settings) -> None:
        self._begin, self._env = begin, env
        self._base_url = page_base(settings, otherwise=f"http://{settings.host}:{settings.port}")
        self._sender = Sender(inside=settings.webhook_inside_hosts or ())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._sending: dict[Future[None], UUID] = {}
        self._turns = Turns()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being sent is finished first, within its deadline."""
        self._stop.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        with ThreadPoolExecutor(SENDINGS_MAX, thread_name_prefix="webhook") as pool:
            while not self._stop.is_set():
                try:
                    self._round(pool)
                except Exception:
                    # A database that is away for a moment must not end the telling for good.
                    log.exception("telling webhooks failed; trying again")
                self._rest()

    def _round(self, pool: ThreadPoolExecutor) -> None:
        """Spread what happened, and send what is due as far as there are hands."""
        spread_now = AT_ONCE
        while spread_now == AT_ONCE and not self._stop.is_set():
            with self._begin() as session:
                spread_now = spread(session, self._env, base_url=self._base_url)
        free = SENDINGS_MAX - len(self._sending)
        if free == 0:
            return
        with self._begin() as session:
            busy = {*self._sending.values(), *self._turns.resting(time.monotonic())}
            due = claim(session, now=self._env.clock(), most=free, busy=busy)
        for each in due:
            self._sending[pool.submit(self._send, each)] = each.webhook_id

    def _send(self, claimed: Claimed) -> None:
        try:
            outcome = deliver(self._begin, self._env, self._sender, claimed)
            self._turns.tried(
                claimed.webhook_id, taken=outcome.is_taken, took_s=outcome.took_ms / 1000, now_s=time.monotonic()
            )
        except Exception:
            # Its lease runs out, and it is tried again.
            log.exception("delivering message %s failed; trying again", claimed.message_id)

    def _rest(self) -> None:
        """Wait until something was sent, or for a moment."""
        if self._sending:
            done, _ = wait(self._sending, timeout=EVERY_S, return_when=FIRST_COMPLETED)
            for each in done:
                del self._sending[each]
        else:
            self._stop.wait(EVERY_S)
