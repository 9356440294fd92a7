"""Which papers a shipment needs, in versions that are kept for ever; by which channel a consignment came.

Beside them how provisional declarations were completed, and final ones corrected, field by field.
"""

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

CREATE TABLE declaration_change (
    change_id uuid PRIMARY KEY,
    consignment_id uuid NOT NULL REFERENCES consignment,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text NOT NULL,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL
);
CREATE INDEX ON declaration_change (consignment_id, change_id);
CREATE INDEX ON declaration_change ((before ->> 'declaration_number'));
-- Those whose final number is still to come are few among all that were ever imported.
CREATE INDEX consignment_provisional ON consignment (consignment_id)
    WHERE papers ->> 'declaration_status' = 'provisional' AND state = 'open';
"""


def upgrade() -> None:
    op.execute(POLICIES)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
