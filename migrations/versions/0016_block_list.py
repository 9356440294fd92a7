"""The block list: goods and lots on hold, recalled or destroyed, as a filter for handhelds."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BLOCK_LIST = """
ALTER TABLE filter_file DROP CONSTRAINT filter_file_kind_check;
ALTER TABLE filter_file ADD CONSTRAINT filter_file_kind_check
    CHECK (kind IN ('allowed_units', 'revoked_units', 'recalled_lots', 'blocked_units'));
-- When something was last stopped, let go or destroyed, and what was destroyed.
CREATE INDEX statement_stops ON statement (recorded_at)
    WHERE type IN ('hold', 'release', 'recall', 'lift', 'destroy', 'correct');
CREATE INDEX statement_destroyed ON statement (entry_id) WHERE type = 'destroy';
"""


def upgrade() -> None:
    op.execute(BLOCK_LIST)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
