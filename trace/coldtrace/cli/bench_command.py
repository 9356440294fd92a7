"""`coldtrace bench NAME`: figures of this machine, each beside its floor or peer in the same run."""

import argparse
import json
import os
import platform
import sys

BENCHES = {
    "audit": "审计日志各步骤 / auditing the log, step by step",
    "capture": "提交扫描记录，与 pgbench 写同样的行之比 / scans through the whole door beside bare row writes",
    "codes": "签发、验证、标签 / minting, verifying, labels",
    "desk": "工作台与接口的每个清单：首页、深页、筛选 / every list of the desk and the API: first, deep, narrowed",
    "ledger": "日志写入、入树、证明 / the log beside bare inserts",
    "page": "扫码页面：热门码、不同码、过载 / pages of codes: one that all want, many, too many at once",
    "radar": "克隆码雷达：造一个半月的货物、访客与克隆码，报告检出率与误报率 / clones found and clean boxes suspected",
    "rights": "按权限读取与不限权限读取之比 / reads within a scope beside the same without",
}
EXITS = "有目标未达到时退出码为 1 / exit 1 when a goal is missed, 0 otherwise"
SCALES = {
    "small": "小规模：按 600 张标签推算 10,000 张 / small scale: the time of 10,000 labels is reckoned from 600",
    "full": "完整规模：实测 10,000 张标签 / full scale: 10,000 labels are made and timed",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `bench`."""
    parser = commands.add_parser("bench", help="性能测量 / measure this machine")
    benches = parser.add_subparsers(dest="bench", required=True, metavar="NAME")
    for name, help in BENCHES.items():
        bench = benches.add_parser(name, help=help, epilog=EXITS)
        bench.add_argument(
            "--scale",
            choices=["small", "full"],
            default="small",
            help="small: a minute, 10,000 labels reckoned from 600, 100,000 leaves or units; full: what the goals say",
        )
        bench.add_argument("--json", action="store_true")
        if name == "radar":
            bench.add_argument(
                "--seed", type=int, nargs="+", default=[1], help="世界的种子，可给多个 / seeds of worlds (default: 1)"
            )
        bench.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; exit 1 when a goal is missed, which is a finding."""
    from coldtrace.cli.bench import audit, capture, codes, desk, ledger, page, radar, rights
    from coldtrace.cli.bench.rows import table
    from coldtrace.cli.output import REFUSED

    is_full = arguments.scale == "full"
    if arguments.bench == "audit":
        rows = audit.bench_audit(full=is_full, say=_say)
    elif arguments.bench == "capture":
        rows = capture.bench_capture(full=is_full, say=_say)
    elif arguments.bench == "desk":
        rows = desk.bench_desk(full=is_full, say=_say)
    elif arguments.bench == "ledger":
        rows = ledger.bench_ledger(full=is_full, say=_say)
    elif arguments.bench == "page":
        rows = page.bench_page(full=is_full, say=_say)
    elif arguments.bench == "radar":
        rows = radar.bench_radar(full=is_full, seeds=arguments.seed, say=_say)
    elif arguments.bench == "rights":
        rows = rights.bench_rights(full=is_full, say=_say)
    else:
        _say(SCALES[arguments.scale])
        rows = codes.bench_codes(scale=codes.FULL if is_full else codes.SMALL, say=_say)
    if arguments.json:
        about = {"bench": arguments.bench, "scale": arguments.scale, "cores": os.cpu_count(), "python": _python()}
        print(json.dumps(about | {"rows": [row.as_json() for row in rows]}, ensure_ascii=False))
    else:
        print(table(rows))
    return REFUSED if any(row.met is False for row in rows) else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"
