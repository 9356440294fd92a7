"""Places: what stands there and what is on its way is found without reading what went before; voucher numbers."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Of a packed unit only its outermost parent has a row in these.  A unit that moves writes its indexes again; measured
# in docs/performance.md.
STEPS = """
CREATE INDEX unit_here ON unit (gln, unit_id) WHERE parent_pk IS NULL AND state IN ('active', 'opened');
CREATE INDEX unit_sent ON unit (gln, unit_id) WHERE parent_pk IS NULL AND state = 'in_transit';
CREATE INDEX unit_expected ON unit (to_gln, unit_id) WHERE parent_pk IS NULL AND state = 'in_transit';
-- The number that a person gave a voucher, and the voucher that a receiver cites: private field `voucher`, kept beside
-- the statement so that it can be looked for; erased with the field.
CREATE TABLE statement_voucher (
    entry_id uuid PRIMARY KEY REFERENCES statement,
    number text NOT NULL CHECK (number <> '' AND length(number) <= 200)
);
CREATE INDEX ON statement_voucher (number);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
