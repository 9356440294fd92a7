"""Links of products and lots, registered by their importers; what is open at a counter."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LINKS = """
-- `lot` NULL: for every lot of the product.  A link that ended stays, for whoever asks what once was there.
CREATE TABLE product_link (
    link_id uuid PRIMARY KEY,
    gtin text NOT NULL REFERENCES product,
    lot text,
    link_type text NOT NULL,
    href text NOT NULL CHECK (href LIKE 'https://%'),
    title_zh text NOT NULL,
    title_en text NOT NULL,
    media_type text NOT NULL,
    language text,
    operator_id uuid NOT NULL REFERENCES operator,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX ON product_link (gtin, operator_id) WHERE ended_at IS NULL;
CREATE INDEX ON product_link (operator_id, link_id) WHERE ended_at IS NULL;
"""

COUNTERS = """
-- A counter's page is for everybody, and a place may have a million boxes that are not open.
CREATE INDEX unit_opened ON unit (gln, counter) WHERE parent_pk IS NULL AND state = 'opened';
"""


def upgrade() -> None:
    op.execute(LINKS)
    op.execute(COUNTERS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
