"""What no statement says by itself: holes in a device's chain, goods that stayed on the road or were faster than it,
devices that tell a day later, codes that seem to be on more boxes than one (`radar.py`).

A sweep looks at what arrived since it last looked, in pieces of some hours, and looks again at what it found: a case
whose reason is gone is explained.  Each question has a mark of its own in `case_sweep` for how far it was asked; a
little of what was seen before is asked about again, because a transaction may commit after a later one.

Of the road only the districts of both places are known here, so it takes at least so many minutes within a city,
between two, and between provinces (`SweepTimes`); within one district nothing is suspected.  That is too little for a
map and enough for a code that is scanned in two cities at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import case_store
from coldtrace.custody.case_store import NewCase
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CaseKind, Mark
from coldtrace.env import Env
from coldtrace.seal.b64 import b64
from coldtrace.watch import radar
from coldtrace.watch.declared import NO_LONGER_OVER, over_declared
from coldtrace.watch.lateness import WARN_AFTER
from coldtrace.watch.model import SAID_ELSEWHERE, SUSPECTS_MAX, UNITS_NAMED, SweepTimes
from coldtrace.watch.on_the_road import RECEIVED, RETOLD, ROAD, SENT
from coldtrace.watch.radar_rules import RadarLimits

AGAIN: Final = timedelta(minutes=10)
PIECE: Final = timedelta(hours=6)
PIECES_AT_ONCE: Final = 20
_LOCK = 0x53574550  # "SWEP"
USUAL: Final = RadarLimits()


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one sweep did.  `more`: it has not reached the present yet and wants to be called again."""

    opened: int = 0
    explained: int = 0
    more: bool = False


def sweep(session: Session, env: Env, times: SweepTimes, limits: RadarLimits = USUAL) -> Swept:
    """Look at what arrived since the last sweep; the caller owns the transaction.  One at a time, others do nothing."""
    if not session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar_one():
        return Swept()
    now = env.clock()
    explained = sum(case_store.explain_gone(session, condition, _fixed(times)) for condition in _GONE)
    explained += radar.explain_explained(session, now, limits)
    opened, more = 0, False
    for name, (wait, look) in _questions(times, limits).items():
        found, left = _ask(session, name, until=now - wait, look=look, times=times, now=now)
        opened, more = opened + found, more or left
    return Swept(opened=opened, explained=explained, more=more)


_Look = Callable[[Session, Mapping[str, object], datetime], list[NewCase]]


def _questions(times: SweepTimes, limits: RadarLimits) -> dict[str, tuple[timedelta, _Look]]:
    return {
        "hole": (timedelta(hours=times.hole_hours), _holes),
        "remainder": (timedelta(hours=times.remainder_hours), _remainders),
        "overdue": (timedelta(hours=times.overdue_hours), _overdue),
        "travel": (timedelta(0), _travels),
        "late": (timedelta(0), _late),
        "declared": (timedelta(0), over_declared),
        **{name: (timedelta(0), partial(look, limits=limits)) for name, look in _RADAR.items()},
    }


_RADAR: Final = {
    "looks": radar.looked_up,
    "burst": radar.burst,
    "back": radar.back_and_forth,
    "strays": radar.strays,
}


def _ask(
    session: Session, name: str, *, until: datetime, look: _Look, times: SweepTimes, now: datetime
) -> tuple[int, bool]:
    """Ask one question about what arrived until then; return how many cases it opened, and whether more is left."""
    since = session.execute(
        text("SELECT until FROM case_sweep WHERE name = :name"), {"name": name}
    ).scalar_one_or_none()
    if since is None:
        since = session.execute(text("SELECT min(recorded_at) FROM statement")).scalar_one_or_none()
    if since is None or since >= until:
        return 0, False
    opened = 0
    for _ in range(PIECES_AT_ONCE):
        end = min(until, since + PIECE)
        window = _fixed(times) | {"since": since - AGAIN, "until": end}
        opened += len(case_store.open_cases(session, look(session, window, now)))
        since = end
        if since >= until:
            break
    session.execute(
        text(
            "INSERT INTO case_sweep (name, until) VALUES (:name, :until)"
            " ON CONFLICT (name) DO UPDATE SET until = EXCLUDED.until"
        ),
        {"name": name, "until": since},
    )
    return opened, since < until


def _fixed(times: SweepTimes) -> dict[str, object]:
    road_max = max(times.same_city_min, times.other_city_min, times.other_province_min)
    return {
        "same_city": times.same_city_min,
        "other_city": times.other_city_min,
        "other_province": times.other_province_min,
        "road_max": road_max,
        "elsewhere": [each.value for each in SAID_ELSEWHERE],
        "skewed": Mark.CLOCK_SKEW.value,
        "most": UNITS_NAMED,
        "suspects_most": SUSPECTS_MAX,
        "blocking": sorted(BLOCKING),
        "late": Mark.LATE.value,
        "warn_s": WARN_AFTER.total_seconds(),
    }


def _holes(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the places of device chains before which something is missing still."""
    rows = session.execute(
        text(
            "SELECT s.key_id, s.seq, s.gln, COALESCE((SELECT max(p.seq) FROM statement p"
            " WHERE p.key_id = s.key_id AND p.seq < s.seq), 0) AS before"
            " FROM statement s WHERE s.recorded_at > :since AND s.recorded_at <= :until AND s.seq > 1"
            " AND NOT EXISTS (SELECT 1 FROM statement p WHERE p.key_id = s.key_id AND p.seq = s.seq - 1)"
            " ORDER BY s.key_id, s.seq"
        ),
        window,
    )
    return [
        NewCase(
            kind=CaseKind.GAP,
            about=f"device:{b64(bytes(row.key_id))}:{row.seq}",
            gln=row.gln,
            opened_at=now,
            key_id=bytes(row.key_id),
            detail={"missing": [row.before + 1, row.seq - 1]},
        )
        for row in rows
    ]


def _remainders(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the out-scans of which a part was received a while ago, and the rest by nobody.

    Where a correction took an arrival back, that counts from the correction on.
    """
    retold = f"SELECT g.entry_id, TRUE FROM ({RETOLD}) g WHERE g.entry_id NOT IN ({RECEIVED})"
    rows = session.execute(
        text(
            f"SELECT s.entry_id, s.gln, road.sent, road.left, road.units FROM (SELECT t.entry_id, FALSE AS retold"
            f" FROM ({RECEIVED}) t UNION ALL {retold}) of_these"
            f" JOIN statement s USING (entry_id) CROSS JOIN LATERAL {ROAD} road"
            f" WHERE {SENT} AND road.left > 0 AND (NOT of_these.retold OR road.left < road.sent) ORDER BY s.entry_id"
        ),
        window,
    )
    return [
        NewCase(
            kind=CaseKind.QUANTITY_MISMATCH,
            about=f"remainder:{row.entry_id}",
            gln=row.gln,
            opened_at=now,
            entry_id=row.entry_id,
            detail={"sent": row.sent, "left": row.left, "units": list(row.units)},
        )
        for row in rows
    ]


def _overdue(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the out-scans of which nobody has received anything; of what was corrected, from the correction on."""
    rows = session.execute(
        text(
            "SELECT s.entry_id, s.gln, road.sent, road.left, road.units FROM (SELECT entry_id FROM statement"
            f"  WHERE recorded_at > :since AND recorded_at <= :until UNION {RETOLD}) of_these"
            f" JOIN statement s USING (entry_id) CROSS JOIN LATERAL {ROAD} road"
            f" WHERE {SENT} AND road.left = road.sent AND road.sent > 0 ORDER BY s.entry_id"
        ),
        window,
    )
    return [
        NewCase(
            kind=CaseKind.GAP,
            about=f"overdue:{row.entry_id}",
            gln=row.gln,
            opened_at=now,
            entry_id=row.entry_id,
            detail={"sent": row.sent, "left": row.left, "units": list(row.units)},
        )
        for row in rows
    ]


_ROAD_MIN = (
    "CASE WHEN here.district = there.district THEN 0"
    " WHEN left(here.district, 4) = left(there.district, 4) THEN CAST(:same_city AS int)"
    " WHEN left(here.district, 2) = left(there.district, 2) THEN CAST(:other_city AS int)"
    " ELSE CAST(:other_province AS int) END"
)


def _present(statement: str, site: str) -> str:
    """Return the condition that a statement says where its goods were, and when."""
    return (
        f"{statement}.type <> ALL(CAST(:elsewhere AS text[])) AND {site}.role <> 'regulator'"
        f" AND :skewed <> ALL({statement}.marks) AND NOT {ANNULLED.format(statement=statement)}"
    )


def _pairs(which: str) -> str:
    """Return the query for two statements each, of two places, about the same goods; `which` chooses the one, `s`."""
    return (
        "(SELECT u.unit_id, s.entry_id AS one, o.entry_id AS other,"
        f" (s.event_at, s.recorded_at) > (o.event_at, o.recorded_at) AS after, {_ROAD_MIN} AS road_min,"
        " CAST(abs(extract(epoch FROM s.event_at - o.event_at)) AS int) AS apart_s"
        " FROM statement s JOIN site here ON here.gln = s.gln JOIN statement_line l ON l.entry_id = s.entry_id"
        " JOIN unit u ON u.unit_pk = l.unit_pk AND u.unit_id !~ '^[(]01[)][0-9]{14}[(]10[)]'"
        " JOIN statement_line m ON m.unit_pk = l.unit_pk AND m.entry_id <> l.entry_id"
        " AND m.event_at > l.event_at - make_interval(mins => :road_max)"
        " AND m.event_at < l.event_at + make_interval(mins => :road_max)"
        " JOIN statement o ON o.entry_id = m.entry_id AND o.gln <> s.gln JOIN site there ON there.gln = o.gln"
        f" WHERE {which} AND {_present('s', 'here')} AND {_present('o', 'there')})"
    )


def _travels(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the statements before which their goods were elsewhere, sooner than the road takes."""
    rows = session.execute(
        text(
            "SELECT later.entry_id, later.gln, (array_agg(earlier.entry_id ORDER BY pair.unit_id))[1] AS other_id,"
            " (array_agg(DISTINCT pair.unit_id))[1 : :most] AS units,"
            " (array_agg(DISTINCT pair.unit_id))[1 : :suspects_most] AS suspects, min(pair.apart_s) AS apart_s,"
            f" max(pair.road_min) AS road_min FROM {_pairs('s.recorded_at > :since AND s.recorded_at <= :until')} pair"
            " JOIN statement later ON later.entry_id = CASE WHEN pair.after THEN pair.one ELSE pair.other END"
            " JOIN statement earlier ON earlier.entry_id = CASE WHEN pair.after THEN pair.other ELSE pair.one END"
            " WHERE pair.apart_s < 60 * pair.road_min GROUP BY later.entry_id, later.gln ORDER BY later.entry_id"
        ),
        window,
    )
    return [
        NewCase(
            kind=CaseKind.IMPOSSIBLE_TRAVEL,
            about=f"travel:{row.entry_id}",
            gln=row.gln,
            opened_at=now,
            entry_id=row.entry_id,
            other_id=row.other_id,
            unit_id=row.units[0] if len(row.units) == 1 else None,
            detail={"units": list(row.units), "apart_s": row.apart_s, "road_min": row.road_min},
            suspects=row.suspects,
        )
        for row in rows
    ]


def _late(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the devices of which something arrived more than a day late, one case a device and day (UTC) of arrival.

    What is more than three days late has a mark and a case of its own.
    """
    rows = session.execute(
        text(
            "SELECT s.key_id, max(s.gln) AS gln, CAST(s.recorded_at AT TIME ZONE 'UTC' AS date) AS day,"
            " CAST(max(extract(epoch FROM s.recorded_at - s.event_at)) AS int) AS worst_s FROM statement s"
            " WHERE s.recorded_at > :since AND s.recorded_at <= :until"
            " AND s.recorded_at - s.event_at > make_interval(secs => :warn_s) AND :late <> ALL(s.marks)"
            " GROUP BY s.key_id, day ORDER BY s.key_id, day"
        ),
        window,
    )
    return [
        NewCase(
            kind=CaseKind.LATE,
            about=f"late:{b64(bytes(row.key_id))}:{row.day.isoformat()}",
            gln=row.gln,
            opened_at=now,
            key_id=bytes(row.key_id),
            detail={"day": row.day.isoformat(), "worst_s": row.worst_s},
        )
        for row in rows
    ]


_SENT_BY_CASE = f"FROM statement s CROSS JOIN LATERAL {ROAD} road WHERE s.entry_id = c.entry_id"
_GONE = (
    # The statement right before the hole's end came; what is missing before that is another hole.
    "c.about LIKE 'device:%' AND EXISTS (SELECT 1 FROM statement p WHERE p.key_id = c.key_id"
    " AND p.seq = CAST(c.detail -> 'missing' ->> 1 AS bigint))",
    f"c.about LIKE 'remainder:%' AND NOT EXISTS (SELECT 1 {_SENT_BY_CASE} AND {SENT} AND road.left > 0)",
    f"c.about LIKE 'overdue:%' AND NOT EXISTS (SELECT 1 {_SENT_BY_CASE} AND {SENT} AND road.left = road.sent)",
    # Annulled, or no longer about these goods: what emptying a pallet implies changes when something arrives late.
    f"c.about LIKE 'travel:%' AND NOT EXISTS (SELECT 1 FROM {_pairs('s.entry_id = c.entry_id')} pair"
    " WHERE pair.after AND pair.apart_s < 60 * pair.road_min)",
    NO_LONGER_OVER,
)
"""When the reason of a case that a sweep opened is gone."""
