"""`coldtrace reset --yes`: wipe the data folder."""

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import NotConfirmed

if TYPE_CHECKING:
    from coldtrace.settings import Settings

_OURS = (
    "keys",
    "logs",
    "demo",
    "demo.json",
    "sample-labels.pdf",
    "development-token",
    "key-passphrase",
    "service-address",
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `reset`."""
    parser = commands.add_parser("reset", help="清空数据目录 / wipe the data folder")
    parser.add_argument("--yes", action="store_true", help="确认 / really do it")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Remove database, keys and demo files of the data folder; a database given by URL is not touched."""
    from coldtrace.settings import load_settings

    settings = load_settings()
    if not arguments.yes:
        return print_refusal(NotConfirmed(folder=str(settings.data_dir)), as_json=arguments.json)
    if settings.database_url is not None:
        print(
            "COLDTRACE_DATABASE_URL 指向的数据库不会被清空，请在该服务器上删除。\n"
            "The database behind COLDTRACE_DATABASE_URL is not touched; drop it on its server.",
            file=sys.stderr,
        )
    wipe(settings)
    print_result({"reset": str(settings.data_dir)}, as_json=arguments.json)
    return 0


def wipe(settings: "Settings") -> None:
    """Remove database, keys and demo files of the data folder; raises DataFolderInUse while a process runs them."""
    from coldtrace.db.embedded import remove_database

    if not settings.data_dir.exists():
        return
    remove_database(settings.data_dir)
    for name in _OURS:
        path = settings.data_dir / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
