"""The desk's discrepancies of a place (`web/api/discrepancies.py`): what was sent and what was received differ."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coldtrace.custody.case_kinds import CASE_WORDS
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import discrepancies
from coldtrace.watch.cases import Case
from coldtrace.watch.model import CASE_STATE_WORDS
from coldtrace.web.access import Caller, ReadSession
from coldtrace.web.api.discrepancies import site_of_cases
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.case_words import due_cell
from coldtrace.web.pages.choose_place import choose_place
from coldtrace.web.pages.desk_cases import DUE, GOODS, OPENED
from coldtrace.web.pages.desk_form import PAGE, SITE, STATE, show_sheet
from coldtrace.web.pages.sheet import Cell, Row, Section

router = APIRouter(include_in_schema=False)
CaseReader = Annotated[Caller, page_needs(Kind.CASE, Verb.READ)]
TITLE = Words("收发差异", "Discrepancies")
LEAD = Words(
    "发出与收到不一致的送货：数量不符、拒收、发出后久未收到。点开可看证据并结案。",
    "Deliveries of which what was sent and what was received differ: quantities, refusals, goods that did not arrive."
    " Open one for its evidence, and to close it.",
)
DELIVERY, LEFT = Words("送货凭证", "Delivery"), Words("未到件数", "Still missing")


@router.get("/desk/discrepancies")
def discrepancy_places(
    request: Request, caller: CaseReader, after: Annotated[str | None, Query(max_length=13)] = None
) -> Response:
    """Choose a place to see its discrepancies."""
    empty = Words("没有您可以查看的场所。", "There is no place that you may look at.")
    return choose_place(request, caller, after, path="/desk/discrepancies", title=TITLE, lead=LEAD, empty=empty)


@router.get("/desk/discrepancies/{gln}")
def discrepancies_page(
    request: Request,
    session: ReadSession,
    gln: Annotated[str, Path(max_length=13)],
    caller: CaseReader,
    after: UUID | None = None,
) -> Response:
    """Show where what was sent to or from a place and what was received differ."""
    site = site_of_cases(session, caller, gln)
    found = discrepancies.discrepancies(session, site.gln, after=after, limit=PAGE)
    caller.at([site.gln])
    caller.told(rows=len(found))
    section = Section(
        id="discrepancies",
        title=Words(site.name_zh, site.name_en),
        lead=LEAD,
        columns=(Words("差异", "What differs"), DELIVERY, LEFT, SITE, GOODS, STATE, DUE, OPENED),
        rows=tuple(_row(request, each) for each in found),
        empty=Words(
            "没有差异。收货与发货不一致、或发出后久未收到，会自动出现在这里。",
            "Nothing differs. Receipts that do not agree with what was sent, and goods that do not arrive, appear here"
            " by themselves.",
        ),
        next_url=f"/desk/discrepancies/{site.gln}?after={found[-1].case_id}" if len(found) == PAGE else None,
        links=(
            (f"/desk/expected/{site.gln}", Words("待收", "Expected")),
            ("/desk/cases", Words("全部异常", "All cases")),
        ),
    )
    return show_sheet(request, caller, TITLE, (section,))


def _row(request: Request, case: Case) -> Row:
    state = request.app.state
    voucher, left = discrepancies.voucher_of(case), case.detail.get("left")
    return Row(
        id=str(case.case_id),
        cells=(
            Cell(words=CASE_WORDS[case.kind], text=str(case.case_id)[-8:], url=f"/desk/cases/{case.case_id}"),
            Cell(text="-") if voucher is None else Cell(text=str(voucher)[-8:], url=f"/desk/vouchers/{voucher}"),
            Cell(text=f"{left:,}" if isinstance(left, int) else "-"),
            Cell(text=case.gln or "-"),
            Cell(text=", ".join(case.units[:2]) or "-"),
            Cell(words=CASE_STATE_WORDS[case.state]),
            due_cell(case, state.case_hours, state.env.clock()),
            Cell(moment=case.opened_at),
        ),
    )
