"""Which papers a shipment needs, in versions that are kept for ever; by which channel a consignment came."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

POLICIES = """
CREATE TABLE paper_policy (
    policy_id uuid PRIMARY KEY,
    name text NOT NULL,
    version int NOT NULL CHECK (version > 0),
    title_zh text NOT NULL,
    title_en text NOT NULL,
    channels text[] NOT NULL,
    origins text[] NOT NULL,
    hs_chapters text[] NOT NULL,
    temperatures text[] NOT NULL,
    needs jsonb NOT NULL,
    in_force_from timestamptz NOT NULL,
    in_force_until timestamptz,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    UNIQUE (name, version),
    CHECK (in_force_from < in_force_until)
);

ALTER TABLE consignment ADD COLUMN channel text NOT NULL DEFAULT 'general_trade';
"""


def upgrade() -> None:
    op.execute(POLICIES)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
