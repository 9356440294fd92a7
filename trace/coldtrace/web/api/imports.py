"""Workbook import: template, dry run, import, corrected copy, undo."""

from uuid import UUID

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from coldtrace.interop import imports
from coldtrace.interop.imports import ImportWorkbook
from coldtrace.interop.workbook.annotate import annotate
from coldtrace.interop.workbook.template import template
from coldtrace.web.access import CurrentEnv, KnownCaller, WriteSession
from coldtrace.web.problems import language_of, problem
from coldtrace.web.refusals import WorkbookErrors, WrongContentType

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("", status_code=201, summary="Import a packing list 导入装箱单")
def post_import(
    request: Request,
    file: UploadFile,
    session: WriteSession,
    env: CurrentEnv,
    caller: KnownCaller,
    station: str | None = None,
    dry_run: bool = False,
) -> Response:
    """Import a broker's workbook: 201 with the consignment, or 422 with every fault by sheet, row and column.

    `Accept: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` returns the workbook with the faults
    written beside the cells, and keeps nothing.
    """
    _require_multipart(request)
    data = file.file.read()
    annotated = XLSX in request.headers.get("accept", "")
    command = ImportWorkbook(
        data=data, filename=file.filename or "workbook.xlsx", station_gln=station, dry_run=dry_run or annotated
    )
    imported = imports.import_workbook(session, env, command)
    if annotated:
        headers = {"Content-Disposition": 'attachment; filename="annotated.xlsx"'}
        return Response(annotate(data, imported.result), media_type=XLSX, headers=headers)
    body = imported.to_json()
    if imported.result.errors:
        lang = language_of(request)
        refusal = WorkbookErrors(count=len(imported.result.errors))
        return JSONResponse(problem(refusal, lang) | body, 422, media_type="application/problem+json")
    return JSONResponse(body, 200 if dry_run else 201)


def _require_multipart(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise WrongContentType(wanted="multipart/form-data", got=kind or "-")


@router.get("/template", summary="Template workbook 模板下载")
def get_template(caller: KnownCaller) -> Response:
    """Return an empty workbook with headings, notes and one example line."""
    headers = {"Content-Disposition": 'attachment; filename="packing-list-template.xlsx"'}
    return Response(template(), media_type=XLSX, headers=headers)


@router.post("/{consignment_id}/undo", summary="Undo an import 撤销导入")
def post_undo(consignment_id: UUID, session: WriteSession, env: CurrentEnv, caller: KnownCaller) -> dict[str, str]:
    """Take an import back, as long as nothing of it was shipped."""
    imports.undo_import(session, env, consignment_id)
    return {"consignment": str(consignment_id), "state": "undone"}
