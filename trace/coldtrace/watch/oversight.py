"""Who tells what, how soon and how well: counts over the sites of a scope, of nobody in person.

See docs/guides/oversight.md.

Days that are over are counted once (`count_days`, the caretaker's), hours of the present day by the hour
(`count_hours`), and of which consignments a box was spoken of is noted (`count_consignments`); what came since is
counted when somebody asks.  So the cost goes by days and sites, not by statements.
What is added up never changes: when a statement arrived and how late, which no correction touches.  Cases and refused
statements are counted as they stand now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.case_store import GONE
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.quality_rules import Counts

DAYS_MAX: Final = 92
PAGE_MAX: Final = 200
PIECE: Final = timedelta(days=31)
SETTLED: Final = timedelta(hours=1)
"""How long after its end a day is counted: what was received before has been committed by then."""
SETTLED_HOUR: Final = timedelta(minutes=10)
"""The same of an hour: should something be committed still later, its day is counted from the statements anyway."""
CONSIGNMENTS_AT_ONCE: Final = 1000
HOURS: Final = 24
HOURS_KEPT: Final = timedelta(hours=HOURS + 1)
_LOCK = 0x44415953  # "DAYS"
_NAME, _HOUR_NAME = "statement_day", "statement_hour"
_WATCH = sorted({SiteRole.REGULATOR.value, SiteRole.CUSTOMS.value})
"""Sites that goods do not pass through."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The figures of a scope.  `sites` are open ones that goods pass through; `telling` said something in the period.

    Of the consignments imported in the period `coded` have a box of which something was said.  `hours` counts what
    arrived in each of the last hours, the newest first.
    """

    counts: Counts
    sites: int
    telling: int
    consignments: int
    coded: int
    hours: tuple[tuple[datetime, int], ...]


@dataclass(frozen=True, kw_only=True)
class OfOperator:
    """The figures of one organisation's sites in the scope; `open_cases` of its office, `overdue` of them."""

    uscc: str
    name_zh: str
    name_en: str
    counts: Counts
    sites: int
    telling: int
    open_cases: int


def since_of(now: datetime, days: int) -> datetime:
    """Return the beginning of a period of whole days (UTC), today the last one."""
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=days - 1), time(), UTC)


def count_days(session: Session, now: datetime) -> bool:
    """Count days that are over and were not yet counted, some weeks at once; tell whether there are more.

    The caller owns the transaction.  One at a time; others do nothing.
    """
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
        return False
    begin = session.execute(
        text(
            "SELECT COALESCE((SELECT until FROM case_sweep WHERE name = :name),"
            " (SELECT date_trunc('day', min(recorded_at), 'UTC') FROM statement))"
        ),
        {"name": _NAME},
    ).scalar_one()
    last = datetime.combine((now - SETTLED).astimezone(UTC).date(), time(), UTC)
    if begin is None or begin >= last:
        return False
    end = min(begin + PIECE, last)
    session.execute(text(_COUNT_DAYS), {"begin": begin, "end": end})
    _note_mark(session, _NAME, end)
    return bool(end < last)


def count_hours(session: Session, now: datetime) -> None:
    """Count the hours that are over, from the last counted day on and a day back at least; forget older ones.

    The caller owns the transaction, and has counted the days.  One at a time; others do nothing.
    """
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
        return
    day = session.execute(
        text(
            "SELECT COALESCE((SELECT until FROM case_sweep WHERE name = :name),"
            " (SELECT date_trunc('day', min(recorded_at), 'UTC') FROM statement))"
        ),
        {"name": _NAME},
    ).scalar_one()
    if day is None:
        return
    first = min(day, _hour(now - HOURS_KEPT))
    session.execute(text("DELETE FROM statement_hour WHERE hour < :first"), {"first": first})
    mark = session.execute(text("SELECT until FROM case_sweep WHERE name = :name"), {"name": _HOUR_NAME}).scalar()
    begin, end = max(mark or first, first), _hour(now - SETTLED_HOUR)
    if begin < end:
        session.execute(text(_COUNT_HOURS), {"begin": begin, "end": end})
        _note_mark(session, _HOUR_NAME, end)


def count_consignments(session: Session, now: datetime) -> bool:
    """Note of which consignments of the longest period a box was spoken of, some at once; tell whether more may be.

    The caller owns the transaction.  Rows that somebody else is busy with are left for the next time.
    """
    noted = session.execute(
        text(
            "UPDATE consignment SET coded = TRUE WHERE consignment_id IN (SELECT c.consignment_id FROM consignment c"
            f" WHERE NOT c.coded AND c.imported_at >= :since AND {_SPOKEN_OF}"
            " LIMIT :most FOR UPDATE OF c SKIP LOCKED) RETURNING 1"
        ),
        {"since": since_of(now, DAYS_MAX), "most": CONSIGNMENTS_AT_ONCE},
    )
    return len(noted.all()) == CONSIGNMENTS_AT_ONCE


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _note_mark(session: Session, name: str, until: datetime) -> None:
    session.execute(
        text(
            "INSERT INTO case_sweep (name, until) VALUES (:name, :until)"
            " ON CONFLICT (name) DO UPDATE SET until = EXCLUDED.until"
        ),
        {"name": name, "until": until},
    )


_LATE = "s.recorded_at - s.event_at"
_SUMS = (
    "count(*) AS statements,"
    f" count(*) FILTER (WHERE {_LATE} <= interval '15 minutes') AS within_15_min,"
    f" count(*) FILTER (WHERE {_LATE} <= interval '24 hours') AS within_24_h,"
    f" count(*) FILTER (WHERE {_LATE} <= interval '72 hours') AS within_72_h"
)
_COUNT_DAYS = (
    "INSERT INTO statement_day (day, gln, statements, within_15_min, within_24_h, within_72_h)"
    f" SELECT CAST(s.recorded_at AT TIME ZONE 'UTC' AS date), s.gln, {_SUMS} FROM statement s"
    " WHERE s.recorded_at >= :begin AND s.recorded_at < :end GROUP BY 1, 2 ON CONFLICT DO NOTHING"
)
_COUNT_HOURS = (
    "INSERT INTO statement_hour (hour, gln, statements, within_15_min, within_24_h, within_72_h)"
    f" SELECT date_trunc('hour', s.recorded_at, 'UTC'), s.gln, {_SUMS} FROM statement s"
    " WHERE s.recorded_at >= :begin AND s.recorded_at < :end GROUP BY 1, 2 ON CONFLICT DO NOTHING"
)
_SAID_MORE = (
    # That a label was voided is no word of a box.  Most units are seen to be in some other state at once.
    "(u.state NOT IN ('unknown', 'blank', 'void') OR EXISTS (SELECT 1 FROM statement_line x JOIN statement s"
    " USING (entry_id) WHERE x.unit_pk = u.unit_pk AND s.type <> 'void'))"
)
_LOT_UNIT = (
    # The id of goods by lot and quantity, as `events/unit_id.py` spells it.
    "'(01)' || l.gtin || '(10)' || CASE WHEN l.lot ~ '^[A-Za-z0-9._~-]*$' THEN l.lot ELSE (SELECT string_agg(CASE"
    " WHEN m[1] ~ '[A-Za-z0-9._~-]' THEN m[1] ELSE regexp_replace(upper(encode(convert_to(m[1], 'UTF8'), 'hex')),"
    " '(..)', '%\\1', 'g') END, '' ORDER BY n) FROM regexp_matches(l.lot, '.', 'g') WITH ORDINALITY r(m, n)) END"
)
_SPOKEN_OF = (
    # Asked one by one: EXISTS would be answered for all units that there are at once.
    "COALESCE((SELECT TRUE FROM lot l CROSS JOIN LATERAL"
    f" ((SELECT 1 FROM unit u WHERE u.lot_id = l.lot_id AND {_SAID_MORE} LIMIT 1)"
    f" UNION ALL (SELECT 1 FROM unit u WHERE u.unit_id = {_LOT_UNIT} AND {_SAID_MORE} LIMIT 1)) u"
    " WHERE l.consignment_id = c.consignment_id LIMIT 1), FALSE)"
)
_SITES = (
    "SELECT m.gln, m.operator_id, m.closed_at IS NULL AND m.role <> ALL(CAST(:watch AS text[])) AS counts FROM site m"
)
_COUNTED = (
    "counted AS (SELECT greatest(COALESCE(max(until) FILTER (WHERE name = 'statement_day'), '-infinity'),"
    "  CAST(:since AS timestamptz)) AS days, greatest(COALESCE(max(until), '-infinity'), CAST(:since AS timestamptz))"
    "  AS hours FROM case_sweep WHERE name IN ('statement_day', 'statement_hour'))"
)
_COUNTS = (
    f"{_COUNTED},"
    " told AS (SELECT d.gln, d.statements, d.within_15_min, d.within_24_h, d.within_72_h FROM statement_day d"
    "  WHERE d.day >= CAST(CAST(:since AS timestamptz) AT TIME ZONE 'UTC' AS date) AND d.gln IN (SELECT gln FROM mine)"
    " UNION ALL SELECT h.gln, h.statements, h.within_15_min, h.within_24_h, h.within_72_h FROM statement_hour h"
    "  WHERE h.hour >= (SELECT days FROM counted) AND h.hour < (SELECT hours FROM counted)"
    "  AND h.gln IN (SELECT gln FROM mine)"
    f" UNION ALL SELECT s.gln, {_SUMS} FROM statement s WHERE s.recorded_at >= (SELECT hours FROM counted)"
    "  AND s.recorded_at < :until AND s.gln IN (SELECT gln FROM mine) GROUP BY s.gln),"
    " odd AS (SELECT f.gln, count(DISTINCT f.entry_id) AS contradicting FROM case_file f"
    "  WHERE f.opened_at >= :since AND f.opened_at < :until AND f.about LIKE 'statement:%'"
    f"  AND f.note IS DISTINCT FROM '{GONE}' AND f.gln IN (SELECT gln FROM mine) GROUP BY f.gln),"
    " no AS (SELECT v.gln, sum(q.times) AS refused FROM quarantine q JOIN device v ON v.key_id = q.key_id"
    "  WHERE q.proven AND q.received_at >= :since AND q.received_at < :until AND v.gln IN (SELECT gln FROM mine)"
    "  GROUP BY v.gln),"
    " by_site AS (SELECT m.gln, m.operator_id, m.counts, COALESCE(t.statements, 0) AS statements,"
    "  COALESCE(t.within_15_min, 0) AS within_15_min, COALESCE(t.within_24_h, 0) AS within_24_h,"
    "  COALESCE(t.within_72_h, 0) AS within_72_h, COALESCE(o.contradicting, 0) AS contradicting,"
    "  COALESCE(n.refused, 0) AS refused FROM mine m"
    "  LEFT JOIN (SELECT gln, sum(statements) AS statements, sum(within_15_min) AS within_15_min,"
    "   sum(within_24_h) AS within_24_h, sum(within_72_h) AS within_72_h FROM told GROUP BY gln) t USING (gln)"
    "  LEFT JOIN odd o USING (gln) LEFT JOIN no n USING (gln))"
)
_TOTALS = (
    "sum(b.statements) AS statements, sum(b.within_15_min) AS within_15_min, sum(b.within_24_h) AS within_24_h,"
    " sum(b.within_72_h) AS within_72_h, sum(b.contradicting) AS contradicting, sum(b.refused) AS refused,"
    " count(*) FILTER (WHERE b.counts) AS sites, count(*) FILTER (WHERE b.counts AND b.statements > 0) AS telling"
)


def overview(session: Session, scope: Scope, consignments: Scope, *, since: datetime, until: datetime) -> Overview:
    """Return the figures of a period over the sites in the scope; `consignments` is the scope of these."""
    within = Within(scope=scope)
    values = _values(since, until) | within.values
    mine = within.site("m.gln")
    row = session.execute(
        text(f"WITH mine AS MATERIALIZED ({_SITES} WHERE {mine}), {_COUNTS} SELECT {_TOTALS} FROM by_site b"), values
    ).one()
    imported, coded = _consignments(session, consignments, since=since, until=until)
    return Overview(
        counts=_counts(row._mapping),
        sites=row.sites,
        telling=row.telling,
        consignments=imported,
        coded=coded,
        hours=_hours(session, mine, values, until),
    )


def operators(
    session: Session, scope: Scope, *, since: datetime, until: datetime, after: str | None = None, limit: int
) -> list[OfOperator]:
    """Return the organisations with a site in the scope by credit code, from the one behind `after` on."""
    within = Within(scope=scope)
    mine = within.site("m.gln")
    rows = session.execute(
        text(
            # Of the organisations of this page alone, however many others there are.
            f"WITH page AS MATERIALIZED (SELECT p.operator_id, p.uscc, p.name_zh, p.name_en FROM operator p"
            f" WHERE p.uscc > :after AND EXISTS (SELECT 1 FROM ({_SITES}) m WHERE m.operator_id = p.operator_id"
            f"  AND m.counts AND {mine}) ORDER BY p.uscc LIMIT :most),"
            f" mine AS MATERIALIZED (SELECT m.* FROM page JOIN ({_SITES}) m USING (operator_id) WHERE {mine}),"
            f" {_COUNTS} SELECT p.uscc, p.name_zh, p.name_en, x.*,"
            " (SELECT count(*) FROM case_file f WHERE f.live AND f.operator_id = p.operator_id"
            "  AND (f.gln IS NULL OR f.gln IN (SELECT gln FROM mine))) AS open_cases FROM"
            f" (SELECT b.operator_id, {_TOTALS} FROM by_site b GROUP BY b.operator_id) x"
            " JOIN page p USING (operator_id) ORDER BY p.uscc"
        ),
        _values(since, until) | within.values | {"after": after or "", "most": min(limit, PAGE_MAX)},
    )
    return [
        OfOperator(
            uscc=row.uscc,
            name_zh=row.name_zh,
            name_en=row.name_en,
            counts=_counts(row._mapping),
            sites=row.sites,
            telling=row.telling,
            open_cases=row.open_cases,
        )
        for row in rows
    ]


def whose_figures(session: Session, scope: Scope) -> list[UUID]:
    """Return the organisations that `operators` has figures of."""
    within = Within(scope=scope)
    rows = session.execute(
        text(f"SELECT DISTINCT m.operator_id FROM ({_SITES}) m WHERE m.counts AND {within.site('m.gln')} ORDER BY 1"),
        {"watch": _WATCH, **within.values},
    )
    return list(rows.scalars())


def _values(since: datetime, until: datetime) -> dict[str, object]:
    return {"since": since, "until": until, "watch": _WATCH}


def _counts(row: Mapping[Any, Any]) -> Counts:
    return Counts(**{name: int(row[name] or 0) for name in Counts.__dataclass_fields__})


def _consignments(session: Session, scope: Scope, *, since: datetime, until: datetime) -> tuple[int, int]:
    """Return how many were imported in the period, and of how many of them a box was spoken of."""
    within = Within(scope=scope)
    mine = f"({within.site('c.station_gln')} OR {within.organisation('c.importer_id')})"
    row = session.execute(
        text(
            f"SELECT count(*) AS imported, count(*) FILTER (WHERE c.coded OR {_SPOKEN_OF}) AS coded FROM consignment c"
            f" WHERE c.state = 'open' AND c.imported_at >= :since AND c.imported_at < :until AND {mine}"
        ),
        {"since": since, "until": until, **within.values},
    ).one()
    return row.imported, row.coded


def _hours(
    session: Session, mine: str, values: Mapping[str, object], until: datetime
) -> tuple[tuple[datetime, int], ...]:
    last = _hour(until)
    first = last - timedelta(hours=HOURS - 1)
    rows = session.execute(
        text(
            f"WITH mine AS MATERIALIZED ({_SITES} WHERE {mine}), counted AS (SELECT"
            "  greatest(COALESCE(max(until), '-infinity'), CAST(:since AS timestamptz)) AS hours FROM case_sweep"
            "  WHERE name = 'statement_hour')"
            " SELECT v.hour, sum(v.told) AS told FROM (SELECT h.hour, h.statements AS told FROM statement_hour h"
            "  WHERE h.hour >= :since AND h.hour < (SELECT hours FROM counted) AND h.gln IN (SELECT gln FROM mine)"
            "  UNION ALL SELECT date_trunc('hour', s.recorded_at, 'UTC'), 1 FROM statement s"
            "  WHERE s.recorded_at >= (SELECT hours FROM counted) AND s.recorded_at < :until"
            "  AND s.gln IN (SELECT gln FROM mine)) v GROUP BY v.hour"
        ),
        dict(values) | {"since": first},
    )
    told = {row.hour.astimezone(UTC): row.told for row in rows}
    return tuple((hour, told.get(hour, 0)) for hour in (last - timedelta(hours=each) for each in range(HOURS)))
