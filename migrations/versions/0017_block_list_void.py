"""The block list has what a `void` voided, and is due when something was sampled and held."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BLOCK_LIST = """
DROP INDEX statement_stops;
DROP INDEX statement_destroyed;
-- When something was last stopped, let go or ended, and what was destroyed or voided.
CREATE INDEX statement_stops ON statement (recorded_at)
    WHERE type IN ('hold', 'release', 'recall', 'lift', 'destroy', 'correct', 'void', 'sample');
CREATE INDEX statement_ended ON statement (entry_id) WHERE type IN ('destroy', 'void');
"""


def upgrade() -> None:
    op.execute(BLOCK_LIST)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
