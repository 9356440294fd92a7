"""How a lot by quantity stood at moments of its story: a late word about it is told from there, not from the beginning.

Written as lots are told; of those told before, as soon as they are told again.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

STEPS = """
-- After all that was said of the lot up to `at`, that moment included.  `stock` is a list of rows of `lot_stock`.
CREATE TABLE lot_checkpoint (
    unit_pk bigint NOT NULL REFERENCES unit,
    at timestamptz NOT NULL,
    state text NOT NULL,
    overlays text[] NOT NULL,
    expires_on date,
    stock jsonb NOT NULL,
    PRIMARY KEY (unit_pk, at)
);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
