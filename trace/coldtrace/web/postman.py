"""Hands waiting letters to the mail server while the service runs; several processes share the work.

Whoever asks for a reset is answered before anybody looks whether the address has an account: the asking waits here, in
memory, so that neither words nor time tell.  What is lost when the service stops is asked for again.
"""

import contextlib
import logging
import queue
import threading

from coldtrace.env import Env
from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.people.mail import MailServer, post_reset_letter, send_due
from coldtrace.rights.model import Kind
from coldtrace.settings import Settings
from coldtrace.web.access import Transactions
from coldtrace.web.page_base import page_base

log = logging.getLogger("coldtrace.mail")
EVERY_S = 5.0
ASKED_MAX = 1000
"""More people do not ask at once; what comes on top is a flood, and is left."""


def mail_server(settings: Settings) -> MailServer | None:
    """Return how letters leave, None when no mail is set up."""
    if settings.smtp_url is None:
        return None
    base_url = page_base(settings, otherwise=f"http://{settings.host}:{settings.port}")
    return MailServer(url=settings.smtp_url, sender=settings.mail_from, base_url=base_url)


class Postman:
    """A thread that sends what is due, every few seconds."""

    def __init__(self, begin: Transactions, env: Env, server: MailServer | None) -> None:
        self._begin, self._env, self._server = begin, env, server
        self._stop = threading.Event()
        self._asked: queue.Queue[str | None] = queue.Queue(maxsize=ASKED_MAX)
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin, if there is a mail server."""
        if self._server is not None:
            self._thread.start()

    def ask_reset(self, email: str) -> None:
        """Have a reset letter written to whoever has this address, if anybody has; the caller does not learn it."""
        try:
            self._asked.put_nowait(email)
        except queue.Full:
            log.warning("more resets are asked for than letters can be written; one was left")

    def stop(self) -> None:
        """End; a letter under way is finished or tried again later."""
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._asked.put_nowait(None)  # so that it does not wait for its time
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        assert self._server is not None, "started only with one"
        while not self._stop.is_set():
            try:
                self._write_resets()
                send_due(self._begin, self._env, self._server)
            except Exception:
                # A database that is away for a moment must not end the post for good.
                log.exception("sending letters failed; trying again later")
                self._stop.wait(EVERY_S)

    def _write_resets(self) -> None:
        """Wait for somebody to ask, a few seconds at most, and write the letter."""
        try:
            email = self._asked.get(timeout=EVERY_S)
        except queue.Empty:
            return
        if email is None:
            return
        with self._begin() as session:
            person = post_reset_letter(session, self._env, email=email)
            if person is not None:
                who = f"person:{person.person_id}"
                act = Act(actor=who, act="ask_reset", kind=Kind.PERSON.value, object=str(person.person_id))
                journal.record(session, self._env, act)
