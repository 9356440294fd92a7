"""The desk's inbox of cases: what an office has to look at, as far as the address asks, and many at once.

What is done with many is done with each by the rules of one (`web/api/cases.py`), and told for each.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.custody.case_kinds import CASE_WORDS
from coldtrace.custody.model import CaseKind
from coldtrace.errors import Refusal, Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import cases, work
from coldtrace.watch.cases import LIVE, Case, Wanted
from coldtrace.watch.model import CASE_STATE_WORDS, EXPLANATION_WORDS, CaseState, Explanation
from coldtrace.watch.refusals import ExplanationUnfit, NothingChosen, ResolutionUnrelated
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.cases import each_case, require_colleague, worker_of
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.case_words import SOON, colleagues, due_cell, whose_cell
from coldtrace.web.pages.desk_cases import DUE, GOODS, OPENED, STATE, TITLE, person_of
from coldtrace.web.pages.desk_form import PAGE, SITE, answer, change, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section

router = APIRouter(include_in_schema=False)
CaseReader = Annotated[Caller, page_needs(Kind.CASE, Verb.READ)]
CaseWorker = Annotated[Caller, page_needs(Kind.CASE, Verb.WRITE, act="change")]

WHAT, WHOSE = Words("类型", "What"), Words("处理人", "Worked on by")
BOX = "case."
SHOWN: Mapping[str, tuple[CaseState, ...]] = {
    "live": LIVE,
    "open": (CaseState.OPEN,),
    "taken": (CaseState.TAKEN,),
    "closed": (CaseState.RESOLVED, CaseState.EXPLAINED),
}
SHOWN_WORDS: Mapping[str, Words] = {
    "live": Words("未结案", "Not closed"),
    "open": CASE_STATE_WORDS[CaseState.OPEN],
    "taken": CASE_STATE_WORDS[CaseState.TAKEN],
    "closed": Words("已结案", "Closed"),
}
DUE_WORDS: Mapping[str, Words] = {
    "": Words("不限", "Any time"),
    "overdue": Words("已逾期", "Overdue"),
    "soon": Words("24 小时内到期或已逾期", "Due within 24 hours, or overdue"),
}
Due = Literal["", "overdue", "soon"]
Mine = Literal["", "yes"]


@router.get("/desk/cases")
def cases_page(
    request: Request,
    caller: CaseReader,
    after: UUID | None = None,
    show: Annotated[str, Query(max_length=10)] = "live",
    kind: Annotated[str, Query(max_length=40)] = "",
    due: Annotated[str, Query(max_length=10)] = "",
    mine: Annotated[str, Query(max_length=5)] = "",
    chosen: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    """List the cases that wait for somebody, or others that the address asks for."""
    asked = {
        "show": show if show in SHOWN else "live",
        "kind": kind if kind in set(CaseKind) else "",
        "due": due if due in DUE_WORDS else "",
        "mine": "yes" if mine == "yes" else "",
    }
    return _inbox(request, caller, asked=asked, after=after, is_chosen=chosen == "all")


@router.post("/desk/cases")
def post_cases(request: Request, caller: CaseWorker, body: Body) -> Response:
    """Do one thing with each of the cases that were chosen."""
    results: list[tuple[UUID, Case | Refusal]] = []

    def act(session: Session) -> None:
        fields = form_fields(request, body)
        chosen = [_case_of(name) for name, value in fields.items() if name.startswith(BOX) and value == "yes"]
        if not chosen:
            raise NothingChosen()
        results.extend(each_case(session, caller, chosen, _wanted_act(request, caller, session, fields)))

    outcome = change(request, caller, act)

    def page(request: Request, caller: Caller, **said: object) -> Response:
        notice = _summary(results) if outcome is None else None
        return _inbox(request, caller, results=results, **said | {"notice": notice})  # type: ignore[arg-type]

    return answer(request, caller, outcome, page)


def _case_of(name: str) -> UUID:
    try:
        return UUID(name.removeprefix(BOX))
    except ValueError:
        raise NothingChosen() from None


def _wanted_act(
    request: Request, caller: Caller, session: Session, fields: Mapping[str, str]
) -> Callable[[UUID], Case]:
    """Return what the form asks to do with each case."""
    env, worker = request.app.state.env, worker_of(caller)
    what, _, value = fields.get("do", "").partition(".")
    caller.told(does=what[:20])
    if what == "assign":
        person = person_of(value)
        require_colleague(session, caller, person)
        caller.told(person=str(person))
        return lambda case_id: work.assign(session, env, worker, case_id, person=person)
    if what == "explain":
        if value not in set(Explanation):
            raise ExplanationUnfit(kind="-", note=value[:40] or "-", notes="-")
        note = Explanation(value)
        return lambda case_id: work.explain(session, env, worker, case_id, note=note)
    if what == "resolve":
        said = fields.get("statement", "").strip()
        try:
            statement = UUID(said)
        except ValueError:
            raise ResolutionUnrelated(statement=said[:40] or "-", why="unknown") from None
        return lambda case_id: work.resolve(session, env, worker, case_id, statement=statement)
    return lambda case_id: work.take(session, env, worker, case_id)


def _summary(results: Sequence[tuple[UUID, Case | Refusal]]) -> Words:
    done = sum(not isinstance(each, Refusal) for _, each in results)
    return Words(
        f"共 {len(results)} 个：完成 {done} 个，未作更改 {len(results) - done} 个。",
        f"{len(results)} in all: {done} done, {len(results) - done} left as they were.",
    )


def _inbox(
    request: Request,
    caller: Caller,
    *,
    asked: Mapping[str, str] | None = None,
    after: UUID | None = None,
    is_chosen: bool = False,
    results: Sequence[tuple[UUID, Case | Refusal]] = (),
    notice: Words | None = None,
    problem: Words | None = None,
    status: int = 200,
) -> Response:
    asked = asked or {"show": "live", "kind": "", "due": "", "mine": ""}
    now, hours = request.app.state.env.clock(), request.app.state.case_hours
    wanted = Wanted(
        states=SHOWN[asked["show"]],
        kind=CaseKind(asked["kind"]) if asked["kind"] else None,
        taken_by=caller.actor if asked["mine"] else None,
        overdue_at={"": None, "overdue": now, "soon": now + SOON}[asked["due"]],
        hours=hours,
    )
    with request.app.state.sessions() as session:
        scope = caller.scope_for(Kind.CASE, Verb.READ)
        found = cases.list_cases(session, scope, after=after, limit=PAGE, wanted=wanted)
        known = colleagues(session, caller)
    if request.method == "GET":
        caller.at(case.gln for case in found)
        caller.told(rows=len(found))
    all_chosen = (_here(asked, chosen="all"), Words("选中本页全部", "Choose all of this page"))
    works = not caller.scope_for(Kind.CASE, Verb.WRITE).is_empty and asked["show"] != "closed"
    section = Section(
        id="cases",
        title=SHOWN_WORDS[asked["show"]],
        lead=Words(
            "与记录矛盾的扫码照样保存，在此由人来看。涉及货物的，以新的记录结案。",
            "What contradicts the record was kept and is looked at here. What is about goods ends by a new statement.",
        ),
        filters=_filters(asked),
        columns=(WHAT, STATE, WHOSE, DUE, OPENED, SITE, GOODS),
        rows=tuple(
            Row(
                id=str(case.case_id),
                cells=(
                    Cell(words=CASE_WORDS[case.kind], text=str(case.case_id)[-8:], url=f"/desk/cases/{case.case_id}"),
                    Cell(words=CASE_STATE_WORDS[case.state]),
                    whose_cell(caller, case, known),
                    due_cell(case, hours, now),
                    Cell(moment=case.opened_at),
                    Cell(text=case.gln or "-"),
                    Cell(text=", ".join(case.units[:2]) or case.scanned or "-"),
                ),
                box=f"{BOX}{case.case_id}" if works else None,
                is_chosen=is_chosen,
            )
            for case in found
        ),
        empty=Words(
            "没有这样的异常。扫码与记录矛盾、货物久未到达、疑似一码多件等，会自动出现在这里。",
            "There are none. Scans that contradict the record, goods that do not arrive and codes that seem to be on"
            " several boxes come here by themselves.",
        ),
        bulk=_bulk(known) if works else None,
        next_url=_here(asked, after=str(found[-1].case_id)) if len(found) == PAGE else None,
        links=(all_chosen,) if works and found else (),
    )
    sections = [*([_results(results)] if results else []), section]
    return show_sheet(
        request, caller, TITLE, sections, notice=notice, problem=problem, status=status, here=_shown_at(request, asked)
    )


def _shown_at(request: Request, asked: Mapping[str, str]) -> str | None:
    return None if request.method == "GET" else "/desk/cases"


def _here(asked: Mapping[str, str], **more: str) -> str:
    return f"/desk/cases?{urlencode({name: value for name, value in {**asked, **more}.items() if value})}"


def _filters(asked: Mapping[str, str]) -> Form:
    def choices(words: Mapping[str, Words], chosen: str) -> tuple[Choice, ...]:
        return tuple(Choice(value=value, label=each, is_chosen=value == chosen) for value, each in words.items())

    kinds = {"": Words("全部", "All"), **{each.value: CASE_WORDS[each] for each in CaseKind}}
    return Form(
        action="/desk/cases",
        submit=Words("筛选", "Show"),
        asks=True,
        quiet=True,
        fields=(
            Field(name="show", label=STATE, kind="select", choices=choices(SHOWN_WORDS, asked["show"])),
            Field(name="kind", label=WHAT, kind="select", choices=choices(kinds, asked["kind"])),
            Field(name="due", label=DUE, kind="select", choices=choices(DUE_WORDS, asked["due"])),
            Field(name="mine", label=Words("只看我处理的", "Only mine"), kind="check", value=asked["mine"]),
        ),
    )


def _bulk(known: Mapping[UUID, str]) -> Form:
    take = Choice(value="take", label=Words("由我处理", "I take them"))
    resolve = Choice(value="resolve", label=Words("以记录结案（填编号）", "Close by the statement (its id)"))
    assign = [
        Choice(value=f"assign.{each}", label=Words(f"指派给 {name}", f"Assign to {name}"))
        for each, name in known.items()
    ]
    words = [
        Choice(
            value=f"explain.{each.value}",
            label=Words(f"结案：{EXPLANATION_WORDS[each].zh}", f"Close: {EXPLANATION_WORDS[each].en}"),
        )
        for each in Explanation
        if each is not Explanation.TOLD_AGAIN
    ]
    return Form(
        action="/desk/cases",
        submit=Words("对选中的执行", "Do it with the chosen"),
        fields=(
            Field(
                name="do",
                label=Words("选中的异常", "With the chosen cases"),
                kind="select",
                choices=(take, *assign, resolve, *words),
            ),
            Field(name="statement", label=Words("记录编号", "Id of the statement"), required=False),
        ),
    )


def _results(results: Sequence[tuple[UUID, Case | Refusal]]) -> Section:
    """What came of each."""
    return Section(
        id="results",
        title=Words("处理结果", "What came of it"),
        columns=(WHAT, Words("结果", "Result")),
        rows=tuple(
            Row(
                id=str(case_id),
                cells=(
                    Cell(
                        words=CASE_WORDS[each.kind] if isinstance(each, Case) else Words("异常", "Case"),
                        text=str(case_id)[-8:],
                        url=f"/desk/cases/{case_id}",
                    ),
                    Cell(words=Words(each.say("zh"), each.say("en")), tone="stop")
                    if isinstance(each, Refusal)
                    else Cell(words=CASE_STATE_WORDS[each.state], tone="ok"),
                ),
            )
            for case_id, each in results
        ),
    )
