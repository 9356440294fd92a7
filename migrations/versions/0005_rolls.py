"""Pre-issued rolls and their bindings, voided codes, and scans that no resolver knew."""

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
-- Void before anything was ever stuck on goods; whatever is said of such a unit afterwards moves nothing.
ALTER TABLE issued_code ADD COLUMN voided_at timestamptz;
-- Every lot that somebody bound a number to; the one that counts is `issued_code.lot_id`.
CREATE TABLE roll_binding (
    binding_id uuid PRIMARY KEY,
    unit_id text NOT NULL REFERENCES issued_code,
    lot_id bigint NOT NULL REFERENCES lot,
    bound_at timestamptz NOT NULL,
    bound_by text NOT NULL,
    applied boolean NOT NULL,
    UNIQUE (unit_id, lot_id)
);
CREATE INDEX ON roll_binding (lot_id);
CREATE INDEX roll_binding_double ON roll_binding (bound_at, binding_id) WHERE NOT applied;
-- The same text by the same caller is one row a day (UTC).
CREATE TABLE unknown_scan (
    scan_id uuid PRIMARY KEY,
    scanned text NOT NULL CHECK (length(scanned) <= 500),
    reason text NOT NULL,
    gln text REFERENCES site,
    scanned_by text NOT NULL,
    day date NOT NULL,
    recorded_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times int NOT NULL DEFAULT 1 CHECK (times >= 1),
    UNIQUE (scanned_by, day, scanned)
);
CREATE INDEX ON unknown_scan (recorded_at, scan_id);
"""


def upgrade() -> None:
    op.execute(ROLLS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
