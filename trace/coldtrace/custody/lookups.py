"""How often a code was looked up by the public: counts, coarse in place and time, and nothing about who asked.

A visitor counts once a day for a code, so that nobody makes a code suspect by scanning it again and again.  To know a
visitor again that day is kept as a hash under a salt of the day; with the day both go (`forget_visitors`).  Where
look-ups came from is kept as a city and an hour, where the proxy in front says so; of places from which too few came,
only the province or nothing stays (`coarsen`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hmac import digest

from sqlalchemy import text
from sqlmodel import Session

FEW = 5
"""Of a city from which fewer than so many looked up anything in an hour, the name is not kept (k-anonymity)."""
FINE_FOR = timedelta(hours=24)
"""How long a cell keeps its city before the rule of few is applied: until all of its hour have come, and a day."""
TOKEN_BYTES = 16

_CITY = re.compile(r"[1-9][0-9]{5}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a code: by whom today (`token`), from which city (GB/T 2260, "" for unknown), when."""

    unit_id: str
    token: bytes
    city: str
    day: date
    at: datetime


def visitor_token(salt: bytes, *, address: str, agent: str) -> bytes:
    """Return what a visitor is known by until the day's salt is gone; neither address nor browser is in it."""
    return digest(salt, f"{address}\n{agent}".encode(errors="replace"), "sha256")[:TOKEN_BYTES]


def city_of(said: str | None) -> str:
    """Return the city of a district or city code (GB/T 2260), "" for anything else.

    >>> city_of("440304"), city_of("Shenzhen"), city_of(None)
    ('440300', '', '')
    """
    return f"{said[:4]}00" if said is not None and _CITY.fullmatch(said) is not None else ""


def salt_of(session: Session, day: date, *, fresh: bytes) -> bytes:
    """Return the salt of a day, the same for every process; `fresh` becomes it where the day has none yet."""
    session.execute(
        text("INSERT INTO look_salt (day, salt) VALUES (:day, :salt) ON CONFLICT DO NOTHING"),
        {"day": day, "salt": fresh},
    )
    found = session.execute(text("SELECT salt FROM look_salt WHERE day = :day"), {"day": day}).scalar_one()
    return bytes(found)


def looked_up(session: Session, unit_id: str, *, at: datetime) -> tuple[int, datetime]:
    """Return the number of look-ups and when the first was, without counting one; 1 and `at` where there was none."""
    row = session.execute(
        text("SELECT lookups, first_at FROM consumer_lookup WHERE unit_id = :unit"), {"unit": unit_id}
    ).first()
    return (1, at) if row is None else (row.lookups, row.first_at)


def count_lookup(session: Session, look: Look) -> tuple[int, datetime]:
    """Return the number of look-ups, this one included, and when the first was; a visitor counts once a day."""
    return count_lookups(session, [look])[0]


def count_lookups(session: Session, looks: Sequence[Look]) -> list[tuple[int, datetime]]:
    """Count looks that came together, in order, and return for each what `count_lookup` does.

    Rows are met in one order, so that two processes counting the same codes wait for each other and no more.
    """
    if not looks:
        return []
    rows = session.execute(
        text(
            "WITH said AS (SELECT * FROM unnest(CAST(:units AS text[]), CAST(:tokens AS bytea[]),"
            "  CAST(:cities AS text[]), CAST(:days AS date[]), CAST(:ats AS timestamptz[]))"
            "  WITH ORDINALITY AS v (unit_id, token, city, day, at, n)),"
            " once AS (SELECT DISTINCT ON (unit_id, token, day) * FROM said ORDER BY unit_id, token, day, n),"
            " came AS (INSERT INTO look_visitor (day, token, unit_id) SELECT day, token, unit_id FROM once"
            "  ORDER BY unit_id, token, day ON CONFLICT DO NOTHING RETURNING day, token, unit_id),"
            " fresh AS (SELECT once.* FROM once JOIN came USING (day, token, unit_id)),"
            " cell AS (INSERT INTO look_cell (unit_id, hour, city, coarse, looks)"
            "  SELECT unit_id, date_trunc('hour', at), city, FALSE, count(*) FROM fresh GROUP BY 1, 2, 3"
            "  ORDER BY 1, 2, 3"
            "  ON CONFLICT (unit_id, hour, city, coarse) DO UPDATE SET looks = look_cell.looks + EXCLUDED.looks),"
            " total AS (INSERT INTO consumer_lookup (unit_id, lookups, first_at)"
            "  SELECT unit_id, count(*), min(at) FROM fresh GROUP BY unit_id ORDER BY unit_id"
            "  ON CONFLICT (unit_id) DO UPDATE SET lookups = consumer_lookup.lookups + EXCLUDED.lookups"
            "  RETURNING unit_id, lookups, first_at)"
            " SELECT s.n, s.unit_id, f.n IS NOT NULL AS counted, coalesce(t.lookups, c.lookups, 1) AS lookups,"
            "  coalesce(t.first_at, c.first_at, s.at) AS first_at FROM said s LEFT JOIN fresh f ON f.n = s.n"
            "  LEFT JOIN total t ON t.unit_id = s.unit_id LEFT JOIN consumer_lookup c ON c.unit_id = s.unit_id"
            " ORDER BY s.n DESC"
        ),
        {
            "units": [look.unit_id for look in looks],
            "tokens": [look.token for look in looks],
            "cities": [look.city for look in looks],
            "days": [look.day for look in looks],
            "ats": [look.at for look in looks],
        },
    ).all()
    later: Counter[str] = Counter()
    found = []
    for row in rows:
        found.append((row.lookups - later[row.unit_id], row.first_at))
        later[row.unit_id] += row.counted
    return found[::-1]


def forget_visitors(session: Session, *, before: date) -> int:
    """Delete the salts of days that are over and who came on them; return how many visits are forgotten."""
    session.execute(text("DELETE FROM look_salt WHERE day < :day"), {"day": before})
    gone: int = session.execute(
        text(
            "WITH gone AS (DELETE FROM look_visitor WHERE day < :day RETURNING 1) SELECT CAST(count(*) AS bigint)"
            " FROM gone"
        ),
        {"day": before},
    ).scalar_one()
    return gone


def coarsen(session: Session, *, before: datetime, few: int = FEW) -> int:
    """Take from cells of hours before a moment the cities of which too few came; return how many cells were looked at.

    Of all look-ups of any code from one city in one hour there are at least `few`, or the city is not kept; then those
    of the province that are left count together, and what is still too few keeps the hour alone.
    """
    done: int = session.execute(
        text(
            "WITH fine AS (DELETE FROM look_cell WHERE NOT coarse AND hour < :before RETURNING *),"
            " of_city AS (SELECT f.*, CASE WHEN sum(f.looks) OVER (PARTITION BY f.city, f.hour) >= :few THEN f.city"
            "  WHEN f.city = '' THEN '' ELSE left(f.city, 2) || '0000' END AS place FROM fine f),"
            " of_province AS (SELECT c.*, CASE WHEN c.place = c.city"
            "  OR sum(c.looks) OVER (PARTITION BY c.place, c.hour) >= :few THEN c.place ELSE '' END AS kept"
            "  FROM of_city c),"
            " put AS (INSERT INTO look_cell (unit_id, hour, city, coarse, looks) SELECT unit_id, hour, kept, TRUE,"
            "  sum(looks) FROM of_province GROUP BY unit_id, hour, kept"
            "  ON CONFLICT (unit_id, hour, city, coarse) DO UPDATE SET looks = look_cell.looks + EXCLUDED.looks)"
            " SELECT CAST(count(*) AS bigint) FROM fine"
        ),
        {"before": before, "few": few},
    ).scalar_one()
    return done
