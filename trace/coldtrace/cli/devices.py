"""`coldtrace devices`: one-time invitations for handhelds, new keys for them, the end of them."""

import argparse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli.address import service_address
from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.refusals import NothingToDo
from coldtrace.errors import Refusal, Words

if TYPE_CHECKING:
    from sqlmodel import Session

    from coldtrace.env import Env
    from coldtrace.parties.model import Invitation

HOURS_MAX = 720
EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses to listen on, but not to call."""


ADDRESS = "设备访问的服务地址 / address at which the device reaches the service"
KEY_ID = "设备密钥编号 / key id as in `devices list`"
MADE_BY = "command line"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `devices`."""
    parser = commands.add_parser("devices", help="手持设备 / handhelds")
    actions = parser.add_subparsers(dest="devices_command", required=True)
    invite = actions.add_parser("invite", help="一次性邀请 / a one-time invitation")
    invite.add_argument("--site", required=True, metavar="GLN")
    invite.add_argument("--url", help=ADDRESS)
    invite.add_argument(
        "--operation",
        action="append",
        metavar="OP",
        help="允许的操作，可多次；默认全部 / what it may state; all by default",
    )
    invite.add_argument("--hours", type=_hours, default=24, metavar="N", help="有效小时数 1-720 / hours it is good for")
    invite.add_argument("--json", action="store_true")
    invite.set_defaults(func=run_invite)
    roll = actions.add_parser("roll", help="更换设备密钥 / a new key for a device")
    roll.add_argument("key", metavar="KEY", help=KEY_ID)
    roll.add_argument("--url", help=ADDRESS)
    roll.add_argument("--json", action="store_true")
    roll.set_defaults(func=run_roll)
    opened = actions.add_parser("invites", help="列出待用邀请 / list open invitations")
    opened.add_argument("--json", action="store_true")
    opened.set_defaults(func=run_invites)
    withdraw = actions.add_parser("withdraw", help="撤回邀请 / withdraw an invitation")
    withdraw.add_argument("id", metavar="ID", help="邀请编号 / its id as in `devices invites`")
    withdraw.add_argument("--json", action="store_true")
    withdraw.set_defaults(func=run_withdraw)
    listing = actions.add_parser("list", help="列出设备 / list devices")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(func=run_list)
    revoke = actions.add_parser("revoke", help="吊销设备 / revoke a device key")
    revoke.add_argument("key", metavar="KEY", help=KEY_ID)
    revoke.add_argument("--json", action="store_true")
    revoke.set_defaults(func=run_revoke)


_CUT = Words(
    "公开日志前 {size} 条中该设备的记录仍然有效，其后的一律不算。",
    "What this device said among the first {size} entries of the public log stays valid; nothing after them counts.",
)


def run_list(arguments: argparse.Namespace) -> int:
    """List devices: key, site, name, state."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.seal.b64 import b64
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        devices = [
            {
                "key": b64(each.key_id),
                "site": each.gln,
                "name": each.name,
                "state": each.state,
                "replaced_by": None if each.replaced_by is None else b64(each.replaced_by),
            }
            for each in store.all_devices(session)
        ]
    if arguments.json:
        print_result({"devices": devices}, as_json=True)
    else:
        print_rows(("key", "site", "name", "state", "replaced_by"), devices)
    return 0


def run_revoke(arguments: argparse.Namespace) -> int:
    """Revoke a device: the server refuses it at once, and the new trust list tells everybody else."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import service as parties
    from coldtrace.parties.refusals import DeviceNotFound
    from coldtrace.seal.b64 import MalformedBase64, unb64
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            key = unb64(arguments.key)
            with installation.sessions.begin() as session:
                size = parties.revoke_device(session, installation.env, key)
        except MalformedBase64:
            return print_refusal(DeviceNotFound(key=arguments.key), as_json=arguments.json)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result: dict[str, object] = {"key": arguments.key, "state": "revoked"}
    print_result(result | ({"cut_size": size} if arguments.json else {}), as_json=arguments.json)
    if not arguments.json:
        print(_CUT.say("zh", size=size))
        print(_CUT.say("en", size=size))
    return 0


def run_invite(arguments: argparse.Namespace) -> int:
    """Print the invitation: as text, and without `--json` also as a QR code for the terminal."""
    from coldtrace.parties import service as parties

    def invite(session: "Session", env: "Env", url: str) -> "Invitation":
        return parties.invite_device(
            session,
            env,
            gln=arguments.site,
            url=url,
            operations=arguments.operation,
            life=timedelta(hours=arguments.hours),
            made_by=MADE_BY,
        )

    return _invite(arguments, invite)


def run_roll(arguments: argparse.Namespace) -> int:
    """Print an invitation that gives a device a new key: same site, same operations; the old key ends by itself."""
    from coldtrace.parties import service as parties
    from coldtrace.parties.refusals import DeviceNotFound
    from coldtrace.seal.b64 import MalformedBase64, unb64

    def roll(session: "Session", env: "Env", url: str) -> "Invitation":
        try:
            key = unb64(arguments.key)
        except MalformedBase64:
            raise DeviceNotFound(key=arguments.key) from None
        return parties.roll_device(session, env, key, url=url, made_by=MADE_BY)

    return _invite(arguments, roll)


def _invite(arguments: argparse.Namespace, make: "Callable[[Session, Env, str], Invitation]") -> int:
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.settings import load_settings

    settings = load_settings()
    url = arguments.url or _own_address(settings.data_dir, settings.host, settings.port)
    with open_installation(settings) as installation:
        try:
            with installation.sessions.begin() as session:
                made = make(session, installation.env, url)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    if not arguments.json:
        _print_qr(made.text)
    print_result({"invite": made.text, "expires_at": format_utc(made.expires_at)}, as_json=arguments.json)
    return 0


def run_invites(arguments: argparse.Namespace) -> int:
    """List the invitations that can still be used: id, site, until when, which key the new one replaces."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.parties.invitations import open_invitations
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.seal.b64 import b64
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        invites = [
            {
                "id": b64(each.id),
                "site": each.gln,
                "operations": list(each.operations),
                "expires_at": format_utc(each.expires_at),
                "made_by": each.made_by,
                "replaces": None if each.replaces is None else b64(each.replaces),
            }
            for each in open_invitations(session, scope=EVERYTHING, now=installation.env.clock(), limit=10_000)
        ]
    if arguments.json:
        print_result({"invites": invites}, as_json=True)
    else:
        print_rows(("id", "site", "operations", "expires_at", "made_by", "replaces"), invites)
    return 0


def run_withdraw(arguments: argparse.Namespace) -> int:
    """Withdraw an invitation that nobody has used."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties.invitations import withdraw_invitation
    from coldtrace.parties.refusals import InviteNotFound
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.seal.b64 import MalformedBase64, unb64
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                site = withdraw_invitation(session, installation.env, unb64(arguments.id), scope=EVERYTHING)
        except MalformedBase64:
            return print_refusal(InviteNotFound(id=arguments.id[:64]), as_json=arguments.json)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"id": arguments.id, "site": site, "state": "withdrawn"}, as_json=arguments.json)
    return 0


def _hours(text: str) -> int:
    hours = int(text)
    if not 1 <= hours <= HOURS_MAX:
        raise ValueError
    return hours


def _own_address(data_dir: Path, host: str, port: int) -> str:
    """Return the address of the service as another machine may reach it; raise NothingToDo when that is unknown."""
    if host in EVERYWHERE:
        raise NothingToDo(wanted="--url http://…")
    noted = service_address(data_dir)
    if noted is None and port == 0:
        raise NothingToDo(wanted="--url http://…")
    return noted or f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _print_qr(text: str) -> None:
    import qrcode

    symbol = qrcode.QRCode(border=2)
    symbol.add_data(text)
    symbol.print_ascii(invert=True)
