"""What of an out-scan is still on the road: SQL for the sweep.

On the road is what by the record is in transit from the sender to the receiver that it named and was not sent again
since.  Only what moves goods changes that: that somebody saw them, or how cold they were, does not.  Of a pallet each
of the boxes that were on it counts; of a lot by quantity its packages, the first sent being the first to arrive.
"""

from typing import Final

from coldtrace.custody.correction_store import ANNULLED

_OUT: Final = "('ship', 'return')"
_IS_LOT: Final = "~ '^[(]01[)][0-9]{14}[(]10[)]'"

SENT: Final = (
    f"s.type IN {_OUT} AND s.status = 'accepted' AND EXISTS (SELECT 1 FROM site r WHERE r.gln = s.to_gln)"
    f" AND NOT {ANNULLED.format(statement='s')}"
    # Most have arrived, which is quickly seen: nothing of them is in transit.
    " AND EXISTS (SELECT 1 FROM statement_line l JOIN unit u USING (unit_pk) WHERE l.entry_id = s.entry_id"
    f" AND (u.state = 'in_transit' OR u.unit_id {_IS_LOT}))"
)
"""The condition that `s` is an out-scan to a registered receiver, of which something may be on the road.

To others nobody would ever say that the goods arrived.
"""


def _sent_later(unit_pk: str, what: str) -> str:
    """Return the query for the out-scans of a unit after `s`."""
    return (
        f"SELECT {what} FROM statement_line x JOIN statement o ON o.entry_id = x.entry_id WHERE x.unit_pk = {unit_pk}"
        f" AND x.event_at >= s.event_at AND o.type IN {_OUT} AND NOT x.marks && CAST(:blocking AS text[])"
        " AND (o.event_at, o.recorded_at, o.seq, o.entry_id) > (s.event_at, s.recorded_at, s.seq, s.entry_id)"
        f" AND NOT {ANNULLED.format(statement='o')}"
    )


_INSIDE = (
    "WITH RECURSIVE inside (unit_pk, parent_pk) AS (SELECT l.unit_pk, CAST(NULL AS bigint) UNION"
    " SELECT c.child_pk, c.parent_pk FROM inside i JOIN containment c ON c.parent_pk = i.unit_pk"
    " AND c.from_at <= s.event_at AND c.to_at > s.event_at)"
    " SELECT i.unit_pk FROM inside i WHERE NOT EXISTS (SELECT 1 FROM inside k WHERE k.parent_pk = i.unit_pk)"
)
_UNITS = (
    "SELECT l.line_no, g.unit_id, 1 AS sent, CASE WHEN r.state = 'in_transit' AND r.gln = s.gln"
    f" AND r.to_gln = s.to_gln AND NOT EXISTS ({_sent_later('r.unit_pk', '1')}) THEN 1 ELSE 0 END AS rest"
    f" FROM statement_line l JOIN unit n ON n.unit_pk = l.unit_pk AND NOT n.unit_id {_IS_LOT}"
    f" CROSS JOIN LATERAL ({_INSIDE}) f JOIN unit g ON g.unit_pk = f.unit_pk"
    " JOIN unit r ON r.unit_pk = COALESCE(g.root_pk, g.unit_pk)"
    " WHERE l.entry_id = s.entry_id AND NOT l.marks && CAST(:blocking AS text[])"
)
_LOTS = (
    "SELECT l.line_no, n.unit_id, l.quantity, LEAST(l.quantity, GREATEST(0, COALESCE((SELECT sum(k.quantity)"
    "  FROM lot_stock k WHERE k.unit_pk = l.unit_pk AND k.kind = 'transit' AND k.gln = s.gln AND k.to_gln = s.to_gln),"
    f" 0) - COALESCE(({_sent_later('l.unit_pk', 'sum(x.quantity)')} AND o.gln = s.gln AND o.to_gln = s.to_gln), 0)))"
    f" FROM statement_line l JOIN unit n ON n.unit_pk = l.unit_pk AND n.unit_id {_IS_LOT}"
    " WHERE l.entry_id = s.entry_id AND NOT l.marks && CAST(:blocking AS text[])"
)
ROAD: Final = (
    "(SELECT CAST(sum(v.sent) AS bigint) AS sent, CAST(sum(v.rest) AS bigint) AS left,"
    " (array_agg(v.unit_id ORDER BY v.line_no, v.unit_id) FILTER (WHERE v.rest > 0))[1 : :most] AS units"
    f" FROM ({_UNITS} UNION ALL {_LOTS}) v)"
)
"""Of an out-scan `s`: how much it sent, how much of that is on the road still, and the first of it."""

_AROUND = (
    "ANY(ARRAY(WITH RECURSIVE around (unit_pk) AS (SELECT rl.unit_pk UNION SELECT k.parent_pk FROM around a"
    " JOIN containment k ON k.child_pk = a.unit_pk AND k.from_at < r.event_at AND k.to_at >= r.event_at)"
    " SELECT unit_pk FROM around))"
)
_SENT_BEFORE = (
    "(SELECT x.entry_id FROM statement_line xl JOIN statement x ON x.entry_id = xl.entry_id"
    f"  WHERE xl.unit_pk = {_AROUND} AND x.type IN {_OUT} AND x.event_at <= r.event_at AND xl.event_at <= r.event_at"
    "  AND x.entry_id <> r.entry_id ORDER BY x.event_at DESC, x.recorded_at DESC"
    f"  LIMIT CASE WHEN ru.unit_id {_IS_LOT} THEN 20 ELSE 1 END) sent"
)
"""The last out-scan of what the line `rl` of `r` is about, of a lot the last twenty."""
RECEIVED: Final = (
    "SELECT DISTINCT sent.entry_id FROM statement r JOIN statement_line rl ON rl.entry_id = r.entry_id"
    f" JOIN unit ru ON ru.unit_pk = rl.unit_pk CROSS JOIN LATERAL {_SENT_BEFORE}"
    " WHERE (r.type IN ('receive', 'adopt') OR 'not_here' = ANY(rl.marks))"
    " AND r.recorded_at > :since AND r.recorded_at <= :until"
)
"""The out-scans of which something was received, or handled as if it were, in a window; of a lot the last twenty."""
RETOLD: Final = (
    "SELECT DISTINCT sent.entry_id FROM statement k JOIN correction c ON c.entry_id = k.entry_id"
    " JOIN statement r ON r.entry_id = c.corrected JOIN statement_line rl ON rl.entry_id = r.entry_id"
    f" JOIN unit ru ON ru.unit_pk = rl.unit_pk CROSS JOIN LATERAL {_SENT_BEFORE}"
    # Whatever its type: what happened otherwise is corrected by the right statement, of its usual type.
    " WHERE k.recorded_at > :since AND k.recorded_at <= :until"
)
"""The out-scans of goods of which a statement was corrected in a window: what was taken for an arrival may be none."""
