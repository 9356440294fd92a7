"""Corrections: which statement annuls which."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CORRECTIONS = """
-- A statement with `corrects`.  It names another one by header hash, which may come later than its correction:
-- until then `corrected` and `permitted` are null.  A statement is annulled while a row `in_force` names it.
CREATE TABLE correction (
    entry_id uuid PRIMARY KEY REFERENCES statement DEFERRABLE INITIALLY DEFERRED,
    header bytea NOT NULL CHECK (octet_length(header) = 32),
    mode text NOT NULL CHECK (mode IN ('did_not_occur', 'incorrect_data')),
    -- What was judged of the correction itself when it arrived.
    may boolean NOT NULL,
    by_regulator boolean NOT NULL,
    reasoned boolean NOT NULL,
    gln text NOT NULL,
    recorded_at timestamptz NOT NULL,
    corrected uuid,
    permitted boolean CHECK ((permitted IS NULL) = (corrected IS NULL)),
    in_force boolean NOT NULL DEFAULT false
);
CREATE INDEX correction_waiting ON correction (header) WHERE corrected IS NULL;
CREATE INDEX ON correction (corrected) WHERE corrected IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(CORRECTIONS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
