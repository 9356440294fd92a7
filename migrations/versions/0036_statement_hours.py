"""What arrived by the hour of the present day, and what the overview asks of cases: it adds up instead of counting."""

from alembic import op

revision = "0036"
down_revision = "0034"
branch_labels = None
depends_on = None

STEPS = """
-- Of hours (UTC) since the last counted day, and of a day back; `case_sweep` says under the name statement_hour until
-- when they were counted.
CREATE TABLE statement_hour (
    hour timestamptz NOT NULL,
    gln text NOT NULL,
    statements int NOT NULL,
    within_15_min int NOT NULL,
    within_24_h int NOT NULL,
    within_72_h int NOT NULL,
    PRIMARY KEY (hour, gln)
);
CREATE INDEX ON statement_day (gln, day);
-- Which statements of a place contradict something, as they stand now.
CREATE INDEX case_file_stated ON case_file (gln, opened_at, entry_id)
    WHERE about LIKE 'statement:%' AND note IS DISTINCT FROM 'told_again';
CREATE INDEX ON lot (consignment_id);
CREATE INDEX case_file_office ON case_file (operator_id, gln) WHERE live;
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    op.execute(
        "DROP INDEX case_file_office, case_file_stated, lot_consignment_id_idx, statement_day_gln_day_idx;"
        " DROP TABLE statement_hour;"
        " DELETE FROM case_sweep WHERE name = 'statement_hour'"
    )
