"""Of a line that is marked `expired` is kept whether that is by its import's day, which stays, or by a statement's.

What was marked until now stays marked: nobody can tell any more which of the two it was.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STEPS = """
UPDATE statement_line SET details = COALESCE(details, '{}') || '{"past_day": true}'
WHERE marks <> '{}' AND 'expired' = ANY(marks);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
