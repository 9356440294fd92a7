"""Goods of which a live case says that their code may have been copied: SQL that tells the overlay `clone_suspect`.

Such a case rests on what no statement says: strangers' looks, or the road between two places.  So the overlay is told
from the cases that are live now, as `expired` is told from the day, and never kept: `unit.overlays` is what statements
laid, and `custody rebuild` makes it again from them alone.  It shows amber and blocks nothing (decision 0033).
"""

from typing import Final

_LIVE: Final = (
    "JOIN case_suspect sx ON sx.unit_id = {unit}.unit_id JOIN case_file sc ON sc.case_id = sx.case_id AND sc.live"
)

SUSPECTED: Final = (
    "EXISTS (WITH RECURSIVE up (unit_id, parent_pk) AS (SELECT u.unit_id, u.parent_pk"
    " UNION SELECT n.unit_id, n.parent_pk FROM up JOIN unit n ON n.unit_pk = up.parent_pk)"
    f" SELECT 1 FROM up {_LIVE.format(unit='up')})"
)
"""Whether unit `u`, or anything that it is in, is in doubt."""

SUSPECTED_ITSELF: Final = f"EXISTS (SELECT 1 FROM (SELECT u.unit_id) own {_LIVE.format(unit='own')})"
"""Whether unit `u` itself is, where it is known to be in nothing."""

SUSPECTED_INSIDE: Final = f"EXISTS (SELECT 1 FROM unit i {_LIVE.format(unit='i')} WHERE i.root_pk = u.unit_pk)"
"""Whether something inside of the outermost unit `u` is in doubt."""
