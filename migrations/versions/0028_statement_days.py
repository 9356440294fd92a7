"""What arrived by day and place: the regulator's overview adds up days instead of statements."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

STEPS = """
-- Of days (UTC) that are over; `case_sweep` says under the name statement_day until when they were counted.
CREATE TABLE statement_day (
    day date NOT NULL,
    gln text NOT NULL,
    statements int NOT NULL,
    within_15_min int NOT NULL,
    within_24_h int NOT NULL,
    within_72_h int NOT NULL,
    PRIMARY KEY (day, gln)
);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    op.execute("DROP TABLE statement_day; DELETE FROM case_sweep WHERE name = 'statement_day'")
