"""Workbook import: template, dry run, import, corrected copy, undo."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from coldtrace.goods.draw import draw_rest
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.plan import Identity
from coldtrace.interop import imports
from coldtrace.interop.imports import ImportWorkbook
from coldtrace.interop.workbook.annotate import annotate
from coldtrace.interop.workbook.template import template
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Begin, Caller, CallerLang, CurrentEnv, WriteSession, needs
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
) -> Response:
    """Import a broker's workbook: 201 with the consignment, or 422 with every fault by sheet, row and column.

    Needs a token, as everything that draws codes: a handheld that was lost must not have a station sign new ones.  The
    first station or the importer must be one of the caller's own (403 `not_your_import`).

    The answer comes when all codes are drawn; meanwhile `GET /api/v1/runs/{run}` says how far they are.  If the
    connection breaks, the same file again goes on where it stopped.  `carton_identity` says what names cartons of lines
    without a GTIN: `u`, an id of our own, or `sscc`, an SSCC under the station's company prefix.

    `Accept: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` returns the workbook with the faults
    written beside the cells, and keeps nothing.
    """
    annotated = XLSX in request.headers.get("accept", "")
    command = ImportWorkbook(
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


@router.post("/{consignment_id}/undo", summary="Undo an import 撤销导入")
def post_undo(consignment_id: UUID, caller: Undoer, session: WriteSession, env: CurrentEnv) -> dict[str, str]:
    """Take an import back, as long as nothing of it was shipped.  Needs a token."""
    caller.about(*firms_of_consignment(session, consignment_id))
    imports.undo_import(session, env, consignment_id, caller.scope)
    return {"consignment": str(consignment_id), "state": "undone"}
