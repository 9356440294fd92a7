"""Print jobs with their progress, and the log of reprints."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PRINTING = """
-- `target` is where the labels go: `file:` and a whole path, or `printer:` and a name from the configuration.
CREATE TABLE print_job (
    job_id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES code_run,
    layout text NOT NULL,
    format text NOT NULL,
    dpi int NOT NULL,
    target text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    total int NOT NULL CHECK (total >= 0),
    done int NOT NULL CHECK (done BETWEEN 0 AND total),
    requested_by text NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    trouble text
);
CREATE INDEX ON print_job (run_id, started_at, job_id);
CREATE INDEX ON print_job (target, started_at, job_id);
CREATE TABLE label_reprint (
    reprint_id uuid PRIMARY KEY,
    unit_id text NOT NULL REFERENCES issued_code,
    reason text NOT NULL,
    requested_by text NOT NULL,
    target text NOT NULL,
    reprinted_at timestamptz NOT NULL
);
CREATE INDEX ON label_reprint (unit_id);
CREATE INDEX ON label_reprint (reprinted_at, reprint_id);
"""


def upgrade() -> None:
    op.execute(PRINTING)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
