"""What is under way at one gun: operation, counterparty, door, open pallet, the piles - and what was already said.

All of it is stored before it is confirmed, so that a shift goes on where a dead battery stopped it.  Two processes
of one device work on two lanes; each lane has its own pile.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from coldscan import cache
from coldscan.file_lock import held
from coldscan.state_dir import StateDir

EVERYWHERE = 0
"""The context of what can be said once only, whatever else happens in between: a unit is commissioned once."""

LANES_MAX = 64


class Pile(StrEnum):
    """What picked units wait for.  Each operation has a pile of its own: nothing picked for one is done by another."""

    CHILD = "child"
    STORE = "store"
    DESTROY = "destroy"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One unit on a pile; `code` is what its code's signature covers, hashed, where that will be stated."""

    unit: str
    code: str | None


@dataclass(frozen=True, kw_only=True)
class Lane:
    """The standing of one lane.  `context` changes with NEXT, the operation or the counterparty: what was said
    about a unit in one context is a repeat there, and news in another.  `phase` says how far a repacking is; `reason`,
    `method` and `witness` go into what is held or destroyed; `lot_gtin` and `lot` are of the labels that come next."""

    name: str
    operation: str | None = None
    counterparty: str | None = None
    counterparty_name: str | None = None
    door: str | None = None
    pallet: str | None = None
    context: int = EVERYWHERE
    phase: str | None = None
    reason: str | None = None
    method: str | None = None
    witness: str | None = None
    lot_gtin: str | None = None
    lot: str | None = None

    def afresh(self) -> "Lane":
        """Return the lane with nothing chosen but its operation and door."""
        return Lane(name=self.name, operation=self.operation, door=self.door, context=self.context)


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


_KEPT: Final = tuple(each.name for each in fields(Lane) if each.name != "name")


def load(connection: sqlite3.Connection, name: str) -> Lane:
    """Return the lane as it was left."""
    row = connection.execute(f"SELECT {', '.join(_KEPT)} FROM lanes WHERE lane = ?", (name,)).fetchone()
    return Lane(name=name) if row is None else Lane(name=name, **dict(zip(_KEPT, row, strict=True)))


def save(connection: sqlite3.Connection, lane: Lane, *, new_context: bool) -> Lane:
    """Store a lane and return it; the caller owns the transaction."""
    if new_context or lane.context == EVERYWHERE:
        context = 1 + (cache.get_number(connection, cache.Name.CONTEXT) or EVERYWHERE)
        cache.put(connection, cache.Name.CONTEXT, str(context))
        lane = replace(lane, context=context)
    connection.execute(
        f"INSERT OR REPLACE INTO lanes (lane, {', '.join(_KEPT)}) VALUES (?{', ?' * len(_KEPT)})",
        (lane.name, *(getattr(lane, name) for name in _KEPT)),
    )
    return lane


def all_lanes(connection: sqlite3.Connection) -> list[Lane]:
    """Return every lane this device ever had."""
    names = connection.execute("SELECT lane FROM lanes ORDER BY lane").fetchall()
    return [load(connection, row[0]) for row in names]


def pile_of(connection: sqlite3.Connection, lane: str, pile: Pile = Pile.CHILD) -> list[Picked]:
    """Return the units picked since the pile was last used, in the order of picking."""
    rows = connection.execute("SELECT unit, code FROM pile WHERE lane = ? AND role = ? ORDER BY number", (lane, pile))
    return [Picked(unit=unit, code=code) for unit, code in rows.fetchall()]


def pile_size(connection: sqlite3.Connection, lane: str, pile: Pile = Pile.CHILD) -> int:
    """Return how many units lie on the pile."""
    found = connection.execute("SELECT COUNT(*) FROM pile WHERE lane = ? AND role = ?", (lane, pile))
    return int(found.fetchone()[0])


def pick(
    connection: sqlite3.Connection, lane: str, unit: str, pile: Pile = Pile.CHILD, *, code: str | None = None
) -> bool:
    """Put a unit on the pile; False if it lies there already."""
    done = connection.execute(
        "INSERT OR IGNORE INTO pile (lane, role, unit, code) VALUES (?, ?, ?, ?)", (lane, pile, unit, code)
    )
    return done.rowcount == 1


def put_back(connection: sqlite3.Connection, lane: str, pile: Pile) -> str | None:
    """Take the unit that was picked last off the pile and return it, None if the pile is empty."""
    row = connection.execute(
        "DELETE FROM pile WHERE number = (SELECT max(number) FROM pile WHERE lane = ? AND role = ?) RETURNING unit",
        (lane, pile),
    ).fetchone()
    return None if row is None else str(row[0])


def drop(connection: sqlite3.Connection, lane: str, units: Iterable[str]) -> None:
    """Take units off every pile of the lane."""
    connection.executemany("DELETE FROM pile WHERE lane = ? AND unit = ?", [(lane, unit) for unit in units])


def clear_piles(connection: sqlite3.Connection, lane: str, piles: Iterable[Pile] = Pile) -> int:
    """Empty these piles, all of them if none is named; return how many units lay on them."""
    return sum(
        connection.execute("DELETE FROM pile WHERE lane = ? AND role = ?", (lane, pile)).rowcount for pile in piles
    )


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


def said_in(connection: sqlite3.Connection, *, type: str, context: int) -> int:
    """Return of how many units this was said in a context."""
    found = connection.execute("SELECT COUNT(*) FROM said WHERE context = ? AND type = ?", (context, type))
    return int(found.fetchone()[0])


def unsay(connection: sqlite3.Connection, statement: str) -> list[str]:
    """Forget what a statement said, so that it can be said again; return of which units it was."""
    rows = connection.execute("DELETE FROM said WHERE statement = ? RETURNING unit", (statement,)).fetchall()
    return [str(row[0]) for row in rows]


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
