"""A scan costs the same among many goods: no table is read from end to end for it."""

from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from support.house import pack_lines
from support.road import CARTONS, PALLETS, PORT, STORE, Road

MANY = 30_000
FILL = (
    "INSERT INTO issued_code (unit_id, run_id, position, kind, pallet, serial, uri, code_hash, kid, drawn_at)"
    " SELECT '(01)19521234543210(21)M' || n, CAST(md5('run') AS uuid), n, 'unit', '1', 'M' || n, '', sha256(''),"
    " '00000000', now() FROM generate_series(1, :many) n",
    "INSERT INTO unit (unit_id, state, gln, last_at) SELECT unit_id, 'active', :gln, now() FROM issued_code",
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status,"
    " marks) SELECT gen_random_uuid(), sha256(int4send(n)), key_id, 1000 + n, 'store', now(), now(), now(), gln,"
    " 'accepted', '{}'"
    " FROM generate_series(1, :many) n, (SELECT * FROM device LIMIT 1) d",
    "UPDATE unit SET parent_pk = unit_pk / 60 * 60, root_pk = unit_pk / 60 * 60"
    " WHERE unit_id LIKE '%(21)M%' AND unit_pk % 60 > 0 AND unit_pk / 60 * 60 > :many / 3",
    "INSERT INTO containment (child_pk, parent_pk, from_at, packed_by)"
    " SELECT unit_pk, parent_pk, now(), gen_random_uuid() FROM unit"
    " WHERE unit_id LIKE '%(21)M%' AND parent_pk IS NOT NULL",
)


def test_no_table_is_read_from_end_to_end_for_a_scan(road: Road) -> None:
    road.bound(*CARTONS)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], CARTONS[:3]))
    road.session.execute(text("SET LOCAL session_replication_role = replica"))
    for step in FILL:
        road.session.execute(text(step), {"many": MANY, "gln": PORT})
    road.session.execute(text("SET LOCAL session_replication_role = origin"))
    road.session.execute(text("ANALYZE"))
    before = read_whole(road)
    for result in (
        road.done(PORT, T.SHIP, PALLETS[0], to=STORE),
        road.done(STORE, T.RECEIVE, PALLETS[0]),
        road.done(STORE, T.UNPACK, *pack_lines(PALLETS[0], CARTONS[:3])),
        *road.tell(*(road.say(PORT, T.SHIP, carton, to=STORE) for carton in CARTONS[3:])),
    ):
        assert (result.status, result.marks) == ("accepted", ())
    after = read_whole(road)
    large = {table: after[table] - before[table] for table in after if after[table] - before[table] >= MANY / 2}
    assert large == {}


def read_whole(road: Road) -> dict[str, int]:
    """Return how many rows of each table this transaction met , one by one or through an index."""
    rows = road.session.execute(
        text("SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables")
    )
    return {name: count for name, count in rows}
