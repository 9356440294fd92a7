"""What was used up before it was kept what its import said of it keeps what is known when the database is upgraded."""

from sqlalchemy import text

from coldtrace.db.engine import make_engine
from support.old_database import DEVICE_OF_A_STORE, upgrade_filled

ENTRY = "01a1f0aa-0000-7000-8000-000000000009"
OPEN, UNDONE = "01a1f0aa-0000-7000-8000-00000000000a", "01a1f0aa-0000-7000-8000-00000000000b"
FACTS = "'{}', 1, 20000, 'list.xlsx', '', '[]', '[]'"
BEFORE = f"""
{DEVICE_OF_A_STORE}
INSERT INTO product VALUES ('19521234543210', '牛腩', 'Brisket', '0202300090', now());
INSERT INTO consignment (consignment_id, importer_id, station_gln, declaration_no, container_no, papers, cartons, net_g,
    source_name, source_hash, normalised, warnings, state, imported_at)
    SELECT c.id::uuid, operator_id, '9521234000020', c.id, '', {FACTS}, c.state, now()
    FROM operator, (VALUES ('{OPEN}', 'open'), ('{UNDONE}', 'undone')) c (id, state);
INSERT INTO lot (consignment_id, gtin, lot, maker_lot, production_date, expiry_date, spec, cartons, net_g, facts,
    facts_hash) VALUES
    ('{OPEN}', '19521234543210', 'L/1', '', '', '2028-09-03', '', 1, 20000, '', sha256('1')),
    ('{UNDONE}', '19521234543210', 'L/1', '', '', '2027-09-03', '', 1, 20000, '', sha256('2'));
INSERT INTO code_run (run_id, consignment_id, station_gln, kid, created_at, wanted, drawn)
    SELECT consignment_id, consignment_id, '9521234000020', '', now(), 1, 1 FROM consignment;
INSERT INTO issued_code (unit_id, run_id, position, kind, lot_id, pallet, net_g, uri, code_hash, kid, drawn_at)
    SELECT 'U:' || c.state, l.consignment_id, 0, 'unit', l.lot_id, '', 20000, '', sha256('c'), '', now()
    FROM lot l JOIN consignment c USING (consignment_id);
INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status, marks)
    VALUES ('{ENTRY}', sha256('h'), sha256('k'), 1, 'transform', now(), now(), now(),
        '9521234000020', 'accepted', '{{}}');
INSERT INTO unit (unit_id, state, last_at) SELECT n, 'active', now() FROM unnest(ARRAY['U:open', 'U:undone', 'zjcold:1',
    '(01)19521234543210(10)L%%2F1', '(01)19521234543210(10)NONE', 'zjcold:made']) n;
INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks, details)
    SELECT '{ENTRY}', row_number() OVER (ORDER BY unit_id), unit_pk,
        CASE unit_id WHEN 'zjcold:made' THEN 'output' ELSE 'input' END, 1, now(), '{{}}',
        CASE unit_id WHEN 'U:open' THEN '{{"net_g": 5}}'::jsonb END FROM unit;
"""


def test_what_was_used_up_keeps_what_is_known_now(empty_database_url: str) -> None:
    upgrade_filled(empty_database_url, revision="0028", fill=lambda connection: connection.exec_driver_sql(BEFORE))
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT unit_id, details FROM statement_line JOIN unit USING (unit_pk)")).all()
    engine.dispose()
    assert {row.unit_id: row.details for row in rows} == {
        "U:open": {"net_g": 5, "weighs_g": 20_000, "until": "2028-09-03"},
        "U:undone": None,
        "(01)19521234543210(10)L%2F1": {"until": "2028-09-03"},
        "(01)19521234543210(10)NONE": None,
        "zjcold:1": None,
        "zjcold:made": None,
    }
