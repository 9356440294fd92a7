"""People and rights: persons, memberships, sessions, tokens with rights, the journal, parties of statements."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SITES = """
-- A stall stands in a market; its operator sees it.
ALTER TABLE site ADD COLUMN market_gln text REFERENCES site;
CREATE INDEX ON site (market_gln) WHERE market_gln IS NOT NULL;
CREATE INDEX ON site (district text_pattern_ops);
ALTER TABLE operator ADD COLUMN closed_at timestamptz;
ALTER TABLE site ADD COLUMN closed_at timestamptz;
"""

PEOPLE = """
CREATE TABLE person (
    person_id uuid PRIMARY KEY,
    -- Lower case; null once the person's data were erased.
    email text CHECK (length(email) <= 254),
    name text NOT NULL CHECK (length(name) <= 100),
    lang text NOT NULL DEFAULT 'zh' CHECK (lang IN ('zh', 'en')),
    -- argon2id in PHC form; null until the person chose one.
    password_hash text,
    password_at timestamptz,
    totp_secret text,
    totp_confirmed_at timestamptz,
    totp_last_step bigint,
    recovery_hashes text[] NOT NULL DEFAULT '{}',
    state text NOT NULL CHECK (state IN ('invited', 'active', 'closed', 'erased')),
    -- Of the demo world, with a password that everybody knows.
    demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    last_sign_in_at timestamptz,
    closed_at timestamptz,
    erased_at timestamptz
);
CREATE UNIQUE INDEX person_email ON person (email) WHERE email IS NOT NULL;
-- Tokens of the time before rights could do everything; they end here.
DELETE FROM api_token;
ALTER TABLE api_token ADD COLUMN token_id uuid NOT NULL UNIQUE;
-- A person's own token acts with the memberships that the person has when it is used.
ALTER TABLE api_token ADD COLUMN person_id uuid REFERENCES person;
ALTER TABLE api_token ADD COLUMN development boolean NOT NULL DEFAULT false;
ALTER TABLE api_token ADD COLUMN last_used_at timestamptz;
CREATE INDEX ON api_token (person_id) WHERE person_id IS NOT NULL;
CREATE TABLE membership (
    membership_id uuid PRIMARY KEY,
    person_id uuid REFERENCES person,
    token_id uuid REFERENCES api_token (token_id),
    -- Null is any organisation: for development tokens alone.
    operator_id uuid REFERENCES operator,
    role text NOT NULL,
    -- Null is all sites of the organisation.
    sites text[],
    area text CHECK (area ~ '^[0-9]{0,6}$'),
    manages boolean NOT NULL DEFAULT false,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ended_at timestamptz,
    CHECK ((person_id IS NULL) <> (token_id IS NULL)),
    CHECK (operator_id IS NOT NULL OR token_id IS NOT NULL)
);
CREATE INDEX ON membership (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ON membership (token_id) WHERE token_id IS NOT NULL;
CREATE INDEX ON membership (operator_id);
CREATE TABLE person_session (
    session_hash bytea PRIMARY KEY CHECK (octet_length(session_hash) = 32),
    person_id uuid NOT NULL REFERENCES person,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- What the browser calls itself, for the person's own list of sessions.
    agent text NOT NULL DEFAULT '' CHECK (length(agent) <= 200),
    ended_at timestamptz
);
CREATE INDEX ON person_session (person_id);
CREATE INDEX ON person_session (expires_at);
-- One-time links by e-mail.
CREATE TABLE person_link (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    person_id uuid NOT NULL REFERENCES person,
    purpose text NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ON person_link (person_id);
-- Letters on their way; a row goes when its letter was handed to the mail server.
CREATE TABLE mail_out (
    mail_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('invitation', 'reset')),
    -- The link's secret, until the letter left: a letter that waits longer than its link is not sent.
    secret text NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries int NOT NULL DEFAULT 0,
    try_after timestamptz NOT NULL
);
CREATE INDEX ON mail_out (try_after);
-- Failed sign-ins, by hash of the address of the person and by network address.
CREATE TABLE sign_in_failure (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures int NOT NULL CHECK (failures >= 1),
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX ON sign_in_failure (last_at);
"""

INVITES = """
ALTER TABLE invite ADD COLUMN made_by text NOT NULL DEFAULT '';
-- The device key that the new one takes the place of.
ALTER TABLE invite ADD COLUMN replaces bytea CHECK (octet_length(replaces) = 32);
ALTER TABLE invite ADD COLUMN withdrawn_at timestamptz;
CREATE INDEX ON invite (gln, created_at);
ALTER TABLE device ADD COLUMN replaced_by bytea CHECK (octet_length(replaced_by) = 32);
"""

JOURNAL = """
-- Who did what, and who saw what of whom.  Persons stand here by their id alone.
CREATE TABLE journal_record (
    record_id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    -- For which organisations the actor had the right, and in which roles.
    actor_operators uuid[] NOT NULL DEFAULT '{}',
    actor_roles text[] NOT NULL DEFAULT '{}',
    act text NOT NULL,
    kind text NOT NULL,
    object text NOT NULL,
    purpose text,
    -- Whose data it was: the organisations concerned.
    subjects uuid[] NOT NULL DEFAULT '{}',
    detail text NOT NULL DEFAULT '{}'
);
CREATE INDEX ON journal_record (at, record_id);
-- Whom a record concerns: whoever acted, and whose data it was.
CREATE INDEX journal_concerned ON journal_record USING gin ((actor_operators || subjects));
CREATE INDEX ON journal_record (actor, at);
CREATE INDEX ON journal_record (object) WHERE kind = 'person';
-- What is not chained yet: a queue, so that nobody waits for anybody else to write.
CREATE TABLE journal_pending (record_id uuid PRIMARY KEY);
CREATE TABLE journal_link (
    seq bigint PRIMARY KEY CHECK (seq >= 1),
    record_id uuid NOT NULL UNIQUE REFERENCES journal_record,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TABLE journal_anchor (
    day date PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    entry_id uuid NOT NULL
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON journal_record FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal_record EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON journal_link FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal_link EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON journal_anchor FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON journal_anchor EXECUTE FUNCTION refuse_rewrite();
"""

STEPS = """
-- Whence a receiver took the goods of a line.
ALTER TABLE statement_line ADD COLUMN from_gln text;
-- Parties of a statement: the site that made it, the one it names (perhaps unregistered: no organisation), whence a
-- receiver took goods, who imported what was coded (no site).  A projection: `from` is told again with the units.
-- `recorded_at` is the statement's and `district` its site's, so that a page of what an organisation, a site or a
-- district has to do with is read in its order; `marked` statements contradict something, themselves or in a line.
CREATE TABLE statement_party (
    entry_id uuid NOT NULL REFERENCES statement,
    relation text NOT NULL CHECK (relation IN ('at', 'to', 'from', 'importer')),
    operator_id uuid,
    gln text,
    district text,
    recorded_at timestamptz NOT NULL,
    marked boolean NOT NULL,
    UNIQUE NULLS NOT DISTINCT (entry_id, relation, operator_id, gln)
);
CREATE INDEX ON statement_party (operator_id, recorded_at, entry_id) WHERE operator_id IS NOT NULL;
CREATE INDEX ON statement_party (gln, recorded_at, entry_id) WHERE gln IS NOT NULL;
CREATE INDEX ON statement_party (district, recorded_at, entry_id) WHERE district IS NOT NULL;
CREATE INDEX marked_by_operator ON statement_party (operator_id, recorded_at, entry_id)
    WHERE marked AND operator_id IS NOT NULL;
CREATE INDEX marked_by_gln ON statement_party (gln, recorded_at, entry_id) WHERE marked AND gln IS NOT NULL;
CREATE INDEX marked_by_district ON statement_party (district, recorded_at, entry_id)
    WHERE marked AND district IS NOT NULL;
CREATE TABLE marked_statement (entry_id uuid PRIMARY KEY REFERENCES statement, recorded_at timestamptz NOT NULL);
CREATE INDEX ON marked_statement (recorded_at, entry_id);
INSERT INTO marked_statement SELECT entry_id, recorded_at FROM statement s WHERE marks <> '{}'
    OR EXISTS (SELECT 1 FROM statement_line l WHERE l.entry_id = s.entry_id AND l.marks <> '{}');
INSERT INTO statement_party SELECT s.entry_id, r.relation, si.operator_id, r.gln, si.district, s.recorded_at,
    EXISTS (SELECT 1 FROM marked_statement m WHERE m.entry_id = s.entry_id)
    FROM statement s CROSS JOIN LATERAL (VALUES ('at', s.gln), ('to', s.to_gln)) AS r (relation, gln)
    LEFT JOIN site si ON si.gln = r.gln WHERE r.gln IS NOT NULL;
DROP INDEX statement_marked, statement_line_marked, statement_recorded_at_idx;
CREATE INDEX ON statement (recorded_at, entry_id);
-- A scan of a caller that is at no site is its organisation's.
ALTER TABLE unknown_scan ADD COLUMN operator_id uuid REFERENCES operator;
ALTER TABLE unknown_scan ADD COLUMN district text;
UPDATE unknown_scan u SET operator_id = s.operator_id, district = s.district FROM site s WHERE s.gln = u.gln;
CREATE INDEX ON unknown_scan (gln, recorded_at, scan_id) WHERE gln IS NOT NULL;
CREATE INDEX ON unknown_scan (operator_id, recorded_at, scan_id) WHERE operator_id IS NOT NULL;
CREATE INDEX ON unknown_scan (district, recorded_at, scan_id) WHERE district IS NOT NULL;
-- Whoever corrects a site's district, or registers a site that was named before, need not know of this.
CREATE FUNCTION follow_site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE statement_party SET district = NEW.district, operator_id = NEW.operator_id WHERE gln = NEW.gln;
    UPDATE unknown_scan SET district = NEW.district WHERE gln = NEW.gln;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_site AFTER INSERT OR UPDATE OF district, operator_id ON site
    FOR EACH ROW EXECUTE FUNCTION follow_site();
"""


def upgrade() -> None:
    for block in (SITES, PEOPLE, INVITES, JOURNAL, STEPS):
        op.execute(block)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
