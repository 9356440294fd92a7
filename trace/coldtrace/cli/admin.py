"""`coldtrace admin`: the first administrator, and one-time links for people where no mail is sent."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import FileUnreadable, NothingToDo
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from coldtrace.settings import Settings

MADE_BY = "command line"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `admin`."""
    parser = commands.add_parser("admin", help="平台管理员 / administrators of the platform")
    actions = parser.add_subparsers(dest="admin_command", required=True)
    create = actions.add_parser("create", help="新建平台管理员 / make an administrator")
    create.add_argument("--email", required=True)
    create.add_argument("--name", required=True)
    create.add_argument("--lang", choices=("zh", "en"), default="zh", help="邮件语言 / language of letters")
    create.add_argument(
        "--organisation", required=True, metavar="USCC", help="所属单位 / their organisation's credit code"
    )
    create.add_argument("--firm-zh", help="单位尚未登记时 / if the organisation is new")
    create.add_argument("--firm-en", help="单位尚未登记时 / if the organisation is new")
    create.add_argument(
        "--password-file",
        type=Path,
        metavar="F",
        help="从文件读取密码 / read the password from a file instead of a link",
    )
    create.add_argument("--json", action="store_true")
    create.set_defaults(func=run_create)
    link = actions.add_parser("link", help="一次性链接 / a one-time link for somebody")
    link.add_argument("--email", required=True)
    link.add_argument("--json", action="store_true")
    link.set_defaults(func=run_link)


def run_create(arguments: argparse.Namespace) -> int:
    """Make an administrator with its organisation; the same again makes no second one, but a new link."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.parties import service as parties
    from coldtrace.parties import store as parties_store
    from coldtrace.parties.provinces import province_of
    from coldtrace.people.inviting import InvitePerson, invite_person
    from coldtrace.people.persons import LinkPurpose, choose_password
    from coldtrace.rights.model import Member, Reader, Role
    from coldtrace.settings import load_settings

    settings = load_settings()
    password = None if arguments.password_file is None else _password(arguments.password_file)
    with open_installation(settings) as installation:
        try:
            with installation.sessions.begin() as session:
                env = installation.env
                operator = parties_store.operator_of_uscc(session, arguments.organisation)
                if operator is None:
                    if not (arguments.firm_zh and arguments.firm_en):
                        raise NothingToDo(wanted="--firm-zh … --firm-en …")
                    city = province_of(arguments.organisation)
                    operator = parties.register_operator(
                        session,
                        env,
                        uscc=arguments.organisation,
                        name_zh=arguments.firm_zh,
                        name_en=arguments.firm_en,
                        city_zh=city.zh,
                        city_en=city.en,
                    )
                administrator = Member(role=Role.ADMINISTRATOR, operator_id=operator.operator_id, manages=True)
                invited = invite_person(
                    session,
                    env,
                    InvitePerson(
                        email=arguments.email,
                        name=arguments.name,
                        lang=arguments.lang,
                        member=administrator,
                        by=Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=None),)),
                        made_by=MADE_BY,
                    ),
                    by_mail=False,
                )
                if password is not None and invited.secret is not None:
                    choose_password(
                        session, env, secret=invited.secret, purpose=LinkPurpose.INVITATION, password=password
                    )
                person, secret = invited.person, None if password is not None else invited.secret
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result: dict[str, object] = {"email": person.email, "role": "administrator", "organisation": operator.uscc}
    if secret is not None:
        result["link"] = _link(settings, LinkPurpose.INVITATION, secret)
    print_result(result, as_json=arguments.json)
    return 0


def run_link(arguments: argparse.Namespace) -> int:
    """Print a one-time link: to choose the first password, or a new one."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.clock import format_utc
    from coldtrace.people.model import PersonState
    from coldtrace.people.persons import LINK_LIFE, LinkPurpose, make_link, parse_email, person_of_email
    from coldtrace.people.refusals import PersonUnknown
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_installation(settings) as installation:
        try:
            with installation.sessions.begin() as session:
                person = person_of_email(session, parse_email(arguments.email))
                if person is None or person.state not in (PersonState.INVITED, PersonState.ACTIVE):
                    raise PersonUnknown(id=arguments.email[:100])
                purpose = LinkPurpose.INVITATION if person.state is PersonState.INVITED else LinkPurpose.RESET
                secret = make_link(session, installation.env, person_id=person.person_id, purpose=purpose)
                until = format_utc(installation.env.clock() + LINK_LIFE[purpose])
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result = {"email": person.email, "link": _link(settings, purpose, secret), "good_until": until}
    print_result(result, as_json=arguments.json)
    return 0


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(path=str(path), reason=str(error)) from error


def _link(settings: "Settings", purpose: object, secret: str) -> str:
    from coldtrace.cli.address import service_address
    from coldtrace.people.mail import link_address
    from coldtrace.people.persons import LinkPurpose

    assert isinstance(purpose, LinkPurpose)
    usual = (
        f"https://{settings.public_host}"
        if settings.env == "production"
        else service_address(settings.data_dir) or f"http://{settings.host}:{settings.port}"
    )
    return link_address(settings.page_url or usual, purpose, secret)
