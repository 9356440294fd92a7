"""What a caller said under its own number is kept under a salt of its own: nobody guesses a short message."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# `said` was SHA-256 of the words; it is SHA-256(salt | SHA-256 of the words) now.  Both go when words are erased.
STEPS = """
ALTER TABLE gateway_statement ADD COLUMN salt bytea;
UPDATE gateway_statement SET salt = uuid_send(gen_random_uuid());
UPDATE gateway_statement SET said = sha256(salt || said);
ALTER TABLE gateway_statement ALTER COLUMN said DROP NOT NULL;
ALTER TABLE gateway_statement ADD CHECK ((salt IS NULL) = (said IS NULL));
ALTER TABLE gateway_statement ADD CHECK (octet_length(salt) = 16);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
