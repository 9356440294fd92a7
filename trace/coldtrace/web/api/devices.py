"""Devices: enrol once, ask for work, show the chain."""

from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from coldtrace.clock import format_utc, parse_utc
from coldtrace.codes.gln import parse_gln
from coldtrace.custody import chain
from coldtrace.custody.refusals import DeviceUnknown
from coldtrace.errors import Refusal
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import work
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.device_reports import note_report
from coldtrace.parties.model import Device, Site
from coldtrace.parties.refusals import AuthenticationRequired, SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, Visitor, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

Worker = Annotated[Caller, needs(Kind.WORK, Verb.READ, recorded=False)]
Inviter = Annotated[Caller, needs(Kind.DEVICE, Verb.WRITE, devices=False, act="invite")]

DOORS_MAX = 1000
SERVER_TIME = "Coldtrace-Time"
UNSENT, BLOCK_LIST_AT = "Coldtrace-Unsent", "Coldtrace-Block-List-At"
UNSENT_DIGITS_MAX = 9
"""The header that tells a device the server's time: beside the answer, whose ETag is that of what it needs."""

_PLAIN = r"^[^\x00-\x1f\x7f]*$"
_URL = r"^https?://[A-Za-z0-9\-._:\[\]]+(/[A-Za-z0-9\-._~/]*)?$"


class EnrolIn(BaseModel):
    """A device's request to be admitted (docs/formats/events.md).

    Fields of a newer handheld are passed over: `request` is what is signed, and the rest of it says nothing alone.
    """

    request: str = Field(max_length=4096)
    request_sig: str = Field(max_length=128)
    token: str = Field(max_length=128)
    name: str = Field(default="", max_length=64, pattern=_PLAIN)


class InviteIn(BodyIn):
    """Which site gets a device, what it may state (default: all that the site's role may), how it reaches us.

    `hours` is how long the invitation can be used.
    """

    site: str = Field(max_length=13)
    operations: list[StatementType] | None = Field(default=None, min_length=1, max_length=len(StatementType))
    url: str | None = Field(default=None, max_length=200, pattern=_URL)
    hours: int = Field(default=24, ge=1, le=720)


def _site(site: Site) -> dict[str, str]:
    return {
        "gln": site.gln,
        "name_zh": site.name_zh,
        "name_en": site.name_en,
        "role": site.role.value,
        "district": site.district,
    }


@router.post("/enrol", status_code=201, dependencies=[Visitor], summary="Enrol a device 注册设备")
def enrol(body: EnrolIn, session: WriteSession, env: CurrentEnv) -> dict[str, object]:
    """Admit a device key by a one-time invitation; no token needed, the invitation is the credential."""
    device, site = parties.enrol_device(
        session, env, parties.Enrol(**body.model_dump()), chain_end=partial(chain.chain_end, session)
    )
    installation = parties_store.installation(session)
    assert installation is not None, "a server never runs before its installation"
    return {
        "certificate": device.certificate,
        "certificate_sig": device.certificate_sig,
        "root": installation.root,
        "trust_list": parties.trust_envelope(session, env),
        "origin": env.origin,
        "site": _site(site),
        "operations": list(device.operations),
    }


@router.post("/invites", status_code=201, summary="Invite a device 邀请设备")
def invite(request: Request, body: InviteIn, caller: Inviter, session: WriteSession, env: CurrentEnv) -> dict[str, str]:
    """Make a one-time invitation for a device of one site; needs a token of somebody who manages its organisation.

    The device will call at `url`, or else at the address under which this request came.
    """
    if parties_store.site_in(session, parse_gln(body.site), caller.scope, Kind.DEVICE) is None:
        raise SiteUnknown(gln=body.site)
    caller.named(body.site)
    caller.at([body.site])
    made = parties.invite_device(
        session,
        env,
        gln=body.site,
        url=body.url or str(request.base_url).rstrip("/"),
        operations=None if body.operations is None else [each.value for each in body.operations],
        life=timedelta(hours=body.hours),
        made_by=caller.actor,
    )
    return {"invite": made.text, "expires_at": format_utc(made.expires_at)}


@router.get("/work", summary="What a device needs offline 离线数据")
def get_work(
    request: Request,
    response: Response,
    session: ReadSession,
    env: CurrentEnv,
    caller: Worker,
    after: Annotated[str | None, Query(max_length=13)] = None,
    limit: Annotated[int, Query(ge=1, le=DOORS_MAX)] = DOORS_MAX,
) -> dict[str, object]:
    """Return the calling device's site, its operations, lots to bind, rolls with free labels, registered places.

    `doors` come by GLN; `next` is the `after` of the following page, which has no lots again.  The server's time is in
    the header `Coldtrace-Time`, so that `If-None-Match` is answered 304 while nothing changed.  A device may say in the
    headers `Coldtrace-Unsent` how many statements wait on it, and in `Coldtrace-Block-List-At` when its block list was
    issued: whoever keeps the devices is shown it.
    """
    response.headers[SERVER_TIME] = format_utc(env.clock())
    device = _device(caller.device)
    _note_report(request, device)
    site = parties_store.site(session, device.gln)
    if site is None:
        raise SiteUnknown(gln=device.gln)
    doors = parties_store.sites_page(session, after=after, limit=limit)
    return {
        "site": _site(site),
        "operations": list(device.operations),
        "lots": work.open_lots(session, caller.scope) if after is None else [],
        "unit_lots": work.open_units(session, caller.scope) if after is None else [],
        "rolls": work.open_rolls(session, caller.scope, now=env.clock()) if after is None else [],
        "doors": [{"gln": each.gln, "name_zh": each.name_zh, "name_en": each.name_en} for each in doors],
        "next": doors[-1].gln if len(doors) == limit else None,
    }


def _note_report(request: Request, device: Device) -> None:
    """Keep what the device says of itself; what cannot be read was not said."""
    said = request.headers.get(UNSENT, "")
    if not said.isascii() or not said.isdigit() or len(said) > UNSENT_DIGITS_MAX:
        return
    try:
        stops_at = parse_utc(request.headers.get(BLOCK_LIST_AT, ""))
    except ValueError:
        stops_at = None
    with request.app.state.sessions.begin() as session:
        at = request.app.state.env.clock()
        note_report(session, device.key_id, at=at, unsent=int(said), stops_at=stops_at)


def _device(device: Device | None) -> Device:
    if device is None:
        raise AuthenticationRequired()
    return device


@router.get("/{key}/chain", summary="A device's chain 设备记录链")
def get_chain(
    key: str,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.DEVICE, Verb.READ)],
    after: Annotated[int, Query(ge=0, lt=2**53)] = 0,
) -> dict[str, object]:
    """Return how far a device's chain reaches, which numbers are missing since when, and where it forks.

    A thousand holes and forks at most; `next` is the `after` of the following thousand.
    """
    found = chain.describe(session, caller.scope, _key(key), after=after)
    if found is None:
        raise DeviceUnknown(key=key)
    if caller.device is not None:
        # A handheld asks every few seconds for what is its own site's.
        caller.drop()
    caller.at(device.gln for device in parties_store.devices_by_key(session, [_key(key)]).values())
    return found


@router.get("/{key}/statements", summary="The statements of a chain, holes named 设备记录链明细")
def get_links(
    key: str,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.DEVICE, Verb.READ)],
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=chain.PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return a device's statements in the order of its chain; `next` is the `after` of the following page.

    `missing_before` counts the numbers directly before one that never came.  What they say of goods is asked of the
    statements themselves.
    """
    if not chain.is_in_scope(session, caller.scope, _key(key)):
        raise DeviceUnknown(key=key)
    found = chain.links(session, _key(key), after=after, limit=limit)
    caller.at(device.gln for device in parties_store.devices_by_key(session, [_key(key)]).values())
    caller.told(rows=len(found))
    return {
        "key": key,
        "statements": [
            {
                "seq": link.seq,
                "id": str(link.entry_id),
                "type": link.type,
                "at": format_utc(link.claimed_at),
                "recorded_at": format_utc(link.recorded_at),
                "header": b64(link.header_hash),
                "missing_before": link.missing_before,
            }
            for link in found
        ],
        "next": str(found[-1].entry_id) if len(found) == limit else None,
    }


def _key(text: str) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        refusal: Refusal = DeviceUnknown(key=text[:64])
        raise refusal from None
