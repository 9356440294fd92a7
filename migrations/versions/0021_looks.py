"""Look-ups by city and hour, a visitor once a day."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

LOOKS = """
-- A salt a day, gone with the day; then nobody can tell whose token a token was.
CREATE TABLE look_salt (day date PRIMARY KEY, salt bytea NOT NULL CHECK (octet_length(salt) = 32));
CREATE TABLE look_visitor (
    day date NOT NULL,
    token bytea NOT NULL CHECK (octet_length(token) = 16),
    unit_id text NOT NULL,
    PRIMARY KEY (unit_id, day, token)
);
CREATE INDEX ON look_visitor (day);
-- `city` by GB/T 2260, '' where nobody said; `coarse` where the rule of few was applied.
CREATE TABLE look_cell (
    unit_id text NOT NULL,
    hour timestamptz NOT NULL,
    city text NOT NULL,
    coarse boolean NOT NULL,
    looks bigint NOT NULL CHECK (looks >= 1),
    PRIMARY KEY (unit_id, hour, city, coarse)
);
CREATE INDEX look_cell_fine ON look_cell (hour) WHERE NOT coarse;
"""


def upgrade() -> None:
    op.execute(LOOKS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
