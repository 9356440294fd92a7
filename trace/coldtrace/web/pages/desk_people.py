"""The desk's pages of organisations, sites, people, devices and tokens: lists within one's rights, and forms.

They do what the API does (`web/api/organisations.py`, `people.py`, `device_desk.py`), through the same services.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.parties import directory
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.directory import glns_within
from coldtrace.parties.invitations import open_invitations, withdraw_invitation
from coldtrace.parties.model import ROLE_WORDS, Operator, SiteRole
from coldtrace.parties.provinces import province_of
from coldtrace.parties.refusals import DeviceNotFound, InviteNotFound, SiteUnknown
from coldtrace.people import memberships
from coldtrace.people.inviting import InvitePerson, invite_person
from coldtrace.people.mail import link_address
from coldtrace.people.model import Membership, PersonState
from coldtrace.people.persons import LinkPurpose
from coldtrace.people.refusals import PersonUnknown
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind, Role, Verb
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.organisations import OrganisationIn, SiteIn, register_site
from coldtrace.web.api.people import MemberIn, TokenIn, wanted_member
from coldtrace.web.page_session import csrf_of, form_fields, page_needs
from coldtrace.web.pages.consumer import remember_language, show
from coldtrace.web.pages.desk_frame import nav_of
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section, SheetView
from coldtrace.web.pages.sign_in import TEMPLATE, attempt_change, said
from coldtrace.web.pages.views import Bilingual
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import InvalidRequest

router = APIRouter(include_in_schema=False)
PAGE = 50
M = TypeVar("M", bound=BaseModel)

OrganisationReader = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.READ)]
OrganisationWriter = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE)]
SiteReader = Annotated[Caller, page_needs(Kind.SITE, Verb.READ)]
SiteWriter = Annotated[Caller, page_needs(Kind.SITE, Verb.WRITE)]
PersonReader = Annotated[Caller, page_needs(Kind.PERSON, Verb.READ)]
PersonWriter = Annotated[Caller, page_needs(Kind.PERSON, Verb.WRITE)]
DeviceReader = Annotated[Caller, page_needs(Kind.DEVICE, Verb.READ)]
DeviceWriter = Annotated[Caller, page_needs(Kind.DEVICE, Verb.WRITE)]
TokenReader = Annotated[Caller, page_needs(Kind.TOKEN, Verb.READ)]
TokenWriter = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE)]

ACTION = Words("操作", "Action")
NAME = Words("名称", "Name")
USCC = Words("统一社会信用代码", "Credit code (USCC)")
ROLE = Words("角色", "Role")
SITE = Words("场所（GLN）", "Site (GLN)")
DONE = Words("已完成。", "Done.")
STATES: dict[str, Words] = {
    "active": Words("使用中", "In use"),
    "suspended": Words("已暂停（链分叉）", "Suspended (chain forked)"),
    "revoked": Words("已吊销", "Revoked"),
    "retired": Words("已停用", "Retired"),
    PersonState.INVITED.value: Words("已邀请，未设密码", "Invited, no password yet"),
    PersonState.CLOSED.value: Words("已关闭", "Closed"),
}


@router.get("/desk")
def desk_page(request: Request, caller: SiteReader) -> Response:
    """Lead to the first page that somebody may open."""
    return RedirectResponse(nav_of(caller)[0][0], 303)


@router.get("/desk/organisations")
def organisations_page(request: Request, caller: OrganisationReader, after: str | None = None) -> Response:
    """List organisations; the administrator registers them here."""
    return _organisations(request, caller, after=after)


@router.post("/desk/organisations")
def post_organisation(request: Request, caller: OrganisationWriter, body: Body) -> Response:
    """Register an organisation."""

    def work(session: Session) -> None:
        wanted = _read(OrganisationIn, form_fields(request, body))
        city = province_of(wanted.uscc)
        operator = parties.register_operator(
            session,
            request.app.state.env,
            uscc=wanted.uscc,
            name_zh=wanted.name_zh,
            name_en=wanted.name_en,
            city_zh=city.zh,
            city_en=city.en,
        )
        caller.about(operator.operator_id)

    return _answer(request, caller, _change(request, caller, work), _organisations)


@router.get("/desk/sites")
def sites_page(request: Request, caller: SiteReader, after: str | None = None) -> Response:
    """List registered places; the administrator registers them here."""
    return _sites(request, caller, after=after)


@router.post("/desk/sites")
def post_site(request: Request, caller: SiteWriter, body: Body) -> Response:
    """Register a place."""

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        site = register_site(
            session, request.app.state.env, _read(SiteIn, fields | {"market": fields.get("market") or None})
        )
        caller.about(site.operator_id)

    return _answer(request, caller, _change(request, caller, work), _sites)


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
        member = wanted_member(session, _read(MemberIn, _member_fields(fields)))
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
            links.append(link_address(str(request.base_url), LinkPurpose.INVITATION, invited.secret))

    outcome = _change(request, caller, work)
    return _answer(request, caller, outcome, _people, secret=links[0] if links else None)


@router.post("/desk/people/{person_id}/memberships")
def post_membership(request: Request, person_id: UUID, caller: PersonWriter, body: Body) -> Response:
    """Give somebody one more role."""

    def work(session: Session) -> None:
        if not memberships.people(session, scope=caller.scope, limit=1, person_id=person_id):
            raise PersonUnknown(id=str(person_id))
        member = wanted_member(session, _read(MemberIn, _member_fields(form_fields(request, body))))
        memberships.grant(
            session,
            request.app.state.env,
            by=caller.reader,
            made_by=caller.actor,
            person_id=person_id,
            member=member,
        )
        caller.about(member.operator_id)

    return _answer(request, caller, _change(request, caller, work), _people)


@router.post("/desk/memberships/{membership_id}/end")
def post_end_membership(request: Request, membership_id: UUID, caller: PersonWriter) -> Response:
    """End a role."""

    def work(session: Session) -> None:
        ended = memberships.end_membership(
            session, request.app.state.env, scope=caller.scope, membership_id=membership_id
        )
        caller.about(ended.operator_id)

    return _answer(request, caller, _change(request, caller, work), _people)


@router.get("/desk/devices")
def devices_page(request: Request, caller: DeviceReader, after: str | None = None) -> Response:
    """List devices and open invitations."""
    return _devices(request, caller, after=after)


@router.post("/desk/devices/invites")
def post_invite(request: Request, caller: DeviceWriter, body: Body) -> Response:
    """Invite a device; the text is shown once, to be scanned."""
    texts: list[str] = []

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        gln, hours = fields.get("site", ""), fields.get("hours", "24")
        if not glns_within(session, [gln], scope=caller.scope):
            raise SiteUnknown(gln=gln[:20])
        made = parties.invite_device(
            session,
            request.app.state.env,
            gln=gln,
            url=str(request.base_url).rstrip("/"),
            life=timedelta(hours=int(hours[:4]) if hours.isdecimal() else 0),
            made_by=caller.actor,
        )
        texts.append(made.text)
        caller.at([gln])

    return _answer(request, caller, _change(request, caller, work), _devices, secret=texts[0] if texts else None)


@router.post("/desk/devices/invites/{id}/withdraw")
def post_withdraw_invite(request: Request, id: str, caller: DeviceWriter) -> Response:
    """Withdraw an invitation."""

    def work(session: Session) -> None:
        caller.at([withdraw_invitation(session, request.app.state.env, _bytes(id, InviteNotFound), scope=caller.scope)])

    return _answer(request, caller, _change(request, caller, work), _devices)


@router.post("/desk/devices/{key}/roll")
def post_roll(request: Request, key: str, caller: DeviceWriter) -> Response:
    """Invite a new key for a device."""
    texts: list[str] = []

    def work(session: Session) -> None:
        device = _device(session, caller, key)
        url = str(request.base_url).rstrip("/")
        made = parties.roll_device(session, request.app.state.env, device.key_id, url=url, made_by=caller.actor)
        texts.append(made.text)
        caller.at([device.gln])

    return _answer(request, caller, _change(request, caller, work), _devices, secret=texts[0] if texts else None)


@router.post("/desk/devices/{key}/revoke")
def post_revoke(request: Request, key: str, caller: DeviceWriter) -> Response:
    """Revoke a device's key."""

    def work(session: Session) -> None:
        device = _device(session, caller, key)
        parties.revoke_device(session, request.app.state.env, device.key_id)
        caller.at([device.gln])

    return _answer(request, caller, _change(request, caller, work), _devices)


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
        wanted = _read(TokenIn, _member_fields(fields) | {"name": fields.get("name"), "days": fields.get("days")})
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

    return _answer(request, caller, _change(request, caller, work), _tokens, secret=made[0] if made else None)


@router.post("/desk/tokens/{token_id}/withdraw")
def post_withdraw_token(request: Request, token_id: UUID, caller: TokenWriter) -> Response:
    """Withdraw a token."""

    def work(session: Session) -> None:
        memberships.revoke_token(
            session, request.app.state.env, scope=caller.scope, token_id=token_id, own=caller.person_id
        )

    return _answer(request, caller, _change(request, caller, work), _tokens)


def _change(request: Request, caller: Caller, work: Callable[[Session], None]) -> Refusal | None:
    """Do some work and write the journal in one transaction; a refusal leaves neither."""

    def recorded(session: Session) -> None:
        work(session)
        if caller.note is not None:
            caller.note.write(session)

    outcome = attempt_change(request, recorded)
    if outcome is not None and caller.note is not None:
        caller.note.drop()
    return outcome


def _read(model: type[M], fields: dict[str, Any]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(where=".".join(str(part) for part in first["loc"]), what=first["msg"]) from None


def _member_fields(fields: dict[str, str]) -> dict[str, Any]:
    named = [part for part in fields.get("sites", "").replace(",", " ").replace("，", " ").split() if part]
    return {
        "organisation": fields.get("organisation", ""),
        "role": fields.get("role", ""),
        "sites": named or None,
        "area": fields.get("area") or None,
        "manages": fields.get("manages") == "yes",
    }


def _bytes(text: str, otherwise: type[Refusal]) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        raise otherwise(id=text[:64], key=text[:64]) from None


def _device(session: Session, caller: Caller, key: str) -> directory.ListedDevice:
    found = directory.devices(session, scope=caller.scope, key=_bytes(key, DeviceNotFound), limit=1)
    if not found:
        raise DeviceNotFound(key=key[:64])
    return found[0]


def _answer(
    request: Request,
    caller: Caller,
    outcome: Refusal | None,
    page: Callable[..., Response],
    *,
    secret: str | None = None,
) -> Response:
    if outcome is not None and not wants_page(request):
        raise outcome
    if outcome is not None:
        return page(request, caller, problem=said(outcome), status=status_of(outcome))
    return page(request, caller, notice=DONE, secret=secret)


def _show(
    request: Request,
    caller: Caller,
    title: Words,
    sections: Iterable[Section],
    *,
    notice: Words | None = None,
    problem: Words | None = None,
    secret: str | None = None,
    status: int = 200,
) -> Response:
    query = request.scope["query_string"].decode("latin-1")
    here = request.url.path if request.method == "GET" else "/desk/" + request.url.path.split("/")[2]
    view = SheetView(
        here="/desk/people" if here == "/desk/memberships" else here + (f"?{query}" if query else ""),
        host=request.app.state.env.public_host,
        title=title,
        sections=tuple(sections),
        csrf=csrf_of(request),
        notice=notice,
        problem=problem,
        secret=secret,
        nav=nav_of(caller),
        who=request.state.person.name,
        wide=True,
    )
    answer = remember_language(request, show(request, TEMPLATE, view, status))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _organisations(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    scope = caller.scope_for(Kind.ORGANISATION, Verb.READ)
    with request.app.state.sessions() as session:
        found = directory.organisations(session, scope=scope, after=after, limit=PAGE)
    caller.about(*(each.operator_id for each in found))
    table = Section(
        id="organisations",
        title=Words("已登记单位", "Registered organisations"),
        columns=(NAME, USCC, Words("所在地", "Where"), Words("场所数", "Sites")),
        rows=tuple(
            Row(
                id=each.uscc,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en)),
                    Cell(text=each.uscc),
                    Cell(name=Bilingual(zh=each.city_zh, en=each.city_en)),
                    Cell(text=str(each.sites)),
                ),
            )
            for each in found
        ),
        empty=Words("还没有单位。", "No organisation yet."),
        next_url=f"/desk/organisations?after={found[-1].uscc}" if len(found) == PAGE else None,
    )
    form = Section(
        id="register",
        title=Words("登记单位", "Register an organisation"),
        lead=Words(
            "单位以统一社会信用代码区分，同名单位互不影响。",
            "Organisations are told apart by their credit code; two may have one name.",
        ),
        forms=(
            Form(
                action="/desk/organisations",
                submit=Words("登记", "Register"),
                fields=(
                    Field(name="uscc", label=USCC),
                    Field(name="name_zh", label=Words("中文名称", "Name in Chinese")),
                    Field(name="name_en", label=Words("英文名称", "Name in English")),
                ),
            ),
        ),
    )
    may = not caller.scope_for(Kind.ORGANISATION, Verb.WRITE).is_empty
    return _show(request, caller, Words("单位", "Organisations"), (table, form) if may else (table,), **said_)


def _sites(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    scope = caller.scope_for(Kind.SITE, Verb.READ)
    with request.app.state.sessions() as session:
        found = directory.sites(session, scope=scope, after=after, limit=PAGE)
    table = Section(
        id="sites",
        title=Words("已登记场所", "Registered sites"),
        columns=(NAME, SITE, Words("类型", "Kind"), Words("区划", "District"), Words("所在市场", "In the market")),
        rows=tuple(
            Row(
                id=each.gln,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en)),
                    Cell(text=each.gln),
                    Cell(words=ROLE_WORDS[each.role]),
                    Cell(text=each.district),
                    Cell(text=each.market_gln or "-"),
                ),
            )
            for each in found
        ),
        empty=Words("还没有场所。", "No site yet."),
        next_url=f"/desk/sites?after={found[-1].gln}" if len(found) == PAGE else None,
    )
    form = Section(
        id="register",
        title=Words("登记场所", "Register a site"),
        forms=(
            Form(
                action="/desk/sites",
                submit=Words("登记", "Register"),
                fields=(
                    Field(name="gln", label=Words("位置码 GLN（13 位）", "GLN (13 digits)")),
                    Field(name="organisation", label=USCC),
                    Field(name="name_zh", label=Words("中文名称", "Name in Chinese")),
                    Field(name="name_en", label=Words("英文名称", "Name in English")),
                    Field(
                        name="role",
                        label=Words("类型", "Kind"),
                        kind="select",
                        choices=tuple(Choice(value=role.value, label=ROLE_WORDS[role]) for role in SiteRole),
                    ),
                    Field(name="district", label=Words("区划代码（6 位）", "District (6 digits)")),
                    Field(
                        name="market", label=Words("所在市场的 GLN", "GLN of the market it stands in"), required=False
                    ),
                ),
            ),
        ),
    )
    may = not caller.scope_for(Kind.SITE, Verb.WRITE).is_empty
    return _show(request, caller, Words("场所", "Sites"), (table, form) if may else (table,), **said_)


def _people(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        found = memberships.people(session, scope=caller.scope_for(Kind.PERSON, Verb.READ), after=after, limit=PAGE)
        held = [each for person in found for each in person.memberships]
        firms = _firms(session, held)
        own = _own_firms(session, caller)
    caller.about(*(each.operator_id for each in held))
    rows = []
    for person in found:
        for each in person.memberships or (None,):
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
                    forms=()
                    if each is None
                    else (
                        Form(
                            action=f"/desk/memberships/{each.membership_id}/end",
                            submit=Words("结束任职", "End this role"),
                            quiet=True,
                        ),
                    ),
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
    return _show(request, caller, Words("人员", "People"), (table, invite), **said_)


def _devices(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    env = request.app.state.env
    writable = caller.scope_for(Kind.DEVICE, Verb.WRITE)
    may = not writable.is_empty
    with request.app.state.sessions() as session:
        found = directory.devices(
            session,
            scope=caller.scope_for(Kind.DEVICE, Verb.READ),
            after=None if after is None else _bytes(after, DeviceNotFound),
            limit=PAGE,
        )
        opened = open_invitations(session, scope=writable, now=env.clock(), limit=PAGE)
        names = {site.gln: site for site in parties_store.sites(session)}
        own = glns_within(session, list(names), scope=writable) if may else set()
    caller.at(each.gln for each in found)
    devices = Section(
        id="devices",
        title=Words("已登记设备", "Enrolled devices"),
        columns=(
            NAME,
            SITE,
            Words("密钥", "Key"),
            Words("状态", "State"),
            Words("登记", "Enrolled"),
            Words("最近联系", "Last seen"),
            ACTION,
        ),
        rows=tuple(
            Row(
                id=b64(each.key_id),
                cells=(
                    Cell(text=each.name or "-"),
                    Cell(name=Bilingual(zh=names[each.gln].name_zh, en=names[each.gln].name_en)),
                    Cell(text=b64(each.key_id)[:12]),
                    Cell(words=STATES[each.state]),
                    Cell(moment=each.enrolled_at),
                    Cell(moment=each.last_seen_at) if each.last_seen_at else Cell(text="-"),
                ),
                forms=_device_forms(each) if each.gln in own and each.state in ("active", "suspended") else (),
            )
            for each in found
        ),
        empty=Words(
            "还没有设备。邀请一台，用它扫描邀请码即可。", "No device yet. Invite one and let it scan the text."
        ),
        next_url=f"/desk/devices?after={b64(found[-1].key_id)}" if len(found) == PAGE else None,
    )
    if not may:
        return _show(request, caller, Words("设备", "Devices"), (devices,), **said_)
    invites = Section(
        id="invites",
        title=Words("待用邀请", "Open invitations"),
        columns=(SITE, Words("到期", "Ends"), ACTION),
        rows=tuple(
            Row(
                id=b64(each.id),
                cells=(
                    Cell(name=Bilingual(zh=names[each.gln].name_zh, en=names[each.gln].name_en)),
                    Cell(moment=each.expires_at),
                ),
                forms=(
                    Form(
                        action=f"/desk/devices/invites/{b64(each.id)}/withdraw",
                        submit=Words("撤回", "Withdraw"),
                        quiet=True,
                    ),
                ),
            )
            for each in opened
        ),
        empty=Words("没有待用邀请。", "No open invitation."),
        forms=(
            Form(
                action="/desk/devices/invites",
                submit=Words("邀请设备", "Invite a device"),
                fields=(
                    Field(
                        name="site",
                        label=SITE,
                        kind="select",
                        choices=tuple(
                            Choice(value=gln, label=Words(f"{names[gln].name_zh} {gln}", f"{names[gln].name_en} {gln}"))
                            for gln in sorted(own)
                        ),
                    ),
                    Field(name="hours", label=Words("有效小时数", "Good for hours"), kind="number", value="24"),
                ),
            ),
        ),
    )
    return _show(request, caller, Words("设备", "Devices"), (devices, invites), **said_)


def _device_forms(each: directory.ListedDevice) -> tuple[Form, ...]:
    key = b64(each.key_id)
    roll = Form(action=f"/desk/devices/{key}/roll", submit=Words("更换密钥", "New key"), quiet=True)
    revoke = Form(action=f"/desk/devices/{key}/revoke", submit=Words("吊销", "Revoke"), quiet=True)
    return (revoke,) if each.replaced_by is not None else (roll, revoke)


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
    return _show(request, caller, Words("令牌", "Tokens"), (table, make), **said_)


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
