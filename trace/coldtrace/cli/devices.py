"""`coldtrace devices invite --site GLN`: a one-time invitation for a handheld."""

import argparse
from pathlib import Path

from coldtrace.cli.address import service_address
from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.refusals import NothingToDo
from coldtrace.errors import Refusal

EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses to listen on, but not to call."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `devices`."""
    parser = commands.add_parser("devices", help="手持设备 / handhelds")
    actions = parser.add_subparsers(dest="devices_command", required=True)
    invite = actions.add_parser("invite", help="一次性邀请 / a one-time invitation")
    invite.add_argument("--site", required=True, metavar="GLN")
    invite.add_argument("--url", help="设备访问的服务地址 / address at which the device reaches the service")
    invite.add_argument("--json", action="store_true")
    invite.set_defaults(func=run_invite)
    listing = actions.add_parser("list", help="列出设备 / list devices")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(func=run_list)
    revoke = actions.add_parser("revoke", help="吊销设备 / revoke a device key")
    revoke.add_argument("key", metavar="KEY", help="设备密钥编号 / key id as in `devices list`")
    revoke.add_argument("--json", action="store_true")
    revoke.set_defaults(func=run_revoke)


def run_list(arguments: argparse.Namespace) -> int:
    """List devices: key, site, name, state."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import store
    from coldtrace.seal.b64 import b64
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        devices = [
            {"key": b64(each.key_id), "site": each.gln, "name": each.name, "state": each.state}
            for each in store.all_devices(session)
        ]
    if arguments.json:
        print_result({"devices": devices}, as_json=True)
    else:
        print_rows(("key", "site", "name", "state"), devices)
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
    print_result({"key": arguments.key, "state": "revoked", "cut_size": size}, as_json=arguments.json)
    return 0


def run_invite(arguments: argparse.Namespace) -> int:
    """Print the invitation: as text, and without `--json` also as a QR code for the terminal."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.parties import service as parties
    from coldtrace.settings import load_settings

    settings = load_settings()
    url = arguments.url or _own_address(settings.data_dir, settings.host, settings.port)
    with open_installation(settings) as installation, installation.sessions.begin() as session:
        try:
            made = parties.invite_device(session, installation.env, gln=arguments.site, url=url)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    if not arguments.json:
        _print_qr(made.text)
    print_result({"invite": made.text, "expires_at": format_utc(made.expires_at)}, as_json=arguments.json)
    return 0


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
