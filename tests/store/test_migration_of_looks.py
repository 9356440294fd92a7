"""What was known of looks and of copied codes before there were tables for it is in them afterwards."""

from sqlalchemy import Connection, text

from coldtrace.db.engine import make_engine
from support.old_database import DEVICE_OF_A_STORE, upgrade_filled

STORE, AT = "9521234000020", "2026-11-20T00:00:00Z"
BOX, OTHER, THIRD = (f"(01)19521234543210(21)7QK4M2ZX9RT{sign}" for sign in "BCD")


def case(number: int, kind: str, *, live: bool, units: str) -> str:
    """Return SQL of a case about goods; a settled one names what settled it."""
    state, end, note = ("open", "NULL", "NULL") if live else ("explained", f"'{AT}'", "'code_shown'")
    return f"""
INSERT INTO case_file (case_id, kind, state, about, gln, unit_id, opened_at, closed_at, note, detail) VALUES
    ('01a1f0aa-0000-7000-8000-0000000009{number:02}', '{kind}', '{state}', 'x:{number}', '{STORE}', '{BOX}',
    '{AT}', {end}, {note}, '{{"units": {units}}}');
"""


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def test_live_journeys_that_no_truck_makes_doubt_their_goods(empty_database_url: str) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql(DEVICE_OF_A_STORE)
        connection.exec_driver_sql(case(1, "impossible_travel", live=True, units=f'["{BOX}", "{OTHER}"]'))
        connection.exec_driver_sql(case(2, "impossible_travel", live=False, units=f'["{THIRD}"]'))
        connection.exec_driver_sql(case(3, "late_words", live=True, units=f'["{THIRD}"]'))
        connection.exec_driver_sql(
            f"INSERT INTO look_visitor (day, token, unit_id) VALUES ('2026-11-20', '{'t' * 16}', '{BOX}')"
        )

    upgrade_filled(empty_database_url, revision="0023", fill=fill)
    assert rows(empty_database_url, "SELECT unit_id FROM case_suspect ORDER BY unit_id") == [(BOX,), (OTHER,)]
    assert rows(empty_database_url, "SELECT unit_id FROM look_visitor") == [(BOX,)]
    # Of that visitor no network was known.
    assert rows(empty_database_url, "SELECT unit_id FROM look_network") == []


def test_networks_that_looked_today_are_known_after_an_upgrade(empty_database_url: str) -> None:
    def fill(connection: Connection) -> None:
        for token, network, unit in (("a", "n", BOX), ("b", "n", BOX), ("c", "m", BOX), ("a", "n", OTHER)):
            connection.exec_driver_sql(
                "INSERT INTO look_visitor (day, token, unit_id, network) VALUES"
                f" ('2026-11-20', '{token * 16}', '{unit}', '{network * 16}')"
            )

    upgrade_filled(empty_database_url, revision="0028", fill=fill)
    query = "SELECT unit_id, encode(network, 'escape'), looks FROM look_network ORDER BY 1, 2"
    assert rows(empty_database_url, query) == [(BOX, "m" * 16, 1), (BOX, "n" * 16, 2), (OTHER, "n" * 16, 1)]
