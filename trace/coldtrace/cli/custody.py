"""`coldtrace custody rebuild --check`: whether the record is what the statements say."""

import argparse
import json
from typing import TYPE_CHECKING

from coldtrace.cli.output import print_result
from coldtrace.cli.progress import ProgressBar
from coldtrace.cli.refusals import RebuildOnlyChecks

if TYPE_CHECKING:
    from coldtrace.custody.rebuild import RebuildReport

OK, FINDINGS = 0, 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `custody`."""
    parser = commands.add_parser("custody", help="货物去向的总账 / the record of where goods are")
    actions = parser.add_subparsers(dest="custody_command", required=True)
    rebuild = actions.add_parser("rebuild", help="按事件顺序重算全部记录并比对 / tell all statements again and compare")
    rebuild.add_argument("--check", action="store_true", help="只比对，不改动 / compare only, change nothing")
    rebuild.add_argument("--json", action="store_true")
    rebuild.set_defaults(func=run_rebuild)


def run_rebuild(arguments: argparse.Namespace) -> int:
    """Tell all statements again beside the live record; 0 the same, 1 differences.

    Raises RebuildOnlyChecks without `--check`: what differs is evidence of who wrote to these tables.
    """
    if not arguments.check:
        raise RebuildOnlyChecks()
    from coldtrace.cli.installation import open_installation
    from coldtrace.custody import rebuild
    from coldtrace.settings import load_settings

    bar = ProgressBar("条记录 statements")
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        # One picture of all tables: the service goes on writing.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        try:
            report = rebuild.check(session, progress=bar.show)
        finally:
            bar.close()
            session.rollback()
    if arguments.json:
        print_result(report.to_json(), as_json=True)
    else:
        _print(report)
    return OK if report.ok else FINDINGS


def _print(report: "RebuildReport") -> None:
    from coldtrace.custody.rebuild import TABLE_WORDS

    for table, count in report.counts.items():
        if count:
            words = TABLE_WORDS[table]
            print(f"✗ {table}\t{count}\t{words.zh} / {words.en}")
    for each in report.examples:
        print(f"  {each.table}\t{each.key}")
        print(f"    已存 / stored\t{json.dumps(each.stored, ensure_ascii=False)}")
        print(f"    重算 / rebuilt\t{json.dumps(each.rebuilt, ensure_ascii=False)}")
    zh, en = ("一致", "the same") if report.ok else (f"{sum(report.counts.values())} 处不一致", "differences")
    print(f"{zh} / {en}\t记录 statements {report.statements}\t行 lines {report.lines}\t货物 units {report.units}")
