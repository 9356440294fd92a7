"""A made-up city with goods standing in it, for `coldtrace bench desk`: every list of the desk has its long answer.

Beside what `rights_city` writes: of the cartons a quarter stand on their pallets in stores, a quarter loose there, a
quarter in shops, the rest is sold; one loose one in ten is on its way from a store to a shop.  Consignments, lots,
runs, devices, people, tokens, complaints and the journal are as many as such a city would have.  Nothing is signed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from coldtrace.cli.bench.capture_world import STAND_STILL
from coldtrace.cli.bench.rights_city import CARTONS, GLN, SITES, STATIONS, STORES, fill_city

DAYS = 30
BIG_STORE_NUMBER, STATION_NUMBER = STATIONS + 1, 1


def fill_desk(engine: Engine, *, units: int, statements: int, now: datetime, say: Callable[[str], None]) -> None:
    """Write it all as the owner: `statements` in the last days, among `units` cartons.

    Indexes of the long tables stand still meanwhile and are built anew, so nobody may be served.
    """
    with engine.begin() as connection:
        connection.execute(text(STAND_STILL), {"tables": list(_LONG)})
    with engine.begin() as connection:
        _fill(connection, units=units, statements=statements, now=now)
    for table in _LONG:
        say(f"indexes of {table} / 重建索引")
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            connection.execute(text(f"REINDEX TABLE {table}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))


def _fill(connection: Connection, *, units: int, statements: int, now: datetime) -> None:
    pallets = units // CARTONS
    since = now - timedelta(days=DAYS)
    # The last pallet's last sale is 34 hours after its first step.
    apart_s = max(int((timedelta(days=DAYS) - timedelta(hours=35)).total_seconds() / pallets), 1)
    fill_city(connection, units=units, since=since.isoformat(), apart_s=apart_s)
    told: int = connection.execute(text("SELECT count(*) FROM said")).scalar_one()
    values = {
        "sites": SITES,
        "stations": STATIONS,
        "stores": STORES,
        "pallets": pallets,
        "cartons": CARTONS,
        "now": now,
        "since": since,
        "days": DAYS,
        "more": max(statements - told, 0),
        "lots": max(units // 100, 100),
        "some": max(units // 50, 100),
    }
    for step in _STEPS:
        connection.execute(text(step), values)


_LONG = ("unit", "statement", "statement_line", "statement_party", "containment", "case_file", "case_party")
_ID = "CAST(md5('{} ' || n) AS uuid)"
_OPERATOR = "CAST(lpad(to_hex({}), 32, '0') AS uuid)"
_KEY = "sha256(int4send(CAST({} AS int)))"
_STEPS = (
    "INSERT INTO product (gtin, name_zh, name_en, hs_code, created_at) SELECT '09521234543213', '南美白对虾',"
    " 'Frozen prawns', '0306179090', CAST(:since AS timestamptz) ON CONFLICT DO NOTHING",
    "INSERT INTO consignment (consignment_id, importer_id, station_gln, declaration_no, container_no, papers, cartons,"
    " net_g, source_name, source_hash, normalised, warnings, state, imported_at)"
    f" SELECT {_ID.format('consignment')}, {_OPERATOR.format('n % :stations + 1')},"
    f" {GLN.format('(n % :stations + 1)')},"
    " lpad(n || '', 18, '0'), 'CSQU3054383', '{}', 60, 600000, 'x.xlsx', sha256(int4send(n)), '{}', '[]', 'open',"
    " CAST(:since AS timestamptz) + make_interval(secs => CAST(n AS float8) * :days * 86400 / :lots)"
    " FROM generate_series(1, CAST(:lots AS int)) n",
    "INSERT INTO lot (lot_id, consignment_id, gtin, lot, maker_lot, production_date, expiry_date, spec, cartons, net_g,"
    f" facts, facts_hash) OVERRIDING SYSTEM VALUE SELECT n, {_ID.format('consignment')}, '09521234543213', 'L' || n,"
    " 'M' || n, '2026-01-01', CAST(CAST(:now AS timestamptz) AS date) + (hashint4(n) & 511) - 10, '10 kg', 60, 600000,"
    " '{}', sha256(int4send(n)) FROM generate_series(1, CAST(:lots AS int)) n",
    "INSERT INTO code_run (run_id, consignment_id, station_gln, kid, created_at, kind, wanted, drawn)"
    f" SELECT {_ID.format('run')}, {_ID.format('consignment')}, {GLN.format('(n % :stations + 1)')}, 'k', CAST(:since"
    " AS timestamptz) + make_interval(secs => n), 'consignment', 60, 60 FROM generate_series(1, CAST(:lots AS int)) n",
    "ANALYZE trip, said",
    "UPDATE unit u SET lot_id = (t.k - 1) % :lots + 1, state = CASE WHEN t.k % 4 = 3 THEN 'sold'"
    " WHEN u.unit_pk % 10 = 0 AND t.k % 4 = 1 THEN 'in_transit' ELSE 'active' END,"
    f" gln = CASE WHEN t.k % 4 < 2 THEN {GLN.format('store')} ELSE u.gln END,"
    " to_gln = CASE WHEN u.unit_pk % 10 = 0 AND t.k % 4 = 1 THEN u.gln END,"
    " parent_pk = CASE WHEN t.k % 4 = 0 THEN t.k END, root_pk = CASE WHEN t.k % 4 = 0 THEN t.k END"
    " FROM trip t WHERE u.unit_pk > :pallets AND t.k = (u.unit_pk - :pallets - 1) / :cartons + 1",
    f"UPDATE unit u SET gln = {GLN.format('store')} FROM trip WHERE u.unit_pk = k AND k % 4 = 0",
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status,"
    f" marks) SELECT {_ID.format('seen')}, sha256(uuid_send({_ID.format('seen')})), {_KEY.format('shop')},"
    " 1000000 + n, 'observe', at - late, at - late, at, " + GLN.format("shop") + ", 'accepted', '{}' FROM (SELECT n,"
    " :stations + :stores + 1 + (hashint4(n) & 1048575) % (:sites - :stations - :stores) AS shop,"
    " make_interval(mins => CASE WHEN n % 5 = 0 THEN n % 3000 ELSE n % 10 END) AS late,"
    " CAST(:since AS timestamptz) + make_interval(secs => CAST(n AS float8) * :days * 86400 / :more) AS at"
    " FROM generate_series(1, CAST(:more AS int)) n) v",
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks)"
    f" SELECT {_ID.format('seen')}, 0, :pallets + 1 + (hashint4(n) & 1073741823) %"
    " (CAST(:pallets AS bigint) * :cartons),"
    " 'unit', 1,"
    " CAST(:since AS timestamptz) + make_interval(secs => CAST(n AS float8) * :days * 86400 / :more), '{}'"
    " FROM generate_series(1, CAST(:more AS int)) n",
    "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at) SELECT s.entry_id, 'at',"
    " si.operator_id, si.gln, si.district, s.recorded_at FROM statement s JOIN site si USING (gln)"
    " WHERE s.type = 'observe'",
    "INSERT INTO statement_voucher (entry_id, number) SELECT entry_id, 'V' || k FROM said WHERE type = 'ship'",
    "INSERT INTO case_file (case_id, kind, about, entry_id, gln, operator_id, opened_at, state, detail)"
    " SELECT CAST(md5('road' || entry_id) AS uuid), CASE WHEN k % 2 = 0 THEN 'gap' ELSE 'quantity_mismatch' END,"
    " CASE WHEN k % 2 = 0 THEN 'overdue:' ELSE 'remainder:' END || entry_id, entry_id,"
    f" {GLN.format('at_site')}, {_OPERATOR.format('at_site')}, at + interval '1 day', 'open',"
    """ '{"sent": 60, "left": 2, "units": []}' FROM said WHERE type = 'ship' AND k % 10 < 2""",
    "UPDATE case_file f SET operator_id = si.operator_id FROM site si WHERE si.gln = f.gln AND f.operator_id IS NULL",
    "INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live) SELECT DISTINCT c.case_id,"
    " p.operator_id, p.gln, p.district, c.opened_at, TRUE FROM case_file c JOIN statement_party p USING (entry_id)"
    " WHERE c.about NOT LIKE 'statement:%'",
    "INSERT INTO device (key_id, gln, name, alg, spki, certificate, certificate_sig, site_salt, operations, state,"
    f" enrolled_at, last_seen_at) SELECT {_KEY.format('n')}, {GLN.format('n')}, 'H' || n, 'ed25519', sha256('x'), '',"
    " '', sha256('x'), '{}', 'active', CAST(:since AS timestamptz), CAST(:now AS timestamptz)"
    " FROM generate_series(1, CAST(:sites AS int)) n ON CONFLICT DO NOTHING",
    "INSERT INTO invite (token_hash, gln, operations, created_at, expires_at)"
    f" SELECT sha256(int4send(n)), {GLN.format('(n % :sites + 1)')}, '{{}}', CAST(:now AS timestamptz),"
    " CAST(:now AS timestamptz) + interval '1 day' FROM generate_series(1, CAST(:some AS int) / 10) n",
    "INSERT INTO person (person_id, email, name, state, created_at)"
    f" SELECT {_ID.format('person')}, n || '@bench.example', 'n', 'active', CAST(:since AS timestamptz)"
    " FROM generate_series(1, CAST(:some AS int)) n",
    "INSERT INTO api_token (token_hash, token_id, name, scopes, created_at)"
    f" SELECT sha256(int4send(n)), {_ID.format('token')}, 'n', '{{}}', CAST(:since AS timestamptz)"
    " FROM generate_series(1, CAST(:some AS int) / 10) n",
    "INSERT INTO membership (membership_id, person_id, operator_id, role, made_at, made_by)"
    f" SELECT {_ID.format('member')}, {_ID.format('person')}, {_OPERATOR.format('n % :sites + 1')}, 'retailer',"
    " CAST(:since AS timestamptz), 'bench' FROM generate_series(1, CAST(:some AS int)) n",
    "INSERT INTO membership (membership_id, token_id, operator_id, role, made_at, made_by)"
    f" SELECT {_ID.format('tmember')}, {_ID.format('token')}, {_OPERATOR.format('n % :sites + 1')}, 'retailer',"
    " CAST(:since AS timestamptz), 'bench' FROM generate_series(1, CAST(:some AS int) / 10) n",
    "INSERT INTO journal_record (record_id, at, actor, actor_operators, act, kind, object, subjects, sites)"
    f" SELECT {_ID.format('record')}, CAST(:since AS timestamptz) + make_interval(secs => n), 'person:'"
    f" || {_ID.format('person')},"
    f" ARRAY[{_OPERATOR.format('n % :sites + 1')}], CASE WHEN n % 100 = 0 THEN 'export' ELSE 'read' END, 'unit',"
    f" 'x' || n, ARRAY[{_OPERATOR.format('n % 120 + 1')}], ARRAY[{GLN.format('(n % 120 + 1)')}]"
    " FROM generate_series(1, CAST(:some AS int) * 10) n",
    "INSERT INTO complaint (complaint_id, receipt, form_id, state, subject, code, verdict, product_zh, product_en,"
    " district, shop, said, lang, received_at, due_at)"
    f" SELECT {_ID.format('complaint')}, 'R' || lpad(n || '', 11, '0'), {_ID.format('form')}, 'received', 'spoiled',"
    " 'x', 'unknown', '虾',"
    " 'prawns', '1201' || lpad((n % 16 + 1) || '', 2, '0'), 's', 's', 'zh', CAST(:since AS timestamptz) +"
    " make_interval(secs => n), CAST(:now AS timestamptz) FROM generate_series(1, CAST(:some AS int)) n",
)
