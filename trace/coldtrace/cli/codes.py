"""`coldtrace codes`: what a code says, and whether it is signed by somebody on the trust list.

Reading needs the base install only, and nothing is asked of a network; code runs (`runs.py`) need the service's parts.
"""

import argparse
import json
import sys
from pathlib import Path

from coldtrace import clock
from coldtrace.cli.code_desk import add_desk_parsers
from coldtrace.cli.filters import open_filters
from coldtrace.cli.pinned_root import read_pinned_root
from coldtrace.cli.runs import add_run_parsers
from coldtrace.codes.scan import Scan, read_scan
from coldtrace.errors import Refusal, Words
from coldtrace.seal.trust_list import TrustList, open_trust_list
from coldtrace.verify.code import Verdict
from coldtrace.verify.held_filters import MAY_BE_CHANCE, FilteredReport, HeldFilters

OK, REFUSED, COULD_NOT_RUN = 0, 1, 2


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `codes parse`, `codes verify` and what concerns runs; each sets `func`, which returns the exit code."""
    codes = subparsers.add_parser("codes", help="读码、验码、赋码批 / read and verify codes; code runs")
    commands = codes.add_subparsers(dest="codes_command", required=True)

    parse = commands.add_parser("parse", help="码里写了什么 / what a code says")
    parse.add_argument("text", metavar="TEXT")
    parse.add_argument("--json", action="store_true")
    parse.set_defaults(func=run_parse)

    verify = commands.add_parser("verify", help="验证签名 / check a signed code against a trust list")
    verify.add_argument("text", metavar="TEXT")
    verify.add_argument("--trust-list", required=True, type=Path, metavar="FILE")
    verify.add_argument("--root", type=Path, metavar="FILE", help="根文件 / root document that signed the list")
    verify.add_argument(
        "--root-change",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="根文件变更，按顺序 / changes of the root since then, in order",
    )
    verify.add_argument(
        "--filter",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="筛查表，可多次 / filter files that you hold, each once",
    )
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(func=run_verify)

    add_run_parsers(commands)
    add_desk_parsers(commands)


def run_parse(arguments: argparse.Namespace) -> int:
    """Print what the code says.  Returns 1 with the verdict word if it is none that we read."""
    try:
        scan = read_scan(arguments.text)
    except Refusal as refusal:
        _say(refusal.say("zh"), refusal.say("en"))
        if arguments.json:
            _print_json({"verdict": refusal.code, "code": refusal.code})
        else:
            print(refusal.code)
        return REFUSED
    answer = _parsed(scan)
    if arguments.json:
        _print_json(answer)
    else:
        print(f"kind\t{scan.kind}")
        for ai, value in scan.ais.items():
            print(f"({ai})\t{value}")
        for name in ("serial", "command"):
            if name in answer:
                print(f"{name}\t{answer[name]}")
    return OK


def run_verify(arguments: argparse.Namespace) -> int:
    """Print the verdict.

    Returns 1 for each but `valid`, for goods that a filter blocks and for a trust list that is refused, 2 if a file
    cannot be read.
    """
    try:
        trust = _open_list(arguments)
        held = HeldFilters.of(open_filters(arguments.filter, trust))
    except Refusal as refusal:
        return _refuse(refusal, as_json=arguments.json)
    except (OSError, UnicodeDecodeError) as error:
        _say(f"无法读取文件：{error}", f"cannot read the file: {error}")
        if arguments.json:
            _print_json({"code": "unreadable_file"})
        return COULD_NOT_RUN
    now = clock.now()
    report = held.judge(arguments.text, trust=trust, now=now)
    if arguments.root is None:
        _say("未提供根文件，未验证信任列表本身。", "no root given: the trust list's own signature is not checked.")
    if report.stale:
        _say("信任列表已过期，结果仅供参考。", "the trust list is past its expiry: the verdict may be outdated.")
    if held.is_stale(now):
        _say("筛查表已过期，之后的作废和召回无从得知。", "a filter is past its expiry: later stops are not known.")
    if report.refusal is not None:
        _say(report.refusal.say("zh"), report.refusal.say("en"))
    if report.verdict is Verdict.REVOKED and _lacks_allow_filter(report, held):
        _say(
            "列表为此失窃密钥指定了放行筛查表：从服务器 GET /api/v1/filters 取得该文件，用 --filter 给出后再验。",
            "the list names an allow-filter for this stolen key: fetch it from the server (GET /api/v1/filters) and "
            "verify again with --filter.",
        )
    if report.may_be_chance:
        _say(report.say_chance("zh"), report.say_chance("en"))
    if report.blocked is not None:
        _say(_BLOCKED.zh, _BLOCKED.en)
        if report.blocked.chance_in is not None:
            _say(
                MAY_BE_CHANCE.say("zh", of=report.blocked.chance_in),
                MAY_BE_CHANCE.say("en", of=report.blocked.chance_in),
            )
    if arguments.json:
        found = _verified(report, list_checked=arguments.root is not None)
        # Without a list nothing is known of holds: then nothing is said of them.
        _print_json(found | ({"blocked": report.blocked is not None} if arguments.filter else {}))
    else:
        print(report.verdict)
        if report.blocked is not None:
            print("blocked")
        for ai, value in report.elements:
            print(f"({ai})\t{value}")
    return OK if report.verdict is Verdict.VALID and report.blocked is None else REFUSED


_BLOCKED = Words(
    "编码真实，但货物已被封存、召回、销毁或作废：不得出库、销售；请联网查询原因。",
    "the code is genuine, but the goods are on hold, recalled, destroyed or void: they must not be shipped or sold; "
    "look them up online for the reason.",
)


def _lacks_allow_filter(report: FilteredReport, held: HeldFilters) -> bool:
    """Tell whether the key's codes may still count, by a filter that was not given."""
    key = report.key
    if key is None or key.allow is None:
        return False
    return key.allow.sha256 not in {each.id for each in held.allowed}


def _open_list(arguments: argparse.Namespace) -> TrustList:
    root = None if arguments.root is None else read_pinned_root(arguments.root, arguments.root_change)
    return open_trust_list(arguments.trust_list.read_text(encoding="utf-8"), root=root)


def _parsed(scan: Scan) -> dict[str, object]:
    answer: dict[str, object] = {"ais": scan.ais, "kind": str(scan.kind)}
    if scan.code is not None:
        answer["host"] = scan.code.host
        answer["signed"] = scan.code.token is not None
    if scan.unit_id is not None:
        answer["unit"] = scan.unit_id
    if scan.serial is not None:
        answer["serial"] = scan.serial
    if scan.command is not None:
        answer["command"] = scan.command.text
    return answer


def _verified(report: FilteredReport, *, list_checked: bool) -> dict[str, object]:
    return {
        "verdict": str(report.verdict),
        "may_be_chance": report.may_be_chance or (report.blocked is not None and report.blocked.chance_in is not None),
        "ais": dict(report.elements),
        "kid": report.kid,
        "list_age_s": report.list_age_s,
        "stale": report.stale,
        "list_signature": "passed" if list_checked else "not_checked",
    }


def _refuse(refusal: Refusal, *, as_json: bool) -> int:
    _say(refusal.say("zh"), refusal.say("en"))
    if as_json:
        _print_json({"code": refusal.code})
    return REFUSED


def _say(zh: str, en: str) -> None:
    print(f"{zh} / {en}", file=sys.stderr)


def _print_json(answer: dict[str, object]) -> None:
    print(json.dumps(answer, ensure_ascii=False))
