"""Papers of consignments: declare one with its file, list them and hand them out, check one; what a shipment lacks."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.goods import papers
from coldtrace.goods.consignments import find_consignment
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.paper_bytes import SUFFIXES
from coldtrace.goods.paper_policies import lacking_papers
from coldtrace.goods.paper_refusals import PaperFieldRefused
from coldtrace.goods.paper_rules import REASON_MAX, LackingPaper, Paper, PaperCheck, PaperKind, PaperState
from coldtrace.goods.papers import DeclarePaper, WishedPapers
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.settings import Settings
from coldtrace.web.access import Body, Caller, CurrentEnv, CurrentSettings, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.statements import lacking_json
from coldtrace.web.form_parts import FormParts, is_multipart, read_form_parts
from coldtrace.web.refusals import InvalidRequest, WrongContentType
from coldtrace.working_days import LOCAL

router = APIRouter(prefix="/api/v1", tags=["papers"])
PAGE_MAX = 200
SENT = ("POST", "/api/v1/papers")
"""Where files come: the door lets larger bodies through here."""
FORM = "multipart/form-data"
FORM_OVERHEAD = 64 * 1024

Reader = Annotated[Caller, needs(Kind.PAPER, Verb.READ, devices=False)]
Taker = Annotated[Caller, needs(Kind.PAPER, Verb.READ, act="export", devices=False)]
Declarer = Annotated[Caller, needs(Kind.PAPER, Verb.WRITE, devices=False)]
Checker = Annotated[Caller, needs(Kind.PAPER_CHECK, Verb.WRITE, devices=False)]

_PAPER: dict[str, object] = {
    "paper": "0199f3c1-0000-7000-8000-0000000000a1",
    "consignment": "0199f3c1-0000-7000-8000-000000000001",
    "declaration": "020220261000000123",
    "kind": "quarantine_certificate",
    "issuer": "天津海关",
    "number": "12000012611180456",
    "valid_from": "2026-11-18",
    "valid_until": None,
    "state": "checked",
    "reason": "",
    "checked_by": "person:0199f3c1-0000-7000-8000-0000000000b2",
    "checked_at": "2026-11-24T03:10:00Z",
    "checked_for_zh": "示例海关",
    "checked_for_en": "Example Customs",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "media_type": "application/pdf",
    "size": 182044,
    "file_name": "ciq.pdf",
    "replaces": None,
    "replaced_by": None,
    "declared_by": "person:0199f3c1-0000-7000-8000-0000000000b1",
    "declared_at": "2026-11-23T02:10:00Z",
}
_ONE: dict[str, Any] = {"content": {"application/json": {"example": _PAPER}}}
_LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": {"papers": [_PAPER], "next": None}}}}
}
_DOC: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["consignment", "kind", "issuer", "number", "file"],
                    "properties": {
                        "consignment": {"type": "string", "format": "uuid"},
                        "kind": {"type": "string", "enum": [each.value for each in PaperKind]},
                        "issuer": {"type": "string"},
                        "number": {"type": "string"},
                        "valid_from": {"type": "string", "format": "date"},
                        "valid_until": {"type": "string", "format": "date"},
                        "replaces": {"type": "string", "format": "uuid"},
                        "file": {"type": "string", "contentMediaType": "application/pdf"},
                    },
                }
            }
        },
    }
}


class CheckIn(BodyIn):
    """What a check found; whoever rejects a paper says why."""

    verdict: PaperState = Field(examples=["checked"])
    reason: str = Field(default="", max_length=REASON_MAX, examples=["原件编号一致"])


def body_limit(settings: Settings) -> int:
    """Return how long the body of an upload may be: somewhat more than a file, to say of one that it is too large."""
    return settings.paper_bytes + settings.paper_bytes // 8 + FORM_OVERHEAD


@router.post(
    "/papers",
    status_code=201,
    responses={200: {"description": "Kept before: the same paper"}, 201: _ONE},
    openapi_extra=_DOC,
    summary="Declare a paper 上传单证",
)
def post_paper(
    request: Request, caller: Declarer, body: Body, session: WriteSession, env: CurrentEnv, settings: CurrentSettings
) -> Response:
    """Keep a paper of a consignment with its file: a PDF, JPEG or PNG, by its bytes.  201, or 200 for the same again.

    A paper is never edited: another with `replaces` takes its place, and the older one stays in the list.
    """
    kind = request.headers.get("content-type", "")
    if not is_multipart(kind):
        raise WrongContentType(wanted=FORM, got=kind[:200] or "-")
    paper, is_new = declare(session, env, caller, read_form_parts(kind, body), settings)
    return JSONResponse(paper_json(paper), 201 if is_new else 200)


def declare(
    session: Session, env: CurrentEnv, caller: Caller, form: FormParts, settings: Settings
) -> tuple[Paper, bool]:
    """Keep the paper of a form, for this call and for the desk."""
    file = form.files.get("file")
    if file is None or not file.data:
        raise InvalidRequest(where="file", what="multipart/form-data; name=file; filename=…")
    fields = form.fields
    command = DeclarePaper(
        consignment_id=_id(fields, "consignment"),
        kind=_kind(fields.get("kind", "")),
        issuer=fields.get("issuer", ""),
        number=fields.get("number", ""),
        valid_from=_day(fields, "valid_from"),
        valid_until=_day(fields, "valid_until"),
        file_name=file.name,
        data=file.data,
        replaces=_id(fields, "replaces") if fields.get("replaces") else None,
    )
    paper, is_new = papers.declare_paper(
        session, env, caller.scope, command, by=caller.actor, limit_bytes=settings.paper_bytes
    )
    caller.named(paper.paper_id)
    caller.about(*firms_of_consignment(session, paper.consignment_id))
    return paper, is_new


def _id(fields: Mapping[str, str], name: str) -> UUID:
    try:
        return UUID(fields.get(name, "").strip())
    except ValueError:
        raise PaperFieldRefused(field=name, value=_shown(fields.get(name, ""))) from None


def _kind(value: str) -> PaperKind:
    try:
        return PaperKind(value)
    except ValueError:
        raise PaperFieldRefused(field="kind", value=_shown(value)) from None


def _day(fields: Mapping[str, str], name: str) -> date | None:
    value = fields.get(name, "").strip()
    try:
        day = date.fromisoformat(value) if value else None
    except ValueError:
        raise PaperFieldRefused(field=name, value=_shown(value)) from None
    if day is not None and not 2000 <= day.year < 2100:
        raise PaperFieldRefused(field=name, value=_shown(value))
    return day


def _shown(value: str) -> str:
    return "".join(sign for sign in value if sign.isprintable())[:40]


@router.get("/papers", summary="Papers 单证清单", responses=_LIST)
def get_papers(
    session: ReadSession,
    env: CurrentEnv,
    caller: Reader,
    consignment: UUID | None = None,
    state: PaperState | None = None,
    kind: PaperKind | None = None,
    ends_within_days: Annotated[int | None, Query(ge=0, le=3650)] = None,
    current: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return papers, newest first; `next` is the `after` of the following page.

    `ends_within_days` are those whose validity ends within so many days or has ended; `current` leaves out those whose
    place another has taken.
    """
    ends = None if ends_within_days is None else _ends_before(env, ends_within_days)
    wished = WishedPapers(consignment_id=consignment, state=state, kind=kind, ends_before=ends, current=current)
    found = papers.list_papers(session, caller.scope, wished=wished, after=after, limit=limit)
    caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    return {
        "papers": [paper_json(each) for each in found],
        "next": str(found[-1].paper_id) if len(found) == limit else None,
    }


def _ends_before(env: CurrentEnv, days: int) -> date:
    return env.clock().astimezone(LOCAL).date() + timedelta(days=days + 1)


@router.get("/papers/{paper_id:uuid}", summary="One paper 单证详情", responses={200: _ONE})
def get_paper(paper_id: UUID, session: ReadSession, caller: Reader) -> dict[str, object]:
    """Return one paper with every check of it, the newest first."""
    found = papers.find_paper(session, caller.scope, paper_id)
    caller.about(*firms_of_consignment(session, found.consignment_id))
    return paper_json(found) | {"checks": [_check_json(each) for each in papers.checks_of(session, paper_id)]}


@router.get(
    "/papers/{paper_id:uuid}/file",
    summary="The file of a paper 下载单证文件",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in SUFFIXES}}},
)
def get_file(request: Request, paper_id: UUID, session: ReadSession, caller: Taker) -> Response:
    """Return the file as it was sent, as an attachment; the journal keeps it as an export."""
    return file_answer(request, paper_id, session, caller)


def file_answer(request: Request, paper_id: UUID, session: Session, caller: Caller) -> Response:
    """Hand out the file of a paper that the caller may see, a piece at a time; no browser runs anything in it."""
    paper = papers.find_paper(session, caller.scope, paper_id)
    caller.about(*firms_of_consignment(session, paper.consignment_id))

    def pieces() -> Iterator[bytes]:
        with request.app.state.sessions() as own:
            yield from papers.pieces_of(own, paper)

    # The name is ours: what the file was called when it came is a text and nothing else.
    name = f"{paper.kind.value.replace('_', '-')}-{paper.paper_id.hex[-8:]}{SUFFIXES[paper.media_type]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(paper.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces(), media_type=paper.media_type, headers=headers)


@router.post("/papers/{paper_id:uuid}/checks", status_code=201, summary="Check a paper 核对单证", responses={201: _ONE})
def post_check(
    paper_id: UUID, body: CheckIn, session: WriteSession, env: CurrentEnv, caller: Checker
) -> dict[str, object]:
    """Say what a check found: `checked` against the paper, `verified` with its issuer, or `rejected` and why.

    Nobody checks what they declared themselves (403 `own_paper`).  The last check counts; the earlier ones stay.
    """
    return paper_json(check(session, env, caller, paper_id, body))


def check(session: Session, env: CurrentEnv, caller: Caller, paper_id: UUID, body: CheckIn) -> Paper:
    """Keep what a check found, for this call and for the desk."""
    found = papers.check_paper(
        session,
        env,
        caller.scope,
        paper_id,
        verdict=body.verdict,
        reason=body.reason,
        by=caller.actor,
        operator_id=caller.organisation,
    )
    caller.about(*firms_of_consignment(session, found.consignment_id))
    caller.told(verdict=body.verdict.value)
    return found


@router.get(
    "/consignments/{consignment_id:uuid}/lacking-papers",
    summary="What a shipment lacks 出库缺少的单证",
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "lacking": [
                            {
                                "kind": "quarantine_certificate",
                                "level": "block",
                                "least": "declared",
                                "policy_zh": "冷冻肉类",
                                "policy_en": "Frozen meat",
                            }
                        ]
                    }
                }
            }
        }
    },
)
def get_lacking(consignment_id: UUID, session: ReadSession, env: CurrentEnv, caller: Reader) -> dict[str, object]:
    """Return the papers without which an out-scan of this consignment would be stopped or remarked on now."""
    found = lacking(session, env, caller, consignment_id)
    caller.about(*firms_of_consignment(session, consignment_id))
    return {"lacking": [lacking_json(each) for each in found]}


def lacking(session: Session, env: CurrentEnv, caller: Caller, consignment_id: UUID) -> tuple[LackingPaper, ...]:
    """Return what a consignment of the caller's lacks now; raise ConsignmentUnknown."""
    if find_consignment(session, consignment_id, caller.scope) is None:
        raise ConsignmentUnknown(id=str(consignment_id))
    return lacking_papers(session, consignment_id, at=env.clock())


def paper_json(paper: Paper) -> dict[str, object]:
    """Return a paper as the API says it."""
    check = paper.check
    return {
        "paper": str(paper.paper_id),
        "consignment": str(paper.consignment_id),
        "declaration": paper.declaration_no,
        "kind": paper.kind.value,
        "issuer": paper.issuer,
        "number": paper.number,
        "valid_from": None if paper.valid_from is None else paper.valid_from.isoformat(),
        "valid_until": None if paper.valid_until is None else paper.valid_until.isoformat(),
        "state": paper.state.value,
        "reason": None if check is None else check.reason,
        "checked_by": None if check is None else check.checked_by,
        "checked_at": None if check is None else format_utc(check.checked_at),
        "checked_for_zh": None if check is None or check.organisation is None else check.organisation.zh,
        "checked_for_en": None if check is None or check.organisation is None else check.organisation.en,
        "sha256": paper.sha256.hex(),
        "media_type": paper.media_type,
        "size": paper.size,
        "file_name": paper.file_name,
        "replaces": None if paper.replaces is None else str(paper.replaces),
        "replaced_by": None if paper.replaced_by is None else str(paper.replaced_by),
        "declared_by": paper.declared_by,
        "declared_at": format_utc(paper.declared_at),
    }


def _check_json(check: PaperCheck) -> dict[str, object]:
    return {
        "verdict": check.verdict.value,
        "reason": check.reason,
        "checked_by": check.checked_by,
        "checked_at": format_utc(check.checked_at),
        "checked_for_zh": None if check.organisation is None else check.organisation.zh,
        "checked_for_en": None if check.organisation is None else check.organisation.en,
    }
