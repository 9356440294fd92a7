"""Cases as work: what a person should look at, whose it is, what became of it; bytes that nobody can be held to."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CASES = """
-- `about` names the thing (`statement:ID`, `scan:ID`, `binding:ID`, `device:KEY:NUMBER`, `overdue:ID`, `remainder:ID`,
-- `travel:ID`, `duplicate:ID`); one case of a kind about one thing.  `operator_id` is the organisation whose office it
-- is.  A case of a statement is a projection of its marks until somebody works on it.
CREATE TABLE case_file (
    case_id uuid PRIMARY KEY,
    kind text NOT NULL,
    about text NOT NULL,
    entry_id uuid REFERENCES statement,
    other_id uuid REFERENCES statement,
    key_id bytea REFERENCES device,
    unit_id text,
    gln text,
    operator_id uuid REFERENCES operator,
    opened_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'taken', 'resolved', 'explained')),
    live boolean NOT NULL GENERATED ALWAYS AS (state IN ('open', 'taken')) STORED,
    detail jsonb NOT NULL DEFAULT '{}',
    taken_by text,
    taken_for uuid REFERENCES operator,
    taken_at timestamptz,
    closed_by text,
    closed_at timestamptz,
    resolved_by uuid REFERENCES statement,
    note text,
    UNIQUE (kind, about),
    CHECK ((state = 'resolved') = (resolved_by IS NOT NULL)),
    CHECK ((state IN ('resolved', 'explained')) = (closed_at IS NOT NULL)),
    CHECK (state <> 'explained' OR note IS NOT NULL)
);
CREATE INDEX ON case_file (opened_at, case_id);
CREATE INDEX case_file_live ON case_file (opened_at, case_id) WHERE live;
CREATE INDEX ON case_file (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX ON case_file (key_id) WHERE key_id IS NOT NULL;
-- Whom a case concerns, in the order of lists: the parties of its statements, its own site or organisation.
CREATE TABLE case_party (
    case_id uuid NOT NULL REFERENCES case_file,
    operator_id uuid,
    gln text,
    district text,
    opened_at timestamptz NOT NULL,
    live boolean NOT NULL,
    UNIQUE NULLS NOT DISTINCT (case_id, operator_id, gln)
);
CREATE INDEX ON case_party (operator_id, opened_at, case_id) WHERE operator_id IS NOT NULL;
CREATE INDEX ON case_party (gln, opened_at, case_id) WHERE gln IS NOT NULL;
CREATE INDEX ON case_party (district, opened_at, case_id) WHERE district IS NOT NULL;
CREATE INDEX live_by_operator ON case_party (operator_id, opened_at, case_id) WHERE live AND operator_id IS NOT NULL;
CREATE INDEX live_by_gln ON case_party (gln, opened_at, case_id) WHERE live AND gln IS NOT NULL;
CREATE INDEX live_by_district ON case_party (district, opened_at, case_id) WHERE live AND district IS NOT NULL;
-- How far the sweep has looked, by what it looks for.
CREATE TABLE case_sweep (name text PRIMARY KEY, until timestamptz NOT NULL);
"""

QUARANTINE = """
-- Statements that were refused, as they came (the first 64 KiB).  `key_id` and `entry_id` are what they claim, or what
-- their signature proves where `proven`.
CREATE TABLE quarantine (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    bytes bytea NOT NULL CHECK (octet_length(bytes) <= 65536),
    size_bytes bigint NOT NULL,
    reason text NOT NULL,
    proven boolean NOT NULL,
    key_id bytea,
    entry_id uuid,
    received_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    times int NOT NULL DEFAULT 1 CHECK (times >= 1)
);
CREATE INDEX ON quarantine (received_at, sha256);
CREATE INDEX ON quarantine (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX ON quarantine (last_at);
-- Of what nobody stands behind only so many a day are kept; all are counted.
CREATE TABLE quarantine_day (day date PRIMARY KEY, kept int NOT NULL, dropped bigint NOT NULL);
"""

FOLLOW = """
CREATE OR REPLACE FUNCTION follow_site() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE statement_party SET district = NEW.district, operator_id = NEW.operator_id WHERE gln = NEW.gln;
    UPDATE unknown_scan SET district = NEW.district WHERE gln = NEW.gln;
    UPDATE case_party SET district = NEW.district, operator_id = NEW.operator_id WHERE gln = NEW.gln;
    RETURN NULL;
END $$;
-- Who binds a label at a desk knows nothing of cases; what a statement bound twice is marked there.
CREATE FUNCTION open_double_bound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    place site;
BEGIN
    SELECT s.* INTO place FROM issued_code i JOIN code_run r USING (run_id) JOIN site s ON s.gln = r.station_gln
        WHERE i.unit_id = NEW.unit_id;
    INSERT INTO case_file (case_id, kind, about, unit_id, gln, operator_id, opened_at, state)
        VALUES (NEW.binding_id, 'double_bound', 'binding:' || NEW.binding_id, NEW.unit_id, place.gln,
            place.operator_id, NEW.bound_at, 'open') ON CONFLICT DO NOTHING;
    INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live)
        VALUES (NEW.binding_id, place.operator_id, place.gln, place.district, NEW.bound_at, TRUE)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER open_double_bound AFTER INSERT ON roll_binding FOR EACH ROW
    WHEN (NOT NEW.applied AND NEW.bound_by NOT LIKE 'statement:%') EXECUTE FUNCTION open_double_bound();
"""

SO_FAR = """
-- The cases of the time before they were kept: by the marks of that time, by scans, by labels.
INSERT INTO case_file (case_id, kind, about, entry_id, gln, operator_id, opened_at, state)
    SELECT gen_random_uuid(), k.kind, 'statement:' || s.entry_id, s.entry_id, s.gln, si.operator_id, s.recorded_at,
        'open'
    FROM statement s JOIN marked_statement m USING (entry_id) JOIN site si ON si.gln = s.gln
    CROSS JOIN LATERAL (SELECT DISTINCT CASE
        WHEN mark IN ('not_permitted', 'terminal', 'expired', 'stopped') THEN 'blocked'
        WHEN mark IN ('gap', 'late', 'clock_skew', 'double_bound') THEN mark
        WHEN mark = 'not_issued' THEN 'unknown_code'
        WHEN mark IN ('corrected_late', 'correction_not_permitted', 'corrects_unknown') THEN 'correction'
        ELSE 'conflict' END AS kind
        FROM (SELECT unnest(s.marks) AS mark UNION
            SELECT unnest(l.marks) FROM statement_line l WHERE l.entry_id = s.entry_id) every
        -- Allowed, and only noted.
        WHERE mark <> 'receiver_unregistered') k
    -- What is annulled contradicts nothing.
    WHERE NOT EXISTS (SELECT 1 FROM correction c WHERE c.corrected = s.entry_id AND c.in_force);
INSERT INTO case_party SELECT DISTINCT c.case_id, p.operator_id, p.gln, p.district, c.opened_at, TRUE
    FROM case_file c JOIN statement_party p USING (entry_id);
INSERT INTO case_file (case_id, kind, about, gln, operator_id, opened_at, state)
    SELECT u.scan_id, CASE WHEN u.reason IN ('unknown_code', 'malformed_uri', 'malformed_elements', 'unknown_command',
        'malformed_unit_id') THEN 'unknown_code' ELSE 'refused_code' END, 'scan:' || u.scan_id, u.gln, u.operator_id,
        u.recorded_at, 'open'
    FROM unknown_scan u;
INSERT INTO case_party SELECT u.scan_id, u.operator_id, u.gln, u.district, u.recorded_at, TRUE FROM unknown_scan u;
INSERT INTO case_file (case_id, kind, about, unit_id, gln, operator_id, opened_at, state)
    SELECT b.binding_id, 'double_bound', 'binding:' || b.binding_id, b.unit_id, s.gln, s.operator_id, b.bound_at, 'open'
    FROM roll_binding b JOIN issued_code i USING (unit_id) JOIN code_run r ON r.run_id = i.run_id
    JOIN site s ON s.gln = r.station_gln WHERE NOT b.applied AND b.bound_by NOT LIKE 'statement:%';
INSERT INTO case_party SELECT c.case_id, s.operator_id, s.gln, s.district, c.opened_at, TRUE
    FROM case_file c JOIN site s USING (gln) WHERE c.about LIKE 'binding:%';
-- What `statement_party.marked` and `marked_statement` said stands in cases now.
DROP TABLE marked_statement;
ALTER TABLE statement_party DROP COLUMN marked;
"""


def upgrade() -> None:
    for block in (CASES, QUARANTINE, FOLLOW, SO_FAR):
        op.execute(block)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
