"""What callers of gateways said before their words were kept under a salt is still known by its number."""

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import text

from coldtrace.custody.gateway import Plain
from coldtrace.db.engine import make_engine
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from support.old_database import upgrade_filled

ENTRY = "01a1f0aa-0000-7000-8000-000000000009"
SAID = Plain(
    ref="WMS-1",
    type=StatementType.OBSERVE,
    at=datetime(2026, 11, 23, 4, tzinfo=UTC),
    lines=[Line("unit", "(00)395212340000000014", None, 1)],
    fields={},
)
FIRST = f"""
INSERT INTO operator VALUES ('01a1f0aa-0000-7000-8000-000000000001', '91120116MA05TE5T1N', '滨海', 'Binhai', '天津',
    'Tianjin', now());
INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, created_at, company_prefixes)
    SELECT '9521234000020', operator_id, '库', 'Store', 'cold_store', '120118', now(), '{{}}' FROM operator;
INSERT INTO device (key_id, gln, name, alg, spki, certificate, certificate_sig, site_salt, operations, state,
    enrolled_at) VALUES (sha256('k'), '9521234000020', '', 'ed25519', '', '', '', '', '{{}}', 'active', now());
INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status, marks)
    VALUES ('{ENTRY}', sha256('h'), sha256('k'), 1, 'observe', now(), now(), now(),
        '9521234000020', 'accepted', '{{}}');
INSERT INTO gateway_statement VALUES ('9521234000020', 'WMS-1', '\\x{SAID.digest.hex()}', '{ENTRY}');
"""


def test_the_words_of_before_are_found_and_no_plain_hash_of_them_is_left(empty_database_url: str) -> None:
    upgrade_filled(empty_database_url, revision="0018", fill=lambda connection: connection.exec_driver_sql(FIRST))
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT ref, salt, said FROM gateway_statement")).one()
    engine.dispose()
    assert bytes(row.said) == sha256(bytes(row.salt) + SAID.digest).digest() == SAID.said(bytes(row.salt))
    assert bytes(row.said) != SAID.digest
