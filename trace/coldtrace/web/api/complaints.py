"""Complaints for the office of their place, and what offices publish for everybody (docs/guides/complaints.md)."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from coldtrace.clock import format_utc
from coldtrace.codes.short_code import format_short_code
from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.people.secret_box import open_text
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import cases, complaint_work, complaints
from coldtrace.watch.cases import Case
from coldtrace.watch.complaint_refusals import ComplaintUnknown
from coldtrace.watch.complaint_rules import (
    COMPLAINT_STATE_WORDS,
    NOT_ACCEPTED_WORDS,
    OUTCOME_WORDS,
    SUBJECT_WORDS,
    NotAccepted,
    Outcome,
    Subject,
    Unpublished,
)
from coldtrace.watch.complaint_work import Publish
from coldtrace.watch.complaints import PAGE_MAX, Complaint, Published, Wished
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, Visitor, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.csv_file import csv_file
from coldtrace.web.formats import LOCAL
from coldtrace.web.place_words import district_words

router = APIRouter(prefix="/api/v1/complaints", tags=["complaints"])
ANSWER_MAX, RESPONDENT_MAX = 2000, 100
CASES_MAX = 20
Reader = Annotated[Caller, needs(Kind.COMPLAINT, Verb.READ, devices=False)]
Officer = Annotated[Caller, needs(Kind.COMPLAINT, Verb.WRITE, devices=False)]
PRINTED = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


class Which(StrEnum):
    """Which complaints are listed."""

    LIVE = "live"
    ENDED = "ended"
    ALL = "all"

    @property
    def live(self) -> bool | None:
        """What a list asks for."""
        return None if self is Which.ALL else self is Which.LIVE


class RefuseIn(BodyIn):
    """Why a complaint is not accepted."""

    reason: NotAccepted


class CloseIn(BodyIn):
    """How a complaint ended, what its complainant reads, and as whose it is published, if it is."""

    outcome: Outcome
    answer: str = Field(min_length=1, max_length=ANSWER_MAX, pattern=PRINTED)
    publish_as: str | None = Field(default=None, max_length=RESPONDENT_MAX, pattern=r"^[^\x00-\x1f\x7f]*$")


class UnpublishIn(BodyIn):
    """Why a result is shown no more."""

    reason: Unpublished


@router.get("", summary="Complaints of your area 辖区投诉")
def get_complaints(
    session: ReadSession,
    env: CurrentEnv,
    caller: Reader,
    which: Which = Which.LIVE,
    subject: Subject | None = None,
    unit: Annotated[str | None, Query(max_length=120)] = None,
    overdue: bool = False,
    unassigned: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_MAX,
) -> dict[str, object]:
    """Return complaints of the districts of your area, newest first; `next` is the `after` of the following page.

    Live ones unless `which` says otherwise; of one `subject`, about one `unit`, `overdue`, or `unassigned`: of
    districts that are in nobody's area but of those who have the whole country.
    """
    now = env.clock()
    wished = Wished(
        live=which.live, subject=subject, unit_id=unit, overdue_at=now if overdue else None, unassigned=unassigned
    )
    found = complaints.list_complaints(session, caller.scope, after=after, limit=limit, wished=wished)
    caller.about(*(each.operator_id for each in found))
    caller.told(rows=len(found))
    return {
        "complaints": [complaint_json(each, now) for each in found],
        "next": str(found[-1].complaint_id) if len(found) == limit else None,
    }


@router.get("/published", dependencies=[Visitor], summary="Published complaints 投诉公示")
def get_published(
    session: ReadSession,
    env: CurrentEnv,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_MAX,
) -> dict[str, object]:
    """Return what offices publish, newest first: the firm, the matter, the product, the district and the result.

    Nothing of whoever complained.  `next` is the `after` of the following page.
    """
    found = complaints.published(session, now=env.clock(), after=after, limit=limit)
    return {
        "complaints": [published_json(each) for each in found],
        "next": str(found[-1].publication_id) if len(found) == limit else None,
    }


@router.get(
    "/published.csv",
    dependencies=[Visitor],
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One row for each"}},
    summary="CSV of published complaints 投诉公示导出",
)
def get_published_csv(request: Request, env: CurrentEnv) -> Response:
    """Return everything that offices publish as CSV, in both languages."""
    columns = (*COLUMNS, *MORE_COLUMNS)
    return csv_file(request, "complaints.csv", columns, _rows(request, env.clock()), cache="no-cache")


@router.get("/{complaint_id:uuid}", summary="One complaint 单件投诉")
def get_complaint(complaint_id: UUID, session: ReadSession, env: CurrentEnv, caller: Reader) -> dict[str, object]:
    """Return a complaint with what was written, how to reach whoever complained, and the cases of its unit."""
    found = complaints.find_complaint(session, caller.scope, complaint_id)
    if found is None:
        raise ComplaintUnknown(id=str(complaint_id))
    caller.about(found.operator_id)
    return (
        complaint_json(found, env.clock())
        | told_json(env, found)
        | {
            "cases": [
                {"id": str(case.case_id), "kind": case.kind.value, "state": case.state.value}
                for case in cases_about(caller, session, found)
            ]
        }
    )


@router.get(
    "/{complaint_id:uuid}/photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The photo"}},
    summary="Photo of a complaint 投诉照片",
)
def get_photo(complaint_id: UUID, session: ReadSession, caller: Reader) -> Response:
    """Return the photo that came with a complaint; 404 where none did."""
    return photo_answer(complaint_id, session, caller)


@router.post("/{complaint_id:uuid}/accept", summary="Accept a complaint 受理投诉")
def post_accept(
    complaint_id: UUID, request: Request, session: WriteSession, env: CurrentEnv, caller: Officer
) -> dict[str, object]:
    """Accept it; the clock of the answer begins.  409 `complaint_not_there` unless it is `received`."""
    days = request.app.state.complaint_days
    found = complaint_work.accept(session, env, caller.scope, complaint_id, by=caller.actor, days=days)
    return _done(caller, env, found)


@router.post("/{complaint_id:uuid}/refuse", summary="Do not accept a complaint 不予受理")
def post_refuse(
    complaint_id: UUID, body: RefuseIn, session: WriteSession, env: CurrentEnv, caller: Officer
) -> dict[str, object]:
    """Say why it is not accepted.  409 `complaint_not_there` unless it is `received`."""
    found = complaint_work.refuse(session, env, caller.scope, complaint_id, by=caller.actor, why=body.reason)
    return _done(caller, env, found)


@router.post("/{complaint_id:uuid}/begin", summary="Begin to work on it 开始处理")
def post_begin(complaint_id: UUID, session: WriteSession, env: CurrentEnv, caller: Officer) -> dict[str, object]:
    """Say that an accepted complaint is being worked on."""
    return _done(caller, env, complaint_work.begin(session, caller.scope, complaint_id, by=caller.actor))


@router.post("/{complaint_id:uuid}/close", summary="Close a complaint 办结投诉")
def post_close(
    complaint_id: UUID, body: CloseIn, request: Request, session: WriteSession, env: CurrentEnv, caller: Officer
) -> dict[str, object]:
    """Close an accepted complaint with its outcome and the answer that whoever complained reads.

    With `publish_as`, the name of the firm, it is published after some days: firm, matter, product, district, outcome.
    """
    found = complaint_work.close(
        session,
        env,
        caller.scope,
        complaint_id,
        by=caller.actor,
        outcome=body.outcome,
        answer=body.answer,
        publish=None if body.publish_as is None else Publish(respondent=body.publish_as),
        days=request.app.state.complaint_days,
    )
    return _done(caller, env, found)


@router.post("/{complaint_id:uuid}/unpublish", summary="Publish a result no more 撤下公示")
def post_unpublish(
    complaint_id: UUID, body: UnpublishIn, session: WriteSession, env: CurrentEnv, caller: Officer
) -> dict[str, object]:
    """Take a result off the publication; the complaint stays as it is."""
    found = complaint_work.unpublish(session, caller.scope, complaint_id, by=caller.actor, why=body.reason)
    return _done(caller, env, found)


def photo_answer(complaint_id: UUID, session: ReadSession, caller: Caller) -> Response:
    """Return the photo of a complaint that the caller may see."""
    found = complaints.find_complaint(session, caller.scope, complaint_id)
    photo = None if found is None else complaints.photo_of(session, complaint_id)
    if found is None or photo is None:
        raise ComplaintUnknown(id=str(complaint_id))
    caller.about(found.operator_id)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(photo.jpeg, media_type="image/jpeg", headers=headers)


def cases_about(caller: Caller, session: ReadSession, complaint: Complaint) -> list[Case]:
    """Return the newest cases of a complaint's unit that the caller may see."""
    scope = caller.scope_for(Kind.CASE, Verb.READ)
    if complaint.unit_id is None or scope.is_empty:
        return []
    ids = complaints.cases_of_unit(session, complaint.unit_id, limit=CASES_MAX)
    found = [cases.find_case(session, scope, each) for each in ids]
    return [case for case in found if case is not None]


def _done(caller: Caller, env: Env, found: Complaint) -> dict[str, object]:
    caller.about(found.operator_id)
    caller.told(state=found.state.value)
    return complaint_json(found, env.clock())


def complaint_json(found: Complaint, now: datetime) -> dict[str, object]:
    """Return a complaint as lists show it: nothing of what whoever complained wrote."""
    return {
        "id": str(found.complaint_id),
        "receipt": format_short_code(found.receipt),
        "state": found.state.value,
        "state_title": _words(COMPLAINT_STATE_WORDS[found.state]),
        "subject": found.subject.value,
        "subject_title": _words(SUBJECT_WORDS[found.subject]),
        "unit": found.unit_id,
        "verdict": found.verdict,
        "product": {"zh": found.product_zh, "en": found.product_en},
        "site": found.gln,
        "district": found.district,
        "district_title": _words(district_words(found.district)),
        "unassigned": found.unassigned,
        "received_at": format_utc(found.received_at),
        "due_at": _moment(found.due_at),
        "overdue": found.is_overdue(now),
        "decided_at": _moment(found.decided_at),
        "not_accepted": None if found.not_accepted is None else found.not_accepted.value,
        "not_accepted_title": None if found.not_accepted is None else _words(NOT_ACCEPTED_WORDS[found.not_accepted]),
        "closed_at": _moment(found.closed_at),
        "outcome": None if found.outcome is None else found.outcome.value,
        "outcome_title": None if found.outcome is None else _words(OUTCOME_WORDS[found.outcome]),
        "published_as": found.respondent,
        "publish_from": _moment(found.publish_from),
        "unpublished": None if found.unpublished is None else found.unpublished.value,
        "has_photo": found.has_photo,
        "has_contact": found.contact is not None,
        "erased_at": _moment(found.erased_at),
    }


def told_json(env: Env, found: Complaint) -> dict[str, object]:
    """Return what whoever complained wrote, for the office alone."""
    return {
        "code": found.code,
        "said": found.said,
        "shop": found.shop,
        "contact": None if found.contact is None else open_text(env, found.contact),
        "language": found.lang,
        "answer": found.answer,
        "handled_by": found.handled_by,
    }


def published_json(found: Published) -> dict[str, object]:
    """Return what is published of a complaint."""
    return {
        "id": str(found.publication_id),
        "firm": found.respondent,
        "subject": found.subject.value,
        "subject_title": _words(SUBJECT_WORDS[found.subject]),
        "product": {"zh": found.product_zh, "en": found.product_en},
        "district": found.district,
        "district_title": _words(district_words(found.district)),
        "outcome": found.outcome.value,
        "outcome_title": _words(OUTCOME_WORDS[found.outcome]),
        "closed_on": found.closed_at.astimezone(LOCAL).date().isoformat(),
    }


COLUMNS = ("id", "firm", "subject", "subject_zh", "subject_en", "product_zh", "product_en", "district", "district_zh")
MORE_COLUMNS = ("district_en", "outcome", "outcome_zh", "outcome_en", "closed_on")


def _rows(request: Request, now: datetime) -> Iterator[list[str]]:
    """Give the file a page at a time, each with a session of its own: whoever reads slowly keeps none waiting."""
    after: UUID | None = None
    while True:
        with request.app.state.sessions() as session:
            found = complaints.published(session, now=now, after=after, limit=PAGE_MAX)
        yield from map(_cells, found)
        if len(found) < PAGE_MAX:
            return
        after = found[-1].publication_id


def _cells(found: Published) -> list[str]:
    subject, outcome = SUBJECT_WORDS[found.subject], OUTCOME_WORDS[found.outcome]
    where = district_words(found.district)
    return [
        str(found.publication_id),
        found.respondent,
        found.subject.value,
        subject.zh,
        subject.en,
        found.product_zh,
        found.product_en,
        found.district,
        where.zh,
        where.en,
        found.outcome.value,
        outcome.zh,
        outcome.en,
        found.closed_at.astimezone(LOCAL).date().isoformat(),
    ]


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)
