"""The desk's pages of rolls: which there are, drawing one, and one with its numbers, its certificate and binding.

They do what the API does (`web/api/rolls.py`), by the same functions.  A roll's labels are printed and voided on the
page of its code run.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.events.roll_certificate import NUMBERS_MAX
from coldtrace.goods import roll_store, rolls
from coldtrace.goods import store as goods
from coldtrace.goods.firms import firms_of_runs
from coldtrace.goods.roll_rules import BindStatus, NumberList, format_ranges, ranges_of
from coldtrace.goods.roll_store import RollRecord
from coldtrace.goods.rolls import BIND_DAYS, CODES_MAX
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller, CurrentEnv, WriteSession
from coldtrace.web.api.rolls import BindIn, RollIn, bind_labels, get_certificate, post_roll
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import PAGE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.desk_printing import lines
from coldtrace.web.pages.run_forms import CODES
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.sign_in import said
from coldtrace.web.pages.views import Bilingual

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, page_needs(Kind.ROLL, Verb.READ)]
Drawer = Annotated[Caller, page_needs(Kind.ROLL, Verb.WRITE, act="draw")]
Binder = Annotated[Caller, page_needs(Kind.ROLL, Verb.WRITE, act="bind")]

TITLE = Words("卷标", "Rolls")
STATION, PRODUCT = Words("首站", "First station"), Words("商品（GTIN）", "Product (GTIN)")
UNTIL, LABELS = Words("绑定期至", "To be bound by"), Words("标签", "Labels")
USED, UNUSED = Words("已绑定", "Bound"), Words("未使用", "Unused")
ANY_PRODUCT = Words("任何商品", "Any product")
NUMBER_WORDS = {
    NumberList.UNUSED: UNUSED,
    NumberList.SKIPPED: Words("跳过（后面的号已使用）", "Skipped (a later number is used)"),
    NumberList.DOUBLE_BOUND: Words("重复绑定", "Bound twice"),
    NumberList.VOIDED: Words("已作废", "Voided"),
}
BIND_WORDS: dict[BindStatus, Words] = {
    BindStatus.BOUND: Words("已绑定", "Bound"),
    BindStatus.REPEAT: Words("此前已绑定，无变化", "Bound before; nothing changed"),
    BindStatus.DOUBLE_BOUND: Words("已属另一批次，列为异常", "It has another lot; kept as a case"),
    BindStatus.REFUSED: Words("未绑定", "Not bound"),
}
BIND_TONES = {
    BindStatus.BOUND: "ok",
    BindStatus.REPEAT: "",
    BindStatus.DOUBLE_BOUND: "look",
    BindStatus.REFUSED: "stop",
}


@router.get("/desk/rolls")
def rolls_page(request: Request, caller: Reader, after: UUID | None = None) -> Response:
    """List rolls, newest first."""
    return _rolls(request, caller, after=after)


@router.post("/desk/rolls")
def post_rolls(request: Request, caller: Drawer, body: Body) -> Response:
    """Draw a roll; show its page."""
    fields = form_fields(request, body)
    refused: Refusal | None = None
    made: dict[str, object] = {}
    try:
        wanted = {**fields, "site": fields.get("site") or None, "gtin": fields.get("gtin", "").strip() or None}
        made = post_roll(read_fields(RollIn, wanted), request, caller, request.app.state.env)
    except Refusal as refusal:
        caller.drop()
        refused = refusal
    page = _rolls if refused is not None else partial(_roll, roll_id=UUID(str(made["roll"])))
    return answer(request, caller, refused, page)


@router.post("/desk/rolls/bind")
def post_bind_form(request: Request, caller: Binder, body: Body) -> Response:
    """Bind labels to a lot; the roll's page says what became of each."""
    fields = form_fields(request, body)
    results: list[Section] = []

    roll_id = _asked_roll(fields.get("roll", ""))

    def work(session: Session) -> None:
        if roll_id is not None:
            # Before anything is bound: what came of it is shown on this roll's page.
            rolls.find_roll(session, roll_id, caller.scope)
        wanted = read_fields(
            BindIn,
            fields
            | {
                "codes": lines(fields.get("codes", "")),
                "lot": fields.get("lot", "").strip(),
                "consignment": fields.get("consignment", "").strip() or None,
                "gtin": fields.get("gtin", "").strip() or None,
            },
        )
        lot, items = bind_labels(session, request.app.state.env, caller, wanted)
        results.append(_results(f"{lot.lot} {lot.gtin or ''}".strip(), items))

    outcome = change(request, caller, work)
    page = _rolls if roll_id is None else partial(_roll, roll_id=roll_id, entered=fields if outcome else {})
    return answer(request, caller, outcome, partial(page, results=tuple(results)))


@router.get("/desk/rolls/{roll_id:uuid}")
def roll_page(request: Request, roll_id: UUID, caller: Reader) -> Response:
    """Show one roll."""
    return _roll(request, caller, roll_id=roll_id)


@router.get("/desk/rolls/{roll_id:uuid}/certificate")
def roll_certificate(roll_id: UUID, session: WriteSession, caller: Reader, env: CurrentEnv) -> Response:
    """Return the range certificate as the file that `coldtrace rolls certificate` writes."""
    envelope = str(get_certificate(roll_id, session, caller, env)["envelope"])
    headers = {"Content-Disposition": f'attachment; filename="roll-{roll_id}.json"', "Cache-Control": "no-store"}
    return Response(envelope, media_type="application/json", headers=headers)


def _rolls(
    request: Request,
    caller: Caller,
    *,
    after: UUID | None = None,
    results: tuple[Section, ...] = (),
    **said_: Any,
) -> Response:
    with request.app.state.sessions() as session:
        found = roll_store.list_rolls(session, caller.scope_for(Kind.ROLL, Verb.READ), after=after, limit=PAGE)
        caller.about(*firms_of_runs(session, [each.run_id for each in found]))
        own = goods.stations(session, caller.scope_for(Kind.ROLL, Verb.WRITE), Kind.ROLL)
        sites = parties.ask_sites(session, {*own, *(each.station_gln for each in found)})()
    caller.told(rows=len(found))
    table = Section(
        id="rolls",
        title=Words("已签发的卷", "Rolls that were drawn"),
        lead=Words(
            "提前签发、打印的标签：每张有自己的签名码，还没有批次；知道是哪一批之后再绑定。",
            "Labels that were drawn and printed ahead: each has a signed code and no lot yet. Once the lot is known"
            " they are bound to it.",
        ),
        columns=(Words("卷", "Roll"), STATION, PRODUCT, LABELS, USED, UNUSED, UNTIL),
        rows=tuple(_line(each, sites) for each in found),
        empty=Words(
            "还没有卷标。冷库门口没有网络或打印机时，可在办公室先签发一卷，打印后带到门口。",
            "No roll yet. Where a dock has no network or printer, draw one at the office, print it and take it there.",
        ),
        next_url=f"/desk/rolls?after={found[-1].run_id}" if len(found) == PAGE else None,
    )
    draw = (_draw_section([sites[gln] for gln in own]),) if own else ()
    return show_sheet(request, caller, TITLE, (*results, table, *draw), here="/desk/rolls", **said_)


def _line(each: RollRecord, sites: dict[str, Site]) -> Row:
    site = sites[each.station_gln]
    return Row(
        id=str(each.run_id),
        cells=(
            Cell(text=f"…{str(each.run_id)[-8:]}", url=f"/desk/rolls/{each.run_id}"),
            Cell(name=Bilingual(zh=site.name_zh, en=site.name_en)),
            Cell(words=ANY_PRODUCT) if each.gtin is None else Cell(text=each.gtin),
            Cell(text=f"{each.wanted:,}" if each.drawn == each.wanted else f"{each.drawn:,} / {each.wanted:,}"),
            Cell(text=f"{each.used:,}"),
            Cell(text=f"{each.drawn - each.used - each.voided_unused:,}"),
            Cell(moment=each.bind_until),
        ),
    )


def _draw_section(stations: Sequence[Site]) -> Section:
    return Section(
        id="draw",
        title=Words("签发一卷", "Draw a roll"),
        lead=Words(
            "计入首站当日配额。签发后在该卷的赋码批页面打印。",
            "It counts against the station's quota of the day. Its labels are then printed on the page of its code"
            " run.",
        ),
        forms=(
            Form(
                action="/desk/rolls",
                submit=Words("签发", "Draw it"),
                fields=(
                    Field(
                        name="count",
                        label=LABELS,
                        kind="number",
                        help=Words(f"1 至 {NUMBERS_MAX:,} 张", f"1 to {NUMBERS_MAX:,}"),
                    ),
                    Field(
                        name="gtin",
                        label=PRODUCT,
                        required=False,
                        help=Words("留空：可贴任何商品。", "Empty: for any product."),
                    ),
                    Field(
                        name="bind_days",
                        label=Words("几天内绑定", "Days in which it is bound"),
                        kind="number",
                        value=str(BIND_DAYS),
                    ),
                    Field(
                        name="site",
                        label=STATION,
                        kind="select",
                        choices=tuple(
                            Choice(
                                value=each.gln,
                                label=Words(f"{each.name_zh} {each.gln}", f"{each.name_en} {each.gln}"),
                            )
                            for each in stations
                        ),
                    ),
                ),
            ),
        ),
    )


def _roll(
    request: Request,
    caller: Caller,
    *,
    roll_id: UUID,
    results: tuple[Section, ...] = (),
    entered: dict[str, str] | None = None,
    **said_: Any,
) -> Response:
    scope = caller.scope_for(Kind.ROLL, Verb.READ)
    with request.app.state.sessions() as session:
        found = rolls.find_roll(session, roll_id, scope)
        caller.about(*firms_of_runs(session, [roll_id]))
        numbers = rolls.report(session, roll_id, scope)
        site = parties.site(session, found.station_gln)
        may_bind = roll_store.find_roll(session, roll_id, caller.scope_for(Kind.ROLL, Verb.WRITE)) is not None
    is_drawn = found.drawn == found.wanted
    about = Section(
        id="roll",
        title=Words("这一卷", "This roll"),
        lead=None
        if is_drawn
        else Words(
            f"已签发 {found.drawn:,} / {found.wanted:,}。已停止的由管理员用 coldtrace codes resume 继续。",
            f"{found.drawn:,} of {found.wanted:,} drawn. If it stopped, an administrator goes on with coldtrace codes"
            " resume.",
        ),
        facts=(
            (Words("卷号", "Its id"), Cell(text=str(roll_id))),
            (
                STATION,
                Cell(text=found.station_gln)
                if site is None
                else Cell(name=Bilingual(zh=site.name_zh, en=site.name_en), text=site.gln),
            ),
            (PRODUCT, Cell(words=ANY_PRODUCT) if found.gtin is None else Cell(text=found.gtin)),
            (LABELS, Cell(text=f"{found.wanted:,}")),
            (USED, Cell(text=f"{found.used:,}")),
            *(
                (words, Cell(text=format_ranges(ranges_of(numbers[name])) or "-"))
                for name, words in NUMBER_WORDS.items()
            ),
            (Words("签发时间", "Drawn"), Cell(moment=found.created_at)),
            (UNTIL, Cell(moment=found.bind_until)),
        ),
        links=(
            *(
                (
                    (
                        f"/desk/rolls/{roll_id}/certificate",
                        Words(
                            "下载序号证书（手持机离线识别本卷）", "Its certificate, by which handhelds know it offline"
                        ),
                    ),
                )
                if is_drawn
                else ()
            ),
            (f"/desk/runs/{roll_id}", Words("打印、补打、作废", "Print, print again, void")),
            ("/desk/rolls", Words("所有卷标", "All rolls")),
        ),
    )
    bind = (_bind_section(roll_id, entered or {}),) if may_bind and is_drawn else ()
    title = Words(f"卷标 …{str(roll_id)[-8:]}", f"Roll …{str(roll_id)[-8:]}")
    return show_sheet(request, caller, title, (*results, about, *bind), here=f"/desk/rolls/{roll_id}", **said_)


def _bind_section(roll_id: UUID, entered: dict[str, str]) -> Section:
    return Section(
        id="bind",
        title=Words("绑定批次", "Bind to a lot"),
        lead=Words(
            "贴在同一批货物上的标签，一起绑定。先绑定的批次为准；每张单独答复。",
            "Labels that are on goods of one lot are bound together. The first lot counts; each label is answered by"
            " itself.",
        ),
        forms=(
            Form(
                action="/desk/rolls/bind",
                submit=Words("绑定", "Bind"),
                fields=(
                    Field(name="roll", label=TITLE, kind="hidden", value=str(roll_id)),
                    Field(
                        name="codes",
                        label=CODES,
                        kind="textarea",
                        value=entered.get("codes", ""),
                        help=Words(f"一次最多 {CODES_MAX:,} 张", f"At most {CODES_MAX:,} at once"),
                    ),
                    Field(
                        name="lot",
                        label=Words("批号", "Lot"),
                        value=entered.get("lot", ""),
                        help=Words("如外箱所印", "As it is printed on the carton"),
                    ),
                    Field(
                        name="gtin",
                        label=PRODUCT,
                        value=entered.get("gtin", ""),
                        required=False,
                        help=Words("同一批号有多种商品时填写", "Where several products have this lot"),
                    ),
                    Field(
                        name="consignment",
                        label=Words("批次编号", "Consignment id"),
                        value=entered.get("consignment", ""),
                        required=False,
                        help=Words(
                            "同一批号在多票进口中时填写，见批次页面的网址",
                            "Where several imports have this lot: it stands in the address of the consignment's page",
                        ),
                    ),
                ),
            ),
        ),
    )


def _results(lot: str, items: Sequence[rolls.BoundItem]) -> Section:
    return Section(
        id="results",
        title=Words(f"绑定到 {lot}", f"Bound to {lot}"),
        columns=(LABELS, Words("序号", "Number"), STATE),
        rows=tuple(
            Row(
                id=str(at),
                cells=(
                    Cell(text=item.text[: rolls.TEXT_SHOWN]),
                    Cell(text="-" if item.number is None else str(item.number)),
                    Cell(
                        words=BIND_WORDS[item.status] if item.refusal is None else said(item.refusal),
                        tone=BIND_TONES[item.status],  # type: ignore[arg-type]
                    ),
                ),
            )
            for at, item in enumerate(items, start=1)
        ),
    )


def _asked_roll(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
