"""The desk's first page: what matters today for whoever is signed in, and where to begin where there is nothing yet.

Without scripts the numbers are those of the moment; with them a stream keeps them up (`web/live.py`).
"""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.live import LiveCounts
from coldtrace.web.page_session import SignedIn, secret_of, watching
from coldtrace.web.pages.desk_frame import frame_of
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import HomeView, Tile
from coldtrace.web.today import MOST, count_today

router = APIRouter(include_in_schema=False)

TILES: tuple[Tile, ...] = (
    Tile(
        name="expected",
        title=Words("待收货物", "Expected"),
        says=Words(
            "发货方已发出，正在路上；整托算一件。", "Senders sent it and it is on its way; a pallet counts once."
        ),
        url="/desk/expected",
    ),
    Tile(
        name="in_transit",
        title=Words("已发未收", "Sent, not yet received"),
        says=Words("对方还没有收到；太久的请去问一声。", "Nobody received it yet. Ask about what takes too long."),
        url="/desk/in-transit",
    ),
    Tile(
        name="cases",
        title=Words("待处理的异常", "Cases to do"),
        says=Words("与记录矛盾、需要有人看的情况。", "What contradicts the record, and somebody has to look at."),
        url="/desk/cases",
        tone="look",
    ),
    Tile(
        name="overdue",
        title=Words("已逾期的异常", "Cases past their time"),
        says=Words("应结案时间已过，请先处理这些。", "Their time to be closed is over: begin with these."),
        url="/desk/cases",
        tone="stop",
    ),
    Tile(
        name="silent",
        title=Words("一天没有联系的设备", "Devices not heard of for a day"),
        says=Words("可能没电、离线或丢失；丢失的请吊销。", "Flat, offline or lost; revoke one that is lost."),
        url="/desk/devices",
        tone="look",
    ),
)
"""Counts of `today`, in the order in which a shift asks for them."""

FIRST: tuple[tuple[str, Words, Words, tuple[Kind, Verb]], ...] = (
    (
        "/desk/devices",
        Words("邀请一台设备", "Invite a device"),
        Words(
            "手持终端扫描邀请码即可登记，之后才能收发货。",
            "A handheld scans the text once, and can then receive and ship.",
        ),
        (Kind.DEVICE, Verb.WRITE),
    ),
    (
        "/desk/people",
        Words("邀请同事", "Invite a colleague"),
        Words("每人一个账号，权限不超过您自己的。", "An account for each person, with no more rights than your own."),
        (Kind.PERSON, Verb.WRITE),
    ),
    (
        "/desk/runs",
        Words("查看赋码批", "Look at the code runs"),
        Words(
            "导入装箱单后，追溯码和标签在此领取。", "After a packing list is imported its codes and labels are here."
        ),
        (Kind.RUN, Verb.READ),
    ),
    (
        "/account",
        Words("设置两步验证", "Set up the second step"),
        Words("丢了密码，别人也进不来。", "So that a lost password opens nothing to anybody."),
        (Kind.SITE, Verb.READ),
    ),
)


@router.get("/desk")
def desk_page(request: Request, caller: SignedIn) -> Response:
    """Show what matters today; without any role lead to the own account."""
    if not caller.reader.members:
        return RedirectResponse("/account", 303)
    with request.app.state.sessions() as session:
        counts = count_today(request.app, session, caller.reader)
    view = HomeView(
        here="/desk" + (f"?{request.url.query}" if request.url.query else ""),
        host=request.app.state.env.public_host,
        frame=frame_of(request, caller),
        tiles=tuple(_counted(each, counts[each.name]) for each in TILES if each.name in counts),
        first=tuple((url, title, says) for url, title, says, right in FIRST if not caller.scope_for(*right).is_empty),
    )
    answer = remember_language(request, show(request, "desk/home.html", view))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/desk/live", dependencies=[Depends(watching)])
def live_counts(request: Request) -> Response:
    """Send the counts of the page as they change, until the session ends or the page is left."""
    return LiveCounts(request, secret_of(request) or "")


def _counted(tile: Tile, number: int) -> Tile:
    return Tile(**(vars(tile) | {"number": number, "more": number >= MOST}))
