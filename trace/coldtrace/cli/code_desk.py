"""`coldtrace codes resolve|void`: what a text is in this installation, and voiding labels that nobody will use."""

import argparse
from uuid import UUID

from coldtrace.cli.output import REFUSED, print_refusal, print_result
from coldtrace.errors import Refusal


def add_desk_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `codes resolve` and `codes void`."""
    resolve = commands.add_parser("resolve", help="这段文字在本系统中是什么 / what a text is in this installation")
    resolve.add_argument("text", metavar="TEXT")
    resolve.add_argument("--json", action="store_true")
    resolve.set_defaults(func=run_resolve)

    void = commands.add_parser("void", help="作废标签 / void labels that were never used")
    void.add_argument("text", nargs="?", metavar="TEXT", help="标签上的码或短码 / the code or short code of one label")
    void.add_argument("--roll", type=UUID, metavar="ID")
    void.add_argument("--numbers", metavar="17-23,40", help="卷上的序号 / numbers of the roll")
    void.add_argument("--reason", required=True, metavar="WHY")
    void.add_argument("--bound", action="store_true", help="也作废已绑定批次的标签 / also labels bound to a lot")
    void.add_argument("--json", action="store_true")
    void.set_defaults(func=run_void)


def run_resolve(arguments: argparse.Namespace) -> int:
    """Print what a text is; 1 if nothing reads it, it does not verify, or it could mean two things."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.codes.foreign_scheme import load_schemes
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings
    from coldtrace.watch import scans

    settings = load_settings()
    with open_installation(settings) as installation:
        try:
            schemes = load_schemes(settings.foreign_schemes)
            with installation.sessions.begin() as session:
                asked = scans.AskedScan(text=arguments.text, by="command", scope=EVERYTHING)
                answered = scans.answer_scan(session, installation.env, asked, schemes=schemes)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    shown = answered.to_json("zh")
    if arguments.json:
        print_result(shown, as_json=True)
    else:
        print_result({name: value for name, value in shown.items() if value not in (None, [], "")}, as_json=False)
    return 0 if answered.resolution.trouble is None else REFUSED


def run_void(arguments: argparse.Namespace) -> int:
    """Void one label or numbers of a roll, all or none."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.custody import voiding
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    by_roll = arguments.roll is not None and arguments.numbers is not None
    if (arguments.text is None) != by_roll or (arguments.roll is None) != (arguments.numbers is None):
        return print_refusal(voiding.NothingNamed(), as_json=arguments.json)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                if by_roll:
                    units = voiding.units_numbered(session, arguments.roll, arguments.numbers, EVERYTHING)
                else:
                    units = [voiding.unit_named(session, arguments.text, EVERYTHING)]
                done = voiding.void_units(
                    session, installation.env, units, EVERYTHING, reason=arguments.reason, bound=arguments.bound
                )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    result = {"voided": len(done.units), "already": done.already, "reason": arguments.reason}
    print_result(result | {"units": list(done.units)} if arguments.json else result, as_json=arguments.json)
    return 0
