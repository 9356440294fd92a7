"""`coldtrace bench NAME`: figures of this machine, each beside its floor or peer in the same run."""

import argparse
import json
import os
import platform
import sys

BENCHES = {
    "codes": "签发、验证、标签 / minting, verifying, labels",
    "ledger": "日志写入、入树、证明 / the log beside bare inserts",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `bench`."""
    parser = commands.add_parser("bench", help="性能测量 / measure this machine")
    benches = parser.add_subparsers(dest="bench", required=True, metavar="NAME")
    for name, help in BENCHES.items():
        bench = benches.add_parser(name, help=help)
        bench.add_argument("--scale", choices=["small", "full"], default="small", help="small: a minute; full: goals")
        bench.add_argument("--json", action="store_true")
        bench.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; exit 1 when a goal is missed, which is a finding."""
    from coldtrace.cli.bench import codes, ledger
    from coldtrace.cli.bench.rows import table
    from coldtrace.cli.output import REFUSED

    is_full = arguments.scale == "full"
    if arguments.bench == "ledger":
        rows = ledger.bench_ledger(full=is_full, say=_say)
    else:
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
