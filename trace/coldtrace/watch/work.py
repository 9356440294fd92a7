"""Working on cases: taking one, handing it to another office, resolving it by a new statement, explaining it.

The office that a case belongs to works on it, or the regulator of that place; other parties read it, and state what
they know.  The caller owns the transaction.  A case is locked first, so that two people who press at once are told
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody import case_store
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CASE_OF, OF_REGULATORS, CaseKind, Mark
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.statement_type import StatementType
from coldtrace.people.members import reader_of_person
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.rights.rules import scope_of
from coldtrace.rights.scopes import Within
from coldtrace.watch.cases import Case, find_case
from coldtrace.watch.model import RESOLUTIONS, UNITS_NAMED, Explanation
from coldtrace.watch.refusals import (
    AssigneeUnfit,
    CaseClosed,
    CaseTaken,
    CaseUnknown,
    ExplanationUnfit,
    NotAPartyOfCase,
    NotAResolution,
    NotTheOffice,
    ResolutionUnrelated,
)
from coldtrace.watch.scans import units_of_text


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


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A statement that would settle a case."""

    entry_id: UUID
    type: str
    gln: str
    claimed_at: datetime


CASE_FIELD = "case"
"""The private field by which a statement names the case that it is said for."""
CANDIDATES = 50
CHOICES_SHOWN = 10


def take(session: Session, env: Env, worker: Worker, case_id: UUID) -> Case:
    """Say that somebody works on a case; the same person again changes nothing.

    Raises CaseUnknown, NotTheOffice, CaseClosed, and CaseTaken where somebody of another organisation works on it.
    """
    case = _live(session, worker, case_id)
    if case.taken_by == worker.actor:
        return case
    require_free(case, worker)
    session.execute(
        text(
            "UPDATE case_file SET state = 'taken', taken_by = :by, taken_for = :organisation, taken_at = :now"
            " WHERE case_id = :id"
        ),
        {"id": case_id, "by": worker.actor, "organisation": worker.organisation, "now": env.clock()},
    )
    return _again(session, worker, case_id)


def assign(session: Session, env: Env, worker: Worker, case_id: UUID, *, person: UUID) -> Case:
    """Make a case somebody's: of a person who may work on it, as if that person had taken it.

    Whoever assigns needs what taking it needs; which persons one may name is the caller's to check.  Raises
    CaseUnknown, NotTheOffice, CaseClosed, CaseTaken, and AssigneeUnfit for who could not close it.
    """
    case = _live(session, worker, case_id)
    require_free(case, worker)
    reader = reader_of_person(session, person)
    scope = scope_of(reader, Kind.CASE, Verb.WRITE)
    if scope.is_empty or find_case(session, scope, case_id) is None or not is_office(session, scope, case):
        raise AssigneeUnfit(id=str(case_id), person=str(person))
    offices = {member.operator_id for member in reader.members}
    office = worker.organisation if worker.organisation in offices else offices.pop() if len(offices) == 1 else None
    session.execute(
        text(
            "UPDATE case_file SET state = 'taken', taken_by = :by, taken_for = :organisation, taken_at = :now"
            " WHERE case_id = :id"
        ),
        {"id": case_id, "by": f"person:{person}", "organisation": office, "now": env.clock()},
    )
    return _again(session, worker, case_id)


def hand_over(session: Session, worker: Worker, case_id: UUID, *, uscc: str) -> Case:
    """Make a case another organisation's office's; it is open again, for whoever there takes it.

    Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken, and NotAPartyOfCase: only its parties can have it.
    """
    case = _live(session, worker, case_id)
    require_free(case, worker)
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
    opened, and does something to the case's goods; of a device's case it is from the same device.  Of a scan it is from
    the same site and names what was scanned, or the case (`case` among its private fields).  A `correct` corrects a
    statement of the case.  Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken, NotAResolution and
    ResolutionUnrelated.
    """
    case = _live(session, worker, case_id)
    require_free(case, worker)
    return _settle(session, env, worker, case, statement=statement)


def end_by(session: Session, env: Env, worker: Worker, case_id: UUID, *, statement: UUID) -> Case:
    """Close a case by a statement that was kept for it in this very transaction, judged as `resolve` says.

    It may have taken the case's reason away by itself: then it is what resolved it all the same.
    """
    session.execute(text("SELECT 1 FROM case_file WHERE case_id = :id FOR NO KEY UPDATE"), {"id": case_id})
    case = _again(session, worker, case_id)
    if case.note != case_store.GONE:
        require_live(case)
    require_free(case, worker)
    return _settle(session, env, worker, case, statement=statement)


def _settle(session: Session, env: Env, worker: Worker, case: Case, *, statement: UUID) -> Case:
    found = _asked(session, worker, case, [statement]).get(statement)
    refusal = ResolutionUnrelated(statement=str(statement), why="unknown") if found is None else _misfit(case, found)
    if refusal is not None:
        raise refusal
    _close(session, case.case_id, worker, state="resolved", at=env.clock(), statement=statement, note=None)
    return _again(session, worker, case.case_id)


def choices(session: Session, worker: Worker, case: Case) -> list[Choice]:
    """Return the newest statements that would settle a case now, by the very rule of `resolve`: up to ten."""
    values = {
        "case": case.case_id,
        "odd": [mark.value for mark in Mark if CASE_OF[mark] is case.kind],
        "named": UNITS_NAMED,
        "types": [each.value for each in RESOLUTIONS[case.kind]],
        "chain": sorted(_OF_CHAINS),
        "most": CANDIDATES,
    }
    candidates = list(session.execute(text(_CANDIDATES), values).scalars())
    found = _asked(session, worker, case, candidates)
    fit = [found[each] for each in candidates if each in found and _misfit(case, found[each]) is None]
    return [
        Choice(entry_id=row.entry_id, type=row.type, gln=row.gln, claimed_at=row.claimed_at)
        for row in fit[:CHOICES_SHOWN]
    ]


def _asked(session: Session, worker: Worker, case: Case, statements: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return what has to be known of these statements, as far as the worker may see them."""
    within = Within(scope=worker.statements, few_rows=True)
    scanned = case.scanned or ""
    values = {
        "statements": sorted(statements),
        "case": case.case_id,
        "odd": [mark.value for mark in Mark if CASE_OF[mark] is case.kind],
        "blocking": sorted(BLOCKING),
        "named": UNITS_NAMED,
        "scanned": sorted(units_of_text(scanned)),
        "by_name": f'"{CASE_FIELD}","{case.case_id}"]'.encode(),
    }
    query = text(_STATEMENT.format(seen=within.statement(Kind.STATEMENT, "s")))
    return {row.entry_id: row for row in session.execute(query, values | within.values)}


def _misfit(case: Case, found: Row[Any]) -> Refusal | None:
    """Return why a statement does not settle a case, None if it does."""
    statement = str(found.entry_id)
    types = RESOLUTIONS[case.kind]
    if found.type not in {each.value for each in types}:
        return NotAResolution(type=found.type, kind=case.kind.value, types=", ".join(types))
    if found.annulled:
        return ResolutionUnrelated(statement=statement, why="annulled")
    if found.status == "blocked" or (found.names and not found.does):
        return ResolutionUnrelated(statement=statement, why="blocked")
    if not found.is_new:
        return ResolutionUnrelated(statement=statement, why="older")
    return None if _settles(case, found) else ResolutionUnrelated(statement=statement, why="other_goods")


def explain(session: Session, env: Env, worker: Worker, case_id: UUID, *, note: Explanation) -> Case:
    """Close a case by a word, where its kind allows that, or the device of which it is has ended.

    Raises CaseUnknown, NotTheOffice, CaseClosed, CaseTaken and ExplanationUnfit.
    """
    case = _live(session, worker, case_id)
    require_free(case, worker)
    fit = case.explanations
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
    require_live(case)
    return case


def require_live(case: Case) -> None:
    """Raise CaseClosed for a case that needs nobody any more."""
    if not case.is_live:
        raise CaseClosed(id=str(case.case_id), state=case.state.value)


def is_office(session: Session, scope: Scope, case: Case) -> bool:
    """Tell whether a case is for a worker of this scope: of its office, or of the regulator of that office's place.

    What has no office is for whoever sees it, but what is for regulators for a regulator among them.
    """
    if scope.everything or case.owner_id in scope.operators:
        return True
    if case.owner_id is None and (case.kind not in OF_REGULATORS or scope.areas):
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


def require_free(case: Case, worker: Worker) -> None:
    """Raise CaseTaken where somebody of another organisation works on a case."""
    colleague = case.taken_for_id is not None and case.taken_for_id == worker.organisation
    if case.taken_by not in (None, worker.actor) and not (colleague or worker.over):
        raise CaseTaken(id=str(case.case_id))


GOODS = (
    "SELECT u.unit_pk, CAST(NULL AS bigint) AS parent_pk FROM unit u WHERE u.unit_id = f.unit_id"
    " OR u.unit_id IN (SELECT jsonb_array_elements_text(f.detail -> 'units'))"
    " OR u.unit_id IN (SELECT x.unit_id FROM case_suspect x WHERE x.case_id = f.case_id)"
    " UNION ALL SELECT ol.unit_pk, ol.parent_pk FROM statement_line ol WHERE ol.entry_id IN (f.entry_id, f.other_id)"
    " AND COALESCE(jsonb_array_length(f.detail -> 'units'), :named) >= :named"
    " AND (ol.marks && CAST(:odd AS text[]) OR o.marks && CAST(:odd AS text[]) OR NOT EXISTS"
    "  (SELECT 1 FROM statement_line ml WHERE ml.entry_id = f.entry_id AND ml.marks && CAST(:odd AS text[])))"
)
"""The goods of case `f` and what they were packed in: those that a sweep named; else those of its statement `o` in
whose lines it is odd, or all of them where no line is.  A sweep that named as many as it may leaves any of them.
"""
_STATEMENT = (
    "SELECT s.entry_id, s.gln, s.claimed_at, s.type, s.status, s.key_id = COALESCE(f.key_id, o.key_id) AS same_device, "
    " (s.gln = f.gln OR f.gln IS NULL AND EXISTS (SELECT 1 FROM site ss WHERE ss.gln = s.gln"
    "  AND ss.operator_id = f.operator_id)) AS same_site,"
    " (EXISTS (SELECT 1 FROM statement_line nl JOIN unit nu ON nu.unit_pk = nl.unit_pk WHERE nl.entry_id = s.entry_id"
    "  AND nu.unit_id = ANY(CAST(:scanned AS text[]))) OR f.about LIKE 'scan:%' AND EXISTS (SELECT 1 FROM ledger_log lg"
    "  JOIN statement_piece np ON np.log_id = lg.log_id AND np.entry_id = s.entry_id AND np.piece = 'private'"
    "  WHERE position(CAST(:by_name AS bytea) IN np.bytes) > 0)) AS of_scan,"
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
    f"  FROM ({GOODS}) g JOIN statement_line l ON l.entry_id = s.entry_id"
    "  AND (l.unit_pk IN (g.unit_pk, g.parent_pk) OR l.parent_pk = g.unit_pk)) goods"
    " WHERE s.entry_id = ANY(CAST(:statements AS uuid[])) AND f.case_id = :case AND {seen}"
)
_CANDIDATES = (
    "WITH f AS (SELECT * FROM case_file WHERE case_id = :case) SELECT s.entry_id FROM f"
    " LEFT JOIN statement o ON o.entry_id = f.entry_id CROSS JOIN LATERAL ("
    f"  SELECT l.entry_id FROM ({GOODS}) g JOIN statement_line l ON l.unit_pk IN (g.unit_pk, g.parent_pk)"
    "   OR l.parent_pk = g.unit_pk"
    "  UNION SELECT k.entry_id FROM correction k LEFT JOIN correction own ON own.entry_id = f.entry_id"
    "   WHERE k.corrected IN (f.entry_id, f.other_id, own.corrected)"
    "  UNION (SELECT d.entry_id FROM statement d WHERE d.key_id = COALESCE(f.key_id, o.key_id)"
    "   AND d.type = ANY(CAST(:chain AS text[])) ORDER BY d.seq DESC LIMIT :most)"
    "  UNION (SELECT d.entry_id FROM statement d WHERE f.about LIKE 'scan:%' AND d.recorded_at >= f.opened_at"
    "   AND (d.gln = f.gln OR f.gln IS NULL AND d.gln IN (SELECT ss.gln FROM site ss"
    "   WHERE ss.operator_id = f.operator_id)) ORDER BY d.recorded_at DESC LIMIT :most)"
    " ) c JOIN statement s ON s.entry_id = c.entry_id AND s.recorded_at >= f.opened_at"
    " WHERE s.type = ANY(CAST(:types AS text[])) ORDER BY s.recorded_at DESC, s.entry_id DESC LIMIT :most"
)
"""What may settle a case, newest first: whether it does is for `_misfit` to say."""

_OF_DEVICES = frozenset({CaseKind.LATE, CaseKind.CLOCK_SKEW, CaseKind.DUPLICATE_ID})
_OF_SCANS = ("scan:",)
_OF_CHAINS = frozenset({StatementType.MARK.value, StatementType.CLOSE.value})


def _settles(case: Case, found: Row[Any]) -> bool:
    """Tell whether a statement of a right type is about what the case is about.

    A device's own statements settle what is odd about the device.  A scan of something that nothing reads names no
    unit of ours: its site's statement about what was scanned does, or one that names the case.  A correction names a
    statement, not goods.
    """
    if found.type == StatementType.CORRECT.value:
        return bool(found.corrects)
    if found.type in _OF_CHAINS and (case.kind in _OF_DEVICES or case.about.startswith("device:")):
        return bool(found.same_device)
    return bool(found.does or (case.about.startswith(_OF_SCANS) and found.same_site and found.of_scan))


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
