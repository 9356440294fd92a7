"""What was ever put into a unit, also what the record has elsewhere now."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHILDREN = """
CREATE INDEX ON statement_line (parent_pk) WHERE parent_pk IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(CHILDREN)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
