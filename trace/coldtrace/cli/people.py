"""`coldtrace people`: a person's data as a file, and erased; an account closed, reopened, without its second step."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import FileUnwritable
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from sqlmodel import Session

    from coldtrace.env import Env


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `people`."""
    parser = commands.add_parser("people", help="个人信息 / data of persons")
    actions = parser.add_subparsers(dest="people_command", required=True)
    export = actions.add_parser("export", help="导出某人的全部个人信息 / everything stored about a person")
    export.add_argument("person", metavar="EMAIL|ID")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON")
    export.set_defaults(func=run_export)
    erase = actions.add_parser("erase", help="删除某人的个人信息 / erase a person's data; the id stays")
    erase.add_argument("person", metavar="EMAIL|ID")
    erase.add_argument("--yes", action="store_true", required=True, help="确认，无法撤销 / sure; it cannot be undone")
    erase.set_defaults(func=run_erase)
    close = actions.add_parser("close", help="关闭账号，立即生效 / close an account, at once")
    close.set_defaults(func=run_close)
    reopen = actions.add_parser("reopen", help="恢复账号 / reopen a closed account")
    reopen.set_defaults(func=run_reopen)
    step = actions.add_parser("remove-second-step", help="移除丢失的两步验证 / take a lost second step away")
    step.set_defaults(func=run_remove_second_step)
    for action in (close, reopen, step):
        action.add_argument("person", metavar="EMAIL|ID")
    for action in (export, erase, close, reopen, step):
        action.add_argument("--json", action="store_true")


def run_export(arguments: argparse.Namespace) -> int:
    """Write the file, closed to others, and record that it was made."""
    from coldtrace.cli import command_note
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.output import require_writable
    from coldtrace.people.personal_data import export_person, find_person
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    require_writable(arguments.out)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                person_id = find_person(session, arguments.person)
                command_note.names(str(person_id))
            with installation.sessions() as session:
                descriptor = os.open(arguments.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with open(descriptor, "w", encoding="utf-8") as file:
                    file.writelines(export_person(session, person_id, scope=EVERYTHING))
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
        except OSError as error:
            raise FileUnwritable(path=str(arguments.out), reason=error.strerror or str(error)) from error
    print_result({"person": str(person_id), "out": str(arguments.out)}, as_json=arguments.json)
    return 0


def run_erase(arguments: argparse.Namespace) -> int:
    """Erase for good."""
    from coldtrace.cli import command_note
    from coldtrace.cli.installation import open_installation
    from coldtrace.people.personal_data import erase_person, find_person
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                person_id = find_person(session, arguments.person)
                command_note.names(str(person_id))
                erase_person(session, installation.env, person_id, scope=EVERYTHING, by=None)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"person": str(person_id), "state": "erased"}, as_json=arguments.json)
    return 0


def run_close(arguments: argparse.Namespace) -> int:
    """Close an account: sessions, own tokens and links end."""
    from coldtrace.people.closing import close_person

    return _change(arguments, lambda session, env, person_id: close_person(session, env, person_id))


def run_reopen(arguments: argparse.Namespace) -> int:
    """Reopen a closed account."""
    from coldtrace.people.closing import reopen_person

    return _change(arguments, lambda session, env, person_id: reopen_person(session, person_id))


def run_remove_second_step(arguments: argparse.Namespace) -> int:
    """Take a second step away; the service sends the letter, where letters are sent."""
    from coldtrace.people.closing import remove_second_step
    from coldtrace.settings import load_settings

    by_mail = load_settings().smtp_url is not None
    return _change(
        arguments, lambda session, env, person_id: remove_second_step(session, env, person_id, by_mail=by_mail)
    )


def _change(arguments: argparse.Namespace, work: "Callable[[Session, Env, UUID], None]") -> int:
    from coldtrace.cli import command_note
    from coldtrace.cli.installation import open_installation
    from coldtrace.people.personal_data import find_person, organisations_of
    from coldtrace.people.persons import find_person as person_of
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                person_id = find_person(session, arguments.person)
                command_note.names(str(person_id))
                command_note.about(organisations_of(session, person_id))
                work(session, installation.env, person_id)
                person = person_of(session, person_id)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    assert person is not None, "changed just now"
    print_result({"person": str(person_id), "state": person.state.value}, as_json=arguments.json)
    return 0
