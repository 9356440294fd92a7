"""Hands waiting letters to the mail server while the service runs; several processes share the work."""

import logging
import threading

from coldtrace.env import Env
from coldtrace.people.mail import MailServer, send_due
from coldtrace.settings import Settings
from coldtrace.web.access import Transactions

log = logging.getLogger("coldtrace.mail")
EVERY_S = 5.0


def mail_server(settings: Settings) -> MailServer | None:
    """Return how letters leave, None when no mail is set up."""
    if settings.smtp_url is None:
        return None
    usual = (
        f"https://{settings.public_host}" if settings.env == "production" else f"http://{settings.host}:{settings.port}"
    )
    return MailServer(url=settings.smtp_url, sender=settings.mail_from, base_url=settings.page_url or usual)


class Postman:
    """A thread that sends what is due, every few seconds."""

    def __init__(self, begin: Transactions, env: Env, server: MailServer | None) -> None:
        self._begin, self._env, self._server = begin, env, server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin, if there is a mail server."""
        if self._server is not None:
            self._thread.start()

    def stop(self) -> None:
        """End; a letter under way is finished or tried again later."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        assert self._server is not None, "started only with one"
        while not self._stop.wait(EVERY_S):
            try:
                send_due(self._begin, self._env, self._server)
            except Exception:
                # A database that is away for a moment must not end the post for good.
                log.exception("sending letters failed; trying again later")
