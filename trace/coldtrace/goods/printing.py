"""Use cases of printing: jobs that note their progress, and labels made again with the same code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.refusals import MalformedNumber, MalformedShortCode
from coldtrace.codes.scan import read_scan
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.goods import print_store, stop_store, store
from coldtrace.goods.print_refusals import (
    CodeNotIssued,
    CodeVoided,
    PositionOutOfRun,
    PrintJobUnknown,
    ReasonMissing,
    TooManyReprints,
)
from coldtrace.goods.print_store import PrintJob, Reprint
from coldtrace.goods.run_labels import contents_of, run_labels
from coldtrace.goods.store import IssuedCode
from coldtrace.labels.content import LabelContent
from coldtrace.labels.refusals import CodeNotVerified
from coldtrace.labels.seal_check import SealCheck
from coldtrace.parties import trust
from coldtrace.parties.roots import current_root
from coldtrace.rights.model import Scope
from coldtrace.verify.code import Verdict

RUNNING, DONE, FAILED = "running", "done", "failed"
JOBS_SHOWN = 50
REASON_MAX = 200
REPRINTS_AT_ONCE = 200
REPRINTS_TOLD = 3
"""More labels than this for one unit are worth a look: stickers of one code may be on two boxes."""


@dataclass(frozen=True, kw_only=True)
class BeginJob:
    """Labels of a run that are to be made or sent; `position` is the first one, None where the last job stopped."""

    run_id: UUID
    layout: str
    format: str
    dpi: int
    target: str
    requested_by: str
    scope: Scope
    position: int | None = None


def seal_check(session: Session, env: Env) -> SealCheck:
    """Return the signature check of today: the newest trust list under the roots in force, and what it pins."""
    return SealCheck(
        trust_list=trust.current(session, env).envelope,
        root=current_root(session).text,
        at=env.clock(),
        allow_filters=tuple(stop_store.allow_filters(session)),
    )


def begin_job(session: Session, env: Env, command: BeginJob) -> PrintJob:
    """Open a job, or take up the target's last one when it stopped in the middle of just this.

    Raises what `run_labels` does for a run that is unknown or not drawn yet, and PositionOutOfRun.
    """
    run_labels(session, command.run_id, command.scope)
    total = print_store.count_codes(session, command.run_id)
    if command.position is not None and not 1 <= command.position <= total:
        raise PositionOutOfRun(number=command.position, total=total)
    last = print_store.last_job(session, command.target)
    if last is not None and command.position is None and is_same(last, command) and last.state != DONE:
        return resume_job(session, env, last)
    now = env.clock()
    job = PrintJob(
        job_id=env.new_id(),
        run_id=command.run_id,
        layout=command.layout,
        format=command.format,
        dpi=command.dpi,
        target=command.target,
        state=RUNNING,
        total=total,
        done=(command.position or 1) - 1,
        requested_by=command.requested_by,
        started_at=now,
        updated_at=now,
        trouble=None,
    )
    print_store.insert_job(session, job)
    return job


def resume_job(session: Session, env: Env, job: PrintJob) -> PrintJob:
    """Set an interrupted job to work again."""
    print_store.note_job(session, job.job_id, state=RUNNING, done=job.done, at=env.clock())
    return replace(job, state=RUNNING, trouble=None)


def is_same(job: PrintJob, command: BeginJob) -> bool:
    """Tell whether a job makes the same labels in the same way."""
    return (job.run_id, job.layout, job.format, job.dpi) == (
        command.run_id,
        command.layout,
        command.format,
        command.dpi,
    )


def job_of(session: Session, job_id: UUID) -> PrintJob:
    """Return a job; raise PrintJobUnknown."""
    job = print_store.find_job(session, job_id)
    if job is None:
        raise PrintJobUnknown(id=str(job_id))
    return job


def note_progress(session: Session, env: Env, job_id: UUID, done: int) -> None:
    """Note how many labels left."""
    print_store.note_job(session, job_id, state=RUNNING, done=done, at=env.clock())


def end_job(session: Session, env: Env, job_id: UUID, *, done: int, trouble: str | None = None) -> None:
    """Note that a job ended, well or with the code of what stopped it."""
    state = DONE if trouble is None else FAILED
    print_store.note_job(session, job_id, state=state, done=done, at=env.clock(), trouble=trouble)


def void_numbers(session: Session, codes: Sequence[IssuedCode]) -> set[int]:
    """Return the numbers of those codes that are void; raise CodeNotVerified for another one of a revoked key.

    A void label is left out, for the rest of the run is good.  A revoked key counts here at once, as for every verdict
    of this server, also while the list that says so waits for roots that are offline.
    """
    units = [code.unit_id for code in codes]
    voided, revoked = print_store.voided_among(session, units), stop_store.of_revoked_keys(session, units)
    for code in codes:
        if code.unit_id in revoked and code.unit_id not in voided:
            raise CodeNotVerified(label=code.unit_id, verdict=str(Verdict.REVOKED))
    return {code.position for code in codes if code.unit_id in voided}


def require_live(session: Session, codes: Sequence[IssuedCode]) -> None:
    """Raise for codes that may not be printed any more: CodeNotVerified, or CodeVoided for the first void one."""
    void = void_numbers(session, codes)
    for code in codes:
        if code.position in void:
            raise CodeVoided(number=code.position, unit=code.unit_id)


def issued(session: Session, text: str, scope: Scope) -> IssuedCode:
    """Return the issued code of the scope that a scanned or keyed text names; raise CodeNotIssued.

    A short code or number that was mistyped is refused as that: its check character says so.
    """
    try:
        scan = read_scan(text)
    except (MalformedNumber, MalformedShortCode):
        raise
    except Refusal as refusal:
        raise CodeNotIssued(text=text[:60]) from refusal
    code = store.label_code(session, scan, scope)
    if code is None:
        raise CodeNotIssued(text=text[:60])
    return code


def label_position(session: Session, run_id: UUID, text: str, scope: Scope) -> int:
    """Return the number of a label in its run; raise CodeNotIssued for a code of another run."""
    code = issued(session, text, scope)
    if code.run_id != run_id:
        raise CodeNotIssued(text=text[:60])
    return code.position


def label_of(session: Session, code: IssuedCode) -> LabelContent:
    """Return the label of one code, as its run printed it."""
    before = store.codes_on_pallet(session, code) if code.kind == "pallet" else []
    return list(contents_of([*before, code]))[-1]


@dataclass(frozen=True, kw_only=True)
class PrintAgain:
    """Labels that were spoiled and are wanted once more, each named by a scan or its short code."""

    texts: Sequence[str]
    reason: str
    requested_by: str
    target: str
    scope: Scope


def labels_again(session: Session, command: PrintAgain) -> list[tuple[IssuedCode, LabelContent]]:
    """Return the labels to be made again: the same codes, for one box has one code throughout.

    Nothing is logged yet.  Raises CodeNotIssued, CodeVoided, ReasonMissing or TooManyReprints.
    """
    if not 1 <= len(command.reason.strip()) <= REASON_MAX:
        raise ReasonMissing(limit=REASON_MAX)
    if len(command.texts) > REPRINTS_AT_ONCE:
        raise TooManyReprints(limit=REPRINTS_AT_ONCE, count=len(command.texts))
    codes = {code.unit_id: code for code in (issued(session, text, command.scope) for text in command.texts)}
    require_live(session, list(codes.values()))
    return [(code, label_of(session, code)) for code in codes.values()]


def log_reprints(session: Session, env: Env, command: PrintAgain, units: Sequence[str]) -> None:
    """Log who made which labels again, when and why.  Done before they leave: a log may know one too many."""
    for unit_id in units:
        print_store.insert_reprint(
            session,
            reprint_id=env.new_id(),
            unit_id=unit_id,
            reason=command.reason.strip(),
            requested_by=command.requested_by,
            target=command.target,
            at=env.clock(),
        )


def reprint_page(
    session: Session, scope: Scope, *, run_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[Reprint], tuple[datetime, UUID] | None]:
    """Return a page of the reprint log, newest first, and where the next one begins."""
    found = print_store.reprints(session, scope, run_id=run_id, before=before, limit=limit + 1)
    page = found[:limit]
    return page, (page[-1].reprinted_at, page[-1].reprint_id) if len(found) > limit else None
