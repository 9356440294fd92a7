"""Cases as a list that a person can work through, newest first, and one case by its id.

What is in a list: cases one of whose parties is in the reader's scope.  Of a statement's units those lines are shown
that the reader may see, and those units that by the record it held last.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody.case_kinds import CASE_WORDS, marks_of
from coldtrace.custody.model import BLOCKING, MARK_WORDS, CaseKind, Mark
from coldtrace.custody.scope_pages import CASES, pages, prepared
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.model import DUE_HOURS, EXPLANATIONS, OF_A_DEVICE_THAT_ENDED, CaseState, Explanation

PAGE_MAX = 200
LIVE = (CaseState.OPEN, CaseState.TAKEN)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases of a scope: of these states, and whatever else is not None.

    `owner` is the organisation whose office it is, `taken_by` whoever works on it, `key_id` a device, `mark` one of the
    marks of its statement.  `overdue_at` asks for what was due before that moment, `differs` for those in which what
    was sent and what was received differ.
    """

    states: tuple[CaseState, ...] = LIVE
    kind: CaseKind | None = None
    site: str | None = None
    owner: UUID | None = None
    taken_by: str | None = None
    key_id: bytes | None = None
    mark: str | None = None
    overdue_at: datetime | None = None
    differs: bool = False
    hours: Mapping[CaseKind, int] | None = None

    @property
    def conditions(self) -> list[str]:
        """The conditions on row `t` of the cases or of their parties."""
        alive = {CaseState.OPEN, CaseState.TAKEN}
        found = ["t.live"] if set(self.states) <= alive else ["NOT t.live"] if not alive & set(self.states) else []
        own = [
            "f.state = ANY(CAST(:states AS text[]))" if set(self.states) not in (alive, set(CaseState)) else "",
            "f.kind = :kind" if self.kind is not None else "",
            "f.gln = :site" if self.site is not None else "",
            "f.operator_id = :owner" if self.owner is not None else "",
            "f.taken_by = :taken_by" if self.taken_by is not None else "",
            "f.key_id = :key_id" if self.key_id is not None else "",
            _MARKED if self.mark is not None else "",
            _OVERDUE if self.overdue_at is not None else "",
            _DIFFERS if self.differs else "",
        ]
        asked = [each for each in own if each]
        if asked:
            found.append(f"EXISTS (SELECT 1 FROM case_file f WHERE f.case_id = t.case_id AND {' AND '.join(asked)})")
        return found

    @property
    def values(self) -> dict[str, object]:
        """The parameters of the conditions."""
        hours = self.hours or DUE_HOURS
        return {
            "states": [each.value for each in self.states],
            "kind": self.kind,
            "site": self.site,
            "owner": self.owner,
            "taken_by": self.taken_by,
            "key_id": self.key_id,
            "mark": self.mark,
            "overdue_at": self.overdue_at,
            "kinds": [each.value for each in hours],
            "hours": list(hours.values()),
        }


_MARKED = (
    "EXISTS (SELECT 1 FROM statement ms WHERE ms.entry_id = f.entry_id AND (:mark = ANY(ms.marks) OR EXISTS"
    " (SELECT 1 FROM statement_line ml WHERE ml.entry_id = ms.entry_id AND :mark = ANY(ml.marks))))"
)
_DIFFERS = (
    f"(f.kind IN ('{CaseKind.QUANTITY_MISMATCH}', '{CaseKind.REFUSED_HANDOVER}')"
    f" OR f.kind = '{CaseKind.GAP}' AND f.about LIKE 'overdue:%')"
)
_OVERDUE = (
    "f.opened_at < CAST(:overdue_at AS timestamptz) - make_interval(hours => (SELECT h.hours FROM"
    " unnest(CAST(:kinds AS text[]), CAST(:hours AS int[])) AS h(kind, hours) WHERE h.kind = f.kind))"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case.

    A statement has its `entry_id`, type, status, `claimed_at`, and the marks that opened the case.  A scan has its text
    as it was kept, the reason, who scanned it, and how often that day; a double binding the lot that counts and the
    other one; a case of a device its key, and `detail` what is missing; a refusal the reasons for it (`refused_for`).
    `owner` is the credit code of the organisation whose office it is; `device_ended` tells that its device was revoked,
    closed its chain, or was given a new key.
    """

    case_id: UUID
    kind: CaseKind
    state: CaseState
    opened_at: datetime
    about: str
    entry_id: UUID | None
    other_id: UUID | None
    key_id: bytes | None
    gln: str | None
    owner: str | None
    owner_id: UUID | None
    taken_by: str | None
    taken_for: str | None
    taken_for_id: UUID | None
    taken_at: datetime | None
    closed_at: datetime | None
    resolved_by: UUID | None
    note: str | None
    detail: dict[str, Any]
    type: str | None
    claimed_at: datetime
    recorded_at: datetime
    status: str | None
    marks: tuple[Mark, ...]
    units: tuple[str, ...]
    scanned: str | None = None
    reason: str | None = None
    by: str | None = None
    times: int = 1
    lots: tuple[str, ...] = ()
    refused_for: tuple[str, ...] = ()
    device_ended: bool = False

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The words by which a person may close it, none where only a statement does.

        A device's own `mark` or `close` settles a hole in its chain while it can say one.
        """
        holed = self.kind is CaseKind.GAP and self.about.startswith("device:")
        return OF_A_DEVICE_THAT_ENDED if holed and self.device_ended else EXPLANATIONS.get(self.kind, ())

    @property
    def is_live(self) -> bool:
        """Tell whether somebody still has to do something."""
        return self.state in LIVE

    def words(self) -> list[dict[str, str]]:
        """Return what is odd, each with its words: the marks that opened it, or its kind where no mark did."""
        if self.marks:
            return [_worded(mark, MARK_WORDS[mark]) for mark in self.marks]
        return [_worded(self.kind.value, CASE_WORDS[self.kind])]

    def due_at(self, hours: Mapping[CaseKind, int]) -> datetime:
        """Return until when it should be closed."""
        return self.opened_at + timedelta(hours=hours[self.kind])


def list_cases(
    session: Session, scope: Scope, *, after: UUID | None, limit: int, wanted: Wanted | None = None
) -> list[Case]:
    """Return up to `limit` cases in the scope, newest first, from the one after `after` on: live ones unless asked.

    None if there is no case `after` in the scope.
    """
    asked = wanted or Wanted()
    within, most = Within(scope=scope, few_rows=True), min(limit, PAGE_MAX)
    at = None if after is None else _opened_at(session, within, after)
    if after is not None and at is None:
        return []
    page = pages(CASES, within, *asked.conditions, most=most)
    values = {
        "after": after or _LAST_ID,
        "at": at or "infinity",
        "most": most,
        **asked.values,
        **within.values,
    }
    return _read(session, within, page, values)


def count_cases(session: Session, scope: Scope, *, most: int, wanted: Wanted | None = None) -> int:
    """Return how many cases in the scope are as asked, `most` at most: reading no more rows than a page of the list."""
    asked, within = wanted or Wanted(), Within(scope=scope, few_rows=True)
    page = pages(CASES, within, *asked.conditions, most=most)
    values = {"after": _LAST_ID, "at": "infinity", "most": most, **asked.values, **within.values}
    found: int = session.execute(prepared(f"SELECT count(*) FROM ({page}) page"), values).scalar_one()
    return found


def find_case(session: Session, scope: Scope, case_id: UUID) -> Case | None:
    """Return a case in the scope, whatever its state; None if there is none."""
    within = Within(scope=scope, few_rows=True)
    page = f"SELECT t.case_id AS id, t.opened_at AS at FROM case_file t WHERE t.case_id = :id AND {_seen(within)}"
    found = _read(session, within, page, {"id": case_id, **within.values})
    return found[0] if found else None


_LAST_ID = UUID(int=2**128 - 1)


def _seen(within: Within) -> str:
    """Return the condition that case `t` has a party in the scope."""
    if within.scope.everything:
        return "TRUE"
    mine = f"({within.organisation('p.operator_id')} OR {within.site('p.gln')} OR p.gln IS NULL AND"
    return f"EXISTS (SELECT 1 FROM case_party p WHERE p.case_id = t.case_id AND {mine} {within.whole_country()}))"


def _opened_at(session: Session, within: Within, case_id: UUID) -> datetime | None:
    query = text(f"SELECT t.opened_at FROM case_file t WHERE t.case_id = :id AND {_seen(within)}")
    found: datetime | None = session.execute(query, {"id": case_id, **within.values}).scalar_one_or_none()
    return found


def _read(session: Session, within: Within, page: str, values: Mapping[str, object]) -> list[Case]:
    own, whole = within.line("w.whole", "x"), within.statement(Kind.PIECES, "s")
    query = _CASES.format(page=page, own=own, whole=whole, held=within.site("h.gln"))
    rows = session.execute(prepared(query), values)
    return [_case(row) for row in rows]


_CASES = (
    "WITH page AS ({page}) SELECT f.case_id, f.kind, f.state, f.opened_at, f.about, f.entry_id, f.other_id, f.key_id,"
    " f.gln, f.operator_id AS owner_id, o.uscc AS owner, f.taken_by, tf.uscc AS taken_for,"
    " f.taken_for AS taken_for_id, f.taken_at, f.closed_at,"
    " f.resolved_by, f.note, f.detail, f.unit_id, w.whole,"
    " EXISTS (SELECT 1 FROM device d WHERE d.key_id = f.key_id AND (d.state IN ('revoked', 'retired')"
    "  OR d.replaced_by IS NOT NULL)) AS device_ended,"
    " s.type, COALESCE(s.claimed_at, f.opened_at) AS claimed_at, COALESCE(s.recorded_at, f.opened_at) AS recorded_at,"
    " s.status, s.marks, u.scanned, u.reason, COALESCE(u.scanned_by, b.bound_by) AS by, COALESCE(u.times, 1) AS times,"
    " applied.lot AS bound_lot, other.lot AS other_lot,"
    " (SELECT array_agg(DISTINCT m) FROM statement_line x, unnest(x.marks) m"
    "  WHERE x.entry_id = s.entry_id AND {own}) AS line_marks,"
    " (SELECT array_agg(DISTINCT x.details ->> 'refused') FROM statement_line x WHERE x.entry_id = s.entry_id"
    "  AND f.kind = 'refused_handover' AND jsonb_typeof(x.details -> 'refused') = 'string' AND {own}) AS refused_for,"
    " (SELECT array_agg(un.unit_id ORDER BY l.line_no) FROM"
    "  (SELECT * FROM statement_line x WHERE x.entry_id = s.entry_id AND {own} ORDER BY line_no LIMIT 20) l"
    "  JOIN unit un USING (unit_pk)) AS units,"
    " ARRAY(SELECT jsonb_array_elements_text(h.units) FROM jsonb_each(f.detail -> 'held') AS h(gln, units)"
    "  WHERE {held}) AS held"
    " FROM page p JOIN case_file f ON f.case_id = p.id LEFT JOIN operator o ON o.operator_id = f.operator_id"
    " LEFT JOIN operator tf ON tf.operator_id = f.taken_for LEFT JOIN statement s ON s.entry_id = f.entry_id"
    " CROSS JOIN LATERAL (SELECT {whole} AS whole OFFSET 0) w"
    " LEFT JOIN unknown_scan u ON u.scan_id = f.case_id LEFT JOIN roll_binding b ON b.binding_id = f.case_id"
    " LEFT JOIN issued_code i ON i.unit_id = b.unit_id"
    " LEFT JOIN lot applied ON applied.lot_id = i.lot_id LEFT JOIN lot other ON other.lot_id = b.lot_id"
    " ORDER BY p.at DESC, p.id DESC"
)


def _case(row: Row[Any]) -> Case:
    # Marks belong to the cases that a statement opened by itself; what the sweep finds has none.
    stated, kind = row.about.startswith("statement:"), CaseKind(row.kind)
    every = (*(row.marks or ()), *(row.line_marks or ()))
    return Case(
        case_id=row.case_id,
        kind=kind,
        state=CaseState(row.state),
        opened_at=row.opened_at,
        about=row.about,
        entry_id=row.entry_id,
        other_id=row.other_id,
        key_id=None if row.key_id is None else bytes(row.key_id),
        gln=row.gln,
        owner=row.owner,
        owner_id=row.owner_id,
        taken_by=row.taken_by,
        taken_for=row.taken_for,
        taken_for_id=row.taken_for_id,
        taken_at=row.taken_at,
        closed_at=row.closed_at,
        resolved_by=row.resolved_by,
        note=row.note,
        detail=_told(row),
        type=row.type,
        claimed_at=row.claimed_at,
        recorded_at=row.recorded_at,
        status=told_status(row.status, every),
        marks=tuple(marks_of(kind, every)) if stated else (),
        units=(row.unit_id,) if row.unit_id is not None else tuple(dict.fromkeys([*(row.units or ()), *row.held])),
        scanned=row.scanned,
        reason=row.reason,
        by=row.by,
        times=row.times,
        refused_for=tuple(row.refused_for or ()),
        device_ended=row.device_ended,
        lots=tuple(lot for lot in (row.bound_lot, row.other_lot) if lot is not None),
    )


def told_status(status: str | None, marks: Iterable[str]) -> str | None:
    """Return what became of a statement as its receipt said: `blocked` also where only some of its lines are.

    >>> told_status("accepted", ["held"])
    'blocked'
    """
    return "blocked" if status is not None and BLOCKING.intersection(marks) else status


def _told(row: Row[Any]) -> dict[str, Any]:
    """Return what was found, with the goods that the reader may see: whoever has the exact texts sees all of them."""
    detail: dict[str, Any] = {name: value for name, value in row.detail.items() if name != "held"}
    units = detail.get("units")
    if row.whole or not isinstance(units, list):
        return detail
    mine = {row.unit_id, *(row.units or ())}
    return detail | {"units": [unit for unit in units if unit in mine]}


def _worded(code: str, words: Words) -> dict[str, str]:
    return {"code": code, "zh": words.zh, "en": words.en}
