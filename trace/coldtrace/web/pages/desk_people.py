"""The desk's pages of people: the list within one's rights, one person, and forms.

They do what the API does (`web/api/people.py`), through the same services.
"""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.parties.model import Operator
from coldtrace.people import memberships
from coldtrace.people.inviting import InvitePerson, give_role, invite_person
from coldtrace.people.mail import link_address
from coldtrace.people.memberships import ListedPerson
from coldtrace.people.model import Membership, PersonState
from coldtrace.people.personal_data import erase_person, may_erase, organisations_of
from coldtrace.people.persons import LinkPurpose
from coldtrace.people.refusals import PersonUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.people import MemberIn, wanted_member
from coldtrace.web.page_base import page_base
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import (
    ACTION,
    PAGE,
    ROLE,
    SITE,
    STATE,
    STATES,
    answer,
    change,
    read_fields,
    show_sheet,
)
from coldtrace.web.pages.desk_member_form import firm_cell, firms_of, member_fields, member_form, own_firms, role_cell
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.refusals import ErasureUnconfirmed

router = APIRouter(include_in_schema=False)
ERASE_WORDS = ("删除", "erase")
"""What somebody types to say that they mean it."""
PersonReader = Annotated[Caller, page_needs(Kind.PERSON, Verb.READ)]
PersonWriter = Annotated[Caller, page_needs(Kind.PERSON, Verb.WRITE)]
PersonEraser = Annotated[Caller, page_needs(Kind.PERSON, Verb.WRITE, act="erase")]


@router.get("/desk/people")
def people_page(request: Request, caller: PersonReader, after: UUID | None = None) -> Response:
    """List the people of one's organisations."""
    return _people(request, caller, after=after)


@router.post("/desk/people")
def post_person(request: Request, caller: PersonWriter, body: Body) -> Response:
    """Invite somebody with a role; where no mail is sent, the link is shown once to whoever invites."""
    links: list[str] = []

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        member = wanted_member(session, read_fields(MemberIn, member_fields(fields)))
        settings = request.app.state.settings
        invited = invite_person(
            session,
            request.app.state.env,
            InvitePerson(
                email=fields.get("email", ""),
                name=fields.get("name", ""),
                lang=fields.get("mail_lang", "zh"),
                member=member,
                by=caller.reader,
                made_by=caller.actor,
            ),
            by_mail=settings.smtp_url is not None,
        )
        caller.about(member.operator_id)
        caller.at(member.sites or ())
        if invited.secret is not None and settings.smtp_url is None:
            links.append(
                link_address(
                    page_base(settings, otherwise=str(request.base_url)), LinkPurpose.INVITATION, invited.secret
                )
            )

    outcome = change(request, caller, work)
    return answer(request, caller, outcome, _people, secret=links[0] if links else None)


@router.get("/desk/people/{person_id}")
def person_page(request: Request, person_id: UUID, caller: PersonReader) -> Response:
    """Show one person with everything that can be done about the account."""
    return show_person(request, caller, person_id=person_id)


@router.post("/desk/people/{person_id}/memberships")
def post_membership(request: Request, person_id: UUID, caller: PersonWriter, body: Body) -> Response:
    """Give somebody one more role."""

    def work(session: Session) -> None:
        if not memberships.people(session, scope=caller.scope, limit=1, person_id=person_id):
            raise PersonUnknown(id=str(person_id))
        member = wanted_member(session, read_fields(MemberIn, member_fields(form_fields(request, body))))
        give_role(
            session,
            request.app.state.env,
            by=caller.reader,
            made_by=caller.actor,
            person_id=person_id,
            member=member,
            by_mail=request.app.state.settings.smtp_url is not None,
        )
        caller.about(member.operator_id)
        caller.at(member.sites or ())

    return answer(request, caller, change(request, caller, work), partial(show_person, person_id=person_id))


@router.post("/desk/memberships/{membership_id}/end")
def post_end_membership(request: Request, membership_id: UUID, caller: PersonWriter) -> Response:
    """End a role."""

    def work(session: Session) -> None:
        ended = memberships.end_membership(
            session, request.app.state.env, by=caller.reader, scope=caller.scope, membership_id=membership_id
        )
        caller.about(ended.operator_id)
        caller.at(ended.sites or ())

    return answer(request, caller, change(request, caller, work), _people)


@router.post("/desk/people/{person_id}/erase")
def post_erase(request: Request, person_id: UUID, caller: PersonEraser, body: Body) -> Response:
    """Erase a person's data for good, once the word that says so was typed."""

    def work(session: Session) -> None:
        if form_fields(request, body).get("confirm", "").strip().lower() not in ERASE_WORDS:
            raise ErasureUnconfirmed()
        erase_person(session, request.app.state.env, person_id, scope=caller.scope, by=caller.reader)
        caller.about(*organisations_of(session, person_id))

    outcome = change(request, caller, work)
    # Of somebody who is erased there is no page any more.
    return answer(request, caller, outcome, _people if outcome is None else partial(show_person, person_id=person_id))


def _people(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        found = memberships.people(session, scope=caller.scope_for(Kind.PERSON, Verb.READ), after=after, limit=PAGE)
        held = [each for person in found for each in person.memberships]
        firms = firms_of(session, held)
        own = own_firms(session, caller)
    caller.about(*(each.operator_id for each in held))
    rows = []
    for person in found:
        for each in person.memberships or (None,):
            ends = () if each is None else (_end_form(each),)
            rows.append(
                Row(
                    id=str(person.person_id if each is None else each.membership_id),
                    cells=(
                        Cell(text=person.name, url=f"/desk/people/{person.person_id}"),
                        Cell(text=person.email or "-"),
                        Cell(words=STATES[person.state]),
                        role_cell(each),
                        firm_cell(each, firms),
                        Cell(moment=person.last_sign_in_at) if person.last_sign_in_at else Cell(text="-"),
                    ),
                    forms=ends,
                )
            )
    table = Section(
        id="people",
        title=Words("本单位人员", "People of my organisations"),
        columns=(
            Words("姓名", "Name"),
            Words("邮箱", "E-mail"),
            Words("状态", "State"),
            ROLE,
            Words("单位", "Organisation"),
            Words("最近登录", "Last sign-in"),
            ACTION,
        ),
        rows=tuple(rows),
        empty=Words("还没有人员。", "Nobody yet."),
        next_url=f"/desk/people?after={found[-1].person_id}" if len(found) == PAGE else None,
    )
    invite = Section(
        id="invite",
        title=Words("邀请", "Invite somebody"),
        lead=Words(
            "只能授予您自己拥有的角色。受邀人通过一次性链接设置密码。",
            "You can give the roles that you have. The person chooses a password by a one-time link.",
        ),
        forms=(
            Form(
                action="/desk/people",
                submit=Words("邀请", "Invite"),
                fields=(
                    Field(name="email", label=Words("邮箱", "E-mail"), kind="email"),
                    Field(name="name", label=Words("姓名", "Name")),
                    Field(
                        name="mail_lang",
                        label=Words("邮件语言", "Letter in"),
                        kind="select",
                        choices=(
                            Choice(value="zh", label=Words("中文", "Chinese")),
                            Choice(value="en", label=Words("英文", "English")),
                        ),
                    ),
                    *member_form(caller, own),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, Words("人员", "People"), (table, invite), **said_)


def show_person(request: Request, caller: Caller, *, person_id: UUID, **said_: Any) -> Response:
    """Show the page of one person, after a form with what came of it; raises PersonUnknown."""
    with request.app.state.sessions() as session:
        found = memberships.people(
            session, scope=caller.scope_for(Kind.PERSON, Verb.READ), limit=1, person_id=person_id
        )
        if not found:
            raise PersonUnknown(id=str(person_id))
        (person,) = found
        firms = firms_of(session, person.memberships)
        own = own_firms(session, caller)
        erasable = may_erase(session, person_id, caller.scope_for(Kind.PERSON, Verb.WRITE), caller.reader)
    caller.about(*(each.operator_id for each in person.memberships))
    sections = [_facts(person), _roles(person, firms)]
    if person.state in (PersonState.INVITED, PersonState.ACTIVE):
        sections.append(_grant(caller, person_id, own))
    if not caller.scope_for(Kind.ACCOUNT, Verb.WRITE).is_empty:
        sections.append(_account(person, is_own=person_id == caller.person_id))
    if erasable:
        sections.append(_erase(person_id))
    title = Words(person.name or "-", person.name or "-")
    return show_sheet(request, caller, title, sections, here=f"/desk/people/{person_id}", **said_)


def _facts(person: ListedPerson) -> Section:
    never = Cell(words=Words("从未", "Never"))
    steps = Words("密码和动态码", "Password and code") if person.has_second_step else Words("仅密码", "Password alone")
    return Section(
        id="person",
        title=Words("账号", "Account"),
        facts=(
            (Words("邮箱", "E-mail"), Cell(text=person.email or "-")),
            (STATE, Cell(words=STATES[person.state])),
            (Words("登录方式", "Signs in with"), Cell(words=steps)),
            (
                Words("最近登录", "Last sign-in"),
                never if person.last_sign_in_at is None else Cell(moment=person.last_sign_in_at),
            ),
        ),
        links=(("/desk/people", Words("返回人员清单", "Back to the people")),),
    )


def _roles(person: ListedPerson, firms: dict[UUID, Operator]) -> Section:
    return Section(
        id="roles",
        title=Words("任职", "Roles"),
        columns=(ROLE, Words("单位", "Organisation"), SITE, Words("授予", "Given"), ACTION),
        rows=tuple(
            Row(
                id=str(each.membership_id),
                cells=(
                    role_cell(each),
                    firm_cell(each, firms),
                    Cell(words=Words("全部场所", "All sites"))
                    if each.sites is None
                    else Cell(text=" ".join(each.sites)),
                    Cell(moment=each.made_at),
                ),
                forms=(_end_form(each),),
            )
            for each in person.memberships
        ),
        empty=Words("没有任职，登录后看不到任何内容。", "No role: after signing in nothing can be seen."),
    )


def _grant(caller: Caller, person_id: UUID, own: list[Operator]) -> Section:
    return Section(
        id="grant",
        title=Words("增加任职", "Give a further role"),
        lead=Words("只能授予您自己拥有的角色。", "You can give the roles that you have."),
        forms=(
            Form(
                action=f"/desk/people/{person_id}/memberships",
                submit=Words("授予", "Give it"),
                fields=member_form(caller, own),
            ),
        ),
    )


def _account(person: ListedPerson, *, is_own: bool) -> Section:
    path = f"/desk/people/{person.person_id}"
    closed = person.state == PersonState.CLOSED
    forms = [
        Form(action=f"{path}/reopen", submit=Words("恢复账号", "Reopen the account"), quiet=True)
        if closed
        else Form(action=f"{path}/close", submit=Words("关闭账号", "Close the account"), quiet=True)
    ]
    if person.has_second_step and not is_own:
        words = Words("移除两步验证", "Take the second step away")
        forms.append(Form(action=f"{path}/second-step/remove", submit=words, quiet=True))
    return Section(
        id="account",
        title=Words("关闭与恢复", "Closing and reopening"),
        lead=Words(
            "关闭后不能登录，登录、个人令牌和未用链接立即结束，任职保留；恢复后重新登录即可。手机和备用码都丢失时，可移除两步验证，"
            "本人会收到邮件；移除前请当面或以其他方式确认是本人。",
            "A closed account cannot sign in; sessions, own tokens and open links end at once, roles stay, and after a"
            " reopening the person signs in anew. A second step is taken away where phone and recovery codes are lost;"
            " the person gets a letter. Make sure first, not by e-mail, that it is they who ask.",
        ),
        forms=tuple(forms),
    )


def _erase(person_id: UUID) -> Section:
    return Section(
        id="erase",
        title=Words("删除个人信息", "Erase this person's data"),
        lead=Words(
            "姓名、邮箱、密码、令牌永久删除，审计日志只留编号。",
            "Name, e-mail, password and tokens go for good; the journal keeps the id alone.",
        ),
        forms=(_erase_form(person_id),),
    )


def _end_form(each: Membership) -> Form:
    return Form(
        action=f"/desk/memberships/{each.membership_id}/end", submit=Words("结束任职", "End this role"), quiet=True
    )


def _erase_form(person_id: UUID) -> Form:
    label = Words("输入“删除”以确认，无法撤销", "Type “erase” to confirm; it cannot be undone")
    return Form(
        action=f"/desk/people/{person_id}/erase",
        submit=Words("删除个人信息", "Erase this person's data"),
        fields=(Field(name="confirm", label=label),),
        quiet=True,
    )
