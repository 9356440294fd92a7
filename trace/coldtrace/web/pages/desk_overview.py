"""The desk's overview for oversight: coverage, timeliness, flow, data quality by organisation; and a code's history.

The figures are those of the API (`web/api/oversight.py`).  A firm that opens it sees its own.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coldtrace.custody.refusals import UnitUnknown
from coldtrace.custody.resolve import resolve
from coldtrace.custody.unit_view import UnitView
from coldtrace.errors import Refusal, Words
from coldtrace.journal import store as journal
from coldtrace.journal.store import Asked
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import oversight
from coldtrace.watch.oversight import OfOperator, Overview, since_of
from coldtrace.watch.quality_rules import FORMULA, Counts
from coldtrace.web.access import Caller, ReadSession
from coldtrace.web.api.evidence import get_evidence
from coldtrace.web.api.journal import shown
from coldtrace.web.api.oversight import quality_file
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk_form import PAGE, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.unit_story import find_story, story_sections
from coldtrace.web.pages.views import Bilingual

router = APIRouter(include_in_schema=False)
Overseer = Annotated[Caller, page_needs(Kind.STATEMENT, Verb.READ)]
Taker = Annotated[Caller, page_needs(Kind.STATEMENT, Verb.READ, act="export", purpose_required=True)]
UnitReader = Annotated[Caller, page_needs(Kind.UNIT, Verb.READ)]
Exporter = Annotated[Caller, page_needs(Kind.UNIT, Verb.READ, act="export", purpose_required=True)]

TITLE, HISTORY = Words("监管概览", "Overview"), Words("追溯查询", "History of a code")
PERIODS = (7, 30, 90)
EXPORTS_SHOWN = 10
STATEMENTS = Words("记录数", "Statements")
FILE = Words("下载（CSV，记为导出）", "Download (CSV, recorded as an export)")


@router.get("/desk/overview/quality.csv")
def quality_csv(
    request: Request, caller: Taker, days: Annotated[int, Query(ge=1, le=oversight.DAYS_MAX)] = 30
) -> Response:
    """Give the figures of every organisation as the API does; what for stands in the session."""
    return quality_file(request, caller, days)


@router.get("/desk/overview")
def overview_page(
    request: Request,
    session: ReadSession,
    caller: Overseer,
    days: Annotated[int, Query(ge=1, le=oversight.DAYS_MAX)] = 30,
    after: Annotated[str | None, Query(max_length=18)] = None,
) -> Response:
    """Show how well goods are told of in the sites that one sees."""
    now = request.app.state.env.clock()
    since = since_of(now, days)
    consignments = caller.scope_for(Kind.CONSIGNMENT, Verb.READ)
    found = oversight.overview(session, caller.scope, consignments, since=since, until=now)
    rated = oversight.operators(session, caller.scope, since=since, until=now, after=after, limit=PAGE)
    caller.told(rows=len(rated))
    sections = [_figures(found, days), _flow(found), _quality(rated, days)]
    seen = caller.scope_for(Kind.JOURNAL, Verb.READ)
    if not seen.is_empty:
        records = journal.list_records(session, seen, Asked(limit=EXPORTS_SHOWN, act="export"))
        codes = {
            each.operator_id: each.uscc
            for each in parties.operators_by_id(
                session, {each for record in records for each in (*record.operators, *record.subjects)}
            )
        }
        sections.append(_exports([(each.at, shown(each, seen, codes), each.purpose) for each in records]))
    return show_sheet(request, caller, TITLE, sections)


def _figures(found: Overview, days: int) -> Section:
    counts = found.counts
    ask = Form(
        action="/desk/overview",
        submit=Words("显示", "Show"),
        asks=True,
        quiet=True,
        fields=(
            Field(
                name="days",
                label=Words("期间", "Period"),
                kind="select",
                choices=tuple(
                    Choice(value=str(each), label=Words(f"最近 {each} 天", f"Last {each} days"), is_chosen=each == days)
                    for each in PERIODS
                ),
            ),
        ),
    )
    told = counts.statements
    return Section(
        id="figures",
        title=Words("覆盖、及时与规范", "Coverage, timeliness, form"),
        lead=Words(
            "只有数量，没有任何个人信息。期间按整日（UTC）计算，含今天。",
            "Counts alone, nothing of any person. The period is whole days in UTC, with today.",
        ),
        filters=ask,
        facts=(
            (Words("有记录的场所", "Sites that told something"), _share(found.telling, found.sites)),
            (Words("有扫码的进口批次", "Consignments with a scanned box"), _share(found.coded, found.consignments)),
            (STATEMENTS, Cell(text=f"{told:,}")),
            (Words("15 分钟内送达", "Told within 15 minutes"), _share(counts.within_15_min, told)),
            (Words("24 小时内送达", "Told within 24 hours"), _share(counts.within_24_h, told)),
            (Words("72 小时内送达", "Told within 72 hours"), _share(counts.within_72_h, told)),
            (Words("无矛盾", "Without contradiction"), _share(max(told - counts.contradicting, 0), told)),
            (Words("格式规范，未被拒", "Well formed, not refused"), _share(told, told + counts.refused)),
        ),
        links=(("/desk/history", HISTORY), ("/desk/cases?due=overdue", Words("已逾期的异常", "Overdue cases"))),
    )


def _share(part: int, whole: int) -> Cell:
    """Return a share with the counts that it is made of; of nothing there is no share."""
    if whole == 0:
        return Cell(words=Words("无数据", "no data"))
    return Cell(text=f"{100 * part / whole:.1f} % ({part:,} / {whole:,})")


def _flow(found: Overview) -> Section:
    """What arrived in each of the last hours, as far as anything did."""
    rows = [
        Row(id=hour.isoformat(), cells=(Cell(moment=hour), Cell(text=f"{told:,}")))
        for hour, told in found.hours
        if told
    ]
    return Section(
        id="flow",
        title=Words("最近 24 小时", "The last 24 hours"),
        columns=(Words("起始时间", "From"), STATEMENTS),
        rows=tuple(rows),
        empty=Words("最近 24 小时没有收到记录。", "Nothing arrived in the last 24 hours."),
    )


def _quality(found: list[OfOperator], days: int) -> Section:
    more = {"days": days, "after": found[-1].uscc} if len(found) == PAGE else None
    return Section(
        id="quality",
        title=Words("各单位数据质量", "Data quality by organisation"),
        lead=FORMULA,
        columns=(
            Words("单位", "Organisation"),
            Words("数据质量", "Quality"),
            STATEMENTS,
            Words("24 小时内", "Within 24 h"),
            Words("有矛盾", "Contradicting"),
            Words("被拒", "Refused"),
            Words("有记录的场所", "Sites telling"),
            Words("未结案异常", "Open cases"),
        ),
        rows=tuple(
            Row(
                id=each.uscc,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en), text=each.uscc),
                    _figure(each.counts),
                    Cell(text=f"{each.counts.statements:,}"),
                    Cell(text=f"{each.counts.within_24_h:,}"),
                    Cell(text=f"{each.counts.contradicting:,}"),
                    Cell(text=f"{each.counts.refused:,}"),
                    Cell(text=f"{each.telling} / {each.sites}"),
                    Cell(text=f"{each.open_cases:,}"),
                ),
            )
            for each in found
        ),
        empty=Words("没有您可查看的单位。", "No organisation that you may see."),
        next_url=f"/desk/overview?{urlencode(more)}" if more is not None else None,
        links=((f"/desk/overview/quality.csv?days={days}", FILE),),
    )


def _figure(counts: Counts) -> Cell:
    if counts.quality is None:
        return Cell(words=Words("记录太少", "too few"))
    return Cell(text=str(counts.quality))


def _exports(found: list[tuple[object, dict[str, object], str | None]]) -> Section:
    """Who exported what of whom, when and what for: the journal's own records."""
    return Section(
        id="exports",
        title=Words("导出与披露", "Exports and disclosures"),
        lead=Words(
            "每次导出都记入审计日志；此处为最近几次。", "Every export stands in the journal; these are the latest."
        ),
        columns=(
            Words("时间", "When"),
            Words("单位", "Organisation"),
            Words("对象", "What"),
            Words("用途", "What for"),
            Words("谁的数据", "Whose data"),
        ),
        rows=tuple(
            Row(
                id=str(told["id"]),
                cells=(
                    Cell(moment=at),  # type: ignore[arg-type]
                    Cell(text=_listed(told["organisations"])),
                    Cell(text=str(told["object"])),
                    Cell(text=purpose or "-"),
                    Cell(text=_listed(told["subjects"])),
                ),
            )
            for at, told, purpose in found
        ),
        empty=Words("还没有导出。", "Nothing was exported yet."),
        links=(("/desk/journal?act=export", Words("全部导出记录", "All exports")),),
    )


def _listed(values: object) -> str:
    return ", ".join(map(str, values)) or "-" if isinstance(values, (list, tuple)) else "-"


@router.get("/desk/history")
def history_page(
    request: Request,
    session: ReadSession,
    caller: UnitReader,
    code: Annotated[str, Query(max_length=8100)] = "",
) -> Response:
    """Show what was said of the goods with a code, as far as one may see it: the newest of it first."""
    text = code.strip()
    if not text:
        caller.drop()
        return show_sheet(request, caller, HISTORY, [_asks("")])
    try:
        view = _view(request, session, caller, text)
    except Refusal as refusal:
        caller.drop()
        problem = Words(refusal.say("zh"), refusal.say("en"))
        return show_sheet(request, caller, HISTORY, [_asks(text)], problem=problem, status=404)
    sections = [_asks(text), *story_sections(request, session, caller, view)]
    return show_sheet(request, caller, HISTORY, sections)


@router.get("/desk/history/evidence.csv")
def history_file(
    request: Request, session: ReadSession, caller: Exporter, unit: Annotated[str, Query(max_length=400)]
) -> Response:
    """Give the evidence of a unit as the API gives it; what for stands in the session."""
    caller.named(unit)
    return get_evidence(unit, request, session, caller)


def _view(request: Request, session: ReadSession, caller: Caller, text: str) -> UnitView:
    """Return the unit that a text names; raise UnitUnknown alike where there is none and where one may not see it."""
    found = resolve(session, request.app.state.env, caller.scope, text)
    unit = found.unit_id or text
    view = find_story(session, caller.scope, unit) if found.unit_id else None
    if view is None:
        raise UnitUnknown(unit=text[:100])
    return view


def _asks(code: str) -> Section:
    return Section(
        id="code",
        title=Words("查一个码", "Look a code up"),
        lead=Words(
            "扫描或输入溯源码、短码、SSCC。只显示您可查看的记录，查询记入审计日志。",
            "Scan or type a trace code, a short code or an SSCC. You see what you may see; looking is recorded.",
        ),
        forms=(
            Form(
                action="/desk/history",
                submit=Words("查询", "Look it up"),
                asks=True,
                fields=(Field(name="code", label=Words("码", "Code"), value=code),),
            ),
        ),
    )
