"""Of which consignments a box was spoken of: a country's overview looks at no unit of those that were counted."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

STEPS = """
-- Set by the caretaker, never taken back: what was said was said.  FALSE means no more than that nobody looked since.
ALTER TABLE consignment ADD COLUMN coded boolean NOT NULL DEFAULT FALSE;
CREATE INDEX consignment_uncoded ON consignment (imported_at) WHERE NOT coded;
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    op.execute("DROP INDEX consignment_uncoded; ALTER TABLE consignment DROP COLUMN coded")
