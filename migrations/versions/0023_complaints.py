"""Complaints of consumers, their photos, and how many came today."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COMPLAINTS = """
-- `receipt` is what whoever complained knows it by, `form_id` the form that it came with: sent twice it is one.
-- `said`, `shop` and `contact` (sealed) are the complainant's and are erased; nothing of them is ever published.
CREATE TABLE complaint (
    complaint_id uuid PRIMARY KEY,
    receipt text NOT NULL UNIQUE CHECK (length(receipt) = 12),
    form_id uuid NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('received', 'accepted', 'not_accepted', 'in_work', 'closed')),
    subject text NOT NULL,
    code text NOT NULL,
    verdict text NOT NULL,
    unit_id text,
    product_zh text NOT NULL,
    product_en text NOT NULL,
    gln text REFERENCES site,
    district text NOT NULL,
    shop text NOT NULL,
    said text NOT NULL,
    contact text,
    lang text NOT NULL CHECK (lang IN ('zh', 'en')),
    received_at timestamptz NOT NULL,
    due_at timestamptz,
    decided_at timestamptz,
    not_accepted text,
    closed_at timestamptz,
    outcome text,
    answer text,
    handled_by text,
    publication_id uuid UNIQUE,
    respondent text,
    publish_from timestamptz,
    unpublished text,
    erased_at timestamptz,
    CHECK ((due_at IS NULL) = (state IN ('not_accepted', 'closed'))),
    CHECK ((outcome IS NULL) = (state <> 'closed')),
    CHECK ((publication_id IS NULL) = (publish_from IS NULL) AND (publication_id IS NULL) = (respondent IS NULL))
);
CREATE INDEX ON complaint (received_at, complaint_id);
CREATE INDEX complaint_live ON complaint (received_at, complaint_id) WHERE due_at IS NOT NULL;
CREATE INDEX ON complaint (unit_id) WHERE unit_id IS NOT NULL;
CREATE INDEX complaint_published ON complaint (publish_from, publication_id)
    WHERE publication_id IS NOT NULL AND unpublished IS NULL;
CREATE INDEX complaint_kept ON complaint ((COALESCE(closed_at, decided_at))) WHERE due_at IS NULL AND erased_at IS NULL;

CREATE TABLE complaint_photo (
    complaint_id uuid PRIMARY KEY REFERENCES complaint,
    jpeg bytea NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL
);

-- Of the day alone: by a visitor's token under the day's salt, by a code's hash, and in all without a genuine one.
CREATE TABLE complaint_count (
    day date NOT NULL,
    what bytea NOT NULL,
    times integer NOT NULL,
    PRIMARY KEY (day, what)
);
"""


def upgrade() -> None:
    op.execute(COMPLAINTS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
