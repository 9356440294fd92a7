"""How often a code was looked up by the public: counts, coarse in place and time, and nothing about who asked.

A visitor counts once a day for a code, so that nobody makes a code suspect by scanning it again and again.  To know a
visitor again that day is kept as a hash under a salt of the day; with the day both go (`forget_visitors`).  Three of a
network count for the number that the page shows, one for what the clone radar reads: a browser that calls itself
something else each time is no crowd.  Where look-ups came from is kept as a city and an hour, where the proxy in front
says so; of places from which too few came, only the province or nothing stays (`coarsen`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from hmac import digest

from sqlmodel import Session

from coldtrace.db.plain_sql import text
from coldtrace.network import network_of

FEW = 5
"""Of a city from which fewer looks than so many came in an hour, at all codes together, the name is not kept.

These are looks, not people: who looked at one code and at another is not joined; one shopper with five boxes is five.
What is kept cannot tell people: `look_visitor` and `look_network` know a visitor and the code, but neither hour nor
city; `look_cell` knows hour and city of a code, but no visitor; and when the rule is applied the day's visitors are
forgotten.  See decision 0050.
"""
FINE_FOR = timedelta(hours=24)
"""How long a cell keeps its city before the rule of few is applied: until all of its hour have come, and a day."""
TOKEN_BYTES = 16
NETWORK_MAX = 3
"""From one network so many of a day's looks at a code raise the number that the page shows; of a family at home three
are enough.  Into the cells, which the clone radar reads, goes the first of them alone: what makes a code suspect must
not come from one place that calls itself several."""
STRAYS_MAX = 20
"""Of how many codes that were never issued one network is heard on one day."""
_LOCAL = timezone(timedelta(hours=8))

_CITY = re.compile(r"[1-9][0-9]{5}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a code: by whom today (`token`), through which network, from which city (GB/T 2260, "" for unknown),
    when."""

    unit_id: str
    token: bytes
    network: bytes
    city: str
    day: date
    at: datetime


def visitor_token(salt: bytes, *, address: str, agent: str) -> bytes:
    """Return what a visitor is known by until the day's salt is gone; neither address nor browser is in it."""
    return digest(salt, f"{address}\n{agent}".encode(errors="replace"), "sha256")[:TOKEN_BYTES]


def network_token(salt: bytes, *, address: str) -> bytes:
    """Return what the network of a visitor is known by that day: the address, of IPv6 the half that a home gets."""
    return visitor_token(salt, address=network_of(address), agent="")


def day_of(moment: datetime) -> date:
    """Return the day on which visitors are known again: the local one."""
    return moment.astimezone(_LOCAL).date()


def begin_of(day: date) -> datetime:
    """Return when such a day begins."""
    return datetime.combine(day, time(), _LOCAL)


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
    """Return the number of look-ups, this one included, and when the first was; a visitor counts once a day, of one
    network NETWORK_MAX visitors do."""
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
            "  CAST(:networks AS bytea[]), CAST(:cities AS text[]), CAST(:days AS date[]), CAST(:ats AS timestamptz[]))"
            "  WITH ORDINALITY AS v (unit_id, token, network, city, day, at, n)),"
            " once AS (SELECT DISTINCT ON (unit_id, token, day) * FROM said ORDER BY unit_id, token, day, n),"
            " came AS (INSERT INTO look_visitor (day, token, unit_id) SELECT day, token, unit_id FROM once"
            "  ORDER BY unit_id, token, day ON CONFLICT DO NOTHING RETURNING day, token, unit_id),"
            " told AS (SELECT once.*, row_number() OVER (PARTITION BY unit_id, day, network ORDER BY n) AS nth"
            "  FROM once JOIN came USING (day, token, unit_id)),"
            " added AS (SELECT unit_id, day, network, count(*) AS times FROM told GROUP BY unit_id, day, network),"
            " net AS (INSERT INTO look_network (unit_id, day, network, looks) SELECT unit_id, day, network, times"
            "  FROM added ORDER BY unit_id, day, network ON CONFLICT (unit_id, day, network)"
            "  DO UPDATE SET looks = look_network.looks + EXCLUDED.looks WHERE look_network.looks < :network_max"
            "  RETURNING unit_id, day, network, looks),"
            " fresh AS (SELECT told.*, net.looks - added.times + told.nth AS of_network FROM told"
            "  JOIN added USING (unit_id, day, network) JOIN net USING (unit_id, day, network)"
            "  WHERE net.looks - added.times + told.nth <= :network_max),"
            " cell AS (INSERT INTO look_cell (unit_id, hour, city, coarse, looks)"
            "  SELECT unit_id, date_trunc('hour', at), city, FALSE, count(*) FROM fresh WHERE of_network = 1"
            "  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
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
            "networks": [look.network for look in looks],
            "network_max": NETWORK_MAX,
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


def count_stray(
    session: Session,
    *,
    gtin: str,
    lot: str,
    unit_id: str,
    signed: bool,
    network: bytes,
    day: date,
    known: bool = False,
) -> None:
    """Count a look at a code of a lot that is known here, under which nothing was ever issued; one that is `known` is
    asked about in the same way and not counted.

    A network is one visitor of a lot a day, whatever codes it makes up, and heard of some codes alone.
    """
    session.execute(
        text(
            "WITH fresh AS (INSERT INTO stray_visitor (day, token, unit_id) SELECT :day, :network, :unit"
            "  WHERE NOT :known AND EXISTS (SELECT 1 FROM lot l WHERE l.gtin = :gtin AND l.lot = :lot)"
            "  AND (SELECT count(*) FROM stray_visitor v WHERE v.day = :day AND v.token = :network) < :most"
            "  ON CONFLICT DO NOTHING RETURNING unit_id)"
            " INSERT INTO stray_look (gtin, lot, day, unit_id, signed, looks, visitors)"
            " SELECT :gtin, :lot, :day, :unit, :signed, 1, CASE WHEN EXISTS (SELECT 1 FROM stray_visitor v"
            "  WHERE v.day = :day AND v.token = :network AND v.unit_id ^@ :product) THEN 0 ELSE 1 END FROM fresh"
            " ON CONFLICT (gtin, lot, day, unit_id, signed) DO UPDATE SET looks = stray_look.looks + 1,"
            " visitors = stray_look.visitors + EXCLUDED.visitors"
        ),
        {
            "gtin": gtin,
            "lot": lot,
            "unit": unit_id,
            "signed": signed,
            "network": network,
            "day": day,
            "most": STRAYS_MAX,
            "known": known,
            "product": f"(01){gtin}",
        },
    )


def places_of(session: Session, unit_id: str, *, since: datetime, few: int = FEW) -> list[tuple[str, int]]:
    """Return from which places a code was looked up since, and how often, the most first.

    A place from which fewer than `few` looks at anything came in that hour is told as "", whether its time has come
    or not.
    """
    rows = session.execute(
        text(
            "SELECT place, CAST(sum(looks) AS int) AS looks FROM (SELECT c.looks, CASE WHEN c.coarse OR (SELECT"
            "  sum(o.looks) FROM look_cell o WHERE o.hour = c.hour AND o.city = c.city AND NOT o.coarse) >= :few"
            "  THEN c.city ELSE '' END AS place FROM look_cell c WHERE c.unit_id = :unit AND c.hour >= :since) t"
            " GROUP BY place ORDER BY looks DESC, place"
        ),
        {"unit": unit_id, "since": since, "few": few},
    )
    return [(row.place, row.looks) for row in rows]


def forget_visitors(session: Session, *, before: date) -> int:
    """Delete the salts of days that are over and who came on them; return how many visits are forgotten."""
    for table in ("look_salt", "look_network", "stray_visitor"):
        session.execute(text(f"DELETE FROM {table} WHERE day < :day"), {"day": before})
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
