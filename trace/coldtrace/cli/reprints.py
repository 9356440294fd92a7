"""`coldtrace labels reprint|reprints`: a spoiled label once more, with the same code, and the log of it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from coldtrace.cli.output import print_refusal, print_result, print_rows, require_writable, write_file
from coldtrace.cli.refusals import FileUnwritable, NothingToDo
from coldtrace.errors import Refusal
from coldtrace.journal.model import COMMAND_LINE

if TYPE_CHECKING:
    from coldtrace.goods.printing import PrintAgain

LAYOUTS = ("60x40", "100x100", "100x150", "a4")


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `labels reprint` and `labels reprints`."""
    again = actions.add_parser("reprint", help="补打标签，码不变 / replace a spoiled label, same code")
    again.add_argument("text", nargs="+", metavar="TEXT|SHORTCODE")
    again.add_argument("--reason", required=True, metavar="TEXT")
    again.add_argument("--layout", default="100x100", choices=LAYOUTS)
    again.add_argument("--format", default="pdf")
    again.add_argument("--dpi", default=203, type=int, choices=[203, 300])
    where = again.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="PATH")
    where.add_argument("--printer", metavar="NAME")
    again.add_argument("--json", action="store_true")
    again.set_defaults(func=run_reprint)

    log = actions.add_parser("reprints", help="补打记录 / the reprint log")
    log.add_argument("--run", type=UUID, metavar="ID")
    log.add_argument("--limit", type=int, default=100, choices=range(1, 1001), metavar="1..1000")
    log.add_argument("--after", metavar="CURSOR", help="上一页的 next / `next` of the page before")
    log.add_argument("--json", action="store_true")
    log.set_defaults(func=run_reprints)


def run_reprint(arguments: argparse.Namespace) -> int:
    """Make the labels again, log it, and write or send them."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.print_runner import find_printer
    from coldtrace.goods.reprint_runner import Look, reprint_file, reprint_to
    from coldtrace.settings import load_settings

    if arguments.out is None and arguments.printer is None:
        raise NothingToDo(wanted="--out / --printer")
    if arguments.out is not None:
        require_writable(arguments.out)
    settings = load_settings()
    look = Look(layout=arguments.layout, format=arguments.format, dpi=arguments.dpi, font=settings.label_font)
    with open_installation(settings) as installation:
        sessions, env = installation.sessions, installation.env
        try:
            if arguments.printer is not None:
                printer = find_printer(settings.printers, arguments.printer)
                target = f"printer:{printer.name}"
                wanted = _wanted(arguments, COMMAND_LINE, target)
                units = reprint_to(sessions, env, wanted, look, printer=printer, patience_s=settings.printer_patience_s)
            else:
                target = f"file:{arguments.out.resolve()}"
                made = reprint_file(sessions, env, _wanted(arguments, COMMAND_LINE, target), look)
                write_file(arguments.out, made.data)
                units = made.units
        except Refusal as refusal:
            if isinstance(refusal, FileUnwritable):
                raise
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"labels": len(units), "units": list(units), "target": target}, as_json=arguments.json)
    return 0


def _wanted(arguments: argparse.Namespace, by: str, target: str) -> "PrintAgain":
    from coldtrace.goods.printing import PrintAgain
    from coldtrace.rights.model import EVERYTHING

    return PrintAgain(texts=arguments.text, reason=arguments.reason, requested_by=by, target=target, scope=EVERYTHING)


def run_reprints(arguments: argparse.Namespace) -> int:
    """List the reprint log, newest first."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.print_json import cursor, read_cursor, reprint_json
    from coldtrace.goods.printing import reprint_page
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    try:
        before = None if arguments.after is None else read_cursor(arguments.after)
    except ValueError:
        raise NothingToDo(wanted="--after CURSOR") from None
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        page, following = reprint_page(session, EVERYTHING, run_id=arguments.run, before=before, limit=arguments.limit)
    rows = [reprint_json(each) for each in page]
    if arguments.json:
        print_result({"reprints": rows, "next": cursor(following)}, as_json=True)
        return 0
    shown = [row | {"label": row["short_code"] or row["unit"], "often": "!" if row["hint"] else ""} for row in rows]
    print_rows(("at", "label", "times", "by", "reason", "often"), shown)
    if following is not None:
        print(f"--after {cursor(following)}")
    return 0
