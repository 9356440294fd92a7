"""SQL about the parties of statements: what scopes ask about.

A projection beside the statements: written as they arrive, in one round trip and only where there is something to
write, and told again for the statements that a late one changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.db.plain_sql import text


@dataclass(frozen=True, kw_only=True)
class PartyRecord:
    """What one accepted statement gives these tables.

    `sources` are the sites that a receiver took goods from, `importers` the organisations that imported what was coded.
    """

    entry_id: UUID
    recorded_at: datetime
    gln: str
    to_gln: str | None
    sources: frozenset[str]
    importers: frozenset[UUID]


def insert_parties(session: Session, records: Sequence[PartyRecord]) -> None:
    """Keep the parties of statements that just arrived.  A station that is its own importer is no party."""
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
            "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at)"
            " SELECT v.entry_id, v.relation, COALESCE(v.operator_id, f.operator_id), v.gln, f.district, v.at"
            " FROM unnest(CAST(:entries AS uuid[]), CAST(:relations AS text[]), CAST(:operators AS uuid[]),"
            " CAST(:glns AS text[]), CAST(:times AS timestamptz[]), CAST(:sites AS text[]))"
            " AS v(entry_id, relation, operator_id, gln, at, site)"
            " JOIN site s ON s.gln = v.site LEFT JOIN site f ON f.gln = v.gln"
            " WHERE v.operator_id IS DISTINCT FROM s.operator_id"
        ),
        {
            "entries": [each.entry_id for each, *_ in parties],
            "relations": [relation for _, relation, _, _ in parties],
            "operators": [operator for _, _, operator, _ in parties],
            "glns": [gln for *_, gln in parties],
            "times": [each.recorded_at for each, *_ in parties],
            "sites": [each.gln for each, *_ in parties],
        },
    )


def tell_again(session: Session, entries: Collection[UUID]) -> None:
    """Bring `from` of these statements in line with their lines, as they are stored now."""
    if not entries:
        return
    values = {"entries": sorted(entries)}
    for step in (_FORGET_FROM, _TELL_FROM):
        session.execute(text(step), values)


_THESE = "ANY(CAST(:entries AS uuid[]))"
_FORGET_FROM = f"DELETE FROM statement_party WHERE entry_id = {_THESE} AND relation = 'from'"
# A correction concerns whom the corrected statement concerned: its site, and the one that it names.
_CORRECTED = (
    "SELECT g.gln FROM correction co JOIN statement o ON o.entry_id = co.corrected"
    " CROSS JOIN LATERAL unnest(ARRAY[o.gln, o.to_gln]) AS g (gln)"
    " WHERE co.entry_id = s.entry_id AND co.permitted AND g.gln <> s.gln"
)
_TELL_FROM = (
    "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at)"
    " SELECT DISTINCT s.entry_id, 'from', f.operator_id, f.gln, f.district, s.recorded_at"
    " FROM statement s CROSS JOIN LATERAL (SELECT l.from_gln AS gln FROM statement_line l"
    f" WHERE l.entry_id = s.entry_id UNION {_CORRECTED}) c JOIN site f ON f.gln = c.gln"
    f" WHERE s.entry_id = {_THESE}"
)
