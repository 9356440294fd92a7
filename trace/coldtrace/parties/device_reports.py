"""What a device last said of itself beside its statements: how many wait on it, and of when its block list is.

Nobody is bound by it: the request is vouched for by the device's key, these words of it are not.  They serve whoever
keeps the devices, and what was never said is unknown.
"""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

UNSENT_MAX = 2**31 - 1


def note_report(session: Session, key_id: bytes, *, at: datetime, unsent: int, stops_at: datetime | None) -> None:
    """Keep what a device says now, in place of what it said before."""
    session.execute(
        text(
            "INSERT INTO device_report (key_id, reported_at, unsent, stops_at) VALUES (:key, :at, :unsent, :stops)"
            " ON CONFLICT (key_id) DO UPDATE SET reported_at = EXCLUDED.reported_at, unsent = EXCLUDED.unsent,"
            " stops_at = EXCLUDED.stops_at"
        ),
        {"key": key_id, "at": at, "unsent": min(unsent, UNSENT_MAX), "stops": stops_at},
    )
