"""The clone radar: what the sweep asks about codes that seem to be on more than one box (docs/guides/clone-radar.md).

What the public looked at is known by hour and city alone (`custody/lookups.py`), and after a day by less than that.
The rules are `radar_rules.py`; here their figures are read, and what they find becomes a case for the regulator.  A
case keeps figures, and of places only such from which many looked up anything in that hour; while it is live the
overlay `clone_suspect` is told of its goods (`custody/suspects.py`).  What a person settled is judged by later looks
alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody import case_store, lookups
from coldtrace.custody.case_store import NewCase
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CaseKind, Mark
from coldtrace.events.unit_id import lot_unit
from coldtrace.watch.model import SAID_ELSEWHERE, SUSPECTS_MAX, UNITS_NAMED
from coldtrace.watch.radar_rules import (
    Away,
    Cell,
    Finding,
    Presence,
    RadarLimits,
    Seen,
    Signal,
    burst_of,
    goes_back_and_forth,
    is_guessable,
    judge,
)

AT_ONCE: Final = 500
LATE_HOUR: Final = timedelta(hours=1)
"""The hour that a window begins in is looked at whole."""

JUMPED: Final = tuple(
    mark.value for mark in (Mark.NOT_HERE, Mark.GAP, Mark.AFTER_SALE, Mark.SOLD_TWICE, Mark.NOT_ADDRESSED_HERE)
)
"""Marks of a line that says that goods are where the record does not have them."""

_Window = Mapping[str, object]


def looked_up(session: Session, window: _Window, now: datetime, limits: RadarLimits) -> list[NewCase]:
    """Return the codes looked up in a window that more boxes than one seem to carry."""
    units = session.execute(
        text(
            "SELECT f.unit_id FROM (SELECT DISTINCT unit_id FROM look_cell WHERE NOT coarse AND hour > :from"
            "  AND hour <= :until) f JOIN consumer_lookup k USING (unit_id) WHERE k.lookups >= :fewest"
            f" AND NOT EXISTS ({_LIVE_CASE.format(unit='f.unit_id')} AND c.about LIKE 'look:%') ORDER BY f.unit_id"
        ),
        _hours(window) | {"fewest": limits.fewest},
    ).scalars()
    found = []
    for page in _pages(list(units)):
        for row in session.execute(text(_LOOKS), {"units": page, **_fixed(now, limits)}):
            finding = judge(_seen(row), limits)
            if finding is not None:
                found.append(_of_looks(session, row, finding, now))
    return found


_LIVE_CASE = (
    "SELECT 1 FROM case_suspect x JOIN case_file c ON c.case_id = x.case_id AND c.live AND c.kind = 'clone_suspect'"
    " WHERE x.unit_id = {unit}"
)
_LOOKS = (
    "SELECT u.unit_id, r.gln, r.state = 'opened' OR EXISTS (SELECT 1 FROM statement_line l"
    "  JOIN statement s USING (entry_id) WHERE l.unit_pk = u.unit_pk AND s.type = 'open') AS opened, closed.times,"
    " greatest(closed.at, CAST(:oldest AS timestamptz)) AS since,"
    " sold.at AS sold_at, home.place AS home, home.at AS home_at, cells.hours, cells.places, cells.looks"
    " FROM unit u JOIN unit r ON r.unit_pk = COALESCE(u.root_pk, u.unit_pk)"
    " CROSS JOIN LATERAL (SELECT min(s.event_at) AS at FROM statement_line l JOIN statement s USING (entry_id)"
    "  WHERE r.state IN ('sold', 'used') AND l.unit_pk = u.unit_pk AND s.type IN ('sell', 'use')"
    "  AND NOT l.marks && CAST(:blocking AS text[])) sold"
    # Where the record has it, or had it when it was sold, and since when; of what is on the road neither is known.
    " CROSS JOIN LATERAL (SELECT max(h.district) AS place, max(s.event_at) AS at FROM statement_line l"
    "  JOIN statement s USING (entry_id) JOIN site h ON h.gln = s.gln WHERE l.unit_pk IN (u.unit_pk, r.unit_pk)"
    "  AND r.state IN ('active', 'sold', 'used') AND s.gln = r.gln"
    "  AND s.type IN ('commission', 'adopt', 'receive', 'unpack')"
    "  AND (sold.at IS NULL OR s.event_at <= sold.at) AND NOT l.marks && CAST(:blocking AS text[])) home"
    " CROSS JOIN LATERAL (SELECT count(*) AS times, max(c.closed_at) AS at FROM case_suspect x JOIN case_file c"
    "  ON c.case_id = x.case_id AND c.closed_by IS NOT NULL AND c.kind = 'clone_suspect'"
    "  WHERE x.unit_id = u.unit_id) closed"
    " CROSS JOIN LATERAL (SELECT array_agg(CAST(extract(epoch FROM k.hour) / 3600 AS int) ORDER BY k.hour, k.city)"
    "  AS hours, array_agg(k.city ORDER BY k.hour, k.city) AS places, array_agg(k.looks ORDER BY k.hour, k.city) AS"
    "  looks FROM look_cell k WHERE k.unit_id = u.unit_id"
    "  AND k.hour >= greatest(closed.at, CAST(:oldest AS timestamptz))) cells"
    " WHERE u.unit_id = ANY(CAST(:units AS text[])) AND r.gln IS NOT NULL AND cells.hours IS NOT NULL"
    " ORDER BY u.unit_id"
)
"""Of some units: where they are, when they were sold, and the cells of the window, or since somebody settled a case."""


def _seen(row: Row[Any]) -> Seen:
    cells = zip(row.hours, row.places, row.looks, strict=True)
    return Seen(
        cells=tuple(Cell(hour=hour, place=place, looks=int(looks)) for hour, place, looks in cells),
        sold_hour=None if row.sold_at is None else int(row.sold_at.timestamp()) // 3600,
        at_counter=row.opened,
        home=row.home or "",
        home_hour=None if row.home_at is None else int(row.home_at.timestamp()) // 3600,
    )


def _of_looks(session: Session, row: Row[Any], finding: Finding, now: datetime) -> NewCase:
    return NewCase(
        kind=CaseKind.CLONE_SUSPECT,
        about=_about(f"look:{row.unit_id}", row.times),
        gln=row.gln,
        opened_at=now,
        unit_id=row.unit_id,
        detail={
            "units": [row.unit_id],
            "signals": [each.value for each in finding.signals],
            "looks": finding.looks,
            "visitors": finding.visitors,
            "days": finding.days,
            "provinces": finding.provinces,
            "returns": finding.returns,
            "places": [list(each) for each in lookups.places_of(session, row.unit_id, since=row.since)],
        },
        suspects=(row.unit_id,),
    )


def _about(thing: str, settled: int) -> str:
    """Return what a case is about: one that comes after a settled one is another case."""
    return thing if not settled else f"{thing}:{settled + 1}"


def burst(session: Session, window: _Window, now: datetime, limits: RadarLimits) -> list[NewCase]:
    """Return the lots of which several boxes in stock were looked up in other cities today, by several people.

    Where that is a case already, the boxes that came since are noted with it.
    """
    day = lookups.day_of(now)
    values = (
        _hours(window)
        | _fixed(now, limits)
        | {"day": day, "begin": lookups.begin_of(day), "burst_days": limits.burst_days}
    )
    found = []
    begin = int(lookups.begin_of(day).timestamp()) // 3600
    for row in session.execute(text(_BURSTS), values).all():
        units, is_burst = burst_of(_away(row), today=begin, limits=limits)
        if row.live is not None and units:
            case_store.note_suspects(session, {row.live: units[:SUSPECTS_MAX]})
        elif row.live is None and is_burst:
            found.append(
                NewCase(
                    kind=CaseKind.CLONE_SUSPECT,
                    about=_about(f"burst:{row.lot_id}", row.times),
                    gln=row.gln,
                    opened_at=now,
                    detail={
                        "units": units[:UNITS_NAMED],
                        "signals": [Signal.BURST.value],
                        "boxes": len(units),
                        "visitors": row.visitors,
                    },
                    suspects=tuple(units[:SUSPECTS_MAX]),
                )
            )
    return found


def _away(row: Row[Any]) -> list[Away]:
    """Return the boxes of a lot as the rule wants them."""
    cells: dict[str, list[Cell]] = {}
    for unit, hour, place, looks in zip(row.units, row.hours, row.places, row.looks, strict=True):
        cells.setdefault(unit, []).append(Cell(hour=hour, place=place, looks=int(looks)))
    networks: dict[str, list[str]] = {}
    for unit, network in zip(row.visited or (), row.networks or (), strict=True):
        networks.setdefault(unit, []).append(network)
    return [Away(box=unit, cells=tuple(found), networks=tuple(networks.get(unit, ()))) for unit, found in cells.items()]


_ELSEWHERE = (
    "look_cell k JOIN unit u ON u.unit_id = k.unit_id AND u.lot_id IS NOT NULL"
    " JOIN unit r ON r.unit_pk = COALESCE(u.root_pk, u.unit_pk) AND r.state = 'active'"
    " JOIN site s ON s.gln = r.gln AND left(s.district, 4) <> left(k.city, 4)"
    # Of a small place only its province is kept, which may be the province of the goods.
    " AND (k.city NOT LIKE '__0000' OR left(s.district, 2) <> left(k.city, 2)) WHERE k.city <> ''"
)
_BURSTS = (
    "WITH lots AS (SELECT array_agg(DISTINCT u.lot_id) AS ids"
    f"  FROM {_ELSEWHERE} AND NOT k.coarse AND k.hour > :from AND k.hour <= :until),"
    f" cells AS (SELECT u.lot_id, u.unit_id, r.gln, CAST(extract(epoch FROM k.hour) / 3600 AS int) AS hour, k.city,"
    f"  k.looks FROM {_ELSEWHERE} AND u.lot_id = ANY(ARRAY(SELECT unnest(ids) FROM lots))"
    "  AND k.hour >= CAST(:begin AS timestamptz) - make_interval(days => :burst_days)),"
    " boxes AS (SELECT lot_id, mode() WITHIN GROUP (ORDER BY gln) AS gln, array_agg(unit_id ORDER BY unit_id, hour,"
    "  city) AS units, array_agg(hour ORDER BY unit_id, hour, city) AS hours, array_agg(city ORDER BY unit_id, hour,"
    "  city) AS places, array_agg(looks ORDER BY unit_id, hour, city) AS looks FROM cells GROUP BY lot_id)"
    " SELECT b.*, came.visited, came.networks, came.visitors,"
    " (SELECT c.case_id FROM case_file c WHERE c.live AND c.kind = 'clone_suspect' AND (c.about = 'burst:' || b.lot_id"
    "  OR c.about LIKE 'burst:' || b.lot_id || ':%') LIMIT 1) AS live,"
    " (SELECT count(*) FROM case_file c WHERE c.closed_by IS NOT NULL AND c.kind = 'clone_suspect'"
    "  AND (c.about = 'burst:' || b.lot_id OR c.about LIKE 'burst:' || b.lot_id || ':%')) AS times"
    " FROM boxes b CROSS JOIN LATERAL (SELECT array_agg(v.unit_id) AS visited, array_agg(encode(v.network, 'hex')) AS"
    "  networks, count(DISTINCT v.network) AS visitors FROM look_network v"
    "  WHERE v.day = :day AND v.unit_id = ANY(b.units)) came ORDER BY b.lot_id"
)


def back_and_forth(session: Session, window: _Window, now: datetime, limits: RadarLimits) -> list[NewCase]:
    """Return the goods that sites in two cities have in turn, though nobody scanned them out."""
    units = session.execute(
        text(
            "SELECT DISTINCT u.unit_id FROM statement s JOIN statement_line l USING (entry_id) JOIN unit u"
            " USING (unit_pk) WHERE s.recorded_at > :since AND s.recorded_at <= :until"
            " AND l.marks && CAST(:jumped AS text[]) AND u.unit_id !~ '^[(]01[)][0-9]{14}[(]10[)]'"
            f" AND NOT EXISTS ({_LIVE_CASE.format(unit='u.unit_id')} AND c.about LIKE 'place:%') ORDER BY u.unit_id"
        ),
        {**window, "jumped": list(JUMPED)},
    ).scalars()
    found = []
    for page in _pages(list(units)):
        for row in _stories(session, page, now, limits):
            if goes_back_and_forth(_story(row), limits):
                found.append(
                    NewCase(
                        kind=CaseKind.CLONE_SUSPECT,
                        about=_about(f"place:{row.unit_id}", row.times),
                        gln=row.gln,
                        opened_at=now,
                        entry_id=row.entry_id,
                        unit_id=row.unit_id,
                        detail={"units": [row.unit_id], "signals": [Signal.BACK_AND_FORTH.value]},
                        suspects=(row.unit_id,),
                    )
                )
    return found


def explain_explained(session: Session, now: datetime, limits: RadarLimits) -> int:
    """Explain the cases of goods that go back and forth no longer, by what came late or was corrected."""
    live = session.execute(
        text("SELECT case_id, unit_id FROM case_file WHERE live AND kind = 'clone_suspect' AND about LIKE 'place:%'")
    ).all()
    still: set[str] = set()
    for page in _pages([row.unit_id for row in live]):
        still |= {
            row.unit_id for row in _stories(session, page, now, limits) if goes_back_and_forth(_story(row), limits)
        }
    gone = [row.case_id for row in live if row.unit_id not in still]
    if not gone:
        return 0
    return case_store.explain_gone(session, "c.case_id = ANY(CAST(:cases AS uuid[]))", {"cases": gone})


def _stories(session: Session, units: Sequence[str], now: datetime, limits: RadarLimits) -> Sequence[Row[Any]]:
    values = _fixed(now, limits) | {
        "units": units,
        "jumped": list(JUMPED),
        "elsewhere": [each.value for each in SAID_ELSEWHERE],
        "skewed": Mark.CLOCK_SKEW.value,
    }
    return session.execute(text(_STORIES), values).all()


_STORIES = (
    "SELECT u.unit_id, said.*, closed.times FROM unit u"
    " CROSS JOIN LATERAL (SELECT count(*) AS times, max(c.closed_at) AS at FROM case_suspect x JOIN case_file c"
    "  ON c.case_id = x.case_id AND c.closed_by IS NOT NULL AND c.about LIKE 'place:%'"
    "  WHERE x.unit_id = u.unit_id) closed"
    " CROSS JOIN LATERAL (SELECT array_agg(CAST(extract(epoch FROM t.event_at) / 3600 AS int)) AS hours,"
    "  array_agg(t.city) AS cities, array_agg(t.jumped) AS jumped, array_agg(t.taken) AS taken,"
    "  array_agg(t.again) AS again, (array_agg(t.gln))[count(*)] AS gln,"
    "  (array_agg(t.entry_id))[count(*)] AS entry_id FROM (SELECT s.event_at, left(si.district, 4) AS city,"
    "   l.marks && CAST(:jumped AS text[]) AS jumped, s.type IN ('receive', 'adopt') AS taken,"
    "   'sold_twice' = ANY(l.marks) AS again, s.gln, s.entry_id FROM statement_line l JOIN statement s"
    "   USING (entry_id) JOIN site si ON si.gln = s.gln WHERE l.unit_pk = u.unit_pk AND s.event_at >= :oldest"
    "   AND s.event_at > COALESCE(closed.at, '-infinity') AND s.type <> ALL(CAST(:elsewhere AS text[]))"
    "   AND si.role <> 'regulator' AND :skewed <> ALL(s.marks) AND NOT l.marks && CAST(:blocking AS text[])"
    f"   AND NOT {ANNULLED.format(statement='s')} ORDER BY s.event_at, s.recorded_at, s.seq, s.entry_id) t) said"
    " WHERE u.unit_id = ANY(CAST(:units AS text[])) AND said.gln IS NOT NULL ORDER BY u.unit_id"
)


def _story(row: Row[Any]) -> list[Presence]:
    told = zip(row.hours, row.cities, row.jumped, row.taken, row.again, strict=True)
    return [
        Presence(hour=hour, city=city, unexplained=jumped, taken_in=taken, sold_again=again)
        for hour, city, jumped, taken, again in told
    ]


def strays(session: Session, window: _Window, now: datetime, limits: RadarLimits) -> list[NewCase]:
    """Return the lots of which codes are about that were never issued: one that is rightly signed, or several."""
    day = lookups.day_of(now)
    values = {
        **window,
        "day": day,
        "oldest": day - timedelta(days=limits.stray_days),
        "most": UNITS_NAMED,
        "serials": limits.stray_serials,
        "visitors": limits.stray_visitors,
        "separate": limits.stray_separate_days,
    }
    return [_of_strays(row, now) for row in session.execute(text(_STRAYS), values)]


_STRAYS = (
    "WITH fresh AS (SELECT DISTINCT gtin, lot FROM stray_look WHERE day >= :day - 1),"
    " settled AS (SELECT f.gtin, f.lot, count(c.case_id) AS times, max(c.closed_at) AS at, bool_or(c.live) AS live"
    "  FROM fresh f LEFT JOIN case_file c ON c.kind = 'over_run' AND (c.about = 'stray:' || f.gtin || ':' || f.lot"
    "   OR c.about LIKE 'stray:' || f.gtin || ':' || f.lot || ':%') GROUP BY f.gtin, f.lot),"
    " daily AS (SELECT t.gtin, t.lot, t.day, max(n.times) AS times, sum(t.visitors) AS visitors, sum(t.looks) AS looks,"
    "  bool_or(t.signed) AS signed, array_agg(DISTINCT t.unit_id) AS units FROM stray_look t JOIN settled n"
    "  USING (gtin, lot) WHERE n.live IS NOT TRUE AND t.day >= :oldest AND (n.at IS NULL OR t.day > CAST(n.at AS date))"
    # What somebody adopted since, or what was issued late, has a story of its own and was not made up.
    "  AND NOT EXISTS (SELECT 1 FROM unit u WHERE u.unit_id = t.unit_id)"
    "  AND NOT EXISTS (SELECT 1 FROM issued_code i WHERE i.unit_id = t.unit_id)"
    "  GROUP BY t.gtin, t.lot, t.day)"
    " SELECT d.gtin, d.lot, max(d.times) AS times, CAST(1 + sum(greatest(d.visitors - 1, 0)) AS int) AS visitors,"
    " CAST(sum(d.looks) AS int) AS looks, bool_or(d.signed) AS signed, codes.units, home.gln, home.issued FROM daily d"
    " CROSS JOIN LATERAL (SELECT array_agg(DISTINCT e) AS units FROM daily o, unnest(o.units) e"
    "  WHERE (o.gtin, o.lot) = (d.gtin, d.lot)) codes"
    " CROSS JOIN LATERAL (SELECT min(c.station_gln) AS gln, CAST(count(i.unit_id) AS int) AS issued FROM lot l"
    "  JOIN consignment c USING (consignment_id) LEFT JOIN issued_code i ON i.lot_id = l.lot_id AND i.kind = 'unit'"
    "  WHERE (l.gtin, l.lot) = (d.gtin, d.lot)) home"
    " WHERE home.gln IS NOT NULL GROUP BY d.gtin, d.lot, codes.units, home.gln, home.issued"
    " HAVING bool_or(d.signed) OR cardinality(codes.units) >= :serials"
    "  AND (1 + sum(greatest(d.visitors - 1, 0)) >= :visitors"
    # Whoever comes back on other days may be one and the same, until somebody else came on one of them.
    "   OR (count(*) >= :separate AND max(d.visitors) > 1)) ORDER BY d.gtin, d.lot"
)


def _of_strays(row: Row[Any], now: datetime) -> NewCase:
    serials = [unit.rpartition("(21)")[2] for unit in row.units]
    signals = [Signal.SIGNED_STRAY] if row.signed else [Signal.STRAY_CODES]
    if is_guessable(serials):
        signals.append(Signal.GUESSABLE)
    return NewCase(
        kind=CaseKind.OVER_RUN,
        about=_about(f"stray:{row.gtin}:{row.lot}", row.times),
        gln=row.gln,
        opened_at=now,
        unit_id=str(lot_unit(gtin=row.gtin, lot=row.lot)),
        detail={
            "codes": row.units[:UNITS_NAMED],
            "strays": len(row.units),
            "issued": row.issued,
            "visitors": row.visitors,
            "looks": row.looks,
            "signals": [each.value for each in signals],
        },
    )


def _hours(window: _Window) -> dict[str, object]:
    since, until = window["since"], window["until"]
    assert isinstance(since, datetime), "a window has two ends"
    return {"from": since - LATE_HOUR, "until": until}


def _fixed(now: datetime, limits: RadarLimits) -> dict[str, object]:
    return {"oldest": now - timedelta(days=limits.window_days), "blocking": sorted(BLOCKING)}


def _pages(units: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(units), AT_ONCE):
        yield units[start : start + AT_ONCE]
