"""The command line.  Base commands run on a bare install; the others say what to install when `[server]` is missing.

Every command takes `--json` (one object on standard output, messages on standard error) and exits 0 ok, 1 refused
or findings, 2 could not run.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

from coldtrace.cli import command_note
from coldtrace.cli.output import COULD_NOT_RUN, print_refusal
from coldtrace.cli.refusals import DatabaseLost, ServerPartsMissing
from coldtrace.errors import Refusal

BASE = ("codes", "verify", "trust_list", "filters", "witness")
SERVER = (
    "serve",
    "demo_command",
    "reset",
    "doctor",
    "database",
    "keys",
    "tokens",
    "admin",
    "sites",
    "devices",
    "imports",
    "labels",
    "lots",
    "rolls",
    "bench_command",
    "ledger",
    "journal",
    "people",
    "custody",
)
BROKEN_PIPE = 141


_ID = re.compile(r"-[A-Za-z0-9_-]{42}", re.ASCII)


def ids_last(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ids that begin with `-` behind a `--`: one key in 64 would else be read as an option.

    >>> ids_last(["devices", "revoke", "-" + 42 * "A", "--json"])[:4]
    ['devices', 'revoke', '--json', '--']
    """
    ids = [each for each in arguments if _ID.fullmatch(each)]
    rest = [each for each in arguments if not _ID.fullmatch(each)]
    return [*rest, "--", *ids] if ids else rest


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="coldtrace", description="进口冷链食品追溯 / traceability of imported cold-chain food"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (*BASE, *SERVER):
        import_module(f"coldtrace.cli.{name}").add_parser(commands)
    chosen = parser.parse_args(ids_last(sys.argv[1:] if arguments is None else arguments))
    command_note.begin(chosen)
    try:
        return int(chosen.func(chosen))
    except Refusal as refusal:
        return _could_not_run(refusal, chosen)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("coldtrace"):
            raise
        return _could_not_run(ServerPartsMissing(module=error.name), chosen)
    except BrokenPipeError:
        # The reader of our output went away; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not _is_database_gone(error):
            raise
        return _could_not_run(DatabaseLost(reason=" ".join(str(error).split())[:200]), chosen)
    finally:
        command_note.end()


def _could_not_run(refusal: Refusal, chosen: argparse.Namespace) -> int:
    return print_refusal(refusal, as_json=getattr(chosen, "json", False), status=COULD_NOT_RUN)


def _is_database_gone(error: Exception) -> bool:
    """Tell whether the driver, or SQLAlchemy around it, lost the database; a base install has neither to ask."""
    return any(
        kind.__name__ == "OperationalError" and kind.__module__.partition(".")[0] in ("psycopg", "sqlalchemy")
        for kind in type(error).__mro__
    )


if __name__ == "__main__":
    sys.exit(main())
