"""Pages of what is in a scope, newest first: the texts of queries that read only about as much as they show.

Two ways lead to the same page.  *Walking* reads the newest rows and leaves out what is not in the scope: right for a
regulator whose area has much of everything, wrong for a shop with three rows among millions.  *Gathering* reads the
newest rows of every place in the scope and merges them: right for a shop, slow for ten thousand places.  So whoever has
only places and organisations gathers; whoever has an area walks a bounded way, and gathers if that gave too little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.rights.model import Kind
from coldtrace.rights.scopes import EVERY_ROW, Within

WALK_MAX = 4_000
"""Rows that are looked at before places are gathered instead."""

ANY_PARTY, MARKED_PARTY = "TRUE", "t.marked"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a page is made of: a table, or a query in brackets, whose rows `at` and `id` put in order.

    `glns` are the columns of its places, the first one where it is.  A table of statements has in `parties` which rows
    of `statement_party` belong to it; one whose rows may be without a place has in `organisation` the column of whose
    they are then.
    """

    name: str
    kind: Kind
    table: str
    id: str = "entry_id"
    at: str = "recorded_at"
    glns: tuple[str, ...] = ("gln", "to_gln")
    parties: str | None = None
    organisation: str | None = None

    def condition(self, within: Within) -> str:
        """Return the condition that row `t` is in the scope."""
        if self.parties is not None:
            return within.statement(self.kind, "t")
        placed = within.thing(self.kind, at=f"t.{self.glns[0]}")
        if self.organisation is None or placed == EVERY_ROW:
            return placed
        whose = f"({within.organisation(f't.{self.organisation}')} OR {within.whole_country()})"
        return f"({placed} OR t.{self.glns[0]} IS NULL AND {whose})"

    def newest(self, *conditions: str, most: str = ":most", whole_rows: bool = False) -> str:
        """Return the query for the newest rows `t` after (`:at`, `:after`): id, at and name, or whole rows."""
        return _newest(self.table, self, conditions, most=most, whole_rows=whole_rows)


STATEMENTS = Origin(name="statement", kind=Kind.STATEMENT, table="statement", parties=ANY_PARTY)


def first_pages(origins: Sequence[Origin], within: Within) -> tuple[str, bool]:
    """Return the query for a page, and whether it is the page even if it is short: otherwise ask `gathered_pages`.

    It takes `:at`, `:after`, `:most`, `:walk` and the values of the scope, and gives id, at, origin.
    """
    if within.scope.everything:
        return _merged([origin.newest() for origin in origins]), True
    if not within.scope.areas:
        return gathered_pages(origins, within), True
    return _merged([_walked(origin, within) for origin in origins]), False


def gathered_pages(origins: Sequence[Origin], within: Within) -> str:
    """Return the query for a page from the newest rows of every place and organisation in the scope."""
    return _merged([part for origin in origins for part in _gathered(origin, within)])


def _merged(parts: Sequence[str]) -> str:
    # A row may be there by several of its parties.
    every = " UNION ALL ".join(parts) or _NOTHING
    return f"SELECT DISTINCT id, at, origin FROM ({every}) every ORDER BY at DESC, id DESC LIMIT :most"


_NOTHING = "SELECT CAST(NULL AS uuid) AS id, CAST(NULL AS timestamptz) AS at, CAST(NULL AS text) AS origin LIMIT 0"


def _walked(origin: Origin, within: Within) -> str:
    near = origin.newest(most=":walk", whole_rows=True)
    return _newest(near, origin, [origin.condition(within)])


def _gathered(origin: Origin, within: Within) -> list[str]:
    parts = []
    places = within.places()
    if places is not None:
        here = [origin.newest(f"t.{gln} = g.gln") for gln in origin.glns]
        here += [] if origin.parties is None else [_party(origin, "t.gln = g.gln")]
        parts.append(f"(SELECT p.* FROM ({places}) g CROSS JOIN LATERAL ({' UNION ALL '.join(here)}) p)")
    if within.scope.operators and (origin.parties is not None or origin.organisation is not None):
        mine = (
            _party(origin, "t.operator_id = o.id")
            if origin.parties is not None
            else origin.newest(f"t.{origin.organisation} = o.id", f"t.{origin.glns[0]} IS NULL")
        )
        operators = f"unnest(CAST(:{within.name}_operators AS uuid[])) AS o(id)"
        parts.append(f"(SELECT p.* FROM {operators} CROSS JOIN LATERAL {mine} p)")
    if origin.organisation is not None and within.whole_country() == EVERY_ROW:
        parts.append(origin.newest(f"t.{origin.glns[0]} IS NULL"))
    return parts


def _party(origin: Origin, condition: str) -> str:
    assert origin.parties is not None, "asked for only where there are parties"
    return _newest("statement_party", origin, [condition, origin.parties])


def _newest(
    rows: str, origin: Origin, conditions: Sequence[str], *, most: str = ":most", whole_rows: bool = False
) -> str:
    shown = (
        "t.*" if whole_rows else f"t.{origin.id} AS id, t.{origin.at} AS at, CAST('{origin.name}' AS text) AS origin"
    )
    after = f"(t.{origin.at}, t.{origin.id}) < (CAST(:at AS timestamptz), CAST(:after AS uuid))"
    return (
        f"(SELECT {shown} FROM {rows} t WHERE {' AND '.join([after, *conditions])}"
        f" ORDER BY t.{origin.at} DESC, t.{origin.id} DESC LIMIT {most})"
    )
