"""Named logs: why one is frozen, what is published of it; nobody thaws a log in passing; names can be erased."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LOGS = """
ALTER TABLE ledger_log ADD COLUMN frozen_at timestamptz;
ALTER TABLE ledger_log ADD COLUMN frozen_reason text;
-- Until now nothing was published: the rows come with the publisher.
ALTER TABLE ledger_published ADD COLUMN note text NOT NULL;
ALTER TABLE ledger_published ADD COLUMN cosignatures int NOT NULL DEFAULT 0;
INSERT INTO ledger_published (log_id, tree_size, root, note, published_at)
    SELECT DISTINCT ON (log_id) log_id, tree_size, root, note, created_at FROM ledger_checkpoint
    ORDER BY log_id, tree_size DESC;

CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ledger_cosignature
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_cosignature EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_name BEFORE UPDATE ON ledger_log FOR EACH ROW
    WHEN ((NEW.log_id, NEW.origin, NEW.vkey, NEW.opened_at) <> (OLD.log_id, OLD.origin, OLD.vkey, OLD.opened_at))
    EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_log BEFORE DELETE ON ledger_log FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();

-- docs/guides/run-in-production.md says when its owner may, with this trigger switched off.
CREATE FUNCTION refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a frozen or closed log is never opened again in passing: %', OLD.origin;
END $$;
CREATE TRIGGER stay_frozen BEFORE UPDATE ON ledger_log FOR EACH ROW
    WHEN (OLD.state <> 'open' AND NEW.state = 'open') EXECUTE FUNCTION refuse_thaw();
"""

ERASURE = """
-- Of a statement's record one thing may go: a receiver's name in free text, when its field was erased.
DROP TRIGGER keep ON statement;
CREATE TRIGGER keep BEFORE DELETE ON statement FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_but_name BEFORE UPDATE ON statement FOR EACH ROW WHEN (NEW.to_name IS NOT NULL OR
    (NEW.entry_id, NEW.header_hash, NEW.key_id, NEW.seq, NEW.prev, NEW.type, NEW.claimed_at, NEW.event_at,
     NEW.recorded_at, NEW.gln, NEW.to_gln, NEW.status, NEW.marks)
    IS DISTINCT FROM
    (OLD.entry_id, OLD.header_hash, OLD.key_id, OLD.seq, OLD.prev, OLD.type, OLD.claimed_at, OLD.event_at,
     OLD.recorded_at, OLD.gln, OLD.to_gln, OLD.status, OLD.marks))
    EXECUTE FUNCTION refuse_rewrite();
"""


def upgrade() -> None:
    op.execute(LOGS)
    op.execute(ERASURE)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
