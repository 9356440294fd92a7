"""`coldtrace tokens new`: an API token, shown once, kept as a hash."""

import argparse
from datetime import timedelta

from coldtrace.cli.output import print_result

DAYS_MAX = 3650


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `tokens`."""
    parser = commands.add_parser("tokens", help="接口令牌 / API tokens")
    actions = parser.add_subparsers(dest="tokens_command", required=True)
    new = actions.add_parser("new", help="新建令牌 / make a token")
    new.add_argument("--name", required=True)
    new.add_argument("--days", type=_days, default=90, metavar="N", help="1-3650")
    new.add_argument("--json", action="store_true")
    new.set_defaults(func=run_new)


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= DAYS_MAX:
        raise ValueError
    return days


def run_new(arguments: argparse.Namespace) -> int:
    """Make a token and print it for the only time."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.people import tokens
    from coldtrace.rights.model import Member, Role
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        token = tokens.make_token(
            session,
            installation.env,
            name=arguments.name,
            life=timedelta(days=arguments.days),
            members=[Member(role=Role.ADMINISTRATOR, operator_id=None)],
            made_by="command line",
        )
    print_result({"token": token, "name": arguments.name, "days": arguments.days}, as_json=arguments.json)
    return 0
