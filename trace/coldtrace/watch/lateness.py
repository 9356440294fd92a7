"""How late statements arrive: the report of the three steps (domain guide, section 4: 15 min, 24 h, 72 h).

More than a quarter of an hour is a figure in this report and nothing else: a handheld in a cold store without a network
is late all day.  More than a day is a warning: one case a device and day, for its office (`sweep`).  More than three
days is a mark and a case of each statement, the regulator's list.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

WARN_AFTER: Final = timedelta(hours=24)
DAYS_MAX = 31
PAGE_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """Of one device: how many statements arrived, how many of them late by each step, and the worst delay."""

    key_id: bytes
    gln: str
    statements: int
    over_15_min: int
    over_24_h: int
    over_72_h: int
    worst_s: int


def lateness(
    session: Session,
    scope: Scope,
    *,
    since: datetime,
    until: datetime,
    after: bytes | None = None,
    limit: int = PAGE_MAX,
) -> list[Lateness]:
    """Return what arrived from `since` to before `until` in the scope, by device, the worst first, from the device
    behind `after` on.

    A claim from the future, or from before the device was enrolled, is no delay: it is a clock's (`clock_skew`).
    """
    within = Within(scope=scope)
    late = "extract(epoch FROM s.recorded_at - s.event_at)"
    rows = session.execute(
        text(
            "WITH found AS (SELECT s.key_id, s.gln, count(*) AS statements,"
            f" count(*) FILTER (WHERE {late} > 900) AS over_15_min,"
            f" count(*) FILTER (WHERE {late} > 86400) AS over_24_h,"
            f" count(*) FILTER (WHERE {late} > 259200) AS over_72_h, CAST(max({late}) AS bigint) AS worst_s"
            " FROM statement s WHERE s.recorded_at >= :since AND s.recorded_at < :until"
            f" AND {within.thing(Kind.DEVICE, at='s.gln')}"
            " GROUP BY s.key_id, s.gln) SELECT * FROM found WHERE CAST(:after AS bytea) IS NULL"
            " OR (-worst_s, key_id) > (SELECT -a.worst_s, a.key_id FROM found a WHERE a.key_id = :after LIMIT 1)"
            " ORDER BY worst_s DESC, key_id LIMIT :most"
        ),
        {"since": since, "until": until, "after": after, "most": min(limit, PAGE_MAX), **within.values},
    )
    return [Lateness(**(dict(row._mapping) | {"key_id": bytes(row.key_id)})) for row in rows]
