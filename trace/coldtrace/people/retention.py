"""How long personal data are kept that nothing needs any more; the service deletes them in batches.

The journal is not among them: its records are history, hold persons by id alone, and the database refuses to delete
them (docs/guides/personal-data.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Days that each is kept after it ended, ran out or was used."""

    sessions_days: int
    links_days: int
    sign_in_failures_days: int
    invites_days: int
    quarantine_days: int


_OVER: dict[str, tuple[str, str]] = {
    "sessions_days": ("person_session", "least(coalesce(ended_at, expires_at), expires_at)"),
    "links_days": ("person_link", "least(coalesce(used_at, expires_at), expires_at)"),
    # A lock that is still on stays, however old its failures are.
    "sign_in_failures_days": ("sign_in_failure", "greatest(last_at, locked_until)"),
    "invites_days": ("invite", "least(coalesce(used_at, withdrawn_at, expires_at), expires_at)"),
    # What somebody sent and nobody could take: it may hold names.
    "quarantine_days": ("quarantine", "last_at"),
}
"""By the setting: the table, and since when a row of it is over."""


def overdue(session: Session, retention: Retention, *, now: datetime) -> dict[str, tuple[int, int]]:
    """Return by setting how many rows are kept, and for how many of them the time is over."""
    found = {}
    for setting, (table, over) in _OVER.items():
        before = now - timedelta(days=getattr(retention, setting))
        row = session.execute(
            text(f"SELECT count(*) AS kept, count(*) FILTER (WHERE {over} < :before) AS over FROM {table}"),
            {"before": before},
        ).one()
        found[setting] = (row.kept, row.over)
    return found


def purge(session: Session, retention: Retention, *, now: datetime, batch: int = BATCH) -> int:
    """Delete up to `batch` rows of each kind whose time is over; return how many.  Call until it returns 0."""
    gone = 0
    for setting, (table, over) in _OVER.items():
        before = now - timedelta(days=getattr(retention, setting))
        gone += (
            session.connection()
            .execute(
                text(
                    f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                    f"SELECT ctid FROM {table} WHERE {over} < :before LIMIT :batch FOR UPDATE SKIP LOCKED))"
                ),
                {"before": before, "batch": batch},
            )
            .rowcount
        )
    return gone
