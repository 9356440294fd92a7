"""What the service knows of how it is: the doctor's round from inside, and when its own care was last taken.

The findings are those of `coldtrace doctor`, from the same code; only whether the service answers is asked here without
a request to itself.  A round may take seconds (it greets printers, mail and the public host), so one is made at a time
and is good for a minute.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.doctor.examine import examine, readiness_finding
from coldtrace.doctor.model import Finding
from coldtrace.env import Env
from coldtrace.people.retention import Retention
from coldtrace.settings import PASSPHRASE_FILE, Settings

CARE_EVERY_S = 600.0
GOOD_FOR = timedelta(minutes=1)


@dataclass(kw_only=True)
class Rounds:
    """When the caretaker of this process ended its last round, and how much was deleted then; None before the first."""

    ended_at: datetime | None = None
    purged: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the database holds that waits for somebody, and how large it is."""

    database_bytes: int
    letters_waiting: int
    messages_waiting: int
    webhooks_stopped: int


class DoctorRoom:
    """Makes the doctor's round, one at a time, and keeps its findings for a minute."""

    def __init__(self, settings: Settings, env: Env) -> None:
        self._settings, self._env = settings, env
        self._lock = threading.Lock()
        self._found: list[Finding] = []
        self._at: datetime | None = None

    def look(self, status: int, body: dict[str, object]) -> tuple[list[Finding], datetime]:
        """Return the findings and when they were made; `status` and `body` are what /readyz says now."""
        with self._lock:
            now = self._env.clock()
            if self._at is None or now - self._at > GOOD_FOR:
                self._found = examine(
                    self._settings,
                    clock=self._env.clock,
                    passphrase_file=self._settings.data_dir / PASSPHRASE_FILE,
                    make_env=lambda: self._env,
                    service=readiness_finding(self._settings.public_host, status=status, body=body),
                )
                self._at = now
            return list(self._found), self._at


def figures(session: Session) -> Figures:
    """Read the figures."""
    row = session.execute(
        text(
            "SELECT pg_database_size(current_database()) AS database_bytes,"
            " (SELECT count(*) FROM mail_out) AS letters_waiting,"
            " (SELECT count(*) FROM webhook_message WHERE state = 'waiting') AS messages_waiting,"
            " (SELECT count(*) FROM webhook WHERE state = 'disabled' AND stopped <> 'paused') AS webhooks_stopped"
        )
    ).one()
    return Figures(**row._mapping)


def retention_of(settings: Settings) -> Retention:
    """Return how long personal data are kept, as the settings have it."""
    return Retention(
        sessions_days=settings.keep_sessions_days,
        links_days=settings.keep_links_days,
        sign_in_failures_days=settings.keep_sign_in_failures_days,
        invites_days=settings.keep_invites_days,
        quarantine_days=settings.keep_quarantine_days,
    )
