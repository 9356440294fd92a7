"""The desk's page of organisations' tokens: the list within one's rights, and forms.

They do what the API does (`web/api/people.py`), through the same services.
"""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.people import memberships
from coldtrace.people.memberships import ListedToken
from coldtrace.people.token_makers import Maker, makers, tokens_of_who_left, withdraw_of_who_left
from coldtrace.people.tokens import EVERY_RIGHT
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.people import TokenIn, wanted_member
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import ACTION, NAME, PAGE, ROLE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.desk_member_form import (
    firm_cell,
    firms_of,
    is_administrator,
    member_fields,
    member_form,
    own_firms,
    rights_field,
    role_cell,
    ticked_rights,
)
from coldtrace.web.pages.sheet import Cell, Field, Form, Row, Section

router = APIRouter(include_in_schema=False)
TokenReader = Annotated[Caller, page_needs(Kind.TOKEN, Verb.READ)]
TokenWriter = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE)]
LeftWithdrawer = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE, act="withdraw")]


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
        wanted = read_fields(
            TokenIn,
            member_fields(fields)
            | {"name": fields.get("name"), "days": fields.get("days"), "rights": ticked_rights(fields)},
        )
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
                rights=wanted.rights,
            )
        )
        caller.about(member.operator_id)
        caller.at(member.sites or ())

    return answer(request, caller, change(request, caller, work), _tokens, secret=made[0] if made else None)


@router.post("/desk/tokens/withdraw-left")
def post_withdraw_left(request: Request, caller: LeftWithdrawer) -> Response:
    """Withdraw all tokens whose makers could not make them today."""

    def work(session: Session) -> None:
        gone = withdraw_of_who_left(session, request.app.state.env, by=caller.reader, scope=caller.scope)
        caller.about(*(each.operator_id for token in gone for each in token.memberships))
        caller.told(tokens=len(gone))

    return answer(request, caller, change(request, caller, work), _tokens)


@router.post("/desk/tokens/{token_id}/withdraw")
def post_withdraw_token(request: Request, token_id: UUID, caller: TokenWriter) -> Response:
    """Withdraw a token."""

    def work(session: Session) -> None:
        ended = memberships.revoke_token(
            session,
            request.app.state.env,
            by=caller.reader,
            scope=caller.scope,
            token_id=token_id,
            own=caller.person_id,
        )
        caller.about(*(each.operator_id for each in ended))
        caller.at(gln for each in ended for gln in each.sites or ())

    return answer(request, caller, change(request, caller, work), _tokens)


def _tokens(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    scope = caller.scope_for(Kind.TOKEN, Verb.READ)
    with request.app.state.sessions() as session:
        found = memberships.tokens(session, scope=scope, after=after, limit=PAGE)
        made_by = makers(session, found, scope=caller.scope_for(Kind.PERSON, Verb.READ))
        left = tokens_of_who_left(session, scope=caller.scope_for(Kind.TOKEN, Verb.WRITE))
        held = [each for token in found for each in token.memberships]
        firms = firms_of(session, held)
        own = own_firms(session, caller)
    caller.about(*(each.operator_id for each in held))
    table = Section(
        id="tokens",
        title=Words("单位的接口令牌", "API tokens of my organisations"),
        columns=(
            NAME,
            ROLE,
            Words("单位", "Organisation"),
            Words("权限", "Rights"),
            Words("建立者", "Made by"),
            Words("到期", "Ends"),
            Words("最近使用", "Last used"),
            ACTION,
        ),
        rows=tuple(
            Row(
                id=str(token.token_id),
                cells=(
                    Cell(text=token.name),
                    role_cell(token.memberships[0] if token.memberships else None),
                    firm_cell(token.memberships[0] if token.memberships else None, firms),
                    _rights_cell(token),
                    _maker_cell(made_by[token.token_id]),
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
    leftover = Section(
        id="left",
        title=Words("建立者已离开的令牌", "Tokens of somebody who left"),
        lead=Words(
            f"有 {len(left)} 个令牌的建立者已不能再建立它（已离开、角色已结束或账号已关闭）。"
            "令牌仍然有效，因为可能有系统在用；但建立者可能留有副本。请先为仍在使用的系统新建令牌，再结束这些令牌。",
            f"{len(left)} tokens were made by somebody who could not make them today: who left, whose role ended or"
            " whose account is closed. They still work, since a machine may depend on them; but whoever made them may"
            " have kept a copy. Make new ones for machines in use, then end these.",
        ),
        forms=(
            Form(
                action="/desk/tokens/withdraw-left",
                submit=Words(f"结束这 {len(left)} 个令牌", f"End these {len(left)} tokens"),
                quiet=True,
            ),
        ),
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
                    *member_form(caller, own),
                    rights_field(caller, every=is_administrator(caller)),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, Words("令牌", "Tokens"), (table, *([leftover] if left else []), make), **said_)


def _rights_cell(token: ListedToken) -> Cell:
    if EVERY_RIGHT in token.scopes:
        return Cell(words=Words("角色的全部", "All of the role"))
    return Cell(text=", ".join(token.scopes))


def _maker_cell(maker: Maker) -> Cell:
    if maker.has_left:
        return Cell(words=Words("已离开的人员：", "Somebody who left:"), text=maker.name or "-")
    if maker.name is not None:
        return Cell(text=maker.name)
    if maker.actor.startswith("token:"):
        return Cell(words=Words("另一个令牌", "Another token"))
    if maker.actor.startswith("person:"):
        return Cell(words=Words("平台或其他单位的人员", "Somebody of the platform or of another organisation"))
    return Cell(words=Words("服务器命令行", "The server's command line"))
