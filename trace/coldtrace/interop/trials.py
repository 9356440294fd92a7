"""Workbooks that somebody tried: kept for a day, found by whoever tried them and the hash of the bytes alone.

What is imported afterwards are exactly the bytes that were tried, and twice the same is one.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.goods.plan import Identity

KEPT_MAX = 20
"""Of one person: whoever tries file after file does not fill the disk."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A workbook with what was chosen beside it."""

    name: str
    data: bytes
    station_gln: str | None
    carton_identity: Identity
    broker: str

    @property
    def sha256(self) -> bytes:
        """The hash by which it is found."""
        return sha256(self.data).digest()


def keep_trial(session: Session, env: Env, trial: Trial, *, by: str) -> None:
    """Keep a workbook that somebody tried; the same bytes again keep what was chosen last.

    Of one person the newest KEPT_MAX stay.
    """
    session.execute(
        text(
            "INSERT INTO import_trial (made_by, sha256, name, data, station_gln, carton_identity, broker, tried_at)"
            " VALUES (:by, :sha256, :name, :data, :station, :identity, :broker, :at)"
            " ON CONFLICT (made_by, sha256) DO UPDATE SET name = excluded.name, station_gln = excluded.station_gln,"
            " carton_identity = excluded.carton_identity, broker = excluded.broker, tried_at = excluded.tried_at"
        ),
        {
            "by": by,
            "sha256": trial.sha256,
            "name": trial.name,
            "data": trial.data,
            "station": trial.station_gln,
            "identity": trial.carton_identity.value,
            "broker": trial.broker,
            "at": env.clock(),
        },
    )
    session.execute(
        text(
            "DELETE FROM import_trial WHERE made_by = :by AND sha256 NOT IN (SELECT sha256 FROM import_trial"
            " WHERE made_by = :by ORDER BY tried_at DESC, sha256 LIMIT :most)"
        ),
        {"by": by, "most": KEPT_MAX},
    )


def find_trial(session: Session, hash_hex: str, *, by: str) -> Trial | None:
    """Return the workbook of this hash that somebody tried."""
    try:
        wanted = bytes.fromhex(hash_hex)
    except ValueError:
        return None
    row = session.execute(
        text(
            "SELECT name, data, station_gln, carton_identity, broker FROM import_trial"
            " WHERE made_by = :by AND sha256 = :sha256"
        ),
        {"by": by, "sha256": wanted},
    ).one_or_none()
    if row is None:
        return None
    return Trial(
        name=row.name,
        data=bytes(row.data),
        station_gln=row.station_gln,
        carton_identity=Identity(row.carton_identity),
        broker=row.broker,
    )


def forget_trials(session: Session, *, before: datetime) -> int:
    """Delete what was tried before a moment; return how many."""
    gone = session.execute(text("DELETE FROM import_trial WHERE tried_at < :before RETURNING 1"), {"before": before})
    return len(gone.all())
