"""Cases as work: the list, one with its evidence, and what an office does with it (docs/guides/cases.md)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, model_validator
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.case_kinds import CASE_WORDS
from coldtrace.custody.model import CaseKind, Mark
from coldtrace.custody.refusals import DeviceUnknown
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.parties import store as parties
from coldtrace.people import memberships
from coldtrace.people.grant_refusals import OrganisationUnknown
from coldtrace.people.refusals import PersonUnknown
from coldtrace.rights.model import NOTHING, Kind, Role, Scope, Verb
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.watch import cases, evidence, lateness, one_tap, work
from coldtrace.watch.cases import LIVE, Case, Wanted
from coldtrace.watch.model import (
    CASE_STATE_WORDS,
    EXPLANATION_WORDS,
    RESOLUTIONS,
    CaseState,
    Explanation,
)
from coldtrace.watch.refusals import CaseUnknown
from coldtrace.watch.work import Worker
from coldtrace.web.access import Caller, CallerLang, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.asked import AskedTime

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])
CASES_AT_ONCE = 100

CaseReader = Annotated[Caller, needs(Kind.CASE, Verb.READ)]
CaseWorker = Annotated[Caller, needs(Kind.CASE, Verb.WRITE, devices=False)]
CaseAssigner = Annotated[Caller, needs(Kind.CASE, Verb.WRITE, devices=False, act="assign")]
CaseResolver = Annotated[Caller, needs(Kind.CASE, Verb.WRITE)]


class Shown(StrEnum):
    """Which cases of a list: those somebody has to work on, those in one state, or all."""

    LIVE = "live"
    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    EXPLAINED = "explained"
    ALL = "all"

    @property
    def states(self) -> tuple[CaseState, ...]:
        """The states."""
        if self is Shown.ALL:
            return tuple(CaseState)
        return LIVE if self is Shown.LIVE else (CaseState(self.value),)


class HandOverIn(BodyIn):
    """The organisation whose office it shall be, by credit code."""

    organisation: str = Field(max_length=18)


class ResolveIn(BodyIn):
    """The new statement that settles the case, or the name of a proposal to be stated: one of both."""

    statement: UUID | None = None
    proposal: str | None = Field(default=None, max_length=80)

    @model_validator(mode="after")
    def _one_of_both(self) -> "ResolveIn":
        if (self.statement is None) == (self.proposal is None):
            raise ValueError("either statement or proposal")
        return self


class AssignIn(BodyIn):
    """Who shall work on it."""

    person: UUID


class ExplainIn(BodyIn):
    """Why no statement is needed."""

    note: Explanation


class BulkIn(BodyIn):
    """Many cases at once."""

    cases: list[UUID] = Field(min_length=1, max_length=CASES_AT_ONCE)


class AssignManyIn(BulkIn):
    """Who shall work on them all."""

    person: UUID


class CloseManyIn(BulkIn):
    """The statement that settles them all, or the word: one of both."""

    statement: UUID | None = None
    note: Explanation | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "CloseManyIn":
        if (self.statement is None) == (self.note is None):
            raise ValueError("either statement or note")
        return self


@router.get("", summary="Cases 异常清单")
def get_cases(
    request: Request,
    session: ReadSession,
    env: CurrentEnv,
    caller: CaseReader,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=cases.PAGE_MAX)] = 50,
    state: Shown = Shown.LIVE,
    kind: CaseKind | None = None,
    site: Annotated[str | None, Query(max_length=13)] = None,
    organisation: Annotated[str | None, Query(max_length=18)] = None,
    mark: Mark | None = None,
    mine: bool = False,
    overdue: bool = False,
    due_in_h: Annotated[int | None, Query(ge=1, le=720)] = None,
) -> dict[str, object]:
    """Return what a person should look at, newest first; `next` is the `after` of the following page.

    Live ones unless `state` says otherwise; of one `kind`, at one `site`, of one `organisation`'s office, with one
    `mark` (`late` is the regulator's list), `mine`, `overdue`, or due within `due_in_h` hours (the overdue
    among them).  A statement has `statement`, `type` and `marks`, a
    scan `text`, `reason`, `by` and `times`, a label of two `lots` the one that counts first.
    """
    owner = None if organisation is None else parties.operator_of_uscc(session, organisation)
    if organisation is not None and owner is None:
        raise OrganisationUnknown(uscc=organisation)
    now, hours = env.clock(), request.app.state.case_hours
    wanted = Wanted(
        states=state.states,
        kind=kind,
        site=site,
        owner=None if owner is None else owner.operator_id,
        taken_by=caller.actor if mine else None,
        mark=mark,
        overdue_at=now if overdue else None if due_in_h is None else now + timedelta(hours=due_in_h),
        hours=hours,
    )
    found = cases.list_cases(session, caller.scope, after=after, limit=limit, wanted=wanted)
    caller.at(case.gln for case in found)
    caller.told(rows=len(found))
    return {
        "cases": [case_json(request, caller, case) for case in found],
        "next": str(found[-1].case_id) if len(found) == limit else None,
    }


@router.get("/late", summary="How late statements arrive 迟到统计")
def get_late(
    session: ReadSession,
    env: CurrentEnv,
    caller: CaseReader,
    days: Annotated[int, Query(ge=1, le=lateness.DAYS_MAX)] = 1,
    until: Annotated[AskedTime | None, Query(examples=["2026-11-28T12:00:00.000Z"])] = None,
    after: Annotated[str | None, Query(max_length=43)] = None,
    limit: Annotated[int, Query(ge=1, le=lateness.PAGE_MAX)] = 200,
) -> dict[str, object]:
    """Return by device what arrived in the last days and how late: by more than 15 minutes, 24 hours, 72 hours.

    The worst first; `next` is the `after` of the following page, to be asked with the same `until` (default: now).
    """
    until = env.clock() if until is None else until.astimezone(UTC)
    found = lateness.lateness(
        session,
        caller.scope,
        since=until - timedelta(days=days),
        until=until,
        after=None if after is None else _device_key(after),
        limit=limit,
    )
    caller.at(each.gln for each in found)
    caller.told(rows=len(found))
    return {
        "since": format_utc(until - timedelta(days=days)),
        "until": format_utc(until),
        "devices": [
            {
                "device": b64(each.key_id),
                "site": each.gln,
                "statements": each.statements,
                "over_15_min": each.over_15_min,
                "over_24_h": each.over_24_h,
                "over_72_h": each.over_72_h,
                "worst_s": each.worst_s,
            }
            for each in found
        ],
        "next": b64(found[-1].key_id) if len(found) == limit else None,
    }


def _device_key(text: str) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        refusal: Refusal = DeviceUnknown(key=text)
        raise refusal from None


@router.get("/{case_id:uuid}", summary="One case 单个异常")
def get_case(
    case_id: UUID, request: Request, session: ReadSession, env: CurrentEnv, caller: CaseReader
) -> dict[str, object]:
    """Return a case with its evidence: statements, the stories of its units, other bytes under its statement's id.

    What the caller may not see of these is left out.  Whoever may close it reads in `proposals` what settles it at one
    press, each a statement that a site's gateway would sign (`ready`: it has one), and in `choices` the statements
    told since that would settle it.
    """
    case = cases.find_case(session, caller.scope, case_id)
    if case is None:
        raise CaseUnknown(id=str(case_id))
    caller.at([case.gln])
    found = evidence.evidence_of(
        session,
        case,
        statements=caller.scope_for(Kind.STATEMENT, Verb.READ),
        units=caller.scope_for(Kind.UNIT, Verb.READ),
    )
    told: dict[str, object] = {"evidence": _evidence_json(found)}
    return case_json(request, caller, case) | told | _ways_out(session, env, caller, case)


@router.post("/{case_id:uuid}/take", summary="Take a case 认领异常")
def post_take(
    case_id: UUID, request: Request, session: WriteSession, env: CurrentEnv, caller: CaseWorker
) -> dict[str, object]:
    """Say that somebody works on it; 409 `case_taken` where somebody of another organisation does."""
    return _done(request, caller, work.take(session, env, worker_of(caller), case_id))


@router.post("/{case_id:uuid}/assign", summary="Assign a case 指派异常")
def post_assign(
    case_id: UUID, body: AssignIn, request: Request, session: WriteSession, env: CurrentEnv, caller: CaseAssigner
) -> dict[str, object]:
    """Give it to a person whom the caller manages, and who may work on it: 404 `person_unknown`, 409 `assignee_unfit`.

    The caller needs what taking the case needs; whose names one knows goes by `person:read`.
    """
    require_colleague(session, caller, body.person)
    caller.told(person=str(body.person))
    return _done(request, caller, work.assign(session, env, worker_of(caller), case_id, person=body.person))


@router.post("/{case_id:uuid}/hand-over", summary="Hand a case over 移交异常")
def post_hand_over(
    case_id: UUID, body: HandOverIn, request: Request, session: WriteSession, caller: CaseWorker
) -> dict[str, object]:
    """Make it the office's of another organisation that is one of its parties."""
    return _done(request, caller, work.hand_over(session, worker_of(caller), case_id, uscc=body.organisation))


@router.post("/{case_id:uuid}/resolve", summary="Resolve a case 处理异常")
def post_resolve(
    case_id: UUID, body: ResolveIn, request: Request, session: WriteSession, env: CurrentEnv, caller: CaseResolver
) -> dict[str, object]:
    """Close it by a new statement of one of the types in `resolutions`, about the same goods or device.

    With `proposal` the statement is made here: the site's gateway signs it, and it is kept and closes the case, or
    nothing is done at all.  The same again is answered with the case as it was closed; 409 `proposal_unfit` where
    things have changed.
    """
    return _done(request, caller, close_by(session, env, caller, case_id, body))


@router.post("/{case_id:uuid}/explain", summary="Explain a case 说明异常")
def post_explain(
    case_id: UUID, body: ExplainIn, request: Request, session: WriteSession, env: CurrentEnv, caller: CaseWorker
) -> dict[str, object]:
    """Close it by one of its `explanations`, where its kind has some: those about a device, a label or a time."""
    return _done(request, caller, work.explain(session, env, worker_of(caller), case_id, note=body.note))


@router.post("/take", summary="Take many cases 批量认领")
def post_take_many(
    body: BulkIn, session: WriteSession, env: CurrentEnv, caller: CaseWorker, lang: CallerLang
) -> dict[str, object]:
    """Take each of up to 100 cases; each has its own answer, one that is refused leaves the others alone."""
    return _each(session, caller, body, lang, lambda case_id: work.take(session, env, worker_of(caller), case_id))


@router.post("/assign", summary="Assign many cases 批量指派")
def post_assign_many(
    body: AssignManyIn, session: WriteSession, env: CurrentEnv, caller: CaseAssigner, lang: CallerLang
) -> dict[str, object]:
    """Give each of up to 100 cases to one person; each has its own answer."""
    require_colleague(session, caller, body.person)
    caller.told(person=str(body.person))

    def act(case_id: UUID) -> Case:
        return work.assign(session, env, worker_of(caller), case_id, person=body.person)

    return _each(session, caller, body, lang, act)


@router.post("/close", summary="Close many cases 批量结案")
def post_close_many(
    body: CloseManyIn, session: WriteSession, env: CurrentEnv, caller: CaseWorker, lang: CallerLang
) -> dict[str, object]:
    """Close each of up to 100 cases by one statement (`statement`) or by a word (`note`); each has its own answer."""
    return _each(session, caller, body, lang, lambda case_id: _close(session, env, worker_of(caller), case_id, body))


def _close(session: Session, env: Env, worker: Worker, case_id: UUID, body: CloseManyIn) -> Case:
    if body.note is not None:
        return work.explain(session, env, worker, case_id, note=body.note)
    assert body.statement is not None, "one of both, says the model"
    return work.resolve(session, env, worker, case_id, statement=body.statement)


def close_by(session: Session, env: Env, caller: Caller, case_id: UUID, body: ResolveIn) -> Case:
    """Close a case by a statement that was told, or by a proposal that the caller presses."""
    if body.proposal is None:
        assert body.statement is not None, "one of both, says the model"
        return work.resolve(session, env, worker_of(caller), case_id, statement=body.statement)
    case = one_tap.press(session, env, worker_of(caller), case_id, proposal=body.proposal, speak=gateways_of(caller))
    caller.at([body.proposal.rpartition("@")[2]])
    caller.told(statement=str(case.resolved_by))
    return case


def gateways_of(caller: Caller) -> Scope:
    """Return for which sites the caller may speak through their gateways; a device has its own key."""
    return NOTHING if caller.device is not None else caller.scope_for(Kind.GATEWAY, Verb.WRITE)


def worker_of(caller: Caller) -> Worker:
    """Return who works on cases here, with which rights."""
    return Worker(
        actor=caller.actor,
        scope=caller.scope,
        statements=caller.scope_for(Kind.STATEMENT, Verb.READ),
        organisation=caller.organisation,
        over=caller.scope.everything or any(member.role is Role.REGULATOR for member in caller.reader.members),
    )


def _done(request: Request, caller: Caller, case: Case) -> dict[str, object]:
    caller.at([case.gln])
    caller.about(case.owner_id)
    return case_json(request, caller, case)


def require_colleague(session: Session, caller: Caller, person: UUID) -> None:
    """Raise PersonUnknown for somebody whom the caller does not manage: names of others are nobody's business."""
    scope = caller.scope_for(Kind.PERSON, Verb.READ)
    if scope.is_empty or not memberships.people(session, scope=scope, limit=1, person_id=person):
        raise PersonUnknown(id=str(person))


def each_case(
    session: Session, caller: Caller, chosen: Sequence[UUID], act: Callable[[UUID], Case]
) -> list[tuple[UUID, Case | Refusal]]:
    """Do something with each of these cases by itself; one that is refused leaves the others alone.

    The journal names those with which it was done; where it was done with none, there is no record.
    """
    results: list[tuple[UUID, Case | Refusal]] = []
    # One order for everybody, so that two bulk calls never wait for each other.
    for case_id in sorted(dict.fromkeys(chosen)):
        try:
            with session.begin_nested():
                case = act(case_id)
            caller.at([case.gln])
            caller.about(case.owner_id)
            results.append((case_id, case))
        except Refusal as refusal:
            results.append((case_id, refusal))
    done = [str(case_id) for case_id, each in results if not isinstance(each, Refusal)]
    caller.told(cases=len(results), done=len(done), ids=" ".join(done))
    if not done:
        caller.drop()
    return results


def _each(session: Session, caller: Caller, body: BulkIn, lang: str, act: Callable[[UUID], Case]) -> dict[str, object]:
    results = [
        {"id": str(case_id), "state": None, "code": each.code, "detail": each.say("en" if lang == "en" else "zh")}
        if isinstance(each, Refusal)
        else {"id": str(case_id), "state": each.state.value, "code": None, "detail": None}
        for case_id, each in each_case(session, caller, body.cases, act)
    ]
    return {"results": results}


def case_json(request: Request, caller: Caller, case: Case) -> dict[str, object]:
    """Return one case as the API shows it."""
    due = case.due_at(request.app.state.case_hours)
    now: datetime = request.app.state.env.clock()
    return {
        "id": str(case.case_id),
        "kind": case.kind.value,
        "title": _words(CASE_WORDS[case.kind]),
        "state": case.state.value,
        "state_title": _words(CASE_STATE_WORDS[case.state]),
        "opened_at": format_utc(case.opened_at),
        "due_at": format_utc(due),
        "overdue": case.is_live and due < now,
        "organisation": case.owner,
        "taken_for": case.taken_for,
        "mine": case.taken_by == caller.actor,
        "closed_at": None if case.closed_at is None else format_utc(case.closed_at),
        "resolved_by": None if case.resolved_by is None else str(case.resolved_by),
        "note": case.note,
        "statement": None if case.entry_id is None else str(case.entry_id),
        "other_statement": None if case.other_id is None else str(case.other_id),
        "device": None if case.key_id is None else b64(case.key_id),
        "type": case.type,
        "site": case.gln,
        "claimed_at": format_utc(case.claimed_at),
        "recorded_at": format_utc(case.recorded_at),
        "status": case.status,
        "marks": case.words(),
        "units": list(case.units),
        "text": case.scanned,
        "reason": case.reason,
        "refused_for": list(case.refused_for),
        "by": case.by,
        "times": case.times,
        "lots": list(case.lots),
        "detail": case.detail,
        "resolutions": [each.value for each in RESOLUTIONS[case.kind]] if case.is_live else [],
        "explanations": [{"note": each.value, **_words(EXPLANATION_WORDS[each])} for each in case.explanations]
        if case.is_live
        else [],
    }


def _ways_out(session: Session, env: Env, caller: Caller, case: Case) -> dict[str, object]:
    worker = closing_worker(session, caller, case)
    found = [] if worker is None else one_tap.proposals_for(session, env, worker, case, speak=gateways_of(caller))
    choices = [] if worker is None else work.choices(session, worker, case)
    return {
        "proposals": [
            {
                "proposal": each.name,
                "type": each.type.value,
                "site": each.site,
                "says": _words(each.says),
                "lines": [{"unit": line.unit, "quantity": line.quantity} for line in each.lines],
                "ready": each.ready,
            }
            for each in found
        ],
        "choices": [
            {
                "statement": str(each.entry_id),
                "type": each.type,
                "site": each.gln,
                "at": format_utc(each.claimed_at),
            }
            for each in choices
        ],
    }


def closing_worker(session: Session, caller: Caller, case: Case) -> Worker | None:
    """Return the caller as who may close this case now; None where it is not theirs."""
    scope = caller.scope_for(Kind.CASE, Verb.WRITE)
    if scope.is_empty or not case.is_live or not work.is_office(session, scope, case):
        return None
    return replace(worker_of(caller), scope=scope)


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _evidence_json(found: evidence.Evidence) -> dict[str, object]:
    return {
        "statements": [
            {
                "id": str(each.entry_id),
                "type": each.type,
                "site": each.gln,
                "to": each.to_gln,
                "at": format_utc(each.claimed_at),
                "recorded_at": format_utc(each.recorded_at),
                "status": each.status,
                "marks": list(each.marks),
                "units": list(each.units),
                "lines": each.lines,
            }
            for each in found.statements
        ],
        "units": [
            {
                "id": each.unit_id,
                "state": each.state,
                "site": each.gln,
                "history": [
                    {
                        "id": str(line.entry_id),
                        "type": line.type,
                        "site": line.gln,
                        "at": format_utc(line.claimed_at),
                        "status": line.status,
                        "marks": list(line.marks),
                    }
                    for line in each.lines
                ],
            }
            for each in found.units
        ],
        "blocked_inside": [{"unit": unit, "overlays": list(kinds)} for unit, kinds in found.blocked_inside],
        "refused": [
            {
                "sha256": each.sha256.hex(),
                "reason": each.reason,
                "bytes": each.size_bytes,
                "received_at": format_utc(each.received_at),
                "times": each.times,
            }
            for each in found.kept
        ],
    }
