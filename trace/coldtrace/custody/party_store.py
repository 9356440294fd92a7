"""SQL about the parties of statements, and about which statements contradict something: what scopes ask about.

Both are projections beside the statements: written as they arrive, in one round trip each and only where there is
something to write, and told again for the statements that a late one changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session


@dataclass(frozen=True, kw_only=True)
class PartyRecord:
    """What one accepted statement gives these tables.

    `marked`: it or a line of it contradicts something.  `sources` are the sites that a receiver took goods from,
    `importers` the organisations that imported what was coded.
    """

    entry_id: UUID
    recorded_at: datetime
    gln: str
    to_gln: str | None
    marked: bool
    sources: frozenset[str]
    importers: frozenset[UUID]


def insert_parties(session: Session, records: Sequence[PartyRecord]) -> None:
    """Keep the parties and marks of statements that just arrived.  A station that is its own importer is no party."""
    parties = [
        (each, relation, operator, gln)
        for each in records
        for relation, operator, gln in (
            ("at", None, each.gln),
            *([] if each.to_gln is None else [("to", None, each.to_gln)]),
            *(("from", None, gln) for gln in sorted(each.sources)),
            *(("importer", operator, None) for operator in sorted(each.importers)),
        )
    ]
    if not parties:
        return
    session.execute(
        text(
            "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at, marked)"
            " SELECT v.entry_id, v.relation, COALESCE(v.operator_id, f.operator_id), v.gln, f.district, v.at, v.marked"
            " FROM unnest(CAST(:entries AS uuid[]), CAST(:relations AS text[]), CAST(:operators AS uuid[]),"
            " CAST(:glns AS text[]), CAST(:times AS timestamptz[]), CAST(:marked AS boolean[]),"
            " CAST(:sites AS text[])) AS v(entry_id, relation, operator_id, gln, at, marked, site)"
            " JOIN site s ON s.gln = v.site LEFT JOIN site f ON f.gln = v.gln"
            " WHERE v.operator_id IS DISTINCT FROM s.operator_id"
        ),
        {
            "entries": [each.entry_id for each, *_ in parties],
            "relations": [relation for _, relation, _, _ in parties],
            "operators": [operator for _, _, operator, _ in parties],
            "glns": [gln for *_, gln in parties],
            "times": [each.recorded_at for each, *_ in parties],
            "marked": [each.marked for each, *_ in parties],
            "sites": [each.gln for each, *_ in parties],
        },
    )
    marked = [each for each in records if each.marked]
    if marked:
        session.execute(
            text(
                "INSERT INTO marked_statement (entry_id, recorded_at)"
                " SELECT * FROM unnest(CAST(:entries AS uuid[]), CAST(:times AS timestamptz[]))"
            ),
            {"entries": [each.entry_id for each in marked], "times": [each.recorded_at for each in marked]},
        )


def tell_again(session: Session, entries: Collection[UUID]) -> None:
    """Bring `from` and the marks of these statements in line with their lines, as they are stored now."""
    if not entries:
        return
    values = {"entries": sorted(entries)}
    for step in (_FORGET_FROM, _TELL_FROM, _FORGET_MARKED, _TELL_MARKED, _FLAG):
        session.execute(text(step), values)


_THESE = "ANY(CAST(:entries AS uuid[]))"
_FORGET_FROM = f"DELETE FROM statement_party WHERE entry_id = {_THESE} AND relation = 'from'"
_TELL_FROM = (
    "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at, marked)"
    " SELECT DISTINCT s.entry_id, 'from', f.operator_id, l.from_gln, f.district, s.recorded_at, FALSE"
    " FROM statement s JOIN statement_line l USING (entry_id) JOIN site f ON f.gln = l.from_gln"
    f" WHERE s.entry_id = {_THESE}"
)
_FORGET_MARKED = f"DELETE FROM marked_statement WHERE entry_id = {_THESE}"
_TELL_MARKED = (
    "INSERT INTO marked_statement (entry_id, recorded_at) SELECT entry_id, recorded_at"
    f" FROM statement s WHERE s.entry_id = {_THESE} AND (s.marks <> '{{}}' OR EXISTS"
    " (SELECT 1 FROM statement_line l WHERE l.entry_id = s.entry_id AND l.marks <> '{}'))"
)
_FLAG = (
    "UPDATE statement_party p SET marked = NOT p.marked WHERE p.entry_id = " + _THESE + " AND p.marked <>"
    " EXISTS (SELECT 1 FROM marked_statement m WHERE m.entry_id = p.entry_id)"
)
