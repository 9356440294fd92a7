"""Devices for those who manage a site: list, withdraw, roll, revoke.  What devices ask for is in `devices.py`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.errors import Refusal
from coldtrace.parties import directory
from coldtrace.parties import service as parties
from coldtrace.parties.directory import ListedDevice
from coldtrace.parties.invitations import open_invitations, withdraw_invitation
from coldtrace.parties.refusals import DeviceNotFound, InviteNotFound
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

DeviceReader = Annotated[Caller, needs(Kind.DEVICE, Verb.READ, devices=False)]
DeviceWriter = Annotated[Caller, needs(Kind.DEVICE, Verb.WRITE, devices=False)]
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str | None, Query(max_length=64)]

_URL = r"^https?://[A-Za-z0-9\-._:\[\]]+(/[A-Za-z0-9\-._~/]*)?$"


class RollIn(BodyIn):
    """How the device reaches us, if not at the address of this call."""

    url: str | None = Field(default=None, max_length=200, pattern=_URL)


@router.get("", summary="Devices 设备清单")
def get_devices(
    session: ReadSession,
    caller: DeviceReader,
    after: After = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return devices by key; `next` is the `after` of the following page.

    `unsent` statements waited on it when it last said so (`reported_at`), and its block list had been issued at
    `block_list_at`; null where it never said.
    """
    found = directory.devices(session, scope=caller.scope, after=None if after is None else _key_id(after), limit=limit)
    caller.at(each.gln for each in found)
    return {
        "devices": [
            {
                "key": b64(each.key_id),
                "site": each.gln,
                "name": each.name,
                "operations": list(each.operations),
                "state": each.state,
                "enrolled_at": format_utc(each.enrolled_at),
                "last_seen_at": None if each.last_seen_at is None else format_utc(each.last_seen_at),
                "replaced_by": None if each.replaced_by is None else b64(each.replaced_by),
                "reported_at": None if each.reported_at is None else format_utc(each.reported_at),
                "unsent": each.unsent,
                "block_list_at": None if each.stops_at is None else format_utc(each.stops_at),
            }
            for each in found
        ],
        "next": b64(found[-1].key_id) if len(found) == limit else None,
    }


@router.get("/invites", summary="Open invitations 待用邀请")
def get_invites(
    session: ReadSession,
    env: CurrentEnv,
    caller: Annotated[Caller, needs(Kind.DEVICE, Verb.WRITE, devices=False, act="list")],
    after: After = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return the invitations that can still be used, by id, never their texts."""
    found = open_invitations(
        session,
        scope=caller.scope,
        now=env.clock(),
        after=None if after is None else _invite_id(after),
        limit=limit,
    )
    caller.at(each.gln for each in found)
    return {
        "invites": [
            {
                "id": b64(each.id),
                "site": each.gln,
                "operations": list(each.operations),
                "created_at": format_utc(each.created_at),
                "expires_at": format_utc(each.expires_at),
                "made_by": each.made_by,
                "replaces": None if each.replaces is None else b64(each.replaces),
            }
            for each in found
        ],
        "next": b64(found[-1].id) if len(found) == limit else None,
    }


@router.delete("/invites/{id}", status_code=204, summary="Withdraw an invitation 撤回邀请")
def delete_invite(id: str, session: WriteSession, env: CurrentEnv, caller: DeviceWriter) -> Response:
    """Withdraw an invitation that nobody has used."""
    caller.at([withdraw_invitation(session, env, _invite_id(id), scope=caller.scope)])
    return Response(status_code=204)


@router.post("/{key}/roll", status_code=201, summary="A new key for a device 更换设备密钥")
def roll(
    key: str, request: Request, session: WriteSession, env: CurrentEnv, caller: DeviceWriter, body: RollIn | None = None
) -> dict[str, str]:
    """Invite a new key for a device: same site, same operations; the old key ends when its chain is closed."""
    device = _known_device(session, key, caller)
    url = (body and body.url) or str(request.base_url).rstrip("/")
    made = parties.roll_device(session, env, device.key_id, url=url, made_by=caller.actor)
    caller.at([device.gln])
    return {"invite": made.text, "expires_at": format_utc(made.expires_at)}


@router.post("/{key}/revoke", summary="Revoke a device 吊销设备")
def revoke(key: str, session: WriteSession, env: CurrentEnv, caller: DeviceWriter) -> dict[str, object]:
    """Revoke a device's key: the server refuses it at once, the new trust list tells everybody else."""
    device = _known_device(session, key, caller)
    size = parties.revoke_device(session, env, device.key_id)
    caller.at([device.gln])
    return {"key": b64(device.key_id), "state": "revoked", "cut_size": size}


def _known_device(session: Session, key: str, caller: Caller) -> ListedDevice:
    found = directory.devices(session, scope=caller.scope, key=_key_id(key), limit=1)
    if not found:
        raise DeviceNotFound(key=key[:64])
    return found[0]


def _key_id(text: str) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        refusal: Refusal = DeviceNotFound(key=text[:64])
        raise refusal from None


def _invite_id(text: str) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        refusal: Refusal = InviteNotFound(id=text[:64])
        raise refusal from None
