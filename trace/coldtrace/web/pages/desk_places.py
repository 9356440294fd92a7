"""The desk's pages of organisations, sites and devices: lists within one's rights, and forms.

They do what the API does (`web/api/organisations.py`, `device_desk.py`), through the same services.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.custody import chain
from coldtrace.errors import Words
from coldtrace.parties import directory
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.closing import closed_sites
from coldtrace.parties.directory import glns_within
from coldtrace.parties.invitations import open_invitations, withdraw_invitation
from coldtrace.parties.model import ROLE_WORDS, SiteRole
from coldtrace.parties.provinces import province_of
from coldtrace.parties.refusals import DeviceNotFound, InviteNotFound, SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.organisations import OrganisationIn, SiteIn, register_site
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_device import (
    BLOCK_LIST,
    UNSENT,
    block_list_cell,
    device_sections,
    device_state,
    invitation_sections,
    unsent_cell,
)
from coldtrace.web.pages.desk_form import (
    ACTION,
    NAME,
    PAGE,
    SITE,
    STATE,
    STATES,
    USCC,
    answer,
    change,
    id_bytes,
    read_fields,
    show_sheet,
)
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual

router = APIRouter(include_in_schema=False)
OrganisationReader = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.READ)]
OrganisationWriter = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE)]
SiteReader = Annotated[Caller, page_needs(Kind.SITE, Verb.READ)]
SiteWriter = Annotated[Caller, page_needs(Kind.SITE, Verb.WRITE)]
DeviceReader = Annotated[Caller, page_needs(Kind.DEVICE, Verb.READ)]
DeviceWriter = Annotated[Caller, page_needs(Kind.DEVICE, Verb.WRITE)]


@router.get("/desk/organisations")
def organisations_page(request: Request, caller: OrganisationReader, after: str | None = None) -> Response:
    """List organisations; the administrator registers them here."""
    return show_organisations(request, caller, after=after)


@router.post("/desk/organisations")
def post_organisation(request: Request, caller: OrganisationWriter, body: Body) -> Response:
    """Register an organisation."""

    def work(session: Session) -> None:
        wanted = read_fields(OrganisationIn, form_fields(request, body))
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

    return answer(request, caller, change(request, caller, work), show_organisations)


@router.get("/desk/sites")
def sites_page(request: Request, caller: SiteReader, after: str | None = None) -> Response:
    """List registered places; the administrator registers them here."""
    return show_sites(request, caller, after=after)


@router.post("/desk/sites")
def post_site(request: Request, caller: SiteWriter, body: Body) -> Response:
    """Register a place."""

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        site = register_site(
            session, request.app.state.env, read_fields(SiteIn, fields | {"market": fields.get("market") or None})
        )
        caller.about(site.operator_id)

    return answer(request, caller, change(request, caller, work), show_sites)


@router.get("/desk/devices")
def devices_page(request: Request, caller: DeviceReader, after: str | None = None) -> Response:
    """List devices and open invitations."""
    return _devices(request, caller, after=after)


@router.get("/desk/devices/{key}")
def device_page(request: Request, key: str, caller: DeviceReader) -> Response:
    """Show how one device is: when it was heard of, and what its chain lacks."""
    with request.app.state.sessions() as session:
        device = _device(session, caller, key)
        site = parties_store.site(session, device.gln)
        found = chain.describe(session, caller.scope, device.key_id)
    assert site is not None, "a device has a site"
    assert found is not None, "it is in the scope"
    caller.at([device.gln])
    return show_sheet(request, caller, Words("一台设备", "One device"), device_sections(request, device, site, found))


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

    return answer(request, caller, change(request, caller, work), _devices, secret=texts[0] if texts else None)


@router.post("/desk/devices/invites/{id}/withdraw")
def post_withdraw_invite(request: Request, id: str, caller: DeviceWriter) -> Response:
    """Withdraw an invitation."""

    def work(session: Session) -> None:
        caller.at(
            [withdraw_invitation(session, request.app.state.env, id_bytes(id, InviteNotFound), scope=caller.scope)]
        )

    return answer(request, caller, change(request, caller, work), _devices)


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

    return answer(request, caller, change(request, caller, work), _devices, secret=texts[0] if texts else None)


@router.post("/desk/devices/{key}/revoke")
def post_revoke(request: Request, key: str, caller: DeviceWriter) -> Response:
    """Revoke a device's key."""

    def work(session: Session) -> None:
        device = _device(session, caller, key)
        parties.revoke_device(session, request.app.state.env, device.key_id)
        caller.at([device.gln])

    return answer(request, caller, change(request, caller, work), _devices)


def _device(session: Session, caller: Caller, key: str) -> directory.ListedDevice:
    found = directory.devices(session, scope=caller.scope, key=id_bytes(key, DeviceNotFound), limit=1)
    if not found:
        raise DeviceNotFound(key=key[:64])
    return found[0]


def show_organisations(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    """Show the page of organisations: after a form, with what came of it."""
    scope = caller.scope_for(Kind.ORGANISATION, Verb.READ)
    may = not caller.scope_for(Kind.ORGANISATION, Verb.WRITE).is_empty
    with request.app.state.sessions() as session:
        found = directory.organisations(session, scope=scope, after=after, limit=PAGE)
    caller.about(*(each.operator_id for each in found))
    table = Section(
        id="organisations",
        title=Words("已登记单位", "Registered organisations"),
        columns=(NAME, USCC, Words("所在地", "Where"), Words("场所数", "Sites"), STATE, *([ACTION] if may else [])),
        rows=tuple(
            Row(
                id=each.uscc,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en)),
                    Cell(text=each.uscc),
                    Cell(name=Bilingual(zh=each.city_zh, en=each.city_en)),
                    Cell(text=str(each.sites)),
                    _state_cell(each.closed_at),
                ),
                forms=(_closing_form(f"/desk/organisations/{each.uscc}", is_open=each.closed_at is None),)
                if may
                else (),
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
    return show_sheet(request, caller, Words("单位", "Organisations"), (table, form) if may else (table,), **said_)


def show_sites(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    """Show the page of sites: after a form, with what came of it."""
    scope = caller.scope_for(Kind.SITE, Verb.READ)
    may = not caller.scope_for(Kind.SITE, Verb.WRITE).is_empty
    with request.app.state.sessions() as session:
        found = directory.sites(session, scope=scope, after=after, limit=PAGE)
    table = Section(
        id="sites",
        title=Words("已登记场所", "Registered sites"),
        columns=(
            NAME,
            SITE,
            Words("类型", "Kind"),
            Words("区划", "District"),
            Words("所在市场", "In the market"),
            STATE,
            *([ACTION] if may else []),
        ),
        rows=tuple(
            Row(
                id=each.gln,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en)),
                    Cell(text=each.gln),
                    Cell(words=ROLE_WORDS[each.role]),
                    Cell(text=each.district),
                    Cell(text=each.market_gln or "-"),
                    _state_cell(each.closed_at, with_organisation=each.closed_with_organisation),
                ),
                forms=(_closing_form(f"/desk/sites/{each.gln}", is_open=each.closed_at is None),)
                if may and not each.closed_with_organisation
                else (),
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
    return show_sheet(request, caller, Words("场所", "Sites"), (table, form) if may else (table,), **said_)


def _devices(request: Request, caller: Caller, *, after: str | None = None, **said_: Any) -> Response:
    env = request.app.state.env
    writable = caller.scope_for(Kind.DEVICE, Verb.WRITE)
    may = not writable.is_empty
    with request.app.state.sessions() as session:
        found = directory.devices(
            session,
            scope=caller.scope_for(Kind.DEVICE, Verb.READ),
            after=None if after is None else id_bytes(after, DeviceNotFound),
            limit=PAGE,
        )
        opened = open_invitations(session, scope=writable, now=env.clock(), limit=PAGE)
        names = {site.gln: site for site in parties_store.sites(session)}
        own = glns_within(session, list(names), scope=writable) if may else set()
        closed = closed_sites(session)
    caller.at(each.gln for each in found)
    made = invitation_sections(said_.get("secret"))
    devices = Section(
        id="devices",
        title=Words("已登记设备", "Enrolled devices"),
        columns=(
            NAME,
            SITE,
            Words("密钥", "Key"),
            STATE,
            Words("登记", "Enrolled"),
            Words("最近联系", "Last seen"),
            UNSENT,
            BLOCK_LIST,
            ACTION,
        ),
        rows=tuple(
            Row(
                id=b64(each.key_id),
                cells=(
                    Cell(text=each.name or b64(each.key_id)[:12], url=f"/desk/devices/{b64(each.key_id)}"),
                    Cell(name=Bilingual(zh=names[each.gln].name_zh, en=names[each.gln].name_en)),
                    Cell(text=b64(each.key_id)[:12]),
                    Cell(words=device_state(each, env.clock())),
                    Cell(moment=each.enrolled_at),
                    Cell(moment=each.last_seen_at) if each.last_seen_at else Cell(text="-"),
                    unsent_cell(each),
                    block_list_cell(each),
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
        return show_sheet(request, caller, Words("设备", "Devices"), (devices,), **said_)
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
                            for gln in sorted(own - closed)
                        ),
                    ),
                    Field(name="hours", label=Words("有效小时数", "Good for hours"), kind="number", value="24"),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, Words("设备", "Devices"), (*made, devices, invites), **said_)


def _state_cell(closed_at: datetime | None, *, with_organisation: bool = False) -> Cell:
    if closed_at is None:
        return Cell(words=STATES["active"])
    words = Words("已关闭（随单位）", "Closed, with its organisation") if with_organisation else STATES["closed"]
    return Cell(words=words, moment=closed_at)


def _closing_form(path: str, *, is_open: bool) -> Form:
    return (
        Form(action=f"{path}/close", submit=Words("关闭", "Close"), quiet=True)
        if is_open
        else Form(action=f"{path}/reopen", submit=Words("恢复", "Reopen"), quiet=True)
    )


def _device_forms(each: directory.ListedDevice) -> tuple[Form, ...]:
    key = b64(each.key_id)
    roll = Form(action=f"/desk/devices/{key}/roll", submit=Words("更换密钥", "New key"), quiet=True)
    revoke = Form(action=f"/desk/devices/{key}/revoke", submit=Words("吊销", "Revoke"), quiet=True)
    return (revoke,) if each.replaced_by is not None else (roll, revoke)
