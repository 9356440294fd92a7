"""Webhooks: who is told what, the facts that wait to be told, messages and tries (docs/decisions/0045-webhooks.md)."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES = """
-- What it may be told goes by its role, as with a token.  Secrets are sealed; the old one signs too until `old_until`.
CREATE TABLE webhook (
    webhook_id uuid PRIMARY KEY,
    operator_id uuid NOT NULL REFERENCES operator,
    role text NOT NULL,
    sites text[],
    area text CHECK (area ~ '^[0-9]{0,6}$'),
    name text NOT NULL,
    url text NOT NULL CHECK (length(url) <= 500),
    events text[] NOT NULL,
    secret text NOT NULL,
    old_secret text,
    old_until timestamptz,
    state text NOT NULL CHECK (state IN ('active', 'disabled', 'ended')),
    stopped text CHECK (stopped IN ('gone', 'failing', 'paused')),
    stopped_at timestamptz,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    rotated_at timestamptz,
    last_delivered_at timestamptz,
    CHECK ((old_secret IS NULL) = (old_until IS NULL)),
    CHECK ((state = 'disabled') = (stopped IS NOT NULL))
);
CREATE INDEX ON webhook (operator_id);
CREATE INDEX webhook_active ON webhook (webhook_id) WHERE state = 'active';
-- Facts that nobody has spread yet: written with the fact, gone when every webhook that may read it has its message.
CREATE TABLE webhook_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    about text NOT NULL,
    detail text,
    at timestamptz NOT NULL
);
-- `body` is sent as it stands, every time: a signature is over bytes.
CREATE TABLE webhook_message (
    message_id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook,
    event_id bigint,
    type text NOT NULL,
    about text NOT NULL,
    body text NOT NULL,
    made_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries int NOT NULL DEFAULT 0,
    due_at timestamptz,
    done_at timestamptz,
    UNIQUE (webhook_id, event_id),
    CHECK ((state = 'waiting') = (due_at IS NOT NULL))
);
CREATE INDEX ON webhook_message (webhook_id, made_at, message_id);
CREATE INDEX webhook_message_due ON webhook_message (webhook_id, due_at) WHERE state = 'waiting';
CREATE INDEX webhook_message_failed ON webhook_message (webhook_id) WHERE state = 'failed';
CREATE INDEX ON webhook_message (made_at) WHERE state <> 'waiting';
CREATE TABLE webhook_try (
    message_id uuid NOT NULL REFERENCES webhook_message ON DELETE CASCADE,
    number int NOT NULL,
    at timestamptz NOT NULL,
    status int,
    trouble text,
    answer text NOT NULL CHECK (length(answer) <= 1024),
    took_ms int NOT NULL,
    PRIMARY KEY (message_id, number)
);
"""

FACTS = """
-- Once a statement, not once a row, and nothing is written where no webhook is in use.
CREATE FUNCTION webhook_of_new_cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook WHERE state = 'active') THEN
        INSERT INTO webhook_event (type, about, detail, at)
            SELECT unnest(CASE WHEN kind = 'quantity_mismatch' THEN ARRAY['case.opened', 'voucher.mismatch']
                ELSE ARRAY['case.opened'] END), CAST(case_id AS text), kind, opened_at FROM fresh;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_new AFTER INSERT ON case_file REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_new_cases();
CREATE FUNCTION webhook_of_changed_cases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook WHERE state = 'active') THEN
        INSERT INTO webhook_event (type, about, detail, at)
            SELECT CASE WHEN n.live THEN 'case.opened' ELSE 'case.resolved' END, CAST(n.case_id AS text), n.kind,
                coalesce(n.closed_at, now())
            FROM fresh n JOIN stale o USING (case_id) WHERE n.live <> o.live;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_changed AFTER UPDATE ON case_file REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_changed_cases();
CREATE FUNCTION webhook_of_statements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook WHERE state = 'active') THEN
        INSERT INTO webhook_event (type, about, detail, at)
            SELECT CASE type WHEN 'hold' THEN 'hold.announced' WHEN 'recall' THEN 'recall.announced'
                WHEN 'receive' THEN 'voucher.received' ELSE 'voucher.sent' END, CAST(entry_id AS text), type,
                recorded_at
            FROM fresh WHERE status = 'accepted' AND type IN ('hold', 'recall', 'ship', 'return', 'receive');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_new AFTER INSERT ON statement REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhook_of_statements();
CREATE FUNCTION webhook_of_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook WHERE state = 'active') THEN
        INSERT INTO webhook_event (type, about, at) VALUES (TG_ARGV[0], CASE TG_TABLE_NAME
            WHEN 'code_run' THEN to_jsonb(NEW) ->> 'run_id' WHEN 'complaint' THEN to_jsonb(NEW) ->> 'complaint_id'
            -- As keys stand in addresses: base64 for URLs, without padding.
            ELSE rtrim(translate(encode(decode(substr(to_jsonb(NEW) ->> 'key_id', 3), 'hex'), 'base64'), '+/', '-_'),
                '=') END, now());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhook_coded AFTER UPDATE OF drawn ON code_run FOR EACH ROW
    WHEN (NEW.drawn = NEW.wanted AND OLD.drawn < OLD.wanted AND NEW.consignment_id IS NOT NULL)
    EXECUTE FUNCTION webhook_of_one('consignment.coded');
CREATE TRIGGER webhook_accepted AFTER UPDATE OF state ON complaint FOR EACH ROW
    WHEN (NEW.state = 'accepted' AND OLD.state <> 'accepted') EXECUTE FUNCTION webhook_of_one('complaint.accepted');
CREATE TRIGGER webhook_revoked AFTER UPDATE OF state ON device FOR EACH ROW
    WHEN (NEW.state = 'revoked' AND OLD.state <> 'revoked') EXECUTE FUNCTION webhook_of_one('device.revoked');
"""


def upgrade() -> None:
    for block in (TABLES, FACTS):
        op.execute(block)


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER webhook_new ON case_file; DROP TRIGGER webhook_changed ON case_file;"
        " DROP TRIGGER webhook_new ON statement; DROP TRIGGER webhook_coded ON code_run;"
        " DROP TRIGGER webhook_accepted ON complaint; DROP TRIGGER webhook_revoked ON device;"
        " DROP FUNCTION webhook_of_new_cases, webhook_of_changed_cases, webhook_of_statements, webhook_of_one;"
        " DROP TABLE webhook_try, webhook_message, webhook_event, webhook"
    )
