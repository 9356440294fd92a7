"""What of each lot is at a place, packed or loose or by quantity, and what of it is near its last day.

One row is a lot with one last day: of goods that were packed anew the part with the earlier day is a row of its own.
The whole of a place is added up for each page, from indexes alone: a place with 300,000 units is the largest that this
is meant for (docs/performance.md).  Whether a reader may see the place is asked before, as for `place_stock`.

When goods are near their last day is said by city (domain guide, section 3): `near_expiry_rule` holds the days before,
by the shelf life that the lot had, with dates of validity.  Where a city has no rule, only what is past its day is
near; where a lot's shelf life is unknown, the city's longest time counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.city_rules import IN_FORCE
from coldtrace.custody.lots import HERE

PAGE_MAX = 200
FILE_PAGE = 5000
LONGEST_QUERY = 120


@dataclass(frozen=True, kw_only=True)
class PlaceLot:
    """So many packages of a lot at a place, all with one last day; `shelf_days` is the shelf life, where it is known.

    `days_before`: so many days before its last day it is near it there; None without a rule of the city.
    `confirmed`: somebody compared that rule with the city's own text.
    """

    gtin: str
    lot: str
    last_day: date | None
    name_zh: str | None
    name_en: str | None
    quantity: int
    shelf_days: int | None
    days_before: int | None
    confirmed: bool | None

    @property
    def cursor(self) -> str:
        """Where the following page begins: the lot and its day, which no two rows share."""
        day = "" if self.last_day is None else self.last_day.isoformat()
        return f"{self.gtin}|{day}|{self.lot}"


def read_cursor(raw: str) -> tuple[str, date | None, str]:
    """Return the lot and day of a cursor; raise ValueError for any other text."""
    gtin, day, lot = raw.split("|", 2)
    return gtin, date.fromisoformat(day) if day else None, lot


def place_lots(
    session: Session, gln: str, *, today: date, search: str = "", after: str | None, limit: int
) -> list[PlaceLot]:
    """Return the lots at a place by product, last day and lot, from the cursor `after` on.

    `search` asks for those whose lot number, product code or name (in either language) begins with it.
    """
    where = f"TRUE AND {_FOUND}" if search else "TRUE"
    values: dict[str, object] = {"gln": gln, "today": today, "most": limit, **_searched(search)}
    if after is not None:
        gtin, day, lot = read_cursor(after)
        where += " AND (v.gtin, COALESCE(v.last_day, 'infinity'), v.lot) > (:gtin, COALESCE(:day, 'infinity'), :lot)"
        values |= {"gtin": gtin, "day": day, "lot": lot}
    order = "v.gtin, COALESCE(v.last_day, 'infinity'), v.lot"
    return _read(session, _LOTS.format(where=_typed(where), order=order), values)


def near_expiry(session: Session, gln: str, *, today: date, after: str | None, limit: int) -> list[PlaceLot]:
    """Return the lots at a place that are near their last day there or past it, the earliest first."""
    where = "v.last_day <= CAST(:today AS date) + COALESCE(v.days_before, -1)"
    values: dict[str, object] = {"gln": gln, "today": today, "most": limit, **_searched("")}
    if after is not None:
        gtin, day, lot = read_cursor(after)
        where += " AND (v.last_day, v.gtin, v.lot) > (:day, :gtin, :lot)"
        values |= {"gtin": gtin, "day": day, "lot": lot}
    return _read(session, _LOTS.format(where=_typed(where), order="v.last_day, v.gtin, v.lot"), values)


def all_lots(session: Session, gln: str, *, today: date, near: bool, search: str = "") -> Iterator[PlaceLot]:
    """Yield every lot of a place, or those near their last day, a few thousand at once."""
    after: str | None = None
    while True:
        page = (
            near_expiry(session, gln, today=today, after=after, limit=FILE_PAGE)
            if near
            else place_lots(session, gln, today=today, search=search, after=after, limit=FILE_PAGE)
        )
        yield from page
        if len(page) < FILE_PAGE:
            return
        after = page[-1].cursor


def _searched(search: str) -> dict[str, object]:
    plain = search.strip().casefold()[:LONGEST_QUERY]
    return {"search": plain} if plain else {}


_FOUND = (
    "(lower(v.lot) ^@ :search OR v.gtin ^@ :search OR ltrim(v.gtin, '0') ^@ :search"
    " OR lower(v.name_zh) ^@ :search OR lower(v.name_en) ^@ :search)"
)


def _typed(where: str) -> str:
    for name, type in {"search": "text", "gtin": "text", "lot": "text", "day": "date"}.items():
        where = where.replace(f":{name}", f"CAST(:{name} AS {type})")
    return where


_AT = "gln = :gln AND parent_pk IS NULL AND state IN ('active', 'opened')"
_DECODED = (
    # Values are percent-encoded in unit ids (`events/unit_id.py`): signs of a lot as the hex of their UTF-8 bytes.
    "CASE WHEN strpos(x.unit_id, '%') = 0 THEN substr(x.unit_id, 23) ELSE (SELECT convert_from(decode(string_agg("
    "  CASE WHEN length(m[1]) = 3 THEN substr(m[1], 2) ELSE encode(convert_to(m[1], 'UTF8'), 'hex') END, ''"
    "  ORDER BY n), 'hex'), 'UTF8') FROM regexp_matches(substr(x.unit_id, 23), '%[0-9A-F][0-9A-F]|.', 'g')"
    "  WITH ORDINALITY r(m, n)) END"
)
_LOTS = (
    "WITH held AS MATERIALIZED (SELECT lot_id, expires_on, count(*) AS quantity FROM ("
    f"  SELECT u.lot_id, u.expires_on FROM unit u WHERE {_AT} AND u.lot_id IS NOT NULL"
    f"  UNION ALL SELECT i.lot_id, i.expires_on FROM (SELECT unit_pk FROM unit WHERE {_AT}) r"
    "   JOIN unit i ON i.root_pk = r.unit_pk WHERE i.lot_id IS NOT NULL) h GROUP BY lot_id, expires_on),"
    f" booked AS MATERIALIZED (SELECT substr(x.unit_id, 5, 14) AS gtin, {_DECODED} AS lot, x.expires_on,"
    f"  sum(s.quantity) AS quantity FROM lot_stock s JOIN unit x USING (unit_pk) WHERE s.gln = :gln"
    f"  AND s.kind = '{HERE}' AND s.quantity <> 0 GROUP BY x.unit_pk),"
    " each_lot AS (SELECT COALESCE(l.gtin, '') AS gtin, l.lot, LEAST(h.expires_on, l.day) AS last_day,"
    "  h.quantity, l.day - l.made AS shelf_days FROM held h JOIN LATERAL (SELECT o.gtin, o.lot, CASE WHEN"
    "   (SELECT c.state FROM consignment c WHERE c.consignment_id = o.consignment_id) = 'open'"
    "   THEN o.expiry_date END AS day,"
    "   CASE WHEN o.production_date ~ '^[0-9]{{4}}-[0-9]{{2}}$' THEN CAST(o.production_date || '-01' AS date)"
    "    WHEN o.production_date ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN CAST(o.production_date AS date) END AS made"
    "   FROM lot o WHERE o.lot_id = h.lot_id) l ON TRUE"
    " UNION ALL SELECT b.gtin, b.lot, LEAST(b.expires_on, d.day), b.quantity, d.shelf_days FROM booked b"
    "  LEFT JOIN LATERAL (SELECT min(o.expiry_date) AS day, min(o.expiry_date - CASE"
    "   WHEN o.production_date ~ '^[0-9]{{4}}-[0-9]{{2}}$' THEN CAST(o.production_date || '-01' AS date)"
    "   WHEN o.production_date ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN CAST(o.production_date AS date) END)"
    "   AS shelf_days FROM lot o JOIN consignment c USING (consignment_id) WHERE c.state = 'open'"
    "   AND o.gtin = b.gtin AND o.lot = b.lot) d ON TRUE),"
    f" rule AS MATERIALIZED (SELECT r.* FROM site si CROSS JOIN LATERAL ({IN_FORCE}) r WHERE si.gln = :gln),"
    " summed AS (SELECT gtin, lot, last_day, CAST(sum(quantity) AS bigint) AS quantity, max(shelf_days) AS shelf_days"
    "  FROM each_lot GROUP BY gtin, lot, last_day),"
    " v AS (SELECT e.*, p.name_zh, p.name_en, ru.days_before, ru.confirmed FROM summed e"
    "  LEFT JOIN product p ON p.gtin = e.gtin LEFT JOIN LATERAL (SELECT r.days_before, r.confirmed FROM rule r"
    "   WHERE e.shelf_days IS NULL OR r.shelf_days_min <= e.shelf_days ORDER BY r.shelf_days_min DESC LIMIT 1) ru"
    "   ON TRUE)"
    " SELECT v.gtin, v.lot, v.last_day, v.name_zh, v.name_en, v.quantity, v.shelf_days,"
    " v.days_before, v.confirmed FROM v WHERE {where} ORDER BY {order} LIMIT :most"
)


def _read(session: Session, query: str, values: dict[str, object]) -> list[PlaceLot]:
    rows = session.execute(text(query), values)
    return [PlaceLot(**row._mapping) for row in rows]
