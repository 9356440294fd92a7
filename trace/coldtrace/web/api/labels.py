"""Labels of a code run: as a stream, to a printer of the configuration, and once more when one was spoiled."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field

from coldtrace.env import Env
from coldtrace.goods import print_runner, print_store, printing, run_store
from coldtrace.goods.firms import firms_of_runs, firms_of_units
from coldtrace.goods.print_json import cursor, job_json, read_cursor, reprint_json, shown_target
from coldtrace.goods.print_runner import SendRun, Sessions
from coldtrace.goods.printing import PrintAgain
from coldtrace.goods.refusals import RunUnknown
from coldtrace.goods.reprint_runner import Look, reprint_file, reprint_to
from coldtrace.goods.roll_rules import format_ranges, ranges_of
from coldtrace.goods.run_labels import run_labels
from coldtrace.labels.press import Order
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web.access import Caller, CurrentEnv, CurrentSettings, ReadSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.print_room import PrintRoom
from coldtrace.web.refusals import InvalidRequest

router = APIRouter(tags=["labels"])

Printing = Annotated[Caller, needs(Kind.RUN, Verb.WRITE, devices=False, act="print")]
PrinterReader = Annotated[Caller, needs(Kind.RUN, Verb.WRITE, devices=False, recorded=False)]
Reprinting = Annotated[Caller, needs(Kind.CODE, Verb.WRITE, devices=False, act="reprint")]
PrintReader = Annotated[Caller, needs(Kind.RUN, Verb.READ, devices=False)]
"""A handheld prints nothing: whoever finds one must not get every genuine code of a run from it."""

LayoutName = Literal["60x40", "100x100", "100x150", "a4"]
FormatName = Literal["pdf", "png", "svg", "zpl", "zpl-native", "csv"]
Dpi = Literal[203, 300]

MEDIA = {
    "pdf": ("application/pdf", "pdf"),
    "png": ("application/zip", "zip"),
    "svg": ("application/zip", "zip"),
    "zpl": ("application/octet-stream", "zpl"),
    "zpl-native": ("application/octet-stream", "zpl"),
    "csv": ("text/csv; charset=utf-8", "csv"),
}
SKIPPED_MAX = 1000
"""Characters of a header: whoever wants all numbers of so many asks for the jobs of the run."""
PICTURE_MEDIA = {"png": "image/png", "svg": "image/svg+xml"}
_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "The file", "content": {"application/octet-stream": {}}}}


class PrintIn(BodyIn):
    """A run to be printed, by the name of a configured printer."""

    printer: str = Field(max_length=64)
    layout: Literal["60x40", "100x100", "100x150"] = "100x100"
    native: bool = False
    position: int | None = Field(default=None, ge=1)


class ReprintIn(BodyIn):
    """Labels that were spoiled, each named by a scan or its short code."""

    texts: list[Annotated[str, Field(max_length=2000)]] = Field(min_length=1, max_length=1000)
    reason: str = Field(max_length=2000)
    layout: LayoutName = "100x100"
    format: FormatName = "pdf"
    dpi: Dpi = 203
    printer: str | None = Field(default=None, max_length=64)


@router.get(
    "/api/v1/runs/{run_id}/labels", summary="Labels of a code run 打印标签", response_class=Response, responses=_FILE
)
def get_labels(
    run_id: UUID,
    request: Request,
    env: CurrentEnv,
    settings: CurrentSettings,
    caller: Printing,
    layout: LayoutName = "100x100",
    format: FormatName = "pdf",
    dpi: Literal["203", "300"] = "203",
) -> Response:
    """Stream the labels of a run: one PDF, ZPL or CSV, or a zip file of pictures, every label checked before it leaves.

    Needs a token: a handheld prints nothing, and whoever finds one must not get every genuine code of a run from it.
    Labels whose codes are void are left out; the header `Coldtrace-Skipped` names their numbers, as `17-23, 40`.
    A label that is refused in the middle breaks the transfer off: an incomplete body is no file.
    """
    sessions: Sessions = request.app.state.sessions
    order = print_runner.order_of(sessions, env, layout=layout, format=format, dpi=int(dpi), font=settings.label_font)
    media, ending = MEDIA[format]
    headers = {"Content-Disposition": f'attachment; filename="labels-{run_id}.{ending}"', "Cache-Control": "no-store"}
    with sessions() as session:
        run_labels(session, run_id, caller.scope)
        caller.about(*firms_of_runs(session, [run_id]))
        void = format_ranges(ranges_of(print_store.void_numbers(session, run_id, caller.scope)))
    if void:
        headers["Coldtrace-Skipped"] = (
            void if len(void) <= SKIPPED_MAX else void[:SKIPPED_MAX].rpartition(",")[0] + ", ..."
        )
    if "coldtrace.head" in request.scope:
        return Response(b"", media_type=media, headers=headers)
    workers = min(settings.label_workers, 1)
    pieces = _pieces(request.app.state.printing, sessions, env, run_id, order, caller.scope, workers=workers)
    # The first piece is made before anything is said, so that a run that cannot be printed is a plain refusal.
    first = next(pieces)
    return StreamingResponse(chain([first], pieces), media_type=media, headers=headers)


def _pieces(
    room: PrintRoom, sessions: Sessions, env: Env, run_id: UUID, order: Order, scope: Scope, *, workers: int
) -> Iterator[bytes]:
    with room.one_file():
        yield from print_runner.stream_run(sessions, env, run_id, order, scope, workers=workers)


@router.get("/api/v1/runs/{run_id}/jobs", summary="Print jobs of a run 打印任务")
def get_jobs(run_id: UUID, session: ReadSession, caller: PrintReader) -> dict[str, object]:
    """Return the newest print jobs of a run with their progress; a file is named without its folder.

    `void` are the numbers of labels whose codes are void now: a job leaves them out and counts them as done.
    """
    if run_store.find_run(session, run_id, caller.scope) is None:
        raise RunUnknown(id=str(run_id))
    caller.about(*firms_of_runs(session, [run_id]))
    jobs = print_store.jobs_of_run(session, run_id, caller.scope, limit=printing.JOBS_SHOWN)
    void = print_store.void_numbers(session, run_id, caller.scope)
    return {
        "jobs": [job_json(job) | {"target": shown_target(job.target)} for job in jobs],
        "void": {"count": len(void), "numbers": format_ranges(ranges_of(void))},
    }


@router.get("/api/v1/printers", summary="Configured printers 打印机")
def get_printers(settings: CurrentSettings, caller: PrinterReader) -> dict[str, object]:
    """Return the printers of the configuration by name; their addresses stay there."""
    return {"printers": [{"name": each.name, "dpi": each.dpi} for each in settings.printers or ()]}


@router.post("/api/v1/runs/{run_id}/print", status_code=202, summary="Send labels to a printer 发送到打印机")
def post_print(
    run_id: UUID, body: PrintIn, request: Request, env: CurrentEnv, settings: CurrentSettings, caller: Printing
) -> dict[str, object]:
    """Send the labels of a run to a configured printer, or go on where the last sending stopped.

    202 with the job; `GET .../jobs` says how far it is. `position` begins at that label.
    """
    command = SendRun(
        run_id=run_id,
        layout=body.layout,
        printer=print_runner.find_printer(settings.printers, body.printer),
        requested_by=caller.actor,
        scope=caller.scope,
        patience_s=settings.printer_patience_s,
        native=body.native,
        position=body.position,
        font=settings.label_font,
        workers=min(settings.label_workers, 1),
    )
    job = print_runner.begin_sending(request.app.state.sessions, env, command)
    caller.told(printer=body.printer)
    with request.app.state.sessions.begin() as session:
        caller.about(*firms_of_runs(session, [run_id]))
        caller.keep(session)
    request.app.state.printing.send(job, command)
    return job_json(job)


@router.post(
    "/api/v1/labels/reprint",
    summary="Replace spoiled labels 补打标签",
    response_class=Response,
    responses={200: {"description": "The file, or with `printer` the units that were sent"}},
)
def post_reprint(
    body: ReprintIn, request: Request, env: CurrentEnv, settings: CurrentSettings, caller: Reprinting
) -> Response:
    """Make labels again with the same codes, and log who, when and why; a voided code is refused."""
    sessions: Sessions = request.app.state.sessions
    look = Look(layout=body.layout, format=body.format, dpi=body.dpi, font=settings.label_font)
    caller.told(labels=len(body.texts), layout=body.layout)
    target = "download" if body.printer is None else f"printer:{body.printer}"
    wanted = PrintAgain(
        texts=body.texts, reason=body.reason, requested_by=caller.actor, target=target, scope=caller.scope
    )
    if body.printer is not None:
        printer = print_runner.find_printer(settings.printers, body.printer)
        sent = reprint_to(sessions, env, wanted, look, printer=printer, patience_s=settings.printer_patience_s)
        _keep_reprint(caller, sessions, sent)
        return JSONResponse({"units": list(sent), "target": target})
    made = reprint_file(sessions, env, wanted, look)
    _keep_reprint(caller, sessions, made.units)
    media, ending = MEDIA[body.format]
    if body.format in PICTURE_MEDIA and not made.is_zip:
        media, ending = PICTURE_MEDIA[body.format], body.format
    headers = {"Content-Disposition": f'attachment; filename="labels.{ending}"', "Cache-Control": "no-store"}
    return Response(made.data, media_type=media, headers=headers)


@router.get("/api/v1/labels/reprints", summary="The reprint log 补打记录")
def get_reprints(
    session: ReadSession,
    caller: PrintReader,
    run: UUID | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, object]:
    """Return logged reprints, newest first; `next` is the `after` of the following page.

    `hint` marks units that got more labels than spoiling explains.  A file is named without its folder.
    """
    try:
        before = None if after is None else read_cursor(after)
    except ValueError:
        raise InvalidRequest(where="query.after", what="next") from None
    page, following = printing.reprint_page(session, caller.scope, run_id=run, before=before, limit=limit)
    caller.about(*firms_of_runs(session, [each.run_id for each in page]))
    caller.told(rows=len(page))
    told = [reprint_json(each) | {"target": shown_target(each.target)} for each in page]
    return {"reprints": told, "next": cursor(following)}


def _keep_reprint(caller: Caller, sessions: Sessions, units: Sequence[str]) -> None:
    with sessions.begin() as session:
        caller.about(*firms_of_units(session, units))
        caller.keep(session)
