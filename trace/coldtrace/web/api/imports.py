"""Workbook import: template, dry run, import, corrected copy, undo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from sqlmodel import Session
from starlette.datastructures import UploadFile

from coldtrace.env import Env
from coldtrace.goods.draw import draw_rest
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.plan import Identity
from coldtrace.interop import imports
from coldtrace.interop.broker_headings import (
    BROKER_MAX,
    HEADING_MAX,
    HEADINGS_MAX,
    broker_name,
    headings_of,
    teach,
)
from coldtrace.interop.imports import ImportWorkbook
from coldtrace.interop.workbook.annotate import annotate
from coldtrace.interop.workbook.template import template
from coldtrace.parties import store as parties_store
from coldtrace.people.grant_refusals import OrganisationUnknown
from coldtrace.rights.model import Kind, Party, Verb
from coldtrace.rights.rules import covers
from coldtrace.web.access import Begin, Caller, CallerLang, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.consignment_words import COLUMN_FIELDS
from coldtrace.web.problems import problem
from coldtrace.web.refusals import InvalidRequest, WorkbookErrors, WrongContentType

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

FORM = "multipart/form-data"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME_MAX = 200
Importer = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False, act="import")]
Undoer = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False, act="undo")]
TemplateReader = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, recorded=False)]

_DOC: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "contentMediaType": XLSX}},
                }
            }
        },
    }
}


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came."""

    name: str
    data: bytes


async def _upload(request: Request, caller: Importer) -> Upload:
    """Read the form only after the caller is known, and say 415 before anything else about it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise WrongContentType(wanted=FORM, got=kind[:NAME_MAX] or "-")
    async with request.form(max_files=4, max_fields=16) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequest(where="file", what="multipart/form-data; name=file; filename=…")
        name = "".join(sign for sign in file.filename or "" if sign.isprintable())
        return Upload(name=name[:NAME_MAX] or "workbook.xlsx", data=await file.read())


@router.post(
    "",
    status_code=201,
    responses={200: {"description": "A dry run, or the corrected copy"}},
    openapi_extra=_DOC,
    summary="Import a packing list 导入装箱单",
)
def post_import(
    request: Request,
    caller: Importer,
    upload: Annotated[Upload, Depends(_upload)],
    begin: Begin,
    env: CurrentEnv,
    lang: CallerLang,
    station: str | None = None,
    dry_run: bool = False,
    carton_identity: Identity = Identity.OWN,
    broker: Annotated[str, Query(max_length=BROKER_MAX)] = "",
) -> Response:
    """Import a broker's workbook: 201 with the consignment, or 422 with every fault by sheet, row and column.

    Needs a token, as everything that draws codes: a handheld that was lost must not have a station sign new ones.  The
    first station or the importer must be one of the caller's own (403 `not_your_import`).

    The answer comes when all codes are drawn; meanwhile `GET /api/v1/runs/{run}` says how far they are.  If the
    connection breaks, the same file again goes on where it stopped.  `carton_identity` says what names cartons of lines
    without a GTIN: `u`, an id of our own, or `sscc`, an SSCC under the station's company prefix.

    `Accept: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` returns the workbook with the faults
    written beside the cells, and keeps nothing.  `broker` reads the headings as your organisation taught them for it
    (`PUT /api/v1/imports/columns`).
    """
    annotated = XLSX in request.headers.get("accept", "")
    with begin() as session:
        taught = headings_of(session, one_organisation(caller), broker_name(broker))
    command = ImportWorkbook(
        taught=taught,
        data=upload.data,
        filename=upload.name,
        scope=caller.scope,
        station_gln=station,
        dry_run=dry_run or annotated,
        carton_identity=carton_identity,
    )
    with begin() as session:
        imported = imports.import_workbook(session, env, command)
        if imported.opened is None:
            caller.drop()
        else:
            caller.named(imported.opened.consignment_id)
            caller.about(*firms_of_consignment(session, imported.opened.consignment_id))
            caller.keep(session)
    if imported.opened is not None:
        draw_rest(begin, env, imported.opened.run_id)
    if annotated:
        headers = {"Content-Disposition": 'attachment; filename="annotated.xlsx"'}
        return Response(annotate(upload.data, imported.result), media_type=XLSX, headers=headers)
    body = imported.to_json()
    if imported.result.errors:
        refusal = WorkbookErrors(count=len(imported.result.errors))
        return JSONResponse(
            problem(refusal, lang) | body, 422, {"Content-Language": lang}, media_type="application/problem+json"
        )
    return JSONResponse(body, 200 if dry_run else 201)


@router.get("/template", summary="Template workbook 模板下载")
def get_template(caller: TemplateReader) -> Response:
    """Return an empty workbook with headings, notes and one example line."""
    headers = {"Content-Disposition": 'attachment; filename="packing-list-template.xlsx"'}
    return Response(template(), media_type=XLSX, headers=headers)


class ColumnsIn(BodyIn):
    """What a broker's headings mean.  An empty field forgets a heading; `organisation` is a credit code, for whoever
    may speak for several."""

    broker: str = Field(min_length=1, max_length=BROKER_MAX, examples=["港口报关行"])
    columns: dict[Annotated[str, Field(min_length=1, max_length=HEADING_MAX)], str] = Field(
        max_length=HEADINGS_MAX, examples=[{"Losnummer": "lot", "Kartons": "cartons", "Preis": "ignored"}]
    )
    organisation: str | None = Field(default=None, max_length=18)


@router.get("/columns", summary="A broker's headings 报关行列名")
def get_columns(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False, act="list")],
    broker: Annotated[str, Query(min_length=1, max_length=BROKER_MAX)],
    organisation: Annotated[str | None, Query(max_length=18)] = None,
) -> dict[str, object]:
    """Return what headings of a broker mean, as your organisation taught it: folded heading to field."""
    operator_id = _organisation(session, caller, organisation)
    caller.about(operator_id)
    name = broker_name(broker)
    return {"broker": name, "columns": headings_of(session, operator_id, name)}


@router.put("/columns", summary="Teach a broker's headings 记住报关行列名")
def put_columns(
    body: ColumnsIn,
    session: WriteSession,
    env: CurrentEnv,
    caller: Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False)],
) -> dict[str, object]:
    """Remember what headings of a broker mean, for every later workbook of it; all others stay as they were."""
    operator_id = _organisation(session, caller, body.organisation)
    name = broker_name(body.broker)
    teach_columns(session, env, caller, operator_id, name, body.columns)
    return {"broker": name, "columns": headings_of(session, operator_id, name)}


def teach_columns(
    session: Session, env: Env, caller: Caller, operator_id: UUID, broker: str, columns: Mapping[str, str]
) -> None:
    """Remember what a broker's headings mean; raise InvalidRequest for a field that there is not."""
    if not broker:
        raise InvalidRequest(where="broker", what="-")
    for heading, meant in columns.items():
        if meant and meant not in COLUMN_FIELDS:
            raise InvalidRequest(where=f"columns.{heading[:40]}", what=", ".join(COLUMN_FIELDS))
    caller.named(broker)
    caller.about(operator_id)
    teach(session, env, operator_id, broker, columns, by=caller.actor)


def _organisation(session: Session, caller: Caller, uscc: str | None) -> UUID:
    """Return the organisation that is named, or the only one; raise OrganisationUnknown beyond one's reach."""
    found = None if uscc is None else parties_store.operator_of_uscc(session, uscc)
    operator_id = one_organisation(caller) if uscc is None else None if found is None else found.operator_id
    if operator_id is None or not covers(caller.scope, Party(operator_id=operator_id)):
        raise OrganisationUnknown(uscc=uscc or "-")
    return operator_id


def one_organisation(caller: Caller) -> UUID | None:
    """Return the only organisation for which somebody may import; None for none or several."""
    every = caller.scope.operators
    return next(iter(every)) if len(every) == 1 else None


@router.post("/{consignment_id}/undo", summary="Undo an import 撤销导入")
def post_undo(consignment_id: UUID, caller: Undoer, session: WriteSession, env: CurrentEnv) -> dict[str, str]:
    """Take an import back, as long as nothing of it was shipped.  Needs a token."""
    caller.about(*firms_of_consignment(session, consignment_id))
    imports.undo_import(session, env, consignment_id, caller.scope)
    return {"consignment": str(consignment_id), "state": "undone"}
