"""Pre-issued rolls, their bindings, and scans that no resolver knew."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLLS = """
CREATE TABLE roll (
    run_id uuid PRIMARY KEY REFERENCES code_run,
    gtin text CHECK (length(gtin) = 14),
    bind_until timestamptz NOT NULL,
    certificate text
);
CREATE TABLE roll_binding (
    unit_id text NOT NULL REFERENCES issued_code,
    lot_id bigint NOT NULL REFERENCES lot,
    bound_at timestamptz NOT NULL,
    bound_by text NOT NULL,
    PRIMARY KEY (unit_id, lot_id)
);
CREATE INDEX ON roll_binding (lot_id);
CREATE TABLE unknown_scan (
    scan_id uuid PRIMARY KEY,
    scanned text NOT NULL,
    reason text NOT NULL,
    gln text REFERENCES site,
    scanned_by text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX ON unknown_scan (recorded_at, scan_id);
"""


def upgrade() -> None:
    op.execute(ROLLS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
