"""Pages of what is in a scope, newest first: the texts of queries that read only about as much as they show.

Every part of a scope has its own order of rows: an organisation, a named site or stall, a district.  A page takes the
newest rows of each and merges them, so a shop with three rows among millions reads three.  Whoever sees the whole
country reads the rows as they are.

A city has many districts and a market many stalls, and a page of each would be read and nearly all of it thrown away.
So a few rows of each are read first: as many of these as a page holds tell how far back the page can reach, and then
each gives only what is not older than that (Fagin's threshold, on sorted access alone).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import text

from coldtrace.rights.scopes import EVERY_ROW, Within


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a page is made of: a table whose rows `at` and `id` put in order, and the table of their parties.

    The parties have the same `id` and `at` and a `gln`, `operator_id` and `district`; what has no gln is its
    organisation's.
    """

    table: str
    parties: str
    id: str
    at: str


prepared = lru_cache(maxsize=64)(text)
"""`text` for these long queries, of which there is one for each form of a scope: reading one takes a tenth of a page's
time."""

STATEMENTS = Origin(table="statement", parties="statement_party", id="entry_id", at="recorded_at")
CASES = Origin(table="case_file", parties="case_party", id="case_id", at="opened_at")


def pages(origin: Origin, within: Within, *conditions: str, most: int) -> str:
    """Return the query for one page: id and at of the rows for which the conditions on `t` hold.

    `t` is the table or that of the parties.  It takes `:at`, `:after` (where the page before ended), `:most` (how many
    rows, this `most`) and the values of the scope.
    """
    size = next(each for each in SIZES if each >= most)
    keys = _keys(within)
    shared = [f"{_values(key)} AS MATERIALIZED ({values})" for key, values in keys.items()]
    floor = None
    if keys and _has_many_parts(within):
        few = " UNION ALL ".join(_by_key(origin, key, -(-size // _FEWER), conditions, distinct="") for key in keys)
        # A row may be there by several keys: it counts once.
        oldest = f"SELECT DISTINCT at, id FROM few ORDER BY at DESC, id DESC OFFSET {size - 1} LIMIT 1"
        shared += [f"few AS ({few})", f"oldest AS ({oldest})"]
        floor = "COALESCE((SELECT at FROM oldest), '-infinity')"
    every = " UNION ALL ".join(_parts(origin, within, keys, size, conditions, floor))
    newest = f"SELECT DISTINCT id, at FROM ({every or _NOTHING}) every {_ORDER} LIMIT {size}"
    before = f"WITH {', '.join(shared)} " if shared else ""
    return f"{before}SELECT * FROM ({newest}) newest {_ORDER} LIMIT :most"


SIZES = (50, 200)
"""How many rows are read for a page of at most so many: written in the query, for of a number that it does not know
PostgreSQL expects a tenth of the table and makes a new plan each time."""

_FEWER = 12
"""A twelfth of a page of each part first, for a city has a dozen districts and more."""

_ORDER = "ORDER BY at DESC, id DESC"
_NOTHING = "SELECT CAST(NULL AS uuid) AS id, CAST(NULL AS timestamptz) AS at LIMIT 0"


def _has_many_parts(within: Within) -> bool:
    scope = within.scope
    return bool(scope.markets or scope.markets_of) or any(len(area) < _DISTRICT_DIGITS for area in scope.areas)


_DISTRICT_DIGITS = 6


def _keys(within: Within) -> dict[str, str]:
    """Return the columns that rows are found by, each with the query for its values; empty where all rows are read."""
    scope = within.scope
    # Whatever has a place is in the country, and what has none is seen by whoever sees all of it.
    if scope.everything or within.whole_country() == EVERY_ROW:
        return {}
    keys = {"gln": within.named_places(), "district": within.districts(), "operator_id": within.organisations()}
    return {key: values for key, values in keys.items() if values is not None}


def _values(key: str) -> str:
    return f"every_{key}"


def _parts(
    origin: Origin, within: Within, keys: Iterable[str], size: int, conditions: Sequence[str], floor: str | None
) -> list[str]:
    if within.scope.everything or within.whole_country() == EVERY_ROW:
        return [_newest(origin.table, origin, size, *conditions)]
    return [_by_key(origin, key, size, conditions, floor) for key in keys]


def _by_key(
    origin: Origin,
    key: str,
    size: int,
    conditions: Sequence[str],
    floor: str | None = None,
    distinct: str = "DISTINCT",
) -> str:
    """Return the query for the newest rows of each value of a key, none older than `floor`."""
    own = [f"t.{key} = v.{key}", *([] if floor is None else [f"t.{origin.at} >= {floor}"]), *conditions]
    # A thing may have the same party twice, or several of one district.
    newest = _newest(origin.parties, origin, size, *own, distinct=distinct)
    return f"(SELECT p.* FROM {_values(key)} v CROSS JOIN LATERAL {newest} p)"


def _newest(rows: str, origin: Origin, size: int, *conditions: str, distinct: str = "") -> str:
    after = f"(t.{origin.at}, t.{origin.id}) < (CAST(:at AS timestamptz), CAST(:after AS uuid))"
    order = f"ORDER BY t.{origin.at} DESC, t.{origin.id} DESC LIMIT {size}"
    return (
        f"(SELECT {distinct} t.{origin.id} AS id, t.{origin.at} AS at"
        f" FROM {rows} t WHERE {' AND '.join([after, *conditions])} {order})"
    )
