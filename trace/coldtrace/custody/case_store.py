"""SQL about cases as custody opens them: with the statement that contradicts something, in the same transaction.

Nothing is written for a statement that contradicts nothing.  What people do with a case, and cases that no statement
opened by itself, are the watch's (`coldtrace.watch`).
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import held_before
from coldtrace.custody.case_kinds import case_id, kinds_of
from coldtrace.custody.model import OF_REGULATORS, CaseKind, Mark
from coldtrace.db.plain_sql import text

GONE = "told_again"
"""The note of a case whose reason went by itself: a late statement or a correction told the story differently."""


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case to be opened, unless there is one of its kind about the same thing.

    `about` is `statement:ID` for what a statement's own marks say, `duplicate:ID` for other bytes under its id,
    `overdue:ID` and `remainder:ID` for what an out-scan's goods became, `travel:ID` for goods that were elsewhere too
    shortly before, `device:KEY:NUMBER` for the place of a device's chain before which something is missing,
    `late:KEY:DAY` for what a device told more than a day later, `declared:GTIN:LOT` for a lot of which more was
    commissioned than declared, `look:UNIT`, `place:UNIT`, `burst:LOT` and
    `stray:GTIN:LOT` for what the clone radar found.  `entry_id` is the statement that it is about, `other_id` a second
    one; the parties of both are those of the case.  `suspects` are the goods whose codes it doubts while it is live.
    """

    kind: CaseKind
    about: str
    gln: str
    opened_at: datetime
    entry_id: UUID | None = None
    other_id: UUID | None = None
    key_id: bytes | None = None
    unit_id: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    suspects: Collection[str] = ()

    @property
    def id(self) -> UUID:
        """The id that the case has, whoever opens it."""
        return case_id(self.kind, self.about)


def open_stated(session: Session, marked: Iterable[tuple[UUID, str, datetime, Collection[str]]]) -> None:
    """Open the cases of statements that were just kept: (entry id, its site, arrival, its marks and its lines')."""
    open_cases(
        session,
        [
            NewCase(kind=kind, about=f"statement:{entry_id}", entry_id=entry_id, gln=gln, opened_at=at)
            for entry_id, gln, at, marks in marked
            for kind in sorted(kinds_of(marks))
        ],
    )


def open_cases(session: Session, cases: Sequence[NewCase]) -> set[UUID]:
    """Open cases; return the ids of those that there were not yet.  One whose reason had gone by itself is open again.

    A case that somebody closed stays closed.  The site's organisation is its owner at first; of what is for regulators
    the nearest regulator's office, or nobody where there is none.
    """
    if not cases:
        return set()
    rows = session.execute(
        text(
            "INSERT INTO case_file AS c (case_id, kind, about, entry_id, other_id, key_id, unit_id, gln, operator_id,"
            " opened_at, state, detail) SELECT v.id, v.kind, v.about, v.entry_id, v.other_id, v.key_id, v.unit_id,"
            f" v.gln, CASE WHEN v.kind = ANY(CAST(:of_regulators AS text[])) THEN {_REGULATOR} ELSE s.operator_id END,"
            " v.at, 'open', CAST(v.detail AS jsonb)"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:abouts AS text[]),"
            " CAST(:entries AS uuid[]), CAST(:others AS uuid[]), CAST(:keys AS bytea[]), CAST(:units AS text[]),"
            " CAST(:glns AS text[]), CAST(:times AS timestamptz[]), CAST(:details AS text[]))"
            " AS v(id, kind, about, entry_id, other_id, key_id, unit_id, gln, at, detail) LEFT JOIN site s USING (gln)"
            " ORDER BY v.id ON CONFLICT (kind, about) DO UPDATE SET state = 'open', note = NULL, closed_at = NULL,"
            " detail = EXCLUDED.detail WHERE c.state = 'explained' AND c.note = :gone"
            " RETURNING case_id, c.xmax = 0 AS fresh"
        ),
        {
            "ids": [case.id for case in cases],
            "kinds": [case.kind.value for case in cases],
            "abouts": [case.about for case in cases],
            "entries": [case.entry_id for case in cases],
            "others": [case.other_id for case in cases],
            "keys": [case.key_id for case in cases],
            "units": [case.unit_id for case in cases],
            "glns": [case.gln for case in cases],
            "times": [case.opened_at for case in cases],
            "details": [json.dumps(dict(case.detail), sort_keys=True) for case in cases],
            "gone": GONE,
            "of_regulators": sorted(kind.value for kind in OF_REGULATORS),
        },
    )
    opened = {row.case_id: row.fresh for row in rows}
    note_suspects(session, {case.id: case.suspects for case in cases if case.suspects})
    _tell_parties(session, opened.keys(), before={case for case, fresh in opened.items() if not fresh})
    return set(opened)


_REGULATOR = (
    "(SELECT r.operator_id FROM site r WHERE r.role = 'regulator'"
    " AND s.district ^@ regexp_replace(r.district, '(00)+$', '') ORDER BY length(regexp_replace(r.district,"
    " '(00)+$', '')) DESC, r.gln LIMIT 1)"
)
"""The organisation of the regulator whose place is nearest to that of site `s`."""


def note_suspects(session: Session, doubted: Mapping[UUID, Collection[str]]) -> None:
    """Say whose codes these cases doubt, as long as they are live; what was said before stays."""
    pairs = [(case, unit) for case, units in doubted.items() for unit in sorted(units)]
    if pairs:
        session.execute(
            text(
                "INSERT INTO case_suspect (unit_id, case_id) SELECT v.unit_id, c.case_id"
                " FROM unnest(CAST(:units AS text[]), CAST(:cases AS uuid[])) AS v(unit_id, case_id)"
                " JOIN case_file c ON c.case_id = v.case_id AND c.live ON CONFLICT DO NOTHING"
            ),
            {"units": [unit for _, unit in pairs], "cases": [case for case, _ in pairs]},
        )


def _tell_parties(session: Session, ids: Collection[UUID], *, before: Collection[UUID]) -> None:
    """Write whom these cases concern, as it is known now; `before` are those of which that was written earlier."""
    if not ids:
        return
    held_before.note_holders(session, ids)
    if before:
        session.execute(
            text("DELETE FROM case_party WHERE case_id = ANY(CAST(:ids AS uuid[]))"), {"ids": sorted(before)}
        )
    session.execute(text(_PARTIES), {"ids": sorted(ids)})


_PARTIES = (
    "INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live)"
    " SELECT c.case_id, p.operator_id, p.gln, p.district, c.opened_at, c.live FROM case_file c"
    " CROSS JOIN LATERAL (SELECT sp.operator_id, sp.gln, sp.district FROM statement_party sp"
    "  WHERE sp.entry_id IN (c.entry_id, c.other_id)"
    "  UNION SELECT s.operator_id, s.gln, s.district FROM site s WHERE s.gln = c.gln"
    "  OR s.gln IN (SELECT jsonb_object_keys(c.detail -> 'held'))"
    # Whose code is doubted learns of it: the station that issued it, and where it is by the record.
    "  UNION SELECT s.operator_id, s.gln, s.district FROM case_suspect x JOIN issued_code i USING (unit_id)"
    "  JOIN code_run r USING (run_id) JOIN site s ON s.gln = r.station_gln WHERE x.case_id = c.case_id) p"
    " WHERE c.case_id = ANY(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING"
)


_MARKS = (
    # A statement keeps the marks that it came with; one of them ends when what it waited for has come.
    "CASE WHEN EXISTS (SELECT 1 FROM correction w WHERE w.entry_id = s.entry_id AND w.permitted)"
    f" THEN array_remove(s.marks, '{Mark.CORRECTS_UNKNOWN}') ELSE s.marks END"
)


def tell_again(session: Session, entries: Collection[UUID]) -> None:
    """Bring the cases of these statements in line with their marks, as they are stored now.

    A statement that is annulled contradicts nothing.  A case whose marks are gone becomes `explained`, one whose marks
    are there (again) is opened.  Nobody's work is undone: what a person closed stays closed.
    """
    if not entries:
        return
    rows = session.execute(
        text(
            f"SELECT s.entry_id, s.gln, {_MARKS} || COALESCE((SELECT array_agg(DISTINCT m) FROM statement_line l,"
            " unnest(l.marks) m WHERE l.entry_id = s.entry_id), '{}') AS marks,"
            " (SELECT max(recorded_at) FROM statement) AS now"
            " FROM statement s WHERE s.entry_id = ANY(CAST(:entries AS uuid[])) AND NOT EXISTS"
            " (SELECT 1 FROM correction k WHERE k.corrected = s.entry_id AND k.in_force) ORDER BY s.entry_id"
        ),
        {"entries": sorted(entries)},
    ).all()
    close_gone(session, entries, keep={row.entry_id: kinds_of(row.marks) for row in rows})
    open_stated(session, [(row.entry_id, row.gln, row.now, row.marks) for row in rows])
    tell_parties(session, entries)


def tell_parties(session: Session, entries: Collection[UUID]) -> None:
    """Write again whom the cases of these statements concern: whence goods came, or who held them, may have changed."""
    if not entries:
        return
    kept = session.execute(
        text("SELECT case_id FROM case_file WHERE entry_id = ANY(CAST(:entries AS uuid[]))"),
        {"entries": sorted(entries)},
    )
    known = set(kept.scalars())
    _tell_parties(session, known, before=known)


def close_gone(session: Session, entries: Collection[UUID], *, keep: Mapping[UUID, Collection[CaseKind]]) -> None:
    """Explain the live cases that these statements' marks opened and that are not to be kept."""
    kept = [f"{kind.value} statement:{entry}" for entry, kinds in keep.items() for kind in kinds]
    explain_gone(
        session,
        "c.entry_id = ANY(CAST(:entries AS uuid[])) AND c.about = 'statement:' || c.entry_id"
        " AND c.kind || ' ' || c.about <> ALL(CAST(:kept AS text[]))",
        {"entries": sorted(entries), "kept": kept},
    )


def explain_gone(session: Session, condition: str, values: Mapping[str, object]) -> int:
    """Explain the live cases `c` that a condition names: what they were about is gone; return how many."""
    return int(
        session.execute(
            text(
                "WITH gone AS (UPDATE case_file c SET state = 'explained', note = :gone, taken_by = NULL,"
                " closed_at = (SELECT max(recorded_at) FROM statement)"
                f" WHERE c.live AND {condition} RETURNING c.case_id),"
                " told AS (UPDATE case_party p SET live = FALSE FROM gone WHERE p.case_id = gone.case_id)"
                " SELECT count(*) FROM gone"
            ),
            {"gone": GONE, **values},
        ).scalar_one()
    )
