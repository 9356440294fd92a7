"""`coldtrace tokens new`: an API token, shown once, kept as a hash."""

import argparse
from datetime import timedelta

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.errors import Refusal

DAYS_MAX = 3650
ROLES = (
    "first_station",
    "importer",
    "customs",
    "cold_store",
    "carrier",
    "distributor",
    "market",
    "retailer",
    "repacker",
    "laboratory",
    "regulator",
    "administrator",
)
"""`rights.model.Role`."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `tokens`."""
    parser = commands.add_parser("tokens", help="接口令牌 / API tokens")
    actions = parser.add_subparsers(dest="tokens_command", required=True)
    new = actions.add_parser("new", help="新建令牌 / make a token")
    new.add_argument("--name", required=True)
    new.add_argument("--days", type=_days, default=90, metavar="N", help="1-3650")
    new.add_argument("--role", choices=ROLES, default="administrator", help="角色 / what it may do")
    new.add_argument(
        "--organisation", metavar="USCC", help="所属单位，管理员以外必填 / whose; for all but administrators"
    )
    new.add_argument("--site", action="append", metavar="GLN", help="仅限场所，可多次 / only these sites")
    new.add_argument("--area", metavar="CODE", help="监管、海关的区域 / area of regulators and customs: 12, 120116")
    new.add_argument(
        "--manages", action="store_true", help="可管理人员、设备、令牌 / may manage people, devices, tokens"
    )
    new.add_argument(
        "--right", action="append", metavar="KIND:VERB", help="仅限权限，可多次 / only these rights: unit:read"
    )
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
    from coldtrace.parties import store as parties_store
    from coldtrace.people import tokens
    from coldtrace.people.grant_refusals import GrantRefused, OrganisationUnknown
    from coldtrace.people.memberships import RIGHTS, new_token
    from coldtrace.rights.model import Member, Reader, Role
    from coldtrace.settings import load_settings

    role, life = Role(arguments.role), timedelta(days=arguments.days)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                env = installation.env
                if role is Role.ADMINISTRATOR and arguments.organisation is None:
                    # Of the platform itself; every other role is somebody's.
                    if arguments.site or arguments.area is not None or not set(arguments.right or ()) <= RIGHTS:
                        raise GrantRefused()
                    members = [Member(role=role, operator_id=None)]
                    token = tokens.make_token(
                        session,
                        env,
                        name=arguments.name,
                        life=life,
                        members=members,
                        scopes=arguments.right or (tokens.EVERY_RIGHT,),
                        made_by="command line",
                    )
                else:
                    operator = parties_store.operator_of_uscc(session, arguments.organisation or "")
                    if operator is None:
                        raise OrganisationUnknown(uscc=arguments.organisation or "-")
                    token = new_token(
                        session,
                        env,
                        by=Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),)),
                        made_by="command line",
                        name=arguments.name,
                        life=life,
                        member=Member(
                            role=role,
                            operator_id=operator.operator_id,
                            sites=None if arguments.site is None else frozenset(arguments.site),
                            area=arguments.area,
                            manages=arguments.manages,
                        ),
                        rights=arguments.right,
                    )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result = {"token": token, "name": arguments.name, "days": arguments.days, "role": role.value}
    print_result(result, as_json=arguments.json)
    return 0
