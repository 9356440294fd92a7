"""`coldtrace devices invite --site GLN`: a one-time invitation for a handheld."""

import argparse

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.errors import Refusal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `devices`."""
    parser = commands.add_parser("devices", help="手持设备 / handhelds")
    actions = parser.add_subparsers(dest="devices_command", required=True)
    invite = actions.add_parser("invite", help="一次性邀请 / a one-time invitation")
    invite.add_argument("--site", required=True, metavar="GLN")
    invite.add_argument("--url", help="设备访问的服务地址 / address at which the device reaches the service")
    invite.add_argument("--json", action="store_true")
    invite.set_defaults(func=run_invite)


def run_invite(arguments: argparse.Namespace) -> int:
    """Print the invitation: as text, and without `--json` also as a QR code for the terminal."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.parties import service as parties
    from coldtrace.settings import load_settings

    settings = load_settings()
    url = arguments.url or f"http://{settings.host}:{settings.port}"
    with open_installation(settings) as installation, installation.sessions.begin() as session:
        try:
            made = parties.invite_device(session, installation.env, gln=arguments.site, url=url)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    if not arguments.json:
        _print_qr(made.text)
    print_result({"invite": made.text, "expires_at": format_utc(made.expires_at)}, as_json=arguments.json)
    return 0


def _print_qr(text: str) -> None:
    import qrcode

    symbol = qrcode.QRCode(border=2)
    symbol.add_data(text)
    symbol.print_ascii(invert=True)
