"""Gateways: the keys with which the installation signs for a site what the site's own system says."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# `said` is the SHA-256 of what the caller said under its own number, so that the same number with other words is found.
STEPS = """
CREATE TABLE gateway (
    key_id bytea PRIMARY KEY REFERENCES device,
    gln text NOT NULL REFERENCES site,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    current boolean NOT NULL
);
CREATE UNIQUE INDEX gateway_current ON gateway (gln) WHERE current;
CREATE TABLE gateway_statement (
    gln text NOT NULL REFERENCES site,
    ref text NOT NULL,
    said bytea NOT NULL CHECK (octet_length(said) = 32),
    entry_id uuid NOT NULL UNIQUE REFERENCES statement,
    PRIMARY KEY (gln, ref)
);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
