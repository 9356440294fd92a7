"""The road: parties, goods, ledger, custody.

Ledger tables follow docs/formats/ledger.md; everything but head, pending and published is insert-only.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PARTIES = """
CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    net bytea NOT NULL CHECK (octet_length(net) = 32),
    root text NOT NULL,
    development boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE operator (
    operator_id uuid PRIMARY KEY,
    uscc text NOT NULL UNIQUE CHECK (length(uscc) = 18),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    city_zh text NOT NULL,
    city_en text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE site (
    gln text PRIMARY KEY CHECK (length(gln) = 13),
    operator_id uuid NOT NULL REFERENCES operator,
    name_zh text NOT NULL,
    name_en text NOT NULL,
    role text NOT NULL,
    district text NOT NULL CHECK (district ~ '^[0-9]{6}$'),
    created_at timestamptz NOT NULL
);
CREATE INDEX ON site (operator_id);
CREATE TABLE invite (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    gln text NOT NULL REFERENCES site,
    operations text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    used_by bytea
);
CREATE TABLE device (
    key_id bytea PRIMARY KEY CHECK (octet_length(key_id) = 32),
    gln text NOT NULL REFERENCES site,
    name text NOT NULL,
    alg text NOT NULL,
    spki bytea NOT NULL,
    certificate text NOT NULL,
    certificate_sig text NOT NULL,
    site_salt bytea NOT NULL,
    operations text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'revoked', 'retired')),
    cut_size bigint,
    enrolled_at timestamptz NOT NULL,
    last_seen_at timestamptz
);
CREATE INDEX ON device (gln);
CREATE TABLE api_token (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE TABLE signing_key (
    key_id bytea PRIMARY KEY CHECK (octet_length(key_id) = 32),
    kid text NOT NULL,
    use text NOT NULL CHECK (use IN ('code', 'enrolment', 'receipt', 'log')),
    alg text NOT NULL,
    spki bytea NOT NULL,
    gln text REFERENCES site,
    scope text[] NOT NULL,
    print_from timestamptz NOT NULL,
    print_until timestamptz NOT NULL,
    accept_until timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'retired', 'revoked')),
    UNIQUE (use, kid)
);
CREATE TABLE trust_list (
    seq bigint PRIMARY KEY,
    envelope text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
"""

LEDGER = """
CREATE TABLE ledger_log (
    log_id int PRIMARY KEY,
    origin text NOT NULL UNIQUE,
    vkey text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'frozen', 'closed')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    predecessor int
);
CREATE TABLE ledger_entry (
    log_id int NOT NULL,
    entry_id uuid NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) BETWEEN 1 AND 65535),
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (log_id, entry_id)
) PARTITION BY LIST (log_id);
CREATE TABLE ledger_entry_1 PARTITION OF ledger_entry FOR VALUES IN (1);
CREATE TABLE ledger_pending (
    log_id int NOT NULL,
    pid bigint GENERATED ALWAYS AS IDENTITY,
    entry_id uuid NOT NULL,
    leaf_hash bytea NOT NULL,
    PRIMARY KEY (log_id, pid)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE TABLE ledger_leaf (
    log_id int NOT NULL,
    leaf_index bigint NOT NULL,
    entry_id uuid NOT NULL,
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
    PRIMARY KEY (log_id, leaf_index),
    UNIQUE (log_id, entry_id)
) PARTITION BY LIST (log_id);
CREATE TABLE ledger_leaf_1 PARTITION OF ledger_leaf FOR VALUES IN (1);
CREATE TABLE ledger_node (
    log_id int NOT NULL,
    level smallint NOT NULL CHECK (level >= 1),
    idx bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (log_id, level, idx)
);
CREATE TABLE ledger_head (
    log_id int PRIMARY KEY,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL
);
CREATE TABLE ledger_checkpoint (
    log_id int NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (log_id, tree_size)
);
CREATE TABLE ledger_cosignature (
    log_id int NOT NULL,
    tree_size bigint NOT NULL,
    witness text NOT NULL,
    key_id bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (log_id, tree_size, witness, key_id)
);
CREATE TABLE ledger_published (
    log_id int PRIMARY KEY,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    published_at timestamptz NOT NULL
);
CREATE TABLE statement_piece (
    log_id int NOT NULL,
    entry_id uuid NOT NULL,
    piece text NOT NULL CHECK (piece IN ('public', 'private', 'units')),
    bytes bytea,
    erased_at timestamptz,
    PRIMARY KEY (log_id, entry_id, piece)
);

-- A courtesy against mistakes, not the security: that is receipts, witnesses and the auditor.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never rewritten: % on % refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ledger_leaf FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ledger_node FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON ledger_checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_entry EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_leaf EXECUTE FUNCTION refuse_rewrite();
-- Row triggers reach every partition by themselves, those of a statement do not.
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_entry_1 EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_leaf_1 EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_node EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger_checkpoint EXECUTE FUNCTION refuse_rewrite();
-- A piece may lose its bytes or some of its fields, and says when; it never changes its place and never goes.
CREATE TRIGGER keep BEFORE DELETE ON statement_piece FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_unless_erased BEFORE UPDATE ON statement_piece FOR EACH ROW
    WHEN (NEW.erased_at IS NULL OR (NEW.log_id, NEW.entry_id, NEW.piece) <> (OLD.log_id, OLD.entry_id, OLD.piece))
    EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON statement_piece EXECUTE FUNCTION refuse_rewrite();
"""

GOODS = """
CREATE TABLE product (
    gtin text PRIMARY KEY CHECK (length(gtin) = 14),
    name_zh text NOT NULL,
    name_en text NOT NULL,
    hs_code text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE consignment (
    consignment_id uuid PRIMARY KEY,
    importer_id uuid NOT NULL REFERENCES operator,
    station_gln text NOT NULL REFERENCES site,
    declaration_no text NOT NULL,
    container_no text NOT NULL,
    papers jsonb NOT NULL,
    cartons int NOT NULL CHECK (cartons > 0),
    net_g bigint NOT NULL CHECK (net_g > 0),
    source_name text NOT NULL,
    source_hash bytea NOT NULL,
    normalised jsonb NOT NULL,
    warnings jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'undone')),
    imported_at timestamptz NOT NULL,
    undone_at timestamptz
);
-- A declaration may be imported again only after its first import was undone.
CREATE UNIQUE INDEX consignment_open_declaration ON consignment (declaration_no) WHERE state = 'open';
CREATE INDEX ON consignment (importer_id, imported_at);
CREATE TABLE lot (
    lot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consignment_id uuid NOT NULL REFERENCES consignment,
    gtin text NOT NULL REFERENCES product,
    lot text NOT NULL,
    maker_lot text NOT NULL,
    production_date text NOT NULL,
    expiry_date date,
    spec text NOT NULL,
    cartons int NOT NULL,
    net_g bigint NOT NULL,
    facts text NOT NULL,
    facts_hash bytea NOT NULL UNIQUE,
    UNIQUE (consignment_id, gtin, lot)
);
CREATE INDEX ON lot (gtin, lot);
CREATE TABLE code_run (
    run_id uuid PRIMARY KEY,
    consignment_id uuid NOT NULL REFERENCES consignment,
    station_gln text NOT NULL REFERENCES site,
    kid text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX ON code_run (consignment_id);
CREATE SEQUENCE sscc_reference MINVALUE 1 START 1;
CREATE TABLE issued_code (
    unit_id text PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES code_run,
    position int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('unit', 'pallet')),
    lot_id bigint REFERENCES lot,
    pallet text NOT NULL,
    serial text UNIQUE,
    net_g bigint,
    uri text NOT NULL,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    UNIQUE (run_id, position)
);
CREATE INDEX ON issued_code (lot_id);
"""

CUSTODY = """
CREATE TABLE statement (
    entry_id uuid PRIMARY KEY,
    header_hash bytea NOT NULL UNIQUE CHECK (octet_length(header_hash) = 32),
    key_id bytea NOT NULL REFERENCES device,
    seq bigint NOT NULL,
    prev bytea,
    type text NOT NULL,
    claimed_at timestamptz NOT NULL,
    event_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    gln text NOT NULL REFERENCES site,
    to_gln text,
    to_name text,
    status text NOT NULL CHECK (status IN ('accepted', 'blocked')),
    marks text[] NOT NULL
);
CREATE INDEX ON statement (key_id, seq);
CREATE INDEX ON statement (recorded_at);
CREATE INDEX statement_marked ON statement (recorded_at, entry_id) WHERE marks <> '{}';
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON statement FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON statement EXECUTE FUNCTION refuse_rewrite();
CREATE TABLE unit (
    unit_pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id text NOT NULL UNIQUE,
    lot_id bigint REFERENCES lot,
    state text NOT NULL,
    gln text,
    to_gln text,
    parent_pk bigint REFERENCES unit,
    root_pk bigint,
    last_at timestamptz NOT NULL,
    version int NOT NULL DEFAULT 1
) WITH (fillfactor = 80);
CREATE INDEX ON unit (lot_id) INCLUDE (unit_pk, root_pk);
CREATE INDEX ON unit (parent_pk) WHERE parent_pk IS NOT NULL;
CREATE INDEX ON unit (root_pk);
CREATE TABLE statement_line (
    entry_id uuid NOT NULL REFERENCES statement,
    line_no int NOT NULL,
    unit_pk bigint NOT NULL REFERENCES unit,
    role text NOT NULL,
    parent_pk bigint REFERENCES unit,
    quantity bigint NOT NULL,
    event_at timestamptz NOT NULL,
    marks text[] NOT NULL,
    PRIMARY KEY (entry_id, line_no)
);
CREATE INDEX ON statement_line (unit_pk, event_at);
CREATE INDEX statement_line_marked ON statement_line (entry_id) WHERE marks <> '{}';
CREATE TABLE containment (
    child_pk bigint NOT NULL REFERENCES unit,
    parent_pk bigint NOT NULL REFERENCES unit,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL DEFAULT 'infinity',
    packed_by uuid NOT NULL,
    unpacked_by uuid,
    PRIMARY KEY (child_pk, from_at, packed_by)
);
CREATE INDEX ON containment (parent_pk, from_at);
CREATE TABLE consumer_lookup (
    unit_id text PRIMARY KEY,
    lookups bigint NOT NULL,
    first_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for block in (PARTIES, LEDGER, GOODS, CUSTODY):
        op.execute(block)


def downgrade() -> None:
    raise RuntimeError("history is never rewritten: restore a backup instead of downgrading")
