"""The desk's pages of papers: those that wait for a check, one with its checks, and the form that declares one.

They do what `web/api/papers.py` does, by the same functions and rights.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.goods import papers
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.paper_rules import PAPER_KIND_WORDS, PAPER_STATE_WORDS, Paper, PaperCheck, PaperKind, PaperState
from coldtrace.goods.papers import WishedPapers
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.papers import CheckIn, check, declare, file_answer
from coldtrace.web.page_session import form_fields, form_parts, page_needs
from coldtrace.web.pages.desk_consignments import show_consignment
from coldtrace.web.pages.desk_form import PAGE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.paper_sections import (
    DECLARED_AT,
    FILE,
    ISSUER,
    KIND,
    NUMBER,
    VALIDITY,
    paper_row,
    size_of,
    state_cell,
    upload_form,
    validity_cell,
)
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.working_days import LOCAL

router = APIRouter(include_in_schema=False)
SENT = ("POST", "/desk/papers")
Reader = Annotated[Caller, page_needs(Kind.PAPER, Verb.READ)]
Taker = Annotated[Caller, page_needs(Kind.PAPER, Verb.READ, act="export")]
Declarer = Annotated[Caller, page_needs(Kind.PAPER, Verb.WRITE)]
Checker = Annotated[Caller, page_needs(Kind.PAPER_CHECK, Verb.WRITE)]

TITLE = Words("单证", "Papers")
DECLARATION = Words("报关单号", "Declaration")
SOON = timedelta(days=30)
CHECKED_BY, REASON = Words("核对单位", "Checked for"), Words("说明", "Remark")
SHOWN: Mapping[str, Words] = {
    "declared": Words("待核对", "To be checked"),
    "checked": PAPER_STATE_WORDS[PaperState.CHECKED],
    "verified": PAPER_STATE_WORDS[PaperState.VERIFIED],
    "rejected": PAPER_STATE_WORDS[PaperState.REJECTED],
    "soon": Words("30 天内到期或已过期", "Over within 30 days, or over"),
    "all": Words("全部，含已替换", "All, replaced ones too"),
}
VERDICTS = (PaperState.CHECKED, PaperState.VERIFIED, PaperState.REJECTED)


@router.get("/desk/papers")
def papers_page(
    request: Request,
    caller: Reader,
    show: Annotated[str, Query(max_length=10)] = "declared",
    kind: Annotated[str, Query(max_length=40)] = "",
    after: UUID | None = None,
) -> Response:
    """List papers: those that wait for a check, or others that the address asks for."""
    show, kind = show if show in SHOWN else "declared", kind if kind in set(PaperKind) else ""
    today = _today(request)
    wished = WishedPapers(
        state=PaperState(show) if show in set(PaperState) else None,
        kind=PaperKind(kind) if kind else None,
        ends_before=today + SOON + timedelta(days=1) if show == "soon" else None,
        current=show != "all",
    )
    with request.app.state.sessions() as session:
        found = papers.list_papers(session, caller.scope, wished=wished, after=after, limit=PAGE)
        caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    more = {"show": show, "kind": kind, "after": str(found[-1].paper_id)} if len(found) == PAGE else None
    table = Section(
        id="papers",
        title=SHOWN[show],
        lead=Words(
            "核对人对照原件，或向签发机构核实；上传人不能核对自己上传的单证。",
            "Whoever checks compares with the original, or asks the issuer; nobody checks what they declared"
            " themselves.",
        ),
        filters=_filters(show, kind),
        columns=(KIND, DECLARATION, NUMBER, ISSUER, VALIDITY, STATE, DECLARED_AT, FILE),
        rows=tuple(paper_row(each, today=today, declaration=True) for each in found),
        empty=Words(
            "没有这样的单证。进口商在批次页上传单证后，会出现在这里等待核对。",
            "There are none. Importers upload papers on the page of a consignment; then they wait here to be checked.",
        ),
        next_url=None if more is None else f"/desk/papers?{urlencode(more)}",
    )
    return show_sheet(request, caller, TITLE, (table,))


def _filters(show: str, kind: str) -> Form:
    return Form(
        action="/desk/papers",
        submit=Words("显示", "Show"),
        quiet=True,
        asks=True,
        fields=(
            Field(
                name="show",
                label=Words("哪些", "Which"),
                kind="select",
                choices=tuple(Choice(value=each, label=words, is_chosen=each == show) for each, words in SHOWN.items()),
            ),
            Field(
                name="kind",
                label=KIND,
                kind="select",
                required=False,
                choices=(
                    Choice(value="", label=Words("全部类别", "Every kind")),
                    *(
                        Choice(value=each.value, label=PAPER_KIND_WORDS[each], is_chosen=each == kind)
                        for each in PaperKind
                    ),
                ),
            ),
        ),
    )


@router.post("/desk/papers")
def post_paper(request: Request, caller: Declarer, body: Body) -> Response:
    """Declare a paper, and show the consignment with it."""
    form = form_parts(request, body)

    def work(session: Session) -> None:
        declare(session, request.app.state.env, caller, form, request.app.state.settings)

    outcome = change(request, caller, work)
    try:
        consignment_id = UUID(form.fields.get("consignment", ""))
    except ValueError:
        if outcome is None:
            raise AssertionError("a paper was declared of no consignment") from None
        raise outcome from None
    return answer(request, caller, outcome, partial(show_consignment, id=consignment_id))


@router.get("/desk/papers/{paper_id:uuid}")
def paper_page(request: Request, paper_id: UUID, caller: Reader) -> Response:
    """Show one paper with its checks."""
    return _paper(request, caller, id=paper_id)


@router.get("/desk/papers/{paper_id:uuid}/file")
def paper_file(request: Request, paper_id: UUID, caller: Taker) -> Response:
    """Hand out its file, as an attachment."""
    with request.app.state.sessions() as session:
        return file_answer(request, paper_id, session, caller)


@router.post("/desk/papers/{paper_id:uuid}/checks")
def post_check(request: Request, paper_id: UUID, caller: Checker, body: Body) -> Response:
    """Say what a check found."""

    def work(session: Session) -> None:
        said = read_fields(CheckIn, form_fields(request, body))
        check(session, request.app.state.env, caller, paper_id, said)

    return answer(request, caller, change(request, caller, work), partial(_paper, id=paper_id))


def _paper(request: Request, caller: Caller, *, id: UUID, **said: Words | int | None) -> Response:
    scope = caller.scope_for(Kind.PAPER, Verb.READ)
    checks = caller.scope_for(Kind.PAPER_CHECK, Verb.WRITE)
    declares = caller.scope_for(Kind.PAPER, Verb.WRITE)
    with request.app.state.sessions() as session:
        paper = papers.find_paper(session, scope, id)
        history = papers.checks_of(session, id)
        may_check = paper.declared_by != caller.actor and papers.reaches(session, checks, id, Kind.PAPER_CHECK)
        may_replace = paper.replaced_by is None and papers.reaches(session, declares, id, Kind.PAPER)
        caller.about(*firms_of_consignment(session, paper.consignment_id))
    forms: list[Section] = []
    if may_check:
        forms.append(_check_form(paper))
    if may_replace:
        limit = request.app.state.settings.paper_bytes
        forms.append(
            Section(
                id="replace",
                title=Words("替换", "Put another in its place"),
                lead=Words(
                    "填错或换发了新证？上传新的一份；这一份保留在清单中，并注明已被替换。",
                    "Something wrong, or issued anew? Upload the new one; this one stays in the list, marked as"
                    " replaced.",
                ),
                forms=(upload_form(paper.consignment_id, limit_bytes=limit, replaced=paper),),
            )
        )
    return show_sheet(
        request,
        caller,
        PAPER_KIND_WORDS[paper.kind],
        (_facts(paper, _today(request)), _checks(history), *forms),
        here=f"/desk/papers/{id}",
        **said,  # type: ignore[arg-type]
    )


def _facts(paper: Paper, today: date) -> Section:
    facts: list[tuple[Words, Cell]] = [
        (STATE, state_cell(paper)),
        (NUMBER, Cell(text=paper.number)),
        (ISSUER, Cell(text=paper.issuer)),
        (VALIDITY, validity_cell(paper, today=today)),
        (DECLARATION, Cell(text=paper.declaration_no, url=f"/desk/consignments/{paper.consignment_id}")),
        (DECLARED_AT, Cell(moment=paper.declared_at)),
        (FILE, Cell(text=size_of(paper), url=f"/desk/papers/{paper.paper_id}/file")),
        (Words("上传时的文件名", "Name of the file as sent"), Cell(text=paper.file_name or "-")),
        (Words("SHA-256", "SHA-256"), Cell(text=paper.sha256.hex())),
    ]
    if paper.replaces is not None:
        facts.append((Words("替换了", "In place of"), _other(paper.replaces)))
    if paper.replaced_by is not None:
        facts.append((Words("已被替换为", "Replaced by"), _other(paper.replaced_by)))
    return Section(id="facts", title=Words("单证信息", "The paper"), facts=tuple(facts))


def _other(paper_id: UUID) -> Cell:
    return Cell(text=f"…{str(paper_id)[-8:]}", url=f"/desk/papers/{paper_id}")


def _checks(history: list[PaperCheck]) -> Section:
    return Section(
        id="checks",
        title=Words("核对记录", "Checks"),
        columns=(Words("结论", "Verdict"), CHECKED_BY, REASON, Words("时间", "When")),
        rows=tuple(
            Row(
                id=str(number),
                cells=(
                    Cell(words=PAPER_STATE_WORDS[each.verdict]),
                    Cell(text="-")
                    if each.organisation is None
                    else Cell(name=Bilingual(zh=each.organisation.zh, en=each.organisation.en)),
                    Cell(text=each.reason or "-"),
                    Cell(moment=each.checked_at),
                ),
            )
            for number, each in enumerate(history)
        ),
        empty=Words(
            "还没有人核对。在此之前，单证内容仅为进口商申报。",
            "Nobody has checked it yet. Until then it is what its importer declared and no more.",
        ),
    )


def _check_form(paper: Paper) -> Section:
    return Section(
        id="check",
        title=Words("核对这份单证", "Check this paper"),
        lead=Words(
            "打开文件，与纸质原件或签发机构的记录逐项对照。最后一次结论有效，以前的结论保留。",
            "Open the file and compare it with the original, or with what its issuer says. The last verdict counts; the"
            " earlier ones stay.",
        ),
        links=((f"/desk/papers/{paper.paper_id}/file", Words("打开文件", "Open the file")),),
        forms=(
            Form(
                action=f"/desk/papers/{paper.paper_id}/checks",
                submit=Words("记录结论", "Record the verdict"),
                fields=(
                    Field(
                        name="verdict",
                        label=Words("结论", "Verdict"),
                        kind="select",
                        choices=tuple(Choice(value=each.value, label=PAPER_STATE_WORDS[each]) for each in VERDICTS),
                    ),
                    Field(
                        name="reason",
                        label=REASON,
                        required=False,
                        help=Words("驳回时必须写明原因。", "Whoever rejects it says why."),
                    ),
                ),
            ),
        ),
    )


def _today(request: Request) -> date:
    today: date = request.app.state.env.clock().astimezone(LOCAL).date()
    return today
