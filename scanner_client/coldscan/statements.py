"""The queue: statements this device has made, and what became of each.

pending -> sent (a receipt was checked; the texts are wiped, header, signature and receipt stay)
        -> refused (the server said no for good; everything stays, visible, with the reason)

Nothing is ever deleted, so `seq` and `prev` of the next statement come from the rows themselves.
"""

import sqlite3
from dataclasses import dataclass

from coldtrace.events.statement import Statement
from coldtrace.seal.hashing import sha256

REASON_CHARS = 500


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """One pending statement."""

    id: str
    seq: int
    statement: Statement

    @property
    def size(self) -> int:
        """How many characters it takes on the wire, about."""
        return sum(len(piece) + 16 for piece in self.statement.to_json().values())


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The end of a key's chain: the last sequence number (0 before the first) and the hash of its header."""

    seq: int
    prev: bytes | None


@dataclass(frozen=True, kw_only=True)
class End:
    """The last statement of a chain; `at` by the server's clock as far as it was known."""

    type: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When something was scanned: the time by the server's clock as far as it was known, and the steady clock's."""

    true_at: str
    ran: str | None


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A statement as a correction names it; `moment` is when it was made, by clocks that nobody sets."""

    id: str
    type: str
    at: str
    header_hash: bytes
    moment: "Moment"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the queue holds."""

    pending: int
    sent: int
    refused: int
    blocked: int
    oldest_at: str | None


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A statement with a word from the server that a person should see."""

    id: str
    seq: int
    type: str
    at: str
    state: str
    code: str
    reason: str | None
    unit: str | None


def tail_of(connection: sqlite3.Connection, key: str) -> Tail:
    """Return where the chain of `key` ends."""
    row = connection.execute(
        "SELECT seq, header FROM statements WHERE key = ? ORDER BY seq DESC LIMIT 1", (key,)
    ).fetchone()
    if row is None:
        return Tail(seq=0, prev=None)
    return Tail(seq=int(row[0]), prev=sha256(str(row[1]).encode()))


def end_of(connection: sqlite3.Connection, key: str) -> End | None:
    """Return the last statement of the chain of `key`, None before the first."""
    row = connection.execute(
        "SELECT type, COALESCE(true_at, at) FROM statements WHERE key = ? ORDER BY seq DESC LIMIT 1", (key,)
    ).fetchone()
    return None if row is None else End(type=row[0], at=row[1])


def insert(
    connection: sqlite3.Connection,
    statement: Statement,
    *,
    id: str,
    key: str,
    seq: int,
    type: str,
    at: str,
    lane: str | None = None,
    moment: Moment | None = None,
) -> None:
    """Add a pending statement; the caller owns the transaction."""
    connection.execute(
        "INSERT INTO statements (id, key, seq, type, at, header, public, private, units, sig, lane, true_at, ran)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id,
            key,
            seq,
            type,
            at,
            statement.header,
            statement.public,
            statement.private,
            statement.units,
            statement.sig,
            lane,
            None if moment is None else moment.true_at,
            None if moment is None else moment.ran,
        ),
    )


def last_of(connection: sqlite3.Connection, *, key: str, lane: str) -> Stated | None:
    """Return the newest statement of a lane that still stands: not undone, not refused, and no correction itself."""
    row = connection.execute(
        "SELECT id, type, at, header, true_at, ran FROM statements WHERE lane = ? AND key = ? AND undone = 0"
        " AND state <> 'refused' AND type <> 'correct' ORDER BY number DESC LIMIT 1",
        (lane, key),
    ).fetchone()
    if row is None:
        return None
    moment = Moment(true_at=row[4] or row[2], ran=row[5])
    return Stated(id=row[0], type=row[1], at=row[2], header_hash=sha256(str(row[3]).encode()), moment=moment)


def mark_undone(connection: sqlite3.Connection, id: str) -> None:
    """Note that a statement was taken back by a correction that stands behind it in the chain."""
    connection.execute("UPDATE statements SET undone = 1 WHERE id = ?", (id,))


def unsent_ids(connection: sqlite3.Connection, *, limit: int) -> list[str]:
    """Return pending statements in the order of sending: oldest first, behind them those that gave trouble."""
    rows = connection.execute(
        "SELECT id FROM statements WHERE state = 'pending' ORDER BY trouble, number LIMIT ?", (limit,)
    ).fetchall()
    return [str(row[0]) for row in rows]


def load_unsent(connection: sqlite3.Connection, ids: list[str]) -> list[Unsent]:
    """Return these statements, in this order, as far as they are still pending."""
    found: list[Unsent] = []
    for id in ids:
        row = connection.execute(
            "SELECT seq, header, public, private, units, sig FROM statements WHERE id = ? AND state = 'pending'",
            (id,),
        ).fetchone()
        if row is not None:
            statement = Statement(header=row[1], public=row[2], private=row[3], units=row[4], sig=row[5])
            found.append(Unsent(id=id, seq=row[0], statement=statement))
    return found


def mark_tried(connection: sqlite3.Connection, ids: list[str]) -> None:
    """Count one more attempt for each."""
    connection.executemany("UPDATE statements SET tries = tries + 1 WHERE id = ?", [(id,) for id in ids])


def mark_sent(connection: sqlite3.Connection, id: str, *, receipt: str, code: str | None) -> None:
    """Wipe the texts of a statement whose receipt has been checked.  `code` keeps a word such as `blocked`."""
    connection.execute(
        "UPDATE statements SET state = 'sent', receipt = ?, code = ?, public = NULL, private = NULL, units = NULL"
        " WHERE id = ? AND state = 'pending'",
        (receipt, code, id),
    )


def mark_refused(connection: sqlite3.Connection, id: str, *, code: str, reason: str, receipt: str | None) -> None:
    """Move a statement to the visible list, whole, and let its unit be scanned again."""
    connection.execute(
        "UPDATE statements SET state = 'refused', code = ?, reason = ?, receipt = ? WHERE id = ? AND state = 'pending'",
        (code, reason[:REASON_CHARS], receipt, id),
    )
    connection.execute("DELETE FROM said WHERE statement = ?", (id,))


def note_reason(connection: sqlite3.Connection, id: str, *, reason: str) -> None:
    """Note why a pending statement was not acknowledged."""
    connection.execute("UPDATE statements SET reason = ? WHERE id = ?", (reason[:REASON_CHARS], id))


def mark_trouble(connection: sqlite3.Connection, id: str, *, reason: str) -> None:
    """Send this one after all others from now on: it stays pending, and the rest is not delayed by it."""
    connection.execute(
        "UPDATE statements SET trouble = trouble + 1, reason = ? WHERE id = ? AND state = 'pending'",
        (reason[:REASON_CHARS], id),
    )


def retry_refused(connection: sqlite3.Connection) -> int:
    """Put every refused statement back into the queue; return how many."""
    done = connection.execute(
        "UPDATE statements SET state = 'pending', code = NULL, reason = NULL, receipt = NULL WHERE state = 'refused'"
    )
    return done.rowcount


def sent_seqs(connection: sqlite3.Connection, key: str, spans: list[tuple[int, int]]) -> list[int]:
    """Return which sequence numbers within these spans were acknowledged by a receipt."""
    found: list[int] = []
    for first, last in spans:
        rows = connection.execute(
            "SELECT seq FROM statements WHERE key = ? AND state = 'sent' AND seq BETWEEN ? AND ? ORDER BY seq",
            (key, first, last),
        ).fetchall()
        found += [int(row[0]) for row in rows]
    return found


def counts(connection: sqlite3.Connection) -> Counts:
    """Return how many statements are in each state and when the oldest pending one was made."""
    by_state = dict(connection.execute("SELECT state, COUNT(*) FROM statements GROUP BY state").fetchall())
    blocked = connection.execute(
        "SELECT COUNT(*) FROM statements WHERE code IS NOT NULL AND state = 'sent'"
    ).fetchone()[0]
    return Counts(
        pending=by_state.get("pending", 0),
        sent=by_state.get("sent", 0),
        refused=by_state.get("refused", 0),
        blocked=blocked,
        oldest_at=oldest_unsent(connection),
    )


def pending_count(connection: sqlite3.Connection) -> int:
    """Return how many statements wait to be sent."""
    row = connection.execute("SELECT COUNT(*) FROM statements WHERE state = 'pending'").fetchone()
    return int(row[0])


def oldest_unsent(connection: sqlite3.Connection) -> str | None:
    """Return when the pending statement that was made first was made, by the server's clock as far as it was known."""
    row = connection.execute(
        "SELECT COALESCE(true_at, at) FROM statements WHERE state = 'pending' ORDER BY number LIMIT 1"
    ).fetchone()
    return None if row is None else str(row[0])


def marked(connection: sqlite3.Connection, *, limit: int) -> list[Marked]:
    """Return the newest statements that the server refused or blocked."""
    rows = connection.execute(
        "SELECT id, seq, type, at, state, code, reason,"
        " COALESCE((SELECT unit FROM said WHERE statement = id), units ->> '$.lines[0].unit')"
        " FROM statements WHERE code IS NOT NULL"
        " ORDER BY number DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        Marked(id=row[0], seq=row[1], type=row[2], at=row[3], state=row[4], code=row[5], reason=row[6], unit=row[7])
        for row in rows
    ]
