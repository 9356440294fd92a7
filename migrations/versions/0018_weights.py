"""What is left of a unit that was used in part."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WEIGHTS = """
-- Grams, where a statement said so; null is what the lot of its code says.
ALTER TABLE unit ADD COLUMN left_g bigint CHECK (left_g >= 0);
"""


def upgrade() -> None:
    op.execute(WEIGHTS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
