"""Working on cases: taking one, handing it to another office, resolving it by a new statement, explaining it.

The caller owns the transaction.  A case is locked first, so that two people who press at once are told apart.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.model import CaseKind
from coldtrace.env import Env
from coldtrace.events.statement_type import StatementType
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.cases import Case, find_case
from coldtrace.watch.model import EXPLANATIONS, RESOLUTIONS, Explanation
from coldtrace.watch.refusals import (
    CaseClosed,
    CaseTaken,
    CaseUnknown,
    ExplanationUnfit,
    NotAPartyOfCase,
    NotAResolution,
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

    Raises CaseUnknown, CaseClosed, and CaseTaken where somebody of another organisation works on it.
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

    Raises CaseUnknown, CaseClosed, CaseTaken, and NotAPartyOfCase: only its parties can have it.
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

    The statement is one that the worker may see, of a type that settles this kind, accepted, not older than the case,
    and about the same goods, or else from the same device or site.  Raises CaseUnknown, CaseClosed, CaseTaken,
    NotAResolution and ResolutionUnrelated.
    """
    case = _live(session, worker, case_id)
    _require_free(case, worker)
    within = Within(scope=worker.statements, few_rows=True)
    found = session.execute(
        text(_STATEMENT.format(seen=within.statement(Kind.STATEMENT, "s"))),
        {"statement": statement, "case": case_id, **within.values},
    ).first()
    if found is None:
        raise ResolutionUnrelated(statement=str(statement), why="unknown")
    types = RESOLUTIONS[case.kind]
    if found.type not in {each.value for each in types}:
        raise NotAResolution(type=found.type, kind=case.kind.value, types=", ".join(types))
    if found.status == "blocked":
        raise ResolutionUnrelated(statement=str(statement), why="blocked")
    if statement == case.entry_id or found.recorded_at < case.recorded_at:
        raise ResolutionUnrelated(statement=str(statement), why="older")
    if not _settles(case, found.type, shares=found.shares, same_device=found.same_device, same_site=found.same_site):
        raise ResolutionUnrelated(statement=str(statement), why="other_goods")
    _close(session, case_id, worker, state="resolved", at=env.clock(), statement=statement, note=None)
    return _again(session, worker, case_id)


def explain(session: Session, env: Env, worker: Worker, case_id: UUID, *, note: Explanation) -> Case:
    """Close a case by a word, where its kind allows that.

    Raises CaseUnknown, CaseClosed, CaseTaken and ExplanationUnfit.
    """
    case = _live(session, worker, case_id)
    _require_free(case, worker)
    fit = EXPLANATIONS.get(case.kind, ())
    if note not in fit:
        raise ExplanationUnfit(kind=case.kind.value, note=note.value, notes=", ".join(fit) or "-")
    _close(session, case_id, worker, state="explained", at=env.clock(), statement=None, note=note.value)
    return _again(session, worker, case_id)


def _live(session: Session, worker: Worker, case_id: UUID) -> Case:
    """Lock a case and return it; raise CaseUnknown and CaseClosed."""
    session.execute(text("SELECT 1 FROM case_file WHERE case_id = :id FOR NO KEY UPDATE"), {"id": case_id})
    case = find_case(session, worker.scope, case_id)
    if case is None:
        raise CaseUnknown(id=str(case_id))
    if not case.is_live:
        raise CaseClosed(id=str(case_id), state=case.state.value)
    return case


def _again(session: Session, worker: Worker, case_id: UUID) -> Case:
    case = find_case(session, worker.scope, case_id)
    assert case is not None, "it is locked, and was in the scope"
    return case


def _require_free(case: Case, worker: Worker) -> None:
    colleague = case.taken_for_id is not None and case.taken_for_id == worker.organisation
    if case.taken_by not in (None, worker.actor) and not (colleague or worker.over):
        raise CaseTaken(id=str(case.case_id))


_STATEMENT = (
    "SELECT s.type, s.status, s.recorded_at, s.key_id = COALESCE(f.key_id, o.key_id) AS same_device,"
    " s.gln = f.gln AS same_site,"
    " EXISTS (SELECT 1 FROM statement_line l JOIN statement_line ol ON ol.entry_id IN (f.entry_id, f.other_id)"
    "  AND (l.unit_pk IN (ol.unit_pk, ol.parent_pk) OR l.parent_pk = ol.unit_pk) WHERE l.entry_id = s.entry_id)"
    " OR EXISTS (SELECT 1 FROM statement_line l JOIN unit u USING (unit_pk)"
    "  WHERE l.entry_id = s.entry_id AND u.unit_id = f.unit_id) AS shares"
    " FROM statement s CROSS JOIN case_file f LEFT JOIN statement o ON o.entry_id = f.entry_id"
    " WHERE s.entry_id = :statement AND f.case_id = :case AND {seen}"
)

_OF_DEVICES = frozenset({CaseKind.LATE, CaseKind.CLOCK_SKEW, CaseKind.DUPLICATE_ID})
_OF_SCANS = ("scan:",)
_WITHOUT_GOODS = frozenset({StatementType.MARK.value, StatementType.CLOSE.value, StatementType.CORRECT.value})


def _settles(case: Case, type: str, *, shares: bool, same_device: bool | None, same_site: bool) -> bool:
    """Tell whether a statement of a right type is about what the case is about.

    A device's own statements settle what is odd about the device.  A scan of something that nothing reads names no
    unit of ours: whatever its site then states of it does.  A correction names statements, not goods.
    """
    if type in _WITHOUT_GOODS and (case.kind in _OF_DEVICES or case.about.startswith("device:")):
        return bool(same_device)
    if type == StatementType.CORRECT.value or case.about.startswith(_OF_SCANS):
        return shares or same_site
    return shares


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
