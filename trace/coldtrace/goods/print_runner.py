"""Printing at work: labels of a run into a file, a stream or a printer, with progress in transactions of its own.

A job runs for minutes, so it holds no transaction over the codes: it reads them in pages, and a page of codes is as
it stands when its labels are made.  One open transaction without a snapshot holds the lock of the target; it ends
with the process, so a job that was killed is never taken for one at work.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.goods import print_store, printing, store
from coldtrace.goods.print_refusals import PrinterUnknown, PrintJobBusy, RunAlreadySent
from coldtrace.goods.print_store import PrintJob
from coldtrace.goods.printing import BeginJob
from coldtrace.goods.run_labels import contents_of, run_labels
from coldtrace.goods.store import IssuedCode
from coldtrace.labels.content import LabelContent
from coldtrace.labels.make import LabelReport, make_labels, stream_labels
from coldtrace.labels.outputs import is_folder
from coldtrace.labels.press import Group, Order, groups
from coldtrace.labels.refusals import NoLabels
from coldtrace.labels.send import send_labels
from coldtrace.labels.workers import printed
from coldtrace.labels.zpl import DPI
from coldtrace.rights.model import Scope
from coldtrace.settings import Printer

Sessions = sessionmaker[Session]
Progress = Callable[[int, int], None]
"""Is told labels done and labels in all."""

CODES_AT_ONCE = 500
NOTE_EVERY_LABELS = 250
NOTE_EVERY_S = 1.0


@dataclass(frozen=True, kw_only=True)
class MakeRun:
    """The labels of a run as a file or folder."""

    run_id: UUID
    layout: str
    format: str
    dpi: int
    out: Path
    requested_by: str
    scope: Scope
    font: Path | None = None
    z64: bool = True
    workers: int = 0


@dataclass(frozen=True, kw_only=True)
class SendRun:
    """The labels of a run to a printer; `position` is the first one, None where the last sending stopped."""

    run_id: UUID
    layout: str
    printer: Printer
    requested_by: str
    scope: Scope
    patience_s: float
    native: bool = False
    position: int | None = None
    font: Path | None = None
    workers: int = 0

    @property
    def format(self) -> str:
        """What the printer is sent."""
        return "zpl-native" if self.native else "zpl"

    @property
    def target(self) -> str:
        """How jobs name the printer."""
        return f"printer:{self.printer.name}"


def find_printer(printers: tuple[Printer, ...] | None, name: str) -> Printer:
    """Return a configured printer; raise PrinterUnknown for any other name, addresses above all."""
    for printer in printers or ():
        if printer.name == name:
            return printer
    known = ", ".join(printer.name for printer in printers or ()) or "-"
    raise PrinterUnknown(printer=name[:60], known=known)


def make_run(sessions: Sessions, env: Env, command: MakeRun, progress: Progress | None = None) -> LabelReport:
    """Make the labels of a run.

    A folder that an interrupted job of the same labels left half full is filled up from there; a file is made anew
    and appears when it is whole.
    """
    order = order_of(
        sessions,
        env,
        layout=command.layout,
        format=command.format,
        dpi=command.dpi,
        font=command.font,
        z64=command.z64,
    )
    target = f"file:{command.out.resolve()}"
    begin = BeginJob(
        run_id=command.run_id,
        layout=command.layout,
        format=command.format,
        dpi=command.dpi,
        target=target,
        requested_by=command.requested_by,
        scope=command.scope,
    )
    with _holding(sessions, target):
        with sessions.begin() as session:
            last = print_store.last_job(session, target)
            go_on = is_folder(command.out, command.format) and last is not None and last.state != printing.DONE
            go_on = go_on and last is not None and printing.is_same(last, begin)
            job = printing.begin_job(session, env, begin)
        with _noting(sessions, env, job, progress) as note:
            return make_labels(
                _contents(sessions, command.run_id),
                layout=command.layout,
                format=command.format,
                out=command.out,
                font=command.font,
                dots_per_mm=order.dots_per_mm,
                z64=command.z64,
                seals=order.seals,
                workers=command.workers,
                go_on=go_on,
                progress=note,
            )


def begin_sending(sessions: Sessions, env: Env, command: SendRun) -> PrintJob:
    """Open the job of a sending, or take up the one that stopped; raise PrintJobBusy or RunAlreadySent.

    A run that went to a printer whole goes there again only from a position that somebody names.
    """
    begin = BeginJob(
        run_id=command.run_id,
        layout=command.layout,
        format=command.format,
        dpi=command.printer.dpi,
        target=command.target,
        requested_by=command.requested_by,
        scope=command.scope,
        position=command.position,
    )
    with _holding(sessions, command.target), sessions.begin() as session:
        # Before anything is said of what was sent: a run out of scope has no past.
        run_labels(session, command.run_id, command.scope)
        last = print_store.last_job(session, command.target, run_id=command.run_id)
        if last is not None and command.position is None:
            if last.state == printing.DONE:
                raise RunAlreadySent(run=str(command.run_id), total=last.total, printer=command.printer.name)
            if printing.is_same(last, begin):
                return printing.resume_job(session, env, last)
        return printing.begin_job(session, env, begin)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """How many labels went out now, and the numbers of those left out since their codes are void."""

    labels: int = 0
    skipped: tuple[int, ...] = ()


def send_job(
    sessions: Sessions, env: Env, job: PrintJob, command: SendRun, progress: Progress | None = None
) -> tuple[PrintJob, Sent]:
    """Send what is left of a job; return it as it ended and what went out now.

    Two that send one job take turns, and the second finds what the first left.  Raises PrintJobBusy, PrinterStopped,
    and the refusal of a label that may not leave; the job then goes on at the next label.
    """
    order = order_of(
        sessions,
        env,
        layout=job.layout,
        format=job.format,
        dpi=job.dpi,
        font=command.font,
        z64=command.printer.z64,
    )

    with _holding(sessions, job.target):
        with sessions() as session:
            job = printing.job_of(session, job.job_id)  # it may have gone on since the caller read it
        if job.state == printing.DONE:
            return job, Sent()
        sent = _send_rest(sessions, env, job, command, order, progress)
    with sessions() as session:
        return printing.job_of(session, job.job_id), sent


def _send_rest(
    sessions: Sessions, env: Env, job: PrintJob, command: SendRun, order: Order, progress: Progress | None
) -> Sent:
    """Send the labels behind the last one that the printer took; a label left out counts as done with the next one."""
    numbers: list[int] = []
    skipped: list[int] = []

    def contents() -> Iterator[LabelContent | None]:
        for number, content in enumerate(_contents(sessions, job.run_id, first=job.done + 1), start=1):
            if content is None and number > job.done:
                skipped.append(number)
            yield content

    def rest() -> Iterator[Group]:
        for group in groups(contents(), job.layout):
            if group.last > job.done:
                numbers.extend(group.numbers)
                yield group

    with _noting(sessions, env, job, progress, every=1) as note:
        pages = printed(rest(), order, workers=command.workers)
        try:
            count = send_labels(
                command.printer,
                pages,
                patience_s=command.patience_s,
                confirmed=lambda count: note(numbers[count - 1] if count else job.done),
            )
        finally:
            pages.close()
        if not count and not job.done:
            raise NoLabels()
    return Sent(labels=count, skipped=tuple(skipped))


def stream_run(
    sessions: Sessions, env: Env, run_id: UUID, order: Order, scope: Scope, *, workers: int = 0
) -> Iterator[bytes]:
    """Return the file of a run in pieces; raise at once what `run_labels` does."""
    with sessions() as session:
        run_labels(session, run_id, scope)
    return stream_labels(_contents(sessions, run_id), order, workers=workers)


def order_of(
    sessions: Sessions, env: Env, *, layout: str, format: str, dpi: int, font: Path | None, z64: bool = True
) -> Order:
    """Return an order with today's signature check; raise UnknownLayout, UnknownFormat or LayoutNotForPrinter."""
    Order(layout=layout, format=format)  # names first: they are cheaper to get wrong than a trust list
    with sessions.begin() as session:
        seals = printing.seal_check(session, env)
    return Order(layout=layout, format=format, dots_per_mm=DPI[dpi], font=font, z64=z64, seals=seals)


def _contents(sessions: Sessions, run_id: UUID, *, first: int = 1) -> Iterator[LabelContent | None]:
    """The labels of a run in their order, None for those whose codes are void."""
    void: set[int] = set()
    for number, content in enumerate(contents_of(_codes(sessions, run_id, void, first=first)), start=1):
        yield None if number in void else content


def _codes(sessions: Sessions, run_id: UUID, void: set[int], *, first: int) -> Iterator[IssuedCode]:
    """All codes of a run, since a pallet's label counts the cartons before it; add the void ones from `first` on."""
    position = 0
    while True:
        with sessions() as session:
            page = store.codes_after(session, run_id, position, limit=CODES_AT_ONCE)
            void |= printing.void_numbers(session, [code for code in page if code.position >= first])
        yield from page
        if len(page) < CODES_AT_ONCE:
            return
        position = page[-1].position


@contextmanager
def _holding(sessions: Sessions, target: str) -> Iterator[None]:
    with sessions() as session:
        if not print_store.try_lock_target(session, target):
            raise PrintJobBusy(target=target)
        yield


@contextmanager
def _noting(
    sessions: Sessions, env: Env, job: PrintJob, progress: Progress | None, *, every: int = NOTE_EVERY_LABELS
) -> Iterator[Callable[[int], None]]:
    """Yield what notes progress, `every` so many labels or a second; note at the end how the job ended."""
    done, noted, noted_at = job.done, job.done, time.monotonic()

    def note(count: int) -> None:
        nonlocal done, noted, noted_at
        done = count
        if progress is not None:
            progress(done, job.total)
        if done - noted >= every or time.monotonic() - noted_at >= NOTE_EVERY_S:
            with sessions.begin() as session:
                printing.note_progress(session, env, job.job_id, done)
            noted, noted_at = done, time.monotonic()

    try:
        yield note
    except BaseException as error:
        trouble = error.code if isinstance(error, Refusal) else type(error).__name__
        with sessions.begin() as session:
            printing.end_job(session, env, job.job_id, done=done, trouble=trouble)
        raise
    with sessions.begin() as session:
        printing.end_job(session, env, job.job_id, done=job.total)
