"""`coldtrace codes resume|runs`: code runs, how far they are, and drawing one that was broken off to its end."""

import argparse
import os
from typing import TYPE_CHECKING
from uuid import UUID

from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.progress import ProgressBar
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from coldtrace.cli.installation import Installation
    from coldtrace.goods.draw import Progress
    from coldtrace.goods.run_store import RunRecord

PAGE = 50
PROCESSES_MAX = 4
"""Beyond this the database is what a draw waits for."""


def add_run_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `codes resume` and `codes runs`."""
    resume = commands.add_parser("resume", help="续完赋码 / draw unfinished runs to their end")
    resume.add_argument("--run", type=UUID, metavar="ID", help="只此一批 / only this one; without it all of them")
    resume.add_argument("--json", action="store_true")
    resume.set_defaults(func=run_resume)
    runs = commands.add_parser("runs", help="列出赋码批 / list code runs, newest first")
    runs.add_argument("--after", type=UUID, metavar="ID", help="从该批之后 / those behind this one")
    runs.add_argument("--limit", type=int, default=PAGE, metavar="N")
    runs.add_argument("--unfinished", action="store_true", help="只列未完成的 / only those not drawn to their end")
    runs.add_argument("--json", action="store_true")
    runs.set_defaults(func=run_runs)


def draw(installation: "Installation", run_id: UUID) -> "Progress":
    """Draw a run to its end with a bar on the terminal; raise what drawing raises."""
    from coldtrace.goods.draw import draw_rest

    bar = ProgressBar("码 codes")
    try:
        # One core writes to the database: with two, a second process that mints only gets in its way (measured).
        processes = min((os.cpu_count() or 1) - 1, PROCESSES_MAX)
        return draw_rest(installation.sessions.begin, installation.env, run_id, bar.show, processes=processes)
    finally:
        bar.close()


def run_resume(arguments: argparse.Namespace) -> int:
    """Draw one run, or all that are unfinished, to the end; refuse at the first that cannot go on."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation:
        chosen = _unfinished(installation) if arguments.run is None else [arguments.run]
        done = []
        for run_id in chosen:
            try:
                made = draw(installation, run_id)
            except Refusal as refusal:
                return print_refusal(refusal, as_json=arguments.json)
            done.append({"run": str(run_id), "drawn": made.drawn, "wanted": made.wanted})
    if arguments.json:
        print_result({"runs": done}, as_json=True)
    else:
        for each in done:
            print(f"{each['run']}\t{each['drawn']}/{each['wanted']}")
        if not done:
            print("没有未完成的赋码批 / no run is unfinished")
    return 0


def _unfinished(installation: "Installation") -> list[UUID]:
    from coldtrace.goods import run_store
    from coldtrace.rights.model import EVERYTHING

    found: list[UUID] = []
    with installation.sessions() as session:
        while page := run_store.list_runs(
            session, EVERYTHING, after=found[-1] if found else None, limit=PAGE, unfinished=True
        ):
            found += [each.run_id for each in page]
    return found


def run_runs(arguments: argparse.Namespace) -> int:
    """List runs, newest first; `next` is the `--after` of the following page."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import run_store
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    limit = max(1, min(arguments.limit, 1000))
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        found = run_store.list_runs(
            session, EVERYTHING, after=arguments.after, limit=limit, unfinished=arguments.unfinished
        )
    if arguments.json:
        following = str(found[-1].run_id) if len(found) == limit else None
        print_result({"runs": [_shown(each) for each in found], "next": following}, as_json=True)
    else:
        columns = ("run", "kind", "station", "drawn", "wanted", "state", "created_at", "consignment")
        print_rows(columns, [_shown(each) for each in found])
    return 0


def _shown(run: "RunRecord") -> dict[str, object]:
    from coldtrace.clock import format_utc

    return {
        "run": str(run.run_id),
        "kind": run.kind,
        "station": run.station_gln,
        "drawn": run.drawn,
        "wanted": run.wanted,
        "state": run.state,
        "created_at": format_utc(run.created_at),
        "consignment": None if run.consignment_id is None else str(run.consignment_id),
    }
