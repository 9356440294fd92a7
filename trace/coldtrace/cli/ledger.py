"""`coldtrace ledger open|list|export|erase|audit|monitor`: the logs of this installation, and their checks.

There is no command that thaws a frozen log: docs/guides/run-in-production.md says what to do instead.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from coldtrace.cli import audit
from coldtrace.cli.output import REFUSED, plain, print_refusal, print_result
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from coldtrace.ledger.model import LogStatus

COLUMNS = ("name", "current", "state", "size", "published", "cosignatures", "pending", "vkey")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger`."""
    parser = commands.add_parser("ledger", help="公开日志 / the public logs")
    actions = parser.add_subparsers(dest="ledger_command", required=True)
    listing = actions.add_parser("list", help="列出日志及其状态 / list the logs and how they are doing")
    listing.set_defaults(func=run_list)
    opening = actions.add_parser("open", help="开立另一份日志 / open another log")
    opening.add_argument("name", help="名称，例如 cn-2027 / its name")
    opening.set_defaults(func=run_open)
    export = actions.add_parser("export", help="把已发布的日志写成文件 / write the published log as files")
    export.add_argument("--log", help="日志名称，默认为当前日志 / which log")
    export.add_argument("--out", type=Path, required=True, help="目标文件夹 / folder to write to")
    export.add_argument(
        "--repair", action="store_true", help="逐一核对并补写缺失文件 / check all, write what is missing"
    )
    export.set_defaults(func=run_export)
    erase = actions.add_parser("erase", help="依法抹除私有字段 / erase private fields on a legal ground")
    erase.add_argument("id", type=UUID, help="记录编号 / id of the statement")
    erase.add_argument("--field", action="append", required=True, help="字段名，可重复 / name of a field")
    erase.add_argument(
        "--ground", required=True, help="法律依据，写入公开日志 / legal ground, goes into the public log"
    )
    erase.set_defaults(func=run_erase)
    for action in (listing, opening, export, erase):
        action.add_argument("--json", action="store_true")
    audit.add_subcommands(actions)


def run_list(arguments: argparse.Namespace) -> int:
    """List the logs; exit 1 when one is frozen, and say why."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.ledger import service as ledger
    from coldtrace.ledger.fork_guard import frozen_reason
    from coldtrace.ledger.model import LogState
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        found = ledger.status(session, now=installation.env.clock())
        current = installation.env.log
    rows = [_row(each, is_current=each.log == current) for each in found]
    if arguments.json:
        print_result({"logs": rows}, as_json=True)
    else:
        print("\t".join(COLUMNS))
    for each, row in zip(found, rows, strict=True):
        if not arguments.json:
            print("\t".join(plain(row[name]) for name in COLUMNS))
        reason = frozen_reason(each.reason)
        if reason is not None:
            print_refusal(reason, as_json=False)
    return REFUSED if any(each.state is LogState.FROZEN for each in found) else 0


def _row(status: "LogStatus", *, is_current: bool) -> dict[str, object]:
    from coldtrace.ledger.fork_guard import reason_facts

    return {
        "id": status.log.id,
        "name": status.log.name,
        "origin": status.log.origin,
        "vkey": status.vkey,
        "current": is_current,
        "state": status.state.value,
        "reason": reason_facts(status.reason),
        "size": status.head_size,
        "published": status.published_size,
        "cosignatures": status.cosignatures,
        "pending": status.pending,
        "oldest_pending_s": round(status.oldest_pending_s, 3),
    }


def run_open(arguments: argparse.Namespace) -> int:
    """Open a log with a key of its own, and put it on the trust list."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.ledger import service as ledger
    from coldtrace.ledger.refusals import LogNameUnusable
    from coldtrace.parties import trust
    from coldtrace.parties.keys import make_log_key
    from coldtrace.parties.signing_keys import keep_key
    from coldtrace.settings import SettingInvalid, load_settings

    load_settings()  # what is wrong with the settings themselves is said as such
    try:
        settings = load_settings(log_name=arguments.name)
    except SettingInvalid:
        raise LogNameUnusable(name=arguments.name) from None
    with open_installation(settings) as installation:
        env = installation.env
        try:
            with installation.sessions_as(None) as sessions, sessions.begin() as session:
                signer = make_log_key(env, settings.log_name)
                log = ledger.open_named_log(session, env, origin=f"{env.public_host}/logs/{settings.log_name}")
                keep_key(session, use="log", signer=signer, now=env.clock())
                trust.announce(session, env)
                vkey = next(vkey for each, vkey in ledger.logs(session) if each == log)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"id": log.id, "name": log.name, "origin": log.origin, "vkey": vkey}, as_json=arguments.json)
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Write checkpoint, tiles and bundles; exit 1, nothing overwritten, when a file has other bytes."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.ledger import service as ledger
    from coldtrace.ledger.publish import export
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_installation(settings) as installation:
        try:
            with installation.sessions() as session:
                log = installation.env.log
                if arguments.log is not None:
                    log = ledger.log_named(session, arguments.log)
                head = ledger.checkpoint(session, log)
            written = export(
                installation.sequencer,  # in the role that may freeze a log
                installation.env,
                log,
                arguments.out,
                head=head,
                repair=arguments.repair,
                public_entries=settings.public_entries,
            )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result(
        {"log": log.name, "size": head.size, "written": written, "out": str(arguments.out)}, as_json=arguments.json
    )
    return 0


def run_erase(arguments: argparse.Namespace) -> int:
    """Erase fields of a statement's private piece, and log that it was done and why."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.custody.erasure import erase
    from coldtrace.db.roles import ERASER
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions_as(ERASER) as sessions, sessions.begin() as session:
                leaf = erase(session, installation.env, arguments.id, fields=arguments.field, ground=arguments.ground)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result(
        {"id": str(arguments.id), "erased": sorted(set(arguments.field)), "entry": str(leaf)}, as_json=arguments.json
    )
    return 0
