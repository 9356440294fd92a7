"""People again: letters without a link, tokens of one site, what a session looks for, sites in the journal."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PEOPLE = """
-- What whoever is signed in looks for: of those who see others' goods by an area.
ALTER TABLE person_session ADD COLUMN purpose text CHECK (length(purpose) <= 200);
-- A person's own token for some sites only; null is as far as the person's roles reach.
ALTER TABLE api_token ADD COLUMN sites text[] CHECK (sites <> '{}');
-- A letter that only tells something has no link.
ALTER TABLE mail_out ALTER COLUMN secret DROP NOT NULL;
ALTER TABLE mail_out DROP CONSTRAINT mail_out_kind_check;
ALTER TABLE mail_out ADD CONSTRAINT mail_out_kind_check CHECK (kind IN ('invitation', 'reset', 'second_step_removed'));
ALTER TABLE mail_out ADD CONSTRAINT mail_out_secret CHECK ((secret IS NULL) = (kind = 'second_step_removed'));
"""

JOURNAL = """
-- At which sites the data were: for whoever manages some sites of an organisation.
ALTER TABLE journal_record ADD COLUMN sites text[] NOT NULL DEFAULT '{}';
CREATE INDEX journal_sites ON journal_record USING gin (sites) WHERE sites <> '{}';
"""


def upgrade() -> None:
    op.execute(PEOPLE)
    op.execute(JOURNAL)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
