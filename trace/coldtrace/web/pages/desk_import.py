"""The desk's page of an import: a workbook is tried, its faults are told, and exactly the tried bytes are imported.

It does what the API does (`web/api/imports.py`), through the same services.  Codes are drawn after the answer: whoever
imports may go away, and the consignment's page says how far they are.
"""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session
from starlette.background import BackgroundTask

from coldtrace.errors import Words
from coldtrace.goods import store as goods_store
from coldtrace.goods.draw import draw_rest
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.plan import Identity
from coldtrace.interop import imports, trials
from coldtrace.interop.broker_headings import BROKER_MAX, broker_name, brokers_of, headings_of
from coldtrace.interop.imports import Imported, ImportWorkbook
from coldtrace.interop.refusals import TrialUnknown
from coldtrace.interop.trials import Trial
from coldtrace.interop.workbook.annotate import annotate
from coldtrace.interop.workbook.findings import Finding
from coldtrace.interop.workbook.reader import ImportResult, UnderstoodColumn
from coldtrace.interop.workbook.template import template
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web import formats
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.imports import XLSX, one_organisation, teach_columns
from coldtrace.web.consignment_words import COLUMN_FIELDS
from coldtrace.web.form_parts import SentFile
from coldtrace.web.page_session import form_fields, form_parts, page_needs
from coldtrace.web.pages.desk_form import answer, change, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.refusals import InvalidRequest

router = APIRouter(prefix="/desk/consignments/import", include_in_schema=False)
HERE = "/desk/consignments/import"
Importer = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.WRITE, act="import")]
Teacher = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.WRITE, act="change")]
ROWS_SHOWN = 200
CHANGES_SHOWN = 50
COLUMNS_SHOWN = 60

TITLE = Words("导入装箱单", "Import a packing list")
SHEET, ROW, COLUMN = Words("工作表", "Sheet"), Words("行", "Row"), Words("列", "Column")
WHAT_TO_DO = Words("问题与改法", "What is wrong, and what to do")
TRIED = Words("已试读，尚未导入任何内容。", "The file was tried; nothing is imported yet.")


@router.get("")
def import_page(request: Request, caller: Importer) -> Response:
    """Show the form for a workbook."""
    caller.drop()
    return _start(request, caller)


@router.get("/template")
def template_file(caller: Importer) -> Response:
    """Return the empty workbook, as the API does."""
    caller.drop()
    return _workbook(template(), "packing-list-template.xlsx")


@router.get("/annotated")
def annotated_file(request: Request, caller: Importer, file: str) -> Response:
    """Return a tried workbook with its faults beside their cells."""
    caller.drop()
    with request.app.state.sessions() as session:
        trial = _trial(session, caller, file)
        result = _read(session, request, caller, trial, scope=caller.scope).result
    return _workbook(annotate(trial.data, result), "annotated.xlsx")


@router.post("")
def post_try(request: Request, caller: Importer, body: Body) -> Response:
    """Try a workbook: keep it for a day, and say what would become of it."""
    fields, file = form_fields(request, body), form_parts(request, body).files.get("file")
    caller.drop()
    tried: list[tuple[Trial, Imported]] = []

    def work(session: Session) -> None:
        trial = _new_trial(fields, file)
        tried.append((trial, _read(session, request, caller, trial, scope=caller.scope)))
        trials.keep_trial(session, request.app.state.env, trial, by=caller.actor)

    outcome = change(request, caller, work)
    page = _start if outcome is not None else partial(_tried, trial=tried[0][0], imported=tried[0][1])
    return answer(request, caller, outcome, page)


@router.post("/columns")
def post_columns(request: Request, caller: Teacher, body: Body) -> Response:
    """Remember what headings mean for a broker, and try the workbook again."""
    fields = form_fields(request, body)
    tried: list[tuple[Trial, Imported]] = []

    def work(session: Session) -> None:
        trial = _trial(session, caller, fields.get("file", ""))
        organisation = one_organisation(caller)
        if organisation is None:
            raise InvalidRequest(where="organisation", what="PUT /api/v1/imports/columns")
        broker = broker_name(fields.get("broker", ""))
        names = [name for name in fields if name.startswith("heading.")]
        meant = {fields[name]: fields.get(f"field.{name.partition('.')[2]}", "") for name in names}
        teach_columns(session, request.app.state.env, caller, organisation, broker, meant)
        again = Trial(**(vars(trial) | {"broker": broker}))
        trials.keep_trial(session, request.app.state.env, again, by=caller.actor)
        tried.append((again, _read(session, request, caller, again, scope=caller.scope)))

    outcome = change(request, caller, work)
    page = _start if outcome is not None else partial(_tried, trial=tried[0][0], imported=tried[0][1])
    return answer(request, caller, outcome, page)


@router.post("/confirm")
def post_confirm(request: Request, caller: Importer, body: Body) -> Response:
    """Import exactly the bytes that were tried, and lead to the consignment; the rest of its codes is drawn after."""
    hash_hex = form_fields(request, body).get("file", "")
    env = request.app.state.env
    found: list[tuple[UUID, UUID | None]] = []

    def work(session: Session) -> None:
        trial = _trial(session, caller, hash_hex)
        command = _command(session, caller, trial, scope=caller.scope, dry_run=False)
        imported = imports.read_only(env, command)
        done = None if imported.packing is None else _already(session, caller, trial, imported)
        if done is not None:
            caller.drop()
            found.append((done, None))
            return
        made = imports.import_workbook(session, env, command).opened
        if made is None:
            raise InvalidRequest(where="file", what="; ".join(each.code for each in imported.errors[:5]))
        caller.named(made.consignment_id)
        caller.about(*firms_of_consignment(session, made.consignment_id))
        found.append((made.consignment_id, made.run_id))

    outcome = change(request, caller, work)
    if outcome is not None:
        return answer(request, caller, outcome, _start)
    consignment_id, run_id = found[0]
    draw = None if run_id is None else BackgroundTask(draw_rest, request.app.state.sessions.begin, env, run_id)
    return RedirectResponse(f"/desk/consignments/{consignment_id}", 303, background=draw)


def _already(session: Session, caller: Caller, trial: Trial, result: ImportResult) -> UUID | None:
    """Return the consignment that these very bytes are already, drawn to the end or not being drawn any more."""
    declaration = None if result.packing is None else result.packing.papers.declaration_number
    found = goods_store.open_declaration(session, declaration or "", caller.scope)
    if found is None or found[1] != trial.sha256:
        return None
    return found[0] if imports.is_drawn(session, found[0]) else None


def _new_trial(fields: dict[str, str], file: SentFile | None) -> Trial:
    if file is None or not file.data:
        raise InvalidRequest(where="file", what="xlsx")
    try:
        identity = Identity(fields.get("carton_identity") or Identity.OWN.value)
    except ValueError:
        raise InvalidRequest(where="carton_identity", what=", ".join(Identity)) from None
    return Trial(
        name=file.name or "workbook.xlsx",
        data=file.data,
        station_gln=fields.get("station") or None,
        carton_identity=identity,
        broker=broker_name(fields.get("broker", "")),
    )


def _trial(session: Session, caller: Caller, hash_hex: str) -> Trial:
    found = trials.find_trial(session, hash_hex, by=caller.actor)
    if found is None:
        raise TrialUnknown()
    return found


def _command(session: Session, caller: Caller, trial: Trial, *, scope: Scope, dry_run: bool) -> ImportWorkbook:
    return ImportWorkbook(
        data=trial.data,
        filename=trial.name,
        scope=scope,
        station_gln=trial.station_gln,
        dry_run=dry_run,
        carton_identity=trial.carton_identity,
        taught=headings_of(session, one_organisation(caller), trial.broker),
    )


def _read(session: Session, request: Request, caller: Caller, trial: Trial, *, scope: Scope) -> Imported:
    command = _command(session, caller, trial, scope=scope, dry_run=True)
    return imports.import_workbook(session, request.app.state.env, command)


def _workbook(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=XLSX, headers=headers)


def _start(request: Request, caller: Caller, **said: Words | int | None) -> Response:
    with request.app.state.sessions() as session:
        own = goods_store.stations(session, caller.scope, Kind.CONSIGNMENT)
        stations = [site for gln in own if (site := parties.site(session, gln)) is not None]
        brokers = brokers_of(session, one_organisation(caller))
    choices = [Choice(value="", label=Words("由系统判断（只有一个时）", "By itself, where there is only one"))]
    choices += [
        Choice(value=each.gln, label=Words(f"{each.name_zh} {each.gln}", f"{each.name_en} {each.gln}"))
        for each in stations
    ]
    known = ("、".join(brokers), ", ".join(brokers))
    upload = Section(
        id="upload",
        title=Words("选择文件", "Choose the file"),
        lead=Words(
            "先试读：逐处指出错误，不导入任何内容。没有错误后，再由您确认导入。",
            "It is tried first: every fault is named and nothing is imported. Without faults you confirm the import.",
        ),
        forms=(
            Form(
                action=HERE,
                submit=Words("试读", "Try it"),
                fields=(
                    Field(
                        name="file",
                        label=Words("装箱单（.xlsx）", "Packing list (.xlsx)"),
                        kind="file",
                        accept=f".xlsx,{XLSX}",
                        help=Words(
                            "不含宏、未加密；一份文件是一票一箱。", "No macros, no password; one file, one container."
                        ),
                    ),
                    Field(
                        name="broker",
                        label=Words("报关行", "Broker"),
                        required=False,
                        help=Words(f"已记住列名的：{known[0]}", f"Whose headings are remembered: {known[1]}")
                        if brokers
                        else Words(
                            "填写名称，就能记住这家报关行的列名。",
                            "With its name, this broker's headings can be remembered.",
                        ),
                    ),
                    Field(
                        name="station",
                        label=Words("首站", "First station"),
                        kind="select",
                        choices=tuple(choices),
                        required=False,
                    ),
                    Field(
                        name="carton_identity",
                        label=Words("无条码货物的箱码", "Codes of cartons without a GTIN"),
                        kind="select",
                        required=False,
                        choices=(
                            Choice(value=Identity.OWN.value, label=Words("本系统编号", "An id of this system")),
                            Choice(value=Identity.SSCC.value, label=Words("SSCC", "An SSCC")),
                        ),
                    ),
                ),
            ),
        ),
        links=((f"{HERE}/template", Words("下载空白模板", "Download the empty template")),),
    )
    return show_sheet(request, caller, TITLE, (upload,), here=HERE, **said)  # type: ignore[arg-type]


def _tried(
    request: Request,
    caller: Caller,
    *,
    trial: Trial,
    imported: Imported,
    notice: Words | None = None,
    problem: Words | None = None,
    status: int = 200,
) -> Response:
    result = imported.result
    sections = [_outcome(trial, result)]
    if result.errors:
        sections.append(_findings("errors", Words("错误", "Faults"), result.errors))
    if one_organisation(caller) is not None and (result.errors or result.unknown):
        sections.append(_columns(trial, result))
    if result.warnings:
        sections.append(
            _findings("warnings", Words("请留意（不影响导入）", "To look at (stops nothing)"), result.warnings)
        )
    if result.normalised:
        sections.append(_normalised(result))
    said = (
        Words("文件有错误，未导入任何内容。", "The file has faults; nothing was imported.") if result.errors else None
    )
    return show_sheet(
        request,
        caller,
        TITLE,
        sections,
        here=HERE,
        notice=None if said else TRIED,
        problem=said,
        status=422 if result.errors else 200,
    )


def _outcome(trial: Trial, result: ImportResult) -> Section:
    packing = result.packing
    facts: list[tuple[Words, Cell]] = [(Words("文件", "File"), Cell(text=trial.name))]
    facts.append((Words("文件指纹（SHA-256）", "Its hash (SHA-256)"), Cell(text=trial.sha256.hex())))
    if trial.broker:
        facts.append((Words("报关行", "Broker"), Cell(text=trial.broker)))
    if packing is not None:
        weight = Words(formats.weight(packing.net_g, "zh"), formats.weight(packing.net_g, "en"))
        facts += [
            (Words("报关单号", "Declaration"), Cell(text=packing.papers.declaration_number or "-")),
            (Words("件数", "Cartons"), Cell(text=f"{packing.cartons:,}")),
            (Words("托盘", "Pallets"), Cell(text=f"{len(packing.pallets):,}")),
            (Words("批号", "Lots"), Cell(text=f"{len(packing.lots):,}")),
            (Words("净重", "Net weight"), Cell(words=weight)),
        ]
    again = (HERE, Words("换一份文件", "Take another file"))
    confirm = Form(
        action=f"{HERE}/confirm",
        submit=Words("导入这份文件", "Import this file"),
        fields=(Field(name="file", label=TITLE, kind="hidden", value=trial.sha256.hex()),),
    )
    annotated = (
        f"{HERE}/annotated?file={trial.sha256.hex()}",
        Words("下载批注副本：错误写在单元格旁", "Download the copy with the faults beside their cells"),
    )
    return Section(
        id="outcome",
        title=Words("试读结果", "What was understood")
        if packing is not None
        else Words(f"有 {len(result.errors)} 处错误", f"{len(result.errors)} faults"),
        lead=Words(
            "在副本中改正后上传那份副本即可，批注会被忽略。",
            "Correct the copy in place and upload it; its remarks are ignored.",
        )
        if result.errors
        else Words(
            "导入后生成追溯码。导入的正是这份试读过的文件；重复点击只导入一次。",
            "Importing draws the codes. It takes exactly the file that was tried, and twice is once.",
        ),
        facts=tuple(facts),
        forms=() if result.errors else (confirm,),
        links=(annotated, again) if result.errors else (again,),
    )


def _findings(id: str, title: Words, found: tuple[Finding, ...]) -> Section:
    return Section(
        id=id,
        title=title,
        lead=Words(f"只列出前 {ROWS_SHOWN} 处，共 {len(found)} 处。", f"The first {ROWS_SHOWN} of {len(found)}.")
        if len(found) > ROWS_SHOWN
        else None,
        columns=(SHEET, ROW, COLUMN, Words("序号", "Line"), WHAT_TO_DO),
        rows=tuple(
            Row(
                id=f"{id}-{number}",
                cells=(
                    Cell(text=each.sheet or "-"),
                    Cell(text="-" if each.row is None else str(each.row)),
                    Cell(text=each.column or "-"),
                    Cell(text="-" if each.line is None else str(each.line)),
                    Cell(words=Words(each.zh, each.en)),
                ),
            )
            for number, each in enumerate(found[:ROWS_SHOWN], 1)
        ),
    )


def _columns(trial: Trial, result: ImportResult) -> Section:
    """Ask what headings mean: those that nobody understood first."""
    every = [*result.unknown, *result.columns][:COLUMNS_SHOWN]
    fields: list[Field] = [
        Field(name="file", label=TITLE, kind="hidden", value=trial.sha256.hex()),
        Field(
            name="broker",
            label=Words("报关行", "Broker"),
            value=trial.broker,
            help=Words(
                f"最多 {BROKER_MAX} 个字；以后上传时填写同样的名称。",
                f"At most {BROKER_MAX} characters; write the same name with later files.",
            ),
        ),
    ]
    for number, each in enumerate(every):
        fields.append(Field(name=f"heading.{number}", label=TITLE, kind="hidden", value=each.heading))
        fields.append(
            Field(
                name=f"field.{number}",
                label=Words(f"{each.column} 列“{each.heading}”", f"Column {each.column} “{each.heading}”"),
                kind="select",
                required=False,
                choices=_choices(each),
            )
        )
    return Section(
        id="columns",
        title=Words("列名的含义", "What the columns are"),
        lead=Words(
            "系统没认出的列，请指明是什么；按报关行记住，以后自动套用。",
            "Say what the columns are that were not understood; it is remembered for this broker.",
        ),
        forms=(
            Form(
                action=f"{HERE}/columns",
                submit=Words("记住并重新试读", "Remember it and try again"),
                fields=tuple(fields),
                quiet=True,
            ),
        ),
    )


def _choices(column: UnderstoodColumn) -> tuple[Choice, ...]:
    unclear = Choice(value="", label=Words("（由系统判断）", "(by itself)"), is_chosen=not column.field)
    return (
        unclear,
        *(Choice(value=name, label=words, is_chosen=name == column.field) for name, words in COLUMN_FIELDS.items()),
    )


def _normalised(result: ImportResult) -> Section:
    shown = result.normalised[:CHANGES_SHOWN]
    return Section(
        id="normalised",
        title=Words("已自动规范", "Read as something else than written"),
        lead=Words(
            f"共 {len(result.normalised):,} 处，列出前 {len(shown)} 处。",
            f"{len(result.normalised):,} cells, of which the first {len(shown)}.",
        ),
        columns=(SHEET, ROW, COLUMN, Words("原文", "Written"), Words("读作", "Read as")),
        rows=tuple(
            Row(
                id=f"normalised-{number}",
                cells=tuple(
                    Cell(text=part) for part in (each.sheet, str(each.row), each.column, each.before, each.after)
                ),
            )
            for number, each in enumerate(shown, 1)
        ),
    )
