"""`coldtrace ledger`: the log itself."""

import argparse

from coldtrace.cli import audit


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger`."""
    parser = commands.add_parser("ledger", help="日志 / the log")
    actions = parser.add_subparsers(dest="ledger_command", required=True)
    audit.add_subcommands(actions)
