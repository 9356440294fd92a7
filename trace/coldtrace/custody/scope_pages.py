"""Pages of what is in a scope, newest first: the texts of queries that read only about as much as they show.

Every part of a scope has its own order of rows: an organisation, a named site or stall, a district.  A page takes the
newest rows of each and merges them, so a shop with three rows among millions reads three, and a city reads as many
pages as it has districts.  Whoever sees the whole country reads the rows as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.rights.model import Kind
from coldtrace.rights.scopes import EVERY_ROW, Within

ANY_PARTY, MARKED_PARTY = "TRUE", "t.marked"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a page is made of: a table, or a query in brackets, whose rows `at` and `id` put in order.

    Of statements, `parties` says which rows of `statement_party` belong to it, and `table` has the order alone.  The
    rows of another table have their own `gln`, `operator_id` and `district` if `placed`; what has no gln is its
    organisation's.  Of what is rare the rows are looked at one by one: neither of both.
    """

    name: str
    kind: Kind
    table: str
    id: str = "entry_id"
    at: str = "recorded_at"
    parties: str | None = None
    placed: bool = False

    def condition(self, within: Within) -> str:
        """Return the condition that row `t` of `table` is in the scope."""
        if self.parties is not None:
            seen = within.statement(self.kind, "s")
            return f"EXISTS (SELECT 1 FROM statement s WHERE s.entry_id = t.{self.id} AND {seen})"
        here = within.thing(self.kind, at="t.gln")
        if not self.placed or here == EVERY_ROW:
            return here
        whose = f"({within.organisation('t.operator_id')} OR {within.whole_country()})"
        return f"({here} OR t.gln IS NULL AND {whose})"


STATEMENTS = Origin(name="statement", kind=Kind.STATEMENT, table="statement", parties=ANY_PARTY)


def pages(origins: Sequence[Origin], within: Within) -> str:
    """Return the query for one page: id, at, origin.

    It takes `:at`, `:after` (where the page before ended), `:most` and the values of the scope.
    """
    parts = [part for origin in origins for part in _parts(origin, within)]
    # A row may be there by several keys.
    every = " UNION ALL ".join(parts) or _NOTHING
    return f"SELECT DISTINCT id, at, origin FROM ({every}) every ORDER BY at DESC, id DESC LIMIT :most"


_NOTHING = "SELECT CAST(NULL AS uuid) AS id, CAST(NULL AS timestamptz) AS at, CAST(NULL AS text) AS origin LIMIT 0"


def _parts(origin: Origin, within: Within) -> list[str]:
    scope = within.scope
    # Whatever has a place is in the country, and what has none is seen by whoever sees all of it.
    if scope.everything or within.whole_country() == EVERY_ROW:
        return [_newest(origin.table, origin)]
    if origin.parties is None and not origin.placed:
        return [_newest(origin.table, origin, origin.condition(within))]
    keys = [("gln", within.named_places()), ("district", within.districts())]
    if scope.operators:
        keys.append(("operator_id", f"SELECT unnest(CAST(:{within.name}_operators AS uuid[])) AS operator_id"))
    return [_by_key(origin, key, values) for key, values in keys if values is not None]


def _by_key(origin: Origin, key: str, values: str) -> str:
    """Return the query for the newest rows of each value of a key."""
    rows, chosen = (origin.table, "TRUE") if origin.parties is None else ("statement_party", origin.parties)
    newest = _newest(rows, origin, f"t.{key} = v.{key}", chosen)
    return f"(SELECT p.* FROM ({values}) v CROSS JOIN LATERAL {newest} p)"


def _newest(rows: str, origin: Origin, *conditions: str) -> str:
    # A statement may have the same party twice, or several of one district.
    distinct = "DISTINCT" if rows == "statement_party" else ""
    after = f"(t.{origin.at}, t.{origin.id}) < (CAST(:at AS timestamptz), CAST(:after AS uuid))"
    order = f"ORDER BY t.{origin.at} DESC, t.{origin.id} DESC LIMIT :most"
    return (
        f"(SELECT {distinct} t.{origin.id} AS id, t.{origin.at} AS at, CAST('{origin.name}' AS text) AS origin"
        f" FROM {rows} t WHERE {' AND '.join([after, *conditions])} {order})"
    )
