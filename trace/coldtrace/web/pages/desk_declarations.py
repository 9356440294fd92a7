"""The desk's page of provisional declarations, and the form that completes or corrects one.

They do what `web/api/declarations.py` does, by the same functions and rights.
"""

from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.goods import declarations
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.declarations import DeclarationIn, clock_of, complete
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_consignments import show_consignment
from coldtrace.web.pages.desk_form import PAGE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.READ)]
Writer = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.WRITE)]
TITLE = Words("待补报关单", "Provisional declarations")
SHOWN = {"all": Words("全部待补", "All of them"), "overdue": Words("已逾期", "Overdue")}


@router.get("/desk/declarations")
def declarations_page(
    request: Request,
    caller: Reader,
    show: Annotated[str, Query(max_length=10)] = "all",
    after: UUID | None = None,
) -> Response:
    """List consignments whose final declaration is still to come, the oldest first."""
    show = show if show in SHOWN else "all"
    clock, now = clock_of(request.app.state.settings), request.app.state.env.clock()
    came_before = clock.overdue_before(now) if show == "overdue" else None
    with request.app.state.sessions() as session:
        found = declarations.list_provisional(session, caller.scope, came_before=came_before, after=after, limit=PAGE)
        caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    rows = []
    for each in found:
        due = clock.due(each.imported_at)
        rows.append(
            Row(
                id=str(each.consignment_id),
                cells=(
                    Cell(text=each.declaration_no, url=f"/desk/consignments/{each.consignment_id}#declaration"),
                    Cell(text=each.container_no),
                    Cell(name=Bilingual(zh=each.importer_zh, en=each.importer_en)),
                    Cell(moment=each.imported_at),
                    Cell(moment=due),
                    Cell(words=SHOWN["overdue"], tone="stop")
                    if due < now
                    else Cell(words=Words("期限内", "In time"), tone="ok"),
                ),
            )
        )
    more = {"show": show, "after": str(found[-1].consignment_id)} if len(found) == PAGE else None
    table = Section(
        id="declarations",
        title=SHOWN[show],
        lead=Words(
            f"两步申报的批次以预录入编号导入；正式编号应在导入后 {clock.days} 个工作日内补录。",
            "Consignments that were imported under a pre-entry reference; their final number is due within"
            f" {clock.days} working days.",
        ),
        filters=Form(
            action="/desk/declarations",
            submit=Words("显示", "Show"),
            quiet=True,
            asks=True,
            fields=(
                Field(
                    name="show",
                    label=Words("哪些", "Which"),
                    kind="select",
                    choices=tuple(
                        Choice(value=name, label=words, is_chosen=name == show) for name, words in SHOWN.items()
                    ),
                ),
            ),
        ),
        columns=(
            Words("预录入编号", "Pre-entry reference"),
            Words("集装箱号", "Container"),
            Words("进口商", "Importer"),
            Words("导入时间", "Imported"),
            Words("期限", "Due"),
            Words("状态", "State"),
        ),
        rows=tuple(rows),
        empty=Words(
            "没有待补的报关单。导入时报关单号为预录入编号的批次，会在这里等待补录。",
            "There is none. Consignments that are imported under a pre-entry reference wait here for their number.",
        ),
        next_url=None if more is None else f"/desk/declarations?{urlencode(more)}",
    )
    return show_sheet(request, caller, TITLE, (table,))


@router.post("/desk/consignments/{consignment_id:uuid}/declaration")
def post_declaration(request: Request, consignment_id: UUID, caller: Writer, body: Body) -> Response:
    """Complete or correct the declaration of a consignment."""

    def work(session: Session) -> None:
        said = read_fields(DeclarationIn, {name: value for name, value in form_fields(request, body).items() if value})
        complete(session, request.app.state.env, caller, consignment_id, said)

    return answer(request, caller, change(request, caller, work), partial(show_consignment, id=consignment_id))
