"""The desk's pages of goods at a place: what stands there, what is on its way to it, what it sent, one unit, one
delivery.  They show what the API tells (`web/api/stock.py`, `vouchers.py`, `units.py`), within the same rights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coldtrace.codes.gln import parse_gln
from coldtrace.custody import place_stock, vouchers
from coldtrace.custody.model import STATE_WORDS
from coldtrace.custody.overlays import told
from coldtrace.custody.place_stock import StockRow
from coldtrace.custody.refusals import UnitUnknown, VoucherUnknown
from coldtrace.errors import Words
from coldtrace.events.unit_id import read_unit_id
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller
from coldtrace.web.formats import LOCAL
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.choose_place import choose_place
from coldtrace.web.pages.desk_form import PAGE, STATE, show_sheet
from coldtrace.web.pages.desk_lots import BY_LOT, NEAR
from coldtrace.web.pages.sheet import Cell, Row, Section
from coldtrace.web.pages.unit_story import (
    GOODS,
    LAST_DAY,
    TO,
    find_story,
    known_state,
    overlay_cell,
    place_cell,
    site_names,
    story_sections,
    unit_cell,
)

router = APIRouter(include_in_schema=False)
UnitReader = Annotated[Caller, page_needs(Kind.UNIT, Verb.READ)]
VoucherReader = Annotated[Caller, page_needs(Kind.PIECES, Verb.READ)]
Gln = Annotated[str, Path(max_length=13)]
After = Annotated[str | None, Query(max_length=400)]

LOT, QUANTITY = Words("产品与批次", "Product and lot"), Words("数量", "Quantity")
LAST_SEEN, FROM = Words("最近一次记录", "Last record"), Words("来自", "From")
DELIVERY, SENT_AT, LINES = Words("送货凭证", "Delivery"), Words("发出时间", "Sent"), Words("行数", "Lines")
LINES_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class _List:
    """One of the lists of a place."""

    path: str
    title: Words
    lead: Words
    empty: Words
    ask: Callable[..., list[StockRow]]
    way: tuple[Words, ...] = ()


STOCK = _List(
    path="/desk/stock",
    title=Words("库存", "Stock"),
    lead=Words(
        "这里现有的货物：整托为一行，批次按件数合计。点开货物可查看其全部记录。",
        "What stands here: a pallet is one row, a lot the number of its packages. Open one for all that was said.",
    ),
    empty=Words(
        "这里没有货物。用手持终端收货，或用手机打开“摊位”页收货，货物就会出现在这里。",
        "Nothing stands here. Receive goods with a handheld and they appear on this page.",
    ),
    ask=place_stock.stock,
)
EXPECTED = _List(
    path="/desk/expected",
    title=Words("待收", "Expected"),
    lead=Words("发货方已扫码发出、尚未收到的货物。", "What senders scanned out to this place and nobody received yet."),
    empty=Words(
        "没有在途到此的货物。发货方扫码出库后，货物会自动出现在这里，收货时逐件核对。",
        "Nothing is on its way here. What a sender scans out appears by itself, ready to be checked on arrival.",
    ),
    ask=place_stock.expected,
    way=(FROM, DELIVERY),
)
IN_TRANSIT = _List(
    path="/desk/in-transit",
    title=Words("在途", "In transit"),
    lead=Words("本场所已发出、对方尚未收到的货物。", "What this place sent and nobody received yet."),
    empty=Words("没有已发未收的货物。", "Everything that was sent from here has arrived."),
    ask=place_stock.in_transit,
    way=(TO, DELIVERY),
)


@router.get("/desk/stock")
def stock_places(request: Request, caller: UnitReader, after: After = None) -> Response:
    """Choose a place to see its stock."""
    return _places(request, caller, STOCK, after)


@router.get("/desk/stock/{gln}")
def stock_page(request: Request, gln: Gln, caller: UnitReader, after: After = None) -> Response:
    """Show what stands at a place."""
    return _page(request, caller, STOCK, gln, after)


@router.get("/desk/expected")
def expected_places(request: Request, caller: UnitReader, after: After = None) -> Response:
    """Choose a place to see what is on its way to it."""
    return _places(request, caller, EXPECTED, after)


@router.get("/desk/expected/{gln}")
def expected_page(request: Request, gln: Gln, caller: UnitReader, after: After = None) -> Response:
    """Show what is on its way to a place."""
    return _page(request, caller, EXPECTED, gln, after)


@router.get("/desk/in-transit")
def transit_places(request: Request, caller: UnitReader, after: After = None) -> Response:
    """Choose a place to see what it sent."""
    return _places(request, caller, IN_TRANSIT, after)


@router.get("/desk/in-transit/{gln}")
def transit_page(request: Request, gln: Gln, caller: UnitReader, after: After = None) -> Response:
    """Show what a place sent and nobody received yet."""
    return _page(request, caller, IN_TRANSIT, gln, after)


@router.get("/desk/units/{unit:path}")
def unit_page(
    request: Request,
    unit: Annotated[str, Path(max_length=400)],
    caller: UnitReader,
    after: UUID | None = None,
    story: Literal["start"] | None = None,
) -> Response:
    """Show one unit: how it stands, and what was said of it as far as the reader may see.

    The newest first; with `story=start`, and from the statement behind `after` on, as it happened.
    """
    read_unit_id(unit)
    with request.app.state.sessions() as session:
        found = find_story(session, caller.scope, unit, after=after, from_start=story is not None)
        if found is None:
            raise UnitUnknown(unit=unit)
        sections = story_sections(request, session, caller, found, onwards=after is not None or story is not None)
    return show_sheet(request, caller, Words("一件货物", "One unit"), sections)


@router.get("/desk/vouchers/{id}")
def voucher_page(
    request: Request, id: UUID, caller: VoucherReader, after: Annotated[int, Query(ge=-1, lt=2**31)] = -1
) -> Response:
    """Show a delivery: the sender's out-scan, and what became of each line."""
    with request.app.state.sessions() as session:
        found = vouchers.open_voucher(session, caller.scope, id, extra_after=None)
        if found is None:
            raise VoucherUnknown(id=str(id))
        names = site_names(session, [found.head.gln, found.head.to_gln])
    caller.at([found.head.gln, found.head.to_gln])
    page = [line for line in found.lines if line.line_no > after][:LINES_SHOWN]
    caller.told(lines=len(page))
    differs = found.discrepancies
    head = Section(
        id="voucher",
        title=DELIVERY,
        facts=(
            (FROM, place_cell(found.head.gln, names)),
            (TO, place_cell(found.head.to_gln, names) if found.head.to_gln else Cell(text=found.head.to_name or "-")),
            (SENT_AT, Cell(moment=found.head.claimed_at)),
            (Words("单号", "Number"), Cell(text=found.head.number or "-")),
            (
                Words("与发货记录的差异", "What differs"),
                Cell(words=Words("没有差异。", "Nothing differs."))
                if not differs
                else Cell(
                    words=Words(
                        "、".join(f"{DIFFERENCES[name].zh} {number}" for name, number in differs.items()),
                        ", ".join(f"{number} {DIFFERENCES[name].en}" for name, number in differs.items()),
                    )
                ),
            ),
        ),
    )
    lines = Section(
        id="lines",
        title=Words("逐行核对", "Line by line"),
        columns=(GOODS, LOT, QUANTITY, STATE, Words("已收", "Received")),
        rows=tuple(
            Row(
                id=str(line.line_no),
                cells=(
                    unit_cell(line.unit_id),
                    Cell(text=" · ".join(each for each in (line.gtin, line.lot) if each) or "-"),
                    Cell(text=f"{line.quantity:,}"),
                    Cell(words=LINE_STATES.get(line.state) or STATE_WORDS.get(known_state(line.state))),
                    Cell(text=f"{line.received_quantity:,}"),
                ),
            )
            for line in page
        ),
        next_url=f"/desk/vouchers/{id}?after={page[-1].line_no}"
        if page and page[-1].line_no < found.lines[-1].line_no
        else None,
    )
    extra = Section(
        id="extra",
        title=Words("多收的", "Received beside it"),
        columns=(GOODS, QUANTITY),
        rows=tuple(
            Row(
                id=f"{each.received.entry_id}-{each.line_no}",
                cells=(unit_cell(each.unit_id), Cell(text=f"{each.quantity:,}")),
            )
            for each in found.extra
        ),
    )
    return show_sheet(request, caller, DELIVERY, (head, lines, *((extra,) if found.extra else ())))


DIFFERENCES: dict[str, Words] = {
    "missing": Words("未到", "missing"),
    "partly": Words("部分到货", "arrived in part"),
    "refused": Words("拒收", "refused"),
    "elsewhere": Words("去了别处", "gone elsewhere"),
    "over": Words("超收", "received in excess"),
    "extra": Words("单外多收", "not on the voucher"),
}
LINE_STATES: dict[str, Words] = {
    "expected": Words("待收", "expected"),
    "received": Words("已收", "received"),
    "partly": Words("部分已收", "received in part"),
    "refused": Words("已拒收", "refused"),
    "elsewhere": Words("去了别处", "gone elsewhere"),
    "sent_again": Words("已再次发出", "sent again"),
    "blocked": Words("被拦下，未移动", "blocked, moved nothing"),
    "annulled": Words("已更正作废", "corrected away"),
}


def _places(request: Request, caller: Caller, which: _List, after: str | None) -> Response:
    empty = Words("没有您可以查看的场所。", "There is no place that you may look at.")
    return choose_place(request, caller, after, path=which.path, title=which.title, lead=which.lead, empty=empty)


def _page(request: Request, caller: Caller, which: _List, gln: str, after: str | None) -> Response:
    with request.app.state.sessions() as session:
        site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.UNIT)
        if site is None:
            raise SiteUnknown(gln=gln)
        found = which.ask(session, site.gln, after=after, limit=PAGE)
        names = site_names(session, [each for row in found for each in (row.from_gln, row.to_gln)])
    caller.at([site.gln])
    caller.told(rows=len(found))
    section = Section(
        id="goods",
        title=Words(site.name_zh, site.name_en),
        lead=which.lead,
        columns=(GOODS, LOT, QUANTITY, LAST_DAY, Words("注意", "Mind"), *which.way, LAST_SEEN),
        rows=tuple(_row(request, row, which, names) for row in found),
        empty=which.empty,
        next_url=f"{which.path}/{gln}?after={quote(found[-1].unit_id, safe='')}" if len(found) == PAGE else None,
        links=(
            *((f"{other.path}/{gln}", other.title) for other in (STOCK, EXPECTED, IN_TRANSIT) if other is not which),
            *(((f"/desk/stock/{gln}/lots", BY_LOT), (f"/desk/near-expiry/{gln}", NEAR)) if which is STOCK else ()),
        ),
    )
    return show_sheet(request, caller, which.title, (section,))


def _row(request: Request, row: StockRow, which: _List, names: dict[str, Site]) -> Row:
    overlays = told(row.overlays, last_day=row.expiry, today=_today(request), suspected=row.suspected)
    deeper = told(row.overlays_inside, last_day=None, today=_today(request), suspected=row.suspected_inside)
    other = row.from_gln if which is EXPECTED else row.to_gln
    way = (
        place_cell(other, names),
        Cell(text=str(row.voucher)[-8:], url=f"/desk/vouchers/{row.voucher}") if row.voucher else Cell(text="-"),
    )
    return Row(
        id=row.unit_id,
        cells=(
            unit_cell(row.unit_id),
            Cell(text=" · ".join(each for each in (row.gtin, row.lot) if each) or "-"),
            _quantity(row),
            Cell(text=row.expiry.isoformat() if row.expiry else "-"),
            overlay_cell(sorted({*overlays, *deeper})),
            *(way if which.way else ()),
            Cell(moment=row.last_at) if row.last_at else Cell(text="-"),
        ),
    )


def _quantity(row: StockRow) -> Cell:
    if row.inside:
        return Cell(words=Words(f"托盘，内有 {row.inside:,} 件", f"A pallet with {row.inside:,} units"))
    return Cell(words=Words(f"{row.quantity:,} 件", f"{row.quantity:,}"))


def _today(request: Request) -> date:
    today: date = request.app.state.env.clock().astimezone(LOCAL).date()
    return today
