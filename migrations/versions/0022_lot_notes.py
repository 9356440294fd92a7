"""Beside the goods of a lot stands how much was lost and not found since, and how much was ever coded.

What was said before is noted as soon as its lot is told again; until then the notes of a lot begin here.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STEPS = """
ALTER TABLE lot_stock DROP CONSTRAINT lot_stock_kind_check;
ALTER TABLE lot_stock ADD CONSTRAINT lot_stock_kind_check CHECK (kind IN ('here', 'transit', 'lost', 'coded'));
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
