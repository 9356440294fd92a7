"""`coldtrace ledger audit` and `ledger monitor`: whether the log is what it says, by somebody who need not trust it."""

import argparse
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli.output import COULD_NOT_RUN, print_refusal, print_result
from coldtrace.cli.refusals import FileUnreadable, NothingToDo
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from coldtrace.audit.service import Order, Result
    from coldtrace.audit.walk import Progress
    from coldtrace.seal.witness_policy import WitnessPolicy

OK, FINDINGS = 0, 1
BAR = 30
AGE_MAX_S = 3600
"""A service has its witnesses look again every ten minutes, whether or not the log grows."""


def add_subcommands(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `audit` and `monitor` to the actions of `ledger`."""
    audit = actions.add_parser("audit", help="审计日志 / audit the log")
    audit.add_argument("--db", metavar="URL", help="数据库 / the database")
    _add_sources(audit)
    audit.add_argument("--log", metavar="NAME", help="日志名 / which log of the database")
    audit.add_argument("--root", type=Path, metavar="FILE", help="首版根文件 / the first root document")
    audit.add_argument("--since", metavar="SIZE", help="从已保存的大小继续，或 saved / go on from the saved size")
    audit.add_argument("--no-signatures", action="store_true", help="不查设备签名 / leave device signatures out")
    audit.add_argument("--no-pieces", action="store_true", help="不查内容 / leave the pieces out")
    audit.add_argument("--processes", type=int, metavar="N", help="进程数，默认为核数 / one for each core")
    audit.set_defaults(func=run_audit)
    monitor = actions.add_parser("monitor", help="持续监视公开日志 / watch a public log")
    _add_sources(monitor)
    monitor.add_argument("--interval", type=int, default=60, metavar="SECONDS")
    monitor.add_argument("--rounds", type=int, metavar="N", help="轮数，默认不停 / how often; without it for ever")
    monitor.set_defaults(func=run_monitor)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", metavar="PREFIX", help="日志地址或文件夹 / address of the log, or a folder")
    parser.add_argument("--vkey", metavar="VKEY", help="日志公钥 / the log's key")
    parser.add_argument("--witness-policy", type=Path, metavar="FILE")
    parser.add_argument("--state", type=Path, metavar="FILE", help="审计方自己的状态文件 / the auditor's own file")
    parser.add_argument(
        "--max-age",
        type=int,
        metavar="SECONDS",
        help="见证签名最长时限，0 不限 / how old cosignatures may be, 0: any age",
    )
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="读取条目包的令牌 / token for entry bundles")
    parser.add_argument("--json", action="store_true")


def run_audit(arguments: argparse.Namespace) -> int:
    """Audit once: 0 clean, 1 findings, 2 could not run."""
    from coldtrace.audit.service import audit

    with _no_verdict(), _order(arguments) as order, _progress(shown=not arguments.json) as progress:
        result = audit(order, progress=progress)
    _print(result, as_json=arguments.json)
    return OK if result.report.ok else FINDINGS


def run_monitor(arguments: argparse.Namespace) -> int:
    """Audit what is served again and again from where the last round ended; stop with 1 at the first finding."""
    from coldtrace.audit.refusals import SourceUnreachable
    from coldtrace.audit.service import audit

    pause = threading.Event()
    rounds = 0
    while True:
        rounds += 1
        try:
            with _no_verdict(), _order(arguments, monitor=True) as order:
                result = audit(order)
        except SourceUnreachable as refusal:
            if arguments.rounds is not None and rounds >= arguments.rounds:
                raise
            # An address that does not answer now may answer in the next round; a monitor goes on.
            print_refusal(refusal, as_json=arguments.json, status=COULD_NOT_RUN)
        else:
            _print(result, as_json=arguments.json, short=result.report.ok)
            if not result.report.ok:
                return FINDINGS
        if arguments.rounds is not None and rounds >= arguments.rounds:
            return OK
        pause.wait(arguments.interval)


@contextmanager
def _no_verdict() -> Iterator[None]:
    """Turn a fault of the auditor into AuditBroke, its trace shown: with Python's own status it would look like
    findings."""
    from coldtrace.audit.refusals import AuditBroke

    try:
        yield
    except (Refusal, ImportError, BrokenPipeError):
        raise
    except Exception as error:
        traceback.print_exc()
        raise AuditBroke(reason=f"{type(error).__name__}: {error}"[:200]) from error


@contextmanager
def _order(arguments: argparse.Namespace, *, monitor: bool = False) -> Iterator["Order"]:
    from coldtrace.audit.service import Order
    from coldtrace.seal.vkey import parse_vkey

    since = "saved" if monitor else arguments.since
    if monitor and (arguments.url is None or arguments.state is None):
        raise NothingToDo(wanted="--url, --state")
    if since not in (None, "saved") and not since.isdecimal():
        raise NothingToDo(wanted="--since SIZE | saved")
    with _database(arguments, monitor=monitor) as database_url:
        yield Order(
            database_url=database_url,
            place=arguments.url,
            log=None if monitor else arguments.log,
            vkey=None if arguments.vkey is None else parse_vkey(arguments.vkey),
            policy=_policy(arguments.witness_policy),
            saved_file=arguments.state,
            since=None if since in (None, "saved") else int(since),
            since_saved=since == "saved",
            token=None if arguments.token_file is None else _read(arguments.token_file).strip(),
            signatures=monitor or not arguments.no_signatures,
            pieces=monitor or not arguments.no_pieces,
            root=None if monitor or arguments.root is None else _read(arguments.root).strip(),
            max_age_s=(AGE_MAX_S if monitor and arguments.max_age is None else arguments.max_age) or None,
            processes=1 if monitor else max(1, arguments.processes or os.cpu_count() or 1),
        )


@contextmanager
def _database(arguments: argparse.Namespace, *, monitor: bool) -> Iterator[str | None]:
    """Give the database's address: the one asked for, none beside an address alone, else that of the settings."""
    if monitor or arguments.db is not None or arguments.url is not None:
        yield None if monitor else arguments.db
        return
    from coldtrace.db.embedded import open_database
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_database(database_url=settings.database_url, data_dir=settings.data_dir) as url:
        yield url


def _policy(path: Path | None) -> "WitnessPolicy":
    from coldtrace.seal.witness_policy import WitnessPolicy, parse_witness_policy

    return WitnessPolicy() if path is None else parse_witness_policy(_read(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(path=str(path), reason=str(error)) from error


@contextmanager
def _progress(*, shown: bool) -> Iterator["Progress"]:
    """Give a progress bar on a terminal, and nothing elsewhere."""
    if not shown or not sys.stderr.isatty():
        yield lambda done, of: None
        return
    began = time.monotonic()

    def bar(done: int, of: int) -> None:
        full = BAR * done // max(1, of)
        rate = done / max(0.001, time.monotonic() - began)
        print(f"\r[{'#' * full}{'.' * (BAR - full)}] {done}/{of} {rate:,.0f}/s ", end="", file=sys.stderr, flush=True)

    yield bar
    print(file=sys.stderr)


def _print(result: "Result", *, as_json: bool, short: bool = False) -> None:
    if as_json:
        print_result(result.to_json(), as_json=True)
        sys.stdout.flush()
        return
    from coldtrace.audit.finding import StepResult
    from coldtrace.audit.finding_words import STEPS

    report = result.report
    marks = {StepResult.PASSED: "✓", StepResult.FAILED: "✗", StepResult.NOT_CHECKED: "-"}
    if not short:
        for step, words in STEPS.items():
            print(f"{marks[report.result(step)]} {step}\t{words.zh}\t{words.en}")
    for finding in report.findings:
        print(f"✗ {finding.step}\t{finding.code}\t{finding.say('zh')} / {finding.say('en')}")
        for note in finding.evidence:
            print("\n".join(f"    {line}" for line in note.split("\n")))
    for note in report.notes:
        print(f"· {note}")
    done = sum(report.result(step) is StepResult.PASSED for step in STEPS)
    zh, en = f"{sum(report.counts.values())} 处问题", "findings"
    if report.ok:
        # Without database, files or witnesses much stays unseen: a bare "clean" would say more than is known.
        zh, en = ("未发现问题", "clean")
        if done < len(STEPS):
            zh, en = (
                f"已核查的部分未发现问题（{len(STEPS)} 步中的 {done} 步）",
                f"clean as far as checked ({done} of {len(STEPS)})",
            )
    print(f"{zh} / {en}\t{result.origin}\t{result.size}\t{result.root.hex()}", flush=True)
