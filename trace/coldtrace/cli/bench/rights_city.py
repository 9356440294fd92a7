"""A made-up city for `coldtrace bench rights`, written by SQL alone: nothing in it is signed.

Of 6,000 sites 20 are first stations, 100 cold stores (one takes a fifth of everything) and the others shops, three in
four of them in the 16 districts of the city 1201.  A pallet of 60 cartons is bound and packed at a station, shipped to
a store, on to a shop, unpacked and sold there in sixes.  One statement in 50 contradicts something.
"""

from uuid import UUID

from sqlalchemy import Connection, text
from sqlmodel import Session

SITES, STATIONS, STORES = 6_000, 20, 100
CARTONS = 60
SELLS = 10
BIG_STORE = UUID(int=STATIONS + 1)
"""The organisation of the store with a fifth of everything."""


def operator_of(session: Session, gln: str) -> UUID:
    """Return whose site it is."""
    found: UUID = session.execute(text("SELECT operator_id FROM site WHERE gln = :gln"), {"gln": gln}).scalar_one()
    return found


def fill_city(connection: Connection, *, units: int, since: str = "2026-01-01Z", apart_s: int = 40) -> None:
    """Write sites, units, statements and all that custody makes of these.  Needs the right to leave out triggers.

    The first pallet begins `since`, each other one `apart_s` after the one before.
    """
    values = {
        "sites": SITES,
        "stations": STATIONS,
        "stores": STORES,
        "pallets": units // CARTONS,
        "cartons": CARTONS,
        "sells": SELLS,
        "each": CARTONS // SELLS,
        "since": since,
        "apart": apart_s,
    }
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for step in _STEPS:
        connection.execute(text(step), values)


GLN = (
    "lpad(CAST({0} AS bigint) * 10 + (10 - (3 * ({0} % 10) + {0} / 10 % 10 + 3 * ({0} / 100 % 10) + {0} / 1000 % 10)"
    " % 10) % 10 || '', 13, '0')"
)
"""The GLN of a site by its number, which has four digits at most."""
_STEPS = (
    "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
    " SELECT CAST(lpad(to_hex(n), 32, '0') AS uuid), lpad(n || '', 18, '0'), 'n', 'n', 'c', 'c', '2026-01-01Z'"
    " FROM generate_series(1, CAST(:sites AS int)) n",
    "INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, company_prefixes, created_at)"
    f" SELECT {GLN.format('n')}, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'n', 'n',"
    " CASE WHEN n <= :stations THEN 'first_station' WHEN n <= :stations + :stores THEN 'cold_store' ELSE 'retailer'"
    " END,"
    " CASE WHEN n % 4 = 0 THEN '310115' ELSE '1201' || lpad((n / 4 % 16 + 1) || '', 2, '0') END, '{}', '2026-01-01Z'"
    " FROM generate_series(1, CAST(:sites AS int)) n",
    # Pallets first: their keys are their numbers.
    "CREATE TEMPORARY TABLE trip ON COMMIT DROP AS SELECT k, k % :stations + 1 AS station,"
    " :stations + 1 + CASE WHEN k % 5 = 0 THEN 0 ELSE hashint4(k) & 1048575 END % :stores AS store,"
    " :stations + :stores + 1 + (hashint4(k * 7) & 1048575) % (:sites - :stations - :stores) AS shop"
    " FROM generate_series(1, CAST(:pallets AS int)) k",
    "INSERT INTO unit (unit_pk, unit_id, state, gln, last_at) OVERRIDING SYSTEM VALUE"
    f" SELECT k, '(00)' || lpad(k || '', 18, '0'), 'active', {GLN.format('shop')}, now() FROM trip",
    "INSERT INTO unit (unit_pk, unit_id, state, gln, last_at) OVERRIDING SYSTEM VALUE"
    " SELECT :pallets + (k - 1) * :cartons + c, '(01)09521234543213(21)' || k || 'X' || c, 'sold',"
    f" {GLN.format('shop')}, now() FROM trip, generate_series(1, CAST(:cartons AS int)) c",
    "CREATE TEMPORARY TABLE said ON COMMIT DROP AS SELECT CAST(md5(k || '-' || step) AS uuid) AS entry_id, k, step,"
    " type, CASE WHEN step <= 3 THEN station WHEN step <= 5 THEN store ELSE shop END AS at_site,"
    " CASE step WHEN 3 THEN store WHEN 5 THEN shop END AS to_site, CASE step WHEN 4 THEN station WHEN 6 THEN store"
    " END AS from_site, CAST(:since AS timestamptz) + make_interval(secs => k * :apart + step * 7200) AS at,"
    " hashint4(k * 31 + step) % 50 = 0 AS marked FROM trip, (VALUES (1, 'commission'), (2, 'pack'), (3, 'ship'),"
    " (4, 'receive'), (5, 'ship'), (6, 'receive'), (7, 'unpack')) AS v(step, type)"
    " UNION ALL SELECT CAST(md5(k || '-' || 7 + n) AS uuid), k, 7 + n, 'sell', shop, NULL, NULL,"
    " CAST(:since AS timestamptz) + make_interval(secs => k * :apart + (7 + n) * 7200),"
    " hashint4(k * 31 + 7 + n) % 50 = 0 FROM trip, generate_series(1, CAST(:sells AS int)) n",
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, to_gln,"
    " status, marks) SELECT entry_id, sha256(uuid_send(entry_id)), sha256(int4send(at_site)), k * 20 + step, type, at,"
    f" at, at, {GLN.format('at_site')}, {GLN.format('to_site')}, 'accepted', '{{}}' FROM said ORDER BY at",
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, parent_pk, quantity, event_at, marks, from_gln)"
    " SELECT entry_id, 0, k, CASE WHEN step IN (2, 7) THEN 'parent' ELSE 'unit' END, NULL, 1, at,"
    f" CASE WHEN marked THEN '{{gap}}' ELSE CAST('{{}}' AS text[]) END, {GLN.format('from_site')}"
    " FROM said WHERE step BETWEEN 2 AND 7",
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, parent_pk, quantity, event_at, marks)"
    " SELECT entry_id, c, :pallets + (k - 1) * :cartons + c, CASE WHEN step = 1 THEN 'unit' ELSE 'child' END,"
    " CASE WHEN step = 1 THEN NULL ELSE k END, 1, at, '{}' FROM said, generate_series(1, CAST(:cartons AS int)) c"
    " WHERE step IN (1, 2, 7)",
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks)"
    " SELECT entry_id, c, :pallets + (k - 1) * :cartons + (step - 8) * :each + c, 'unit', 1, at,"
    " CASE WHEN marked AND c = 1 THEN '{gap}' ELSE CAST('{}' AS text[]) END"
    " FROM said, generate_series(1, CAST(:each AS int)) c WHERE step > 7",
    "INSERT INTO containment (child_pk, parent_pk, from_at, to_at, packed_by, unpacked_by)"
    " SELECT :pallets + (p.k - 1) * :cartons + c, p.k, p.at, u.at, p.entry_id, u.entry_id"
    " FROM said p JOIN said u USING (k), generate_series(1, CAST(:cartons AS int)) c WHERE p.step = 2 AND u.step = 7",
    "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at)"
    " SELECT entry_id, r.relation, si.operator_id, si.gln, si.district, at FROM said"
    " CROSS JOIN LATERAL (VALUES ('at', at_site), ('to', to_site), ('from', from_site)) AS r(relation, number)"
    f" JOIN site si ON si.gln = {GLN.format('r.number')}",
    "INSERT INTO case_file (case_id, kind, about, entry_id, gln, opened_at, state) SELECT"
    " CAST(md5('gap' || entry_id) AS uuid), 'gap', 'statement:' || entry_id, entry_id, "
    f"{GLN.format('at_site')}, at, 'open' FROM said WHERE marked AND step > 1",
    "INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live) SELECT DISTINCT c.case_id,"
    " p.operator_id, p.gln, p.district, c.opened_at, TRUE FROM case_file c JOIN statement_party p USING (entry_id)",
    "INSERT INTO unknown_scan (scan_id, scanned, reason, gln, operator_id, district, scanned_by, day, recorded_at,"
    " last_at) SELECT CAST(md5('scan' || k) AS uuid), 'x' || k, 'unknown_code', gln, operator_id, district, 'device:k',"
    " '2026-06-01', CAST(:since AS timestamptz) + make_interval(secs => k * :apart), now()"
    f" FROM trip JOIN site ON gln = {GLN.format('shop')} WHERE k % 10 = 0",
    "INSERT INTO case_file (case_id, kind, about, gln, operator_id, opened_at, state) SELECT scan_id, 'unknown_code',"
    " 'scan:' || scan_id, gln, operator_id, recorded_at, 'open' FROM unknown_scan",
    "INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live)"
    " SELECT scan_id, operator_id, gln, district, recorded_at, TRUE FROM unknown_scan",
)
