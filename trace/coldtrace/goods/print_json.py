"""Print jobs and the reprint log as every door shows them."""

from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from coldtrace.clock import format_utc
from coldtrace.codes.short_code import format_short_code
from coldtrace.goods.print_store import PrintJob, Reprint
from coldtrace.goods.printing import REPRINTS_TOLD


def job_json(job: PrintJob) -> dict[str, object]:
    """Return a job as a JSON object."""
    return {
        "id": str(job.job_id),
        "run": str(job.run_id),
        "layout": job.layout,
        "format": job.format,
        "dpi": job.dpi,
        "target": job.target,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "by": job.requested_by,
        "started_at": format_utc(job.started_at),
        "updated_at": format_utc(job.updated_at),
        "trouble": job.trouble,
    }


def shown_target(target: str) -> str:
    """Return a target as it is told to whoever is not on this machine: a file without the folder that it lies in.

    >>> shown_target("file:/srv/labels/run.pdf"), shown_target("printer:dock1")
    ('file:run.pdf', 'printer:dock1')
    """
    kind, _, rest = target.partition(":")
    return f"file:{PurePath(rest).name}" if kind == "file" else target


def reprint_json(each: Reprint) -> dict[str, object]:
    """Return a logged reprint; `hint` is true when the unit got more labels than spoiling explains."""
    return {
        "id": str(each.reprint_id),
        "unit": each.unit_id,
        "short_code": None if each.serial is None else format_short_code(each.serial),
        "run": str(each.run_id),
        "position": each.position,
        "reason": each.reason,
        "by": each.requested_by,
        "target": each.target,
        "at": format_utc(each.reprinted_at),
        "times": each.times,
        "hint": each.times > REPRINTS_TOLD,
    }


def cursor(before: tuple[datetime, UUID] | None) -> str | None:
    """Return where the next page begins, as a text to give back; None on the last page."""
    return None if before is None else f"{before[0].isoformat().replace('+00:00', 'Z')}_{before[1]}"


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """Read a cursor; raise ValueError for any other text."""
    at, _, identity = text.partition("_")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment, UUID(identity)
