"""How often a code was looked up by the public: a count and the first moment, nothing about who asked."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session


def count_lookup(session: Session, unit_id: str, *, at: datetime, counts: bool) -> tuple[int, datetime]:
    """Return the number of look-ups, this one included if it `counts`, and when the first was."""
    if not counts:
        row = session.execute(
            text("SELECT lookups, first_at FROM consumer_lookup WHERE unit_id = :unit"), {"unit": unit_id}
        ).first()
        return (1, at) if row is None else (row.lookups, row.first_at)
    row = session.execute(
        text(
            "INSERT INTO consumer_lookup (unit_id, lookups, first_at) VALUES (:unit, 1, :at)"
            " ON CONFLICT (unit_id) DO UPDATE SET lookups = consumer_lookup.lookups + 1 RETURNING lookups, first_at"
        ),
        {"unit": unit_id, "at": at},
    ).one()
    return row.lookups, row.first_at
