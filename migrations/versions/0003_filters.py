"""Stops: voided units, recalled lots, and the signed filter files that carry them to whoever is offline."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILTERS = """
CREATE TABLE revoked_unit (
    unit_id text PRIMARY KEY,
    reason text NOT NULL,
    revoked_at timestamptz NOT NULL
);
CREATE TABLE recalled_lot (
    gtin text NOT NULL CHECK (length(gtin) = 14),
    lot text NOT NULL,
    reason text NOT NULL,
    recalled_at timestamptz NOT NULL,
    lifted_at timestamptz,
    PRIMARY KEY (gtin, lot, recalled_at)
);
CREATE TABLE filter_file (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    kind text NOT NULL CHECK (kind IN ('allowed_units', 'revoked_units', 'recalled_lots')),
    key_id bytea,
    seq bigint NOT NULL,
    units bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    bytes bytea NOT NULL
);
CREATE UNIQUE INDEX ON filter_file (kind, seq) WHERE kind <> 'allowed_units';
"""


def upgrade() -> None:
    op.execute(FILTERS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
