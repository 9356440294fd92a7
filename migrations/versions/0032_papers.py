"""Papers of a consignment: the bytes once by their hash, what was said of them, and what checkers found.

Nothing here is ever changed: a paper that takes the place of another names it, a later check stands beside the earlier.
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

PAPERS = """
CREATE TABLE paper_file (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    media_type text NOT NULL,
    size int NOT NULL CHECK (size > 0),
    data bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
-- Uncompressed, so that a piece of it is read without the whole: it is compressed inside already.
ALTER TABLE paper_file ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE paper (
    paper_id uuid PRIMARY KEY,
    consignment_id uuid NOT NULL REFERENCES consignment,
    kind text NOT NULL,
    issuer text NOT NULL,
    number text NOT NULL,
    valid_from date,
    valid_until date,
    sha256 bytea NOT NULL REFERENCES paper_file,
    file_name text NOT NULL,
    replaces uuid UNIQUE REFERENCES paper,
    declared_by text NOT NULL,
    declared_at timestamptz NOT NULL,
    CHECK (valid_from <= valid_until)
);
CREATE INDEX ON paper (consignment_id, kind);

CREATE TABLE paper_check (
    check_id uuid PRIMARY KEY,
    paper_id uuid NOT NULL REFERENCES paper,
    verdict text NOT NULL,
    reason text NOT NULL,
    checked_by text NOT NULL,
    operator_id uuid REFERENCES operator,
    checked_at timestamptz NOT NULL
);
CREATE INDEX ON paper_check (paper_id, checked_at DESC);
"""


def upgrade() -> None:
    op.execute(PAPERS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
