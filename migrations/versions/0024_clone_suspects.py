"""Of which goods a live case says that their code may have been copied, and what visitors saw that was never issued.

What lies on goods because of such a case is told from here and kept nowhere else: the picture of custody stays what
statements make of it.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

STEPS = """
CREATE TABLE case_suspect (
    unit_id text NOT NULL,
    case_id uuid NOT NULL REFERENCES case_file,
    PRIMARY KEY (unit_id, case_id)
);
CREATE INDEX ON case_suspect (case_id);
INSERT INTO case_suspect (unit_id, case_id)
    SELECT DISTINCT u.unit_id, c.case_id FROM case_file c CROSS JOIN LATERAL (SELECT c.unit_id AS unit_id UNION
        SELECT jsonb_array_elements_text(c.detail -> 'units')) u
    WHERE c.live AND c.kind = 'impossible_travel' AND u.unit_id IS NOT NULL;
CREATE INDEX look_cell_hour ON look_cell (hour);
-- From one network (an address) no more than some of a day's looks at a code are believed to be different people's.
ALTER TABLE look_visitor ADD COLUMN network bytea CHECK (octet_length(network) = 16);
-- Visitors who saw codes of a lot that were never issued, forgotten with the day like all visitors; and what stays.
CREATE TABLE stray_visitor (
    day date NOT NULL,
    token bytea NOT NULL CHECK (octet_length(token) = 16),
    unit_id text NOT NULL,
    PRIMARY KEY (day, token, unit_id)
);
CREATE TABLE stray_look (
    gtin text NOT NULL,
    lot text NOT NULL,
    day date NOT NULL,
    unit_id text NOT NULL,
    signed boolean NOT NULL,
    looks bigint NOT NULL CHECK (looks >= 1),
    visitors bigint NOT NULL CHECK (visitors >= 0),
    PRIMARY KEY (gtin, lot, day, unit_id, signed)
);
CREATE INDEX ON stray_look (day);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
