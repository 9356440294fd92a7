"""A device's chain as the server has it: what came, what is missing, where it forks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.parties.model import ChainEnd
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.seal.b64 import b64


def chain_end(session: Session, key: bytes) -> ChainEnd | None:
    """Return the last statement of a device key that is known here, None if it has stated nothing."""
    last = session.execute(
        text("SELECT seq, header_hash FROM statement WHERE key_id = :key ORDER BY seq DESC, recorded_at LIMIT 1"),
        {"key": key},
    ).first()
    return None if last is None else ChainEnd(seq=last.seq, header_hash=bytes(last.header_hash))


LISTED_MAX = 1000
"""How many holes and forks one answer has at most."""

PAGE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class ChainLink:
    """One statement in its place in a chain; `missing_before` numbers directly before it never came."""

    seq: int
    entry_id: UUID
    type: str
    claimed_at: datetime
    recorded_at: datetime
    header_hash: bytes
    missing_before: int


def is_in_scope(session: Session, scope: Scope, key: bytes) -> bool:
    """Tell whether a key is enrolled for a site in the scope."""
    within = Within(scope=scope)
    found = session.execute(
        text(f"SELECT 1 FROM device d WHERE d.key_id = :key AND {within.thing(Kind.DEVICE, at='d.gln')}"),
        {"key": key, **within.values},
    )
    return found.first() is not None


def describe(session: Session, scope: Scope, key: bytes, *, after: int = 0) -> dict[str, object] | None:
    """Return the chain of one device key; None for a key that is not enrolled, or whose site is out of the scope.

    `missing` lists gaps below the highest number as `[from, to]`, `holes` the same with the moment `since` which the
    server knows of them: when the first statement with a higher number came.  `forks` are numbers that two statements
    claim.  A thousand of each at most, above `after`; `next` is the `after` of the rest.
    """
    if not is_in_scope(session, scope, key):
        return None
    last = chain_end(session, key)
    values = {"key": key, "after": after, "most": LISTED_MAX}
    gaps = session.execute(
        text(
            "SELECT before + 1 AS first, seq - 1 AS last, known_at FROM (SELECT seq,"
            " lag(seq, 1, CAST(0 AS bigint)) OVER (ORDER BY seq) AS before,"
            # From the end on: a frame whose beginning moves is added up anew for every row.
            " min(recorded_at) OVER (ORDER BY seq DESC ROWS UNBOUNDED PRECEDING) AS known_at"
            # A page begins at the last number that is known below it: what lies before is not read again.
            " FROM (SELECT seq, min(recorded_at) AS recorded_at FROM statement WHERE key_id = :key AND seq >= COALESCE("
            "  (SELECT max(b.seq) FROM statement b WHERE b.key_id = :key AND b.seq <= :after), 0) GROUP BY seq) s) t"
            " WHERE seq > before + 1 AND seq - 1 > :after ORDER BY seq LIMIT :most"
        ),
        values,
    ).all()
    forks = session.execute(
        text(
            "SELECT seq FROM statement WHERE key_id = :key AND seq > :after GROUP BY seq HAVING count(*) > 1"
            " ORDER BY seq LIMIT :most"
        ),
        values,
    ).all()
    full = [rows[-1] for rows in ([row.last for row in gaps], [row.seq for row in forks]) if len(rows) == LISTED_MAX]
    return {
        "key": b64(key),
        "last_seq": 0 if last is None else last.seq,
        "last_header": None if last is None else b64(last.header_hash),
        "missing": [[row.first, row.last] for row in gaps],
        "holes": [{"from": row.first, "to": row.last, "since": format_utc(row.known_at)} for row in gaps],
        "forks": [row.seq for row in forks],
        # Of two full lists the one that ends earlier says where to go on: nothing is left out, some come twice.
        "next": min(full, default=None),
    }


def links(session: Session, key: bytes, *, after: UUID | None, limit: int) -> list[ChainLink]:
    """Return the statements of a chain in its order, from the one behind the statement `after` on.

    None if `after` is no statement of this chain.
    """
    rows = session.execute(
        text(
            "SELECT s.seq, s.entry_id, s.type, s.claimed_at, s.recorded_at, s.header_hash,"
            " s.seq - 1 - COALESCE((SELECT max(b.seq) FROM statement b WHERE b.key_id = :key AND b.seq < s.seq), 0)"
            " AS missing_before FROM statement s WHERE s.key_id = :key"
            " AND (CAST(:after AS uuid) IS NULL OR (s.seq, s.entry_id) >"
            " (SELECT a.seq, a.entry_id FROM statement a WHERE a.entry_id = :after AND a.key_id = :key))"
            " ORDER BY s.seq, s.entry_id LIMIT :most"
        ),
        {"key": key, "after": after, "most": min(limit, PAGE_MAX)},
    )
    return [ChainLink(**(dict(row._mapping) | {"header_hash": bytes(row.header_hash)})) for row in rows]
