"""The desk's pages of code runs: how far the codes, their labels and their rolls are, and the forms that print them.

What the forms do stands in `desk_printing.py`.  A page that something is still going on behind asks again by itself,
without scripts unless forms are on it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.goods import print_store, roll_store, rolls, run_store
from coldtrace.goods import store as goods
from coldtrace.goods.firms import firms_of_runs
from coldtrace.goods.print_json import shown_target
from coldtrace.goods.print_store import PrintJob
from coldtrace.goods.refusals import RunUnknown
from coldtrace.goods.roll_rules import format_ranges, ranges_of
from coldtrace.goods.run_store import RunRecord
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web.access import Caller, CurrentEnv, CurrentSettings, ReadSession
from coldtrace.web.api.labels import FormatName, LayoutName, get_labels
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk_frame import frame_of
from coldtrace.web.pages.run_forms import Entered, run_forms
from coldtrace.web.pages.run_view import RunView
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import Bilingual, LabelChoice, PrintLine, RollNumbers, RunLine, RunsView

router = APIRouter(include_in_schema=False)
RunReader = Annotated[Caller, page_needs(Kind.RUN, Verb.READ)]
RunPrinter = Annotated[Caller, page_needs(Kind.RUN, Verb.WRITE, act="print")]
RUNS_A_PAGE = 50
JOBS_SHOWN = 20
UNEXPECTED = Words("意外中断，请把代码告诉管理员", "Stopped by a fault; tell the code to an administrator")
SILENT_FOR = timedelta(minutes=10)
"""A job that nothing was heard of for so long was killed; it says so every few hundred labels."""

OFFERED: tuple[tuple[LayoutName, FormatName], ...] = (
    ("100x100", "pdf"),
    ("100x150", "pdf"),
    ("60x40", "pdf"),
    ("a4", "pdf"),
    ("100x100", "zpl"),
    ("100x100", "csv"),
)


@router.get("/desk/runs")
def runs_page(request: Request, session: ReadSession, reader: RunReader, after: UUID | None = None) -> Response:
    """Show code runs, newest first."""
    found = run_store.list_runs(session, reader.scope, after=after, limit=RUNS_A_PAGE)
    reader.about(*firms_of_runs(session, [run.run_id for run in found]))
    reader.told(rows=len(found))
    view = RunsView(
        here=_here(request),
        host=request.app.state.env.public_host,
        frame=frame_of(request, reader),
        runs=_lines(session, found, reader),
        next_url=f"/desk/runs?after={found[-1].run_id}" if len(found) == RUNS_A_PAGE else None,
    )
    return _shown(request, "desk/runs.html", view)


@router.get("/desk/runs/{run_id}")
def run_page(request: Request, run_id: UUID, reader: RunReader) -> Response:
    """Show one code run: codes drawn, labels made and sent, the numbers of a roll, and what can be done with labels."""
    return show_run(request, reader, run_id=run_id)


def show_run(
    request: Request,
    caller: Caller,
    *,
    run_id: UUID,
    notice: Words | None = None,
    problem: Words | None = None,
    status: int = 200,
    entered: Entered | None = None,
) -> Response:
    """Show the page of a run: after a form, with what came of it."""
    with request.app.state.sessions() as session:
        reads = caller.scope_for(Kind.RUN, Verb.READ)
        run = run_store.find_run(session, run_id, reads)
        if run is None:
            raise RunUnknown(id=str(run_id))
        caller.about(*firms_of_runs(session, [run_id]))
        may_print = run_store.find_run(session, run_id, caller.scope_for(Kind.RUN, Verb.WRITE)) is not None
        may_replace = run_store.find_run(session, run_id, caller.scope_for(Kind.CODE, Verb.WRITE)) is not None
        jobs = print_store.jobs_of_run(session, run_id, reads, limit=JOBS_SHOWN)
        void = print_store.void_numbers(session, run_id, reads)
        rolls_read = caller.scope_for(Kind.ROLL, Verb.READ)
        roll = _roll(session, run_id, rolls_read) if run.kind == "roll" else None
        view = RunView(
            here=f"/desk/runs/{run_id}" if request.method != "GET" else _here(request),
            host=request.app.state.env.public_host,
            frame=frame_of(request, caller),
            run=_lines(session, [run], caller)[0],
            kid=run_store.last_kid(session, run_id),
            jobs=tuple(_job(job, now=request.app.state.env.clock()) for job in jobs),
            downloads=_downloads(run) if may_print else (),
            reprints=print_store.count_reprints(session, run_id, reads),
            void=format_ranges(ranges_of(void)),
            roll=roll,
            roll_url=None if roll is None else f"/desk/rolls/{run_id}",
            forms=run_forms(
                run,
                request.app.state.settings.printers or (),
                void=len(void),
                may_print=may_print,
                may_replace=may_replace,
                entered=entered or Entered(),
            ),
            notice=notice,
            problem=problem,
        )
    return _shown(request, "desk/run.html", view, status)


@router.get("/desk/runs/{run_id}/labels")
def run_labels_file(
    run_id: UUID,
    request: Request,
    env: CurrentEnv,
    settings: CurrentSettings,
    reader: RunPrinter,
    layout: LayoutName = "100x100",
    format: FormatName = "pdf",
) -> Response:
    """Return the labels of a run, as the API does, for a link on the page."""
    return get_labels(run_id, request, env, settings, reader, layout=layout, format=format)


def _downloads(run: RunRecord) -> tuple[LabelChoice, ...]:
    if not run.is_drawn:
        return ()
    return tuple(
        LabelChoice(layout=layout, format=format, url=f"/desk/runs/{run.run_id}/labels?layout={layout}&format={format}")
        for layout, format in OFFERED
    )


def _lines(session: Session, runs: Sequence[RunRecord], reader: Caller) -> tuple[RunLine, ...]:
    sites = parties.ask_sites(session, {run.station_gln for run in runs})()
    imports, own_rolls = reader.scope_for(Kind.CONSIGNMENT, Verb.READ), reader.scope_for(Kind.ROLL, Verb.READ)
    ids = [run.consignment_id for run in runs if run.consignment_id is not None]
    declared = goods.declarations(session, ids, imports)
    rolled = {run.run_id: roll_store.find_roll(session, run.run_id, own_rolls) for run in runs if run.kind == "roll"}
    lines = []
    for run in runs:
        site, roll = sites[run.station_gln], rolled.get(run.run_id)
        subject = f"{(roll and roll.gtin) or ''} × {run.wanted:,}".lstrip()
        lines.append(
            RunLine(
                url=f"/desk/runs/{run.run_id}",
                run_id=str(run.run_id),
                kind="roll" if run.kind == "roll" else "consignment",
                station=Bilingual(zh=site.name_zh, en=site.name_en),
                subject=subject if run.consignment_id is None else declared.get(run.consignment_id, ""),
                no_gtin=roll is not None and roll.gtin is None,
                wanted=run.wanted,
                drawn=run.drawn,
                created_at=run.created_at,
            )
        )
    return tuple(lines)


def _job(job: PrintJob, *, now: datetime) -> PrintLine:
    live = job.state == "running" and now - job.updated_at < SILENT_FOR
    return PrintLine(
        layout=job.layout,
        format=job.format,
        target=_target(job.target),
        state="running" if live else "done" if job.state == "done" else "failed",
        done=job.done,
        total=job.total,
        updated_at=job.updated_at,
        trouble=None if job.trouble is None else _trouble(job.trouble),
    )


def _trouble(code: str) -> Bilingual:
    """Return what stopped a job as a sentence: the refusal's words, and its code for whoever is asked for help.

    The facts of the refusal are not kept with the job, so a detail that names some is left out.
    """
    refusal = _refusals().get(code)
    title = UNEXPECTED if refusal is None else refusal.title
    zh, en = f"{title.zh}（{code}）", f"{title.en} ({code})"
    if refusal is None or "{" in refusal.detail.zh + refusal.detail.en:
        return Bilingual(zh=zh, en=en)
    return Bilingual(zh=f"{zh}：{refusal.detail.zh}", en=f"{en}: {refusal.detail.en}")


def refusal_title(code: str) -> Words | None:
    """Return what a refusal is called, None for a code that no refusal has."""
    refusal = _refusals().get(code)
    return None if refusal is None else refusal.title


@cache
def _refusals() -> dict[str, type[Refusal]]:
    """Return every refusal by its code."""
    found: dict[str, type[Refusal]] = {}
    waiting = Refusal.__subclasses__()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "code" in vars(kind):
            found[kind.code] = kind
    return found


def _target(target: str) -> str:
    """Return a printer's name, or a file's without its folder."""
    return shown_target(target).partition(":")[2] or target


def _roll(session: Session, run_id: UUID, scope: Scope) -> RollNumbers | None:
    """Return the numbers of a roll to whoever may see rolls; a run alone does not tell them."""
    if (roll := roll_store.find_roll(session, run_id, scope)) is None:
        return None
    found = rolls.report(session, run_id, scope)
    lists = {name.value: format_ranges(ranges_of(numbers)) for name, numbers in found.items()}
    return RollNumbers(bound=roll.used, **lists)


def _shown(request: Request, template: str, view: RunsView | RunView, status: int = 200) -> Response:
    answer = remember_language(request, show(request, template, view, status))
    # The page has the token of the session's forms.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
