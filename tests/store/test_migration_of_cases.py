"""What statements contradicted before cases were kept are cases afterwards, of the kinds that they would have today."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from coldtrace.custody.case_kinds import kinds_of
from coldtrace.custody.case_store import tell_again
from coldtrace.db.engine import make_engine, make_sessions
from support.old_database import upgrade_filled

FIRM, TRADER = "01a1f0aa-0000-7000-8000-000000000001", "01a1f0aa-0000-7000-8000-000000000002"
PORT, STORE = "9521234000013", "9521234000020"
AT = "2026-11-20T00:00:00Z"
SAID: dict[int, tuple[list[str], list[str]]] = {
    1: ([], []),
    2: (["late"], []),
    3: ([], ["gap", "not_issued"]),
    4: (["not_permitted"], ["expired"]),
    5: (["clock_skew"], ["double_bound", "terminal", "stopped"]),
    6: ([], ["receiver_unregistered"]),
    7: ([], ["not_here", "receiver_unregistered"]),
    8: (["corrected_late"], []),
    9: ([], ["already_shipped"]),
}
"""By number: the marks of a statement, and of its line.  The last one is annulled by the one before it."""


def entry(number: int) -> str:
    return f"01a1f0aa-0000-7000-8000-0000000001{number:02}"


def fill(connection: Connection) -> None:
    """Write what a database of the twelfth version has."""
    connection.exec_driver_sql(f"""
INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at) VALUES
    ('{FIRM}', '91120116MA05TE5T1N', '滨海', 'Binhai', '天津', 'Tianjin', '{AT}'),
    ('{TRADER}', '91120118MA00000011', '静海', 'Jinghai', '天津', 'Tianjin', '{AT}');
INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, created_at, company_prefixes) VALUES
    ('{PORT}', '{FIRM}', '口岸', 'Port', 'first_station', '120116', '{AT}', '{{}}'),
    ('{STORE}', '{TRADER}', '库', 'Store', 'cold_store', '120118', '{AT}', '{{}}');
INSERT INTO device (key_id, gln, name, alg, spki, certificate, certificate_sig, site_salt, operations, state,
    enrolled_at) VALUES (sha256('k'), '{PORT}', '', 'ed25519', '', '', '', '', '{{}}', 'active', '{AT}');
INSERT INTO unit (unit_id, state, last_at) VALUES ('U:7QK4M2ZX9RTB5', 'active', '{AT}');
""")
    for number, (own, of_line) in SAID.items():
        marks = [f"'{{{','.join(each)}}}'" for each in (own, of_line)]
        connection.exec_driver_sql(f"""
INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, to_gln, status,
    marks) VALUES ('{entry(number)}', sha256('{number}'), sha256('k'), {number}, 'ship', '{AT}', '{AT}', '{AT}',
    '{PORT}', '{STORE}', 'accepted', {marks[0]});
INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks)
    SELECT '{entry(number)}', 0, unit_pk, 'unit', 1, '{AT}', {marks[1]} FROM unit;
INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at, marked) VALUES
    ('{entry(number)}', 'at', '{FIRM}', '{PORT}', '120116', '{AT}', {bool(own or of_line)}),
    ('{entry(number)}', 'to', '{TRADER}', '{STORE}', '120118', '{AT}', {bool(own or of_line)});
INSERT INTO marked_statement SELECT '{entry(number)}', '{AT}' WHERE {bool(own or of_line)};
""")
    connection.exec_driver_sql(f"""
INSERT INTO correction (entry_id, header, mode, may, by_regulator, reasoned, gln, recorded_at, corrected, permitted,
    in_force) VALUES ('{entry(8)}', sha256('9'), 'did_not_occur', TRUE, FALSE, FALSE, '{PORT}', '{AT}', '{entry(9)}',
    TRUE, TRUE);
INSERT INTO unknown_scan (scan_id, scanned, reason, gln, scanned_by, day, recorded_at, last_at, operator_id, district)
    VALUES (gen_random_uuid(), 'x', 'unknown_code', '{STORE}', 'd', '2026-11-20', '{AT}', '{AT}', '{TRADER}', '120118'),
    (gen_random_uuid(), 'y', 'bad_signature', NULL, 'd', '2026-11-20', '{AT}', '{AT}', NULL, NULL);
""")


@pytest.fixture
def filled(empty_database_url: str) -> str:
    upgrade_filled(empty_database_url, revision="0012", fill=fill)
    return empty_database_url


def test_each_statement_has_the_cases_that_its_marks_have_today(filled: str) -> None:
    engine = make_engine(filled)
    with make_sessions(engine).begin() as session:
        rows = session.execute(text("SELECT entry_id, kind FROM case_file WHERE entry_id IS NOT NULL")).all()
        found = {(str(row.entry_id), row.kind) for row in rows}
        assert len(found) == len(rows)
        assert found == {
            (entry(number), kind.value)
            for number, (own, of_line) in SAID.items()
            if number != 9
            for kind in kinds_of([*own, *of_line])
        }
        before = session.execute(text("SELECT * FROM case_file ORDER BY case_id")).all()
        tell_again(session, [UUID(entry(number)) for number in SAID])
        assert session.execute(text("SELECT * FROM case_file ORDER BY case_id")).all() == before, "nothing is mended"
    engine.dispose()


def test_whom_the_cases_concern_and_what_scans_and_sites_they_are_about(filled: str) -> None:
    engine = make_engine(filled)
    with engine.connect() as connection:
        parties = connection.execute(
            text(
                "SELECT c.entry_id, c.operator_id, array_agg(p.gln ORDER BY p.gln) AS glns, bool_and(p.live) AS live,"
                " bool_and(p.opened_at = c.opened_at) AS same FROM case_file c JOIN case_party p USING (case_id)"
                " WHERE c.entry_id IS NOT NULL GROUP BY c.case_id"
            )
        ).all()
        assert {(str(row.operator_id), tuple(row.glns), row.live, row.same) for row in parties} == {
            (FIRM, (PORT, STORE), True, True)
        }
        scans = connection.execute(
            text(
                "SELECT c.kind, c.gln, c.about = 'scan:' || c.case_id AS about, p.district FROM case_file c"
                " JOIN case_party p USING (case_id) WHERE c.about LIKE 'scan:%' ORDER BY c.kind"
            )
        ).all()
        gone = connection.execute(text("SELECT to_regclass('marked_statement')")).scalar_one()
    engine.dispose()
    assert [tuple(row) for row in scans] == [
        ("refused_code", None, True, None),
        ("unknown_code", STORE, True, "120118"),
    ]
    assert gone is None
