"""Which networks looked at a code today: what the clone radar reads counts each of them once."""

from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

STEPS = """
-- As look_visitor it goes with the day, and with the day's salt nobody can tell whose it was.  One row for all who look
-- through a network: whoever looks at once through it waits for it, so two of them are never both the first.
CREATE TABLE look_network (
    unit_id text NOT NULL,
    day date NOT NULL,
    network bytea NOT NULL CHECK (octet_length(network) = 16),
    looks bigint NOT NULL CHECK (looks >= 1),
    PRIMARY KEY (unit_id, day, network)
);
CREATE INDEX ON look_network (day);
INSERT INTO look_network (unit_id, day, network, looks)
    SELECT unit_id, day, network, count(*) FROM look_visitor WHERE network IS NOT NULL GROUP BY unit_id, day, network;
ALTER TABLE look_visitor DROP COLUMN network;
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
