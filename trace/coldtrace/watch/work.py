"""Working on cases: taking one, handing it to another office, resolving it by a new statement, explaining it.

The office that a case belongs to works on it, or the regulator of that place; other parties read it, and state what
they know.  The caller owns the transaction.  A case is locked first, so that two people who press at once are told
apart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CASE_OF, CaseKind, Mark
from coldtrace.env import Env
from coldtrace.events.statement_type import StatementType
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.cases import Case, find_case
from coldtrace.watch.model import EXPLANATIONS, RESOLUTIONS, UNITS_NAMED, Explanation
from coldtrace.watch.refusals import (
    CaseClosed,
    CaseTaken,
    CaseUnknown,
    ExplanationUnfit,
    NotAPartyOfCase,
    NotAResolution,
    NotTheOffice,
    ResolutionUnrelated,
)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Whoever works on cases: `actor` for the records, the cases and the statements that they may use.

    A colleague of their `organisation` may go on with what they have taken; a regulator takes from anybody (`over`).
    """

    actor: str
    scope: Scope
    statements: Scope
    organisation: UUID | None = None
    over: bool = False


def take(session: Session, env: Env, worker: Worker, case_id: UUID) -> Case:
    """Say that somebody works on a case; the same person again changes nothing.

    Raises CaseUnknown, NotTheOffice, CaseClosed, and CaseTaken where somebody of another organisation works on it.
    """
    case = _live(session, worker, case_id)
    if case.taken_by == worker.actor:
        return case
    _require_free(case, worker)
    session.execute(
        text(
            "UPDATE case_file SET state = 'taken', taken_by = :by, taken_for = :organisation, taken_at = :now"
            " WHERE case_id = :id"
        ),
        {"id": case_id, "by": worker.actor, "organisation": worker.organisation, "now": env.clock()},
    )
    return _again(session, worker, case_id)


def hand_over(session: Session, worker: Worker, case_id: UUID, *, uscc: str) -> Case:
    """Make a case another organisation's office's; it is open again, for whoever there takes it.

    Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken, and NotAPartyOfCase: only its parties can have it.
    """
    case = _live(session, worker, case_id)
    _require_free(case, worker)
    party = session.execute(
        text(
            "SELECT o.operator_id FROM operator o WHERE o.uscc = :uscc AND EXISTS (SELECT 1 FROM case_party p"
            " WHERE p.case_id = :id AND p.operator_id = o.operator_id)"
        ),
        {"id": case_id, "uscc": uscc},
    ).scalar_one_or_none()
    if party is None:
        raise NotAPartyOfCase(id=str(case_id), uscc=uscc[:18])
    session.execute(
        text(
            "UPDATE case_file SET state = 'open', operator_id = :party, taken_by = NULL, taken_for = NULL,"
            " taken_at = NULL WHERE case_id = :id"
        ),
        {"id": case_id, "party": party},
    )
    return _again(session, worker, case_id)


def resolve(session: Session, env: Env, worker: Worker, case_id: UUID, *, statement: UUID) -> Case:
    """Close a case by a new statement that settles it.

    The statement is one that the worker may see, of a type that settles this kind, that stands, told after the case was
    opened, and does something to the case's goods; or else it is from the same device or site.  A `correct` corrects a
    statement of the case.  Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken, NotAResolution and
    ResolutionUnrelated.
    """
    case = _live(session, worker, case_id)
    _require_free(case, worker)
    within = Within(scope=worker.statements, few_rows=True)
    values = {
        "statement": statement,
        "case": case_id,
        "odd": [mark.value for mark in Mark if CASE_OF[mark] is case.kind],
        "blocking": sorted(BLOCKING),
        "named": UNITS_NAMED,
    }
    found = session.execute(
        text(_STATEMENT.format(seen=within.statement(Kind.STATEMENT, "s"))), values | within.values
    ).first()
    if found is None:
        raise ResolutionUnrelated(statement=str(statement), why="unknown")
    types = RESOLUTIONS[case.kind]
    if found.type not in {each.value for each in types}:
        raise NotAResolution(type=found.type, kind=case.kind.value, types=", ".join(types))
    if found.annulled:
        raise ResolutionUnrelated(statement=str(statement), why="annulled")
    if found.status == "blocked" or (found.names and not found.does):
        raise ResolutionUnrelated(statement=str(statement), why="blocked")
    if not found.is_new:
        raise ResolutionUnrelated(statement=str(statement), why="older")
    if not _settles(case, found):
        raise ResolutionUnrelated(statement=str(statement), why="other_goods")
    _close(session, case_id, worker, state="resolved", at=env.clock(), statement=statement, note=None)
    return _again(session, worker, case_id)


def explain(session: Session, env: Env, worker: Worker, case_id: UUID, *, note: Explanation) -> Case:
    """Close a case by a word, where its kind allows that.

    Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken and ExplanationUnfit.
    """
    case = _live(session, worker, case_id)
    _require_free(case, worker)
    fit = EXPLANATIONS.get(case.kind, ())
    if note not in fit:
        raise ExplanationUnfit(kind=case.kind.value, note=note.value, notes=", ".join(fit) or "-")
    _close(session, case_id, worker, state="explained", at=env.clock(), statement=None, note=note.value)
    return _again(session, worker, case_id)


def _live(session: Session, worker: Worker, case_id: UUID) -> Case:
    """Lock a case that is the worker's to work on and return it; raise CaseUnknown, NotTheOffice and CaseClosed."""
    session.execute(text("SELECT 1 FROM case_file WHERE case_id = :id FOR NO KEY UPDATE"), {"id": case_id})
    case = find_case(session, worker.scope, case_id)
    if case is None:
        raise CaseUnknown(id=str(case_id))
    if not is_office(session, worker.scope, case):
        raise NotTheOffice(id=str(case_id))
    if not case.is_live:
        raise CaseClosed(id=str(case_id), state=case.state.value)
    return case


def is_office(session: Session, scope: Scope, case: Case) -> bool:
    """Tell whether a case is for a worker of this scope: of its office, or of the regulator of that office's place.

    What has no office is for whoever sees it.
    """
    if scope.everything or case.owner_id is None or case.owner_id in scope.operators:
        return True
    query = text(
        "SELECT EXISTS (SELECT 1 FROM case_party p WHERE p.case_id = :id AND (p.operator_id = :owner OR p.gln = :gln)"
        " AND (p.district ^@ ANY(CAST(:areas AS text[]))"
        " OR p.operator_id = :owner AND p.gln = ANY(CAST(:sites AS text[]))))"
    )
    values = {"id": case.case_id, "owner": case.owner_id, "gln": case.gln}
    reached = {"areas": sorted(scope.areas), "sites": sorted(scope.sites)}
    return bool(session.execute(query, values | reached).scalar_one())


def _again(session: Session, worker: Worker, case_id: UUID) -> Case:
    case = find_case(session, worker.scope, case_id)
    assert case is not None, "it is locked, and was in the scope"
    return case


def _require_free(case: Case, worker: Worker) -> None:
    colleague = case.taken_for_id is not None and case.taken_for_id == worker.organisation
    if case.taken_by not in (None, worker.actor) and not (colleague or worker.over):
        raise CaseTaken(id=str(case.case_id))


_GOODS = (
    "SELECT u.unit_pk, CAST(NULL AS bigint) AS parent_pk FROM unit u WHERE u.unit_id = f.unit_id"
    " OR u.unit_id IN (SELECT jsonb_array_elements_text(f.detail -> 'units'))"
    " UNION ALL SELECT ol.unit_pk, ol.parent_pk FROM statement_line ol WHERE ol.entry_id IN (f.entry_id, f.other_id)"
    " AND COALESCE(jsonb_array_length(f.detail -> 'units'), :named) >= :named"
    " AND (ol.marks && CAST(:odd AS text[]) OR o.marks && CAST(:odd AS text[]) OR NOT EXISTS"
    "  (SELECT 1 FROM statement_line ml WHERE ml.entry_id = f.entry_id AND ml.marks && CAST(:odd AS text[])))"
)
"""The goods of case `f` and what they were packed in: those that a sweep named; else those of its statement `o` in
whose lines it is odd, or all of them where no line is.  A sweep that named as many as it may leaves any of them.
"""
_STATEMENT = (
    "SELECT s.type, s.status, s.key_id = COALESCE(f.key_id, o.key_id) AS same_device, s.gln = f.gln AS same_site,"
    f" {ANNULLED.format(statement='s')} AS annulled, goods.names, goods.does,"
    # What came in one batch with the case's own statement is new if it was said after it.
    " (s.recorded_at > f.opened_at OR s.recorded_at = f.opened_at AND (s.event_at, s.seq) > (o.event_at, o.seq))"
    "  AND s.entry_id <> ALL(ARRAY[f.entry_id, f.other_id]) IS NOT FALSE AS is_new,"
    " EXISTS (SELECT 1 FROM correction k LEFT JOIN correction own ON own.entry_id = f.entry_id"
    "  WHERE k.entry_id = s.entry_id AND k.in_force AND k.corrected IN (f.entry_id, f.other_id, own.corrected)"
    "  ) AS corrects"
    " FROM statement s CROSS JOIN case_file f LEFT JOIN statement o ON o.entry_id = f.entry_id"
    " CROSS JOIN LATERAL (SELECT count(*) > 0 AS names,"
    "  COALESCE(bool_or(NOT l.marks && CAST(:blocking AS text[])), FALSE) AS does"
    f"  FROM ({_GOODS}) g JOIN statement_line l ON l.entry_id = s.entry_id"
    "  AND (l.unit_pk IN (g.unit_pk, g.parent_pk) OR l.parent_pk = g.unit_pk)) goods"
    " WHERE s.entry_id = :statement AND f.case_id = :case AND {seen}"
)

_OF_DEVICES = frozenset({CaseKind.LATE, CaseKind.CLOCK_SKEW, CaseKind.DUPLICATE_ID})
_OF_SCANS = ("scan:",)
_OF_CHAINS = frozenset({StatementType.MARK.value, StatementType.CLOSE.value})


def _settles(case: Case, found: Row[Any]) -> bool:
    """Tell whether a statement of a right type is about what the case is about.

    A device's own statements settle what is odd about the device.  A scan of something that nothing reads names no
    unit of ours: whatever its site then states of it does.  A correction names a statement, not goods.
    """
    if found.type == StatementType.CORRECT.value:
        return bool(found.corrects)
    if found.type in _OF_CHAINS and (case.kind in _OF_DEVICES or case.about.startswith("device:")):
        return bool(found.same_device)
    return bool(found.does or (case.about.startswith(_OF_SCANS) and found.same_site))


def _close(
    session: Session,
    case_id: UUID,
    worker: Worker,
    *,
    state: str,
    at: datetime,
    statement: UUID | None,
    note: str | None,
) -> None:
    session.execute(
        text(
            "UPDATE case_file SET state = :state, closed_by = :by, closed_at = :at, resolved_by = :statement,"
            " note = :note WHERE case_id = :id"
        ),
        {"id": case_id, "state": state, "by": worker.actor, "at": at, "statement": statement, "note": note},
    )
    session.execute(text("UPDATE case_party SET live = FALSE WHERE case_id = :id"), {"id": case_id})
