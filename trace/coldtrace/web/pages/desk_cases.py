"""The desk's page of one case: what it rests on beside it, and how it ends.  The inbox is `desk_inbox.py`.

They do what the API does (`web/api/cases.py`), through the same services.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.custody.case_kinds import CASE_WORDS
from coldtrace.errors import Words
from coldtrace.people.refusals import PersonUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.watch import cases, evidence, one_tap, work
from coldtrace.watch.cases import Case
from coldtrace.watch.evidence import Evidence
from coldtrace.watch.model import (
    CASE_STATE_WORDS,
    EXPLANATION_WORDS,
    LOOKED_AT,
    RESOLUTIONS,
    Explanation,
)
from coldtrace.watch.proposals import Proposal
from coldtrace.watch.refusals import CaseUnknown, ExplanationUnfit, ResolutionUnrelated
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.cases import (
    ResolveIn,
    close_by,
    closing_worker,
    gateways_of,
    require_colleague,
    worker_of,
)
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.case_words import colleagues, detail_cells, due_cell, overlay_words, whose_cell
from coldtrace.web.pages.desk_form import ACTION, SITE, USCC, answer, change, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.place_words import act_words

router = APIRouter(include_in_schema=False)
CaseReader = Annotated[Caller, page_needs(Kind.CASE, Verb.READ)]
CaseWorker = Annotated[Caller, page_needs(Kind.CASE, Verb.WRITE)]
CaseAssigner = Annotated[Caller, page_needs(Kind.CASE, Verb.WRITE, act="assign")]

TITLE = Words("异常", "Cases")
OPENED, DUE = Words("产生时间", "Opened"), Words("应结案时间", "Due")
STATE, GOODS, STATEMENT = Words("状态", "State"), Words("货物", "Goods"), Words("记录", "Statement")
DETAILS = Words("细节", "Details")
GOODS_NAMED = 3


@router.get("/desk/cases/{case_id:uuid}")
def case_page(request: Request, case_id: UUID, caller: CaseReader) -> Response:
    """Show one case, what it rests on, and what can be done with it."""
    return _case(request, caller, case_id)


@router.post("/desk/cases/{case_id:uuid}/take")
def post_take(request: Request, case_id: UUID, caller: CaseWorker) -> Response:
    """Take a case."""

    def act(session: Session) -> None:
        _told(caller, work.take(session, request.app.state.env, worker_of(caller), case_id))

    return answer(request, caller, change(request, caller, act), partial(_case, case_id=case_id))


@router.post("/desk/cases/{case_id:uuid}/assign")
def post_assign(request: Request, case_id: UUID, caller: CaseAssigner, body: Body) -> Response:
    """Give a case to a colleague."""

    def act(session: Session) -> None:
        person = person_of(form_fields(request, body).get("person", ""))
        require_colleague(session, caller, person)
        caller.told(person=str(person))
        _told(caller, work.assign(session, request.app.state.env, worker_of(caller), case_id, person=person))

    return answer(request, caller, change(request, caller, act), partial(_case, case_id=case_id))


@router.post("/desk/cases/{case_id:uuid}/hand-over")
def post_hand_over(request: Request, case_id: UUID, caller: CaseWorker, body: Body) -> Response:
    """Make a case another organisation's."""

    def act(session: Session) -> None:
        uscc = form_fields(request, body).get("organisation", "").strip()
        _told(caller, work.hand_over(session, worker_of(caller), case_id, uscc=uscc))

    return answer(request, caller, change(request, caller, act), partial(_case, case_id=case_id))


@router.post("/desk/cases/{case_id:uuid}/resolve")
def post_resolve(request: Request, case_id: UUID, caller: CaseWorker, body: Body) -> Response:
    """Close a case by a new statement, or by pressing a proposal."""

    def act(session: Session) -> None:
        _told(caller, close_by(session, request.app.state.env, caller, case_id, _asked(request, body)))

    return answer(request, caller, change(request, caller, act), partial(_case, case_id=case_id))


@router.post("/desk/cases/{case_id:uuid}/explain")
def post_explain(request: Request, case_id: UUID, caller: CaseWorker, body: Body) -> Response:
    """Close a case by a word."""

    def act(session: Session) -> None:
        said = form_fields(request, body).get("note", "")
        if said not in set(Explanation):
            raise ExplanationUnfit(kind="-", note=said[:40] or "-", notes="-")
        env = request.app.state.env
        _told(caller, work.explain(session, env, worker_of(caller), case_id, note=Explanation(said)))

    return answer(request, caller, change(request, caller, act), partial(_case, case_id=case_id))


def _asked(request: Request, body: bytes) -> ResolveIn:
    fields = form_fields(request, body)
    if proposal := fields.get("proposal", "").strip()[:80]:
        return ResolveIn(proposal=proposal)
    said = fields.get("statement", "").strip()
    try:
        return ResolveIn(statement=UUID(said))
    except ValueError:
        raise ResolutionUnrelated(statement=said[:40] or "-", why="unknown") from None


def person_of(said: str) -> UUID:
    """Return the id of a person in a form; raise PersonUnknown for what is none."""
    try:
        return UUID(said)
    except ValueError:
        raise PersonUnknown(id=said[:40] or "-") from None


def _told(caller: Caller, case: Case) -> None:
    caller.at([case.gln])
    caller.about(case.owner_id)


def _case(
    request: Request,
    caller: Caller,
    case_id: UUID,
    *,
    notice: Words | None = None,
    problem: Words | None = None,
    status: int = 200,
) -> Response:
    with request.app.state.sessions() as session:
        case = cases.find_case(session, caller.scope, case_id)
        if case is None:
            raise CaseUnknown(id=str(case_id))
        statements, units = caller.scope_for(Kind.STATEMENT, Verb.READ), caller.scope_for(Kind.UNIT, Verb.READ)
        found = evidence.evidence_of(session, case, statements=statements, units=units)
        worker, env = closing_worker(session, caller, case), request.app.state.env
        ready, choices = [], []
        if worker is not None:
            ready = one_tap.proposals_for(session, env, worker, case, speak=gateways_of(caller))
            choices = work.choices(session, worker, case)
        known = colleagues(session, caller)
    caller.at([case.gln])
    sections = [_facts(request, caller, case, found, known), _rests_on(found)]
    if worker is not None:
        looked, presses = _looked(case), [*_one_taps(case, ready), *_choices(case, choices)]
        usual = [*looked, *presses] if case.kind in LOOKED_AT else [*presses, *looked]
        sections += [*usual, _ends(caller, case), _passes(case, known)]
    elif case.is_live and not caller.scope_for(Kind.CASE, Verb.WRITE).is_empty:
        sections.append(_others(case))
    here = f"/desk/cases/{case_id}"
    return show_sheet(
        request, caller, CASE_WORDS[case.kind], sections, notice=notice, problem=problem, status=status, here=here
    )


def _facts(request: Request, caller: Caller, case: Case, found: Evidence, known: Mapping[UUID, str]) -> Section:
    odd = case.words()
    now: datetime = request.app.state.env.clock()
    facts = [
        (STATE, Cell(words=CASE_STATE_WORDS[case.state])),
        (OPENED, Cell(moment=case.opened_at)),
        (DUE, due_cell(case, request.app.state.case_hours, now)),
        (Words("处理人", "Worked on by"), whose_cell(caller, case, known)),
        (SITE, Cell(text=case.gln or "-")),
        (Words("责任单位", "Office of"), Cell(text=case.owner or "-")),
        (
            Words("原因", "Why"),
            Cell(words=Words("；".join(each["zh"] for each in odd), "; ".join(each["en"] for each in odd))),
        ),
    ]
    if case.units:
        facts.append((GOODS, Cell(text=", ".join(case.units))))
    facts += [
        (Words("其中受阻的货物", "What is blocked inside"), Cell(words=overlay_words(kinds), text=unit))
        for unit, kinds in found.blocked_inside
    ]
    if case.scanned is not None:
        facts.append((Words("扫到的文字", "What was scanned"), Cell(text=case.scanned)))
    if case.key_id is not None:
        facts.append((Words("设备", "Device"), Cell(text=b64(case.key_id))))
    if case.refused_for:
        facts.append((Words("拒收理由", "Refused because"), Cell(text="; ".join(case.refused_for))))
    facts += [(DETAILS, cell) for cell in detail_cells(case.detail)]
    if case.lots:
        facts.append((Words("批次", "Lots"), Cell(text=", ".join(case.lots))))
    if case.resolved_by is not None:
        facts.append((Words("以此记录结案", "Closed by the statement"), Cell(text=str(case.resolved_by))))
    if case.note is not None:
        facts.append((Words("说明", "Explanation"), Cell(words=EXPLANATION_WORDS[Explanation(case.note)])))
    return Section(
        id="case", title=Words("异常", "The case"), facts=tuple(facts), links=(("/desk/cases", TITLE),), half=True
    )


def _rests_on(found: Evidence) -> Section:
    return Section(
        id="evidence",
        title=Words("依据", "What it rests on"),
        columns=(Words("操作", "Act"), Words("时间", "When"), SITE, GOODS, STATEMENT),
        rows=tuple(
            Row(
                id=str(each.entry_id),
                cells=(
                    Cell(words=act_words(each.type)),
                    Cell(moment=each.claimed_at),
                    Cell(text=each.gln),
                    Cell(text=", ".join(each.units[:3]) or "-"),
                    Cell(text=str(each.entry_id)),
                ),
            )
            for each in found.statements
        ),
        empty=Words("没有您可查看的记录。", "No statement that you may see."),
        half=True,
    )


def _one_taps(case: Case, found: Sequence[Proposal]) -> list[Section]:
    """What settles it at one press, and what a handheld has to state where the site has no gateway."""
    what = (Words("将作的记录", "What will be stated"), Words("操作", "Act"), SITE, GOODS)
    ready, by_hand = [each for each in found if each.ready], [each for each in found if not each.ready]
    sections = [
        Section(
            id="press",
            title=Words("一键处理", "At one press"),
            lead=Words(
                "按下后由本场所的网关签署一条新记录，并以它结案；请先核实。",
                "The site's gateway then signs a new statement, and the case is closed by it. Make sure that it is so.",
            ),
            columns=(*what, ACTION),
            rows=tuple(_one_tap(case, each) for each in ready),
        ),
        Section(
            id="by-hand",
            title=Words("请用手持机记录", "To be stated with a handheld"),
            lead=Words(
                "该场所未开通网关，不能在此一键处理：请用手持机作下列记录之一，再回到本页以它结案。",
                "The site has no gateway to state it from here: state one of these with a handheld, then come back"
                " and close the case by it.",
            ),
            columns=what,
            rows=tuple(_one_tap(case, each) for each in by_hand),
        ),
    ]
    return [each for each in sections if each.rows]


def _one_tap(case: Case, proposal: Proposal) -> Row:
    units = [line.unit for line in proposal.lines]
    press = Form(
        action=f"/desk/cases/{case.case_id}/resolve",
        submit=Words("记录并结案", "State it and close"),
        fields=(Field(name="proposal", label=ACTION, kind="hidden", value=proposal.name),),
    )
    more = Words(f"共 {len(units)} 件：", f"{len(units)} in all: ") if len(units) > GOODS_NAMED else None
    return Row(
        id=proposal.name,
        cells=(
            Cell(words=proposal.says),
            Cell(words=act_words(proposal.type.value)),
            Cell(text=proposal.site),
            Cell(words=more, text=", ".join(units[:GOODS_NAMED]) or "-"),
        ),
        forms=(press,) if proposal.ready else (),
    )


def _choices(case: Case, found: Sequence[work.Choice]) -> list[Section]:
    """The statements told since that settle it."""
    if not found:
        return []
    return [
        Section(
            id="choices",
            title=Words("可结案的新记录", "New statements that settle it"),
            columns=(Words("操作", "Act"), Words("时间", "When"), SITE, STATEMENT, ACTION),
            rows=tuple(
                Row(
                    id=str(each.entry_id),
                    cells=(
                        Cell(words=act_words(each.type)),
                        Cell(moment=each.claimed_at),
                        Cell(text=each.gln),
                        Cell(text=str(each.entry_id)),
                    ),
                    forms=(
                        Form(
                            action=f"/desk/cases/{case.case_id}/resolve",
                            submit=Words("以此记录结案", "This one settles it"),
                            fields=(Field(name="statement", label=STATEMENT, kind="hidden", value=str(each.entry_id)),),
                        ),
                    ),
                )
                for each in found
            ),
        )
    ]


def _others(case: Case) -> Section:
    return Section(
        id="ends",
        title=Words("处理", "What to do"),
        lead=Words(
            "此异常由责任单位或其辖区监管部门处理；您可扫描有关货物，作出新的记录。",
            "Its office, or the regulator there, closes it; you may state what you know by scanning the goods.",
        ),
    )


def _passes(case: Case, known: Mapping[UUID, str]) -> Section:
    """Who else may work on it: a colleague, or another party's office."""
    base = f"/desk/cases/{case.case_id}"
    over = Form(
        action=f"{base}/hand-over",
        submit=Words("移交", "Hand it over"),
        quiet=True,
        fields=(
            Field(
                name="organisation",
                label=USCC,
                help=Words(
                    "只能移交给本异常涉及的单位；移交后重新待处理。",
                    "Only a party of this case can have it; it is open again there.",
                ),
            ),
        ),
    )
    forms = [over]
    if known:
        choices = tuple(Choice(value=str(each), label=Words(name, name)) for each, name in known.items())
        field = Field(name="person", label=Words("人员", "Person"), kind="select", choices=choices)
        forms.insert(0, Form(action=f"{base}/assign", submit=Words("指派", "Assign it"), fields=(field,), quiet=True))
    return Section(id="passes", title=Words("指派与移交", "Assign it, or hand it over"), forms=tuple(forms))


def _looked(case: Case) -> list[Section]:
    """Closing by a word: somebody looked, and there is nothing to correct.  Of some kinds that is what is usual."""
    if not case.explanations:
        return []
    choices = tuple(Choice(value=each.value, label=EXPLANATION_WORDS[each]) for each in case.explanations)
    field = Field(name="note", label=Words("说明", "Explanation"), kind="select", choices=choices)
    close = Form(
        action=f"/desk/cases/{case.case_id}/explain",
        submit=Words("以说明结案", "Close by a word"),
        fields=(field,),
        quiet=case.kind not in LOOKED_AT,
    )
    return [
        Section(
            id="looked",
            title=Words("已查看，无须更正", "Looked at, nothing to correct"),
            lead=Words(
                "记录属实、只是时间、设备或标签异常的，说明原因即可结案，记录不改。",
                "Where what was said is true and only its time, its device or a label is odd, a word closes it and the"
                " record stays as it is.",
            ),
            forms=(close,),
        )
    ]


def _ends(caller: Caller, case: Case) -> Section:
    base = f"/desk/cases/{case.case_id}"
    types = [act_words(each.value) for each in RESOLUTIONS[case.kind]]
    forms = [
        Form(
            action=f"{base}/resolve",
            submit=Words("以新的记录结案", "Close by a new statement"),
            quiet=True,
            fields=(
                Field(
                    name="statement",
                    label=Words("记录编号", "Id of the statement"),
                    help=Words(
                        f"可用的记录：{'、'.join(each.zh for each in types)}",
                        f"Of these types: {', '.join(each.en for each in types)}",
                    ),
                ),
            ),
        )
    ]
    if case.taken_by != caller.actor:
        forms.insert(0, Form(action=f"{base}/take", submit=Words("由我处理", "I take it"), quiet=True))
    return Section(id="ends", title=Words("处理", "What to do"), forms=tuple(forms))
