"""The office's desk for complaints: the list, one with all that was written, and what can be done with it."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.codes.short_code import format_short_code
from coldtrace.custody.case_kinds import CASE_WORDS
from coldtrace.errors import Words
from coldtrace.parties import store as parties
from coldtrace.people.secret_box import open_text
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import complaint_work, complaints
from coldtrace.watch.cases import Case
from coldtrace.watch.complaint_refusals import ComplaintUnknown
from coldtrace.watch.complaint_rules import (
    COMPLAINT_STATE_WORDS,
    NOT_ACCEPTED_WORDS,
    OUTCOME_WORDS,
    SUBJECT_WORDS,
    UNPUBLISHED_WORDS,
    ComplaintState,
    NotAccepted,
    Outcome,
    Unpublished,
)
from coldtrace.watch.complaint_work import LIVE_AND_ACCEPTED, Publish
from coldtrace.watch.complaints import Complaint, Wished
from coldtrace.watch.model import CASE_STATE_WORDS
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.complaints import CloseIn, RefuseIn, UnpublishIn, cases_about, photo_answer
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import PAGE, SITE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.web.place_words import district_words

router = APIRouter(include_in_schema=False)
ComplaintReader = Annotated[Caller, page_needs(Kind.COMPLAINT, Verb.READ)]
ComplaintOfficer = Annotated[Caller, page_needs(Kind.COMPLAINT, Verb.WRITE)]

TITLE = Words("投诉", "Complaints")
RECEIPT, RECEIVED, DUE = Words("回执号", "Receipt"), Words("收到时间", "Received"), Words("期限", "Due")
MATTER, PRODUCT, WHERE = Words("反映的问题", "Matter"), Words("产品", "Product"), Words("地区", "Where")
LATE = Words("（已逾期）", " (overdue)")
NOBODYS = Words("（不在任何主管人员的辖区）", " (in nobody's area)")
SHOWN = {"live": True, "ended": False, "unassigned": True}
TITLES = {
    "live": Words("待处理", "To do"),
    "ended": Words("已结束", "Ended"),
    "unassigned": Words("待处理，尚无主管部门", "To do, in nobody's area"),
}


_LINKS = {
    "live": ("/desk/complaints", Words("待处理的", "Those to do")),
    "unassigned": ("/desk/complaints?show=unassigned", Words("尚无主管部门的", "Those in nobody's area")),
    "ended": ("/desk/complaints?show=ended", Words("已结束的", "Those that ended")),
}


def _where(found: Complaint) -> Words:
    """Return the district, and that it is in nobody's area where somebody still has to see to it."""
    words = district_words(found.district)
    more = NOBODYS if found.unassigned and found.is_live else Words("", "")
    return Words(words.zh + more.zh, words.en + more.en)


@router.get("/desk/complaints")
def complaints_page(
    request: Request, caller: ComplaintReader, after: UUID | None = None, show: str = "live"
) -> Response:
    """List the complaints that wait for the office, or those that ended."""
    shown = show if show in SHOWN else "live"
    with request.app.state.sessions() as session:
        wished = Wished(live=SHOWN[shown], unassigned=shown == "unassigned")
        found = complaints.list_complaints(session, caller.scope, after=after, limit=PAGE, wished=wished)
    caller.about(*(each.operator_id for each in found))
    caller.told(rows=len(found))
    now = request.app.state.env.clock()
    whole = caller.scope.everything or "" in caller.scope.areas
    section = Section(
        id="complaints",
        title=TITLES[shown],
        lead=Words(
            "消费者从查询页提交的投诉，按购买地点归属辖区。",
            "What consumers complained of from the look-up page, by the place where they bought it.",
        ),
        columns=(RECEIPT, STATE, MATTER, PRODUCT, WHERE, RECEIVED, DUE),
        rows=tuple(
            Row(
                id=str(each.complaint_id),
                cells=(
                    Cell(text=format_short_code(each.receipt), url=f"/desk/complaints/{each.complaint_id}"),
                    Cell(words=COMPLAINT_STATE_WORDS[each.state]),
                    Cell(words=SUBJECT_WORDS[each.subject]),
                    _product(each),
                    Cell(words=_where(each)),
                    Cell(moment=each.received_at),
                    Cell(words=LATE if each.is_overdue(now) else None, moment=each.due_at)
                    if each.due_at is not None
                    else Cell(text="-"),
                ),
            )
            for each in found
        ),
        empty=Words("没有投诉。", "There are none."),
        next_url=f"/desk/complaints?show={shown}&after={found[-1].complaint_id}" if len(found) == PAGE else None,
        links=tuple(link for show, link in _LINKS.items() if show != shown and (show in ("live", "ended") or whole)),
    )
    return show_sheet(request, caller, TITLE, (section,))


@router.get("/desk/complaints/{complaint_id:uuid}")
def complaint_page(request: Request, complaint_id: UUID, caller: ComplaintReader) -> Response:
    """Show one complaint and what can be done with it."""
    return _complaint(request, caller, complaint_id)


@router.get("/desk/complaints/{complaint_id:uuid}/photo")
def complaint_photo(request: Request, complaint_id: UUID, caller: ComplaintReader) -> Response:
    """Show its photo."""
    with request.app.state.sessions() as session:
        return photo_answer(complaint_id, session, caller)


@router.post("/desk/complaints/{complaint_id:uuid}/accept")
def post_accept(request: Request, complaint_id: UUID, caller: ComplaintOfficer) -> Response:
    """Accept it."""
    state = request.app.state

    def act(session: Session) -> None:
        done = complaint_work.accept(
            session, state.env, caller.scope, complaint_id, by=caller.actor, days=state.complaint_days
        )
        _told(caller, done)

    return answer(request, caller, change(request, caller, act), partial(_complaint, complaint_id=complaint_id))


@router.post("/desk/complaints/{complaint_id:uuid}/refuse")
def post_refuse(request: Request, complaint_id: UUID, caller: ComplaintOfficer, body: Body) -> Response:
    """Say why it is not accepted."""

    def act(session: Session) -> None:
        asked = read_fields(RefuseIn, form_fields(request, body))
        env = request.app.state.env
        _told(
            caller, complaint_work.refuse(session, env, caller.scope, complaint_id, by=caller.actor, why=asked.reason)
        )

    return answer(request, caller, change(request, caller, act), partial(_complaint, complaint_id=complaint_id))


@router.post("/desk/complaints/{complaint_id:uuid}/begin")
def post_begin(request: Request, complaint_id: UUID, caller: ComplaintOfficer) -> Response:
    """Begin to work on it."""

    def act(session: Session) -> None:
        _told(caller, complaint_work.begin(session, caller.scope, complaint_id, by=caller.actor))

    return answer(request, caller, change(request, caller, act), partial(_complaint, complaint_id=complaint_id))


@router.post("/desk/complaints/{complaint_id:uuid}/close")
def post_close(request: Request, complaint_id: UUID, caller: ComplaintOfficer, body: Body) -> Response:
    """Close it with its outcome, to be published or not."""
    state = request.app.state

    def act(session: Session) -> None:
        fields = form_fields(request, body)
        # Browsers send lines of a text with a carriage return.
        asked = read_fields(CloseIn, fields | {"answer": fields.get("answer", "").replace("\r\n", "\n")})
        publish = Publish(respondent=asked.publish_as or "") if fields.get("publish") == "yes" else None
        done = complaint_work.close(
            session,
            state.env,
            caller.scope,
            complaint_id,
            by=caller.actor,
            outcome=asked.outcome,
            answer=asked.answer,
            publish=publish,
            days=state.complaint_days,
        )
        _told(caller, done)

    return answer(request, caller, change(request, caller, act), partial(_complaint, complaint_id=complaint_id))


@router.post("/desk/complaints/{complaint_id:uuid}/unpublish")
def post_unpublish(request: Request, complaint_id: UUID, caller: ComplaintOfficer, body: Body) -> Response:
    """Publish its result no more."""

    def act(session: Session) -> None:
        asked = read_fields(UnpublishIn, form_fields(request, body))
        done = complaint_work.unpublish(session, caller.scope, complaint_id, by=caller.actor, why=asked.reason)
        _told(caller, done)

    return answer(request, caller, change(request, caller, act), partial(_complaint, complaint_id=complaint_id))


def _told(caller: Caller, found: Complaint) -> None:
    caller.about(found.operator_id)
    caller.told(state=found.state.value)


def _complaint(
    request: Request,
    caller: Caller,
    complaint_id: UUID,
    *,
    notice: Words | None = None,
    problem: Words | None = None,
    status: int = 200,
) -> Response:
    with request.app.state.sessions() as session:
        found = complaints.find_complaint(session, caller.scope, complaint_id)
        if found is None:
            raise ComplaintUnknown(id=str(complaint_id))
        site = None if found.gln is None else parties.site(session, found.gln)
        related = cases_about(caller, session, found)
    caller.about(found.operator_id)
    sections = [_facts(request, found), _from_consumer(request, found)]
    sections += [_cases(related)] if related else []
    if not caller.scope_for(Kind.COMPLAINT, Verb.WRITE).is_empty:
        sections += _acts(found, firm="" if site is None else site.name_zh)
    here = f"/desk/complaints/{complaint_id}"
    return show_sheet(request, caller, TITLE, sections, notice=notice, problem=problem, status=status, here=here)


def _product(found: Complaint) -> Cell:
    name = Bilingual(zh=found.product_zh, en=found.product_en)
    return Cell(name=name) if name else Cell(text="-")


def _facts(request: Request, found: Complaint) -> Section:
    late = LATE if found.is_overdue(request.app.state.env.clock()) else None
    facts = [
        (RECEIPT, Cell(text=format_short_code(found.receipt))),
        (STATE, Cell(words=COMPLAINT_STATE_WORDS[found.state])),
        (MATTER, Cell(words=SUBJECT_WORDS[found.subject])),
        (PRODUCT, _product(found)),
        (WHERE, Cell(words=district_words(found.district))),
        (SITE, Cell(text=found.gln or "-")),
        (Words("验码结果", "Verdict on the code"), Cell(text=found.verdict)),
        (Words("货物", "Goods"), Cell(text=found.unit_id or "-")),
        (RECEIVED, Cell(moment=found.received_at)),
    ]
    facts += [(DUE, Cell(words=late, moment=found.due_at))] if found.due_at is not None else []
    facts += [(Words("决定时间", "Decided"), Cell(moment=found.decided_at))] if found.decided_at is not None else []
    if found.not_accepted is not None:
        facts.append((Words("不予受理的原因", "Why not"), Cell(words=NOT_ACCEPTED_WORDS[found.not_accepted])))
    if found.outcome is not None:
        facts.append((Words("处理结果", "Result"), Cell(words=OUTCOME_WORDS[found.outcome], moment=found.closed_at)))
    if found.answer:
        facts.append((Words("答复", "Answer"), Cell(text=found.answer)))
    if found.publish_from is not None:
        shown = Words("公示自", "Published from")
        facts.append((shown, Cell(text=found.respondent, moment=found.publish_from)))
    if found.unpublished is not None:
        facts.append((Words("已撤下公示", "Published no more"), Cell(words=UNPUBLISHED_WORDS[found.unpublished])))
    return Section(
        id="complaint", title=Words("投诉", "The complaint"), facts=tuple(facts), links=(("/desk/complaints", TITLE),)
    )


def _from_consumer(request: Request, found: Complaint) -> Section:
    contact = None if found.contact is None else open_text(request.app.state.env, found.contact)
    gone = Words("已按保留期限删除", "erased, its time being over") if found.erased_at is not None else None
    return Section(
        id="told",
        title=Words("消费者提供的内容", "What the consumer told"),
        lead=Words("仅供处理使用，不公示。", "For handling it only; never published."),
        photo=(
            (f"/desk/complaints/{found.complaint_id}/photo", Words("投诉照片", "Photo of the complaint"))
            if found.has_photo
            else None
        ),
        facts=(
            (Words("说明", "What happened"), Cell(words=gone, text=found.said or "-")),
            (Words("商家名称", "Shop"), Cell(text=found.shop or "-")),
            (Words("联系方式", "How to reach"), Cell(text=contact or "-")),
            (Words("追溯码", "Code"), Cell(text=found.code or "-")),
            (Words("语言", "Language"), Cell(text=found.lang)),
        ),
    )


def _cases(found: list[Case]) -> Section:
    return Section(
        id="related",
        title=Words("同一货物的异常", "Cases of the same goods"),
        columns=(Words("类型", "What"), STATE, Words("产生时间", "Opened")),
        rows=tuple(
            Row(
                id=str(case.case_id),
                cells=(
                    Cell(words=CASE_WORDS[case.kind], text=str(case.case_id)[-8:], url=f"/desk/cases/{case.case_id}"),
                    Cell(words=CASE_STATE_WORDS[case.state]),
                    Cell(moment=case.opened_at),
                ),
            )
            for case in found
        ),
    )


def _acts(found: Complaint, *, firm: str) -> list[Section]:
    base = f"/desk/complaints/{found.complaint_id}"
    forms: list[Form] = []
    if found.state is ComplaintState.RECEIVED:
        forms = [
            Form(action=f"{base}/accept", submit=Words("受理", "Accept")),
            Form(
                action=f"{base}/refuse",
                submit=Words("不予受理", "Do not accept"),
                quiet=True,
                fields=(
                    Field(
                        name="reason",
                        label=Words("原因", "Reason"),
                        kind="select",
                        choices=tuple(Choice(value=each.value, label=NOT_ACCEPTED_WORDS[each]) for each in NotAccepted),
                    ),
                ),
            ),
        ]
    if found.state is ComplaintState.ACCEPTED:
        forms.append(Form(action=f"{base}/begin", submit=Words("开始处理", "Begin"), quiet=True))
    if found.state in LIVE_AND_ACCEPTED:
        forms.append(_close_form(base, firm))
    if found.publication_id is not None and found.unpublished is None:
        why = tuple(Choice(value=each.value, label=UNPUBLISHED_WORDS[each]) for each in Unpublished)
        forms.append(
            Form(
                action=f"{base}/unpublish",
                submit=Words("撤下公示", "Publish it no more"),
                quiet=True,
                fields=(Field(name="reason", label=Words("原因", "Reason"), kind="select", choices=why),),
            )
        )
    return [Section(id="acts", title=Words("处理", "What to do"), forms=tuple(forms))] if forms else []


def _close_form(base: str, firm: str) -> Form:
    return Form(
        action=f"{base}/close",
        submit=Words("办结", "Close it"),
        fields=(
            Field(
                name="outcome",
                label=Words("处理结果", "Result"),
                kind="select",
                choices=tuple(Choice(value=each.value, label=OUTCOME_WORDS[each]) for each in Outcome),
            ),
            Field(
                name="answer",
                label=Words("给投诉人的答复", "Answer to whoever complained"),
                kind="textarea",
                help=Words(
                    "凭回执号可见，不公示；请勿写入个人信息。",
                    "Read with the receipt number, never published; no personal data, please.",
                ),
            ),
            Field(name="publish", label=Words("公示此结果", "Publish this result"), kind="check", required=False),
            Field(
                name="publish_as",
                label=Words("被投诉单位（公示名称）", "Firm, as it is published"),
                value=firm,
                required=False,
                help=Words(
                    "公示单位、问题、产品、地区和结果，不含投诉人信息。",
                    "Firm, matter, product, district and result are published; nothing of whoever complained.",
                ),
            ),
        ),
    )
