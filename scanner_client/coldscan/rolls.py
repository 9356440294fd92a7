"""The rolls of this device's site: which labels were printed ahead, and until when they may be bound to a lot.

What is kept comes from range certificates that were verified when they came (`fetch_rolls.py`).  Whether the key that
vouched for a roll still counts is asked again at each scan: a list that revokes it ends its rolls at once.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from coldtrace.clock import format_utc, parse_utc
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.trust_list import TrustList

if TYPE_CHECKING:
    from coldtrace.events.roll_certificate import RollCertificate


@dataclass(frozen=True, kw_only=True)
class Roll:
    """A roll that a label belongs to; its codes are signed by `key`, for `gtin` alone if there is one."""

    id: str
    key: bytes
    gtin: str | None
    bind_until: datetime

    def counts(self, trust: TrustList, now: datetime) -> bool:
        """Tell whether the key that vouched for the roll still counts."""
        key = trust.key_of(self.key, "code")
        return key is not None and not key.is_revoked and key.accepts_at(now)


def roll_of(connection: sqlite3.Connection, unit: str) -> Roll | None:
    """Return the roll that a unit's label is on, None if no roll of this device has it."""
    row = connection.execute(
        "SELECT r.roll, r.key, r.gtin, r.bind_until FROM roll_units u JOIN rolls r ON r.number = u.roll"
        " WHERE u.unit = ?",
        (unit,),
    ).fetchone()
    if row is None:
        return None
    return Roll(id=row[0], key=unb64(row[1]), gtin=row[2], bind_until=parse_utc(row[3]))


def held_rolls(connection: sqlite3.Connection) -> set[str]:
    """Return the ids of the rolls that are kept."""
    return {str(row[0]) for row in connection.execute("SELECT roll FROM rolls")}


def keep_roll(connection: sqlite3.Connection, roll: "RollCertificate") -> None:
    """Keep a verified certificate; the caller owns the transaction.

    A label is on one roll: serials are drawn by chance, and of two certificates that name one the first one counts.
    """
    done = connection.execute(
        "INSERT INTO rolls (roll, key, gtin, bind_until) VALUES (?, ?, ?, ?)",
        (roll.roll, b64(roll.key), roll.gtin, format_utc(roll.bind_until)),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO roll_units (unit, roll) VALUES (?, ?)",
        [(roll.unit_id(number), done.lastrowid) for number in range(roll.first, roll.last + 1)],
    )


def drop_roll(connection: sqlite3.Connection, id: str) -> None:
    """Forget a roll that the server does not name any more; the caller owns the transaction."""
    connection.execute("DELETE FROM roll_units WHERE roll = (SELECT number FROM rolls WHERE roll = ?)", (id,))
    connection.execute("DELETE FROM rolls WHERE roll = ?", (id,))
