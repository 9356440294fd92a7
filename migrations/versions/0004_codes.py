"""Code runs that are drawn in pieces and resume, quotas, goods without a GTIN, and SSCCs by company prefix."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CODES = """
ALTER TABLE code_run ALTER COLUMN consignment_id DROP NOT NULL;
ALTER TABLE code_run ADD COLUMN kind text NOT NULL DEFAULT 'consignment' CHECK (kind IN ('consignment', 'roll'));
-- A lot may get further codes after its import, in runs of their own.
DROP INDEX code_run_consignment_id_idx;
CREATE INDEX ON code_run (consignment_id);
CREATE INDEX ON code_run (created_at, run_id);
ALTER TABLE code_run ADD COLUMN wanted int;
ALTER TABLE code_run ADD COLUMN drawn int;
ALTER TABLE code_run ADD COLUMN plan jsonb;
UPDATE code_run r SET wanted = n, drawn = n
    FROM (SELECT run_id, count(*)::int AS n FROM issued_code GROUP BY run_id) c WHERE c.run_id = r.run_id;
UPDATE code_run SET wanted = 0, drawn = 0 WHERE wanted IS NULL;
ALTER TABLE code_run ALTER COLUMN wanted SET NOT NULL;
ALTER TABLE code_run ALTER COLUMN drawn SET NOT NULL;
ALTER TABLE code_run ADD CHECK (drawn BETWEEN 0 AND wanted);
ALTER TABLE issued_code ADD COLUMN kid text;
ALTER TABLE issued_code ADD COLUMN drawn_at timestamptz;
UPDATE issued_code i SET kid = r.kid, drawn_at = r.created_at FROM code_run r WHERE r.run_id = i.run_id;
ALTER TABLE issued_code ALTER COLUMN kid SET NOT NULL;
ALTER TABLE issued_code ALTER COLUMN drawn_at SET NOT NULL;
CREATE INDEX ON issued_code (kid, drawn_at);
ALTER TABLE site ADD COLUMN codes_per_day int CHECK (codes_per_day > 0);
CREATE TABLE code_quota (
    gln text NOT NULL REFERENCES site,
    day date NOT NULL,
    drawn bigint NOT NULL CHECK (drawn >= 0),
    PRIMARY KEY (gln, day)
);
-- Goods without a GTIN: their facts name the product.
ALTER TABLE lot ALTER COLUMN gtin DROP NOT NULL;
-- One counter for each company prefix: the highest reference given out.  A prefix of ten digits has a million.
CREATE TABLE sscc_counter (
    company_prefix text PRIMARY KEY CHECK (company_prefix ~ '^[0-9]{4,12}$'),
    used bigint NOT NULL CHECK (used >= 0)
);
INSERT INTO sscc_counter (company_prefix, used)
    SELECT DISTINCT unnest(s.company_prefixes), CASE WHEN q.is_called THEN q.last_value ELSE 0 END
    FROM site s, sscc_reference q;
DROP SEQUENCE sscc_reference;
"""


def upgrade() -> None:
    op.execute(CODES)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
