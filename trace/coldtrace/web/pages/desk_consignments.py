"""The desk's pages of consignments: what was imported, and one with its lots, pallets, code runs and what to do next.

They show what the API tells (`web/api/consignments.py`), by the same queries and rights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.events.facts import read_facts
from coldtrace.goods import consignments
from coldtrace.goods.consignments import (
    CONSIGNMENT_STATE_WORDS,
    SEARCH_MAX,
    ConsignmentState,
    FoundConsignment,
    FoundLot,
    FoundPallet,
    ListedConsignment,
)
from coldtrace.goods.declarations import DeclarationChange, changes_of
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.paper_policies import lacking_papers
from coldtrace.goods.paper_rules import CHANNEL_WORDS, Channel, LackingPaper, Paper
from coldtrace.goods.papers import WishedPapers, list_papers
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.goods.run_store import RunRecord
from coldtrace.interop import imports
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.rights.model import Kind, Verb
from coldtrace.web import formats
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.consignments import PALLETS_SHOWN, ChannelIn
from coldtrace.web.api.declarations import clock_of
from coldtrace.web.consignment_words import DECLARATION_STATUS, DECLARED, PAIRS
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.declaration_section import declaration_section
from coldtrace.web.pages.desk_form import PAGE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.paper_sections import lacking_cells, papers_section, upload_form
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.working_days import LOCAL

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.READ)]
Writer = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.WRITE)]
Undoer = Annotated[Caller, page_needs(Kind.CONSIGNMENT, Verb.WRITE, act="undo")]

TITLE = Words("批次", "Consignments")
IMPORT = ("/desk/consignments/import", Words("导入装箱单", "Import a packing list"))
DECLARATION, CARTONS = Words("报关单号", "Declaration"), Words("件数", "Cartons")
CONTAINER, IMPORTER = Words("集装箱号", "Container"), Words("进口商", "Importer")
NET, IMPORTED = Words("净重", "Net weight"), Words("导入时间", "Imported")
STATION, CHANNEL = Words("首站", "First station"), Words("进口方式", "Channel")


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """One consignment with all that its page shows."""

    found: FoundConsignment
    station: Site | None
    lots: Sequence[FoundLot]
    pallets: Sequence[FoundPallet]
    runs: Sequence[RunRecord]
    may_write: bool
    papers: Sequence[Paper] | None
    """None for whoever may not see papers."""
    may_declare: bool
    lacking: Sequence[LackingPaper]
    changes: Sequence[DeclarationChange]


@router.get("/desk/consignments")
def consignments_page(
    request: Request,
    caller: Reader,
    search: Annotated[str, Query(max_length=SEARCH_MAX)] = "",
    after: UUID | None = None,
) -> Response:
    """List what was imported, newest first."""
    with request.app.state.sessions() as session:
        found = consignments.list_consignments(session, caller.scope, search=search, after=after, limit=PAGE)
        caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    may_import = not caller.scope_for(Kind.CONSIGNMENT, Verb.WRITE).is_empty
    sought = search.strip()
    more = {"search": sought} if sought else {}
    look = Section(
        id="look",
        title=Words("查找", "Find"),
        forms=(
            Form(
                action="/desk/consignments",
                submit=Words("查找", "Find"),
                quiet=True,
                asks=True,
                fields=(
                    Field(
                        name="search",
                        label=Words("报关单号、集装箱号或批号", "Declaration, container or lot"),
                        kind="search",
                        value=sought,
                        required=False,
                        help=Words(
                            "报关单号可只输入开头几位；集装箱号和批号须完整。",
                            "Of a declaration its beginning is enough; a container or lot is looked for whole.",
                        ),
                    ),
                ),
            ),
        ),
        links=((IMPORT,) if may_import else ()),
    )
    table = Section(
        id="consignments",
        title=Words(f"查找“{sought}”的结果", f"Found for “{sought}”") if sought else Words("已导入", "Imported"),
        columns=(DECLARATION, STATE, CONTAINER, IMPORTER, CARTONS, NET, IMPORTED),
        rows=tuple(_line(each, request) for each in found),
        empty=_nothing(sought, may_import=may_import),
        next_url=f"/desk/consignments?{urlencode(more | {'after': str(found[-1].consignment_id)})}"
        if len(found) == PAGE
        else None,
    )
    return show_sheet(request, caller, TITLE, (look, table))


@router.get("/desk/consignments/{consignment_id:uuid}")
def consignment_page(
    request: Request,
    consignment_id: UUID,
    caller: Reader,
    pallets_after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    papers_after: UUID | None = None,
) -> Response:
    """Show one consignment."""
    return show_consignment(request, caller, id=consignment_id, pallets_after=pallets_after, papers_after=papers_after)


@router.post("/desk/consignments/{consignment_id:uuid}/channel")
def post_channel(request: Request, consignment_id: UUID, caller: Writer, body: Body) -> Response:
    """Say by which channel it was imported."""

    def work(session: Session) -> None:
        said = read_fields(ChannelIn, form_fields(request, body))
        consignments.set_channel(session, consignment_id, caller.scope, said.channel)
        caller.about(*firms_of_consignment(session, consignment_id))
        caller.told(channel=said.channel.value)

    return answer(request, caller, change(request, caller, work), partial(show_consignment, id=consignment_id))


@router.post("/desk/consignments/{consignment_id:uuid}/undo")
def post_undo(request: Request, consignment_id: UUID, caller: Undoer) -> Response:
    """Take an import back, as long as nothing of it was shipped."""

    def work(session: Session) -> None:
        caller.about(*firms_of_consignment(session, consignment_id))
        imports.undo_import(session, request.app.state.env, consignment_id, caller.scope)

    return answer(request, caller, change(request, caller, work), partial(show_consignment, id=consignment_id))


def show_consignment(
    request: Request,
    caller: Caller,
    *,
    id: UUID,
    pallets_after: int = 0,
    papers_after: UUID | None = None,
    **said: Words | int | None,
) -> Response:
    """Show the page of a consignment: after a form, with what came of it."""
    with request.app.state.sessions() as session:
        seen = _seen(session, caller, id, pallets_after, papers_after, request.app.state.env.clock())
        caller.about(*firms_of_consignment(session, id))
    listed = seen.found.listed
    title = Words(f"批次 {listed.declaration_no}", f"Consignment {listed.declaration_no}")
    papers = (*_declaration(seen, request), *_papers(seen, request))
    sections = (_next_steps(seen), *papers, _facts(seen, request), _lots(seen, request), _runs(seen), _pallets(seen))
    return show_sheet(
        request,
        caller,
        title,
        (*sections, *_undo(seen)),
        here=f"/desk/consignments/{id}",
        is_busy=listed.state is ConsignmentState.DRAWING,
        **said,  # type: ignore[arg-type]
    )


def _seen(
    session: Session, caller: Caller, id: UUID, pallets_after: int, papers_after: UUID | None, now: datetime
) -> _Seen:
    found = consignments.find_consignment(session, id, caller.scope_for(Kind.CONSIGNMENT, Verb.READ))
    if found is None:
        raise ConsignmentUnknown(id=str(id))
    writes = caller.scope_for(Kind.CONSIGNMENT, Verb.WRITE)
    sees, declares = caller.scope_for(Kind.PAPER, Verb.READ), caller.scope_for(Kind.PAPER, Verb.WRITE)
    sees_papers = consignments.find_consignment(session, id, sees) is not None
    wished = WishedPapers(consignment_id=id)
    return _Seen(
        found=found,
        station=parties.site(session, found.listed.station_gln),
        lots=consignments.lots_of(session, id, caller.scope_for(Kind.UNIT, Verb.READ)),
        pallets=consignments.pallets_of(session, id, after=pallets_after, limit=PALLETS_SHOWN),
        runs=consignments.runs_of(session, id, caller.scope_for(Kind.RUN, Verb.READ)),
        may_write=consignments.find_consignment(session, id, writes) is not None,
        papers=list_papers(session, sees, wished=wished, after=papers_after, limit=PAGE) if sees_papers else None,
        may_declare=consignments.find_consignment(session, id, declares) is not None,
        lacking=lacking_papers(session, id, at=now) if sees_papers else (),
        changes=changes_of(session, id),
    )


def _next_steps(seen: _Seen) -> Section:
    """Say what is still to be done before these goods can leave, the first thing first."""
    listed, todo = seen.found.listed, []
    run = seen.runs[0] if seen.runs else None
    to_run = None if run is None else f"/desk/runs/{run.run_id}"
    if listed.state is ConsignmentState.DRAWING:
        todo.append(
            Row(
                id="codes",
                cells=(
                    Cell(words=Words("追溯码", "Codes")),
                    Cell(
                        words=Words(
                            f"已生成 {listed.drawn:,} / {listed.wanted:,}。可以离开本页，稍后再来。"
                            "若已停止，请再次导入同一文件。",
                            f"{listed.drawn:,} of {listed.wanted:,} drawn. You may leave this page and come back. If it"
                            " has stopped, import the same file again.",
                        )
                    ),
                    _link(to_run, Words("查看进度", "See how far")),
                ),
            )
        )
    waiting = sum(each.issued - each.bound for each in seen.lots if each.bound is not None)
    if listed.state is ConsignmentState.DRAWN and waiting > 0:
        todo.append(
            Row(
                id="labels",
                cells=(
                    Cell(words=Words("标签与赋码", "Labels and coding")),
                    Cell(
                        words=Words(
                            f"还有 {waiting:,} 箱未赋码：打印标签，贴在箱上，用首站的手持机扫码。",
                            f"{waiting:,} cartons are not coded yet: print the labels, put them on the cartons, and"
                            " scan them with a handheld of the first station.",
                        )
                    ),
                    _link(to_run, Words("打印标签", "Print labels")),
                ),
            )
        )
    if seen.lacking and listed.state is not ConsignmentState.UNDONE:
        todo.append(Row(id="lacking", cells=lacking_cells(seen.lacking)))
    absent = [words for name, words in DECLARED.items() if not seen.found.papers.get(name)]
    if absent and listed.state is not ConsignmentState.UNDONE:
        todo.append(
            Row(
                id="declared",
                cells=(
                    Cell(words=Words("装箱单未填写", "Not in the packing list")),
                    Cell(
                        words=Words(
                            "、".join(each.zh for each in absent),
                            ", ".join(each.en[:1].lower() + each.en[1:] for each in absent),
                        )
                    ),
                    Cell(text="-"),
                ),
            )
        )
    return Section(
        id="todo",
        title=Words("还缺什么", "What is missing"),
        columns=(Words("事项", "What"), Words("情况", "How it stands"), Words("去办理", "Where to go")),
        rows=tuple(todo),
        empty=Words("这次导入已撤销，无需再办。", "This import was undone; there is nothing to do.")
        if listed.state is ConsignmentState.UNDONE
        else Words("没有缺少的：码已生成，各箱已赋码。", "Nothing: the codes are drawn and the cartons are coded."),
    )


def _declaration(seen: _Seen, request: Request) -> tuple[Section, ...]:
    state = request.app.state
    section = declaration_section(
        seen.found,
        seen.changes,
        clock_of(state.settings),
        now=state.env.clock(),
        may_write=seen.may_write and seen.found.listed.state is not ConsignmentState.UNDONE,
    )
    return () if section is None else (section,)


def _papers(seen: _Seen, request: Request) -> tuple[Section, ...]:
    if seen.papers is None:
        return ()
    listed = seen.found.listed
    may_declare = seen.may_declare and listed.state is not ConsignmentState.UNDONE
    form = upload_form(listed.consignment_id, limit_bytes=request.app.state.settings.paper_bytes)
    last = seen.papers[-1].paper_id if len(seen.papers) == PAGE else None
    return (
        papers_section(
            seen.papers,
            today=request.app.state.env.clock().astimezone(LOCAL).date(),
            form=form if may_declare else None,
            next_url=None if last is None else f"/desk/consignments/{listed.consignment_id}?papers_after={last}",
        ),
    )


def _link(url: str | None, words: Words) -> Cell:
    return Cell(text="-") if url is None else Cell(words=words, url=url)


def _facts(seen: _Seen, request: Request) -> Section:
    listed, papers = seen.found.listed, seen.found.papers
    facts: list[tuple[Words, Cell]] = [(STATE, Cell(words=CONSIGNMENT_STATE_WORDS[listed.state]))]
    if listed.undone_at is not None:
        facts.append((Words("撤销时间", "Undone"), Cell(moment=listed.undone_at)))
    facts += [
        (IMPORTER, Cell(name=Bilingual(zh=listed.importer_zh, en=listed.importer_en))),
        (
            STATION,
            Cell(text=listed.station_gln)
            if seen.station is None
            else Cell(name=Bilingual(zh=seen.station.name_zh, en=seen.station.name_en), text=listed.station_gln),
        ),
        (CARTONS, Cell(text=f"{listed.cartons:,}")),
        (NET, _weight(listed.net_g)),
        (CHANNEL, Cell(words=CHANNEL_WORDS[seen.found.channel])),
        (IMPORTED, Cell(moment=listed.imported_at)),
        (Words("来源文件", "File"), Cell(text=seen.found.source_name)),
    ]
    for name, words in DECLARED.items():
        value = papers.get(name)
        if name == "declaration_status" and value in DECLARATION_STATUS:
            facts.append((words, Cell(words=DECLARATION_STATUS[str(value)])))
        elif value is not None:
            facts.append((words, Cell(text=str(value))))
    for name, words in PAIRS.items():
        zh, en = papers.get(f"{name}_zh"), papers.get(f"{name}_en")
        if zh or en:
            facts.append((words, Cell(name=Bilingual(zh=str(zh or en), en=str(en or zh)))))
    return Section(
        id="facts",
        title=Words("申报内容", "As declared"),
        lead=Words(
            "以下由进口商在装箱单中申报，尚不表示已核验。",
            "The importer declared this in the packing list; it does not mean that it was checked.",
        ),
        facts=tuple(facts),
        forms=(_channel_form(seen),) if seen.may_write and listed.state is not ConsignmentState.UNDONE else (),
    )


def _channel_form(seen: _Seen) -> Form:
    return Form(
        action=f"/desk/consignments/{seen.found.listed.consignment_id}/channel",
        submit=Words("更改进口方式", "Change the channel"),
        quiet=True,
        fields=(
            Field(
                name="channel",
                label=CHANNEL,
                kind="select",
                choices=tuple(
                    Choice(value=each.value, label=CHANNEL_WORDS[each], is_chosen=each is seen.found.channel)
                    for each in Channel
                ),
                help=Words("单证规则按进口方式适用。", "Policies of papers go by the channel."),
            ),
        ),
    )


def _lots(seen: _Seen, request: Request) -> Section:
    return Section(
        id="lots",
        title=Words("批号", "Lots"),
        columns=(
            Words("批号", "Lot"),
            Words("品名", "Product"),
            Words("生产日期", "Production date"),
            Words("到期日", "Expiry"),
            CARTONS,
            NET,
            Words("已赋码", "Coded"),
        ),
        rows=tuple(
            Row(
                id=str(each.lot_id),
                cells=(
                    Cell(text=each.maker_lot if each.maker_lot == each.lot else f"{each.maker_lot} ({each.lot})"),
                    _product(each),
                    Cell(text=each.production_date),
                    Cell(text="-" if each.expiry_date is None else each.expiry_date.isoformat()),
                    Cell(text=f"{each.cartons:,}"),
                    _weight(each.net_g),
                    Cell(text="-" if each.bound is None else f"{each.bound:,} / {each.issued:,}"),
                ),
            )
            for each in seen.lots
        ),
        empty=Words("没有批号。", "There is no lot."),
    )


def _product(lot: FoundLot) -> Cell:
    facts = read_facts(lot.facts)
    zh, en = facts.get("product_zh"), facts.get("product_en")
    return Cell(name=Bilingual(zh=str(zh or en or ""), en=str(en or zh or "")), text=lot.gtin)


def _runs(seen: _Seen) -> Section:
    return Section(
        id="runs",
        title=Words("赋码批", "Code runs"),
        columns=(Words("赋码批", "Code run"), Words("码", "Codes"), STATE, Words("开始时间", "Started")),
        rows=tuple(
            Row(
                id=str(each.run_id),
                cells=(
                    Cell(text=f"…{str(each.run_id)[-8:]}", url=f"/desk/runs/{each.run_id}"),
                    Cell(text=f"{each.drawn:,} / {each.wanted:,}"),
                    Cell(words=Words("已完成", "Finished") if each.is_drawn else Words("进行中", "Going on")),
                    Cell(moment=each.created_at),
                ),
            )
            for each in seen.runs
        ),
        empty=Words(
            "您没有查看赋码批的权限，或这次导入已撤销。",
            "You may not read code runs, or this import was undone.",
        ),
    )


def _pallets(seen: _Seen) -> Section:
    last = seen.pallets[-1].position if len(seen.pallets) == PALLETS_SHOWN else None
    return Section(
        id="pallets",
        title=Words("托盘", "Pallets"),
        columns=(Words("托盘号", "Pallet"), Words("托盘码（SSCC）", "Its code (SSCC)"), CARTONS),
        rows=tuple(
            Row(
                id=each.unit_id,
                cells=(Cell(text=each.name), Cell(text=each.unit_id), Cell(text=f"{each.cartons:,}")),
            )
            for each in seen.pallets
        ),
        empty=Words(
            "没有托盘：装箱单按箱号列出，或托盘码尚未生成。",
            "No pallet: the list goes by carton numbers, or their codes are not drawn yet.",
        ),
        next_url=None
        if last is None
        else f"/desk/consignments/{seen.found.listed.consignment_id}?pallets_after={last}",
    )


def _undo(seen: _Seen) -> tuple[Section, ...]:
    if not seen.may_write or seen.found.listed.state is ConsignmentState.UNDONE:
        return ()
    return (
        Section(
            id="undo",
            title=Words("撤销导入", "Undo the import"),
            lead=Words(
                "填错了？在有货物出库之前可以撤销，改正装箱单后重新导入。已打印的标签随之失效，请销毁。",
                "Something wrong? Until something of it was shipped the import can be undone; correct the list and"
                " import it again. Labels that were printed are void then: destroy them.",
            ),
            forms=(
                Form(
                    action=f"/desk/consignments/{seen.found.listed.consignment_id}/undo",
                    submit=Words("撤销这次导入", "Undo this import"),
                    quiet=True,
                ),
            ),
        ),
    )


def _line(each: ListedConsignment, request: Request) -> Row:
    return Row(
        id=str(each.consignment_id),
        cells=(
            Cell(text=each.declaration_no, url=f"/desk/consignments/{each.consignment_id}"),
            Cell(words=CONSIGNMENT_STATE_WORDS[each.state]),
            Cell(text=each.container_no),
            Cell(name=Bilingual(zh=each.importer_zh, en=each.importer_en)),
            Cell(text=f"{each.cartons:,}"),
            _weight(each.net_g),
            Cell(moment=each.imported_at),
        ),
    )


def _weight(net_g: int) -> Cell:
    return Cell(words=Words(formats.weight(net_g, "zh"), formats.weight(net_g, "en")))


def _nothing(sought: str, *, may_import: bool) -> Words:
    if sought:
        return Words(
            "没有找到。请核对号码：报关单号 18 位，集装箱号 4 个字母加 7 位数字；批号按外箱所印。",
            "Nothing was found. Check the number: a declaration has 18 digits, a container four letters and seven"
            " digits; a lot is as printed on the carton.",
        )
    if may_import:
        return Words(
            "还没有批次。导入一份装箱单（.xlsx），系统会先试读并指出错误，确认后生成追溯码。",
            "No consignment yet. Import a packing list (.xlsx): it is tried first and its faults are named, and when"
            " you confirm, its codes are drawn.",
        )
    return Words(
        "您可见的范围内还没有批次。批次由进口商或首站导入。",
        "There is no consignment that you may see. Importers and first stations import them.",
    )
