"""`coldtrace labels printers`: the printers that this shell may send to."""

import argparse
import sys

from coldtrace.cli.output import print_result, print_rows

_DATA = {True: "z64", False: "hex"}


def add_action(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `labels printers`."""
    printers = actions.add_parser("printers", help="列出已配置的打印机 / list the printers of the configuration")
    printers.add_argument("--json", action="store_true")
    printers.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """List what COLDTRACE_PRINTERS says here; the service has an environment of its own.  Needs no installation."""
    from coldtrace.settings import load_settings

    printers = [
        {
            "name": each.name,
            "address": f"{each.host}:{each.port}",
            "dpi": each.dpi,
            "data": _DATA[each.z64],
        }
        for each in load_settings().printers or ()
    ]
    if not printers:
        print(
            "未设置打印机：请为服务和每个终端设置 COLDTRACE_PRINTERS / no printer is set: give COLDTRACE_PRINTERS to"
            " the service and to every shell that prints",
            file=sys.stderr,
        )
    if arguments.json:
        print_result({"printers": printers}, as_json=True)
    else:
        print_rows(("name", "address", "dpi", "data"), printers)
    return 0
