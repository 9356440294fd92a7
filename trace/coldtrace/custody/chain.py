"""A device's chain as the server has it: what came, what is missing, where it forks."""

from sqlalchemy import text
from sqlmodel import Session

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


def describe(session: Session, scope: Scope, key: bytes) -> dict[str, object] | None:
    """Return the chain of one device key; None for a key that is not enrolled, or whose site is out of the scope.

    `missing` lists gaps below the highest number as `[from, to]`; `forks` numbers that two statements claim.
    """
    within = Within(scope=scope)
    found = session.execute(
        text(f"SELECT 1 FROM device d WHERE d.key_id = :key AND {within.thing(Kind.DEVICE, at='d.gln')}"),
        {"key": key, **within.values},
    )
    if found.first() is None:
        return None
    last = chain_end(session, key)
    gaps = session.execute(
        text(
            "SELECT before + 1 AS first, seq - 1 AS last FROM (SELECT seq, lag(seq, 1, CAST(0 AS bigint))"
            " OVER (ORDER BY seq) AS before FROM (SELECT DISTINCT seq FROM statement WHERE key_id = :key) s) t"
            " WHERE seq > before + 1 ORDER BY seq LIMIT 1000"
        ),
        {"key": key},
    )
    forks = session.execute(
        text("SELECT seq FROM statement WHERE key_id = :key GROUP BY seq HAVING count(*) > 1 ORDER BY seq LIMIT 1000"),
        {"key": key},
    )
    return {
        "key": b64(key),
        "last_seq": 0 if last is None else last.seq,
        "last_header": None if last is None else b64(last.header_hash),
        "missing": [[row.first, row.last] for row in gaps],
        "forks": [row.seq for row in forks],
    }
