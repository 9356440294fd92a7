"""`coldtrace labels make`: the labels of a code run, every one decoded before the file appears."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import FileUnwritable
from coldtrace.errors import Refusal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `labels`."""
    parser = commands.add_parser("labels", help="标签 / labels")
    actions = parser.add_subparsers(dest="labels_command", required=True)
    make = actions.add_parser("make", help="生成标签文件 / write a label file")
    make.add_argument("--run", required=True, type=UUID, metavar="ID")
    make.add_argument("--layout", default="100x100", choices=["60x40", "100x100", "100x150", "a4"])
    make.add_argument("--format", default="pdf")
    make.add_argument("--out", required=True, type=Path, metavar="PATH")
    make.add_argument("--json", action="store_true")
    make.set_defaults(func=run_make)


def run_make(arguments: argparse.Namespace) -> int:
    """Write the labels and say how many were made and read back."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.run_labels import run_labels
    from coldtrace.labels.make import make_labels
    from coldtrace.settings import load_settings

    settings = load_settings()
    with open_installation(settings) as installation, installation.sessions() as session:
        try:
            report = make_labels(
                run_labels(session, arguments.run),
                layout=arguments.layout,
                format=arguments.format,
                out=arguments.out,
                font=settings.label_font,
                progress=_progress if sys.stderr.isatty() else None,
            )
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
        except OSError as error:
            raise FileUnwritable(path=str(arguments.out), reason=error.strerror or str(error)) from error
    result = {"labels": report.count, "pages": report.pages, "decoded": report.decoded, "out": str(arguments.out)}
    print_result(result, as_json=arguments.json)
    return 0


def _progress(count: int) -> None:
    print(f"\r{count} 张 / labels", end="", file=sys.stderr, flush=True)
