"""Recall notices for everybody: which lots are recalled now, since when and why.

A notice tells what a box's page tells of the goods, and never how many there are or who had them.
"""

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from coldtrace.events.facts import read_facts
from coldtrace.goods.stop_store import Notice, notices
from coldtrace.web.access import Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import Goods, RecalledLot, RecallsView

router = APIRouter(include_in_schema=False, dependencies=[Visitor])

PAGE = 50
TEXT_MAX = 90


@router.get("/recalls")
def recalls_page(request: Request, gtin: str = "", lot: str = "", page: int = Query(1, ge=1, le=10_000)) -> Response:
    """Show the lots that are recalled now, the newest first; of one lot alone where it is named."""
    state = request.app.state
    gtin, lot = gtin[:TEXT_MAX], lot[:TEXT_MAX]
    named = bool(gtin and lot)
    with state.sessions() as session:
        found = notices(session, lot=(gtin, lot) if named else None, limit=PAGE + 1, offset=(page - 1) * PAGE)
    view = RecallsView(
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        host=state.env.public_host,
        decided_at=state.env.clock(),
        lots=tuple(_lot(each) for each in found[:PAGE]),
        one_lot=named,
        next_url=f"/recalls?page={page + 1}" if len(found) > PAGE else None,
    )
    return remember_language(request, show(request, "consumer/recalls.html", view))


def _lot(notice: Notice) -> RecalledLot:
    published = notice.recalled_at.astimezone(LOCAL).date()
    goods = Goods() if notice.facts is None else read_goods(read_facts(notice.facts), today=published)
    return RecalledLot(
        product=goods.product,
        lot=goods.lot or notice.lot,
        published=published.isoformat(),
        reason=notice.reason,
        gtin=notice.gtin,
        origin=goods.origin,
        importer=goods.importer,
        expiry_date=goods.expiry_date,
    )
