"""People, their memberships, and API tokens, for those who manage an organisation."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import chain
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.parties import store as parties_store
from coldtrace.people import memberships
from coldtrace.people.grant_refusals import GrantRefused, OrganisationUnknown
from coldtrace.people.inviting import InvitePerson, give_role, invite_person
from coldtrace.people.mail import link_address
from coldtrace.people.memberships import ListedPerson, ListedToken
from coldtrace.people.model import Membership
from coldtrace.people.personal_data import erase_person, export_person, organisations_of
from coldtrace.people.persons import LinkPurpose
from coldtrace.people.refusals import PersonUnknown
from coldtrace.people.token_makers import Maker, makers, withdraw_of_who_left
from coldtrace.people.tokens import EVERY_RIGHT
from coldtrace.rights.model import Kind, Member, Role, Scope, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.organisations import Limit, Name
from coldtrace.web.page_base import page_base

router = APIRouter(prefix="/api/v1", tags=["people"])

PersonReader = Annotated[Caller, needs(Kind.PERSON, Verb.READ, devices=False)]
PersonWriter = Annotated[Caller, needs(Kind.PERSON, Verb.WRITE, devices=False)]
PersonExporter = Annotated[Caller, needs(Kind.PERSON, Verb.READ, devices=False, act="export")]
PersonEraser = Annotated[Caller, needs(Kind.PERSON, Verb.WRITE, devices=False, act="erase")]
TokenReader = Annotated[Caller, needs(Kind.TOKEN, Verb.READ, devices=False)]
LeftWithdrawer = Annotated[Caller, needs(Kind.TOKEN, Verb.WRITE, devices=False, act="withdraw")]
TokenWriter = Annotated[Caller, needs(Kind.TOKEN, Verb.WRITE, devices=False)]
After = Annotated[UUID | None, Query()]


class MemberIn(BodyIn):
    """A role in an organisation: for all its sites or some; regulators and customs with the area that they see."""

    organisation: str = Field(max_length=18, examples=["91120116MA05TE5T1N"])
    role: Role
    sites: list[Annotated[str, Field(max_length=13)]] | None = Field(default=None, min_length=1, max_length=1000)
    area: str | None = Field(default=None, pattern=r"^[0-9]{0,6}$")
    manages: bool = False


class TokenIn(MemberIn):
    """A token with a role of its own; `rights` narrow it ("unit:read")."""

    name: Name
    days: int = Field(default=90, ge=1, le=3650)
    rights: list[Annotated[str, Field(max_length=40)]] | None = Field(default=None, min_length=1, max_length=60)


class PersonIn(MemberIn):
    """Somebody to be invited, with a first role."""

    email: str = Field(max_length=254, examples=["li.na@example.cn"])
    name: Name
    lang: Literal["zh", "en"] = "zh"


@router.post("/people", status_code=201, summary="Invite a person 邀请人员")
def post_person(
    request: Request, body: PersonIn, session: WriteSession, env: CurrentEnv, caller: PersonWriter
) -> dict[str, object]:
    """Invite somebody with a role; where no mail is sent, `link` is theirs to choose a password by, shown once."""
    by_mail = request.app.state.settings.smtp_url is not None
    member = wanted_member(session, body)
    invited = invite_person(
        session,
        env,
        InvitePerson(
            email=body.email,
            name=body.name,
            lang=body.lang,
            member=member,
            by=caller.reader,
            made_by=caller.actor,
        ),
        by_mail=by_mail,
    )
    caller.about(member.operator_id)
    caller.at(member.sites or ())
    shown = None if by_mail or invited.secret is None else invited.secret
    return {
        "id": str(invited.person.person_id),
        "link": None
        if shown is None
        else link_address(
            page_base(request.app.state.settings, otherwise=str(request.base_url)), LinkPurpose.INVITATION, shown
        ),
    }


@router.get("/people", summary="People 人员清单")
def get_people(session: ReadSession, caller: PersonReader, after: After = None, limit: Limit = 50) -> dict[str, object]:
    """Return the people of one's organisations, with their roles there; `next` is the `after` of the next page."""
    found = memberships.people(session, scope=caller.scope, after=after, limit=limit)
    caller.about(*(each.operator_id for person in found for each in person.memberships))
    return {
        "people": people_json(session, found),
        "next": str(found[-1].person_id) if len(found) == limit else None,
    }


@router.get("/people/{person_id}/data", response_class=StreamingResponse, summary="A person's data 个人信息副本")
def get_person_data(request: Request, person_id: UUID, caller: PersonExporter) -> StreamingResponse:
    """Return everything stored about a person of one's own organisations alone, as one JSON text; no secrets."""
    with request.app.state.sessions() as session:
        found = organisations_of(session, person_id)
    answer = person_data(request, person_id, scope=caller.scope)
    caller.about(*found)
    return answer


@router.delete("/people/{person_id}", status_code=204, summary="Erase a person's data 删除个人信息")
def delete_person(person_id: UUID, session: WriteSession, env: CurrentEnv, caller: PersonEraser) -> Response:
    """Erase a person of one's own organisations alone, of whose roles one could end each; the id stays.

    Name, address, password, sessions and tokens go, roles end.
    """
    erase_person(session, env, person_id, scope=caller.scope, by=caller.reader)
    caller.about(*organisations_of(session, person_id))
    return Response(status_code=204)


@router.post("/people/{person_id}/memberships", status_code=204, summary="Grant a role 授予角色")
def post_membership(
    request: Request, person_id: UUID, body: MemberIn, session: WriteSession, env: CurrentEnv, caller: PersonWriter
) -> Response:
    """Give somebody of one's organisation a role in it, never more than one has oneself.

    Whoever is only invited gets a new letter, where letters are sent: the links so far end.
    """
    if not memberships.people(session, scope=caller.scope, limit=1, person_id=person_id):
        raise PersonUnknown(id=str(person_id))
    member = wanted_member(session, body)
    give_role(
        session,
        env,
        by=caller.reader,
        made_by=caller.actor,
        person_id=person_id,
        member=member,
        by_mail=request.app.state.settings.smtp_url is not None,
    )
    caller.about(member.operator_id)
    caller.at(member.sites or ())
    return Response(status_code=204)


@router.delete("/memberships/{membership_id}", status_code=204, summary="End a role 结束任职")
def delete_membership(membership_id: UUID, session: WriteSession, env: CurrentEnv, caller: PersonWriter) -> Response:
    """End a membership in one's organisation; from the next request on its rights are gone."""
    ended = memberships.end_membership(session, env, by=caller.reader, scope=caller.scope, membership_id=membership_id)
    caller.about(ended.operator_id)
    caller.at(ended.sites or ())
    return Response(status_code=204)


@router.get("/tokens", summary="Tokens 令牌清单")
def get_tokens(session: ReadSession, caller: TokenReader, after: After = None, limit: Limit = 50) -> dict[str, object]:
    """Return the live tokens of one's organisations, never their secrets."""
    found = memberships.tokens(session, scope=caller.scope, after=after, limit=limit)
    caller.about(*(each.operator_id for token in found for each in token.memberships))
    by = makers(session, found, scope=caller.scope_for(Kind.PERSON, Verb.READ))
    return {
        "tokens": tokens_json(session, found, by),
        "next": str(found[-1].token_id) if len(found) == limit else None,
    }


@router.post("/tokens", status_code=201, summary="Make a token 新建令牌")
def post_token(body: TokenIn, session: WriteSession, env: CurrentEnv, caller: TokenWriter) -> dict[str, object]:
    """Make a token of an organisation and show it for the only time."""
    member = wanted_member(session, body)
    token = memberships.new_token(
        session,
        env,
        by=caller.reader,
        made_by=caller.actor,
        name=body.name,
        life=timedelta(days=body.days),
        member=member,
        rights=body.rights,
    )
    caller.about(member.operator_id)
    caller.at(member.sites or ())
    return {"token": token, "name": body.name, "days": body.days}


@router.post("/tokens/withdraw-left", summary="Withdraw tokens of who left 撤销离开者建立的令牌")
def post_withdraw_left(session: WriteSession, env: CurrentEnv, caller: LeftWithdrawer) -> dict[str, object]:
    """Withdraw the tokens whose makers could not make them today: whose role ended, or whose account is closed."""
    gone = withdraw_of_who_left(session, env, by=caller.reader, scope=caller.scope)
    caller.about(*(each.operator_id for token in gone for each in token.memberships))
    caller.told(tokens=len(gone))
    return {"withdrawn": [str(each.token_id) for each in gone]}


@router.delete("/tokens/{token_id}", status_code=204, summary="Withdraw a token 撤销令牌")
def delete_token(token_id: UUID, session: WriteSession, env: CurrentEnv, caller: TokenWriter) -> Response:
    """Withdraw a token of one's organisation, or one's own."""
    ended = memberships.revoke_token(
        session, env, by=caller.reader, scope=caller.scope, token_id=token_id, own=caller.person_id
    )
    caller.about(*(each.operator_id for each in ended))
    caller.at(gln for each in ended for gln in each.sites or ())
    return Response(status_code=204)


def wanted_member(session: Session, body: MemberIn) -> Member:
    """Return the member that a body asks for; raises OrganisationUnknown, or GrantRefused for an odd area."""
    operator = parties_store.operator_of_uscc(session, body.organisation)
    if operator is None:
        raise OrganisationUnknown(uscc=body.organisation)
    if body.area is not None and body.role not in (Role.REGULATOR, Role.CUSTOMS):
        raise GrantRefused()
    return Member(
        role=body.role,
        operator_id=operator.operator_id,
        sites=None if body.sites is None else frozenset(body.sites),
        area=body.area,
        manages=body.manages,
    )


def person_data(request: Request, person_id: UUID, *, scope: Scope) -> StreamingResponse:
    """Return a person's data as a file; raises PersonUnknown before anything is sent."""
    pieces = _data_pieces(request, person_id, scope)
    headers = {"Content-Disposition": 'attachment; filename="personal-data.json"', "Cache-Control": "no-store"}
    return StreamingResponse(chain([next(pieces)], pieces), media_type="application/json", headers=headers)


def _data_pieces(request: Request, person_id: UUID, scope: Scope) -> Iterator[str]:
    # A session of its own: the file leaves when those of the request are closed.
    with request.app.state.sessions() as session:
        yield from export_person(session, person_id, scope=scope)


def people_json(session: Session, found: list[ListedPerson]) -> list[dict[str, object]]:
    """Return persons as the API shows them."""
    codes = _codes(session, [each for person in found for each in person.memberships])
    return [
        {
            "id": str(person.person_id),
            "name": person.name,
            "email": person.email,
            "state": person.state,
            "last_sign_in_at": None if person.last_sign_in_at is None else format_utc(person.last_sign_in_at),
            "two_steps": person.has_second_step,
            "memberships": [_membership_json(each, codes) for each in person.memberships],
        }
        for person in found
    ]


def tokens_json(session: Session, found: list[ListedToken], by: Mapping[UUID, Maker]) -> list[dict[str, object]]:
    """Return tokens as the API shows them."""
    codes = _codes(session, [each for token in found for each in token.memberships])
    return [
        {
            "id": str(token.token_id),
            "name": token.name,
            "rights": None if EVERY_RIGHT in token.scopes else list(token.scopes),
            "created_at": format_utc(token.created_at),
            "expires_at": None if token.expires_at is None else format_utc(token.expires_at),
            "last_used_at": None if token.last_used_at is None else format_utc(token.last_used_at),
            "made_by": by[token.token_id].name,
            "maker_left": by[token.token_id].has_left,
            "memberships": [_membership_json(each, codes) for each in token.memberships],
        }
        for token in found
    ]


def _codes(session: Session, found: list[Membership]) -> dict[UUID, str]:
    wanted = {each.operator_id for each in found if each.operator_id is not None}
    return {each.operator_id: each.uscc for each in parties_store.operators_by_id(session, wanted)}


def _membership_json(each: Membership, codes: dict[UUID, str]) -> dict[str, object]:
    return {
        "id": str(each.membership_id),
        "organisation": None if each.operator_id is None else codes[each.operator_id],
        "role": each.role.value,
        "sites": None if each.sites is None else list(each.sites),
        "area": each.area,
        "manages": each.manages,
    }
