"""Keys and trust: several code keys a station, revocation and theft, versions of the root, company prefixes."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TRUST = """
ALTER TABLE signing_key DROP CONSTRAINT signing_key_use_check;
ALTER TABLE signing_key ADD CONSTRAINT signing_key_use_check
    CHECK (use IN ('code', 'enrolment', 'receipt', 'log', 'status'));
ALTER TABLE signing_key ADD COLUMN made_at timestamptz;
UPDATE signing_key SET made_at = print_from + interval '1 day';
ALTER TABLE signing_key ALTER COLUMN made_at SET NOT NULL;
ALTER TABLE signing_key ADD COLUMN retired_at timestamptz;
ALTER TABLE signing_key ADD COLUMN revoked_at timestamptz;
ALTER TABLE signing_key ADD COLUMN revoked_why text;
ALTER TABLE signing_key ADD COLUMN listed_seq bigint;
UPDATE signing_key SET listed_seq = (SELECT max(seq) FROM trust_list);
ALTER TABLE signing_key ADD COLUMN stolen_at timestamptz;
ALTER TABLE signing_key ADD COLUMN allow_sha256 bytea CHECK (octet_length(allow_sha256) = 32);
ALTER TABLE signing_key ADD COLUMN allow_units bigint;
CREATE UNIQUE INDEX ON signing_key (kid);
CREATE INDEX ON signing_key (gln) WHERE use = 'code';
CREATE TABLE root_version (
    version int PRIMARY KEY CHECK (version >= 1),
    root text NOT NULL,
    envelope text,
    adopted_at timestamptz NOT NULL
);
INSERT INTO root_version (version, root, adopted_at) SELECT 1, root, created_at FROM installation;
ALTER TABLE site ADD COLUMN company_prefixes text[];
UPDATE site SET company_prefixes = ARRAY[left(gln, 7)];
ALTER TABLE site ALTER COLUMN company_prefixes SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(TRUST)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
