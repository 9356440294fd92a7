"""What a counter sells from now, and what a pallet carries: lots, each with what stops it.

What is cut off a case and handed over has no code; whoever buys it scans the counter's, which is that of its site with
an extension (`codes/counter_name.py`), or of the site alone.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.codes.counter_name import counter_name
from coldtrace.custody.history import IN_FORCE
from coldtrace.custody.model import Overlay
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.suspects import SUSPECTED_ITSELF
from coldtrace.seal.b64 import MalformedBase64, b64, unb64

_HASH_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class OpenLot:
    """A lot of which at least one case is here: its facts text and what lies on a case of it today.

    `notice` are GTIN and lot of what the operator of the platform recalled by number: there is a notice of it.
    """

    facts: str
    overlays: frozenset[Overlay]
    notice: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Behind:
    """Where a page of lots ended: what stopped its last lot, by rank, and the hash of that lot's facts.

    The hash is that of a salted text and stands in every proof of the lot; the lot's own number would tell how many
    there are.  Behind a lot that is gone meanwhile comes what came behind it.
    """

    rank: int
    facts_hash: bytes

    @property
    def text(self) -> str:
        """Return it as an address has it."""
        return f"{self.rank}.{b64(self.facts_hash)}"

    @classmethod
    def read(cls, said: str) -> "Behind | None":
        """Return what an address says, None for what no page of ours said.

        >>> Behind.read(Behind(rank=4, facts_hash=bytes(32)).text) == Behind(rank=4, facts_hash=bytes(32))
        True
        >>> Behind.read("5.x"), Behind.read("4.x"), Behind.read("")
        (None, None, None)
        """
        rank, mark, digest = said.partition(".")
        try:
            found = unb64(digest)
        except MalformedBase64:
            return None
        right = mark == "." and rank in ("0", "1", "2", "3", "4") and len(found) == _HASH_BYTES
        return cls(rank=int(rank), facts_hash=found) if right else None


@dataclass(frozen=True, kw_only=True)
class LotsHere:
    """A page of the lots of a place, what is stopped first; `more` come behind those that are `listed`, the page of
    which begins `behind` the last of these.  What lies on any, listed or not, is in `overlays`."""

    listed: list[OpenLot]
    more: int
    overlays: frozenset[Overlay]
    behind: Behind | None = None


def open_at(
    session: Session, gln: str, extension: str | None, *, today: date, limit: int, behind: Behind | None = None
) -> LotsHere:
    """Return the lots that are open at a counter, or without an `extension` at any counter of the site, by age, but
    recalled ones first, then what is held, expired, or doubted; the page of them that begins `behind` another one."""
    return _lots(
        session,
        "u.gln = :gln AND u.parent_pk IS NULL AND u.state = 'opened'"
        " AND (CAST(:counter AS text) IS NULL OR u.counter = :counter)",
        {"gln": gln, "counter": None if extension is None else counter_name(extension), "today": today, "most": limit},
        behind,
    )


def lots_on(session: Session, unit_pk: int, *, today: date, limit: int) -> LotsHere:
    """Return the lots of which something is now on a pallet, in the same order."""
    return _lots(session, "u.parent_pk = :pk", {"pk": unit_pk, "today": today, "most": limit}, None)


def _lots(session: Session, which: str, values: dict[str, object], behind: Behind | None) -> LotsHere:
    rows = session.execute(
        text(
            "WITH cases AS (SELECT l.lot_id, l.gtin, l.lot, l.facts, l.facts_hash,"
            "  LEAST(u.expires_on, l.expiry_date) < CAST(:today AS date) AS expired,"
            f"  {IN_FORCE} AS in_force, {SUSPECTED_ITSELF} AS suspected FROM unit u JOIN lot l ON l.lot_id = u.lot_id"
            f"  WHERE {which}),"
            " lots AS (SELECT v.lot_id, v.gtin, v.lot, v.facts, v.facts_hash,"
            "  COALESCE(array_agg(DISTINCT o) FILTER (WHERE o IS NOT NULL), '{}') AS overlays,"
            "  COALESCE(bool_or(v.expired), FALSE) AS expired, bool_or(v.suspected) AS suspected, EXISTS (SELECT 1"
            "   FROM recalled_lot r WHERE (r.gtin, r.lot) = (v.gtin, v.lot) AND r.lifted_at IS NULL) AS recalled"
            "  FROM cases v LEFT JOIN LATERAL unnest(v.in_force) AS o ON TRUE"
            "  GROUP BY v.lot_id, v.gtin, v.lot, v.facts, v.facts_hash),"
            " ranked AS (SELECT lots.*, CASE"
            "  WHEN lots.recalled OR EXISTS (SELECT 1 FROM unnest(lots.overlays) o WHERE o LIKE 'recall%') THEN 0"
            "  WHEN EXISTS (SELECT 1 FROM unnest(lots.overlays) o WHERE o LIKE 'hold%') THEN 1"
            "  WHEN lots.expired THEN 2 WHEN cardinality(lots.overlays) > 0 OR lots.suspected THEN 3 ELSE 4 END AS rank"
            "  FROM lots),"
            " rest AS (SELECT * FROM ranked WHERE (rank, lot_id) > (CAST(:rank AS int),"
            "  COALESCE((SELECT b.lot_id FROM lot b WHERE b.facts_hash = CAST(:behind AS bytea)), 0))),"
            " page AS (SELECT * FROM rest ORDER BY rank, lot_id LIMIT :most),"
            " whole AS (SELECT (SELECT count(*) FROM rest) AS lots, bool_or(expired) AS expired,"
            "  bool_or(suspected) AS suspected, bool_or(recalled) AS recalled,"
            "  ARRAY(SELECT DISTINCT o FROM lots y, unnest(y.overlays) AS o) AS overlays FROM lots)"
            " SELECT page.*, whole.lots AS all_lots, whole.expired AS any_expired, whole.suspected AS any_suspected,"
            "  whole.recalled AS any_recalled, whole.overlays AS all_overlays FROM whole LEFT JOIN page ON TRUE"
            " ORDER BY page.rank, page.lot_id"
        ),
        values | {"rank": -1 if behind is None else behind.rank, "behind": behind and behind.facts_hash},
    ).all()
    whole, found = rows[0], [row for row in rows if row.lot_id is not None]
    listed = [
        OpenLot(
            facts=row.facts,
            overlays=_lying(row.overlays, recalled=row.recalled, expired=row.expired, suspected=row.suspected),
            notice=(row.gtin, row.lot) if row.recalled else None,
        )
        for row in found
    ]
    lying = _lying(
        whole.all_overlays,
        recalled=bool(whole.any_recalled),
        expired=bool(whole.any_expired),
        suspected=bool(whole.any_suspected),
    )
    more = whole.all_lots - len(found)
    last = Behind(rank=found[-1].rank, facts_hash=bytes(found[-1].facts_hash)) if more and found else None
    return LotsHere(listed=listed, more=more, overlays=lying, behind=last)


def _lying(kept: list[str], *, recalled: bool, expired: bool, suspected: bool) -> frozenset[Overlay]:
    told = {Overlay.RECALL: recalled, Overlay.EXPIRED: expired, Overlay.CLONE_SUSPECT: suspected}
    return kinds_of(kept) | {kind for kind, lies in told.items() if lies}
