"""Workbooks that somebody tried on the desk, kept for a day so that exactly these bytes are imported.

Beside them what a broker's headings mean, as an organisation taught it.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TRIALS = """
CREATE TABLE import_trial (
    made_by text NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    name text NOT NULL,
    data bytea NOT NULL,
    station_gln text,
    carton_identity text NOT NULL,
    broker text NOT NULL,
    tried_at timestamptz NOT NULL,
    PRIMARY KEY (made_by, sha256)
);
CREATE INDEX ON import_trial (tried_at);

CREATE TABLE broker_heading (
    operator_id uuid NOT NULL REFERENCES operator,
    broker text NOT NULL,
    heading text NOT NULL,
    field text NOT NULL,
    taught_by text NOT NULL,
    taught_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, broker, heading)
);

CREATE INDEX ON lot (lot);
CREATE INDEX ON lot (maker_lot);
CREATE INDEX consignment_declaration ON consignment (declaration_no text_pattern_ops);
CREATE INDEX ON consignment (container_no);
"""


def upgrade() -> None:
    op.execute(TRIALS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
