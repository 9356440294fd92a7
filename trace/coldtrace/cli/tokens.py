"""`coldtrace tokens`: an API token, shown once and kept as a hash; which there are; the end of one."""

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.refusals import NothingToDo
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from sqlmodel import Session

    from coldtrace.people.memberships import ListedToken

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
    new.set_defaults(func=run_new)
    listing = actions.add_parser("list", help="列出有效的令牌 / list the live tokens")
    listing.set_defaults(func=run_list)
    withdraw = actions.add_parser("withdraw", help="撤销令牌，立即生效 / end a token, at once")
    withdraw.add_argument("id", metavar="ID", help="令牌编号 / its id as in `tokens list`")
    withdraw.set_defaults(func=run_withdraw)
    for action in (listing, withdraw):
        action.add_argument(
            "--person", metavar="EMAIL|ID", help="某人自己的令牌 / the own tokens of a person, not those of firms"
        )
    for action in (new, listing, withdraw):
        action.add_argument("--json", action="store_true")


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
    from coldtrace.people.memberships import new_token, require_usable
    from coldtrace.rights.model import Member, Reader, Role
    from coldtrace.settings import load_settings

    role, life = Role(arguments.role), timedelta(days=arguments.days)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                env = installation.env
                if role is Role.ADMINISTRATOR and arguments.organisation is None:
                    # Of the platform itself; every other role is somebody's.
                    if arguments.site or arguments.area is not None:
                        raise GrantRefused()
                    members = [Member(role=role, operator_id=None)]
                    if arguments.right:
                        require_usable(members[0], arguments.right)
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
                    if arguments.organisation is None:
                        raise NothingToDo(wanted="--organisation")
                    operator = parties_store.operator_of_uscc(session, arguments.organisation)
                    if operator is None:
                        raise OrganisationUnknown(uscc=arguments.organisation)
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


def run_list(arguments: argparse.Namespace) -> int:
    """List tokens, never their secrets: those of organisations and of the platform, or a person's own."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.parties import store as parties_store
    from coldtrace.people.tokens import EVERY_RIGHT
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        try:
            found = _tokens(session, _person(session, arguments.person))
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
        firms = {each.operator_id for token in found for each in token.memberships if each.operator_id is not None}
        codes = {each.operator_id: each.uscc for each in parties_store.operators_by_id(session, firms)}
    rows: list[dict[str, object]] = [
        {
            "id": str(token.token_id),
            "name": token.name,
            "role": [each.role.value for each in token.memberships],
            "organisation": [codes[each.operator_id] for each in token.memberships if each.operator_id is not None],
            "rights": None if EVERY_RIGHT in token.scopes else list(token.scopes),
            "expires_at": None if token.expires_at is None else format_utc(token.expires_at),
            "last_used_at": None if token.last_used_at is None else format_utc(token.last_used_at),
        }
        for token in found
    ]
    if arguments.json:
        print_result({"tokens": rows}, as_json=True)
    else:
        print_rows(("id", "name", "role", "organisation", "rights", "expires_at", "last_used_at"), rows)
    return 0


def run_withdraw(arguments: argparse.Namespace) -> int:
    """End a token: the next call with it is refused."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.people.grant_refusals import TokenUnknown
    from coldtrace.people.memberships import revoke_token
    from coldtrace.rights.model import EVERYTHING, Member, Reader, Role
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                try:
                    token_id = UUID(arguments.id)
                except ValueError:
                    raise TokenUnknown(id=arguments.id[:40]) from None
                revoke_token(
                    session,
                    installation.env,
                    by=Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),)),
                    scope=EVERYTHING,
                    token_id=token_id,
                    own=_person(session, arguments.person),
                )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"id": str(token_id), "state": "withdrawn"}, as_json=arguments.json)
    return 0


def _person(session: "Session", given: str | None) -> UUID | None:
    from coldtrace.people.personal_data import find_person

    return None if given is None else find_person(session, given)


def _tokens(session: "Session", own: UUID | None) -> "list[ListedToken]":
    """Return all of them, page by page: there may be many, and the list is asked for seldom."""
    from coldtrace.people.memberships import tokens
    from coldtrace.rights.model import EVERYTHING

    found = page = tokens(session, scope=EVERYTHING, limit=200, own=own)
    while len(page) == 200:
        page = tokens(session, scope=EVERYTHING, after=page[-1].token_id, limit=200, own=own)
        found = found + page
    return found
