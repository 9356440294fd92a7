"""`coldscan`: the scanner for terminals and gates.

    coldscan [--state DIR] enrol INVITE | scan | gate | sync | status | verify TEXT | export | doctor | offline | bench

Every command takes `--json` (objects on standard output, messages on standard error) and `--lang zh|en`, and exits
0 ok, 1 refused or findings, 2 could not run.  What a command needs is imported when it runs: a scan must not wait
for an HTTP library.
"""

import argparse
import os
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from coldscan.panel import terminal_width
from coldscan.quick_imports import quick_imports
from coldscan.refusals import StoreFault
from coldscan.session import COULD_NOT_RUN, FINDINGS, OK, Session
from coldscan.state_dir import StateDir, default_state_dir
from coldscan.steady import SteadyClock, read_steady
from coldtrace import clock as system_clock
from coldtrace.errors import Lang, Refusal

# Refusals that say the command could not do its work at all; the others are answers.
_COULD_NOT_RUN = frozenset(
    {
        "bad_answer",
        "gate_busy",
        "gun_thread_broken",
        "key_file_exposed",
        "key_locked",
        "key_not_locked",
        "newer_store",
        "no_trust_list",
        "not_enrolled",
        "server_trouble",
        "server_unreachable",
        "store_fault",
        "sync_busy",
        "unreadable_key_file",
        "wrong_key_file",
        "wrong_passphrase",
    }
)


BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)


def main(
    argv: Sequence[str] | None = None,
    *,
    clock: Callable[[], datetime] = system_clock.now,
    steady: SteadyClock = read_steady,
) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    session = Session(
        state=StateDir(Path(getattr(arguments, "state", None) or default_state_dir())),
        lang=getattr(arguments, "lang", None) or language_of(os.environ),
        as_json=getattr(arguments, "json", False),
        passphrase=_passphrase(os.environ),
        clock=clock,
        steady=steady,
    )
    try:
        return _COMMANDS[arguments.command](session, arguments)
    except Refusal as refusal:
        session.refuse(refusal)
        return COULD_NOT_RUN if refusal.code in _COULD_NOT_RUN else FINDINGS
    except KeyboardInterrupt:
        return OK
    except BrokenPipeError:
        # Whoever read us has gone; what was answered so far stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    except (sqlite3.Error, OSError) as fault:
        session.refuse(StoreFault(path=str(session.state.root), reason=str(fault)))
        return COULD_NOT_RUN


def language_of(environment: Mapping[str, str]) -> Lang:
    """Return the language of the system, Chinese unless it says English."""
    said = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "en" if said.lower().startswith("en") else "zh"


def _passphrase(environment: Mapping[str, str]) -> bytes | None:
    """Return what locks the private key: from the environment, else from systemd's folder of credentials."""
    said = environment.get("COLDSCAN_PASSPHRASE")
    if said:
        return said.encode("utf-8")
    folder = environment.get("CREDENTIALS_DIRECTORY")
    kept = None if folder is None else Path(folder) / "coldscan-passphrase"
    return kept.read_bytes().strip() if kept is not None and kept.exists() else None


def _enrol(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_enrol import run_enrol

    return run_enrol(
        session,
        invite=arguments.invite,
        name=arguments.name,
        offset=arguments.offset,
        again=arguments.again,
    )


def _scan(session: Session, arguments: argparse.Namespace) -> int:
    with quick_imports():
        from coldscan.run_scan import run_scan

    return run_scan(
        session,
        operation=arguments.operation,
        lane=arguments.lane,
        to=arguments.to,
        to_name=arguments.to_name,
        quiet=arguments.quiet,
    )


def _gate(session: Session, arguments: argparse.Namespace) -> int:
    with quick_imports():
        from coldscan.run_gate import run_gate

    return run_gate(
        session,
        incoming=arguments.incoming,
        outgoing=arguments.outgoing,
        baud=arguments.baud,
        to=arguments.to,
        to_name=arguments.to_name,
        light=arguments.light,
        sound=arguments.sound,
    )


def _sync(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_sync import run_sync

    return run_sync(
        session,
        watch_on=arguments.watch,
        batch=arguments.batch,
        wait_s=arguments.wait,
        retry_refused=arguments.retry_refused,
        amber_after=arguments.amber_after,
    )


def _status(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_looks import run_status

    return run_status(session)


def _verify(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_looks import run_verify

    return run_verify(session, text=arguments.text)


def _export(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_looks import run_export

    return run_export(session, wire=arguments.wire)


def _doctor(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_looks import run_doctor

    return run_doctor(session)


def _offline(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.offline_page import PAGE, page_lines

    lang = session.lang
    rows = [{"what": row.what.say(lang), "works": row.works, "note": row.note.say(lang)} for row in PAGE]
    session.tell({"rows": rows}, "\n".join(page_lines(lang)))
    return OK


def _bench(session: Session, arguments: argparse.Namespace) -> int:
    from coldscan.run_bench import run_bench

    return run_bench(session, count=arguments.count)


_COMMANDS: dict[str, Callable[[Session, argparse.Namespace], int]] = {
    "enrol": _enrol,
    "scan": _scan,
    "gate": _gate,
    "sync": _sync,
    "status": _status,
    "verify": _verify,
    "export": _export,
    "doctor": _doctor,
    "offline": _offline,
    "bench": _bench,
}


class _Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal.  argparse makes one for each option, and its own loads archives for the width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=terminal_width() - 2)


def _parser() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, formatter_class=_Formatter)
    everywhere.add_argument("--state", metavar="DIR", help="本机状态文件夹 / folder of this device")
    everywhere.add_argument("--json", action="store_true", help="标准输出为 JSON / objects on standard output")
    everywhere.add_argument("--lang", choices=("zh", "en"), help="语言 / language of the words")
    parser = argparse.ArgumentParser(
        prog="coldscan",
        description="冷链扫描：离线验码、落盘排队、凭回执同步 / scan, queue, sync, and verify codes without a network",
        parents=[everywhere],
        formatter_class=_Formatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, parents=[everywhere], help=help, formatter_class=_Formatter)

    enrol = add("enrol", "凭邀请码登记本机 / register this device with an invitation")
    enrol.add_argument("invite", help="邀请码，或 - 由扫描枪读入 / text of the invitation, or - to scan it")
    enrol.add_argument("--name", default="coldscan", help="设备名称 / what people call this device")
    enrol.add_argument("--offset", help="固定时区，如 +08:00 / fixed local time (default: the system's)")
    enrol.add_argument("--again", action="store_true", help="换新密钥重新登记 / enrol anew with a new key")

    scan = add("scan", "逐行读入扫描并应答 / answer scans from standard input")
    scan.add_argument(
        "--operation",
        help="commission, pack, unpack, receive (in), ship (out), sell, store (move), count, open, transform, hold,"
        " destroy",
    )
    scan.add_argument("--lane", help="通道名 / name of this gun's lane (default: the first free number)")
    scan.add_argument("--to", metavar="GLN", help="收货方位置码 / receiver of what is shipped")
    scan.add_argument("--to-name", metavar="NAME", help="无位置码的收货方 / receiver without a place number")
    scan.add_argument("--quiet", action="store_true", help="静音 / no bell")

    gate = add("gate", "闸口：独占扫描枪，进出两个通道 / own the guns of a gate: lanes in and out")
    gate.add_argument(
        "--in", dest="incoming", action="append", default=[], metavar="GUN", help="入库通道的枪 / gun of what comes in"
    )
    gate.add_argument(
        "--out", dest="outgoing", action="append", default=[], metavar="GUN", help="出库通道的枪 / gun of what goes out"
    )
    gate.add_argument("--baud", type=int, choices=BAUDS, default=9600, help="串口速率 / of serial guns (9600)")
    gate.add_argument("--to", metavar="GLN", help="收货方位置码 / receiver of what goes out")
    gate.add_argument("--to-name", metavar="NAME", help="无位置码的收货方 / receiver without a place number")
    gate.add_argument("--light", metavar="COMMAND", help="灯光命令，附加通道和结果 / called with lane and result")
    gate.add_argument(
        "--sound", default="auto", metavar="auto|bell|off|COMMAND", help="播放器，附加声音文件 / called with a WAV file"
    )

    sync = add("sync", "发送记录并更新名单 / send the queue and renew the lists")
    sync.add_argument("--watch", action="store_true", help="持续运行 / go on until stopped")
    sync.add_argument("--batch", type=_batch, default=50, help="每次条数 / statements in one request (50)")
    sync.add_argument("--wait", type=float, default=30.0, metavar="S", help="等候另一同步 / wait for another sync")
    sync.add_argument(
        "--amber-after",
        type=_hours,
        metavar="HOURS",
        help="超过此时数未同步则显示黄色，0 取消 / amber when the last sync is longer ago; 0: until the list expires",
    )
    sync.add_argument("--retry-refused", action="store_true", help="重发被拒的记录 / send refused ones once more")

    add("status", "未发送条数与名单时效 / what waits, and how old the lists are")
    verify = add("verify", "离线验一个码 / judge one code, offline")
    verify.add_argument("text", help="扫描内容 / what the gun read")
    export = add("export", "导出原始队列 / print the raw queue, one line each")
    export.add_argument("--wire", action="store_true", help="只要未发送的 / only what is unsent, as it is sent")
    add("doctor", "检查时钟、密钥、磁盘、队列、名单、服务器 / check clock, key, disk, queue, lists, server")
    add("offline", "离线能做什么、不能做什么 / what works without a network and what does not")
    bench = add("bench", "本机有多快：扫描落盘、启动、内存 / how quick this machine is: scan to disk, start, memory")
    bench.add_argument("--count", type=_count, default=1000, help="扫描次数 / how many scans (1000)")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 100 <= number <= 100_000:
        raise argparse.ArgumentTypeError("100 to 100000")
    return number


def _hours(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 10_000:
        raise argparse.ArgumentTypeError("0 to 10000")
    return number


def _batch(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("1 to 1000")
    return number


if __name__ == "__main__":
    sys.exit(main())
