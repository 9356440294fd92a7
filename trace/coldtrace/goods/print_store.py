"""SQL of printing: jobs with their progress, the reprint log, and the codes of a run in pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.goods.run_store import in_scope
from coldtrace.rights.model import Scope
from coldtrace.rights.scopes import EVERY_ROW, Within


@dataclass(frozen=True, kw_only=True)
class PrintJob:
    """One making or sending of a run's labels; `done` of `total` labels left so far."""

    job_id: UUID
    run_id: UUID
    layout: str
    format: str
    dpi: int
    target: str
    state: str
    total: int
    done: int
    requested_by: str
    started_at: datetime
    updated_at: datetime
    trouble: str | None


@dataclass(frozen=True, kw_only=True)
class Reprint:
    """One label that was made again; `times` how often that was done for this unit up to now."""

    reprint_id: UUID
    unit_id: str
    serial: str | None
    run_id: UUID
    position: int
    reason: str
    requested_by: str
    target: str
    reprinted_at: datetime
    times: int


_JOB = (
    "SELECT job_id, run_id, layout, format, dpi, target, state, total, done, requested_by, started_at, updated_at,"
    " trouble FROM print_job"
)


def count_codes(session: Session, run_id: UUID) -> int:
    """Return how many labels a run has."""
    return int(
        session.execute(text("SELECT count(*) FROM issued_code WHERE run_id = :run"), {"run": run_id}).scalar_one()
    )


def voided_among(session: Session, unit_ids: Sequence[str]) -> set[str]:
    """Return which of these units have a void code: voided by name, or as a number of a roll."""
    rows = session.execute(
        text(
            "SELECT unit_id FROM revoked_unit WHERE unit_id = ANY(CAST(:units AS text[])) UNION"
            " SELECT unit_id FROM issued_code WHERE unit_id = ANY(CAST(:units AS text[])) AND voided_at IS NOT NULL"
        ),
        {"units": list(unit_ids)},
    )
    return {row.unit_id for row in rows}


def void_numbers(session: Session, run_id: UUID, scope: Scope) -> list[int]:
    """Return the numbers of the labels of a run of the scope whose codes are void, in order."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT position FROM issued_code i WHERE run_id = :run AND (voided_at IS NOT NULL"
            f" OR EXISTS (SELECT 1 FROM revoked_unit v WHERE v.unit_id = i.unit_id)) AND {_run(within, 'i.run_id')}"
            " ORDER BY position"
        ),
        within.values | {"run": run_id},
    )
    return [row.position for row in rows]


def insert_job(session: Session, job: PrintJob) -> None:
    """Keep a new job."""
    session.execute(
        text(
            "INSERT INTO print_job (job_id, run_id, layout, format, dpi, target, state, total, done, requested_by,"
            " started_at, updated_at, trouble) VALUES (:job_id, :run_id, :layout, :format, :dpi, :target, :state,"
            " :total, :done, :requested_by, :started_at, :updated_at, :trouble)"
        ),
        vars(job),
    )


def find_job(session: Session, job_id: UUID) -> PrintJob | None:
    """Return a job by its id."""
    row = session.execute(text(_JOB + " WHERE job_id = :id"), {"id": job_id}).first()
    return None if row is None else PrintJob(**row._mapping)


def last_job(session: Session, target: str, *, run_id: UUID | None = None) -> PrintJob | None:
    """Return the newest job of a target, of one run or of any."""
    row = session.execute(
        text(
            _JOB + " WHERE target = :target AND (CAST(:run AS uuid) IS NULL OR run_id = :run)"
            " ORDER BY started_at DESC, job_id DESC LIMIT 1"
        ),
        {"target": target, "run": run_id},
    ).first()
    return None if row is None else PrintJob(**row._mapping)


def jobs_of_run(session: Session, run_id: UUID, scope: Scope, *, limit: int) -> list[PrintJob]:
    """Return the newest jobs of a run of the scope."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"{_JOB} WHERE run_id = :run AND {_run(within, 'print_job.run_id')}"
            " ORDER BY started_at DESC, job_id DESC LIMIT :limit"
        ),
        within.values | {"run": run_id, "limit": limit},
    )
    return [PrintJob(**row._mapping) for row in rows]


def note_job(
    session: Session, job_id: UUID, *, state: str, done: int, at: datetime, trouble: str | None = None
) -> None:
    """Note how far a job is."""
    session.execute(
        text(
            "UPDATE print_job SET state = :state, done = :done, updated_at = :at, trouble = :trouble WHERE job_id = :id"
        ),
        {"id": job_id, "state": state, "done": done, "at": at, "trouble": trouble},
    )


def try_lock_target(session: Session, target: str) -> bool:
    """Take a target until the transaction ends, also when that is because the process died; False if it is taken."""
    return bool(
        session.execute(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended('print:' || :target, 0))"), {"target": target}
        ).scalar_one()
    )


def insert_reprint(
    session: Session, *, reprint_id: UUID, unit_id: str, reason: str, requested_by: str, target: str, at: datetime
) -> None:
    """Log one label made again."""
    session.execute(
        text(
            "INSERT INTO label_reprint (reprint_id, unit_id, reason, requested_by, target, reprinted_at)"
            " VALUES (:id, :unit, :reason, :by, :target, :at)"
        ),
        {"id": reprint_id, "unit": unit_id, "reason": reason, "by": requested_by, "target": target, "at": at},
    )


def count_reprints(session: Session, run_id: UUID, scope: Scope) -> int:
    """Return how many labels of a run of the scope were made again."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            "SELECT count(*) FROM label_reprint JOIN issued_code i USING (unit_id)"
            f" WHERE i.run_id = :run AND {_run(within, 'i.run_id')}"
        ),
        within.values | {"run": run_id},
    )
    return int(row.scalar_one())


def reprints(
    session: Session, scope: Scope, *, run_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Reprint]:
    """Return logged reprints of runs of the scope, newest first, of one or all; `before` is where a page ended."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT p.reprint_id, p.unit_id, i.serial, i.run_id, i.position, p.reason, p.requested_by, p.target,"
            " p.reprinted_at, (SELECT count(*) FROM label_reprint q WHERE q.unit_id = p.unit_id) AS times"
            " FROM label_reprint p JOIN issued_code i USING (unit_id)"
            " WHERE (CAST(:run AS uuid) IS NULL OR i.run_id = :run)"
            " AND (CAST(:at AS timestamptz) IS NULL OR (p.reprinted_at, p.reprint_id) < (:at, CAST(:id AS uuid)))"
            f" AND {_run(within, 'i.run_id')}"
            " ORDER BY p.reprinted_at DESC, p.reprint_id DESC LIMIT :limit"
        ),
        within.values
        | {
            "run": run_id,
            "at": None if before is None else before[0],
            "id": None if before is None else before[1],
            "limit": limit,
        },
    )
    return [Reprint(**row._mapping) for row in rows]


def _run(within: Within, column: str) -> str:
    """Return the condition that the run in a column is in the scope."""
    if within.scope.everything:
        return EVERY_ROW
    return (
        "EXISTS (SELECT 1 FROM code_run r LEFT JOIN consignment c USING (consignment_id)"
        f" WHERE r.run_id = {column} AND {in_scope(within)})"
    )
