"""`coldtrace verify`: check a consumer's proof bundle without a network.

Base install only.  One line for each named check; exit 1 if any failed, or if one was not made that a whole proof
passes; 2 if a file cannot be read.  Without `--root` a file is held to the root that it brings itself, and anybody
could make one: that it holds is then said with a "but", and `root_pinned` is false (decision 0049).
"""

import argparse
import json
import sys
from pathlib import Path

from coldtrace import clock
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.refusals import MalformedUri
from coldtrace.errors import Words
from coldtrace.seal.root_document import MalformedRoot, RootDocument, parse_root
from coldtrace.verify.bundle import Report, verify_bundle
from coldtrace.verify.bundle_text import BUNDLE_MAX
from coldtrace.verify.report import Result
from coldtrace.verify.words import OUTCOMES, RESULTS

OK, FINDINGS, COULD_NOT_RUN = 0, 1, 2
_NOT_PINNED = Words(
    "自身成立，但未指定信任根（--root）：自制的文件也能如此",
    "holds, but the root was not pinned (--root): a file of anybody's making could say the same",
)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `verify`; it sets `func`, which returns the exit code."""
    verify = subparsers.add_parser("verify", help="验证溯源凭证，无需网络 / check a proof bundle, without a network")
    verify.add_argument("bundle", metavar="BUNDLE", help="凭证文件，- 为标准输入 / the file, or - for standard input")
    verify.add_argument("--root", type=Path, metavar="FILE", help="公布的信任根 / the published root document to pin")
    verify.add_argument("--code", metavar="TEXT", help="所扫描的追溯码 / the code that was scanned")
    verify.add_argument("--lowest-seq", type=int, metavar="N", help="已见过的最高列表序号 / highest list number seen")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(func=run_verify)


def run_verify(arguments: argparse.Namespace) -> int:
    """Print the report and return 0 if the proof holds, 1 if it does not or is not whole, 2 if none could be made."""
    try:
        text = _read(arguments.bundle)
        root = None if arguments.root is None else _read_root(arguments.root)
        asked = None if arguments.code is None else parse_trace_code(arguments.code).unit_id
    except (OSError, UnicodeDecodeError) as error:
        return _stop("unreadable_file", f"无法读取文件：{error}", f"cannot read the file: {error}", arguments.json)
    except (MalformedRoot, MalformedUri) as refusal:
        return _stop(refusal.code, refusal.say("zh"), refusal.say("en"), arguments.json)
    report = verify_bundle(text, root=root, now=clock.now(), lowest_seq=arguments.lowest_seq, asked=asked)
    if arguments.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _print_lines(report)
    return OK if report.ok else FINDINGS


def _read(name: str) -> str:
    # One more than the limit, so that an endless file is refused and not read to its end.
    limit = 4 * BUNDLE_MAX + 1
    if name == "-":
        return sys.stdin.buffer.read(limit).decode("utf-8")
    with Path(name).open("rb") as file:
        return file.read(limit).decode("utf-8")


def _read_root(path: Path) -> RootDocument:
    return parse_root(path.read_text(encoding="utf-8").strip())


def _print_lines(report: Report) -> None:
    for check in report.checks:
        result = RESULTS[check.result]
        print(f"{result.zh} {result.en}\t{check.say('zh')}\t{check.say('en')}")
    counts = {each: sum(check.result is each for check in report.checks) for each in Result}
    passed, failed, left = counts[Result.PASSED], counts[Result.FAILED], counts[Result.NOT_CHECKED]
    said = _NOT_PINNED if report.ok and not report.root_pinned else OUTCOMES[report.result]
    print(f"{said.zh}：{passed} 项通过，{failed} 项未通过，{left} 项未检查")
    print(f"{said.en}: {passed} passed, {failed} failed, {left} not checked")


def _stop(code: str, zh: str, en: str, as_json: bool) -> int:
    print(f"{zh} / {en}", file=sys.stderr)
    if as_json:
        print(json.dumps({"code": code}))
    return COULD_NOT_RUN
