"""The desk's stock by lot and its goods near their last day, with both as files (`web/api/place_lots.py`)."""

from datetime import date
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coldtrace.custody import city_rules, place_lots
from coldtrace.custody.city_rules import NearExpiryRule
from coldtrace.custody.place_lots import LONGEST_QUERY, PlaceLot
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession
from coldtrace.web.api.place_lots import cursor_of, file_of, is_near, seen_site, today_of
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.choose_place import choose_place
from coldtrace.web.pages.desk_form import PAGE, show_sheet
from coldtrace.web.pages.sheet import Cell, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual

router = APIRouter(include_in_schema=False)
UnitReader = Annotated[Caller, page_needs(Kind.UNIT, Verb.READ)]
Exporter = Annotated[Caller, page_needs(Kind.UNIT, Verb.READ, act="export", purpose_required=True)]
Gln = Annotated[str, Path(max_length=13)]
After = Annotated[str | None, Query(max_length=200)]
Search = Annotated[str, Query(max_length=LONGEST_QUERY)]

BY_LOT, NEAR = Words("按批次的库存", "Stock by lot"), Words("临期货物", "Near their last day")
COLUMNS = (
    Words("产品", "Product"),
    Words("批号", "Lot"),
    Words("件数", "Packages"),
    Words("到期日", "Last day"),
    Words("剩余", "Left"),
)
FILE = Words("下载（CSV，记为导出）", "Download (CSV, recorded as an export)")
NO_PLACE = Words("没有您可以查看的场所。", "There is no place that you may look at.")


@router.get("/desk/near-expiry")
def near_places(
    request: Request, caller: UnitReader, after: Annotated[str | None, Query(max_length=13)] = None
) -> Response:
    """Choose a place to see what is near its last day there."""
    lead = Words("哪些批次快到期或已过期。", "Which lots are near their last day, or past it.")
    return choose_place(request, caller, after, path="/desk/near-expiry", title=NEAR, lead=lead, empty=NO_PLACE)


@router.get("/desk/near-expiry/{gln}")
def near_page(request: Request, session: ReadSession, gln: Gln, caller: UnitReader, after: After = None) -> Response:
    """Show the lots of a place that are near their last day by the rules of its city."""
    site, today = seen_site(session, caller, gln), today_of(request.app.state.env)
    found = place_lots.near_expiry(session, site.gln, today=today, after=cursor_of(after), limit=PAGE)
    rules = city_rules.rules_at(session, site.gln, today=today)
    caller.at([site.gln])
    caller.told(rows=len(found))
    section = Section(
        id="near",
        title=Words(site.name_zh, site.name_en),
        lead=_rules(rules),
        columns=COLUMNS,
        rows=tuple(_row(each, today) for each in found),
        empty=Words(
            "没有临期或过期的货物。到期日来自进口批次，无需另行登记。",
            "Nothing here is near its last day. Days come from the imports; nothing has to be entered.",
        ),
        next_url=_next(f"/desk/near-expiry/{site.gln}", found),
        links=(
            (f"/desk/near-expiry/{site.gln}/file.csv", FILE),
            (f"/desk/stock/{site.gln}/lots", BY_LOT),
            ("/desk/near-expiry-rules", Words("各地临期标准", "Rules of every city")),
        ),
    )
    return show_sheet(request, caller, NEAR, (section,))


@router.get("/desk/near-expiry/{gln}/file.csv")
def near_file(request: Request, session: ReadSession, gln: Gln, caller: Exporter) -> Response:
    """Give the goods near their last day as the API does; what for stands in the session."""
    return file_of(request, session, caller, gln, near=True)


@router.get("/desk/stock/{gln}/lots")
def lots_page(
    request: Request, session: ReadSession, gln: Gln, caller: UnitReader, search: Search = "", after: After = None
) -> Response:
    """Show how much of each lot stands at a place."""
    site, today = seen_site(session, caller, gln), today_of(request.app.state.env)
    found = place_lots.place_lots(session, site.gln, today=today, search=search, after=cursor_of(after), limit=PAGE)
    caller.at([site.gln])
    caller.told(rows=len(found))
    here = f"/desk/stock/{site.gln}/lots"
    wanted = f"?{urlencode({'search': search})}" if search else ""
    section = Section(
        id="lots",
        title=Words(site.name_zh, site.name_en),
        lead=Words(
            "每个批次的件数：托盘上的、散放的、按数量记的合计。",
            "How many packages of each lot: on pallets, loose, and those kept by quantity, together.",
        ),
        filters=Form(
            action=here,
            submit=Words("查找", "Search"),
            asks=True,
            quiet=True,
            fields=(
                Field(
                    name="search",
                    label=Words("批号、条码或品名的开头", "How a lot, product code or name begins"),
                    value=search,
                    required=False,
                ),
            ),
        ),
        columns=COLUMNS,
        rows=tuple(_row(each, today) for each in found),
        empty=Words("没有找到这样的批次。", "No lot like that stands here.")
        if search
        else Words(
            "这里没有带批次的货物。用手持终端收货后，货物按批次出现在这里。",
            "No goods with a lot stand here. Receive some with a handheld and their lots appear.",
        ),
        next_url=_next(here, found, search=search),
        links=(
            (f"{here}.csv{wanted}", FILE),
            (f"/desk/stock/{site.gln}", Words("逐件库存", "Stock by unit")),
            (f"/desk/near-expiry/{site.gln}", NEAR),
        ),
    )
    return show_sheet(request, caller, BY_LOT, (section,))


@router.get("/desk/stock/{gln}/lots.csv")
def lots_file(request: Request, session: ReadSession, gln: Gln, caller: Exporter, search: Search = "") -> Response:
    """Give the stock by lot as the API does; what for stands in the session."""
    return file_of(request, session, caller, gln, near=False, search=search)


def _next(path: str, found: list[PlaceLot], **query: str) -> str | None:
    if len(found) < PAGE:
        return None
    asked = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(asked | {'after': found[-1].cursor}, quote_via=quote)}"


def _rules(rules: list[NearExpiryRule]) -> Words:
    if not rules:
        return Words(
            "系统没有该城市的临期标准，因此只列出已过期的货物。",
            "No rule is kept for this city, so only what is past its day is listed.",
        )
    zh = "；".join(f"保质期 {each.shelf_days_min} 天以上，到期前 {each.days_before} 天" for each in rules)
    en = "; ".join(
        f"{each.days_before} days before, for a shelf life of {each.shelf_days_min} days or more" for each in rules
    )
    open_zh = "" if all(each.confirmed for each in rules) else "（标准尚未与当地原文核对）"
    open_en = "" if all(each.confirmed for each in rules) else " (not yet compared with the city's own text)"
    return Words(f"本市临期标准：{zh}{open_zh}。", f"Near the last day in this city: {en}{open_en}.")


def _row(found: PlaceLot, today: date) -> Row:
    product = (
        Cell(text=found.gtin or "-")
        if found.name_zh is None
        else Cell(name=Bilingual(zh=found.name_zh, en=found.name_en or found.name_zh), text=found.gtin)
    )
    return Row(
        id=found.cursor,
        cells=(
            product,
            Cell(text=found.lot),
            Cell(text=f"{found.quantity:,}"),
            Cell(text="-" if found.last_day is None else found.last_day.isoformat()),
            _left(found, today),
        ),
    )


def _left(found: PlaceLot, today: date) -> Cell:
    if found.last_day is None:
        return Cell(text="-")
    left = (found.last_day - today).days
    if left < 0:
        return Cell(words=Words(f"已过期 {-left} 天", f"{-left} days past"), tone="stop")
    words = Words("今天到期", "today is the last day") if left == 0 else Words(f"{left} 天", f"{left} days")
    return Cell(words=words, tone="look" if is_near(found, today) else "")
