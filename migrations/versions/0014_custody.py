"""Custody of every kind: overlays, counters, last days; lots by quantity and stopped as a whole; what came of what.

All of it is a projection of statements and may be built again from them.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CUSTODY = """
-- Overlays are texts `kind@uscc` (coldtrace/custody/overlays.py); inherited ones are worked out, not stored.
ALTER TABLE unit ADD COLUMN overlays text[] NOT NULL DEFAULT '{}';
ALTER TABLE unit ADD COLUMN counter text;
ALTER TABLE unit ADD COLUMN expires_on date;
CREATE INDEX unit_overlaid ON unit (unit_pk) WHERE overlays <> '{}';
CREATE INDEX unit_at_counter ON unit (counter) WHERE counter IS NOT NULL;
-- What the rules need of a statement and of a line beside what has a column; null for most.
ALTER TABLE statement ADD COLUMN details jsonb;
ALTER TABLE statement_line ADD COLUMN details jsonb;
-- Lots of which somebody said hold, release, recall or lift; `unit_pk` is the lot's own unit.
CREATE TABLE lot_stop (
    gtin text NOT NULL,
    lot text NOT NULL,
    unit_pk bigint NOT NULL UNIQUE REFERENCES unit,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (gtin, lot)
);
-- How much of a lot lies where, or is on its way, and whose it is (USCC); what the books lack is below zero.
CREATE TABLE lot_stock (
    unit_pk bigint NOT NULL REFERENCES unit,
    kind text NOT NULL CHECK (kind IN ('here', 'transit')),
    gln text NOT NULL,
    to_gln text NOT NULL,
    owner text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity <> 0),
    PRIMARY KEY (unit_pk, kind, gln, to_gln, owner)
);
CREATE INDEX ON lot_stock (gln, kind);
CREATE INDEX ON lot_stock (to_gln) WHERE kind = 'transit';
-- What was made of what, by which statement.  A view: a thousand inputs and a thousand outputs are two thousand lines.
CREATE VIEW derivation AS
    SELECT i.unit_pk AS input_pk, o.unit_pk AS output_pk, i.entry_id, i.marks AS input_marks, o.marks AS output_marks
    FROM statement_line i JOIN statement_line o USING (entry_id) WHERE i.role = 'input' AND o.role = 'output';
"""


def upgrade() -> None:
    op.execute(CUSTODY)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
