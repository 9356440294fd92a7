"""A database of the first version, with a station and codes in it, goes on: nothing is numbered twice."""

from sqlalchemy import text

from coldtrace.db.engine import make_engine
from support.old_database import upgrade_filled

OPERATOR = "01a1f0aa-0000-7000-8000-000000000001"
RUN = "01a1f0aa-0000-7000-8000-000000000002"
CONSIGNMENT = "01a1f0aa-0000-7000-8000-000000000003"
AT = "2026-11-20T00:00:00Z"

FIRST = f"""
INSERT INTO operator VALUES ('{OPERATOR}', '91120116MA05TE5T1N', '滨海', 'Binhai', '天津', 'Tianjin', '{AT}');
INSERT INTO site VALUES ('9521234000013', '{OPERATOR}', '口岸', 'Port', 'first_station', '120116', '{AT}');
INSERT INTO site VALUES ('4600001000008', '{OPERATOR}', '库', 'Store', 'cold_store', '120118', '{AT}');
INSERT INTO consignment VALUES ('{CONSIGNMENT}', '{OPERATOR}', '9521234000013', 'D', 'C', '{{}}', 1, 1, 'x', '\\x00',
    '[]', '[]', 'open', '{AT}', NULL);
INSERT INTO code_run VALUES ('{RUN}', '{CONSIGNMENT}', '9521234000013', '28dcfa90', '{AT}');
SELECT setval('sscc_reference', 41);
INSERT INTO issued_code VALUES ('(00)395212340000000410', '{RUN}', 1, 'pallet', NULL, 'P01', NULL, 1, 'https://X',
    '\\x{"00" * 32}');
"""


def test_codes_of_the_first_version_stay_and_their_numbers_are_taken(empty_database_url: str) -> None:
    upgrade_filled(empty_database_url, revision="0001", fill=lambda connection: connection.exec_driver_sql(FIRST))
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        run = connection.execute(text("SELECT kind, wanted, drawn, plan FROM code_run")).one()
        code = connection.execute(text("SELECT kid, drawn_at = :at AS same FROM issued_code"), {"at": AT}).one()
        rows = connection.execute(text("SELECT company_prefix, used FROM sscc_counter"))
        counters = {row.company_prefix: row.used for row in rows}
    engine.dispose()
    assert tuple(run) == ("consignment", 1, 1, None)
    assert tuple(code) == ("28dcfa90", True)
    assert counters == {"9521234": 41, "4600001": 41}
