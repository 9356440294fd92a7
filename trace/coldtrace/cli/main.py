"""The command line.  Base commands run on a bare install; the others say what to install when `[server]` is missing.

Every command takes `--json` (one object on standard output, messages on standard error) and exits 0 ok, 1 refused
or findings, 2 could not run.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from coldtrace.errors import Refusal

BASE = ("codes", "verify", "trust_list")
SERVER = ("serve", "demo_command", "reset", "database", "keys", "tokens", "devices", "imports", "labels")
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="coldtrace", description="进口冷链食品追溯 / traceability of imported cold-chain food"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (*BASE, *SERVER):
        import_module(f"coldtrace.cli.{name}").add_parser(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.func(chosen))
    except Refusal as refusal:
        print(refusal.say("zh"), file=sys.stderr)
        print(refusal.say("en"), file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("coldtrace"):
            raise
        print(
            f"此命令需要服务端组件（缺少 {error.name}）。请安装：pip install 'coldtrace[server]'\n"
            f"This command needs the server parts ({error.name} is missing): pip install 'coldtrace[server]'",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        # The reader of our output went away; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
