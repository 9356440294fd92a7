"""The desk's pages of people and tokens: lists within one's rights, and forms.

They do what the API does (`web/api/people.py`), through the same services.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Operator
from coldtrace.people import memberships
from coldtrace.people.inviting import InvitePerson, invite_person
from coldtrace.people.mail import link_address
from coldtrace.people.model import Membership
from coldtrace.people.personal_data import erase_person, handled_by, organisations_of
from coldtrace.people.persons import LinkPurpose
from coldtrace.people.refusals import PersonUnknown
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind, Role, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.people import MemberIn, TokenIn, wanted_member
from coldtrace.web.page_base import page_base
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import (
    ACTION,
    NAME,
    PAGE,
    ROLE,
    STATES,
    USCC,
    answer,
    change,
    read_fields,
    show_sheet,
)
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.web.refusals import ErasureUnconfirmed

router = APIRouter(include_in_schema=False)
ERASE_WORDS = ("删除", "erase")
"""What somebody types to say that they mean it."""
PersonReader = Annotated[Caller, page_needs(Kind.PERSON, Verb.READ)]
PersonWriter = Annotated[Caller, page_needs(Kind.PERSON, Verb.WRITE)]
PersonEraser = Annotated[Caller, page_needs(Kind.PERSON, Verb.WRITE, act="erase")]
TokenReader = Annotated[Caller, page_needs(Kind.TOKEN, Verb.READ)]
TokenWriter = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE)]


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
        member = wanted_member(session, read_fields(MemberIn, _member_fields(fields)))
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
        if invited.secret is not None and settings.smtp_url is None:
            links.append(
                link_address(
                    page_base(settings, otherwise=str(request.base_url)), LinkPurpose.INVITATION, invited.secret
                )
            )

    outcome = change(request, caller, work)
    return answer(request, caller, outcome, _people, secret=links[0] if links else None)


@router.post("/desk/people/{person_id}/memberships")
def post_membership(request: Request, person_id: UUID, caller: PersonWriter, body: Body) -> Response:
    """Give somebody one more role."""

    def work(session: Session) -> None:
        if not memberships.people(session, scope=caller.scope, limit=1, person_id=person_id):
            raise PersonUnknown(id=str(person_id))
        member = wanted_member(session, read_fields(MemberIn, _member_fields(form_fields(request, body))))
        memberships.grant(
            session,
            request.app.state.env,
            by=caller.reader,
            made_by=caller.actor,
            person_id=person_id,
            member=member,
        )
        caller.about(member.operator_id)

    return answer(request, caller, change(request, caller, work), _people)


@router.post("/desk/memberships/{membership_id}/end")
def post_end_membership(request: Request, membership_id: UUID, caller: PersonWriter) -> Response:
    """End a role."""

    def work(session: Session) -> None:
        ended = memberships.end_membership(
            session, request.app.state.env, by=caller.reader, scope=caller.scope, membership_id=membership_id
        )
        caller.about(ended.operator_id)

    return answer(request, caller, change(request, caller, work), _people)


@router.post("/desk/people/{person_id}/erase")
def post_erase(request: Request, person_id: UUID, caller: PersonEraser, body: Body) -> Response:
    """Erase a person's data for good, once the word that says so was typed."""

    def work(session: Session) -> None:
        if form_fields(request, body).get("confirm", "").strip().lower() not in ERASE_WORDS:
            raise ErasureUnconfirmed()
        erase_person(session, request.app.state.env, person_id, scope=caller.scope)
        caller.about(*organisations_of(session, person_id))

    return answer(request, caller, change(request, caller, work), _people)


@router.get("/desk/tokens")
def tokens_page(request: Request, caller: TokenReader, after: UUID | None = None) -> Response:
    """List the tokens of one's organisations."""
    return _tokens(request, caller, after=after)


@router.post("/desk/tokens")
def post_token(request: Request, caller: TokenWriter, body: Body) -> Response:
    """Make a token of an organisation; it is shown once."""
    made: list[str] = []

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        wanted = read_fields(TokenIn, _member_fields(fields) | {"name": fields.get("name"), "days": fields.get("days")})
        member = wanted_member(session, wanted)
        made.append(
            memberships.new_token(
                session,
                request.app.state.env,
                by=caller.reader,
                made_by=caller.actor,
                name=wanted.name,
                life=timedelta(days=wanted.days),
                member=member,
                rights=None,
            )
        )
        caller.about(member.operator_id)

    return answer(request, caller, change(request, caller, work), _tokens, secret=made[0] if made else None)


@router.post("/desk/tokens/{token_id}/withdraw")
def post_withdraw_token(request: Request, token_id: UUID, caller: TokenWriter) -> Response:
    """Withdraw a token."""

    def work(session: Session) -> None:
        memberships.revoke_token(
            session,
            request.app.state.env,
            by=caller.reader,
            scope=caller.scope,
            token_id=token_id,
            own=caller.person_id,
        )

    return answer(request, caller, change(request, caller, work), _tokens)


def _member_fields(fields: dict[str, str]) -> dict[str, Any]:
    named = [part for part in fields.get("sites", "").replace(",", " ").replace("，", " ").split() if part]
    return {
        "organisation": fields.get("organisation", ""),
        "role": fields.get("role", ""),
        "sites": named or None,
        "area": fields.get("area") or None,
        "manages": fields.get("manages") == "yes",
    }


def _people(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        found = memberships.people(session, scope=caller.scope_for(Kind.PERSON, Verb.READ), after=after, limit=PAGE)
        held = [each for person in found for each in person.memberships]
        firms = _firms(session, held)
        own = _own_firms(session, caller)
        erasable = handled_by(
            session, [person.person_id for person in found], caller.scope_for(Kind.PERSON, Verb.WRITE)
        )
    caller.about(*(each.operator_id for each in held))
    rows = []
    for person in found:
        for number, each in enumerate(person.memberships or (None,)):
            ends = () if each is None else (_end_form(each),)
            erases = (_erase_form(person.person_id),) if number == 0 and person.person_id in erasable else ()
            rows.append(
                Row(
                    id=str(person.person_id if each is None else each.membership_id),
                    cells=(
                        Cell(text=person.name),
                        Cell(text=person.email or "-"),
                        Cell(words=STATES[person.state]),
                        _role_cell(each),
                        _firm_cell(each, firms),
                        Cell(moment=person.last_sign_in_at) if person.last_sign_in_at else Cell(text="-"),
                    ),
                    forms=ends + erases,
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
                    *_member_form(caller, own),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, Words("人员", "People"), (table, invite), **said_)


def _tokens(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        found = memberships.tokens(session, scope=caller.scope_for(Kind.TOKEN, Verb.READ), after=after, limit=PAGE)
        held = [each for token in found for each in token.memberships]
        firms = _firms(session, held)
        own = _own_firms(session, caller)
    caller.about(*(each.operator_id for each in held))
    table = Section(
        id="tokens",
        title=Words("单位的接口令牌", "API tokens of my organisations"),
        columns=(
            NAME,
            ROLE,
            Words("单位", "Organisation"),
            Words("到期", "Ends"),
            Words("最近使用", "Last used"),
            ACTION,
        ),
        rows=tuple(
            Row(
                id=str(token.token_id),
                cells=(
                    Cell(text=token.name),
                    _role_cell(token.memberships[0] if token.memberships else None),
                    _firm_cell(token.memberships[0] if token.memberships else None, firms),
                    Cell(moment=token.expires_at) if token.expires_at else Cell(text="-"),
                    Cell(moment=token.last_used_at) if token.last_used_at else Cell(text="-"),
                ),
                forms=(
                    Form(
                        action=f"/desk/tokens/{token.token_id}/withdraw", submit=Words("撤销", "Withdraw"), quiet=True
                    ),
                ),
            )
            for token in found
        ),
        empty=Words("还没有令牌。", "No token yet."),
        next_url=f"/desk/tokens?after={found[-1].token_id}" if len(found) == PAGE else None,
    )
    make = Section(
        id="make",
        title=Words("新建令牌", "Make a token"),
        lead=Words("令牌只显示一次，请立即保存。", "A token is shown once; keep it at once."),
        forms=(
            Form(
                action="/desk/tokens",
                submit=Words("新建", "Make it"),
                fields=(
                    Field(name="name", label=NAME, help=Words("例如：ERP 接口", "ERP, say")),
                    Field(name="days", label=Words("有效天数", "Good for days"), kind="number", value="90"),
                    *_member_form(caller, own),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, Words("令牌", "Tokens"), (table, make), **said_)


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


def _firms(session: Session, held: Iterable[Membership]) -> dict[UUID, Operator]:
    wanted = {each.operator_id for each in held if each.operator_id is not None}
    return {each.operator_id: each for each in parties_store.operators_by_id(session, wanted)}


def _own_firms(session: Session, caller: Caller) -> list[Operator]:
    wanted = {each.operator_id for each in caller.reader.members if each.operator_id is not None}
    return sorted(parties_store.operators_by_id(session, wanted), key=lambda each: each.uscc)


def _role_cell(each: Membership | None) -> Cell:
    if each is None:
        return Cell(text="-")
    words = PERSON_ROLE_WORDS[each.role]
    more_zh = "".join(
        (
            f"（区域 {each.area or '全国'}）" if each.area is not None else "",
            f"（仅 {len(each.sites)} 个场所）" if each.sites is not None else "",
            "，可管理" if each.manages else "",
        )
    )
    more_en = "".join(
        (
            f" (area {each.area or 'whole country'})" if each.area is not None else "",
            f" ({len(each.sites)} sites only)" if each.sites is not None else "",
            ", manages" if each.manages else "",
        )
    )
    return Cell(words=Words(words.zh + more_zh, words.en + more_en))


def _firm_cell(each: Membership | None, firms: dict[UUID, Operator]) -> Cell:
    if each is None or each.operator_id is None:
        return Cell(text="-")
    firm = firms[each.operator_id]
    return Cell(name=Bilingual(zh=firm.name_zh, en=firm.name_en), text=firm.uscc)


def _member_form(caller: Caller, own: list[Operator]) -> tuple[Field, ...]:
    """Return the fields of a role: an administrator may give any, everybody else what they have."""
    is_administrator = any(each.role is Role.ADMINISTRATOR for each in caller.reader.members)
    roles = list(Role) if is_administrator else [each for each in Role if each in _managed(caller)]
    return (
        Field(
            name="organisation",
            label=USCC,
            value=own[0].uscc if own else "",
            help=None if not own else Words("默认为本单位", "Your own unless you change it"),
        ),
        Field(
            name="role",
            label=ROLE,
            kind="select",
            choices=tuple(Choice(value=role.value, label=PERSON_ROLE_WORDS[role]) for role in roles),
        ),
        Field(
            name="sites",
            label=Words("仅限场所（GLN，空格分隔）", "Only these sites (GLNs, with blanks between)"),
            required=False,
        ),
        Field(
            name="area",
            label=Words("区域代码（监管、海关）", "Area (regulators, customs)"),
            required=False,
            help=Words("例如 12 为天津市，120116 为滨海新区", "12 is Tianjin, 120116 Binhai"),
        ),
        Field(
            name="manages",
            label=Words("可管理本单位的人员、设备和令牌", "May manage people, devices and tokens"),
            kind="check",
        ),
    )


def _managed(caller: Caller) -> set[Role]:
    return {each.role for each in caller.reader.members if each.manages}
