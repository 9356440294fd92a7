"""`coldtrace lots recall|lift|list`: recalled lots, until recalls get a desk of their own."""

import argparse
import sys


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lots`."""
    parser = commands.add_parser("lots", help="批次召回 / recalled lots")
    actions = parser.add_subparsers(dest="lots_command", required=True)
    recall = actions.add_parser("recall", help="召回批次，立即签发筛查表 / recall a lot and publish at once")
    lift = actions.add_parser("lift", help="解除召回 / lift a recall")
    for each in (recall, lift):
        each.add_argument("gtin", metavar="GTIN")
        each.add_argument("lot", metavar="LOT")
    recall.add_argument(
        "--unknown", action="store_true", help="批次尚未导入也召回 / also a lot that was not imported yet"
    )
    recall.add_argument("--reason", required=True, metavar="TEXT", help="原因 / why")
    listing = actions.add_parser("list", help="列出正在召回的批次 / list lots that are recalled now")
    for each, run in ((recall, run_recall), (lift, run_lift), (listing, run_list)):
        each.add_argument("--json", action="store_true")
        each.set_defaults(func=run)


def run_recall(arguments: argparse.Namespace) -> int:
    """Recall a lot: pages and capture know at once, handhelds with their next filter; returns 1 if there is none."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.output import print_refusal, print_result
    from coldtrace.codes.gtin import parse_gtin
    from coldtrace.goods import stop_store, stops
    from coldtrace.goods.refusals import RecallOfUnknownLot
    from coldtrace.settings import load_settings

    gtin = parse_gtin(arguments.gtin)
    lot = arguments.lot
    try:
        with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
            new = stops.recall_lot(
                session, installation.env, gtin=gtin, lot=lot, reason=arguments.reason, unknown=arguments.unknown
            )
            stops.publish_filters(session, installation.env)
            units = stop_store.units_of_lot(session, gtin, lot)
    except RecallOfUnknownLot as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    print_result({"gtin": gtin, "lot": lot, "recalled": True, "new": new, "units": units}, as_json=arguments.json)
    print(f"{units} 箱；手持机在下次同步后得知 / {units} cartons; handhelds know with their next sync", file=sys.stderr)
    return 0


def run_lift(arguments: argparse.Namespace) -> int:
    """Lift a recall; returns 1 if there is none."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.output import print_refusal, print_result
    from coldtrace.codes.gtin import parse_gtin
    from coldtrace.goods import stops
    from coldtrace.goods.refusals import LotNotRecalled
    from coldtrace.settings import load_settings

    gtin = parse_gtin(arguments.gtin)
    try:
        with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
            stops.lift_lot(session, installation.env, gtin=gtin, lot=arguments.lot)
            stops.publish_filters(session, installation.env)
    except LotNotRecalled as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    print_result({"gtin": gtin, "lot": arguments.lot, "recalled": False}, as_json=arguments.json)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """List the recalls that are not lifted: GTIN, lot, since when, why."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.output import print_result, print_rows
    from coldtrace.clock import format_utc
    from coldtrace.goods import stop_store
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        recalls = [
            {"gtin": each.gtin, "lot": each.lot, "recalled_at": format_utc(each.recalled_at), "reason": each.reason}
            for each in stop_store.recalls(session)
        ]
    if arguments.json:
        print_result({"recalls": recalls}, as_json=True)
    else:
        print_rows(("gtin", "lot", "recalled_at", "reason"), recalls)
    return 0
