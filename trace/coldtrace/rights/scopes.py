"""The same rules as `rules.reaches`, as conditions on rows: what a query appends to its WHERE.

    within = Within(scope)
    text(f"SELECT ... FROM statement s WHERE {within.statement(Kind.STATEMENT, 's')}"), within.values | {...}

Texts hold names of columns and of parameters, never a value; values travel as arrays.  A scope that reaches everything
is `TRUE` and one that reaches nothing `FALSE`, so that the plan is that of the query without a condition.  Every
look-up is an EXISTS on one equality: PostgreSQL probes it for few rows and hashes it for many.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from coldtrace.rights.model import Kind, Relation, Scope
from coldtrace.rights.rules import COUNTED

EVERY_ROW = "TRUE"
NO_ROW = "FALSE"

_KEPT = frozenset({Relation.FROM, Relation.IMPORTER})
"""What `statement_party` keeps; a row of it always has the operator of its site."""

_COLUMN = re.compile(r"[a-z_]+(\.[a-z_]+)?")


@dataclass(frozen=True, kw_only=True)
class Within:
    """A scope on its way into a query.  `name` begins its parameters: two scopes in one query need two names."""

    scope: Scope
    name: str = "scope"

    @property
    def values(self) -> dict[str, list[UUID] | list[str]]:
        """The parameters of every condition of this scope; a query may use some of them only."""
        return {
            f"{self.name}_operators": sorted(self.scope.operators),
            f"{self.name}_sites": sorted(self.scope.sites),
            f"{self.name}_markets_of": sorted(self.scope.markets_of),
            f"{self.name}_markets": sorted(self.scope.markets),
            f"{self.name}_areas": sorted(self.scope.areas),
        }

    def site(self, gln: str) -> str:
        """Return the condition that a column's site is in the scope.  A GLN that is not registered has no operator."""
        return self._site(gln, by_operator=True)

    def line(self, statement: str, line: str) -> str:
        """Return the condition that a line of a statement in the scope is for the reader, by the aliases of both.

        Whoever may have the exact texts may see every line; from whom goods were taken, and who imported them, only
        their own.
        """
        imported = (
            "EXISTS (SELECT 1 FROM unit iu JOIN lot il USING (lot_id) JOIN consignment ic USING (consignment_id)"
            f" WHERE iu.unit_pk = {_checked(line)}.unit_pk AND {self.organisation('ic.importer_id')})"
        )
        return self._or(
            [
                self.statement(Kind.PIECES, statement),
                self.site(f"{line}.from_gln"),
                imported if self.scope.operators else NO_ROW,
            ]
        )

    def places(self) -> str | None:
        """Return the query for the GLNs in the scope, each once; None where it has no place, or every one."""
        if self.scope.everything:
            return None
        registered = self._parts(by_operator=True)
        named = f"SELECT unnest(CAST(:{self.name}_sites AS text[])) AS gln"
        parts = [f"SELECT si.gln FROM site si WHERE {self._or(registered)}"] if registered else []
        return " UNION ".join([*parts, *([named] if self.scope.sites else [])]) or None

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
        own = self.thing(kind, at=f"{alias}.gln", to=f"{alias}.to_gln")
        relations = COUNTED.get(kind, frozenset()) & _KEPT
        further = self._or([self.organisation("sp.operator_id"), self._site("sp.gln", by_operator=False)])
        if not relations or further in (EVERY_ROW, NO_ROW):
            return own
        if relations != _KEPT:
            further = f"sp.relation IN ({', '.join(repr(each.value) for each in sorted(relations))}) AND {further}"
        found = (
            f"EXISTS (SELECT 1 FROM statement_party sp WHERE sp.entry_id = {_checked(alias)}.entry_id AND {further})"
        )
        return self._or([own, found])

    def _site(self, gln: str, *, by_operator: bool) -> str:
        return self._or([*self._named(gln), *self._registered(gln, by_operator=by_operator)])

    def _named(self, gln: str) -> list[str]:
        return [self._holds(gln, "sites", "text")] if self.scope.sites else []

    def _registered(self, gln: str, *, by_operator: bool) -> list[str]:
        parts = self._parts(by_operator=by_operator)
        if not parts:
            return []
        return [f"EXISTS (SELECT 1 FROM site si WHERE si.gln = {_checked(gln)} AND {self._or(parts)})"]

    def _parts(self, *, by_operator: bool) -> list[str]:
        """Return the conditions on a registered site `si`, one of which must hold."""
        scope = self.scope
        parts = [self._holds("si.operator_id", "operators", "uuid")] if scope.operators and by_operator else []
        parts += [self._holds("si.market_gln", "markets", "text")] if scope.markets else []
        if scope.markets_of:
            owned = self._holds("mk.operator_id", "markets_of", "uuid")
            parts.append(f"EXISTS (SELECT 1 FROM site mk WHERE mk.gln = si.market_gln AND {owned})")
        parts += [f"si.district ^@ ANY(CAST(:{self.name}_areas AS text[]))"] if scope.areas else []
        return parts

    def _holds(self, column: str, values: str, kind: str) -> str:
        return f"{_checked(column)} = ANY(CAST(:{self.name}_{values} AS {kind}[]))"

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
