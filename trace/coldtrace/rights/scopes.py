"""The same rules as `rules.reaches`, as conditions on rows: what a query appends to its WHERE.

    within = Within(scope)
    text(f"SELECT ... FROM statement s WHERE {within.statement(Kind.STATEMENT, 's')}"), within.values | {...}

Texts hold names of columns and of parameters, never a value; values travel as arrays.  A scope that reaches everything
is `TRUE` and one that reaches nothing `FALSE`, so that the plan is that of the query without a condition.  Every
look-up is an EXISTS on one equality: PostgreSQL probes it for few rows and hashes it for many.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coldtrace.rights.model import Kind, Relation, Scope
from coldtrace.rights.rules import COUNTED

EVERY_ROW = "TRUE"
NO_ROW = "FALSE"

_FURTHER = frozenset({Relation.FROM, Relation.IMPORTER})
"""Parties that stand in `statement_party` alone; a row of it has the operator of its site."""

_COLUMN = re.compile(r"[a-z_]+(\.[a-z_]+)?")


@dataclass(frozen=True, kw_only=True)
class Within:
    """A scope on its way into a query.

    `name` begins its parameters: two scopes in one query need two names.  Where `few_rows` are asked about, they are
    probed one by one: PostgreSQL expects more of them than there are and would hash all of a big store's statements.
    """

    scope: Scope
    name: str = "scope"
    few_rows: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of every condition of this scope; a query may use some of them only."""
        return {
            f"{self.name}_operators": sorted(self.scope.operators),
            f"{self.name}_sites": sorted(self.scope.sites),
            f"{self.name}_markets_of": sorted(self.scope.markets_of),
            f"{self.name}_markets": sorted(self.scope.markets),
            f"{self.name}_areas": sorted(self.scope.areas),
            **self._pairs("kinds_of", sorted(self.scope.kinds_of)),
            **self._pairs("kinds_at", sorted(self.scope.kinds_at)),
        }

    def site(self, gln: str) -> str:
        """Return the condition that a column's site is in the scope.  A GLN that is not registered has no operator."""
        return self._site(gln, by_operator=True)

    def line(self, whole: str, line: str) -> str:
        """Return the condition that a line of a statement in the scope is for the reader.

        `whole` is a column that says whether the statement's exact texts are (`Kind.PIECES`), and so every line; whom
        goods were taken from, and who imported them, sees only these.  `line` is the alias of the line.
        """
        if self.scope.everything:
            return EVERY_ROW
        imported = (
            "EXISTS (SELECT 1 FROM unit iu JOIN lot il USING (lot_id) JOIN consignment ic USING (consignment_id)"
            f" WHERE iu.unit_pk = {_checked(line)}.unit_pk AND {self.organisation('ic.importer_id')})"
        )
        own = [self.site(f"{line}.from_gln"), imported if self.scope.operators else NO_ROW]
        return self._or([whole if whole == NO_ROW else _checked(whole), *own])

    def said_of(self, kind: Kind, statement: str, line: str) -> str:
        """Return the condition that what a statement says in one line is for the reader: the statement is in the
        scope, and so is the line.  Both are aliases; whoever has the exact texts has every line.
        """
        if self.scope.everything:
            return EVERY_ROW
        # Who sees more statements than exact texts sees them for goods taken from it, or imported by it.
        further = self._further(kind, statement)
        told = further if further == NO_ROW else f"({further} AND {self.line(NO_ROW, line)})"
        return self._or([self.statement(Kind.PIECES, statement), told])

    def named_places(self) -> str | None:
        """Return the query for the GLNs of named sites and of stalls, each once; None where the scope has none."""
        scope = self.scope
        stalls = self._stalls()
        parts = [f"SELECT unnest({self._array('sites', 'text')}) AS gln"] if scope.sites else []
        parts += [f"SELECT si.gln FROM site si WHERE {self._or(stalls)}"] if stalls else []
        return " UNION ".join(parts) or None

    def districts(self) -> str | None:
        """Return the query for the districts of the scope's areas that have sites; None where it has no area.

        It steps from one district to the next: there are thousands of sites and few districts.
        """
        last = "si.district ~<=~ rpad(ar.area, 6, '9')"
        first = "ORDER BY si.district USING ~<~ LIMIT 1"
        return (
            f"SELECT DISTINCT di.district FROM unnest({self._array('areas', 'text')}) AS ar(area)"
            " CROSS JOIN LATERAL (WITH RECURSIVE step (district) AS ((SELECT si.district FROM site si"
            f" WHERE si.district ~>=~ rpad(ar.area, 6, '0') AND {last} {first})"
            " UNION ALL SELECT (SELECT si.district FROM site si"
            f" WHERE si.district ~>~ step.district AND {last} {first}) FROM step WHERE step.district IS NOT NULL)"
            " SELECT district FROM step WHERE district IS NOT NULL) di"
            if self.scope.areas
            else None
        )

    def organisations(self) -> str | None:
        """Return the query for the ids of the scope's organisations; None where it has none."""
        array = self._array("operators", "uuid")
        return f"SELECT unnest({array}) AS operator_id" if self.scope.operators else None

    def organisation(self, operator: str) -> str:
        """Return the condition that a column's organisation is, as a party that is no site."""
        return self._or([self._holds(operator, "operators", "uuid")] if self.scope.operators else [])

    def whole_country(self) -> str:
        """Return the condition of what has no place: whoever sees the whole country sees it."""
        return self._or([EVERY_ROW] if "" in self.scope.areas else [])

    def thing(self, kind: Kind, *, at: str | None = None, to: str | None = None, importer: str | None = None) -> str:
        """Return the condition that a thing is in the scope: `at` and `to` columns of GLNs, `importer` of ids.

        Relations that do not count for the kind are left out, as in `rules.reaches`.
        """
        counted = COUNTED.get(kind, frozenset({Relation.AT}))
        parts = [self.site(at)] if at is not None and Relation.AT in counted else []
        parts += [self.site(to)] if to is not None and Relation.TO in counted else []
        parts += [self.organisation(importer)] if importer is not None and Relation.IMPORTER in counted else []
        return self._or(parts)

    def statement(self, kind: Kind, alias: str) -> str:
        """Return the condition that a statement is in the scope, its further parties counted if the kind counts them.

        `alias` is that of the table `statement`, or of anything with its `entry_id`, `gln` and `to_gln`.
        """
        return self._or([self.thing(kind, at=f"{alias}.gln", to=f"{alias}.to_gln"), self._further(kind, alias)])

    def _further(self, kind: Kind, alias: str) -> str:
        """Return the condition that one of the parties that stand in `statement_party` alone is in the scope."""
        relations = COUNTED.get(kind, frozenset()) & _FURTHER
        further = self._or([self.organisation("sp.operator_id"), self._site("sp.gln", by_operator=False)])
        if not relations or further in (EVERY_ROW, NO_ROW):
            return NO_ROW
        named = ", ".join(repr(each.value) for each in sorted(relations))
        mine = f"sp.relation IN ({named}) AND {further}"
        return self._exists("statement_party", "sp", f"entry_id = {_checked(alias)}.entry_id", mine)

    def _site(self, gln: str, *, by_operator: bool) -> str:
        return self._or([*self._named(gln), *self._registered(gln, by_operator=by_operator)])

    def _named(self, gln: str) -> list[str]:
        return [self._holds(gln, "sites", "text")] if self.scope.sites else []

    def _registered(self, gln: str, *, by_operator: bool) -> list[str]:
        parts = self._parts(by_operator=by_operator)
        if not parts:
            return []
        return [self._exists("site", "si", f"gln = {_checked(gln)}", self._or(parts))]

    def _parts(self, *, by_operator: bool) -> list[str]:
        """Return the conditions on a registered site `si`, one of which must hold."""
        parts = [self._holds("si.operator_id", "operators", "uuid")] if self.scope.operators and by_operator else []
        parts += [self._holds_pair("si.operator_id", "kinds_of", "uuid")] if self.scope.kinds_of else []
        parts += [self._holds_pair("si.gln", "kinds_at", "text")] if self.scope.kinds_at else []
        return [*parts, *self._stalls(), *([self._in_area()] if self.scope.areas else [])]

    def _stalls(self) -> list[str]:
        parts = [self._holds("si.market_gln", "markets", "text")] if self.scope.markets else []
        if self.scope.markets_of:
            owned = self._holds("mk.operator_id", "markets_of", "uuid")
            parts.append(f"EXISTS (SELECT 1 FROM site mk WHERE mk.gln = si.market_gln AND {owned})")
        return parts

    def _in_area(self) -> str:
        return f"si.district ^@ ANY({self._array('areas', 'text')})"

    def _exists(self, table: str, alias: str, which: str, condition: str) -> str:
        """Return that a row of a table, found by its key, meets a condition.

        Of few rows the key is looked up and nothing else: PostgreSQL would rather hash a big store's whole table.
        """
        if self.few_rows:
            return f"EXISTS (SELECT 1 FROM (SELECT * FROM {table} WHERE {which} OFFSET 0) {alias} WHERE {condition})"
        return f"EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.{which} AND {condition})"

    def _holds(self, column: str, values: str, kind: str) -> str:
        return f"{_checked(column)} = ANY({self._array(values, kind)})"

    def _holds_pair(self, column: str, values: str, kind: str) -> str:
        whose, what = self._array(f"{values}_1", kind), self._array(f"{values}_2", "text")
        pairs = f"unnest({whose}, {what}) AS kd(whose, kind)"
        return f"EXISTS (SELECT 1 FROM {pairs} WHERE kd.whose = {_checked(column)} AND kd.kind = si.role)"

    def _pairs(self, name: str, pairs: Sequence[tuple[UUID, str]] | Sequence[tuple[str, str]]) -> dict[str, Any]:
        return {f"{self.name}_{name}_1": [one for one, _ in pairs], f"{self.name}_{name}_2": [two for _, two in pairs]}

    def _array(self, values: str, kind: str) -> str:
        array = f"CAST(:{self.name}_{values} AS {kind}[])"
        # From a query of its own the array is as unknown as it is to a plan for every reader: so that one is kept.
        return f"CAST((SELECT {array}) AS {kind}[])" if self.few_rows else array

    def _or(self, parts: list[str]) -> str:
        """Join conditions; the short cuts keep their form, whatever they are joined with."""
        if self.scope.everything or EVERY_ROW in parts:
            return EVERY_ROW
        kept = [part for part in parts if part != NO_ROW]
        if len(kept) <= 1:
            return kept[0] if kept else NO_ROW
        return f"({' OR '.join(kept)})"


def _checked(column: str) -> str:
    """Return the name of a column; what a caller writes here is part of the text that the database reads."""
    if _COLUMN.fullmatch(column) is None:
        raise ValueError(f"no name of a column: {column!r}")
    return column
