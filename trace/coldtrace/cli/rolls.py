"""`coldtrace rolls new|list|report|certificate|bind`: labels that are printed before their goods are known."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from coldtrace.cli.output import REFUSED, print_refusal, print_result, print_rows, write_file
from coldtrace.cli.progress import ProgressBar
from coldtrace.errors import Refusal, Words

BIND_DAYS = 90
PAGE = 50
NEXT = Words(
    "下一步：在首站手持机上运行 coldscan sync，扫描 CT:COMMISSION 卡，再逐张扫描这些标签并同步；"
    "之后消费者页面才有记录。",
    "Next: on a handheld of the first station run coldscan sync, scan the CT:COMMISSION card, then each of these"
    " labels, and sync again; consumers see the goods from then on.",
)
"""A binding says which lot a label is of; that goods carry it is for a device to state and sign."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `rolls`."""
    parser = commands.add_parser("rolls", help="预签发卷标 / pre-issued rolls of labels")
    actions = parser.add_subparsers(dest="rolls_command", required=True)

    new = actions.add_parser("new", help="签发一卷 / draw a roll")
    new.add_argument("--site", metavar="GLN", help="首站 / first station, when there are several")
    new.add_argument("--gtin", metavar="GTIN", help="商品条码；不填则签发 /U/ 码 / without it the codes are /U/")
    new.add_argument("--count", type=int, required=True, metavar="N", help="1-20000")
    new.add_argument("--bind-days", type=int, default=BIND_DAYS, metavar="D", help="可绑定天数 / days to bind, 1-768")
    new.add_argument("--json", action="store_true")
    new.set_defaults(func=run_new)

    every = actions.add_parser("list", help="列出卷标 / list rolls, newest first")
    every.add_argument("--after", type=UUID, metavar="ID")
    every.add_argument("--limit", type=int, default=PAGE, metavar="N")
    every.add_argument("--json", action="store_true")
    every.set_defaults(func=run_list)

    report = actions.add_parser("report", help="未用、跳号、重复绑定、作废 / unused, skipped, double-bound, voided")
    report.add_argument("roll", type=UUID, metavar="ID")
    report.add_argument("--json", action="store_true")
    report.set_defaults(func=run_report)

    certificate = actions.add_parser("certificate", help="下载序号证书 / write the range certificate to a file")
    certificate.add_argument("roll", type=UUID, metavar="ID")
    certificate.add_argument("--out", type=Path, required=True, metavar="PATH")
    certificate.add_argument("--json", action="store_true")
    certificate.set_defaults(func=run_certificate)

    bind = actions.add_parser("bind", help="绑定批次 / bind labels to a lot")
    bind.add_argument("codes", nargs="*", metavar="CODE", help="不填则读标准输入 / without any: standard input")
    bind.add_argument("--lot", required=True, metavar="LOT")
    bind.add_argument("--consignment", type=UUID, metavar="ID")
    bind.add_argument("--gtin", metavar="GTIN")
    bind.add_argument("--json", action="store_true")
    bind.set_defaults(func=run_bind)


def run_new(arguments: argparse.Namespace) -> int:
    """Draw a roll to its end and sign its certificate."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import rolls
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    command = rolls.NewRoll(
        station_gln=arguments.site,
        count=arguments.count,
        scope=EVERYTHING,
        gtin=arguments.gtin,
        bind_days=max(1, min(arguments.bind_days, 768)),
    )
    with open_installation(load_settings()) as installation:
        bar = ProgressBar("码 codes")
        try:
            with installation.sessions.begin() as session:
                run_id = rolls.new_roll(session, installation.env, command)
            roll = rolls.finish_roll(installation.sessions.begin, installation.env, run_id, EVERYTHING, bar.show)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
        finally:
            bar.close()
    print_result(roll.to_json(), as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List rolls, newest first; `next` is the `--after` of the following page."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import roll_store
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    limit = max(1, min(arguments.limit, 1000))
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        found = roll_store.list_rolls(session, EVERYTHING, after=arguments.after, limit=limit)
    if arguments.json:
        following = str(found[-1].run_id) if len(found) == limit else None
        print_result({"rolls": [each.to_json() for each in found], "next": following}, as_json=True)
    else:
        print_rows(("roll", "site", "gtin", "drawn", "used", "voided"), [each.to_json() for each in found])
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    """Print a roll's lists as ranges."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import rolls
    from coldtrace.goods.roll_rules import format_ranges, ranges_of
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        try:
            roll = rolls.find_roll(session, arguments.roll, EVERYTHING)
            lists = rolls.report(session, arguments.roll, EVERYTHING)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    shown = {name.value: format_ranges(ranges_of(numbers)) for name, numbers in lists.items()}
    if arguments.json:
        counted = {name.value: {"count": len(lists[name]), "numbers": shown[name.value]} for name in lists}
        print_result(roll.to_json() | {"lists": counted}, as_json=True)
    else:
        print_result({"roll": arguments.roll, "drawn": roll.drawn, "used": roll.used, **shown}, as_json=False)
    return 0


def run_certificate(arguments: argparse.Namespace) -> int:
    """Write the signed range certificate of a roll, drawing what is left of the roll first."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import rolls
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        try:
            rolls.finish_roll(installation.sessions.begin, installation.env, arguments.roll, EVERYTHING)
            with installation.sessions.begin() as session:
                envelope = rolls.certificate_of(session, installation.env, arguments.roll, EVERYTHING)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    write_file(arguments.out, envelope.encode("utf-8"))
    print_result({"roll": str(arguments.roll), "out": str(arguments.out)}, as_json=arguments.json)
    return 0


def run_bind(arguments: argparse.Namespace) -> int:
    """Bind labels to a lot; 1 if one was refused or has another lot."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.custody import binding
    from coldtrace.goods import rolls
    from coldtrace.goods.roll_rules import BindStatus
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    codes = arguments.codes or [line.strip() for line in sys.stdin if line.strip()]
    items = []
    with open_installation(load_settings()) as installation:
        try:
            for at in range(0, len(codes), rolls.CODES_MAX):
                command = rolls.BindCodes(
                    codes=codes[at : at + rolls.CODES_MAX],
                    lot=arguments.lot,
                    by="command",
                    scope=EVERYTHING,
                    consignment_id=arguments.consignment,
                    gtin=arguments.gtin,
                )
                with installation.sessions.begin() as session:
                    items += binding.bind_codes(session, installation.env, command)[1]
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    counts = {status.value: sum(item.status is status for item in items) for status in BindStatus}
    if arguments.json:
        print_result(counts | {"results": [item.to_json("zh") for item in items]}, as_json=True)
    else:
        for item in items:
            why = "" if item.refusal is None else f"\t{item.refusal.say('zh')} / {item.refusal.say('en')}"
            print(f"{item.status.value}\t{item.text[:200]}{why}")
        if counts[BindStatus.BOUND.value] + counts[BindStatus.REPEAT.value]:
            print(f"{NEXT.zh} / {NEXT.en}", file=sys.stderr)
    wrong = counts[BindStatus.REFUSED.value] + counts[BindStatus.DOUBLE_BOUND.value]
    return REFUSED if wrong else 0
