"""An audit from beginning to end: what is asked, in which order, and what is kept.

The order that makes it fair to an honest log: first the witnesses are asked, then the served checkpoint, then the
database's snapshot is opened.  Each may only know less than the next.
"""

import os
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace import clock
from coldtrace.audit import saved as memory
from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.heads import Mark, ServedHead, served_head, witness_marks, witness_notes
from coldtrace.audit.refusals import KeyNeeded, SinceUnknown
from coldtrace.audit.saved import Saved
from coldtrace.audit.served import Comparison, Source, open_source
from coldtrace.audit.walk import Progress, Task, Walked
from coldtrace.audit.walk_tiles import TileWalk
from coldtrace.clock import format_utc
from coldtrace.seal.hashing import EMPTY_ROOT
from coldtrace.seal.vkey import Vkey, parse_vkey
from coldtrace.seal.witness_policy import WitnessPolicy

if TYPE_CHECKING:
    # Whoever audits over HTTP needs no database driver.
    from coldtrace.audit.database import Database

STALE = timedelta(seconds=120)
"""A served checkpoint must not be older than this beside a larger one in the database."""

PROMISE = timedelta(seconds=60)
"""What every receipt promises: in the log within this time."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to audit, and against what.  At least one of `database_url` and `place` is given.

    `place` is an address or a folder.  `since` is None for everything, or the size that was saved last.
    `processes` is how many may check signatures and pieces at once.  `root` is the text of the
    installation's first root document.  `max_age_s` is how old the cosignatures of what is served may be, None for any.
    """

    database_url: str | None = None
    place: str | None = None
    log: str | None = None
    vkey: Vkey | None = None
    policy: WitnessPolicy = field(default_factory=WitnessPolicy)
    saved_file: Path | None = None
    since: int | None = None
    since_saved: bool = False
    token: str | None = None
    signatures: bool = True
    pieces: bool = True
    processes: int = field(default_factory=lambda: os.cpu_count() or 1)
    root: str | None = None
    patience_s: float = 15
    max_age_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an audit came to."""

    report: Report
    origin: str
    size: int
    root: bytes
    leaves: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Return the result as one object."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "leaves": self.leaves,
            "milliseconds": int(self.seconds * 1000),
            **self.report.to_json(),
        }


def audit(
    order: Order, *, now: Callable[[], datetime] = clock.now, progress: Progress = lambda done, of: None
) -> Result:
    """Audit a log and return what was found; the state is saved if nothing was.

    Raises what keeps an audit from running: the refusals of `audit/refusals.py`, DatabaseUrlInvalid.
    """
    began = time.perf_counter()
    report = Report()
    known = None if order.saved_file is None else memory.load(order.saved_file)
    vkey = order.vkey or order.policy.log or _usual_key(order, known, report)
    start = _start(order, known)
    if start is not None and start.left_out and order.database_url is not None:
        report.note(
            f"signatures or pieces below leaf {start.left_out} were left out when the state was saved; audit once"
            f" without --since / 叶子 {start.left_out} 之前的签名或内容未曾检查，请不带 --since 审计一次"
        )
    marks = [*_saved_marks(known, vkey, report), *_asked(order, vkey, report)]
    task = Task(
        report=report,
        vkey=vkey,
        policy=order.policy,
        start=start,
        marks=marks,
        signatures=order.signatures,
        pieces=order.pieces,
        processes=order.processes,
        root=order.root,
        progress=progress,
    )
    with nullcontext() if order.place is None else closing(open_source(order.place, token=order.token)) as source:
        walked = _walk(order, task, source, now)
    for step, count in sorted(report.unchecked.items()):
        report.note(
            f"step {step}: {count} signatures cannot be checked here and count for nothing (SM2: pip install gmssl-pyx)"
            f" / 第 {step} 步有 {count} 个签名本机无法检查（SM2 需安装 gmssl-pyx）"
        )
    tree = None if walked is None else walked.tree
    first = 0 if start is None else start.size
    result = Result(
        report=report,
        origin=vkey.name,
        size=0 if tree is None else tree.size,
        root=EMPTY_ROOT if tree is None else tree.root(),
        leaves=0 if tree is None else max(0, tree.size - first),
        seconds=time.perf_counter() - began,
    )
    if report.ok and walked is not None and order.saved_file is not None:
        left_out = _left_out(order, start, tree.size if tree is not None else 0, whole=not report.unchecked)
        memory.save(order.saved_file, _remember(walked, vkey, now(), known, left_out=left_out))
    return result


def _walk(order: Order, task: Task, source: Source | None, now: Callable[[], datetime]) -> Walked | None:
    head = None if source is None else _patient_head(order, source, task)
    if head is not None:
        _judge_age(order, head, task.report, now())
    if order.database_url is not None:
        from coldtrace.audit.database import open_database

        with open_database(order.database_url, name=order.log, origin=task.vkey.name) as database:
            return _walk_database(task, database, source, head, now())
    return None if source is None or head is None else TileWalk(task, source, head).run()


def _walk_database(
    task: Task, database: "Database", source: Source | None, head: ServedHead | None, now: datetime
) -> Walked | None:
    from coldtrace.audit.walk_database import DatabaseWalk

    report = task.report
    if (database.log.origin, database.log.vkey) != (task.vkey.name, task.vkey.text()):
        report.find(FindingCode.OTHER_KEY, f"{database.log.origin} {database.log.vkey}")
    comparison = None
    if source is not None and head is not None:
        size = min(head.checkpoint.size, database.log.size)
        comparison = Comparison(source, report, size=size, bundles=True)
        task = replace(task, marks=[*task.marks, *_served_marks(head, database, report, now)])
    return DatabaseWalk(task, database, comparison).run(now=now, promise=PROMISE)


def _asked(order: Order, vkey: Vkey, report: Report) -> list[Mark]:
    """Ask the witnesses, and return the heads that they have cosigned."""
    notes = witness_notes(order.policy, vkey.name, report)
    if notes:
        report.check(9)
    return witness_marks(notes, vkey, report)


def _patient_head(order: Order, source: Source, task: Task) -> ServedHead | None:
    """Return the served checkpoint.  A log shows what its witnesses cosigned a moment later, so wait that long."""
    largest = max((mark.size for mark in task.marks if mark.code is FindingCode.WITNESS_DIFFERS), default=0)
    deadline = time.monotonic() + order.patience_s
    while True:
        looked = Report()
        head = served_head(source, task.vkey, order.policy, looked)
        if head is None or head.checkpoint.size >= largest or order.database_url or time.monotonic() >= deadline:
            task.report.merge(looked)
            return head
        time.sleep(min(1.0, order.patience_s))


def _judge_age(order: Order, head: ServedHead, report: Report, now: datetime) -> None:
    """Find cosignatures that are too old: a log that is alive has its witnesses look again every few minutes."""
    if order.max_age_s is None or not head.cosignatures or not order.policy.is_met_by(head.cosignatures):
        return  # fewer than are asked for is a finding already
    fresh = [each for each in head.cosignatures if abs(now.timestamp() - each.at_s) <= order.max_age_s]
    if not fresh or not order.policy.is_met_by(fresh):
        newest = format_utc(datetime.fromtimestamp(max(each.at_s for each in head.cosignatures), UTC))
        report.find(FindingCode.COSIGNATURE_AGE, f"checkpoint {head.checkpoint.size}, {newest}")


def _usual_key(order: Order, known: Saved | None, report: Report) -> Vkey:
    """Return the key that was saved, or for want of anything better the one that the database names."""
    if known is not None:
        return parse_vkey(known.vkey)
    if order.database_url is None:
        raise KeyNeeded()
    report.note("the log's key is the one that the database names; give --vkey / 公钥取自数据库本身，请用 --vkey 指明")
    from coldtrace.audit.database import open_database

    with open_database(order.database_url, name=order.log) as database:
        return parse_vkey(database.log.vkey)


def _start(order: Order, known: Saved | None) -> Saved | None:
    if order.since is None and not order.since_saved:
        return None
    if known is None:
        if order.since_saved or order.since == 0:
            return None
        raise SinceUnknown(saved=0)
    if order.since is not None and order.since != known.size:
        raise SinceUnknown(saved=known.size)
    return known


def _saved_marks(known: Saved | None, vkey: Vkey, report: Report) -> list[Mark]:
    if known is None:
        return []
    report.check(8)
    if (known.origin, known.vkey) != (vkey.name, vkey.text()):
        report.find(FindingCode.OTHER_KEY, f"{known.origin} {known.vkey}")
        return []
    return [
        Mark(
            size=known.size,
            root=known.root,
            code=FindingCode.HISTORY_REWRITTEN,
            where=str(known.size),
            note=known.note,
        )
    ]


def _served_marks(head: ServedHead, database: "Database", report: Report, now: datetime) -> list[Mark]:
    """Return the served head as a mark for the leaves of the database, and judge its age beside the database's."""
    size = head.checkpoint.size
    later = next(database.checkpoints(size + 1), None) if size < database.log.size else None
    if later is not None and later.created_at + STALE < now:
        report.find(FindingCode.SERVED_STALE, f"{size} < {database.log.size}")
    return [Mark(size=size, root=head.checkpoint.root, code=FindingCode.SPLIT_VIEW, where=str(size), note=head.note)]


def _left_out(order: Order, start: Saved | None, size: int, *, whole: bool) -> int:
    """Return the size below which signatures or pieces stay unchecked; what is served shows no pieces."""
    if order.database_url is None or not (order.signatures and order.pieces and whole):
        return size
    return 0 if start is None else start.left_out


def _remember(walked: Walked, vkey: Vkey, now: datetime, known: Saved | None, *, left_out: int) -> Saved:
    tree = walked.tree
    return Saved(
        origin=vkey.name,
        vkey=vkey.text(),
        size=tree.size,
        root=tree.root(),
        note=walked.note,
        edge=tuple(tree.edge),
        at=format_utc(now),
        keys=dict(walked.keys),
        chains=dict(walked.chains),
        lists=max(walked.lists, 0 if known is None else known.lists),
        left_out=left_out,
    )
