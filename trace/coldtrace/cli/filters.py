"""`coldtrace filters show|verify|publish`: what a filter file holds, who stands behind it, new ones.

`show` and `verify` run on the base install and ask nothing of a network; `publish` needs the server's database.
"""

import argparse
import sys
from pathlib import Path

from coldtrace import clock
from coldtrace.cli.output import COULD_NOT_RUN, print_refusal, print_result, print_rows
from coldtrace.cli.pinned_root import read_pinned_root
from coldtrace.cli.refusals import FileUnreadable
from coldtrace.errors import Refusal
from coldtrace.seal.b64 import b64
from coldtrace.seal.filter import Filter, check_filter, map_filter
from coldtrace.seal.filter_header import FilterHeader, FilterKind
from coldtrace.seal.filter_measure import TRIALS, Measured, measure_chance_hits
from coldtrace.seal.trust_list import TrustList, open_trust_list


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `filters`."""
    parser = commands.add_parser("filters", help="筛查表：失窃密钥、作废编码、召回批次 / filters of stops")
    actions = parser.add_subparsers(dest="filters_command", required=True)
    show = actions.add_parser("show", help="内容与实测误命中率，不验证签名 / what it holds, signature not checked")
    verify = actions.add_parser("verify", help="对照信任列表验证 / check it against a trust list")
    for each in (show, verify):
        each.add_argument("file", type=Path, metavar="FILE")
        each.add_argument(
            "--trials", type=int, default=TRIALS, metavar="N", help="实测次数 / random items to ask for, 0 for none"
        )
        each.add_argument("--seed", type=int, default=1, metavar="N", help="随机种子 / seed of the random items")
        each.add_argument("--json", action="store_true")
    show.set_defaults(func=run_show)
    verify.add_argument("--trust-list", required=True, type=Path, metavar="FILE")
    verify.add_argument("--root", type=Path, metavar="FILE", help="根文件 / root document that you trust")
    verify.add_argument(
        "--root-change",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="根文件变更，按顺序 / changes of the root since then, in order",
    )
    verify.set_defaults(func=run_verify)
    publish = actions.add_parser("publish", help="立即签发新的筛查表 / sign and keep new filters now")
    publish.add_argument("--json", action="store_true")
    publish.set_defaults(func=run_publish)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the filter.  Returns 1 if it is none, 2 if the file cannot be read."""
    try:
        found = map_filter(arguments.file)
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    except OSError as error:
        return _could_not_read(error, as_json=arguments.json)
    print("未验证签名，请用 verify / signature not checked, use verify", file=sys.stderr)
    print_result(_shown(found, arguments), as_json=arguments.json)
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    """Print the filter and whether the list stands behind it.  Returns 1 if not, 2 if a file cannot be read."""
    try:
        root = None if arguments.root is None else read_pinned_root(arguments.root, arguments.root_change)
        trust = open_trust_list(arguments.trust_list.read_text(encoding="utf-8"), root=root)
        found = map_filter(arguments.file)
        check_filter(found, trust)
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    except (OSError, UnicodeDecodeError) as error:
        return _could_not_read(error, as_json=arguments.json)
    if arguments.root is None:
        print(
            "未提供根文件，未验证信任列表本身 / no root given: the list's own signature is not checked", file=sys.stderr
        )
    now = clock.now()
    if found.is_stale(now) or trust.is_stale(now):
        print("筛查表或信任列表已过期 / the filter or the list is past its expiry", file=sys.stderr)
    checked = {
        "ok": True,
        "stale": found.is_stale(now),
        "list_signature": "not_checked" if arguments.root is None else "passed",
    }
    print_result(checked | _shown(found, arguments), as_json=arguments.json)
    return 0


def run_publish(arguments: argparse.Namespace) -> int:
    """Sign new filters of voided units and recalled lots; a running service does so itself when something changed."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.stops import publish_filters
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        records = publish_filters(session, installation.env, all_kinds=True)
    rows = [
        {"kind": each.kind, "seq": each.seq, "count": each.units, "bytes": each.size_bytes, "sha256": each.id.hex()}
        for each in records
    ]
    if arguments.json:
        print_result({"filters": rows}, as_json=True)
    else:
        print_rows(("kind", "seq", "count", "bytes", "sha256"), rows)
    return 0


def open_filters(paths: list[Path], trust: TrustList) -> list[Filter]:
    """Return checked filters; raise MalformedFilter, UntrustedFilter, OSError."""
    filters = [map_filter(path) for path in paths]
    for each in filters:
        check_filter(each, trust)
    return filters


def _shown(found: Filter, arguments: argparse.Namespace) -> dict[str, object]:
    header = found.header
    shown: dict[str, object] = {
        "kind": str(header.kind),
        "sha256": found.id.hex(),
        "seq": header.seq,
        "issued": clock.format_utc(header.issued),
        "expires": None if header.expires is None else clock.format_utc(header.expires),
        "count": header.count,
        "bits": header.bits,
        "hit_means": _meaning(header),
        "bytes": found.size_bytes,
        "bits_per_item": round(8 * header.body_bytes / header.count, 2) if header.count else None,
        "kid": (header.key or header.signer or b"")[:4].hex(),
        "net": b64(header.net),
    }
    if arguments.trials > 0:
        shown |= _rate(measure_chance_hits(found, trials=arguments.trials, seed=arguments.seed))
    return shown


def _rate(measured: Measured) -> dict[str, object]:
    return {
        "trials": measured.trials,
        "false_hits": measured.hits,
        "false_hit_rate": round(measured.hits / measured.trials, 6),
        "expected": f"1/{measured.expected_in}",
    }


def _meaning(header: FilterHeader) -> str:
    """Return in a word what a verifier without a network does with a hit."""
    if header.kind is FilterKind.ALLOWED_UNITS:
        return "allow"
    return "ask_online" if header.may_hit_by_chance else "stop"


def _could_not_read(error: OSError | UnicodeDecodeError, *, as_json: bool) -> int:
    path, reason = (error.filename, error.strerror or str(error)) if isinstance(error, OSError) else ("-", str(error))
    refusal = FileUnreadable(path=str(path), reason=reason)
    return print_refusal(refusal, as_json=as_json, status=COULD_NOT_RUN)
