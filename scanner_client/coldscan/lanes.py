"""What is under way at one gun: operation, counterparty, door, open pallet, the pile - and what was already said.

All of it is stored before it is confirmed, so that a shift goes on where a dead battery stopped it.  Two processes
of one device work on two lanes; each lane has its own pile.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from coldscan import cache
from coldscan.file_lock import held
from coldscan.state_dir import StateDir

EVERYWHERE = 0
"""The context of what can be said once only, whatever else happens in between: a unit is commissioned once."""

LANES_MAX = 64


@dataclass(frozen=True, kw_only=True)
class Lane:
    """The standing of one lane.  `context` changes with NEXT, the operation or the counterparty: what was said
    about a unit in one context is a repeat there, and news in another."""

    name: str
    operation: str | None = None
    counterparty: str | None = None
    counterparty_name: str | None = None
    door: str | None = None
    pallet: str | None = None
    context: int = EVERYWHERE


@contextmanager
def own_lane(state: StateDir, name: str | None) -> Iterator[str]:
    """Yield a lane that no other running process uses: the given one, or the first free of 1, 2, 3 and so on.

    A named lane is shared if somebody insists on it; the pile is then shared, too.
    """
    if name is not None:
        yield name
        return
    with ExitStack() as locks:
        for number in range(1, LANES_MAX):
            if locks.enter_context(held(state.lock(f"lane-{number}"), wait_s=0)):
                yield str(number)
                return
        yield str(LANES_MAX)


def load(connection: sqlite3.Connection, name: str) -> Lane:
    """Return the lane as it was left."""
    row = connection.execute(
        "SELECT operation, counterparty, counterparty_name, door, pallet, context FROM lanes WHERE lane = ?",
        (name,),
    ).fetchone()
    if row is None:
        return Lane(name=name)
    return Lane(
        name=name,
        operation=row[0],
        counterparty=row[1],
        counterparty_name=row[2],
        door=row[3],
        pallet=row[4],
        context=row[5],
    )


def save(connection: sqlite3.Connection, lane: Lane, *, new_context: bool) -> Lane:
    """Store a lane and return it; the caller owns the transaction."""
    if new_context or lane.context == EVERYWHERE:
        context = 1 + (cache.get_number(connection, cache.Name.CONTEXT) or EVERYWHERE)
        cache.put(connection, cache.Name.CONTEXT, str(context))
        lane = replace(lane, context=context)
    connection.execute(
        "INSERT OR REPLACE INTO lanes (lane, operation, counterparty, counterparty_name, door, pallet, context)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            lane.name,
            lane.operation,
            lane.counterparty,
            lane.counterparty_name,
            lane.door,
            lane.pallet,
            lane.context,
        ),
    )
    return lane


def all_lanes(connection: sqlite3.Connection) -> list[Lane]:
    """Return every lane this device ever had."""
    names = connection.execute("SELECT lane FROM lanes ORDER BY lane").fetchall()
    return [load(connection, row[0]) for row in names]


def pile_of(connection: sqlite3.Connection, lane: str) -> list[str]:
    """Return the units picked since the last pallet, in the order of picking."""
    rows = connection.execute("SELECT unit FROM pile WHERE lane = ? ORDER BY number", (lane,)).fetchall()
    return [str(row[0]) for row in rows]


def pile_size(connection: sqlite3.Connection, lane: str) -> int:
    """Return how many units lie on the pile."""
    return int(connection.execute("SELECT COUNT(*) FROM pile WHERE lane = ?", (lane,)).fetchone()[0])


def pick(connection: sqlite3.Connection, lane: str, unit: str) -> bool:
    """Put a unit on the pile; False if it lies there already."""
    done = connection.execute("INSERT OR IGNORE INTO pile (lane, unit) VALUES (?, ?)", (lane, unit))
    return done.rowcount == 1


def clear_pile(connection: sqlite3.Connection, lane: str) -> None:
    """Start a new pile."""
    connection.execute("DELETE FROM pile WHERE lane = ?", (lane,))


def already_said(connection: sqlite3.Connection, *, unit: str, type: str, context: int) -> str | None:
    """Return when this device said the same of the unit in this context, or None."""
    row = connection.execute(
        "SELECT at FROM said WHERE unit = ? AND type = ? AND context = ?", (unit, type, context)
    ).fetchone()
    return None if row is None else str(row[0])


def note_said(connection: sqlite3.Connection, *, unit: str, type: str, context: int, statement: str, at: str) -> None:
    """Remember what was said of the unit."""
    connection.execute(
        "INSERT OR REPLACE INTO said (unit, type, context, statement, at) VALUES (?, ?, ?, ?, ?)",
        (unit, type, context, statement, at),
    )


def note_refused_scan(
    connection: sqlite3.Connection, *, at: str, lane: Lane, text: str, verdict: str, keep: int
) -> None:
    """Keep a refused text for whoever looks into it later; only the newest `keep` stay."""
    done = connection.execute(
        "INSERT INTO refused_scans (at, lane, operation, text, verdict) VALUES (?, ?, ?, ?, ?)",
        (at, lane.name, lane.operation, text, verdict),
    )
    connection.execute("DELETE FROM refused_scans WHERE number <= ?", ((done.lastrowid or 0) - keep,))


def count_refused_scans(connection: sqlite3.Connection) -> int:
    """Return how many refused texts are kept."""
    return int(connection.execute("SELECT COUNT(*) FROM refused_scans").fetchone()[0])
