"""`coldtrace journal verify|export`: whether the journal is what was chained, and the journal as a file."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli.output import print_result
from coldtrace.cli.refusals import FileUnreadable, FileUnwritable, NothingToDo

if TYPE_CHECKING:
    from coldtrace.journal.finding import JournalReport

OK, FINDINGS = 0, 1
PURPOSE_MAX = 200


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `journal`."""
    parser = commands.add_parser("journal", help="审计日志 / the journal: who changed and saw what")
    actions = parser.add_subparsers(dest="journal_command", required=True)
    verify = actions.add_parser("verify", help="检查审计日志 / check the journal, or an export of it")
    verify.add_argument("--export", type=Path, metavar="FILE", help="检查导出文件，无需数据库 / an export, no database")
    verify.add_argument("--vkey", metavar="VKEY", help="公开日志的公钥，检查导出时必填 / the log's key, with --export")
    verify.set_defaults(func=run_verify)
    export = actions.add_parser("export", help="导出审计日志 / write the journal as a file")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON Lines")
    export.add_argument("--purpose", type=_purpose, required=True, help="用途，记入审计日志 / what for; is recorded")
    export.add_argument("--since", type=_moment, metavar="TIME", help="起（含），如 2026-11-28 / from, inclusive")
    export.add_argument("--until", type=_moment, metavar="TIME", help="止（不含） / until, exclusive")
    export.set_defaults(func=run_export)
    for action in (verify, export):
        action.add_argument("--json", action="store_true")


def _purpose(text: str) -> str:
    if not text.strip() or len(text) > PURPOSE_MAX or not text.isprintable():
        raise ValueError
    return text.strip()


def _moment(text: str) -> datetime:
    """Return a moment; without an offset it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def run_verify(arguments: argparse.Namespace) -> int:
    """Check the whole journal, or an export alone; 0 clean, 1 findings."""
    report = _of_database() if arguments.export is None else _of_file(arguments.export, arguments.vkey)
    if arguments.json:
        print_result(report.to_json(), as_json=True)
        return OK if report.ok else FINDINGS
    for each in report.findings:
        print(f"✗ {each.code}\t{each.say('zh')} / {each.say('en')}")
    if report.unanchored:
        print(
            f"· 最后 {report.unanchored} 条在公开日志中尚无锚 / the last {report.unanchored} records have no anchor"
            " in the log yet"
        )
    if report.unproved:
        print(f"· {report.unproved} 个锚尚无证明 / {report.unproved} anchors have no proof yet")
    zh, en = ("未发现问题", "clean") if report.ok else (f"{sum(report.counts.values())} 处问题", "findings")
    print(f"{zh} / {en}\t{report.records}\t{report.anchors}\t{report.seq}:{report.hash.hex()}")
    return OK if report.ok else FINDINGS


def _of_database() -> "JournalReport":
    from coldtrace.cli.installation import open_installation
    from coldtrace.journal.verify import verify
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        # One picture of all tables: the service may be chaining at this moment.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        return verify(session, installation.env)


def _of_file(path: Path, vkey: str | None) -> "JournalReport":
    from coldtrace.journal.check_export import check_export
    from coldtrace.seal.vkey import parse_vkey

    if vkey is None:
        raise NothingToDo(wanted="--vkey")
    return check_export(_lines(path), logs=[parse_vkey(vkey)])


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(path=str(path), reason=str(error)) from error


def run_export(arguments: argparse.Namespace) -> int:
    """Write an export.  The export is an act itself and is recorded before the first line."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.output import require_writable
    from coldtrace.journal import service as journal
    from coldtrace.journal.export import export_lines
    from coldtrace.journal.model import COMMAND_LINE, Act
    from coldtrace.rights.model import Kind
    from coldtrace.settings import load_settings

    require_writable(arguments.out)
    lines = 0
    with open_installation(load_settings()) as installation:
        env = installation.env
        with installation.sessions.begin() as session:
            span = {name: getattr(arguments, name) for name in ("since", "until")}
            told = {name: moment.isoformat() for name, moment in span.items() if moment is not None}
            journal.record(
                session,
                env,
                Act(
                    actor=COMMAND_LINE,
                    act="export",
                    kind=Kind.JOURNAL.value,
                    object="*",
                    purpose=arguments.purpose,
                    detail=told,
                ),
            )
        try:
            with installation.sessions() as session, arguments.out.open("w", encoding="utf-8", newline="\n") as file:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                for line in export_lines(session, env, since=arguments.since, until=arguments.until):
                    file.write(line + "\n")
                    lines += 1
        except OSError as error:
            raise FileUnwritable(path=str(arguments.out), reason=error.strerror or str(error)) from error
    print_result({"out": str(arguments.out), "lines": lines}, as_json=arguments.json)
    return OK
