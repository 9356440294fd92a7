"""Views of a stall's phone: with goods, new, and not opened yet.  All names are invented."""

from dataclasses import replace
from datetime import datetime

from coldtrace.errors import Words
from coldtrace.web.pages.views import Bilingual, Frame, PageView, StallAct, StallLine, StallView


def stall_pages(*, host: str, frame: Frame, station: Bilingual, now: datetime) -> dict[str, tuple[str, PageView]]:
    """Return the samples by name, each with its template."""
    stall = StallView(
        here="/desk/stall/9521234000044",
        host=host,
        frame=frame,
        name=station,
        gln="9521234000044",
        is_open=True,
        may_open=True,
        acts=(
            StallAct(value="receive", words=Words("收货", "Receive")),
            StallAct(value="open", words=Words("上柜", "Open")),
        ),
        counters=True,
        ref="a1b2c3d4e5f6",
        codes="7QK4-M2ZX-9RTB-5",
        tone="look",
        said=Words("已记录，请注意：没有发货记录。", "Recorded. Mind: nobody sent it."),
        lately=(
            StallLine(
                id="0199f3c1-0000-7000-8000-000000000009",
                act=Words("收货", "Received"),
                at=now,
                units=("(01)09521234543210(21)7QK4M2ZX9RTB",),
                annulled=False,
                may_undo=True,
            ),
            StallLine(
                id="0199f3c1-0000-7000-8000-000000000010",
                act=Words("售出", "Sold"),
                at=now,
                units=(),
                annulled=True,
                may_undo=False,
            ),
        ),
    )
    return {
        "stall": ("desk/stall.html", stall),
        "stall-closed": ("desk/stall.html", replace(stall, is_open=False, said=None, tone=None)),
        "stall-asks": ("desk/stall.html", replace(stall, is_open=False, may_open=False, lately=())),
        "stall-new": ("desk/stall.html", replace(stall, lately=(), codes="", said=None, tone=None)),
    }
